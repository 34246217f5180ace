# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Option `installer` of a shell with a .venv: how its packages get into an image where its lock does not name them all by hash.
# venv.sh installs them then, in a container, as it does on entering the shell.
{
  flake-parts-lib,
  inputs,
  lib,
  ...
}:
let
  inherit (lib) mkOption types;
  place = "/app";

  # Lines of a requirements file that need no file of the project: names, addresses, options.
  isPlain =
    line:
    let
      is = pattern: builtins.match pattern line != null;
    in
    is "[[:space:]]*(#.*)?"
    || is "[[:space:]]*(--hash|-i|--index-url|--extra-index-url|--trusted-host|--pre|--no-binary|--only-binary|--prefer-binary)([ =].*)?"
    || is "(-f|--find-links)[ =]+https?://.*"
    || (is "[A-Za-z0-9](.*://.*|[^/]*)" && !is ".*file:.*" && !is "[^:]*[.](whl|zip|gz)([[:space:]].*)?");
  linesOf = file: lib.splitString "\n" (lib.replaceStrings [ "\r" ] [ "" ] (builtins.readFile file));

  installerOf =
    config:
    let
      inherit (config) venv;
      below = lib.optionalString (venv.project != ".") "/${venv.project}";
      folder = inputs.self + below;
      requirements = inputs.self + "/${venv.requirements}";
      packages = if config.fromLock == null then null else (config.fromLock config.interpreter).packages;

      pyproject =
        if builtins.pathExists (folder + "/pyproject.toml") then
          lib.importTOML (folder + "/pyproject.toml")
        else
          { };
      # What uv asks the project's own build for, to know whether the lock is of today.
      asked = lib.intersectLists (pyproject.project.dynamic or [ ]) [
        "dependencies"
        "optional-dependencies"
      ];
    in
    if packages == null then
      {
        reasons = lib.optional (
          venv.manager == "pip" && venv.requirements != null && builtins.pathExists requirements
        ) "${venv.requirements} does not name the files of its packages, each with its hash";
        # The rest of the project may change then without another installation.
        files = if lib.all isPlain (linesOf requirements) then [ venv.requirements ] else null;
        lock = "";
      }
    else
      {
        reasons = map (package: "${package.name} ${package.version} ${package.reason}") packages.missing;
        files =
          if lib.any (package: package.place != ".") packages.local || asked != [ ] then
            null
          else
            map (name: lib.removePrefix "/" "${below}/${name}") (
              lib.optional (pyproject != { }) "pyproject.toml" ++ [ packages.file ]
            );
        # Of pip's own, which reads no pylock.toml.
        lock = lib.optionalString (venv.manager == "pip") packages.file;
      };

  lines = lib.concatStringsSep "\n";

  script =
    pkgs: config: interpreter: installer:
    let
      inherit (config) venv;
      quote = lib.escapeShellArg;
      after = config.buildAfter or [ ];
    in
    pkgs.writeScript "install" ''
      #!/bin/bash
      # Installs the packages of ${config.name} into /opt/env, as entering its shell does into .venv.
      set -e
      cd ${quote "${place}/${venv.project}"}
      PYENVSPEC_PYTHON=${quote interpreter.interpreter}
      ${
        if installer.lock != "" then
          ''
            "$PYENVSPEC_PYTHON" -I -m venv /opt/env
            exec uv pip install --python /opt/env/bin/python ${
              lib.concatMapStringsSep " " (name: "--no-build-isolation-package ${quote name}") after
            } -r ${quote installer.lock}
          ''
        else
          ''
            PYENVSPEC_MANAGER=${venv.manager} PYENVSPEC_ROOT=${place} PYENVSPEC_VENV=/opt/env PYENVSPEC_PROJECT=${quote venv.project}
            PYENVSPEC_REQUIREMENTS=${quote (toString venv.requirements)}
            PYENVSPEC_GROUPS=${quote (lines venv.groups)}
            PYENVSPEC_EXTRAS=${quote (lines venv.extras)}
            PYENVSPEC_AFTER=${quote (lines after)}
            PYENVSPEC_BUILD_AFTER=/opt/build-after.py
            # The project itself is imported from its folder.
            PYENVSPEC_ONLY_OTHERS=${lib.optionalString (installer.files != null) "1"}
            set +e
            source /opt/venv.sh
            # It says why; a shell opens all the same, an image must not.
            [ -e /opt/env/.pyenvspec-installed ]
          ''
      }
    '';

  # Its files at their places, and what installs.
  treeOf =
    pkgs: config: interpreter: installer:
    pkgs.runCommand "install-tree" { } ''
      mkdir -p $out/opt $out/app
      cp ${script pkgs config interpreter installer} $out/opt/install
      cp ${./venv.sh} $out/opt/venv.sh
      cp ${./build-after.py} $out/opt/build-after.py
      ${
        if installer.files == null then
          "cp -rP ${
            (import ./project-files.nix { inherit lib pkgs; } {
              inherit (config) python;
              project = inputs.self;
              shell = config;
            }).files
          }/. $out/app/"
        else
          lib.concatMapStrings (file: ''
            mkdir -p "$(dirname $out/app/${lib.escapeShellArg file})"
            cp ${lib.escapeShellArg (inputs.self + "/${file}")} $out/app/${lib.escapeShellArg file}
          '') installer.files
      }
    '';

  shell =
    pkgs:
    types.submodule (
      { config, ... }:
      {
        _file = ./container-install.nix;
        options.installer = mkOption {
          type = types.functionTo (types.nullOr types.raw);
          internal = true;
          default =
            interpreter:
            if config.venv == null then
              null
            else
              let
                installer = installerOf config;
              in
              installer // { tree = treeOf pkgs config interpreter installer; };
          description = "Interpreter → why its packages are installed in a container, if they are, and the files for that.";
        };
      }
    );
in
{
  imports = [ ./venv.nix ];

  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { pkgs, ... }:
    {
      _file = ./container-install.nix;
      options.pyenvspec.shells = mkOption { type = types.lazyAttrsOf (shell pkgs); };
    }
  );
}

# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The Pythons of a shell with `poetry2nix`: `runtime` has what the project depends on, `development` also what is
# imported from the working tree. Only files that these name reach the store: pyproject.toml, poetry.lock, path dependencies.
{
  inputs,
  lib,
  pkgs,
}:
shell:
let
  given = shell.poetry2nix;
  poetry2nix = import inputs.poetry2nix { pkgs = pkgs // { inherit qt6; }; };

  # nixpkgs no longer has Qt in one, which the overrides of PySide and PyQt take; their wheels bring most of it.
  qt6 = pkgs.qt6 // {
    full =
      if (builtins.tryEval (pkgs.qt6.full or (throw ""))).success then
        pkgs.qt6.full
      else
        pkgs.qt6.env "qt6-full" (
          with pkgs.qt6;
          [
            qtbase
            qtdeclarative
            qtmultimedia
            qtsvg
            qttools
            qtwayland
          ]
        );
  };
  overrides = import ./poetry2nix-overrides.nix { inherit lib pkgs; } shell.python given;

  # nixpkgs' SDK is older than any macOS it runs on, and refuses wheels for those.
  python =
    if pkgs.stdenv.hostPlatform.isDarwin then
      shell.python
      // {
        stdenv = shell.python.stdenv // {
          targetPlatform = shell.python.stdenv.targetPlatform // {
            darwinSdkVersion = "14.0";
          };
        };
      }
    else
      shell.python;

  find =
    name:
    if builtins.pathExists (given.project + "/${name}") then
      given.project + "/${name}"
    else
      throw ''
        env.yaml: python.manager: poetry2nix reads ${name}, which is not there, or which git does not know.
        Run `poetry lock` and `git add pyproject.toml poetry.lock`.
      '';

  project = import ./poetry-project.nix {
    inherit lib python;
    inherit (given) groups extras;
    pyproject = lib.importTOML (find "pyproject.toml");
    pyproject-nix = import (inputs.poetry2nix + "/vendor/pyproject.nix") { inherit lib; };
  };

  locked = poetry2nix.mkPoetryPackages {
    inherit python;
    inherit (given) preferWheels;
    inherit (project) pyProject;
    poetrylock = find "poetry.lock";
    pwd = given.project;
    overrides = [
      overrides.sources
      poetry2nix.defaultPoetryOverrides
      overrides.tools
      overrides.overlay
    ];
    # `pyProject` has just the dependencies chosen, as one group.
    groups = [ "main" ];
    checkGroups = [ ];
  };

  # The same environment on a Python that finds the shell's libraries; both bring the files of the standard library.
  inherit (shell) interpreter;
  environment =
    packages:
    ((locked.python.withPackages (set: packages ++ given.packages set)).override {
      python = interpreter;
      ignoreCollisions = true;
    }).overrideAttrs
      (old: {
        name = "${shell.name}-env";
        passthru = old.passthru // {
          set = locked.python.pkgs;
        };
      });

  editable = locked.python.pkgs.toPythonModule (
    import ./editable.nix { inherit lib pkgs; } python (lib.attrValues given.editable)
  );
  scripts = poetry2nix.mkPoetryScriptsPackage {
    inherit (locked) python;
    inherit (project) pyProject scripts;
  };
  isInstalled = package: !given.editable ? ${package.pname or ""};
in
{
  runtime = environment locked.poetryPackages;
  development =
    if given.editable == { } then
      environment locked.poetryPackages
    else
      environment (
        lib.filter isInstalled locked.poetryPackages
        ++ [ editable ]
        ++ lib.optional (project.scripts != { }) scripts
      );
}

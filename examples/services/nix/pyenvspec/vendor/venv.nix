# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Option `venv` of a shell: a virtual environment in the project, made and kept current on entry.
{ flake-parts-lib, lib, ... }:
let
  inherit (lib) mkOption types;
  inherit (import ./exports.nix { inherit lib; }) exportAll;

  venv = types.submodule {
    _file = ./venv.nix;
    options = {
      manager = mkOption {
        type = types.enum [
          "poetry"
          "uv"
          "pip"
        ];
        description = "Who installs into it.";
      };
      folder = mkOption {
        type = types.str;
        default = ".venv";
        description = "Its folder, from the project's root.";
      };
      project = mkOption {
        type = types.str;
        default = ".";
        description = "Folder of pyproject.toml and its lock, from the project's root.";
      };
      requirements = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Requirements file for pip, from the project's root.";
      };
      groups = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Dependency groups besides the default.";
      };
      extras = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Extras of the project.";
      };
      install = mkOption {
        type = types.bool;
        default = true;
        description = "Whether entering the shell installs when the lock changed.";
      };
      lock = mkOption {
        type = types.nullOr types.path;
        default = null;
        description = "The module that reads its lock, from which Nix makes images and `packages.python-env`.";
      };
    };
  };

  # What venv.sh takes away, as other environments leave it behind; from env.yaml it is meant.
  isCleared =
    name: _:
    lib.elem name [
      "PYTHONHOME"
      "PYTHONPATH"
      "SOURCE_DATE_EPOCH"
      "UV_PYTHON"
    ];

  lines = lib.concatStringsSep "\n";

  # Once after each installation, whoever made it: the folders are then newer.
  givePrograms = pkgs: interpreter: ''
    if [[ -e ''${VIRTUAL_ENV:-}/.pyenvspec-made && -w $VIRTUAL_ENV ]] && {
      [[ $VIRTUAL_ENV/bin -nt $VIRTUAL_ENV/.pyenvspec-programs ]] ||
        [[ $VIRTUAL_ENV/lib/${interpreter.executable}/site-packages -nt $VIRTUAL_ENV/.pyenvspec-programs ]]
    }; then
      "$VIRTUAL_ENV/bin/python" -I ${./wheel-programs.py} ${pkgs.patchelf}/bin/patchelf .pyenvspec-programs </dev/null || :
    fi
  '';

  enter =
    pkgs:
    { interpreter, venv, ... }:
    ''
      PYENVSPEC_PYTHON=${lib.escapeShellArg interpreter.interpreter}
      PYENVSPEC_MANAGER=${venv.manager}
      PYENVSPEC_VENV=${lib.escapeShellArg venv.folder}
      PYENVSPEC_PROJECT=${lib.escapeShellArg venv.project}
      PYENVSPEC_REQUIREMENTS=${
        lib.escapeShellArg (if venv.requirements == null then "" else venv.requirements)
      }
      PYENVSPEC_GROUPS=${lib.escapeShellArg (lines venv.groups)}
      PYENVSPEC_EXTRAS=${lib.escapeShellArg (lines venv.extras)}
      PYENVSPEC_INSTALL=${if venv.install then "on_lock_change" else "never"}
      if [[ -z $PYENVSPEC_ELSEWHERE ]]; then
        source ${./venv.sh}
        ${lib.optionalString pkgs.stdenv.hostPlatform.isLinux (givePrograms pkgs interpreter)}
      else
        echo "pyenvspec: $PWD is not in this shell's project, so there is no .venv; enter its folder first" >&2
      fi
      unset PYENVSPEC_PYTHON PYENVSPEC_MANAGER PYENVSPEC_VENV PYENVSPEC_PROJECT PYENVSPEC_REQUIREMENTS PYENVSPEC_GROUPS \
        PYENVSPEC_EXTRAS PYENVSPEC_INSTALL
    '';

  shell =
    pkgs:
    types.submodule (
      { config, ... }:
      {
        _file = ./venv.nix;
        options.venv = mkOption {
          type = types.nullOr venv;
          default = null;
          description = "A virtual environment in the project, kept current on entry.";
        };
        config = lib.mkIf (config.venv != null) {
          tools = lib.mkIf (config.venv.manager != "pip") [ pkgs.${config.venv.manager} ];
          entering = lib.mkOrder 100 (enter pkgs config + exportAll (lib.filterAttrs isCleared config.env));
        };
      }
    );
in
{
  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { pkgs, ... }:
    {
      _file = ./venv.nix;
      options.pyenvspec.shells = mkOption { type = types.lazyAttrsOf (shell pkgs); };
    }
  );
}

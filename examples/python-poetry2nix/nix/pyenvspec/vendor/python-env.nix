# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# A shell whose Python Nix has put all packages into: those of nixpkgs that `pythonPackages` names, or what another module of the
# shell's manager says as `pythonEnv`. Also `packages.python-env`, and `packages.python-env-<variant>`.
{ flake-parts-lib, lib, ... }:
let
  inherit (lib) mkOption types;

  pythonEnv = types.submodule {
    _file = ./python-env.nix;
    options = {
      runtime = mkOption {
        type = types.package;
        description = "Python and its packages, nothing of the project; a lock's packages as `set`.";
      };
      development = mkOption {
        type = types.package;
        description = "The same with what is imported from the working tree, for the shell.";
      };
      tools = mkOption {
        type = types.listOf types.package;
        default = [ ];
        description = "What edits the lock, on PATH in the shell.";
      };
      env = mkOption {
        type = types.attrsOf types.str;
        default = { };
        description = "Environment variables of the shell.";
      };
    };
  };

  shell = types.submodule (
    { config, ... }:
    {
      _file = ./python-env.nix;
      options = {
        pythonPackages = mkOption {
          type = types.nullOr (types.functionTo (types.listOf types.package));
          default = null;
          description = "Package set → packages of nixpkgs that this Python imports.";
        };
        pythonEnv = mkOption {
          type = types.nullOr pythonEnv;
          default = null;
          internal = true;
          description = "A Python with its packages.";
        };
      };
      config = lib.mkMerge [
        (lib.mkIf (config.pythonPackages != null) {
          pythonEnv = rec {
            runtime = config.python.withPackages config.pythonPackages;
            development = runtime;
          };
        })
        (lib.mkIf (config.pythonEnv != null) {
          inherit (config.pythonEnv) tools;
          # A place for editors that stays the same: a .venv has one by itself.
          entering = lib.mkOrder 100 ''
            PYENVSPEC_PYTHON=${config.pythonEnv.development} PYENVSPEC_SHELL=${lib.escapeShellArg config.variant}
            [[ -n $PYENVSPEC_ELSEWHERE ]] || source ${./link-python.sh}
            unset PYENVSPEC_PYTHON PYENVSPEC_SHELL
          '';
        })
      ];
    }
  );

  nameOf = name: if name == "default" then "python-env" else "python-env-${name}";
in
{
  imports = [ ./apps.nix ];

  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { config, ... }:
    {
      _file = ./python-env.nix;
      options.pyenvspec.shells = mkOption { type = types.lazyAttrsOf shell; };

      config.packages = lib.mapAttrs' (
        name: shell: lib.nameValuePair (nameOf name) shell.pythonEnv.runtime
      ) (lib.filterAttrs (_: shell: shell.pythonEnv != null) config.pyenvspec.shells);
    }
  );
}

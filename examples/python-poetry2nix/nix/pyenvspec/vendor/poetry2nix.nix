# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Option `poetry2nix` of a shell: its Python has the packages of poetry.lock, each built by Nix. Also `apps.poetry`, which
# makes and edits the lock before there is an environment.
{
  flake-parts-lib,
  inputs,
  lib,
  ...
}:
let
  inherit (lib) mkOption types;

  poetry2nix = types.submodule {
    _file = ./poetry2nix.nix;
    options = {
      project = mkOption {
        type = types.path;
        description = "Folder of pyproject.toml and poetry.lock.";
      };
    }
    // import ./lock-options.nix { inherit lib; };
  };

  shell =
    pkgs:
    types.submodule (
      { config, ... }:
      {
        _file = ./poetry2nix.nix;
        options.poetry2nix = mkOption {
          type = types.nullOr poetry2nix;
          default = null;
          description = "The packages of a poetry.lock.";
        };
        config.pythonEnv = lib.mkIf (config.poetry2nix != null) (
          import ./poetry2nix-environment.nix { inherit inputs lib pkgs; } config
          // {
            tools = [ pkgs.poetry ];
            # Where `poetry install` is run all the same, its .venv is in sight.
            env.POETRY_VIRTUALENVS_IN_PROJECT = "true";
          }
        );
      }
    );
in
{
  imports = [ ./python-env.nix ];

  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { config, pkgs, ... }:
    {
      _file = ./poetry2nix.nix;
      options.pyenvspec.shells = mkOption { type = types.lazyAttrsOf (shell pkgs); };

      # Not every system has the default shell.
      config.apps = lib.mkIf (config.pyenvspec.shells ? default) {
        poetry = {
          # poetry locks for the Python it finds.
          program = toString (
            pkgs.writeShellScript "poetry" ''
              PATH=${config.pyenvspec.shells.default.python}/bin:$PATH exec ${pkgs.poetry}/bin/poetry "$@"
            ''
          );
          meta.description = "poetry, to make and edit the lock";
        };
      };
    }
  );
}

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

  names =
    description:
    mkOption {
      type = types.listOf types.str;
      default = [ ];
      inherit description;
    };

  poetry2nix = types.submodule {
    options = {
      project = mkOption {
        type = types.path;
        description = "Folder of pyproject.toml and poetry.lock.";
      };
      groups = names "Dependency groups besides the default.";
      extras = names "Extras of the project.";
      packages = mkOption {
        type = types.functionTo (types.listOf types.package);
        default = _: [ ];
        description = "Package set → packages of nixpkgs that the lock leaves out.";
      };
      editable = mkOption {
        type = types.attrsOf types.str;
        default = { };
        description = "Packages imported from the working tree, with their folders from the project's root.";
      };
      preferWheels = mkOption {
        type = types.bool;
        default = true;
        description = "Whether wheels are taken where the lock has them.";
      };
      fromSource = names "Packages that are built in any case.";
      overrides = mkOption {
        inherit (import ./overrides.nix { inherit lib; }) type;
        default = { };
        description = "What single packages need besides.";
      };
    };
  };

  shell =
    pkgs:
    types.submodule (
      { config, ... }:
      {
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
      options.pyenvspec.shells = mkOption { type = types.lazyAttrsOf (shell pkgs); };

      config.apps.poetry = {
        # poetry locks for the Python it finds.
        program = toString (
          pkgs.writeShellScript "poetry" ''
            PATH=${config.pyenvspec.shells.default.python}/bin:$PATH exec ${pkgs.poetry}/bin/poetry "$@"
          ''
        );
        meta.description = "poetry, to make and edit the lock";
      };
    }
  );
}

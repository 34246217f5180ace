# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Option `uv2nix` of a shell: its Python has the packages of uv.lock, each built by Nix.
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

  uv2nix = types.submodule {
    options = {
      workspace = mkOption {
        type = types.path;
        description = "Folder of pyproject.toml and uv.lock.";
      };
      folder = mkOption {
        type = types.str;
        default = ".";
        description = "The same folder, from the project's root.";
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

  # Edits the lock. A root user without a read-only store would have it write into the environment.
  uv =
    pkgs:
    pkgs.writeShellScriptBin "uv" ''
      if [ "''${1-}" = sync ]; then
        echo "uv: Nix makes this environment; after \`uv lock\`, open the shell again" >&2
        exit 1
      fi
      exec ${pkgs.uv}/bin/uv "$@"
    '';

  shell =
    pkgs:
    types.submodule (
      { config, ... }:
      {
        options.uv2nix = mkOption {
          type = types.nullOr uv2nix;
          default = null;
          description = "The packages of a uv.lock.";
        };
        config.pythonEnv = lib.mkIf (config.uv2nix != null) rec {
          inherit (import ./uv2nix-environment.nix { inherit inputs lib pkgs; } config)
            runtime
            development
            ;
          tools = [ (uv pkgs) ];
          # `uv run` starts what Nix has built; no interpreter is fetched.
          env = {
            UV_NO_SYNC = "1";
            UV_PROJECT_ENVIRONMENT = "${development}";
            UV_PYTHON_DOWNLOADS = "never";
          };
        };
      }
    );
in
{
  imports = [ ./python-env.nix ];

  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { pkgs, ... }:
    {
      options.pyenvspec.shells = mkOption { type = types.lazyAttrsOf (shell pkgs); };
    }
  );
}

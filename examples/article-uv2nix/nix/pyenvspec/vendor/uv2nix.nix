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

  uv2nix = types.submodule {
    _file = ./uv2nix.nix;
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
    }
    // import ./lock-options.nix { inherit lib; };
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
        _file = ./uv2nix.nix;
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
      _file = ./uv2nix.nix;
      options.pyenvspec.shells = mkOption { type = types.lazyAttrsOf (shell pkgs); };
    }
  );
}

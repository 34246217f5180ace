# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Option family `perSystem.pyenvspec.containers`: OCI images of the default shell, as `packages.container-<name>`.
{ flake-parts-lib, lib, ... }:
let
  inherit (lib) mkOption types;

  container = types.submodule (
    { name, ... }:
    {
      options = {
        image = mkOption {
          type = types.str;
          default = name;
          description = "Name of the image.";
        };
        tag = mkOption {
          type = types.str;
          default = "latest";
          description = "Tag of the image.";
        };
        command = mkOption {
          type = types.listOf types.str;
          default = [ "bash" ];
          description = "What the image runs, word by word.";
        };
        copy = mkOption {
          type = types.listOf types.path;
          default = [ ];
          description = "Files and folders of the project that the image holds.";
        };
        registry = mkOption {
          type = types.str;
          default = "docker-daemon:";
          description = "Where the image is pushed to.";
        };
      };
    }
  );
in
{
  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { config, pkgs, ... }:
    {
      options.pyenvspec.containers = mkOption {
        type = types.attrsOf container;
        default = { };
        description = "Images of the default shell.";
      };
      options.pyenvspec.imageOf = mkOption {
        type = types.functionTo (types.functionTo types.package);
        internal = true;
        description = "Name → container → its image: how this kind of shell makes one.";
      };

      config.packages = lib.mkIf pkgs.stdenv.hostPlatform.isLinux (
        lib.mapAttrs' (
          name: container: lib.nameValuePair "container-${name}" (config.pyenvspec.imageOf name container)
        ) config.pyenvspec.containers
      );
    }
  );
}

# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Option family `perSystem.pyenvspec.containers`: OCI images of shells, as `packages.container-<name>`.
{
  flake-parts-lib,
  inputs,
  lib,
  ...
}:
let
  inherit (lib) mkOption types;

  texts =
    description:
    mkOption {
      type = types.attrsOf types.str;
      default = { };
      inherit description;
    };

  container = types.submodule (
    { name, ... }:
    {
      _file = ./containers.nix;
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
          description = "What the image runs as its first process, word by word.";
        };
        shell = mkOption {
          type = types.str;
          default = "default";
          description = "Name of the shell whose environment the image has.";
        };
        project = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the project's files are in it, at /app.";
        };
        copy = mkOption {
          type = types.listOf types.path;
          default = [ ];
          description = "Files and folders of the project that are in it, each where the project has it.";
        };
        cuda = mkOption {
          type = types.enum [
            "runtime"
            "toolkit"
            "none"
          ];
          default = "runtime";
          description = "How much of the shell's CUDA packages is in it.";
        };
        base = mkOption {
          type = types.str;
          default = "";
          description = "An image underneath, by its address without docker://.";
        };
        env = texts "Environment variables besides those of the shell.";
        labels = texts "Labels besides those of the OCI.";
        ports = mkOption {
          type = types.listOf types.str;
          default = [ ];
          description = "Ports that the command serves: 8000/tcp.";
        };
      };
    }
  );
in
{
  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { config, pkgs, ... }:
    {
      _file = ./containers.nix;
      options.pyenvspec.containers = mkOption {
        type = types.attrsOf container;
        default = { };
        description = "Images of the shells.";
      };

      config.packages = lib.mkIf pkgs.stdenv.hostPlatform.isLinux (
        lib.mapAttrs' (
          name: container:
          lib.nameValuePair "container-${name}" (
            import ./image.nix {
              inherit lib pkgs;
              project = inputs.self;
            } config.pyenvspec.shells.${container.shell} container
          )
        ) (lib.filterAttrs (_: container: config.pyenvspec.shells ? ${container.shell}) config.pyenvspec.containers)
      );
    }
  );
}

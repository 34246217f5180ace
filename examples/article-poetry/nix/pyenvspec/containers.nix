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

  imageOf =
    config: pkgs: name: container:
    let
      # devenv joins the words of a command with spaces; a script keeps them apart.
      start = pkgs.writeShellScript "start-${name}" ''exec ${lib.escapeShellArgs container.command} "$@"'';
      evaluated = config.pyenvspec.evalDevenv config.pyenvspec.shells.default [
        {
          container.isBuilding = lib.mkForce true;
          containers.${name} = {
            name = container.image;
            version = container.tag;
            startupCommand = "${start}";
            copyToRoot = container.copy;
            inherit (container) registry;
            layers = [ (home pkgs) ];
          };
        }
      ];
    in
    evaluated.containers.${name}.derivation;

  # devenv makes /env only when something is copied into it; the shell keeps its state there.
  home =
    pkgs:
    let
      path = pkgs.runCommand "container-home" { } "mkdir -p $out/env";
    in
    {
      copyToRoot = [ path ];
      perms = [
        {
          inherit path;
          regex = "/env";
          mode = "0755";
          uid = 1000;
          gid = 1000;
          uname = "user";
          gname = "user";
        }
      ];
    };
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

      config.packages = lib.mkIf pkgs.stdenv.hostPlatform.isLinux (
        lib.mapAttrs' (
          name: container: lib.nameValuePair "container-${name}" (imageOf config pkgs name container)
        ) config.pyenvspec.containers
      );
    }
  );
}

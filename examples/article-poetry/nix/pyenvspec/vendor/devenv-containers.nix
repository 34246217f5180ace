# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Images made by devenv. It evaluates the shell a second time, as one that is in a container.
{ inputs, lib, ... }:
let
  imageOf =
    config: pkgs: name: container:
    let
      home = import ./container-home.nix {
        inherit lib pkgs;
        project = inputs.self;
      };
      # devenv joins the words of a command with spaces; a script keeps them apart.
      start = pkgs.writeShellScript "start-${name}" ''exec ${lib.escapeShellArgs container.command} "$@"'';
      evaluated = config.pyenvspec.evalDevenv config.pyenvspec.shells.default [
        {
          container.isBuilding = lib.mkForce true;
          containers.${name} = {
            name = container.image;
            version = container.tag;
            startupCommand = "${start}";
            # devenv would take a folder for what is in it.
            copyToRoot = [ ];
            inherit (container) registry;
            layers = [ (home container.copy) ];
          };
        }
      ];
    in
    evaluated.containers.${name}.derivation;
in
{
  imports = [ ./containers.nix ];

  perSystem =
    { config, pkgs, ... }:
    {
      pyenvspec.imageOf = imageOf config pkgs;
    };
}

# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Images made by nix2container alone: the packages and variables of the default shell, and a user to run as.
{ inputs, lib, ... }:
let
  imageOf =
    config: pkgs: _: container:
    let
      inherit (inputs.nix2container.packages.${pkgs.stdenv.hostPlatform.system}) nix2container;
      parts = import ./shell-parts.nix {
        inherit lib pkgs;
        inContainer = true;
      } config.pyenvspec.shells.default;

      programs = pkgs.buildEnv {
        name = "container-root";
        paths = parts.packages ++ [
          pkgs.bashInteractive
          pkgs.coreutils
          pkgs.dockerTools.usrBinEnv
        ];
        pathsToLink = [
          "/bin"
          "/usr/bin"
        ];
        # A script may have the name of a program; it comes first.
        ignoreCollisions = true;
      };

      home = import ./container-home.nix {
        inherit lib pkgs;
        project = inputs.self;
      } container.copy;

      system = pkgs.runCommand "container-system" { } ''
        mkdir -p $out/tmp $out/etc
        echo "user:x:1000:1000::/env:/bin/bash" > $out/etc/passwd
        echo "user:x:1000:" > $out/etc/group
      '';

      variables = {
        PATH = "/bin";
        HOME = "/env";
        USER = "user";
      }
      // parts.env;
    in
    nix2container.buildImage {
      name = container.image;
      inherit (container) tag;
      copyToRoot = [
        programs
        system
      ]
      ++ home.copyToRoot;
      perms = home.perms ++ [
        {
          path = system;
          regex = "/tmp";
          mode = "1777";
        }
      ];
      config = {
        Cmd = container.command;
        Env = lib.mapAttrsToList (name: value: "${name}=${value}") variables;
        User = "user";
        WorkingDir = "/env";
      };
    };
in
{
  imports = [ ./containers.nix ];

  perSystem =
    { config, pkgs, ... }:
    {
      pyenvspec.imageOf = imageOf config pkgs;
    };
}

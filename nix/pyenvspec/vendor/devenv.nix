# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Renders `perSystem.pyenvspec.shells.<name>` with devenv, as `devShells.<name>`.
#
# devenv's flake module is not imported: it exposes containers that nobody asked for, and evaluates only with every one of
# devenv's own inputs.
{
  flake-parts-lib,
  inputs,
  lib,
  ...
}:
let
  # devenv's own git-hooks input is cut from flake.lock; null selects devenv's stub of it.
  devenvInputs = {
    git-hooks = null;
  }
  // inputs;

  fromShell =
    pkgs: shell:
    { config, ... }:
    let
      inContainer = config.container.isBuilding;
      parts = import ./shell-parts.nix { inherit inContainer lib pkgs; } shell;
    in
    {
      inherit (shell) name services;
      inherit (parts) packages;
      processes = lib.mapAttrs (_: exec: { inherit exec; }) shell.processes;
      # An image has no project to enter.
      env = lib.mkIf inContainer parts.env;
      enterShell = lib.mkIf (!inContainer) (
        lib.mkMerge [
          (lib.mkOrder 300 parts.findProject)
          (lib.mkOrder 1600 parts.enter)
        ]
      );
    };
in
{
  imports = [ ./shells.nix ];

  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { config, pkgs, ... }:
    {
      options.pyenvspec.evalDevenv = lib.mkOption {
        type = lib.types.functionTo (lib.types.functionTo lib.types.raw);
        readOnly = true;
        internal = true;
        description = "Shell → further devenv modules → the evaluated devenv configuration.";
        default =
          shell: modules:
          inputs.devenv.lib.mkConfig {
            inherit pkgs;
            inputs = devenvInputs;
            modules = [
              ./devenv-shell.nix
              (fromShell pkgs shell)
            ]
            ++ modules;
          };
      };

      config.devShells = lib.mapAttrs (
        _: shell: (config.pyenvspec.evalDevenv shell [ ]).shell
      ) config.pyenvspec.shells;
    }
  );
}

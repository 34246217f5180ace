# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Renders `perSystem.pyenvspec.shells.<name>` with devenv, as `devShells.<name>`.
#
# devenv's flake module is not imported: it exposes containers that nobody asked for, and evaluates only with every one of
# devenv's own inputs.
{ inputs, lib, ... }:
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
      parts = import ./shell-parts.nix {
            inherit lib pkgs;
            module = import ./project-module.nix {
              inherit pkgs;
              project = inputs.self;
            };
          } shell;
      # A service of devenv says itself when it is ready; it may run as a process of another name.
      isReady =
        name:
        if shell.processes ? ${name} then
          shell.processes.${name}.ready != null
        else
          (config.processes.${name}.ready or null) != null;
    in
    {
      inherit (shell) name services;
      inherit (parts) packages;
      processes = lib.mapAttrs (
        name: process:
        let
          words = parts.process isReady name process;
        in
        {
          exec = words.command;
          process-compose = removeAttrs words [ "command" ];
        }
      ) shell.processes;
      enterShell = lib.mkMerge [
        (lib.mkOrder 300 parts.findProject)
        (lib.mkOrder 1600 parts.enter)
      ];
    };
in
{
  imports = [
    ./shells.nix
    ./project.nix
  ];

  perSystem =
    { config, pkgs, ... }:
    let
      evaluate =
        shell:
        inputs.devenv.lib.mkConfig {
          inherit pkgs;
          inputs = devenvInputs;
          modules = [
            ./devenv-shell.nix
            (fromShell pkgs shell)
            {
              _file = "env.yaml, devenv";
              config = shell.devenv;
            }
          ];
        };
    in
    {
      devShells = lib.mapAttrs (_: shell: (evaluate shell).shell) config.pyenvspec.shells;
    };
}

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
  inherit (lib) mkOption types;

  # devenv's own git-hooks input is cut from flake.lock; null selects devenv's stub of it.
  devenvInputs = {
    git-hooks = null;
  }
  // inputs;

  modulesOf =
    pkgs: shell:
    let
      parts = import ./shell-parts.nix {
        inherit lib pkgs;
        project = inputs.self;
      } shell;
    in
    [
      ./devenv-shell.nix
      {
        _file = ./devenv.nix;
        inherit (shell) name;
        inherit (parts) packages;
        enterShell = lib.mkMerge [
          (lib.mkOrder 300 parts.findProject)
          (lib.mkOrder 1600 parts.enter)
        ];
      }
    ]
    ++ shell.devenvModules;

  shell = types.submodule {
    _file = ./devenv.nix;
    options.devenvModules = mkOption {
      type = types.listOf types.raw;
      default = [ ];
      internal = true;
      description = "Modules of devenv for this shell.";
    };
  };
in
{
  imports = [ ./shells.nix ];

  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { config, pkgs, ... }:
    {
      _file = ./devenv.nix;
      options.pyenvspec.shells = mkOption { type = types.lazyAttrsOf shell; };
      config.devShells = lib.mapAttrs (
        _: shell:
        (inputs.devenv.lib.mkConfig {
          inherit pkgs;
          inputs = devenvInputs;
          modules = modulesOf pkgs shell;
        }).shell
      ) config.pyenvspec.shells;
    }
  );
}

# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Option `pythonEnv` of a shell: a Python that Nix has put all packages into. Also `packages.python-env`, and
# `packages.python-env-<variant>`.
{ flake-parts-lib, lib, ... }:
let
  inherit (lib) mkOption types;

  pythonEnv = types.submodule {
    options = {
      runtime = mkOption {
        type = types.package;
        description = "Python and its packages, nothing of the project: for images and `packages.python-env`.";
      };
      development = mkOption {
        type = types.package;
        description = "The same with what is imported from the working tree, for the shell.";
      };
      tools = mkOption {
        type = types.listOf types.package;
        default = [ ];
        description = "What edits the lock, on PATH in the shell.";
      };
      env = mkOption {
        type = types.attrsOf types.str;
        default = { };
        description = "Environment variables of the shell.";
      };
    };
  };

  shell = types.submodule (
    { config, ... }:
    {
      options.pythonEnv = mkOption {
        type = types.nullOr pythonEnv;
        default = null;
        internal = true;
        description = "A Python with its packages, from the shell's manager.";
      };
      config.pythonEnv = lib.mkIf (config.pythonPackages != null) {
        runtime = config.python.withPackages config.pythonPackages;
        development = config.pythonEnv.runtime;
      };
    }
  );

  nameOf = name: if name == "default" then "python-env" else "python-env-${name}";
in
{
  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { config, ... }:
    {
      options.pyenvspec.shells = mkOption { type = types.lazyAttrsOf shell; };

      config.packages = lib.mapAttrs' (name: shell: lib.nameValuePair (nameOf name) shell.pythonEnv.runtime) (
        lib.filterAttrs (_: shell: shell.pythonEnv != null) config.pyenvspec.shells
      );
    }
  );
}

# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# What Nix makes of the lock of a .venv: a Python with the same packages, for images, for `nix run .#COMMAND`, and as
# `packages.python-env` and `packages.python-env-<variant>`.
{
  flake-parts-lib,
  inputs,
  lib,
  ...
}:
let
  inherit (lib) mkOption types;

  # The lock that names every file, or null where it has not been made yet.
  findLock =
    venv:
    let
      names = {
        uv = [ "uv.lock" ];
        poetry = [ "poetry.lock" ];
        pip = lib.filter (lib.hasSuffix ".toml") [ (toString venv.requirements) ] ++ [ "pylock.toml" ];
      };
    in
    lib.findFirst (name: builtins.pathExists (folderOf venv + "/${name}")) null names.${venv.manager};
  folderOf = venv: inputs.self + lib.optionalString (venv.project != ".") "/${venv.project}";

  fromLock =
    pkgs: shell: interpreter:
    let
      inherit (shell) venv;
      file = findLock venv;
      folder = folderOf venv;
      read = import ./locked-packages.nix {
        inherit lib pkgs;
        inherit (shell) python;
        reader = venv.lock;
      };
    in
    import ./locked-environment.nix { inherit lib pkgs; } {
      name = "${shell.name}-env";
      inherit file folder interpreter;
      packages = read {
        inherit file folder;
        inherit (venv) extras groups;
      };
    };

  hasLock = { venv, ... }: venv != null && venv.lock != null && findLock venv != null;

  shell =
    pkgs:
    types.submodule (
      { config, ... }:
      {
        _file = ./locked.nix;
        options.fromLock = mkOption {
          type = types.nullOr (types.functionTo types.package);
          default = if hasLock config then fromLock pkgs config else null;
          internal = true;
          description = "Interpreter → it with the packages of the lock; null where there is none.";
        };
      }
    );

  nameOf = name: if name == "default" then "python-env" else "python-env-${name}";
in
{
  imports = [
    ./apps.nix
    ./venv.nix
  ];

  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { config, pkgs, ... }:
    {
      _file = ./locked.nix;
      options.pyenvspec.shells = mkOption { type = types.lazyAttrsOf (shell pkgs); };

      config.packages = lib.mapAttrs' (
        name: shell: lib.nameValuePair (nameOf name) (shell.fromLock shell.interpreter)
      ) (lib.filterAttrs (_: shell: shell.fromLock != null) config.pyenvspec.shells);
    }
  );
}

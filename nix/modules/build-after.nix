# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Option `buildAfter` of a shell with a .venv: packages that venv.sh builds without isolation, once everything else is there.
{ flake-parts-lib, lib, ... }:
let
  inherit (lib) mkOption types;

  shell =
    pkgs:
    types.submodule (
      { config, ... }:
      {
        _file = ./build-after.nix;
        options.buildAfter = mkOption {
          type = types.listOf types.str;
          default = [ ];
          description = "Packages that are built without isolation, after everything else is installed.";
        };
        config = lib.mkIf (config.buildAfter != [ ]) {
          tools = [ pkgs.ninja ];
          # Around venv.sh.
          entering = lib.mkMerge [
            (lib.mkOrder 90 ''
              PYENVSPEC_AFTER=${lib.escapeShellArg (lib.concatStringsSep "\n" config.buildAfter)}
              PYENVSPEC_BUILD_AFTER=${./build-after.py}
            '')
            (lib.mkOrder 110 "unset PYENVSPEC_AFTER PYENVSPEC_BUILD_AFTER")
          ];
        };
      }
    );
in
{
  imports = [ ./venv.nix ];

  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { pkgs, ... }:
    {
      _file = ./build-after.nix;
      options.pyenvspec.shells = mkOption { type = types.lazyAttrsOf (shell pkgs); };
    }
  );
}

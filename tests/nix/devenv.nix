# STAND-IN for devenv, for tests that run where no flake input is at hand: the options of devenv that nix/modules/ sets or
# reads, and nothing behind them. tests/e2e/test_nix_stand_ins.py asks the real one whether it has each of them.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  any =
    default:
    mkOption {
      type = types.anything;
      inherit default;
    };
  text = default: mkOption { type = types.nullOr types.str; inherit default; };

  container =
    { config, name, ... }:
    {
      options = {
        name = text name;
        version = text "latest";
        startupCommand = any null;
        copyToRoot = any null;
        registry = text null;
        layers = any [ ];
        derivation = any {
          type = "derivation";
          name = "image-${name}";
          outPath = "/store/image-${name}";
          text = builtins.toJSON (removeAttrs config [ "derivation" ]);
        };
      };
    };
in
{
  options = {
    name = text null;
    packages = mkOption { type = types.listOf types.package; default = [ ]; };
    env = mkOption { type = types.lazyAttrsOf types.anything; default = { }; };
    enterShell = mkOption { type = types.lines; default = ""; };
    processes = mkOption {
      type = types.attrsOf (
        types.submodule { options.exec = mkOption { type = types.str; };
          options.ready = any null;
          options.process-compose = any { }; }
      );
      default = { };
    };
    services = any { };
    tasks = any {
      "devenv:enterShell" = {
        after = [ ];
        before = [ ];
        type = "oneshot";
        cwd = null;
        env = { };
        statusCommand = null;
        execIfModified = [ ];
        input = { };
        command = null;
      };
    };
    files = any { };
    containers = mkOption {
      type = types.attrsOf (types.submodule container);
      default = { };
    };
    container.isBuilding = mkOption { type = types.bool; default = false; };
    devenv.root = text null;
    devenv.dotfile = text null;
    devenv.runtime = text null;
    devenv.tmpdir = text null;
    devenv.flakesIntegration = mkOption { type = types.bool; default = true; };
    task.package = mkOption { type = types.package; };
    cachix.enable = mkOption { type = types.bool; default = true; };
    process.manager.implementation = text "native";
    procfileScript = mkOption { type = types.raw; default = "/store/procfile"; };
  };
}

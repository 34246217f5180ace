# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Option `processes` of a shell: long-running commands, for both kinds of shell.
{ flake-parts-lib, lib, ... }:
let
  inherit (lib) mkOption types;

  ready = types.submodule {
    _file = ./processes.nix;
    options = {
      http = mkOption {
        type = types.nullOr (types.attrsOf types.anything);
        default = null;
        description = "Port and path of this machine that answer when it is ready.";
      };
      run = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Bash code that succeeds when it is ready.";
      };
      every = mkOption {
        type = types.ints.positive;
        description = "Seconds between two questions.";
      };
      tries = mkOption {
        type = types.ints.positive;
        description = "Failed questions after which it counts as broken.";
      };
    };
  };

  process = types.submodule {
    _file = ./processes.nix;
    options = {
      run = mkOption {
        type = types.str;
        description = "Bash code that stays in the foreground.";
      };
      after = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Processes and services that are to be ready before.";
      };
      ready = mkOption {
        type = types.nullOr ready;
        default = null;
        description = "How to know that it is ready; null: as soon as it runs.";
      };
      restart = mkOption {
        type = types.enum [
          "never"
          "on_failure"
          "always"
        ];
        default = "never";
        description = "When to start it again.";
      };
      env = mkOption {
        type = types.attrsOf types.str;
        default = { };
        description = "Variables of this process.";
      };
      folder = mkOption {
        type = types.str;
        default = ".";
        description = "Folder it runs in, from the project's root.";
      };
    };
  };

  shell = types.submodule {
    _file = ./processes.nix;
    options.processes = mkOption {
      type = types.attrsOf process;
      default = { };
      description = "Long-running commands, by name.";
    };
  };
in
{
  options.perSystem = flake-parts-lib.mkPerSystemOption {
    _file = ./processes.nix;
    options.pyenvspec.shells = mkOption { type = types.lazyAttrsOf shell; };
  };
}

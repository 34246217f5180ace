# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Options `services` and `devenv` of a shell, which are devenv's own, and how such a shell runs these, its tasks and `processes`.
{ flake-parts-lib, lib, ... }:
let
  inherit (lib) mkOption types;

  # Module of devenv.
  runIn =
    shell:
    {
      config,
      lib,
      pkgs,
      ...
    }:
    let
      runner = import ./tasks.nix { inherit lib pkgs; } config;
      words = import ./process-compose.nix { inherit lib pkgs; };

      # A service of devenv says itself when it is ready; it may run as a process of another name.
      isReady =
        name:
        if shell.processes ? ${name} then
          shell.processes.${name}.ready != null
        else
          (config.processes.${name}.ready or null) != null;

      # Prints a copy of a file, and of those it names, with the placeholders filled in.
      instantiate = pkgs.writeShellScript "instantiate" ''
        PATH=${
          lib.makeBinPath [
            pkgs.coreutils
            pkgs.gnugrep
          ]
        }
        ${builtins.readFile ./instantiate.sh}
      '';

      processesUp = import ./processes-up.nix { inherit lib pkgs; } (
        if config.processes == { } then
          ''
            echo "env.yaml names no processes and no services" >&2
            exit 1
          ''
        else
          ''
            SOCKET=$PC_SOCKET_PATH LOGS=$DEVENV_STATE/process-compose
            start() {
              local script
              script=$(${instantiate} ${config.procfileScript}) && exec "$script" "$@"
            }
          ''
      );

      # What users of devenv type; the rest of devenv's own tool is not there.
      devenvCommand = pkgs.writeShellScriptBin "devenv" ''
        case "''${1-}" in
          up | down) exec ${processesUp}/bin/processes-"$@" ;;
          processes) shift; exec ${processesUp}/bin/processes-"$@" ;;
          tasks) shift; exec ${config.task.package}/bin/devenv-tasks "$@" ;;
          *) echo "usage: devenv up [-d] [PROCESS…] | devenv processes ps|logs|down | devenv tasks run TASK…" >&2; exit 2 ;;
        esac
      '';
    in
    {
      _file = ./devenv-processes.nix;
      inherit (shell) services;
      processes = lib.mapAttrs (
        name: process:
        let
          said = words isReady name process;
        in
        {
          exec = said.command;
          process-compose = removeAttrs said [ "command" ];
        }
      ) shell.processes;

      # The Rust task runner needs devenv's own nixpkgs, a Rust overlay, and IFD.
      task.package = runner.package instantiate;
      pyenvspec.hasTasks = runner.onEnter;
      # Names the configuration with the placeholders; `devenv up` passes the filled-in one.
      env.PC_CONFIG_FILES = lib.mkForce null;
      enterShell = lib.mkOrder 1400 ''
        PATH=${processesUp}/bin:${devenvCommand}/bin:$PATH
      '';
    };

  shell = types.submodule (
    { config, ... }:
    {
      _file = ./devenv-processes.nix;
      options = {
        services = mkOption {
          type = types.attrsOf (types.attrsOf types.anything);
          default = { };
          description = "Services of devenv, by name, with devenv's own options.";
        };
        devenv = mkOption {
          type = types.attrsOf types.anything;
          default = { };
          description = "Options of devenv itself.";
        };
      };
      config.devenvModules = [
        (runIn config)
        {
          _file = "env.yaml, devenv";
          config = config.devenv;
        }
      ];
    }
  );
in
{
  imports = [ ./processes.nix ];

  options.perSystem = flake-parts-lib.mkPerSystemOption {
    _file = ./devenv-processes.nix;
    options.pyenvspec.shells = mkOption { type = types.lazyAttrsOf shell; };
  };
}

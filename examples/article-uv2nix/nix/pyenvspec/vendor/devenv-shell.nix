# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# devenv module: makes a devenv shell pure and light. The folders of the project are known when the
# shell starts, not when Nix evaluates: until then two placeholders stand for them.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  placeholders = {
    root = "/{pyenvspec-project}";
    dotfile = "/{pyenvspec-dotfile}";
    runtime = "/{pyenvspec-runtime}";
  };

  runner = import ./tasks.nix { inherit lib pkgs; } config;

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
  config = lib.mkMerge [
    {
      # The Rust task runner needs devenv's own nixpkgs, a Rust overlay, and IFD.
      task.package = runner.package instantiate;
      # Written for devenv's own command-line tool; its `devenv up` calls `nix develop --impure`.
      devenv.flakesIntegration = lib.mkForce false;
      devenv.tmpdir = "/tmp";
      # A copy of every task as JSON in the environment: 2 to 20 KB that nothing reads here.
      env.DEVENV_TASKS = lib.mkForce null;
      cachix.enable = false;
      process.manager.implementation = "process-compose";

      # Entering starts no task runner where there is no task to run.
      enterShell = lib.mkIf (!runner.onEnter) (
        lib.mkMerge [
          (lib.mkOrder 450 "DEVENV_SKIP_TASKS=1")
          (lib.mkOrder 1450 "unset DEVENV_SKIP_TASKS")
        ]
      );
    }

    {
      devenv = placeholders;
      # Names the configuration with the placeholders; `devenv up` passes the filled-in one.
      env.PC_CONFIG_FILES = lib.mkForce null;

      enterShell = lib.mkMerge [
        (lib.mkOrder 400 ''
          source ${./runtime-folder.sh}
          source ${./devenv-folders.sh}
          pyenvspec_enter_devenv
        '')
        (lib.mkOrder 1400 ''
          PATH=${processesUp}/bin:${devenvCommand}/bin:$PATH
        '')
      ];
    }
  ];

  # What devenv itself writes there with the placeholders, within quotes by escapeShellArg or not.
  options.enterShell = lib.mkOption {
    apply =
      let
        quoted = lib.mapAttrsToList (_: path: "'${path}") placeholders;
        bare = lib.attrValues placeholders;
        variables = map (name: "$DEVENV_${lib.toUpper name}") (lib.attrNames placeholders);
      in
      lib.replaceStrings (quoted ++ bare) (map (variable: "\"${variable}\"'") variables ++ variables);
  };
}

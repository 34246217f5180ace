# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# devenv's tasks without its Rust runner: the order is known when Nix evaluates, so each task becomes
# a branch of one bash script with the command line of `devenv-tasks run`.
{ lib, pkgs }:
config:
let
  inherit (config) tasks;

  nameOf = dependency: lib.head (lib.splitString "@" dependency);
  isOneshot = name: tasks ? ${name} && tasks.${name}.type == "oneshot";

  # Orphaned files are only looked for where the project has files at all.
  isNeeded = name: isOneshot name && !(name == "devenv:files:cleanup" && config.files == { });

  # Processes wait for each other through process-compose.
  dependenciesOf =
    name:
    lib.filter isNeeded (
      lib.unique (
        map nameOf tasks.${name}.after
        ++ lib.attrNames (lib.filterAttrs (_: task: lib.elem name (map nameOf task.before)) tasks)
      )
    );

  quote = lib.escapeShellArg;

  branch = name: task: ''
    ${quote name})
      ${lib.concatMapStringsSep "\n" (dependency: "need ${quote dependency}") (dependenciesOf name)}
      ${lib.optionalString (task.cwd != null) "cd ${quote task.cwd}"}
      ${lib.concatStringsSep "\n" (lib.mapAttrsToList (k: v: "export ${k}=${quote v}") task.env)}
      ${lib.optionalString (task.statusCommand != null) "if ${task.statusCommand} >&2; then return; fi"}
      ${lib.optionalString (task.execIfModified != [ ])
        "unchanged ${lib.concatMapStringsSep " " quote task.execIfModified} && return"
      }
      export DEVENV_TASK_INPUT=${quote (builtins.toJSON task.input)}
      ${
        if task.command == null then
          ":"
        else if task.type == "process" then
          "exec ${task.command}"
        else
          "collect ${task.command}"
      } ;;
  '';

  script = pkgs.writeShellScript "tasks" ''
    ${builtins.readFile ./tasks.sh}
    run() {
      case $1 in
      ${lib.concatStrings (lib.mapAttrsToList branch tasks)}
      *) echo "no such task: $1" >&2; return 1 ;;
      esac
    }
    main "$@"
  '';
in
{
  # Whether entering the shell has any task to run besides devenv's own bookkeeping.
  onEnter = dependenciesOf "devenv:enterShell" != [ ];

  package =
    instantiate:
    pkgs.writeShellScriptBin "devenv-tasks" ''
      script=$(${instantiate} ${script}) && exec "$script" "$@"
    '';
}

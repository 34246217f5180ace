# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The command `processes-up [PROCESS…]` of both kinds of shell: runs the processes of env.yaml side by side, in the project's
# folder, until ^C. `start` is bash code that starts process-compose.
{ pkgs }:
start:
pkgs.writeShellScriptBin "processes-up" ''
  cd "$PYENVSPEC_ROOT" || exit
  # Its screen needs a terminal; without one, lines of output.
  [[ -t 0 && -t 1 ]] || export PC_DISABLE_TUI=1 PC_TUI_ENABLED=false
  ${start}
''

# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
# shellcheck shell=bash
#
# The commands over the processes of env.yaml; the first word says which one it is:
#
#   up [-d] [PROCESS…]   runs them side by side in the project's folder until ^C, or in the background
#   ps · down            what runs; stops it
#   logs [PROCESS]       what was printed; follows a process
#
# Defined by who sources this: COMPOSE (process-compose), LOGS (a folder), SOCKET (of process-compose's server, not made
# before it starts), and `start WORD…`, which becomes `process-compose up WORD…`.

is_up() { [[ -S $SOCKET ]] && "$COMPOSE" --unix-socket "$SOCKET" process list >/dev/null 2>&1; }

ask() {
  if ! is_up; then
    echo "no processes are running; start them with: processes-up -d" >&2
    exit 1
  fi
  exec "$COMPOSE" --unix-socket "$SOCKET" "$@"
}

start_behind() {
  if is_up; then
    echo "the processes are running already; see them with: processes-ps" >&2
    exit 0
  fi
  mkdir -p "$LOGS"
  # Of a session of its own, so that closing the terminal leaves it alone.
  (PC_DISABLE_TUI=1 PC_TUI_ENABLED=false start "$@") </dev/null >"$LOGS/processes.log" 2>&1 &
  local pid=$!
  disown
  # Its server answers in a moment, or it has ended by itself.
  local tries=100
  while ((tries--)) && kill -0 "$pid" 2>/dev/null && [[ ! -S $SOCKET ]]; do sleep 0.1; done
  if ! kill -0 "$pid" 2>/dev/null && ! wait "$pid"; then
    cat "$LOGS/processes.log" >&2
    exit 1
  fi
  echo "started; see: processes-ps, processes-logs, processes-down" >&2
}

cd "$PYENVSPEC_ROOT" || exit
command=$1
shift
case $command in
  up)
    if [[ ${1-} == -d || ${1-} == --detach ]]; then
      shift
      start_behind "$@"
    else
      # Its screen needs a terminal; without one, lines of output.
      [[ -t 0 && -t 1 ]] || export PC_DISABLE_TUI=1 PC_TUI_ENABLED=false
      start "$@"
    fi
    ;;
  ps) ask process list --output wide ;;
  down) ask down ;;
  logs)
    if (($#)); then
      ask process logs "$1" --follow --tail 100
    else
      cat "$LOGS/processes.log" 2>/dev/null || ask process list --output wide
    fi
    ;;
esac

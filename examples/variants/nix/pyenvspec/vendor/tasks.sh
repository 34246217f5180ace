# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
# shellcheck shell=bash disable=SC2030,SC2031
# The part of the task runner that is the same for every project; `run NAME` follows it.
set -euo pipefail
declare -A ran=()
task=

# Runs a task once, in a subshell: its folder and variables are its own.
need() {
  [[ -z ${ran[$1]-} ]] || return 0
  ran[$1]=1
  local exports
  exports=$(mktemp)
  (
    task=$1
    exec 4>"$exports"
    run "$1"
  )
  # shellcheck disable=SC1090
  source "$exports"
  DEVENV_TASK_ENV=${DEVENV_TASK_ENV-}$(<"$exports")$'\n'
  export DEVENV_TASK_ENV
  rm -f "$exports"
}

# Runs a command; the variables it exports (`DEVENV_EXPORT:name=value`, in base64) go to 4.
collect() {
  local line
  "$@" | while IFS= read -r line; do
    if [[ $line =~ ^DEVENV_EXPORT:([A-Za-z0-9+/]+=*)=([A-Za-z0-9+/]*=*)$ ]]; then
      printf 'export %s=%q\n' "$(base64 -d <<<"${BASH_REMATCH[1]}")" "$(base64 -d <<<"${BASH_REMATCH[2]}")" >&4
    else
      printf '%s\n' "$line" >&2
    fi
  done
}

# Succeeds when these files are as they were the last time.
unchanged() {
  local sums=$DEVENV_STATE/tasks/${task//\//_} now
  # shellcheck disable=SC2086
  now=$(shopt -s nullglob globstar; IFS=; for pattern in "$@"; do cksum $pattern; done 2>/dev/null)
  [[ ! -e $sums || $(<"$sums") != "$now" ]] || return 0
  mkdir -p "${sums%/*}"
  printf '%s\n' "$now" >"$sums"
  return 1
}

# run [--option VALUE]… TASK…
main() {
  [[ ${1-} == run ]] || { echo "usage: devenv-tasks run TASK…" >&2; exit 2; }
  shift
  local -a names=()
  while (($#)); do
    case $1 in
      --*=*) shift ;;
      --*) shift 2 ;;
      *) names+=("$1"); shift ;;
    esac
  done
  for task in "${names[@]}"; do
    if [[ $task == devenv:processes:* ]]; then run "$task"; else need "$task"; fi
  done
}

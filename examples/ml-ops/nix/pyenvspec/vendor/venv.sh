# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
# shellcheck shell=bash
#
# Makes the project's virtual environment, keeps it current and activates it. Sourced on entry, by bash 3.2 or newer, into a
# shell that is the user's: whatever happens here, the shell opens with its options unchanged, and nothing is asked.
#
#   PYENVSPEC_PYTHON        the interpreter (required)
#   PYENVSPEC_MANAGER       poetry | uv | pip (required)
#   PYENVSPEC_ROOT          folder of env.yaml; looked for from the working folder upwards when empty
#   PYENVSPEC_VENV          the environment's folder, from the root (.venv; .venv-NAME for the variant NAME; in an image /opt/env)
#   PYENVSPEC_PROJECT       folder of pyproject.toml and its lock, from the root (.)
#   PYENVSPEC_REQUIREMENTS  pip: the requirements file, from the root; empty when there is nothing to install
#   PYENVSPEC_GROUPS        dependency groups besides the default, one a line
#   PYENVSPEC_EXTRAS        extras of the project, one a line
#   PYENVSPEC_INSTALL       on_lock_change (default) | never
#   PYENVSPEC_ONLY_OTHERS   not empty: all but the project itself
#   PYENVSPEC_AFTER         packages that are built without isolation, each by itself, once all others are there; one a line
#   PYENVSPEC_BUILD_AFTER   build-after.py
#   PYENVSPEC_HOST          not empty: this machine's Python, without Nix
#
# State, in the environment itself:
#   .pyenvspec-made         pyenvspec made it, so pyenvspec may delete it; its interpreter and its place, empty until complete
#   .pyenvspec-installed    what the last complete installation was made from

_pyenvspec_say() { printf 'pyenvspec: %s\n' "$*" >&2; }

# The nearest folder that holds env.yaml, as `nix develop` finds flake.nix.
_pyenvspec_find_root() {
  _pyenvspec_root=${PYENVSPEC_ROOT:-}
  [ -z "$_pyenvspec_root" ] || return 0
  _pyenvspec_root=$PWD
  while [ ! -e "${_pyenvspec_root%/}/env.yaml" ]; do
    [ -n "$_pyenvspec_root" ] || return 1
    _pyenvspec_root=${_pyenvspec_root%/*}
  done
  _pyenvspec_root=${_pyenvspec_root:-/}
}

# Sets _pyenvspec_files to what decides on the installed packages; the lock or requirements file comes first.
_pyenvspec_list_files() {
  local folder=$_pyenvspec_project file
  _pyenvspec_files=()
  if [ "$PYENVSPEC_MANAGER" = pip ]; then
    [ -z "${PYENVSPEC_REQUIREMENTS:-}" ] || _pyenvspec_add_requirements "$_pyenvspec_root/$PYENVSPEC_REQUIREMENTS"
    return
  fi
  [ "$PYENVSPEC_MANAGER" != uv ] || _pyenvspec_find_workspace
  _pyenvspec_files=("$folder/$PYENVSPEC_MANAGER.lock" "$folder/pyproject.toml")
  [ "$folder" = "$_pyenvspec_project" ] || _pyenvspec_files+=("$_pyenvspec_project/pyproject.toml")
  # Read from the lock by whoever installed from it, as another lock is installed anyway.
  [ ! -r "$_pyenvspec_venv/.pyenvspec-folders" ] || while IFS= read -r file; do
    [ -z "$file" ] || _pyenvspec_add_sources "$folder/$file"
  done <"$_pyenvspec_venv/.pyenvspec-folders"
}

# Keeps the folders that a lock names besides its own: members of a workspace and path dependencies. uv refuses a lock that
# their files do not agree with.
_pyenvspec_keep_folders() {
  local lock=${_pyenvspec_files[0]:-}
  [ "$PYENVSPEC_MANAGER" != pip ] && [ -r "$lock" ] || return 0
  sed -nE -e 's/^source = \{ (editable|virtual|directory) = "([^"]*)".*/\2/p' \
    -e '/^type = "directory"/{n;s/^url = "([^"]*)".*/\1/p;}' "$lock" | sed '/^\.$/d' \
    >"$_pyenvspec_venv/.pyenvspec-folders" 2>/dev/null || :
}

# A member of a workspace is locked with the others, in a folder above it: sets folder, as uv itself looks for it.
_pyenvspec_find_workspace() {
  local above=$_pyenvspec_project content
  [ ! -e "$above/uv.lock" ] || return 0
  while [ -n "$above" ]; do
    above=${above%/*}
    [ -e "$above/uv.lock" ] && [ -r "$above/pyproject.toml" ] || continue
    IFS= read -r -d '' content <"$above/pyproject.toml" || :
    case $content in
      *'[tool.uv.workspace]'*)
        folder=$above
        return 0
        ;;
    esac
  done
}

# Adds what says what the package in a folder needs.
_pyenvspec_add_sources() {
  local file
  for file in "$1/pyproject.toml" "$1/setup.py" "$1/setup.cfg"; do
    [ ! -f "$file" ] || _pyenvspec_files+=("$file")
  done
}

# Adds a requirements file and, once each, the files that it includes with -r or -c, and what the folders in it need.
_pyenvspec_add_requirements() {
  local file=$1 line known
  for known in ${_pyenvspec_files[@]+"${_pyenvspec_files[@]}"}; do
    [ "$known" != "$file" ] && ! [ "$known" -ef "$file" ] || return 0
  done
  _pyenvspec_files+=("$file")
  [ -r "$file" ] && [ -f "$file" ] || return 0
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%$'\r'}
    line=${line%%[[:space:]]#*}
    if ! [[ $line =~ ^[[:space:]]*(-r|-c|--requirement|--constraint)[[:space:]=]*(.*[^[:space:]])[[:space:]]*$ ]]; then
      _pyenvspec_add_local "$line"
      continue
    fi
    line=${BASH_REMATCH[2]}
    case $line in
      \"*\" | \'*\') line=${line:1:${#line}-2} ;;
    esac
    case $line in
      *://*) ;;
      /*) _pyenvspec_add_requirements "$line" ;;
      *) _pyenvspec_add_requirements "${file%/*}/$line" ;;
    esac
  done <"$file"
}

# Adds what a requirement on a folder needs: `-e .`, `-e ./pkg[extra]`, `./pkg`, `name @ file:///…/pkg`. pip takes such a path from
# the folder that it is started in.
_pyenvspec_add_local() {
  local line=$1
  [[ $line =~ ^[[:space:]]*((-e|--editable)[[:space:]=]*)?(.*[^[:space:]])[[:space:]]*$ ]] || return 0
  local is_editable=${BASH_REMATCH[1]}
  line=${BASH_REMATCH[3]}
  line=${line%%[[:space:]]\;*}
  case $line in
    \"*\" | \'*\') line=${line:1:${#line}-2} ;;
  esac
  [[ $line != *file://* ]] || line=${line#*file://}
  line=${line%%\[*}
  case $line in
    /*) ;;
    . | ./* | .. | ../*) line=$_pyenvspec_project/$line ;;
    *) [ -n "$is_editable" ] || return 0; line=$_pyenvspec_project/$line ;;
  esac
  [ ! -d "$line" ] || _pyenvspec_add_sources "${line%/}"
}

# Sets _pyenvspec_wanted to what .pyenvspec-installed says after a complete installation. The one process of a quiet entry.
_pyenvspec_compute_wanted() {
  local file present=() sums=
  _pyenvspec_list_files
  for file in ${_pyenvspec_files[@]+"${_pyenvspec_files[@]}"}; do
    [ ! -r "$file" ] || present+=("$file")
  done
  if [ "${#present[@]}" -gt 0 ]; then
    # One command in each, which bash then executes without a process of its own.
    sums=$(sha256sum -- "${present[@]}" 2>/dev/null) || sums=$(shasum -a 256 -- "${present[@]}" 2>/dev/null) ||
      sums=$(cksum "${present[@]}") || sums=
  fi
  _pyenvspec_wanted="manager $PYENVSPEC_MANAGER
groups ${PYENVSPEC_GROUPS:-}
extras ${PYENVSPEC_EXTRAS:-}
${PYENVSPEC_AFTER:+after $PYENVSPEC_AFTER
}$sums"
}

_pyenvspec_reads() {
  local content=
  [ -r "$1" ] || return 1
  IFS= read -r -d '' content <"$1" || :
  [ "$content" = "$2"$'\n' ]
}

# The inode, not the path: a link to a deleted interpreter is none. A moved environment has scripts that name its old place.
_pyenvspec_is_made() {
  [ "$_pyenvspec_venv/bin/python" -ef "$PYENVSPEC_PYTHON" ] || return 1
  [ ! -e "$_pyenvspec_venv/.pyenvspec-made" ] || _pyenvspec_reads "$_pyenvspec_venv/.pyenvspec-made" "$_pyenvspec_made"
}

_pyenvspec_is_installed() {
  [ "${PYENVSPEC_INSTALL:-}" != never ] || return 0
  _pyenvspec_reads "$_pyenvspec_venv/.pyenvspec-installed" "$_pyenvspec_wanted"
}

# The lock belongs to the open folder, so it ends with this process and leaves no file; bash has none, but Python has. The
# environment's own folder: the project's is locked by what writes env.yaml, which must not wait for an installation.
_pyenvspec_take_turn() {
  command mkdir -p -- "$_pyenvspec_venv" 2>/dev/null || return 0
  exec 9<"$_pyenvspec_venv" || return 0
  "$PYENVSPEC_PYTHON" -I -S -c '
import fcntl, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    sys.stderr.write("pyenvspec: another shell is installing; waiting for it\n")
    try:
        fcntl.flock(9, fcntl.LOCK_EX)
    except OSError:
        pass # A file system without locks.
' 9<&9
}

_pyenvspec_is_empty() {
  local file
  for file in "$1"/* "$1"/.[!.]*; do
    [ ! -e "$file" ] && [ ! -L "$file" ] || return 1
  done
}

_pyenvspec_make() {
  local name=${PYENVSPEC_VENV:-.venv} place=$_pyenvspec_venv
  if [ -e "$_pyenvspec_venv" ] && [ ! -e "$_pyenvspec_venv/.pyenvspec-made" ] && ! _pyenvspec_is_empty "$_pyenvspec_venv"; then
    _pyenvspec_say "$name was not made by pyenvspec and has another Python than env.yaml asks for; it is left alone." \
      "To have it made anew: rm -r '$_pyenvspec_venv', then enter again."
    return 1
  fi
  if ! { command mkdir -p -- "$_pyenvspec_venv" && [ -w "$_pyenvspec_venv" ]; } 2>/dev/null; then
    _pyenvspec_say "cannot write $_pyenvspec_venv, so there is no $name in this shell."
    return 1
  fi
  # Emptied, not removed: it may be a link to a larger disk.
  command rm -rf -- "$_pyenvspec_venv"/* "$_pyenvspec_venv"/.[!.]*
  : >"$_pyenvspec_venv/.pyenvspec-made"
  # Python's venv refuses a link.
  [ ! -L "$place" ] || place=$(builtin cd -P -- "$place" >/dev/null && pwd -P)
  _pyenvspec_say "Making $name with $("$PYENVSPEC_PYTHON" -I -S --version 2>&1)…"
  # With pip for every manager: without one, `pip install` would be the host's. uv leaves it there.
  # As `-m venv`, but ^C is no traceback.
  if ! "$PYENVSPEC_PYTHON" -I -c '
import sys, venv
try:
    venv.main()
except KeyboardInterrupt:
    sys.exit(130)
except Exception as error:
    sys.exit("Error: {}".format(error))
' "$place" >&2 9<&- </dev/null; then
    [ -z "$_pyenvspec_stopped" ] || return
    _pyenvspec_say "could not make $name; the next entry tries again."
    return 1
  fi
  printf '*\n' >"$_pyenvspec_venv/.gitignore"
  printf '%s\n' "$_pyenvspec_made" >"$_pyenvspec_venv/.pyenvspec-made"
}

_pyenvspec_split_lines() {
  local line
  _pyenvspec_lines=()
  while IFS= read -r line; do
    [ -z "$line" ] || _pyenvspec_lines+=("$2" "$line")
  done <<<"$1"
}

_pyenvspec_split_after() {
  [ "${#_pyenvspec_after[@]}" -eq 0 ] ||
    "$_pyenvspec_venv/bin/python" -I "$PYENVSPEC_BUILD_AFTER" "$1" "$2" "$_pyenvspec_venv/.pyenvspec-after" "${_pyenvspec_after[@]}"
}

_pyenvspec_run_poetry() {
  local output code
  _pyenvspec_split_lines "${PYENVSPEC_GROUPS:-}" --with
  local options=(${_pyenvspec_lines[@]+"${_pyenvspec_lines[@]}"})
  _pyenvspec_split_lines "${PYENVSPEC_EXTRAS:-}" --extras
  _pyenvspec_split_after poetry "${_pyenvspec_files[0]}" || return
  poetry install --no-interaction --no-root ${options[@]+"${options[@]}"} ${_pyenvspec_lines[@]+"${_pyenvspec_lines[@]}"}
  code=$?
  [ "${#_pyenvspec_after[@]}" -eq 0 ] || "$_pyenvspec_venv/bin/python" -I "$PYENVSPEC_BUILD_AFTER" clear
  [ "$code" -eq 0 ] || return "$code"
  [ -z "${PYENVSPEC_ONLY_OTHERS:-}" ] || return 0
  # A folder with dependencies but no package of its own is fine; poetry 2 calls it an error.
  output=$(poetry install --no-interaction --only-root 2>&1) && return
  case $output in
    *'No file/folder found for package'* | *'package-mode'* | *'package mode'*) return 0 ;;
  esac
  printf '%s\n' "$output" >&2
  return 1
}

# With options that leave packages out, or say how one of them is built.
_pyenvspec_run_uv() {
  _pyenvspec_split_lines "${PYENVSPEC_GROUPS:-}" --group
  local options=(${_pyenvspec_lines[@]+"${_pyenvspec_lines[@]}"})
  _pyenvspec_split_lines "${PYENVSPEC_EXTRAS:-}" --extra
  [ -z "${PYENVSPEC_ONLY_OTHERS:-}" ] || options+=(--no-install-project)
  uv sync --locked ${options[@]+"${options[@]}"} ${_pyenvspec_lines[@]+"${_pyenvspec_lines[@]}"} "$@"
}

# Before 21 pip builds from sources what has a wheel: it does not know manylinux2014 and manylinux_2_28. Old Pythons bring such a pip.
_pyenvspec_renew_pip() {
  local old newer='pip>=21'
  for old in "$_pyenvspec_venv"/lib/python3*/site-packages/pip-{9,1[0-9],20}.*.dist-info; do
    [ -d "$old" ] || continue
    # The last for that Python; some mirrors do not say which Pythons a file is for.
    case $old in */python3.6/*) newer='pip>=21,<22' ;; esac
    old=${old##*/pip-}
    _pyenvspec_say "pip ${old%.dist-info}, which comes with this Python, does not know today's wheels: installing a newer one…"
    _pyenvspec_pip_install --quiet --upgrade "$newer" || _pyenvspec_say "that failed, see above; going on with the old one."
    return 0
  done
}

_pyenvspec_run_pip() {
  local file=$_pyenvspec_root/$PYENVSPEC_REQUIREMENTS
  _pyenvspec_renew_pip
  _pyenvspec_split_after requirements "$file" || return
  [ "${#_pyenvspec_after[@]}" -eq 0 ] || file=$_pyenvspec_venv/.pyenvspec-after/rest.txt
  _pyenvspec_pip_install -r "$file"
}

_pyenvspec_pip_install() {
  PIP_USER=0 "$_pyenvspec_venv/bin/python" -m pip install --disable-pip-version-check --no-input "$@"
}

_pyenvspec_run_manager() {
  local name left=()
  if [ "$PYENVSPEC_MANAGER" != pip ] && ! type -P "$PYENVSPEC_MANAGER" >/dev/null; then
    _pyenvspec_say "there is no $PYENVSPEC_MANAGER on PATH."
    return 1
  fi
  case $PYENVSPEC_MANAGER in
    poetry) _pyenvspec_run_poetry ;;
    uv)
      for name in ${_pyenvspec_after[@]+"${_pyenvspec_after[@]}"}; do
        left+=(--no-install-package "$name")
      done
      # Exact as ever, but for what is built later and may be there from before.
      [ "${#left[@]}" -eq 0 ] || left+=(--inexact)
      _pyenvspec_run_uv ${left[@]+"${left[@]}"}
      ;;
    pip) _pyenvspec_run_pip ;;
  esac
}

# What a build without isolation takes from the environment and few locks have, as an isolated one would fetch it. A folder of its
# own, which only these builds see.
_pyenvspec_get_build_tools() {
  local missing tools=$_pyenvspec_venv/.pyenvspec-build
  missing=$(PYTHONPATH=$tools "$_pyenvspec_venv/bin/python" "$PYENVSPEC_BUILD_AFTER" missing setuptools wheel packaging psutil) || return
  # shellcheck disable=SC2086 # words
  [ -z "$missing" ] || _pyenvspec_pip_install --quiet --upgrade --target "$tools" $missing || return
  export PYTHONPATH=$tools
}

_pyenvspec_build() {
  local file=$_pyenvspec_venv/.pyenvspec-after/$1.txt others=() name
  if [ "$PYENVSPEC_MANAGER" = uv ]; then
    for name in "${_pyenvspec_after[@]}"; do
      [ "$name" = "$1" ] || others+=(--no-install-package "$name")
    done
    _pyenvspec_run_uv --inexact --no-build-isolation-package "$1" ${others[@]+"${others[@]}"}
    return
  fi
  if [ ! -s "$file" ]; then
    _pyenvspec_say "$1 of python.build_after is not in ${_pyenvspec_files[0]##*/}."
    return 1
  fi
  # With hashes everything must have one, also what it depends on: that is there by now.
  ! grep -q -e ' --hash=' "$file" || others=(--no-deps)
  _pyenvspec_pip_install --no-build-isolation ${others[@]+"${others[@]}"} -r "$file"
}

# One that cannot be built takes neither the others nor the rest away.
_pyenvspec_build_after() {
  local name failed=
  [ "${#_pyenvspec_after[@]}" -gt 0 ] || return 0
  _pyenvspec_get_build_tools >&2 9<&- </dev/null || _pyenvspec_say "could not get setuptools and what else builds need; trying without."
  for name in "${_pyenvspec_after[@]}"; do
    _pyenvspec_say "Building $name with what is installed (python.build_after)…"
    _pyenvspec_build "$name" >&2 9<&- </dev/null || failed+=" $name"
  done
  [ -n "$failed" ] || return 0
  _pyenvspec_say "could not build$failed, see above; everything else is installed. The next entry tries again."
  return 1
}

# A command to type as it stands: it fails in the same way, and what that means is told.
_pyenvspec_offer_diagnosis() {
  local again file group=--with extra=--extras name words
  type -P pyenvspec >/dev/null || return 0
  # With a command the shell is gone by then, and outside of it `pip` is another one's: that of pyenvspec itself, for one.
  if [[ $- != *i* ]] && [ -z "${DIRENV_IN_ENVRC:-}" ]; then
    words=(pyenvspec shell -C "$_pyenvspec_root" ${PYENVSPEC_HOST:+--host})
    case ${PYENVSPEC_VENV:-} in .venv-*) words+=("${PYENVSPEC_VENV#.venv-}") ;; esac
    again=$(printf ' %q' "${words[@]}" -- true)
    _pyenvspec_say "what it means, and what to do:$again 2>&1 | pyenvspec diagnose"
    return 0
  fi
  file=$_pyenvspec_root/$PYENVSPEC_REQUIREMENTS
  [ "${#_pyenvspec_after[@]}" -eq 0 ] || file=$_pyenvspec_venv/.pyenvspec-after/rest.txt
  case $PYENVSPEC_MANAGER in
    uv) words=(uv sync --locked) group=--group extra=--extra ;;
    poetry) words=(poetry install --no-root) ;;
    pip) words=(pip install -r "$file") ;;
  esac
  if [ "$PYENVSPEC_MANAGER" != pip ]; then
    _pyenvspec_split_lines "${PYENVSPEC_GROUPS:-}" "$group"
    words+=(${_pyenvspec_lines[@]+"${_pyenvspec_lines[@]}"})
    _pyenvspec_split_lines "${PYENVSPEC_EXTRAS:-}" "$extra"
    words+=(${_pyenvspec_lines[@]+"${_pyenvspec_lines[@]}"})
  fi
  if [ "$PYENVSPEC_MANAGER" = uv ]; then
    for name in ${_pyenvspec_after[@]+"${_pyenvspec_after[@]}"}; do
      words+=(--no-install-package "$name")
    done
  fi
  again=$(printf ' %q' "${words[@]}")
  again=${again# }
  [ "$PWD" = "$OLDPWD" ] || again="(cd $(printf %q "$PWD") && $again)"
  _pyenvspec_say "what it means, and what to do: $again 2>&1 | pyenvspec diagnose"
}

_pyenvspec_install() {
  local source=${_pyenvspec_files[0]:-} count name _pyenvspec_after=()
  [ -n "$source" ] || return 0
  while IFS= read -r name; do
    [ -z "$name" ] || _pyenvspec_after+=("$name")
  done <<<"${PYENVSPEC_AFTER:-}"
  if [ ! -r "$source" ]; then
    case $PYENVSPEC_MANAGER in
      pip) _pyenvspec_say "$PYENVSPEC_REQUIREMENTS is missing, so nothing is installed. Write it, or name another in env.yaml." ;;
      *) _pyenvspec_say "${source##*/} is missing, so nothing is installed. Make it with: $PYENVSPEC_MANAGER lock" ;;
    esac
    return 0
  fi
  if ! builtin cd -- "$_pyenvspec_project" >/dev/null; then
    _pyenvspec_say "cannot enter $_pyenvspec_project."
    return 1
  fi
  case $PYENVSPEC_MANAGER in
    pip) count= ;;
    *) count="$(grep -c '^\[\[package\]\]' "$source") packages " ;;
  esac
  _pyenvspec_say "Installing ${count}from ${source##*/}…"
  if ! _pyenvspec_run_manager >&2 9<&- </dev/null; then
    [ -z "$_pyenvspec_stopped" ] || return
    _pyenvspec_say "installing from ${source##*/} failed, see above; the next entry tries again."
    _pyenvspec_offer_diagnosis
    return 1
  fi
  (_pyenvspec_build_after) || return
  # Computed before: a lock that changed meanwhile is installed by the next entry. Renamed, so never half written.
  if ! { printf '%s\n' "$_pyenvspec_wanted" >"$_pyenvspec_venv/.pyenvspec-new" &&
    command mv -f -- "$_pyenvspec_venv/.pyenvspec-new" "$_pyenvspec_venv/.pyenvspec-installed"; } 2>/dev/null; then
    _pyenvspec_say "cannot write $_pyenvspec_venv."
  fi
}

# In a subshell, which is free to change options, signals and folders.
_pyenvspec_update() {
  set +efuC
  shopt -u failglob nullglob
  unset CDPATH
  # Installers end as they like after ^C; who pressed it wants what comes after them no more.
  _pyenvspec_stopped=
  trap '_pyenvspec_stopped=130' INT
  _pyenvspec_take_turn
  if ! _pyenvspec_is_made; then
    _pyenvspec_make || return "${_pyenvspec_stopped:-1}"
  fi
  _pyenvspec_activate
  # The lock may have changed while this shell waited for its turn.
  _pyenvspec_list_files
  _pyenvspec_keep_folders
  _pyenvspec_compute_wanted
  _pyenvspec_is_installed || _pyenvspec_install || return "${_pyenvspec_stopped:-1}"
}

# What bin/activate does, without its functions and its prompt.
_pyenvspec_activate() {
  # Nix's Python packages and those of other environments would come before the environment's own.
  unset PYTHONPATH PYTHONHOME _PYTHON_HOST_PLATFORM _PYTHON_SYSCONFIGDATA_NAME UV_PYTHON
  # With conda's `base` active, poetry takes no other environment for active.
  unset CONDA_DEFAULT_ENV CONDA_PREFIX
  # Nix's builders set times before 1980, which no wheel can hold.
  [ "${SOURCE_DATE_EPOCH:-315532800}" -ge 315532800 ] 2>/dev/null || unset SOURCE_DATE_EPOCH
  export VIRTUAL_ENV=$_pyenvspec_venv
  export UV_PROJECT_ENVIRONMENT=$_pyenvspec_venv UV_PYTHON_DOWNLOADS=never UV_PYTHON_PREFERENCE=only-system
  # A .python-version of another patch level is none of this interpreter's.
  [ "$PYENVSPEC_MANAGER" != uv ] || export UV_PYTHON=$_pyenvspec_venv/bin/python
  export POETRY_VIRTUALENVS_IN_PROJECT=true
  case $PATH in
    "$_pyenvspec_venv/bin":*) ;;
    *) export PATH="$_pyenvspec_venv/bin:$PATH" ;;
  esac
  hash -r 2>/dev/null || :
}

_pyenvspec_enter() {
  local IFS=$' \t\n'
  local _pyenvspec_root _pyenvspec_project _pyenvspec_venv _pyenvspec_made _pyenvspec_wanted
  local _pyenvspec_files _pyenvspec_lines
  if [ ! -x "${PYENVSPEC_PYTHON:-}" ] || [ -z "${PYENVSPEC_MANAGER:-}" ]; then
    _pyenvspec_say "PYENVSPEC_PYTHON or PYENVSPEC_MANAGER is not set, so there is no .venv in this shell."
    return 0
  fi
  if ! _pyenvspec_find_root; then
    _pyenvspec_say "no env.yaml in $PWD or above it, so there is no .venv in this shell. Enter the project's folder first."
    return 0
  fi
  _pyenvspec_project=$_pyenvspec_root
  case ${PYENVSPEC_PROJECT:-.} in
    . | ./) ;;
    *) _pyenvspec_project=$_pyenvspec_root/${PYENVSPEC_PROJECT#./} ;;
  esac
  _pyenvspec_venv=${PYENVSPEC_VENV:-.venv}
  [ "${_pyenvspec_venv#/}" != "$_pyenvspec_venv" ] || _pyenvspec_venv=$_pyenvspec_root/$_pyenvspec_venv
  _pyenvspec_made="python $PYENVSPEC_PYTHON
place $_pyenvspec_venv"
  _pyenvspec_compute_wanted
  if ! _pyenvspec_is_made || ! _pyenvspec_is_installed; then
    # A shell to type in opens all the same.
    (_pyenvspec_update) || [ "$?" -ne 130 ] || [[ $- == *i* ]] || exit 130
  fi
  # An environment whose installation failed still opens; one that could not be made does not.
  ! _pyenvspec_is_made || _pyenvspec_activate
}

_pyenvspec_enter || :
unset -f _pyenvspec_say _pyenvspec_find_root _pyenvspec_list_files _pyenvspec_keep_folders _pyenvspec_find_workspace _pyenvspec_add_sources \
  _pyenvspec_add_requirements _pyenvspec_add_local _pyenvspec_compute_wanted \
  _pyenvspec_reads _pyenvspec_is_made _pyenvspec_is_installed _pyenvspec_take_turn _pyenvspec_is_empty _pyenvspec_make \
  _pyenvspec_split_lines _pyenvspec_split_after _pyenvspec_run_poetry _pyenvspec_run_uv _pyenvspec_run_pip _pyenvspec_renew_pip _pyenvspec_pip_install \
  _pyenvspec_run_manager _pyenvspec_get_build_tools _pyenvspec_build _pyenvspec_build_after _pyenvspec_offer_diagnosis _pyenvspec_install \
  _pyenvspec_update _pyenvspec_activate _pyenvspec_enter

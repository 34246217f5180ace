# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
# shellcheck shell=bash
#
# Sets the variables of files such as .env: NAME=value, `export` before it or not, '…' as it is, "…" with \n \t \" \\ \$, and
# ${NAME} for a variable that is set already, but not within '…'. Nothing in them is run. Sourced on entry.
#
#   PYENVSPEC_DOTENV   the files, from the root, one a line

# Sets REPLY to a value with its ${NAME} filled in.
_pyenvspec_fill_in() {
  local rest=$1 name
  REPLY=
  while [[ $rest =~ ^([^$]*)\$\{([A-Za-z_][A-Za-z0-9_]*)\}(.*)$ ]]; do
    name=${BASH_REMATCH[2]}
    REPLY+=${BASH_REMATCH[1]}${!name-}
    rest=${BASH_REMATCH[3]}
  done
  REPLY+=$rest
}

# Sets REPLY to what stands within "…".
_pyenvspec_read_double() {
  local text=$1
  text=${text//\\n/$'\n'}
  text=${text//\\t/$'\t'}
  text=${text//\\\"/\"}
  text=${text//\\\\/\\}
  _pyenvspec_fill_in "$text"
}

_pyenvspec_read_dotenv() {
  local file=$1 shown=$2 line number=0 name value
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    line=${line%$'\r'}
    [[ $line =~ ^[[:space:]]*(#.*)?$ ]] && continue
    if ! [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)[[:space:]]*=[[:space:]]*(.*)$ ]]; then
      printf 'pyenvspec: %s:%s: not NAME=value; left out\n' "$shown" "$number" >&2
      continue
    fi
    name=${BASH_REMATCH[2]}
    value=${BASH_REMATCH[3]}
    case $name in
      PATH | IFS | UID | EUID | PPID | SHELLOPTS | BASHOPTS | BASH_* | PROMPT_COMMAND | PYENVSPEC_* | DEVENV_* | VIRTUAL_ENV)
        printf 'pyenvspec: %s:%s: %s is not to be set there; left out\n' "$shown" "$number" "$name" >&2
        continue
        ;;
    esac
    case $value in
      "'"*"'"*)
        value=${value#"'"}
        REPLY=${value%%"'"*}
        ;;
      '"'*)
        # Up to the first " that has no \ before it.
        if [[ $value =~ ^\"(([^\"\\]|\\.)*)\" ]]; then
          _pyenvspec_read_double "${BASH_REMATCH[1]}"
        else
          printf 'pyenvspec: %s:%s: the closing " is missing; left out\n' "$shown" "$number" >&2
          continue
        fi
        ;;
      *)
        value=${value%%[[:space:]]#*}
        value=${value%"${value##*[![:space:]]}"}
        _pyenvspec_fill_in "$value"
        ;;
    esac
    export "$name=$REPLY"
  done <"$file"
}

_pyenvspec_read_all() {
  local IFS=$' \t\n' file
  while IFS= read -r file; do
    [ ! -f "$PYENVSPEC_ROOT/$file" ] || [ ! -r "$PYENVSPEC_ROOT/$file" ] ||
      _pyenvspec_read_dotenv "$PYENVSPEC_ROOT/$file" "$file"
  done <<<"$PYENVSPEC_DOTENV"
}

_pyenvspec_read_all || :
unset -f _pyenvspec_fill_in _pyenvspec_read_double _pyenvspec_read_dotenv _pyenvspec_read_all

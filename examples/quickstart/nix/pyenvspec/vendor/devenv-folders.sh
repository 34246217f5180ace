# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
# shellcheck shell=bash
#
# Names devenv's folders, which Nix could not know, and fills them in where devenv's modules wrote placeholders.
# Sourced after enter.sh, which sets PYENVSPEC_ROOT.

# A folder for sockets: short (their paths hold 100 characters), private, and this project's own.
pyenvspec_runtime_dir() {
  local base=${XDG_RUNTIME_DIR:-} hash
  [[ -n $base && -w $base ]] || base=/tmp
  hash=$(printf '%s' "$PYENVSPEC_ROOT" | cksum)
  printf '%s/pyenvspec-%s-%s\n' "$base" "$UID" "${hash%% *}"
}

# Fills the placeholders in every exported variable.
pyenvspec_fill_env() {
  local name value
  while IFS= read -r name; do
    value=${!name}
    [[ $value == *"/{pyenvspec-"* ]] || continue
    value=${value//"/{pyenvspec-runtime}"/$DEVENV_RUNTIME}
    value=${value//"/{pyenvspec-dotfile}"/$DEVENV_DOTFILE}
    export "$name=${value//"/{pyenvspec-project}"/$DEVENV_ROOT}"
  done < <(compgen -e)
}

pyenvspec_enter_devenv() {
  DEVENV_ROOT=$PYENVSPEC_ROOT
  DEVENV_RUNTIME=$(pyenvspec_runtime_dir)
  # Not one that somebody else made there first.
  if ! mkdir -p "$DEVENV_RUNTIME" || ! chmod 700 "$DEVENV_RUNTIME" 2>/dev/null || [[ ! -O $DEVENV_RUNTIME ]]; then
    DEVENV_RUNTIME=$(mktemp -d /tmp/pyenvspec-XXXXXX)
  fi
  DEVENV_DOTFILE=$DEVENV_ROOT/.devenv
  if ! mkdir -p "$DEVENV_DOTFILE" 2>/dev/null || [[ ! -w $DEVENV_DOTFILE ]]; then
    DEVENV_DOTFILE=$DEVENV_RUNTIME/dotfile # the project is read-only
    mkdir -p "$DEVENV_DOTFILE"
  fi
  if [[ ! -e $DEVENV_DOTFILE/.gitignore ]]; then
    printf '*\n' >"$DEVENV_DOTFILE/.gitignore"
  fi
  DEVENV_STATE=$DEVENV_DOTFILE/state
  export DEVENV_ROOT DEVENV_RUNTIME DEVENV_DOTFILE DEVENV_STATE
  pyenvspec_fill_env
}

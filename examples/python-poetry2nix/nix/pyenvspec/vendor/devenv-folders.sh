# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
# shellcheck shell=bash
#
# Names devenv's folders, which Nix could not know, and fills them in where devenv's modules wrote placeholders.
# Sourced after enter.sh, which sets PYENVSPEC_ROOT, and runtime-folder.sh.

# Fills the placeholders in every exported variable.
pyenvspec_fill_env() {
  local name value
  while IFS= read -r name; do
    value=${!name}
    [[ $value == *"/{pyenvspec-"* ]] || continue
    # Quoted, since bash 5.2 takes a bare & for what was found.
    value=${value//"/{pyenvspec-runtime}"/"$DEVENV_RUNTIME"}
    value=${value//"/{pyenvspec-dotfile}"/"$DEVENV_DOTFILE"}
    value=${value//"/{pyenvspec-project}"/"$DEVENV_ROOT"}
    export "$name=$value"
  done < <(compgen -e)
}

pyenvspec_enter_devenv() {
  DEVENV_ROOT=$PYENVSPEC_ROOT
  DEVENV_RUNTIME=$(pyenvspec_runtime_folder)
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

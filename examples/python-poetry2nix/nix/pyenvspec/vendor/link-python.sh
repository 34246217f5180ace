# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
# shellcheck shell=bash
#
# Keeps a link to the shell's Python where editors and notebooks find it: .pyenvspec/python for the default shell, else
# .pyenvspec/python-VARIANT. Sourced on entry, where Nix makes the environment; a .venv is such a place itself.
#
#   PYENVSPEC_PYTHON   prefix of the environment
#   PYENVSPEC_SHELL    name of the shell

_pyenvspec_link_python() {
  local folder=$PYENVSPEC_ROOT/.pyenvspec link
  link=$folder/python
  [ "$PYENVSPEC_SHELL" = default ] || link=$folder/python-$PYENVSPEC_SHELL
  [ ! "$link" -ef "$PYENVSPEC_PYTHON" ] || return 0
  # A read-only project opens too.
  command mkdir -p -- "$folder" 2>/dev/null && [ -w "$folder" ] || return 0
  [ -e "$folder/.gitignore" ] || printf '*\n' >"$folder/.gitignore"
  command ln -sfn -- "$PYENVSPEC_PYTHON" "$link"
}

_pyenvspec_link_python || :
unset -f _pyenvspec_link_python

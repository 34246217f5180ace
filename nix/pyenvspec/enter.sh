# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
# shellcheck shell=bash
#
# Sets PYENVSPEC_ROOT to the project: the nearest folder upwards that holds env.yaml and what was compiled from it, else the
# one that the shell is entered from. Sourced first on entry, by both kinds of shell.

PYENVSPEC_ROOT=$PWD
while [[ ! -e $PYENVSPEC_ROOT/env.yaml || ! -e $PYENVSPEC_ROOT/nix/pyenvspec/default.nix ]]; do
  if [[ -z $PYENVSPEC_ROOT ]]; then
    PYENVSPEC_ROOT=$PWD
    break
  fi
  PYENVSPEC_ROOT=${PYENVSPEC_ROOT%/*}
done
export PYENVSPEC_ROOT

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

# What Nix's setup hooks leave behind for builds: its own Python packages would come before those of the project, and
# Python would hash as in a build and check compiled files by their content.
unset PYTHONPATH PYTHONHASHSEED DETERMINISTIC_BUILD SOURCE_DATE_EPOCH

# How the shell itself would be built, which nothing here reads.
unset __structuredAttrs builder buildInputs buildPhase cmakeFlags configureFlags depsBuildBuild \
  depsBuildBuildPropagated depsBuildTarget depsBuildTargetPropagated depsHostHost depsHostHostPropagated \
  depsTargetTarget depsTargetTargetPropagated doCheck doInstallCheck dontAddDisableDepTrack HOST_PATH mesonFlags \
  name nativeBuildInputs out outputs patches phases preferLocalBuild propagatedBuildInputs \
  propagatedNativeBuildInputs shell shellHook stdenv strictDeps system

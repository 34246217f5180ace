# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
# shellcheck shell=bash
#
# Sets PYENVSPEC_ROOT to the project: the nearest folder upwards that holds env.yaml and this very shell's module, so that a shell
# opened from within another project leaves that one alone. Where there is none it is the folder that the shell is entered from.
# Sourced first on entry, by both kinds of shell.
#
#   PYENVSPEC_MODULE   the shell's module, nix/pyenvspec/default.nix, as it was when the shell was made

_pyenvspec_is_root() {
  local own found
  [[ -r $1/env.yaml && -r $1/nix/pyenvspec/default.nix ]] || return 1
  IFS= read -r -d '' own <"$PYENVSPEC_MODULE" || :
  IFS= read -r -d '' found <"$1/nix/pyenvspec/default.nix" || :
  [[ $own == "$found" ]]
}

PYENVSPEC_ROOT=$PWD PYENVSPEC_ELSEWHERE=
while ! _pyenvspec_is_root "$PYENVSPEC_ROOT"; do
  if [[ -z $PYENVSPEC_ROOT ]]; then
    PYENVSPEC_ROOT=$PWD
    # Its .venv is not this shell's to make.
    # shellcheck disable=SC2034
    PYENVSPEC_ELSEWHERE=1
    break
  fi
  PYENVSPEC_ROOT=${PYENVSPEC_ROOT%/*}
done
export PYENVSPEC_ROOT
unset -f _pyenvspec_is_root

# `pyenvspec shell` keeps what this shell came from; that it opens is what makes the note good.
if [[ -n ${PYENVSPEC_KEEP-} && -e $PYENVSPEC_KEEP/stamp.new ]]; then
  printf %s "$BASH" >"$PYENVSPEC_KEEP/bash" && command mv -f -- "$PYENVSPEC_KEEP/stamp.new" "$PYENVSPEC_KEEP/stamp"
fi
unset PYENVSPEC_KEEP
# It enters what is kept then; this was to make it.
[[ -z ${PYENVSPEC_ONLY_KEEP-} ]] || exit 0

# What Nix's setup hooks leave behind for builds: its own Python packages would come before those of the project, and
# Python would hash as in a build and check compiled files by their content.
unset PYTHONPATH PYTHONHASHSEED DETERMINISTIC_BUILD SOURCE_DATE_EPOCH

# How the shell itself would be built, which nothing here reads.
unset __structuredAttrs builder buildInputs buildPhase cmakeFlags configureFlags depsBuildBuild \
  depsBuildBuildPropagated depsBuildTarget depsBuildTargetPropagated depsHostHost depsHostHostPropagated \
  depsTargetTarget depsTargetTargetPropagated doCheck doInstallCheck dontAddDisableDepTrack HOST_PATH mesonFlags \
  name nativeBuildInputs out outputs patches phases preferLocalBuild propagatedBuildInputs \
  propagatedNativeBuildInputs shell shellHook stdenv strictDeps system

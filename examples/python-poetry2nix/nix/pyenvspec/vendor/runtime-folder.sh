# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
# shellcheck shell=bash

# Prints a folder for sockets: short, since their paths hold 100 characters, private, and this project's own.
pyenvspec_runtime_folder() {
  local base hash folder
  hash=$(printf '%s' "$PYENVSPEC_ROOT" | cksum)
  for base in "${XDG_RUNTIME_DIR:-}" /tmp; do
    folder=$base/pyenvspec-$UID-${hash%% *}
    [[ $base == /* && -w $base && ${#folder} -le 70 ]] || continue
    # Not one that somebody else made there first, nor a link of theirs.
    if { mkdir -m 700 "$folder" || [[ -d $folder ]]; } 2>/dev/null && [[ ! -L $folder && -O $folder ]]; then
      chmod 700 "$folder"
      printf '%s\n' "$folder"
      return
    fi
  done
  mktemp -d /tmp/pyenvspec-XXXXXX
}

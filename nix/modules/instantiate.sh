# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
# shellcheck shell=bash
# instantiate FILE: prints the path of FILE with the placeholders filled in. Scripts and configuration
# in the store hold them where Nix could not know the project's folder. Copies what differs, and
# whatever names a copy, to $DEVENV_DOTFILE/instances; the rest is used from the store as it is.
set -euo pipefail

# Scripts and configuration files quote in many ways: give them paths that need no quotes.
plain() {
  if [[ $1 == *[!a-zA-Z0-9/._+@:=-]* ]]; then
    ln -sfn "$1" "$DEVENV_RUNTIME/$2"
    printf '%s\n' "$DEVENV_RUNTIME/$2"
  else
    printf '%s\n' "$1"
  fi
}
root=$(plain "$DEVENV_ROOT" project)
dotfile=$(plain "$DEVENV_DOTFILE" dotfile)
instances=$dotfile/instances

store_path='/nix/store/[0-9a-z]{32}-[0-9A-Za-z+._?=-]+(/[0-9A-Za-z+._?=@/-]+)?'
declare -A copies=()

# Sets REPLY to the path to use in place of $1.
instantiate() {
  local file=$1 text filled token
  REPLY=${copies[$file]-$file}
  [[ -z ${copies[$file]-} ]] || return 0
  copies[$file]=$file
  [[ -f $file && $(wc -c <"$file") -lt 262144 ]] && grep -qI . "$file" || return 0

  text=$(<"$file")
  filled=$text
  # the longest first: one path can be the beginning of another
  while IFS= read -r token; do
    instantiate "$token"
    filled=${filled//"$token"/"$REPLY"}
  done < <(grep -oE "$store_path" "$file" | sort -ru)
  filled=${filled//"/{pyenvspec-""runtime}"/"$DEVENV_RUNTIME"}
  filled=${filled//"/{pyenvspec-""dotfile}"/"$dotfile"}
  filled=${filled//"/{pyenvspec-""project}"/"$root"}

  REPLY=$file
  [[ $filled != "$text" ]] || return 0
  REPLY=$instances/${file#/nix/store/}
  copies[$file]=$REPLY
  mkdir -p "${REPLY%/*}"
  printf '%s\n' "$filled" >"$REPLY.$$"
  [[ ! -x $file ]] || chmod +x "$REPLY.$$"
  mv -f "$REPLY.$$" "$REPLY"
}

instantiate "$1"
printf '%s\n' "$REPLY"

#!/bin/sh
# Written by pyenvspec: the image @IMAGE@ in one file. It needs no root, no Nix and no engine, but user namespaces of Linux.
# usage: FILE [COMMAND …]
set -eu
# By the digest, so that another image of the same name is opened beside this one.
digest=@DIGEST@ payload=@LINE@
archives=${PYENVSPEC_ARCHIVES:-${XDG_CACHE_HOME:-$HOME/.cache}/pyenvspec/archives}
root=$archives/$digest

if [ ! -e "$root" ]; then
  echo "opening @IMAGE@ in $root" >&2
  mkdir -p "$archives"
  work=$(mktemp -d "$archives/opening.XXXXXX")
  trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM
  mkdir "$work/layers" "$work/root"
  tail -n "+$payload" "$0" | tar -x -C "$work/layers"
  # In their order: a later layer may write over what an earlier one has.
  for layer in "$work"/layers/*.gz; do
    tar -xz --no-same-owner -C "$work/root" -f "$layer"
  done
  cp "$work/layers/enter" "$work/root/.pyenvspec-enter"
  # Somebody else may have been quicker.
  mv -T "$work/root" "$root" 2>/dev/null || [ -e "$root" ]
  chmod -R u+w "$work"
  rm -rf "$work"
  trap - EXIT INT TERM
fi
[ "${PYENVSPEC_ONLY_OPEN-}" = "" ] || exit 0

unshare --user --map-root-user --mount true 2>/dev/null || {
  echo "this machine does not let you make user namespaces (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces)" >&2
  exit 1
}
# As root of a namespace of its own, who may mount and chroot, and is this user to everything outside of it.
# shellcheck disable=SC2016  # for the shell inside
exec unshare --user --map-root-user --mount --propagation private sh -c '
set -eu
PATH=$PATH:/usr/sbin:/sbin
root=$1
shift
bind() {
  if [ -d "$1" ]; then mkdir -p "$root$2"; else mkdir -p "$root$(dirname "$2")"; touch "$root$2"; fi
  mount --rbind "$1" "$root$2"
}
# The kernel, the devices and the names of machines are not in an image.
for place in /dev /proc /sys /tmp /etc/hosts /etc/resolv.conf; do
  [ ! -e "$place" ] || bind "$place" "$place"
done
for folder in "$HOME" "$PWD"; do
  case $folder in /tmp/* | /) ;; *) bind "$folder" "$folder" ;; esac
done
# The driver, where Apptainer puts it.
for library in $(ldconfig -p 2>/dev/null |
  sed -n "s|.*=> \(/.*/lib\(cuda\|nvidia-[a-z0-9-]*\|nvcuvid\)\.so\.[0-9.]*\)$|\1|p"); do
  bind "$library" "/.singularity.d/libs/${library##*/}"
done
exec chroot "$root" /bin/sh /.pyenvspec-enter "$HOME" "$PWD" "$@"
' sh "$root" "$@"

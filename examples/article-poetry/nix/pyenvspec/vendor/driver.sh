# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
# shellcheck shell=bash
#
# On an ordinary Linux the NVIDIA driver lies in the folder of the host's libc, which must not be searched whole. Links just the
# driver's libraries into a folder of their own, which driver-path.c then finds. Sourced on entry where env.yaml has `cuda`.
# NixOS and WSL have such a folder already; without a driver nothing happens, so a shell opens on a machine without a GPU.

# In a subshell, which is free to change options.
_pyenvspec_link_driver() (
  set +efuC
  shopt -u failglob nullglob
  IFS=$' \t\n'
  cache=${XDG_CACHE_HOME:-${HOME:-}/.cache}
  list=
  [ ! -e /run/opengl-driver/lib/libcuda.so.1 ] && [ ! -e /usr/lib/wsl/lib/libcuda.so.1 ] || return 0
  case $cache in
    /*) ;;
    *) return 0 ;;
  esac
  # By host: homes are shared in clusters, drivers are not. The same name as uname(2) gives to driver-path.c.
  IFS= read -r name </proc/sys/kernel/hostname || return 0
  folder=$cache/pyenvspec/driver/$name
  # Linked since the host last changed its libraries, and still there.
  [ ! "$folder/libcuda.so.1" -ef "$folder/libcuda.so.1" ] || [ ! "$folder" -nt "${PYENVSPEC_LINKER_CACHE:-/etc/ld.so.cache}" ] || return 0
  for tool in ${PYENVSPEC_LDCONFIG:-/sbin/ldconfig /usr/sbin/ldconfig}; do
    [ ! -x "$tool" ] || list=$("$tool" -p 2>/dev/null)
    [ -z "$list" ] || break
  done
  case $list in
    *libcuda.so.1*) ;;
    *) return 0 ;;
  esac
  command mkdir -p -- "$folder" 2>/dev/null || return 0
  command rm -f -- "$folder"/*.so*
  while IFS= read -r line; do
    path=${line##* => }
    name=${path##*/}
    case $line in
      *libc6,x86-64* | *libc6,AArch64*) ;;
      *) continue ;;
    esac
    case $name in
      libcuda.so* | libcudadebugger.so* | libnvcuvid.so* | libnvidia-*.so* | libnvoptix.so* | libnvrm*.so* | libnvos.so* | libnvsci*.so*)
        # The first is the one that the host itself would take.
        [ -e "$folder/$name" ] || command ln -s -- "$path" "$folder/$name" 2>/dev/null || :
        ;;
    esac
  done <<<"$list"
  command touch -- "$folder"
)

_pyenvspec_link_driver || :
unset -f _pyenvspec_link_driver

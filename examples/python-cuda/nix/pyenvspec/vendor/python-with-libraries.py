# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
"""Make a Python that finds given libraries, and hides them from every other program.

In: a CPython's prefix and folders of libraries. Out: a prefix with a copy of its ELF `bin/python3.X` whose
program interpreter is a copy of its own ld.so that reads `<out>/ld.cache` instead of glibc's
`etc/ld.so.cache` (which no nixpkgs glibc has). ld.so asks its cache last: after DT_RPATH, LD_LIBRARY_PATH and
DT_RUNPATH, so what a wheel bundles wins for that wheel. Nothing is passed by environment, so nothing leaks
into what Python starts.

Runs in the build, by the very Python it copies (3.6 or newer), hence no newer syntax.
"""

import argparse
import functools
import importlib.util
import os
import py_compile
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

# Only the driver of the running kernel has a working one of these; toolkits and compat packages ship stubs.
_DRIVERS = re.compile(r"(libcuda|libnvidia-ml)\.so(\.|$)")
_LIBRARY = re.compile(r"lib[^/]+\.so(\.[0-9][^/]*)?$")

# glibc's sysdeps/generic/ldconfig.h, by e_machine: FLAG_ELF_LIBC6 with the ABI's bits.
_ABI_FLAGS = {0x3E: 0x0303, 0xB7: 0x0A03}

_FIND_LIBRARY = """

# Added by pyenvspec: the libraries of env.yaml come first, since no linker or ldconfig knows them.
_PYENVSPEC_LIBRARIES = @names@
_find_library_outside = find_library


def find_library(name):
    return _PYENVSPEC_LIBRARIES.get(name) or _find_library_outside(name)
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", required=True, type=Path, help="prefix of the interpreter to copy")
    parser.add_argument("--executable", required=True, help="its name in bin/, such as python3.11")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument(
        "--needed", action="append", default=[], help="a library to load before Python starts"
    )
    parser.add_argument(
        "--module",
        action="append",
        default=[],
        type=Path,
        help="a folder whose modules join the standard library",
    )
    parser.add_argument("--cache", type=Path, help="where to write the cache (default: OUT/ld.cache)")
    parser.add_argument(
        "--system-cache",
        help="the cache that the original ld.so reads (default: etc/ld.so.cache of its glibc)",
    )
    parser.add_argument("libraries", nargs="*", type=Path, help="folders, the first that has a name wins")
    options = parser.parse_args()
    original = options.python / "bin" / options.executable
    copy = options.out / "bin" / options.executable
    found = find_libraries(options.libraries)
    check_needed(options.needed)
    copy_prefix(options.python, options.out, options.executable, found)
    for folder in options.module:
        add_modules(folder, options.out / "lib" / options.executable)
    shutil.copyfile(str(original), str(copy))
    copy.chmod(0o755)
    give_loader(options, found, copy)
    # patchelf puts each before the others.
    for library in reversed(options.needed):
        _run("patchelf", "--add-needed", library, str(copy))


def check_needed(libraries):
    """Tell here what ld.so would tell at each start of Python, and what there is instead."""
    for library in map(Path, libraries):
        if not library.exists():
            beside = ", ".join(sorted(path.name for path in library.parent.glob("*.so*"))) or "no library"
            sys.exit(f"pyenvspec: preload: there is no {library}; in its folder: {beside}")


def add_modules(folder, standard_library):
    """Link the modules of `folder` into the standard library, which a virtual environment shares."""
    for path in folder.iterdir():
        if not path.name.endswith((".dist-info", ".egg-info")) and path.name != "__pycache__":
            (standard_library / path.name).symlink_to(path)


def give_loader(options, found, copy):
    loader = Path(_run("patchelf", "--print-interpreter", str(copy)))
    cache = options.cache or options.out / "ld.cache"
    cache.write_bytes(render_cache(found, _ABI_FLAGS[_machine(loader)]))
    own_loader = options.out / "lib" / "pyenvspec" / loader.name
    own_loader.parent.mkdir(parents=True)
    own_loader.write_bytes(redirect_cache(loader, cache, options.system_cache))
    own_loader.chmod(0o755)
    _run("patchelf", "--set-interpreter", str(own_loader), str(copy))


def find_libraries(folders):
    """Map each file name in `folders` to its path; without folders of a libc, as two in one process crash."""
    found = {}
    for folder in folders:
        if (folder / "libc.so.6").exists():
            sys.stderr.write(f"pyenvspec: leaving out {folder}: Python brings its own libc\n")
            continue
        for path in sorted(folder.glob("lib*.so*")):
            if _LIBRARY.match(path.name) and not _DRIVERS.match(path.name) and _is_elf(path):
                found.setdefault(path.name, str(path))
    return found


def copy_prefix(prefix, out, executable, found):
    """Link everything but the interpreter, which looks for its standard library beside its own real path."""
    (out / "bin").mkdir(parents=True)
    for path in prefix.iterdir():
        # Its setup hook fills PYTHONPATH, which would shadow what is in a venv.
        if path.name not in ("bin", "lib", "nix-support"):
            (out / path.name).symlink_to(path)
    for path in (prefix / "bin").iterdir():
        if path.name not in (executable, "python", "python3"):
            (out / "bin" / path.name).symlink_to(path)
    for name in ("python", "python3"):
        (out / "bin" / name).symlink_to(executable)
    util = Path("lib", executable, "ctypes", "util.py")
    _link_around(prefix, out, util)
    (out / util).write_text(
        (prefix / util).read_text() + _FIND_LIBRARY.replace("@names@", _render_names(found))
    )
    compile_folder(prefix, out, util)


def compile_folder(prefix, out, changed):
    """Fill the folder's __pycache__ for every level of -O: root's first import would write into a store otherwise.

    What the original has is linked; times mean nothing in a store, so what is made here is not to be checked.
    """
    modes = getattr(py_compile, "PycInvalidationMode", None)
    options = {} if modes is None else {"invalidation_mode": modes.UNCHECKED_HASH}
    (out / changed.parent / "__pycache__").mkdir()
    for path in (out / changed.parent).glob("*.py"):
        for level in ("", 1, 2):
            compiled = Path(importlib.util.cache_from_source(str(path), optimization=level))
            original = prefix / compiled.relative_to(out)
            if path.name != changed.name and original.exists():
                compiled.symlink_to(original)
            else:
                py_compile.compile(
                    str(path), cfile=str(compiled), doraise=True, optimize=int(level or 0), **options
                )


def _link_around(prefix, out, changed):
    """Link the siblings of `changed` and of each folder above it, up to the prefix."""
    for parent in list(changed.parents)[:-1]:
        (out / parent).mkdir(parents=True, exist_ok=True)
        for path in (prefix / parent).iterdir():
            # Compiled files of the folder are about the unchanged source.
            is_stale = parent == changed.parent and path.name == "__pycache__"
            if path.name != changed.name and not is_stale and not _is_above(parent / path.name, changed):
                (out / parent / path.name).symlink_to(path)


def _is_above(path, changed):
    return path in changed.parents


def _render_names(found):
    """`find_library("sndfile")` gives what a program would ask ld.so for: libsndfile.so.1."""
    best = {}
    for file_name in sorted(found, key=lambda name: (name.endswith(".so"), name.count("."), name)):
        best.setdefault(file_name[3:].split(".so")[0], file_name)
    return repr(dict(sorted(best.items())))


def render_cache(found, abi_flags):
    """The bytes of an ld.so.cache as glibc reads since 2.2 (sysdeps/generic/dl-cache.h, `cache_file_new`)."""
    names = sorted(found, key=functools.cmp_to_key(_compare_names), reverse=True)
    header_size, entry_size = 48, 24
    entries, strings = [], b""
    start = header_size + entry_size * len(names)
    for name in names:
        key = start + len(strings)
        strings += os.fsencode(name) + b"\0"
        entries.append(struct.pack("=iIIIQ", abi_flags, key, start + len(strings), 0, 0))
        strings += os.fsencode(found[name]) + b"\0"
    endianness = 2 if sys.byteorder == "little" else 3
    header = struct.pack(
        "=17s3sIIB3x4I", b"glibc-ld.so.cache", b"1.1", len(names), len(strings), endianness, 0, 0, 0, 0
    )
    return header + b"".join(entries) + strings


def _compare_names(left, right):
    """`_dl_cache_libcmp` of glibc: ld.so searches the cache by halves in this order."""
    left_parts, right_parts = _split_name(left), _split_name(right)
    return (left_parts > right_parts) - (left_parts < right_parts)


def _split_name(name):
    # A run of digits sorts after any single character, and by its number.
    return [
        (1, int(part)) if part.isdigit() else (0, ord(part)) for part in re.findall(r"[0-9]+|[^0-9]", name)
    ]


def redirect_cache(loader, cache, system_cache):
    """The bytes of `loader` with the path of its cache replaced, at the same length."""
    old = os.fsencode(system_cache or str(loader.parent.parent / "etc" / "ld.so.cache"))
    new = os.fsencode(str(cache))
    content = loader.read_bytes()
    if old + b"\0" not in content:
        sys.exit(f"pyenvspec: {loader} does not read {os.fsdecode(old)}; please report this and your nixpkgs")
    if len(new) > len(old):
        sys.exit(f"pyenvspec: {cache} is longer than {os.fsdecode(old)}, which it must replace in ld.so")
    folder, name = os.path.split(new)
    return content.replace(old + b"\0", folder + b"/" * (len(old) - len(folder) - len(name)) + name + b"\0")


def _machine(path):
    return struct.unpack_from("=H", path.read_bytes(), 18)[0]


def _is_elf(path):
    # Also leaves out linker scripts and dangling links.
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def _run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode().strip()


if __name__ == "__main__":
    main()

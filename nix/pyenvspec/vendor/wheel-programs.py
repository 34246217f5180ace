# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
"""Give the programs of wheels a loader that is there: NixOS has none where every other Linux has.

In: patchelf, the name of a stamp and, as the Python that runs this, an environment. Programs in it (ruff, cmake,
ptxas, raylet …) whose `/lib64/ld-linux-x86-64.so.2` is missing, or is NixOS' notice that it is, start with this
Python's own loader, which knows the libraries of env.yaml. Each is replaced as a whole: uv links files from its cache,
which must stay as they are.

Runs with every Python that a shell may have (3.6 or newer), hence no newer syntax.
"""

import os
import shutil
import stat
import struct
import subprocess
import sys
import sysconfig
from pathlib import Path

# Of an ELF file: the segment that holds the path of the loader.
_PT_INTERP = 3


def main():
    patchelf, stamp = sys.argv[1:]
    own = read_loader(Path(sys.executable).resolve())
    if own:
        changed = [path for path in find_programs(sys.prefix, own) if give_loader(patchelf, path, own)]
        if changed:
            names = ", ".join(sorted({path.name for path in changed}))
            _say("this system has no loader for programs of wheels; they start with Python's own: " + names)
    # A folder that Python makes at the first import would look like an installation since.
    Path(sysconfig.get_paths()["purelib"], "__pycache__").mkdir(parents=True, exist_ok=True)
    Path(sys.prefix, stamp).write_bytes(b"")


def find_programs(folder, own):
    """Yield the programs below a folder that are of Python's own kind, and whose loader is missing."""
    for place, _, files in os.walk(folder):
        for name in files:
            path = Path(place, name)
            # Links lead to this very Python or out of the environment.
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and status.st_mode & stat.S_IXUSR:
                loader = read_loader(path)
                if loader and loader.name == own.name and is_missing(loader):
                    yield path


def is_missing(loader):
    """NixOS puts a program there that only says so; with nix-ld it is a loader."""
    return not loader.exists() or "-stub-ld" in os.path.realpath(str(loader))


def read_loader(path):
    """Return the loader that a program of 64 bits names, or None."""
    try:
        with path.open("rb") as file:
            # Little-endian, 64 bits: what nixpkgs' systems are. The numbers are places in ELF's headers.
            head = file.read(64)
            if len(head) < 64 or head[:6] != b"\x7fELF\x02\x01":
                return None
            (start,) = struct.unpack_from("<Q", head, 32)
            size, number = struct.unpack_from("<HH", head, 54)
            for index in range(number):
                file.seek(start + index * size)
                entry = file.read(56)
                kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", entry)
                if kind == _PT_INTERP:
                    file.seek(offset)
                    return Path(os.fsdecode(file.read(length).rstrip(b"\0")))
    except (OSError, struct.error):
        pass
    return None


def give_loader(patchelf, path, own):
    new = path.with_name(path.name + ".pyenvspec-new")
    try:
        shutil.copy2(str(path), str(new))
        subprocess.run(
            [patchelf, "--set-interpreter", str(own), str(new)],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        new.replace(path)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "output", None) or str(error).encode()
        _say("could not give {} a loader: {}".format(path, said.decode(errors="replace").strip()))
        if os.path.lexists(str(new)):
            new.unlink()
        return False
    return True


def _say(text):
    sys.stderr.write("pyenvspec: " + text + "\n")


if __name__ == "__main__":
    main()

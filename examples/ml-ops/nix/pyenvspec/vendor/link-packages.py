# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
"""Make one environment of unpacked wheels: `link-packages.py INTERPRETER OUT WHEEL…`.

Folders are real and files are links, so that a library finds those of other wheels beside it, as wheels of CUDA do.
Programs are copies that start this environment's Python.
"""

import os
import subprocess
import sys
from pathlib import Path


def main():
    interpreter, out, *wheels = sys.argv[1:]
    out = Path(out)
    # What differs between venvs made by hand and by Nix is how they were called; nothing else is meant here.
    subprocess.run(
        [interpreter, "-I", "-B", "-m", "venv", "--without-pip", "--symlinks", str(out)], check=True
    )
    for name in ("Activate.ps1", "activate", "activate.csh", "activate.fish"):
        (out / "bin" / name).unlink()
    if (out / "lib64").is_symlink():
        (out / "lib64").unlink()
    for wheel in wheels:
        _link(Path(wheel), out)
    for program in sorted((out / "bin").iterdir()):
        if not program.name.startswith("python") and program.is_symlink():
            _copy_program(program, out)
    return 0


def _link(source, target):
    for path in sorted(source.iterdir()):
        place = target / path.name
        if path.is_dir() and not path.is_symlink():
            place.mkdir(exist_ok=True)
            _link(path, place)
        # The same file in several wheels is empty, or the same.
        elif not place.exists():
            place.symlink_to(path)


def _copy_program(program, out):
    """Scripts of wheels start the Python that unpacked them; give them ours."""
    content = program.read_bytes()
    if not content.startswith(b"#!"):
        return
    first, _, rest = content.partition(b"\n")
    if b"python" not in first and not rest.startswith(b"'''exec' "):
        return
    if rest.startswith(b"'''exec' "):
        # The form for long paths and blanks: #!/bin/sh, then a line that is text to Python.
        rest = rest.split(b"\n", 2)[2]
    program.unlink()
    program.write_bytes(b"#!" + os.fsencode(str(out / "bin" / "python")) + b"\n" + rest)
    program.chmod(0o755)


if __name__ == "__main__":
    sys.exit(main())

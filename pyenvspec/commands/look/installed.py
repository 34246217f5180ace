"""The Python packages of a .venv, read from its files: nothing of it is run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.facts.packages import normalise

if TYPE_CHECKING:
    from pathlib import Path

# `flash_attn-2.5.8.dist-info`; setup.py writes `foo-1.0-py3.11.egg-info`. The names say enough: importlib.metadata
# would open a file for each of some hundred packages.
#
# Nothing but names and versions: they go to uv, whose options begin with a dash and go on behind a blank.
_DIST_INFO = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?)-(?P<version>[A-Za-z0-9.+!_]+)(?:-py[0-9.]+)?\.(?:dist|egg)-info"
)


_MOST_BYTES = 64 * 1024


def installed_packages(venv: Path) -> dict[str, str]:
    """Return the version of each package by its name; none where there is no .venv."""
    versions: dict[str, str] = {}
    for path in sorted(venv.glob("lib/python3.*/site-packages/*-info")):
        match = _DIST_INFO.fullmatch(path.name)
        if match:
            versions[normalise(match["name"])] = match["version"]
    return dict(sorted(versions.items()))


def venv_python(venv: Path) -> str | None:
    """Return the version of a .venv's Python as it was made, or None."""
    # A .venv may be a link to another disk, so that what it leads to is read wherever it lies; but plain files only,
    # and no more than they have, since a stranger's project may bring a device under that name.
    config = venv / "pyvenv.cfg"
    try:
        if not config.is_file():
            return None
        with config.open("rb") as stream:
            text = stream.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
    # `version = 3.12.4` by venv; uv and virtualenv write `version_info = 3.12.4.final.0`.
    match = re.search(r"^version(?:_info)?\s*=\s*([0-9.]+)", text, re.MULTILINE)
    return match[1].rstrip(".") if match else None


def size_of(path: Path) -> int:
    """Return the bytes of a folder or file on the disk; links count as themselves, files with several names once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    paths = [path, *path.rglob("*")] if path.is_dir() and not path.is_symlink() else [path]
    for entry in paths:
        try:
            status = entry.lstat()
        except OSError:  # gone since it was listed
            continue
        if (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            total += (
                status.st_blocks * 512
            )  # POSIX counts st_blocks so, whatever the file system's blocks are
    return total


def show_size(size: int) -> str:
    """Return bytes for people."""
    amount = float(size)
    for unit in ("B", "KB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"

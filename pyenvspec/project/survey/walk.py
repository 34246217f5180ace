"""The files of a folder, nearest first, and the folders below that are projects of their own."""

from __future__ import annotations

import fnmatch
import os
import posixpath
from typing import TYPE_CHECKING

from pyenvspec.project.survey.source import Below

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOST_FILES = 5000
"""A folder of data would be walked for minutes; a project's own files lie nearest, and come first."""
DEPTH = 3
"""Of scripts and projects; the walk goes on below, since kernels of CUDA lie deep in a package."""
_DEEPEST = 6
# Of tools and of others; a folder `env` is not among them, since conda files lie there.
_SKIPPED = {
    "node_modules",
    "site-packages",
    "__pycache__",
    "build",
    "dist",
    "venv",
    "data",
    "third_party",
}
# What a folder has that is a project of its own.
_MARKS = (
    "pyproject.toml",
    "setup.py",
    "requirements.txt",
    "environment.yml",
    "environment.yaml",
    "Pipfile",
    "uv.lock",
)


def walk(root: Path) -> Iterator[str]:
    """Yield the paths below `root`, nearest first, as far as a project's own files lie; no link is followed."""
    # Breadth first, so that a folder of a million files far below does not use up what may be looked at.
    count, waiting = 0, [""]
    while waiting and count < _MOST_FILES:
        folder = waiting.pop(0)
        try:
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError:  # a folder of another user's, as on shared disks
            continue
        for entry in entries:
            count += 1
            path = posixpath.join(folder, entry.name)
            if entry.is_dir(follow_symlinks=False):
                is_own = not entry.name.startswith(".") or entry.name == ".devcontainer"
                # Whatever its name; conda files often lie in a folder `env`, which is also a usual name of a .venv.
                is_environment = (root / path / "pyvenv.cfg").exists()
                is_skipped = entry.name in _SKIPPED or is_environment
                if is_own and not is_skipped and path.count("/") < _DEEPEST:
                    waiting.append(path)
            elif path.isprintable():  # names are shown in messages, and written into env.yaml
                yield path


def matching(files: list[str], pattern: str) -> list[str]:
    # By hand, since `*` of fnmatch matches `/` too. With case: Linux has requirements.txt and Requirements.txt.
    depth = pattern.count("/")
    return [file for file in files if file.count("/") == depth and fnmatch.fnmatchcase(file, pattern)]


def projects_below(files: list[str]) -> tuple[Below, ...]:
    """The folders that hold a project of their own, where the folder itself holds none."""
    if any(file in _MARKS for file in files):
        return ()
    marked: dict[str, list[str]] = {}
    for file in files:
        if 0 < file.count("/") <= DEPTH and posixpath.basename(file) in _MARKS:
            marked.setdefault(posixpath.dirname(file), []).append(posixpath.basename(file))
    return tuple(Below(folder, tuple(sorted(names))) for folder, names in sorted(marked.items()))

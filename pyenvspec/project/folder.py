"""What lies in the project folder beside env.yaml: the locks and project files that decide the manager.

Looks, never writes. The result is data, so that the passes after it touch no files.
"""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING

from pyenvspec.project.files import is_plain_file, read_project_file
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from pyenvspec.spec.model import ShellSpec

LOOKED_FOR = ("pyproject.toml", "poetry.lock", "uv.lock", "requirements.txt", "pylock.toml")


@dataclass(frozen=True)
class ProjectFolder:
    """The folder as far as compiling needs it.

    `files` are the project files found in the folder that `python.project` names, `present` those of the
    paths named in env.yaml that exist, `has_poetry_section` whether pyproject.toml is poetry's, `submodules` the
    folders that are git repositories of their own.
    """

    folder: str
    files: frozenset[str]
    present: frozenset[str] = frozenset()
    has_poetry_section: bool = False
    submodules: tuple[str, ...] = ()

    def is_in_submodule(self, path: str) -> bool:
        """Return whether a relative path lies in a git submodule, which Nix leaves out unless told otherwise."""
        path = posixpath.normpath(path)
        return any(path == folder or path.startswith(f"{folder}/") for folder in self.submodules)


def look_at_folder(root: Path, project: str, named: tuple[str, ...]) -> ProjectFolder:
    """Return what is in `root`; `named` are the relative paths that env.yaml names."""
    # Strings rather than Paths: every compile looks here, and a Path takes longer to make than the look.
    files = frozenset(name for name in LOOKED_FOR if is_plain_file(root, os.path.join(project, name)))  # noqa: PTH118
    present = frozenset(path for path in named if os.path.exists(os.path.join(root, path)))  # noqa: PTH110, PTH118
    has_poetry_section = False
    if "pyproject.toml" in files:
        content = read_project_file(root, os.path.join(project, "pyproject.toml")) or b""  # noqa: PTH118
        # Not read as TOML: every compile would pay for it, and what is broken is told where it is needed.
        # Blanks rather than `\s`, which takes line ends too, and walks over a million empty lines from each of them.
        section = rb"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*poetry\b"
        has_poetry_section = re.search(section, content, re.MULTILINE) is not None
    return ProjectFolder(root.resolve().name, files, present, has_poetry_section, _find_submodules(root))


def _find_submodules(root: Path) -> tuple[str, ...]:
    content = read_project_file(root, ".gitmodules") if is_plain_file(root, ".gitmodules") else None
    # `	path = third_party/apex`, in quotes where it holds a `;` or `#`
    paths = re.findall(r"^[ \t]*path[ \t]*=(.*)$", (content or b"").decode(errors="replace"), re.MULTILINE)
    return tuple(sorted({posixpath.normpath(path.strip().strip('"')) for path in paths if path.strip()}))


def effective_manager(shell: ShellSpec, project: ProjectFolder) -> str:
    """Return the manager in use: the one asked for, else from the lock or project file found, else pip."""
    manager = shell.spec.python.manager
    if manager is not None:
        return manager
    # A lock that somebody made says more than tables that several tools read.
    if "uv.lock" in project.files:
        return "uv"
    if "poetry.lock" in project.files or project.has_poetry_section:
        return "poetry"
    # A requirements.txt beside pyproject.toml is mostly the real list, and pyproject.toml configures tools.
    return "uv" if "pyproject.toml" in project.files and "requirements.txt" not in project.files else "pip"


def lock_kind(shell: ShellSpec, project: ProjectFolder) -> str | None:
    """Return the kind of lock from which Nix makes the packages of a .venv as well: `uv`, `poetry`, `pylock`, or None.

    It need not be there yet: Nix looks for it whenever it makes an image. A .venv of pip mostly has none.
    """
    manager = effective_manager(shell, project)
    if manager != "pip":
        return manager if manager in ("uv", "poetry") else None
    named = (shell.spec.python.requirements or "").endswith(".toml")
    return "pylock" if named or "pylock.toml" in project.files or shell.spec.containers else None

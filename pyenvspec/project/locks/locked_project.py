"""A lock with the pyproject.toml beside it, read from the project's folder."""

from __future__ import annotations

import gc
import posixpath
import shlex
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING, Any

import tomli

from pyenvspec.facts.packages import normalise
from pyenvspec.project.files import read_project_file
from pyenvspec.project.locks.problem import problem
from pyenvspec.project.tables import table_at
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyenvspec.project.locks.model import PackageLock
    from pyenvspec.project.tables import Table

LOCK_OF_MANAGER = {"poetry2nix": "poetry.lock", "uv2nix": "uv.lock", "poetry": "poetry.lock", "uv": "uv.lock"}

LockedProjects = dict[str, "LockedProject"]
"""The lock of each shell, by the shell's name; shells of other managers have none."""


@dataclass(frozen=True)
class LockedProject:
    """The lock of one manager in one folder, and the project that it is for.

    `folder` is relative to env.yaml; `lock` is None where there is no file.
    """

    manager: str
    folder: str
    lock: PackageLock | None
    pyproject: dict[str, Any] = field(repr=False)

    @property
    def lock_file(self) -> str:
        """The lock's name as the user knows it."""
        return _shown(self.folder, LOCK_OF_MANAGER[self.manager])

    @property
    def project_file(self) -> str:
        """The name of pyproject.toml as the user knows it."""
        return _shown(self.folder, "pyproject.toml")

    @property
    def relock(self) -> str:
        """The command that makes the lock anew."""
        return relock_command(LOCK_OF_MANAGER[self.manager], self.folder)

    def part(self, *keys: str) -> Table:
        """Return a table of pyproject.toml, empty where it is missing or something else."""
        return table_at(self.pyproject, *keys)

    @property
    def name(self) -> str | None:
        """The project's own name, normalised."""
        typed = self.part("project").get("name") or self.part("tool", "poetry").get("name")
        return normalise(typed) if isinstance(typed, str) else None


def relock_command(lock: str, folder: str) -> str:
    """Return the one command that makes a lock anew, to be run in the folder of env.yaml."""
    tool = lock.removesuffix(".lock")  # uv.lock and poetry.lock are named for their tools
    # poetry runs in that folder; uv stays here, and only takes the project from there.
    option = {"poetry": "-C", "uv": "--project"}[tool]
    return f"{tool} lock" if folder == "." else " ".join((tool, "lock", option, shlex.quote(folder)))


def read_locked_project(root: Path, manager: str, folder: str) -> LockedProject:
    """Read lock and pyproject.toml of a lock-file manager; raises `PackageLockError` where they cannot be read."""
    folder = posixpath.normpath(folder)
    name = LOCK_OF_MANAGER[manager]
    file, relock = _shown(folder, name), relock_command(name, folder)
    data = read_project_file(root, file)
    pyproject = _read_pyproject(root, folder, manager, needed=data is not None)
    if data is None:
        return LockedProject(manager, folder, None, pyproject)
    # Most new projects have no lock yet: what reads one is imported with it.
    from pyenvspec.project.locks import poetry, uv
    from pyenvspec.project.locks.toml import load_toml

    read = poetry.read_poetry if name == "poetry.lock" else uv.read_uv
    # The text goes along: findings are told at their line, which TOML readers do not keep.
    with _without_collector():
        document, text = load_toml(data, file, relock)
        return LockedProject(manager, folder, read(document, file, text), pyproject)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Pause the garbage collector: a lock is a million small objects and none of them is garbage yet."""
    was_enabled = gc.isenabled()  # __main__ may have paused it for the whole run
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read_pyproject(root: Path, folder: str, manager: str, *, needed: bool) -> Table:
    file = _shown(folder, "pyproject.toml")
    data = read_project_file(root, file)
    if data is None and not needed:
        return {}
    if data is None:
        tool = LOCK_OF_MANAGER[manager].removesuffix(".lock")
        message = f"{manager} needs {file}, and there is none"
        hint = f"write one with `{tool} init`, or name its folder under `python.project`"
        raise problem("package-lock-project", message, file, hint=hint)
    try:
        return tomli.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise problem("package-lock-project", f"{file} is not valid TOML: {error}", file) from None


def _shown(folder: str, name: str) -> str:
    return name if folder == "." else f"{folder}/{name}"

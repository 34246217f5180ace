"""Checks of what poetry and uv install a .venv from: pyproject.toml, and its lock where there is one.

The tool itself would say most of it, but on entry, and then the shell is there without its packages. What the tool
mends by one command in that shell is a warning; what no command mends is an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.checking.context import CheckContext
from pyenvspec.diagnostics import Diagnostic, Severity
from pyenvspec.project.files import read_project_file
from pyenvspec.project.locks.constraints import allows_python
from pyenvspec.project.locks.locked_project import read_locked_project

if TYPE_CHECKING:
    from pathlib import Path

    from pyenvspec.diagnostics import Diagnostics
    from pyenvspec.project.locks.locked_project import LockedProject
    from pyenvspec.spec.model import SpecFile

# Tables of pyproject.toml that uv installs from; poetry's own is one of them for poetry only.
_TABLES = {
    "uv": (
        ("project",),
        ("tool", "uv", "workspace"),
        ("dependency-groups",),
        ("tool", "uv", "dev-dependencies"),
    ),
    "poetry": (("project",), ("tool", "poetry")),
}


def check_venvs(root: Path, file: SpecFile, managers: dict[str, str], findings: Diagnostics) -> None:
    """Check each shell of poetry and uv against its pyproject.toml and lock."""
    from pyenvspec.project.locks.problem import PackageLockError

    # Variants mostly share one lock, and a long one takes a while to read.
    read: dict[tuple[str, str], LockedProject | None] = {}
    for shell in file.shells:
        manager = managers[shell.name]
        if manager not in _TABLES:
            continue
        key = (manager, shell.spec.python.project)
        if key not in read:
            try:
                read[key] = read_locked_project(root, *key)
            except PackageLockError as error:
                read[key] = None
                for diagnostic in error.diagnostics:
                    findings.add(_weighed(diagnostic))
        project = read[key]
        if project is not None:
            _VenvCheck(CheckContext(file, shell, findings), project, root).run()


def _weighed(diagnostic: Diagnostic) -> Diagnostic:
    """A format newer than those known here may be one that the tool knows."""
    from dataclasses import replace

    is_newer = diagnostic.code == "package-lock-format"
    return replace(diagnostic, severity=Severity.WARNING) if is_newer else diagnostic


class _VenvCheck:
    """The checks of one shell with a .venv of poetry or uv."""

    def __init__(self, context: CheckContext, project: LockedProject, root: Path) -> None:
        self.context, self.shell, self.project, self.root = context, context.shell, project, root

    def run(self) -> None:
        """Tell what keeps the packages from being installed."""
        if not self._has_project():
            self._tell_no_project()
            return
        is_allowed = self._check_python_of_project()
        if self.project.lock is not None:
            # A project that is new has no lock, and what reads one takes a while to import.
            from pyenvspec.checking.venv_locks import VenvLockCheck

            VenvLockCheck(self.context, self.project).run(self.project.lock, is_python_allowed=is_allowed)

    def _has_project(self) -> bool:
        tables = (self.project.part(*keys[:-1]).get(keys[-1]) for keys in _TABLES[self.project.manager])
        return any(table is not None for table in tables)

    def _tell_no_project(self) -> None:
        manager, file = self.project.manager, self.project.project_file
        other = "poetry" if manager == "uv" else "uv"
        # `--bare`: no README, no main.py, no .python-version in a project that has its own files.
        make = f"{manager} init --bare" if manager == "uv" else "poetry init"
        if not self.project.pyproject:
            message = (
                f"manager {manager} takes the packages from {file}, and there is none: nothing is installed"
            )
            hint = f"run `{make}` in `pyenvspec shell`, or write `manager: pip` for a requirements file"
        else:
            table = "[project]" if manager == "uv" else "[project] or [tool.poetry]"
            message = f"manager {manager} reads {table} of {file}, and there is none: nothing is installed"
            own = ("tool", "poetry") if manager == "uv" else ("tool", "uv")
            hint = "write `name`, `version` and `dependencies` under [project], or `manager: pip` in env.yaml"
            if self.project.part(*own):
                hint = f"write `manager: {other}`, whose tables it has"
        path = ("python", "manager") if self.shell.spec.python.manager else ("python",)
        self.context.add(
            "package-lock-project", path, message, expected="a project", hint=hint, severity=Severity.WARNING
        )

    def _check_python_of_project(self) -> bool:
        """Tell of a Python that pyproject.toml excludes; return whether it is allowed."""
        version = self.shell.spec.python.version
        is_of_poetry = self.project.manager == "poetry"
        of_poetry = (
            self.project.part("tool", "poetry", "dependencies").get("python") if is_of_poetry else None
        )
        for key, constraint in (
            ("requires-python", self.project.part("project").get("requires-python")),
            ("python", of_poetry),
        ):
            if isinstance(constraint, str) and allows_python(constraint, version) is False:
                place = self._place_of(key)
                self.context.add(
                    "package-lock-python",
                    ("python", "version"),
                    f"{self.project.project_file} is for Python `{constraint}`, which {version} is not",
                    expected=f"a Python of `{constraint}`",
                    hint=f"change `python.version`, or `{key}` in {place}",
                )
                return False
        return True

    def _place_of(self, key: str) -> str:
        file = self.project.project_file
        text = (read_project_file(self.root, file) or b"").decode("utf-8", "replace")
        match = re.search(rf"^[ \t]*{re.escape(key)}[ \t]*=", text, re.MULTILINE)
        return f"{file}:{text.count(chr(10), 0, match.start()) + 1}" if match else file

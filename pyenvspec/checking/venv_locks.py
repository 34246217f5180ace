"""Checks of a lock that poetry or uv installs a .venv from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.checking.build_after import check_build_after
from pyenvspec.checking.lock_check import LockCheck
from pyenvspec.diagnostics import Severity
from pyenvspec.project.locks.stale import find_difference

if TYPE_CHECKING:
    from pyenvspec.project.locks.model import PackageLock


class VenvLockCheck(LockCheck):
    """The checks of the lock of one shell."""

    def run(self, lock: PackageLock, *, is_python_allowed: bool) -> None:
        """Tell what keeps the packages from being installed; `is_python_allowed` by pyproject.toml."""
        difference = find_difference(self.project)
        # With a stale lock the tool stops before all else: what else is wrong with it may be gone with the new one.
        if difference is not None:
            self._say_stale(
                f"{difference}: {self.project.manager} installs nothing from it", Severity.WARNING
            )
            return
        if is_python_allowed:
            self._check_python(lock)
        # uv.lock holds groups and extras of a project below its name; without one they cannot be looked for.
        if self.project.name is not None or lock.tool == "poetry":
            self._check_groups(lock)
            self._check_conflicts(lock)
        check_build_after(self, lock)

    def _relock(self) -> str:
        command = self.project.relock
        in_shell = "pyenvspec shell -- " + command
        return f"`{command}` (without {command.split()[0]} here: `{in_shell}`)"

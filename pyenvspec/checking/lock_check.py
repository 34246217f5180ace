"""A shell against the lock that it is made from: what the managers of Nix and those of a .venv have in common."""

from __future__ import annotations

import re
import shlex
from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, Severity, Span
from pyenvspec.facts.packages import normalise
from pyenvspec.facts.systems import DEFAULT, default_systems
from pyenvspec.names import closest
from pyenvspec.project.locks.available import find_unavailable
from pyenvspec.project.locks.constraints import allows_python
from pyenvspec.project.locks.wheels import fits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenvspec.checking.context import CheckContext
    from pyenvspec.project.locks.locked_project import LockedProject
    from pyenvspec.project.locks.model import LockedPackage, PackageLock


class LockCheck(ABC):
    """The checks of one shell."""

    def __init__(self, context: CheckContext, project: LockedProject) -> None:
        self.context, self.shell, self.project = context, context.shell, project

    @cached_property
    def _lines(self) -> list[str]:
        # Once: a lock has some 10,000 lines, and with a Python that is too new a finding for each package.
        return self.project.lock.text.split("\n") if self.project.lock is not None else []

    @abstractmethod
    def _relock(self) -> str:
        """Return the command that makes the lock anew, and the same without the tool."""

    def _check_python(self, lock: PackageLock) -> None:
        version = self.shell.spec.python.version
        if lock.python and allows_python(lock.python, version) is False:
            self.context.add(
                "package-lock-python",
                ("python", "version"),
                f"{lock.file} is for Python `{lock.python}`, which {version} is not",
                expected=f"a Python of `{lock.python}`",
                hint=f"change `python.version`, or the Python that {self.project.project_file} asks for",
            )
            return
        # Each system that is named has to do; of the default ones those that do not are left out, as long as one does.
        if self.shell.spec.systems is not None:
            self._tell_unavailable(self.shell.spec.systems, len(self.shell.spec.systems))
            return
        self._tell_unavailable(default_systems(cuda=self.shell.spec.cuda is not None), 1)

    def _tell_unavailable(self, systems: tuple[str, ...], enough: int) -> None:
        """Tell packages that cannot be had, unless everything can be had on `enough` of the systems."""
        missing = find_unavailable(self.project, self.shell.spec, systems)
        if len(systems) - len({one.system for one in missing}) >= enough:
            return
        by_package: dict[tuple[str, str], list[str]] = {}
        for one in missing:
            by_package.setdefault((one.package.name, one.package.version), []).append(one.system)
        for (name, version), lacking in by_package.items():
            where = "" if lacking == list(systems) else f" on {', '.join(lacking)}"
            message = f"{name} {version} has no wheel for Python {self.shell.spec.python.version}{where}, and no sdist"
            hint = f"take another version of it (`{self._add(name)}`) or another `python.version`"
            if where:
                hint = (
                    f"take {', '.join(lacking)} from `systems`, or add a marker to the requirement of {name}"
                )
            elif self._fits_elsewhere(name, version):
                hint = f"give it a marker for the systems that it exists for, or {hint}"
            self._say_of_package("package-lock-no-wheel", name, message, hint)

    def _fits_elsewhere(self, name: str, version: str) -> bool:
        assert self.project.lock is not None
        python = self.shell.spec.python.version
        entries = (p for p in self.project.lock.find(name) if p.version == version)
        return any(fits(w, python, s) for p in entries for w in p.wheels for s in DEFAULT)

    def _add(self, name: str) -> str:
        return f"{self.project.relock.split()[0]} add {shlex.quote(f'{name}>…')}"

    def _check_groups(self, lock: PackageLock) -> None:
        python = self.shell.spec.python
        for key, names, known in (
            ("groups", python.groups, self._known_groups(lock)),
            ("extras", python.extras, self._known_extras(lock)),
        ):
            for index, name in enumerate(names):
                if normalise(name) not in {normalise(one) for one in known}:
                    near = closest(name, known) if known else None
                    listed = (
                        f"one of {', '.join(sorted(known))}"
                        if known
                        else f"{self.project.project_file} has none"
                    )
                    self.context.add(
                        "package-lock-unknown-group",
                        ("python", key, index),
                        f"{self.project.project_file} has no {key.removesuffix('s')} `{name}`",
                        expected=f"did you mean `{near}`?" if near else listed,
                    )

    def _check_conflicts(self, lock: PackageLock) -> None:
        """Tell extras and groups of which uv installs at most one; in Nix they end as an infinite recursion."""
        python, own = self.shell.spec.python, self.project.name or ""
        choices = [(("python", "extras", i), "extra", name) for i, name in enumerate(python.extras)]
        choices += [(("python", "groups", i), "group", name) for i, name in enumerate(python.groups)]
        for conflict in lock.conflicts:
            chosen = [
                (path, kind, name) for path, kind, name in choices if (kind, own, normalise(name)) in conflict
            ]
            for path, kind, name in chosen[1:]:
                first = f"the {chosen[0][1]} `{chosen[0][2]}`"
                self.context.add(
                    "package-lock-conflicting-extras",
                    path,
                    f"the {kind} `{name}` and {first} exclude each other, says {lock.file}",
                    expected="one of them in each shell",
                    hint=f"make another shell of it: `variants: {{{name}: {{python: {{{kind}s: [{name}]}}}}}}`",
                )

    def _known_groups(self, lock: PackageLock) -> set[str]:
        # `dev-dependencies` of both tools are from before there were groups, and make a group `dev`. uv.lock names the
        # groups; poetry.lock of most versions does not, and `main` is what poetry calls the dependencies themselves.
        if lock.tool == "uv":
            own = {group for package in self._own(lock) for group, _ in package.groups}
            old = {"dev"} if "dev-dependencies" in self.project.part("tool", "uv") else set()
            return own | old | set(self.project.part("dependency-groups"))
        old = {"dev"} if "dev-dependencies" in self.project.part("tool", "poetry") else set()
        groups = self.project.part("tool", "poetry", "group")
        return {"main"} | set(groups) | old | set(self.project.part("dependency-groups"))

    def _known_extras(self, lock: PackageLock) -> set[str]:
        own = (
            {extra for package in self._own(lock) for extra, _ in package.extras}
            if lock.tool == "uv"
            else set()
        )
        poetry = self.project.part("tool", "poetry", "extras")
        return own | set(poetry) | set(self.project.part("project", "optional-dependencies"))

    def _own(self, lock: PackageLock) -> Iterable[LockedPackage]:
        return lock.find(self.project.name or "")

    def _say_of_lock(
        self, code: str, message: str, *, hint: str, severity: Severity = Severity.ERROR
    ) -> None:
        self.context.findings.add(
            Diagnostic(code, message, self.project.lock_file, hint=hint, severity=severity)
        )

    def _say_stale(self, difference: str, severity: Severity = Severity.ERROR) -> None:
        lock = self.project.lock
        assert lock is not None
        # The line that went stale, to show where the lock says for which pyproject.toml it is.
        pattern = r"^content-hash\b.*" if lock.tool == "poetry" else r"^requires-python\b.*"
        match = re.search(pattern, lock.text, re.MULTILINE)
        hint = f"run {self._relock()}"
        if match is None:
            self._say_of_lock("package-lock-stale", difference, hint=hint, severity=severity)
            return
        number = lock.text.count("\n", 0, match.start()) + 1
        span = Span(number, 1, number, len(match[0]) + 1)
        self.context.findings.add(
            Diagnostic(
                "package-lock-stale", difference, lock.file, span, match[0], hint=hint, severity=severity
            )
        )

    def warn_of_package(self, code: str, name: str, message: str, hint: str) -> None:
        """Keep a warning about an entry of the lock."""
        self._say_of_package(code, name, message, hint, Severity.WARNING)

    def _say_of_package(
        self, code: str, name: str, message: str, hint: str, severity: Severity = Severity.ERROR
    ) -> None:
        lock = self.project.lock
        assert lock is not None
        number = lock.line_of(name)
        if number is None:
            self._say_of_lock(code, message, hint=hint, severity=severity)
            return
        line = self._lines[number - 1]
        span = Span(number, 1, number, len(line) + 1)
        self.context.findings.add(
            Diagnostic(code, message, lock.file, span, line, hint=hint, severity=severity)
        )

"""Checks of a lock against env.yaml and pyproject.toml, for the lock-file managers: findings out, nothing changed.

What Nix would tell twenty minutes into a build is told here, with the package's name.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, Diagnostics, Severity, Span
from pyenvspec.names import closest
from pyenvspec.project.locks.available import find_missing
from pyenvspec.project.locks.constraints import allows_python
from pyenvspec.project.locks.locked_project import read_locked_project
from pyenvspec.project.locks.model import normalise
from pyenvspec.project.locks.stale import find_difference
from pyenvspec.project.locks.wheels import fits
from pyenvspec.raw import locate
from pyenvspec.spec.model import LOCK_MANAGERS
from pyenvspec.systems import DEFAULT, default_systems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pyenvspec.diagnostics import KeyPath
    from pyenvspec.project.locks.locked_project import LockedProject, LockedProjects
    from pyenvspec.project.locks.model import LockedPackage, PackageLock
    from pyenvspec.spec.model import ShellSpec, SpecFile

# Indices that everyone may read; what is asked of netrc does not concern them.
_PUBLIC = ("pytorch.org", "nvidia.com")


def read_locks(root: Path, file: SpecFile, managers: Mapping[str, str], found: Diagnostics) -> LockedProjects:
    """Read the locks that the file's shells need; those that cannot be read are findings."""
    from pyenvspec.project.locks.problem import PackageLockError

    locks: LockedProjects = {}
    for shell in file.shells:
        if managers[shell.name] in LOCK_MANAGERS:
            try:
                locks[shell.name] = read_locked_project(root, managers[shell.name], shell.spec.python.project)
            except PackageLockError as error:
                for diagnostic in error.diagnostics:
                    found.add(diagnostic)
    return locks


def check_locks(file: SpecFile, locks: LockedProjects, found: Diagnostics) -> None:
    """Check each shell against its lock."""
    for shell in file.shells:
        project = locks.get(shell.name)
        if project is not None:
            LockCheck(file, shell, project, found).run()


def _through_nix(command: str) -> str:
    tool, rest = command.split(" ", 1)
    return " ".join(("nix run", f"nixpkgs#{tool}", "--", rest))


class LockCheck:
    """The checks of one shell."""

    def __init__(self, file: SpecFile, shell: ShellSpec, project: LockedProject, found: Diagnostics) -> None:
        self.file, self.shell, self.project, self.found = file, shell, project, found

    def run(self) -> None:
        """Tell what Nix could not build."""
        self._check_project()
        lock = self.project.lock
        if lock is None:
            self._tell_missing()
            return
        if (difference := find_difference(self.project)) is not None:
            self._say_stale(difference)
        self._check_python(lock)
        self._check_names(lock)
        self._check_groups(lock)
        self._check_conflicts(lock)
        self._check_sources(lock)
        self._check_places(lock)
        self._check_indices(lock)

    def _check_project(self) -> None:
        project = self.project
        has_poetry = "name" in project.part("tool", "poetry")
        has_project = "name" in project.part("project")
        if project.manager == "uv2nix" and not has_project:
            message, wanted = f"uv2nix reads [project] of {project.project_file}, and there is none", "uv2nix"
            hint = "write `name`, `version` and `dependencies` under [project]"
        elif project.manager == "poetry2nix" and not has_poetry and not has_project:
            message = f"{project.project_file} has no name, under [project] or [tool.poetry]"
            wanted, hint = "poetry2nix", "run `poetry init`"
        else:
            return
        if has_poetry and wanted == "uv2nix":
            hint = "poetry's own tables are for manager poetry2nix; `uvx migrate-to-uv` turns them into [project]"
        # Without a lock the project is still to be moved to this manager.
        severity = Severity.WARNING if project.lock is None else Severity.ERROR
        self.found.add(
            Diagnostic("package-lock-project", message, project.project_file, hint=hint, severity=severity)
        )

    def _tell_missing(self) -> None:
        file = self.project.lock_file
        message = f"manager {self.project.manager} takes every package from {file}, and there is none"
        # poetry of the flake makes the first lock, so the flake has to be there before it.
        hint = f"run {self._relock()}, then compile again"
        self.found.add(
            Diagnostic("package-lock-missing", message, file, hint=hint, severity=Severity.WARNING)
        )

    def _relock(self) -> str:
        tool = self.project.relock.split(" ", 1)[0]
        return f"`{self.project.relock}` (without {tool} here: `{_through_nix(self.project.relock)}`)"

    def _check_python(self, lock: PackageLock) -> None:
        version = self.shell.spec.python.version
        if lock.python and allows_python(lock.python, version) is False:
            self._say(
                "package-lock-python",
                ("python", "version"),
                f"{lock.file} is for Python `{lock.python}`, which {version} is not",
                expected=f"a Python of `{lock.python}`",
                hint=f"change `python.version`, or the Python that {self.project.project_file} asks for",
            )
            return
        if self.shell.spec.systems is not None:
            self._tell_unavailable(self.shell.spec.systems, len(self.shell.spec.systems))
            return
        self._tell_unavailable(default_systems(cuda=self.shell.spec.cuda is not None), 1)

    def _tell_unavailable(self, systems: tuple[str, ...], enough: int) -> None:
        """Tell packages that cannot be had, unless everything can be had on `enough` of the systems."""
        missing = find_missing(self.project, self.shell.spec, systems)
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

    def _check_names(self, lock: PackageLock) -> None:
        spec = self.shell.spec
        known = lock.names()
        named: list[tuple[KeyPath, str]] = [(("overrides", name), name) for name in spec.overrides]
        named += [(("wheels", "disabled", index), name) for index, name in enumerate(spec.wheels.disabled)]
        for path, name in named:
            if normalise(name) not in known:
                near = closest(normalise(name), known)
                self._say(
                    "package-lock-unknown-name",
                    path,
                    f"{lock.file} holds no package `{name}`",
                    expected=f"did you mean `{near}`?" if near else f"one of the packages in {lock.file}",
                    hint=None if near else "remove the line, or add the package and lock again",
                    key=path[0] == "overrides",
                )

    def _check_groups(self, lock: PackageLock) -> None:
        python = self.shell.spec.python
        for key, asked, known in (
            ("groups", python.groups, self._known_groups(lock)),
            ("extras", python.extras, self._known_extras(lock)),
        ):
            for index, name in enumerate(asked):
                if normalise(name) not in {normalise(one) for one in known}:
                    near = closest(name, known) if known else None
                    listed = (
                        f"one of {', '.join(sorted(known))}"
                        if known
                        else f"{self.project.project_file} has none"
                    )
                    self._say(
                        "package-lock-unknown-group",
                        ("python", key, index),
                        f"{self.project.project_file} has no {key.removesuffix('s')} `{name}`",
                        expected=f"did you mean `{near}`?" if near else listed,
                    )

    def _check_conflicts(self, lock: PackageLock) -> None:
        """Tell extras and groups of which uv installs at most one; in Nix they end as an infinite recursion."""
        python, own = self.shell.spec.python, self.project.name or ""
        asked = [(("python", "extras", i), "extra", name) for i, name in enumerate(python.extras)]
        asked += [(("python", "groups", i), "group", name) for i, name in enumerate(python.groups)]
        for conflict in lock.conflicts:
            chosen = [
                (path, kind, name) for path, kind, name in asked if (kind, own, normalise(name)) in conflict
            ]
            for path, kind, name in chosen[1:]:
                first = f"the {chosen[0][1]} `{chosen[0][2]}`"
                self._say(
                    "package-lock-conflicting-extras",
                    path,
                    f"the {kind} `{name}` and {first} exclude each other, says {lock.file}",
                    expected="one of them in each shell",
                    hint=f"make another shell of it: `variants: {{{name}: {{python: {{{kind}s: [{name}]}}}}}}`",
                )

    def _known_groups(self, lock: PackageLock) -> set[str]:
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

    def _check_sources(self, lock: PackageLock) -> None:
        """Check that what is asked to be built has a source, and what is to be a wheel has one."""
        spec = self.shell.spec
        asked: list[tuple[KeyPath, str]] = [
            (("wheels", "disabled", index), name) for index, name in enumerate(spec.wheels.disabled)
        ]
        for name, override in spec.overrides.items():
            needs = {"source": override.source == "sdist", "keep_locked_source": override.keep_locked_source}
            needs["patches"] = bool(override.patches)
            asked += [(("overrides", name, key), name) for key, needed in needs.items() if needed]
        for path, name in asked:
            package = next((package for package in lock.find(name) if not package.has_source), None)
            if package is not None:
                # A list of what is better built is kept over many versions; a single package is meant as it stands.
                listed = path[0] == "wheels"
                self._say(
                    "package-lock-no-sdist",
                    path,
                    f"{package.name} {package.version} is published as wheels only: there is no source to build"
                    + (", the wheel is taken" if listed else ""),
                    expected="a package with an sdist",
                    hint=f"leave it a wheel, or write `{name}: {{from_nixpkgs: true}}` under `overrides`",
                    severity=Severity.WARNING if listed else Severity.ERROR,
                )
        for name, override in spec.overrides.items():
            packages = lock.find(name)
            if override.source == "wheel" and packages and not any(p.wheels for p in packages):
                self._say(
                    "package-lock-no-wheel",
                    ("overrides", name, "source"),
                    f"{packages[0].name} {packages[0].version} is published without wheels",
                    expected="a package with wheels",
                    hint="remove the line",
                )

    def _check_places(self, lock: PackageLock) -> None:
        for package in lock.packages:
            if not package.is_local:
                continue
            place = package.source.place
            path = posixpath.normpath(posixpath.join(self.project.folder, place))
            if place.startswith("/") or path.split("/")[0] == "..":
                self._say_of_package(
                    "package-lock-outside",
                    package.name,
                    f"{package.name} comes from `{place}`, outside the folder of env.yaml, where Nix cannot read",
                    "move it into the project, take it from git, or put env.yaml into the folder above both",
                )

    def _check_indices(self, lock: PackageLock) -> None:
        """Say once per index what a private one needs: Nix downloads without the user's own settings."""
        for index in sorted(set(self._declared_indices())):
            host = index.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
            taken = [p.name for p in lock.packages if p.source.place.rstrip("/") == index.rstrip("/")]
            if not host or not taken or host.endswith(_PUBLIC):
                continue
            self.found.add(
                Diagnostic(
                    "package-lock-index",
                    f"{len(taken)} packages ({', '.join(taken[:3])}…) come from {host}"
                    if len(taken) > 3
                    else f"{', '.join(taken)} comes from {host}",
                    lock.file,
                    hint=f"if it asks for a password: write `machine {host} login … password …` (no https://) into"
                    " /etc/nix/netrc, readable by the group nixbld, and into nix.conf\n"
                    "`netrc-file = /etc/nix/netrc` and `extra-sandbox-paths = /etc/nix/netrc`; without root, take"
                    f" `manager: {lock.tool}`",
                    severity=Severity.NOTE,
                )
            )

    def _declared_indices(self) -> Iterator[str]:
        for keys, name in ((("tool", "uv"), "index"), (("tool", "poetry"), "source")):
            listed = self.project.part(*keys).get(name)
            for item in listed if isinstance(listed, list) else ():
                if isinstance(item, dict) and isinstance(item.get("url"), str):
                    yield item["url"]

    def _say(  # noqa: PLR0913 -- the parts of a message
        self,
        code: str,
        path: KeyPath,
        message: str,
        *,
        expected: str,
        hint: str | None = None,
        key: bool = False,
        severity: Severity = Severity.ERROR,
    ) -> None:
        raw = self.file.raw
        span = locate(self.shell.tree, path, key=key)
        line = raw.line(span.line)
        self.found.add(Diagnostic(code, message, raw.file, span, line, expected, hint, path, severity))

    def _say_of_lock(
        self, code: str, message: str, *, hint: str, severity: Severity = Severity.ERROR
    ) -> None:
        self.found.add(Diagnostic(code, message, self.project.lock_file, hint=hint, severity=severity))

    def _say_stale(self, difference: str, severity: Severity = Severity.ERROR) -> None:
        lock = self.project.lock
        assert lock is not None
        pattern = r"^content-hash\b.*" if lock.tool == "poetry" else r"^requires-python\b.*"
        place = re.search(pattern, lock.text, re.MULTILINE)
        hint = f"run {self._relock()}"
        if place is None:
            self._say_of_lock("package-lock-stale", difference, hint=hint, severity=severity)
            return
        number = lock.text.count("\n", 0, place.start()) + 1
        span = Span(number, 1, number, len(place[0]) + 1)
        self.found.add(
            Diagnostic(
                "package-lock-stale", difference, lock.file, span, place[0], hint=hint, severity=severity
            )
        )

    def _say_of_package(self, code: str, name: str, message: str, hint: str) -> None:
        lock = self.project.lock
        assert lock is not None
        number = lock.line_of(name)
        if number is None:
            self._say_of_lock(code, message, hint=hint)
            return
        line = lock.text.split("\n")[number - 1]
        span = Span(number, 1, number, len(line) + 1)
        self.found.add(Diagnostic(code, message, lock.file, span, line, hint=hint))

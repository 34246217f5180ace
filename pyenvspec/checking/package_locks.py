"""Checks of a lock against env.yaml and pyproject.toml, for the lock-file managers: findings out, nothing changed.

What Nix would tell twenty minutes into a build is told here, with the package's name.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from pyenvspec.checking.context import CheckContext
from pyenvspec.checking.lock_check import LockCheck
from pyenvspec.diagnostics import Diagnostic, Diagnostics, Severity
from pyenvspec.facts.packages import normalise
from pyenvspec.names import closest
from pyenvspec.project.locks.locked_project import read_locked_project
from pyenvspec.project.locks.stale import find_difference
from pyenvspec.spec.model import LOCK_MANAGERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pyenvspec.diagnostics import KeyPath
    from pyenvspec.project.locks.locked_project import LockedProjects
    from pyenvspec.project.locks.model import PackageLock
    from pyenvspec.spec.model import SpecFile

# Indices that everyone may read; what is asked of netrc does not concern them.
_PUBLIC = ("pytorch.org", "nvidia.com")


def read_locks(
    root: Path, file: SpecFile, managers: Mapping[str, str], findings: Diagnostics
) -> LockedProjects:
    """Read the locks that the file's shells need; those that cannot be read are findings."""
    from pyenvspec.project.locks.problem import PackageLockError

    locks: LockedProjects = {}
    for shell in file.shells:
        if managers[shell.name] in LOCK_MANAGERS:
            try:
                locks[shell.name] = read_locked_project(root, managers[shell.name], shell.spec.python.project)
            except PackageLockError as error:
                for diagnostic in error.diagnostics:
                    findings.add(diagnostic)
    return locks


def check_locks(file: SpecFile, locks: LockedProjects, findings: Diagnostics) -> None:
    """Check each shell against its lock."""
    for shell in file.shells:
        project = locks.get(shell.name)
        if project is not None:
            _NixCheck(CheckContext(file, shell, findings), project).run()


def _through_nix(command: str) -> str:
    tool, rest = command.split(" ", 1)
    # Joined: as one f-string a command would count as a sentence that needs a translation.
    return " ".join(("nix run", f"nixpkgs#{tool}", "--", rest))


class _NixCheck(LockCheck):
    """The checks of one shell whose packages Nix builds."""

    def run(self) -> None:
        """Tell what Nix could not build."""
        self._check_project()
        lock = self.project.lock
        if lock is None:
            self._warn_no_lock()
            return
        # A stale lock is checked all the same: its packages are what Nix would build.
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
        self.context.findings.add(
            Diagnostic("package-lock-project", message, project.project_file, hint=hint, severity=severity)
        )

    def _warn_no_lock(self) -> None:
        file = self.project.lock_file
        message = f"manager {self.project.manager} takes every package from {file}, and there is none"
        # poetry of the flake makes the first lock, so the flake has to be there before it.
        hint = f"run {self._relock()}, then compile again"
        self.context.findings.add(
            Diagnostic("package-lock-missing", message, file, hint=hint, severity=Severity.WARNING)
        )

    def _relock(self) -> str:
        tool = self.project.relock.split(" ", 1)[0]
        return f"`{self.project.relock}` (without {tool} here: `{_through_nix(self.project.relock)}`)"

    def _check_names(self, lock: PackageLock) -> None:
        spec = self.shell.spec
        known = lock.names()
        named: list[tuple[KeyPath, str]] = [(("overrides", name), name) for name in spec.overrides]
        named += [(("wheels", "disabled", index), name) for index, name in enumerate(spec.wheels.disabled)]
        for path, name in named:
            if normalise(name) not in known:
                near = closest(normalise(name), known)
                self.context.add(
                    "package-lock-unknown-name",
                    path,
                    f"{lock.file} holds no package `{name}`",
                    expected=f"did you mean `{near}`?" if near else f"one of the packages in {lock.file}",
                    hint=None if near else "remove the line, or add the package and lock again",
                    key=path[0] == "overrides",
                )

    def _check_sources(self, lock: PackageLock) -> None:
        """Check that what is asked to be built has a source, and what is to be a wheel has one."""
        spec = self.shell.spec
        # Patches are for a source: what is published as wheels only cannot take them.
        mentions: list[tuple[KeyPath, str]] = [
            (("wheels", "disabled", index), name) for index, name in enumerate(spec.wheels.disabled)
        ]
        for name, override in spec.overrides.items():
            needs = {"source": override.source == "sdist", "keep_locked_source": override.keep_locked_source}
            needs["patches"] = bool(override.patches)
            mentions += [(("overrides", name, key), name) for key, needed in needs.items() if needed]
        for path, name in mentions:
            package = next((package for package in lock.find(name) if not package.has_source), None)
            if package is not None:
                # A list of what is better built is kept over many versions; a single package is meant as it stands.
                listed = path[0] == "wheels"
                self.context.add(
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
                self.context.add(
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
            # Relative to pyproject.toml, which need not lie beside env.yaml.
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
            # `https://user:password@index.example:8443/simple` → `index.example`
            host = index.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
            packages = [p.name for p in lock.packages if p.source.place.rstrip("/") == index.rstrip("/")]
            if not host or not packages or host.endswith(_PUBLIC):
                continue
            self.context.findings.add(
                Diagnostic(
                    "package-lock-index",
                    f"{len(packages)} packages ({', '.join(packages[:3])}…) come from {host}"
                    if len(packages) > 3
                    else f"{', '.join(packages)} comes from {host}",
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

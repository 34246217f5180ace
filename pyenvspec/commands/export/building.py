"""What an image has to build: packages without a wheel, those that `build_after` names, and what apt has for it."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from pyenvspec.commands.export.common import manager_of, names_of
from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.facts.host_packages import debian_dev_names, debian_name
from pyenvspec.facts.nixpkgs import minor_of
from pyenvspec.facts.wheel_pythons import has_wheels_listed, pythons_of_wheels
from pyenvspec.facts.wheels import wheel_needs
from pyenvspec.project.files import read_project_file
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyenvspec.plan import Shell
    from pyenvspec.project.survey.source import Wanted

_SYSTEM = "x86_64-linux"
# In front of the address: `x @ git+https://…`, `-e git+ssh://…`
_GIT = re.compile(r"(?:^|[\s@])git\+")


@dataclass(frozen=True)
class Builds:
    """Python packages that the image compiles, and whether git fetches some."""

    names: tuple[str, ...]
    git: bool

    def debian(self, shell: Shell) -> Iterator[str]:
        """Yield what apt has for it: git, a compiler, and the headers of `native` and of what the packages want."""
        if self.git:
            yield "git"
        if not self.names:
            return
        yield "build-essential"
        needs = [row for row in map(wheel_needs, self.names) if row]
        tools = [tool for row in needs for tool in row.sdist_tools if tool not in ("gcc", "gnumake")]
        for name in (*names_of(shell.native), *tools):
            # `libpq.pg_config`: Debian has the program beside the headers.
            whole = name.split(".")[0]
            yield from debian_dev_names(whole)
            if name in tools and not debian_dev_names(whole) and (own := debian_name(whole)):
                yield own


def look_at_builds(shell: Shell, root: Path) -> Builds:
    """Return what of the requirements or the lock is built; nothing of a file that cannot be read."""
    environment = shell.environment
    if environment.manager == "nixpkgs":
        return Builds((), git=False)
    if manager_of(environment) == "pip":
        names, git = _of_requirements(shell, root)
    else:
        names, git = _of_lock(shell, root)
    return Builds(tuple(dict.fromkeys((*environment.build_after, *names))), git)


def _of_requirements(shell: Shell, root: Path) -> tuple[list[str], bool]:
    name = shell.environment.requirements
    if name is None or not name.endswith(".txt"):
        return [], False
    from pyenvspec.project.survey.requirements import read_requirements

    def read(file: str) -> str | None:
        with suppress(PyenvspecError):
            data = read_project_file(root, file)
            return data.decode("utf-8", "replace") if data is not None else None
        return None

    packages = read_requirements(name, read(name) or "", read).packages
    minor = minor_of(shell.interpreter.version)
    return [one.name for one in packages if _is_built(one, minor)], any(_GIT.search(p.text) for p in packages)


def _is_built(wanted: Wanted, minor: str) -> bool:
    if _GIT.search(wanted.text):
        return True
    known = pythons_of_wheels(wanted.name, wanted.version) if wanted.version else None
    if known is not None:
        return minor not in known
    # Of most packages nothing is known but that they have wheels; of these, what building them takes.
    needs = wheel_needs(wanted.name)
    return needs is not None and bool(needs.sdist_tools) and not has_wheels_listed(wanted.name)


def _of_lock(shell: Shell, root: Path) -> tuple[list[str], bool]:
    from pyenvspec.project.locks.locked_project import read_locked_project
    from pyenvspec.project.locks.needed import needed_packages
    from pyenvspec.project.locks.wheels import fits

    environment, python = shell.environment, shell.interpreter.version
    project = read_locked_project(root, f"{manager_of(environment)}2nix", environment.project)
    if project.lock is None:
        return [], False
    needed = needed_packages(project, python, _SYSTEM, environment.groups, environment.extras)
    built = [
        package.name
        for package in needed
        # The project's own packages are mostly pure Python, and say themselves what they are.
        if not package.is_local and not any(fits(wheel, python, _SYSTEM) for wheel in package.wheels)
    ]
    return built, any(package.source.kind == "git" for package in needed)

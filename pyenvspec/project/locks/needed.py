"""Which packages of a lock an environment needs: what is reached from the project on one Python and system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyenvspec.facts.packages import normalise
from pyenvspec.project.locks.constraints import Surroundings, allows_python, allows_version
from pyenvspec.project.locks.model import Edge
from pyenvspec.project.tables import tables_in, texts_in
from pyenvspec.versions import parse_requirement, parse_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyenvspec.project.locks.locked_project import LockedProject
    from pyenvspec.project.locks.model import LockedPackage, PackageLock, PackageSource
    from pyenvspec.project.tables import Table


class Walk:
    """One walk through a lock, from the project along the dependencies whose markers hold."""

    def __init__(
        self,
        lock: PackageLock,
        around: Surroundings,
        chosen: dict[str, LockedPackage],
        extras: tuple[str, ...] = (),
    ) -> None:
        self.around = around
        self.reached: dict[tuple[str, str, PackageSource], tuple[LockedPackage, set[str]]] = {}
        self.constraints: dict[str, set[str]] = {}
        self._by_name: dict[str, list[LockedPackage]] = {}
        for package in lock.packages:
            # poetry 2 marks what only an extra of the project brings: `extra == "gpu"`.
            if not package.markers or any(
                around.holds(marker, extra) for marker in package.markers for extra in ("", *extras)
            ):
                self._by_name.setdefault(package.name, []).append(package)
        self._by_name |= {name: [package] for name, package in chosen.items()}

    def follow(self, edges: Iterable[Edge]) -> None:
        """Add what the edges lead to, with everything below."""
        # No recursion: chains of dependencies are longer than Python's stack in a lock that somebody made for it.
        waiting = list(edges)
        while waiting:
            edge = waiting.pop()
            if edge.constraint is not None:
                self.constraints.setdefault(edge.name, set()).add(edge.constraint)
            for package in self._by_name.get(edge.name, ()):
                # uv names version and source only where the lock has the package more than once.
                if edge.version not in (None, package.version) or edge.source not in (None, package.source):
                    continue
                extras = {normalise(extra) for extra in edge.extras}
                if package.identity not in self.reached:
                    self.reached[package.identity] = (package, extras)
                    waiting += self._below(package, extras)
                    continue
                # Reached again with more extras, what these bring is still to be followed.
                _, known_extras = self.reached[package.identity]
                if not extras <= known_extras:
                    known_extras |= extras
                    waiting += self._below(package, known_extras)

    def _below(self, package: LockedPackage, extras: set[str]) -> Iterator[Edge]:
        named = [edge for extra, edges in package.extras if extra in extras for edge in edges]
        names = {edge.name for edge in named}
        for edge in (*package.dependencies, *named):
            # poetry lists what an extra brings among the dependencies too, marked as optional.
            if edge.optional and edge.name not in names:
                continue
            # Markers may ask for one extra each: `extra == "cuda"`.
            if any(self.around.holds(edge.marker, extra) for extra in ("", *extras)):
                yield edge


def needed_packages(
    project: LockedProject, python: str, system: str, groups: Iterable[str], extras: Iterable[str]
) -> tuple[LockedPackage, ...]:
    """Return the packages of the environment; the project itself is among them where the lock names it."""
    assert project.lock is not None
    extras = tuple(map(normalise, extras))
    groups = (*map(normalise, groups), *_default_groups(project))
    own = project.name or ""
    # The names that uv has for extras and groups in the markers of conflicting ones: `extra-3-app-cpu`.
    chosen = [f"extra-{len(own)}-{own}-{extra}" for extra in extras]
    chosen += [f"group-{len(own)}-{own}-{group}" for group in groups]
    around = Surroundings(python, system, frozenset(chosen))
    if project.lock.tool == "uv":
        walk = Walk(project.lock, around, {})
        # uv locks the project as a package among the others; poetry.lock does not hold it, only pyproject.toml does.
        walk.follow([Edge(own, extras=extras)])
        for package in project.lock.find(own):
            walk.follow(
                edge
                for group, edges in package.groups
                if group in groups
                for edge in edges
                if walk.around.holds(edge.marker)
            )
    else:
        walk = _walk_poetry(project, project.lock, groups, extras, around)
    return tuple(package for package, _ in walk.reached.values())


def _walk_poetry(
    project: LockedProject,
    lock: PackageLock,
    groups: tuple[str, ...],
    extras: tuple[str, ...],
    around: Surroundings,
) -> Walk:
    """Walk from pyproject.toml; again while releases of one name are left out, since what they need may go too."""
    chosen: dict[str, LockedPackage] = {}
    while True:
        walk = Walk(lock, around, chosen, extras)
        walk.follow(_poetry_roots(project, groups, extras, around))
        more = _chosen_of_several(walk)
        if not more:
            return walk
        chosen |= more


def _chosen_of_several(walk: Walk) -> dict[str, LockedPackage]:
    """Return the one release of each name that was reached with several.

    poetry 2 says by markers when each is meant, and before that only by what all that ask for it allow.
    """
    by_name: dict[str, list[LockedPackage]] = {}
    for package, _ in walk.reached.values():
        by_name.setdefault(package.name, []).append(package)
    chosen = {}
    for name, packages in by_name.items():
        if len(packages) < 2:
            continue
        fitting = [
            package
            for package in packages
            if allows_python(package.python, walk.around.python) is not False
            and all(
                allows_version(one, package.version) is not False for one in walk.constraints.get(name, ())
            )
        ]
        # Of those that all fit an installer takes the newest.
        newest = max(fitting or packages, key=lambda package: _order(package.version))
        chosen[name] = newest
    return chosen


def _order(version: str) -> tuple[bool, Any]:
    parsed = parse_version(version)
    return (parsed is not None, parsed if parsed is not None else version)


def _default_groups(project: LockedProject) -> tuple[str, ...]:
    """Return the groups that are installed without being asked for: uv's default is dev, and so was poetry's."""
    groups = project.part("tool", "uv").get("default-groups", ["dev"])
    if groups == "all":
        return tuple(map(normalise, project.part("dependency-groups")))
    return tuple(normalise(str(group)) for group in groups) if isinstance(groups, list) else ()


def _poetry_roots(
    project: LockedProject, groups: tuple[str, ...], extras: tuple[str, ...], around: Surroundings
) -> Iterator[Edge]:
    poetry = project.part("tool", "poetry")
    named = project.part("tool", "poetry", "extras")
    optional = {
        normalise(name)
        for extra, names in named.items()
        if normalise(extra) in extras
        for name in texts_in(names)
    }
    tables = [poetry.get("dependencies"), poetry.get("dev-dependencies") if "dev" in groups else None]
    for group, table in project.part("tool", "poetry", "group").items():
        if normalise(group) in groups and isinstance(table, dict):
            tables.append(table.get("dependencies"))
    for table in tables:
        for name, constraint in table.items() if isinstance(table, dict) else ():
            # `torch = [{version = "2.0", platform = "linux"}, {version = "1.13", platform = "darwin"}]`
            choices = constraint if isinstance(constraint, list) else [constraint]
            wanted = tuple(extra for choice in tables_in(choices) for extra in texts_in(choice.get("extras")))
            for choice in choices:
                if _applies(choice, normalise(name) in optional, around):
                    version = choice.get("version") if isinstance(choice, dict) else choice
                    constraint = version if isinstance(version, str) else None
                    yield Edge(normalise(name), extras=wanted, constraint=constraint)
    # poetry 2 takes both tables: [tool.poetry.dependencies] may add to [project] what that cannot say.
    for text in texts_in(project.part("project").get("dependencies")):
        yield from _from_requirement(text, around)


def _applies(constraint: object, is_in_extra: bool, around: Surroundings) -> bool:
    if not isinstance(constraint, dict):
        return True
    # Optional is what only an extra brings, wherever else it is listed.
    if constraint.get("optional") is True and not is_in_extra:
        return False
    return _platform_holds(constraint, around) and around.holds(_text(constraint, "markers"))


def _platform_holds(constraint: Table, around: Surroundings) -> bool:
    platform, python = _text(constraint, "platform"), _text(constraint, "python")
    if platform and not around.holds(f"sys_platform == '{platform}'"):
        return False
    # None is a constraint that cannot be read: rather a package too many than one that is missing.
    return not python or allows_python(python, around.python) is not False


def _text(table: Table, key: str) -> str | None:
    value = table.get(key)
    return value if isinstance(value, str) else None


def _from_requirement(text: str, around: Surroundings) -> Iterator[Edge]:
    requirement = parse_requirement(text)
    if requirement is None:
        return
    if around.holds(str(requirement.marker) if requirement.marker else None):
        constraint = str(requirement.specifier) or None
        yield Edge(
            normalise(requirement.name), extras=tuple(sorted(requirement.extras)), constraint=constraint
        )

"""Which packages of an environment Nix can get: a wheel for this Python and system, or a source to build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.facts.packages import normalise
from pyenvspec.project.locks.model import SOURCE_TREES
from pyenvspec.project.locks.needed import needed_packages
from pyenvspec.project.locks.wheels import fits
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from pyenvspec.project.locks.locked_project import LockedProject
    from pyenvspec.project.locks.model import LockedPackage, PackageSource
    from pyenvspec.spec.model import Spec
    from pyenvspec.spec.overrides import Override


@dataclass(frozen=True)
class Unavailable:
    """A package that an environment needs and that cannot be had on a system."""

    package: LockedPackage
    system: str


def find_unavailable(project: LockedProject, spec: Spec, systems: tuple[str, ...]) -> tuple[Unavailable, ...]:
    """Return what cannot be had, in the order of the lock and of `systems`.

    What is needed is looked for only where something is missing from the whole lock.
    """
    assert project.lock is not None
    overrides = {normalise(name): override for name, override in spec.overrides.items()}
    # First what has no fitting file at all, which is cheap to tell and mostly nothing; the walk comes after it.
    python = spec.python.version
    suspects = [
        Unavailable(package, system)
        for package in project.lock.packages
        if not package.has_source and not _is_replaced(overrides.get(package.name))
        for system in systems
        if not any(fits(wheel, python, system) for wheel in package.wheels)
    ]
    needed: dict[str, set[tuple[str, str, PackageSource]]] = {}
    for system in {suspect.system for suspect in suspects}:
        reached = needed_packages(project, python, system, spec.python.groups, spec.python.extras)
        needed[system] = {package.identity for package in reached}
    return tuple(suspect for suspect in suspects if suspect.package.identity in needed[suspect.system])


def usable_systems(
    project: LockedProject, spec: Spec, systems: tuple[str, ...]
) -> tuple[tuple[str, ...], str | None]:
    """Return the systems on which everything can be had, and the first package that another one lacks."""
    unavailable = find_unavailable(project, spec, systems)
    lacking = {row.system for row in unavailable}
    reason = f"{unavailable[0].package.name} {unavailable[0].package.version}" if unavailable else None
    return tuple(system for system in systems if system not in lacking), reason


def is_built(package: LockedPackage, spec: Spec, systems: tuple[str, ...]) -> bool:
    """Return whether some system builds the package from its source instead of taking a wheel."""
    if not package.has_source:
        return False
    if package.source.kind in SOURCE_TREES:  # a folder or a commit has no wheel
        return True
    # What is said of the one package goes before what is said of all.
    for name, override in spec.overrides.items():
        if override.source and normalise(name) == package.name:
            return override.source == "sdist"
    if not spec.wheels.prefer or any(normalise(name) == package.name for name in spec.wheels.disabled):
        return True
    python = spec.python.version
    return any(not any(fits(wheel, python, system) for wheel in package.wheels) for system in systems)


def _is_replaced(override: Override | None) -> bool:
    return override is not None and (override.remove or override.from_nixpkgs)

"""Which minors of CPython the wheels of much used packages are for, release by release."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pyenvspec.facts._load import read_table
from pyenvspec.facts.packages import normalise
from pyenvspec.records import dataclass
from pyenvspec.versions import parse_specifier, parse_version

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

Range = tuple[str, str, tuple[str, ...]]
"""First and last release, and the minors of CPython that each from the one to the other has wheels for."""


@cache
def _ranges() -> dict[str, tuple[Range, ...]]:
    return {
        row["package"]: tuple((first, last, tuple(minors.split())) for first, last, minors in row["ranges"])
        for row in read_table("wheel-pythons")["wheels"]
    }


def has_wheels_listed(package: str) -> bool:
    """Return whether the table has the package."""
    return normalise(package) in _ranges()


def pythons_of_wheels(package: str, version: str) -> tuple[str, ...] | None:
    """Return the minors that a release has wheels for on x86_64 Linux; None where that is not known.

    An empty answer: the release has no such wheel. A release newer than the table's last is not known.
    """
    # PyPI has 2.1.0 where the lock says 2.1.0+cu118.
    wanted = parse_version(version.split("+")[0])
    if wanted is None:
        return None
    before: tuple[str, ...] = ()
    for first, last, minors in _ranges().get(normalise(package), ()):
        if _known(first) <= wanted <= _known(last):
            return minors
        # Between two ranges lies what the table's index did not have: it is for what both are for.
        if wanted < _known(first):
            return tuple(minor for minor in before if minor in minors) or None
        before = minors
    return None


def pythons_of_any(package: str, specifier: str) -> tuple[str, ...] | None:
    """Return the minors that some release which a specifier admits has wheels for; None where none is known."""
    allowed = parse_specifier(specifier)
    if allowed is None:
        return None
    # The table has no list of releases, only the ends of ranges: `==1.5` lies inside one, and is allowed itself.
    inside = _ends(allowed, ("==", "~=", "<=", ">="))
    minors_of_any = {
        minor
        for first, last, minors in _ranges().get(normalise(package), ())
        if allowed.contains(first)
        or allowed.contains(last)
        or any(_known(first) <= version <= _known(last) and allowed.contains(version) for version in inside)
        for minor in minors
    }
    # `3.9` before `3.10`, which sort otherwise as texts.
    return tuple(sorted(minors_of_any, key=lambda minor: int(minor[2:]))) or None


def newest_before(package: str, specifier: str) -> str | None:
    """Return the newest release in the table that a specifier admits, None where none is known."""
    allowed = parse_specifier(specifier)
    if allowed is None:
        return None
    ends = [version for first, last, _ in _ranges().get(normalise(package), ()) for version in (first, last)]
    newest = next((version for version in reversed(ends) if allowed.contains(version)), None)
    if newest is not None:
        return newest
    # `==1.15.*` lies inside a range, whose ends are other minors.
    inside = [v for v in _ends(allowed, ("==", "~=")) if pythons_of_wheels(package, str(v)) is not None]
    return str(max(inside)) if inside else None


def newest_for(package: str, specifier: str, python: str) -> str | None:
    """Return the newest release in the table that a specifier admits and a Python has wheels of, None if unknown."""
    allowed = parse_specifier(specifier)
    if allowed is None:
        return None
    for first, last, minors in reversed(_ranges().get(normalise(package), ())):
        # Within a range nothing tells the releases: its ends are the only ones known to exist.
        for version in (last, first):
            if python in minors and allowed.contains(version):
                return version
    return None


def last_with_wheels(package: str, specifier: str, python: str) -> str | None:
    """Return the release that a Python has wheels of, where pip would take the sdist of a newer one; else None."""
    # pip prefers the newest release, an sdist too: that of opencv-python builds all of OpenCV.
    if normalise(package) not in {row["package"] for row in read_table("loose-sdists")["packages"]}:
        return None
    last = newest_for(package, specifier, python)
    return last if last != newest_before(package, specifier) else None


def unsaid_imports(package: str, version: str | None) -> tuple[str, ...]:
    """Return what the build of a release imports and does not say to pip; without a version, that of the newest."""
    wanted = parse_version(version.split("+")[0]) if version else None
    for row in read_table("loose-sdists")["unsaid"]:
        if row["package"] == normalise(package):
            last = parse_version(row["until"])
            if last is None or (wanted is not None and wanted <= last):
                return tuple(row["imports"])
    return ()


@dataclass(frozen=True)
class Major:
    """A release of a package that what was made before it does not work with, and the last minor without it."""

    of: str
    bound: str
    number: str
    last_without: int


@cache
def majors() -> tuple[Major, ...]:
    """Return the majors that old packages do not say to pip that they cannot be used with."""
    rows = read_table("newer-majors")["majors"]
    return tuple(
        Major(row["of"], row["bound"], row["major"], int(row["last_python_without"][2:])) for row in rows
    )


@cache
def _first_with(of: str) -> dict[str, str]:
    rows = read_table("newer-majors")["packages"]
    return {row["package"]: row["first"] for row in rows if row["of"] == of}


def is_before(major: Major, package: str, specifier: str) -> bool:
    """Return whether all releases that a specifier admits were made for what was there before a major."""
    first = _first_with(major.of).get(normalise(package))
    # Without an upper end pip takes the newest release, which was made for the major.
    if first is None or not any(sign in specifier for sign in ("<", "==", "~=")):
        return False
    allowed = parse_specifier(specifier)
    if allowed is None or allowed.contains(first):
        return False
    newest = newest_before(package, specifier)
    # Below all that the table has, the numbers of the specifier itself are what is left to go by.
    ends = [_known(newest)] if newest else _ends(allowed, ("==", "~=", "<", "<="))
    return bool(ends) and min(ends) < _known(first)


def _known(version: str) -> Version:
    """A version that a table of ours holds."""
    parsed = parse_version(version)
    assert parsed is not None
    return parsed


def _ends(allowed: SpecifierSet, operators: tuple[str, ...]) -> list[Version]:
    clauses = [clause for clause in allowed if clause.operator in operators]
    versions = [parse_version(clause.version.removesuffix(".*")) for clause in clauses]
    return [version for version in versions if version is not None]

"""Which minors of CPython the wheels of much used packages are for, release by release."""

from __future__ import annotations

from functools import cache

from pyenvspec.facts._load import read_table
from pyenvspec.facts.packages import normalise

Range = tuple[str, str, tuple[str, ...]]


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
    from packaging.version import InvalidVersion, Version

    try:
        wanted = Version(version.split("+")[0])
    except InvalidVersion:
        return None
    for first, last, minors in _ranges().get(normalise(package), ()):
        if Version(first) <= wanted <= Version(last):
            return minors
    return None


def newest_before(package: str, specifier: str) -> str | None:
    """Return the newest release in the table that a specifier admits, None where none is known."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        allowed = SpecifierSet(specifier)
    except InvalidSpecifier:
        return None
    ends = [version for first, last, _ in _ranges().get(normalise(package), ()) for version in (first, last)]
    return next((version for version in reversed(ends) if allowed.contains(version)), None)


def newest_for(package: str, specifier: str, python: str) -> str | None:
    """Return the newest release in the table that a specifier admits and a Python has wheels of, None if unknown."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        allowed = SpecifierSet(specifier)
    except InvalidSpecifier:
        return None
    rows = [
        (v, minors) for first, last, minors in _ranges().get(normalise(package), ()) for v in (first, last)
    ]
    return next((v for v, minors in reversed(rows) if python in minors and allowed.contains(v)), None)

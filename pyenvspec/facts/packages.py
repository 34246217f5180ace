"""Names of Python packages: what conda and `import` call differently, and what wheels hold."""

from __future__ import annotations

import re
from functools import cache

from pyenvspec.facts._load import Row, read_table
from pyenvspec.records import dataclass

_NO_MODULES = frozenset({"_distutils_hack"})
"""Top levels of wheels that no script means: setuptools puts it there for itself."""

_MOST_PARTS = 5
"""More than any name in the tables has; a name of thousands would be put together thousands of times."""


@dataclass(frozen=True)
class WheelContents:
    """What a wheel for Linux holds: its modules, its libraries (`brings`), and those that it lacks (`needs`)."""

    package: str
    version: str
    imports: tuple[str, ...]
    brings: tuple[str, ...]
    needs: tuple[str, ...]


@cache
def _conda_rows() -> dict[str, Row]:
    return {row["conda"]: row for row in read_table("conda-names")["names"]}


def pypi_of_conda(name: str) -> str | None:
    """Return the name on PyPI of a package of conda, most have the same; None for what is no Python package.

    Only names known to be none give None: a C library that no row lists comes back as it is.
    """
    row = _conda_rows().get(name.lower())
    pypi: str | None = row["pypi"] if row else name
    return pypi


@dataclass(frozen=True)
class CondaReleases:
    """How the releases that PyPI has of a package of conda differ: the `first` that is there, and `others` by name."""

    first: str | None
    others: dict[str, str]


def releases_of_conda(name: str) -> CondaReleases:
    """Return what is known of the releases of a package of conda; nothing is, of most."""
    row = _conda_rows().get(name.lower(), {})
    return CondaReleases(row.get("first"), row.get("others", {}))


@cache
def _wheels() -> dict[str, WheelContents]:
    lists = ("imports", "brings", "needs")
    return {
        row["package"]: WheelContents(row["package"], row["version"], *(tuple(row[key]) for key in lists))
        for row in read_table("wheel-contents")["wheels"]
    }


def wheel_contents(package: str) -> WheelContents | None:
    """Return what the wheel of a PyPI package holds, or None when none was looked into."""
    return _wheels().get(normalise(package))


def wheels_looked_into() -> tuple[WheelContents, ...]:
    """Return the contents of all wheels that were looked into, by name."""
    return tuple(_wheels().values())


@cache
def _import_names() -> dict[str, str]:
    packages_of: dict[str, list[str]] = {}
    for wheel in _wheels().values():
        for module in wheel.imports:
            if module not in _NO_MODULES:
                packages_of.setdefault(module, []).append(wheel.package)
    # Of several packages that install a module, the one called like it, else the one with the shortest name.
    names = {
        module: min(packages, key=lambda package: (package != normalise(module), len(package), package))
        for module, packages in packages_of.items()
    }
    # Curated rows win: which of several wheels with `cv2` people mean is in no wheel.
    return names | {row["module"]: row["pypi"] for row in read_table("import-names")["names"]}


def pypi_of_import(name: str) -> str | None:
    """Return the PyPI package that installs a module (`cv2`, `PIL.Image`), or None when that is not known.

    For a dotted name the longest known beginning counts.
    """
    # The longest first: `google.protobuf` is protobuf, `google.cloud.storage` another package.
    parts = name.split(".")[:_MOST_PARTS]
    names = _import_names()
    for end in range(len(parts), 0, -1):
        package = names.get(".".join(parts[:end]))
        if package:
            return package
    return None


@cache
def _shared_names() -> frozenset[str]:
    return frozenset(name for row in read_table("pypi-names")["shared"] for name in row["names"])


def is_python_before_nixpkgs(name: str) -> bool:
    """Return whether a name that both PyPI and nixpkgs have is meant for the Python package by a conda file."""
    return normalise(name) in _shared_names()


def normalise(package: str) -> str:
    """Return a package's name as PyPI compares it (PEP 503)."""
    # Not packaging's canonicalize_name: a compile does without packaging, whose import takes tens of milliseconds.
    return re.sub(r"[-_.]+", "-", package).lower()

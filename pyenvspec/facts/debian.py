"""What Debian's packages and the libraries in them are called in nixpkgs."""

from __future__ import annotations

import re
from functools import cache

from pyenvspec.facts._load import DATA, read_table
from pyenvspec.facts._sorted import SortedTable


@cache
def _names() -> SortedTable:
    return SortedTable.read(DATA / "debian-names.tsv")


@cache
def _sonames() -> SortedTable:
    return SortedTable.read(DATA / "sonames.tsv")


def attribute_of_debian(package: str) -> str | None:
    """Return the attribute that holds what a package of Debian or Ubuntu holds; `:amd64` and the like may follow.

    A version in the name (`libsndfile1`, `libavcodec58`) may be another than that of the Debian that was read.
    """
    name = re.sub(r":[a-z0-9]+$", "", package.lower())
    row = _names().find(name) or _names().find(f"{name}t64") or _names().find(name.removesuffix("t64"))
    if row:
        return row[1]
    library = re.fullmatch(r"(lib.*?)-?\d[\d.]*[a-z]?(?:t64|v5|-dev)?", name)
    return attribute_of_library(f"{library[1]}.so") if library else None


def attribute_of_library(soname: str) -> str | None:
    """Return the attribute that holds a shared library, whatever its version, or None when it is not known."""
    row = _sonames().find(soname_key(soname))
    return row[1] if row else None


def soname_key(soname: str) -> str:
    """Return a library's name without its version, and without what Debian's names cannot hold."""
    stem = soname.lower().split(".so")[0].replace("_", "-")
    return re.sub(r"-(?=\d)", "", stem)


@cache
def _machine_tools() -> frozenset[str]:
    return frozenset(row["name"] for row in read_table("machine-tools")["tools"])


def is_of_every_machine(name: str) -> bool:
    """Return whether a package is a tool of whoever sits at a machine, which a project does not need from its shell."""
    return name in _machine_tools()

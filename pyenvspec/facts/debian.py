"""What Debian's packages and the libraries in them are called in nixpkgs."""

from __future__ import annotations

import re
from functools import cache

from pyenvspec.facts._load import DATA, read_table
from pyenvspec.facts._sorted import SortedTable

_LONGEST = 100


@cache
def packages_table() -> SortedTable:
    """Return the table of Debian's packages: package, attribute."""
    return SortedTable.read(DATA / "debian-names.tsv")


@cache
def libraries_table() -> SortedTable:
    """Return the table of shared libraries: name as `soname_key` makes it, attribute, Debian's package."""
    return SortedTable.read(DATA / "sonames.tsv")


def attribute_of_debian(package: str) -> str | None:
    """Return the attribute that holds what a package of Debian or Ubuntu holds; `:amd64` and the like may follow.

    A version in the name (`libsndfile1`, `libavcodec58`) may be another than that of the Debian that was read.
    """
    # No package has so long a name, and the patterns below take time by the square of its digits.
    if len(package) > _LONGEST:
        return None
    name = re.sub(r":[a-z0-9]+$", "", package.lower())
    # Libraries were renamed when their `time_t` grew to 64 bits: libssl3 is libssl3t64 since Debian 13, Ubuntu 24.04.
    spellings = (name, f"{name}t64", name.removesuffix("t64"))
    row = next(filter(None, map(packages_table().find, spellings)), None)
    if row:
        return row[1]
    # `libavcodec58`, `libstdc++-12-dev`, `libboost-all1.74.0`: a library, its version, Debian's marks of an ABI.
    library = re.fullmatch(r"(lib.*?)-?\d[\d.]*[a-z]?(?:t64|v5|-dev)?", name)
    return attribute_of_library(f"{library[1]}.so") if library else None


def attribute_of_library(soname: str) -> str | None:
    """Return the attribute that holds a shared library, whatever its version, or None when it is not known."""
    row = libraries_table().find(soname_key(soname))
    return row[1] if row else None


def soname_key(soname: str) -> str:
    """Return a library's name without its version, and without what Debian's names cannot hold."""
    # Package names have no `_`, and no `-` before the version: libgdk_pixbuf-2.0.so.0 is in libgdk-pixbuf2.0-0.
    stem = soname.lower().split(".so")[0].replace("_", "-")
    return re.sub(r"-(?=\d)", "", stem)


@cache
def _machine_tools() -> frozenset[str]:
    return frozenset(row["name"] for row in read_table("machine-tools")["tools"])


def is_of_every_machine(name: str) -> bool:
    """Return whether a package is a tool of whoever sits at a machine, which a project does not need from its shell."""
    return name in _machine_tools()

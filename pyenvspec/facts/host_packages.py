"""What a package of nixpkgs is called by the package manager of another system: the tables of names, read backwards."""

from __future__ import annotations

import re
from functools import cache

from pyenvspec.facts._load import DATA, Row, read_table
from pyenvspec.facts._sorted import SortedTable
from pyenvspec.facts.debian import libraries_table, packages_table

_MOST_CANDIDATES = 12
"""Names of one package that a package manager is asked about."""


@cache
def _looked_at() -> dict[str, Row]:
    return {row["attr"]: row for row in read_table("host-names")["names"]}


@cache
def _same() -> SortedTable:
    return SortedTable.read(DATA / "debian-same.tsv")


@cache
def _curated(source: str) -> dict[str, tuple[str, ...]]:
    spellings: dict[str, list[str]] = {}
    for row in read_table("native-names")["names"]:
        # Which package manager has the name stands only at the beginning of the row's source.
        if row["kind"] == "attr" and row["source"].startswith(source):
            spellings.setdefault(row["attr"], []).append(row["name"])
    # The plain name before that of one version: Homebrew has `openssl` and `openssl@3`.
    return {
        attr: tuple(sorted(names, key=lambda name: ("@" in name, len(name))))
        for attr, names in spellings.items()
    }


def plain_name(attribute: str) -> str:
    """Return the last part of an attribute without a version: what most systems call the program."""
    # `python312Packages.x_y` → `x_y`, `ffmpeg_7` → `ffmpeg`, `_7zz` → `7zz`: an attribute cannot begin with a digit.
    last = attribute.split(".")[-1]
    return (re.sub(r"[_-]\d[\d_]*$", "", last) or last).lstrip("_")


def homebrew_names(attribute: str) -> tuple[str, ...]:
    """Return the formula that holds the same; most have nixpkgs' name."""
    return _curated("Homebrew").get(attribute, ())[:1] or (plain_name(attribute).lower(),)


def fedora_names(attribute: str) -> tuple[str, ...]:
    """Return the packages of Fedora and its relatives that hold the same."""
    return tuple(_looked_at().get(attribute, {}).get("rpm", ())) or (plain_name(attribute),)


def debian_candidates(attribute: str) -> tuple[str, ...]:
    """Return names that the package may have in Debian or Ubuntu, the likeliest first; apt knows which there are.

    One of the package's own name holds all of it; else its programs, or the library that is called like it, come first.
    """
    plain = plain_name(attribute).lower().replace("_", "-")
    libraries = sorted(
        {
            (key not in (plain, f"lib{plain}"), package)
            for key, package in library_names(attribute)
            if not package.startswith("lib32")  # the library for 32 bits beside that for 64
        }
    )
    packages = [package for _, package in libraries]
    # The headers of `…-dev` are for building; what runs needs the library only.
    curated = [name for name in _curated("Debian").get(attribute, ()) if not name.endswith("-dev")]
    others = [name for name, attr in map(tuple, packages_table().rows()) if attr == attribute]
    chosen = _looked_at().get(attribute, {}).get("deb")
    candidates = [chosen] if chosen else []
    candidates += [plain] if _same().find(plain) else []
    candidates += [name for name in (f"{plain}-bin", f"{plain}-utils") if name in others]
    # Newer Debians and Ubuntus call some of the libraries `…t64`; the table is of the one before.
    candidates += [*packages, *(f"{package}t64" for package in packages), *curated, *others, plain]
    return tuple(dict.fromkeys(candidates))[:_MOST_CANDIDATES]


def debian_name(attribute: str) -> str | None:
    """Return the package of Debian that holds the same, as far as the tables know one."""
    first = debian_candidates(attribute)[0]
    plain = plain_name(attribute).lower().replace("_", "-")
    return first if first != plain or _same().find(plain) else None


def debian_dev_names(attribute: str) -> tuple[str, ...]:
    """Return the packages of Debian with the headers of a library, none where the tables know none."""
    if "dev" in (row := _looked_at().get(attribute, {})):
        return tuple(row["dev"])
    curated = [name for name in _curated("Debian").get(attribute, ()) if name.endswith("-dev")]
    if curated:
        return (curated[0],)
    # Of several the one that is called like the library: libgraphviz-dev of graphviz.
    plain = plain_name(attribute).lower().replace("_", "-").removeprefix("lib")
    others = [name for name, attr in map(tuple, packages_table().rows()) if attr == attribute]
    pattern = rf"(lib)?{re.escape(plain)}[\d.-]*-dev"
    return tuple([name for name in others if re.fullmatch(pattern, name)][:1])


def conda_looked_at(attribute: str) -> str | None:
    """Return the name on conda-forge where the tables of names, read backwards, lead to a part or an old name of it."""
    name = _looked_at().get(attribute, {}).get("conda")
    return name if isinstance(name, str) else None


def conda_candidates(attribute: str) -> tuple[str, ...]:
    """Return names that the package may have on conda-forge, the likeliest first."""
    plain = plain_name(attribute).lower()
    table = _curated("conda-forge")
    # Newer releases call `xorg.libX11` libx11; the table has the older names.
    older = [name for attr, names in table.items() if attr.lower() == f"xorg.{attribute}" for name in names]
    curated = table.get(attribute, tuple(older))
    # Of several that lead to it the one of its own name: the others are parts of it (libcblas of openblas).
    first = [plain] if plain in curated else []
    return tuple(dict.fromkeys([*first, *curated, plain]))


def library_names(attribute: str) -> tuple[tuple[str, str], ...]:
    """Return the libraries of a package, as `soname_key` spells them, each with Debian's package of it."""
    return tuple(
        (key, package) for key, attr, package in map(tuple, libraries_table().rows()) if attr == attribute
    )

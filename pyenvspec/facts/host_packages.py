"""What a package of nixpkgs is called by the package manager of another system: the tables of names, read backwards."""

from __future__ import annotations

import re
from functools import cache

from pyenvspec.facts._load import read_table
from pyenvspec.facts.debian import _names, _sonames

_MOST = 12
"""Names of one package that a package manager is asked about."""


@cache
def _fedora() -> dict[str, tuple[str, ...]]:
    return {row["attr"]: tuple(row["rpm"]) for row in read_table("fedora-names")["names"]}


@cache
def _curated(source: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for row in read_table("native-names")["names"]:
        if row["kind"] == "attr" and row["source"].startswith(source):
            found.setdefault(row["attr"], []).append(row["name"])
    # The plain name before that of one version.
    return {
        attr: tuple(sorted(names, key=lambda name: ("@" in name, len(name)))) for attr, names in found.items()
    }


def plain_name(attribute: str) -> str:
    """Return the last part of an attribute without a version: what most systems call the program."""
    last = attribute.split(".")[-1]
    return (re.sub(r"[_-]\d[\d_]*$", "", last) or last).lstrip("_")


def homebrew_names(attribute: str) -> tuple[str, ...]:
    """Return the formula that holds the same; most have nixpkgs' name."""
    return _curated("Homebrew").get(attribute, ())[:1] or (plain_name(attribute).lower(),)


def fedora_names(attribute: str) -> tuple[str, ...]:
    """Return the packages of Fedora and its relatives that hold the same."""
    return _fedora().get(attribute) or (plain_name(attribute),)


def debian_candidates(attribute: str) -> tuple[str, ...]:
    """Return names that the package may have in Debian or Ubuntu, the likeliest first; apt knows which there are.

    One of the package's own name holds all of it; else the library that is called like it comes first.
    """
    plain = plain_name(attribute).lower().replace("_", "-")
    libraries = sorted(
        {(key not in (plain, f"lib{plain}"), package) for key, package in library_names(attribute)}
    )
    packages = [package for _, package in libraries]
    packages += [f"{package}t64" for package in packages]
    curated = [name for name in _curated("Debian").get(attribute, ()) if not name.endswith("-dev")]
    others = [name for name, attr in map(tuple, _names().rows()) if attr == attribute]
    found = dict.fromkeys([plain, *packages, *curated, *others])
    return tuple(found)[:_MOST]


def library_names(attribute: str) -> tuple[tuple[str, str], ...]:
    """Return the libraries of a package, as `soname_key` spells them, each with Debian's package of it."""
    return tuple((key, package) for key, attr, package in map(tuple, _sonames().rows()) if attr == attribute)

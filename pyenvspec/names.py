"""Names of native packages: whether nixpkgs has them, what was probably meant, and offline search."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.facts.meanings import Suggestion, closest, understand
from pyenvspec.facts.native import attributes, find_attribute, find_native_name

if TYPE_CHECKING:
    from pyenvspec.facts.native import Attribute

__all__ = ["Suggestion", "closest", "is_known", "is_native", "search", "suggest_native"]

# Nixpkgs as a member of itself, and the packages of its Pythons.
_NOT_NATIVE = r"pkgs|python\d*Packages"
# Outputs of packages, and what libpq keeps apart.
_OUTPUTS = frozenset({"bin", "dev", "doc", "lib", "man", "out", "pg_config", "static"})


def is_native(name: str) -> bool:
    """Return whether a name is a package of nixpkgs, in a set, or an output of a package, as far as is known.

    What is gone from today's nixpkgs is none; sets whose members no list has (those of Perl, R …) take any name.
    """
    attribute = find_attribute(name)
    if attribute is not None:
        return attribute.gone is None
    head, _, rest = name.partition(".")
    above = find_attribute(head)
    # `xorg.libX11` is in a list, `perlPackages.Moose` in none, and `glib.dev` is an output of `glib`.
    if above is None or not rest or above.gone is not None or re.fullmatch(_NOT_NATIVE, head):
        return False
    return head not in _listed_sets() if above.is_set else rest.split(".")[-1] in _OUTPUTS


def is_known(name: str) -> bool:
    """Return whether some nixpkgs known has a name: today's, or an older one."""
    attribute = find_attribute(name)
    return is_native(name) or (attribute is not None and attribute.gone is not None)


def _listed_sets() -> frozenset[str]:
    return frozenset(one.name.partition(".")[0] for one in attributes() if "." in one.name)


def suggest_native(name: str) -> Suggestion | None:
    """Return what a native package name probably means; None when it is or was a package, or nothing is near.

    An attribute is never mistaken for another spelling; where a curated row warns of one, that is told.
    """
    if is_known(name):
        row = find_native_name(name)
        if row is None or (row.kind == "attr" and _is_same(row.attr, name)):
            return None
    return understand(name)


def _is_same(attr: str | None, name: str) -> bool:
    """Return whether a curated row only says what nixpkgs says itself: both names are of one package."""
    one, other = find_attribute(attr) if attr else None, find_attribute(name)
    if one is None or other is None:
        return False
    return name == one.alias or attr == other.alias or (one.version, one.text) == (other.version, other.text)


def search(query: str, limit: int = 20) -> list[Attribute]:
    """Return packages that today's nixpkgs has, best first.

    Every word of the query must occur in the name or the description. What the query means comes first, then
    the exact name, names that start with the query, names that hold it, and descriptions.
    """
    wanted = query.strip().lower()
    words = wanted.split()
    if not words:
        return []
    known = {one.name: one for one in attributes() if one.is_package and one.gone is None}
    ranked = sorted(
        # Of two as good the shorter name is more often the package itself: `ffmpeg` before `ffmpeg_7-headless`.
        (rank, one.alias is not None, len(one.name), one.name)
        for one in known.values()
        if (rank := _rank(one.name.lower(), one.text.lower(), wanted, words)) is not None
    )
    ordered = [name for *_, name in ranked]
    meant = suggest_native(query.strip())
    # A guess by its letters counts only where nothing holds the words.
    if meant and meant.attr in known and (meant.kind != "close" or not ordered):
        ordered = [meant.attr, *(name for name in ordered if name != meant.attr)]
    return [known[name] for name in ordered[:limit]]


def _rank(attr: str, description: str, wanted: str, words: list[str]) -> int | None:
    if attr == wanted:
        return 0
    if attr.startswith(wanted):
        return 1
    if wanted in attr:
        return 2
    if all(word in attr or word in description for word in words):
        # A word of its own in the description weighs more than a part of one.
        return 3 if all(word in description.split() for word in words) else 4
    return None

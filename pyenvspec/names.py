"""Did-you-mean and offline search: names the user typed, and what was probably meant.

Pure look-ups over `pyenvspec.facts.native`; rapidfuzz is imported on first need, since most runs have
no misspelt name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenvspec.facts.native import catalogue, catalogue_names, find_native_name, is_catalogued

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenvspec.facts.native import NameKind

CLOSE_ENOUGH = 72.0
"""Similarity in percent from which a word is offered; below it a guess confuses more than it helps."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What to do about a name under `native`.

    `kind` is that of the curated row, or `close` for a name that only looks alike. `attr` is what to
    write instead where that is an attribute; `hint` is one sentence where it is something else.
    `is_attribute` says that the name, as typed, exists in nixpkgs too.
    """

    name: str
    kind: NameKind | str
    attr: str | None
    hint: str
    source: str
    is_attribute: bool = False


def suggest_native(name: str) -> Suggestion | None:
    """Return what a native package name probably means; None when it is an attribute, or nothing is near."""
    row = find_native_name(name)
    if row:
        hint = row.hint or f"nixpkgs calls it `{row.attr}`"
        return Suggestion(name, row.kind, row.attr, hint, row.source, row.is_attribute)
    if is_catalogued(name):
        return None
    attr = _same_letters(name) or closest(name, catalogue_names())
    if attr is None:
        return None
    return Suggestion(name, "close", attr, f"did you mean `{attr}`?", "catalogue of nixpkgs attributes")


def search(query: str, limit: int = 20) -> list[tuple[str, str]]:
    """Return attributes with their descriptions, best first.

    Every word of the query must occur in the name or the description. A curated name comes first, then
    the exact name, names that start with the query, names that hold it, and descriptions.
    """
    wanted = query.strip().lower()
    words = wanted.split()
    if not words:
        return []
    known = catalogue()
    ranked = sorted(
        (rank, len(attr), attr)
        for attr, description in known.items()
        if (rank := _rank(attr.lower(), description.lower(), wanted, words)) is not None
    )
    found = [attr for _, _, attr in ranked]
    row = find_native_name(wanted)
    if row and row.attr and row.attr in known:
        found = [row.attr, *(attr for attr in found if attr != row.attr)]
    return [(attr, known[attr]) for attr in found[:limit]]


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `word` is probably a misspelling of, or None."""
    # Its import takes 20 ms, which a run without mistakes need not spend; difflib's takes as long.
    from rapidfuzz import fuzz, process, utils

    # Sorted, so that of two as near the same one is offered every time.
    match = process.extractOne(
        word,
        sorted(candidates),
        scorer=fuzz.ratio,
        processor=utils.default_process,
        score_cutoff=CLOSE_ENOUGH,
    )
    return None if match is None else str(match[0])


def _same_letters(name: str) -> str | None:
    """Return the attribute that differs from the name in case, `-`, `_` and `.` only."""
    # All names at once: 20,000 calls take longer than the rest of the message.
    names = catalogue_names()
    letters = _letters("\n".join(names)).split("\n")
    wanted = _letters(name)
    return names[letters.index(wanted)] if wanted in letters else None


def _letters(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").replace(".", "")


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

"""Where one types in env.yaml: the keys above a place, and whether a key, a value or an item of a list stands there.

By indentation, since the text is rarely whole while one types. Lines and columns count from 0.
"""

from __future__ import annotations

import re
from typing import Literal

from pyenvspec.records import dataclass

# `  version: 3.1`, `- name: x`; what is typed is rarely YAML yet, so that no parser helps.
_KEY = re.compile(r"^(?P<indent>[ ]*)(?P<dash>-[ ]+)?(?P<key>[A-Za-z0-9_.-]+)[ ]*:(?P<rest>.*)$")


@dataclass(frozen=True)
class Place:
    """`path` leads to the mapping, the key or the list; `word` is what is typed of the name, from `start` on."""

    kind: Literal["key", "value", "item"]
    path: tuple[str, ...]
    word: str
    start: int


def find_place(lines: list[str], line: int, column: int) -> Place:
    """Return what is typed at a place."""
    before = lines[line][:column] if line < len(lines) else ""
    # The name that is typed so far: back to a blank, a bracket, a comma, a colon or a quote.
    start = max(match.end() for match in re.finditer(r"^|[\s\[\],{}:'\"]", before))
    typed = before[start:]
    indent = len(before) - len(before.lstrip(" "))
    if match := _KEY.match(before):
        path = (*parents(lines, line, len(match["indent"])), match["key"])
        return Place("item" if "[" in match["rest"] else "value", path, typed, start)
    if re.match(r" *-(?: |$)", before):
        return Place("item", parents(lines, line, indent, for_item=True), typed, start)
    above = parents(lines, line, indent)
    return Place("item" if _in_brackets(lines, line, before) else "key", above, typed, start)


def path_at(lines: list[str], line: int) -> tuple[str, ...]:
    """Return the keys that lead to the one of a line, empty where it has none."""
    match = _KEY.match(lines[line]) if line < len(lines) else None
    if match is None:
        return ()
    return (*parents(lines, line, len(match["indent"])), match["key"])


def parents(lines: list[str], line: int, indent: int, *, for_item: bool = False) -> tuple[str, ...]:
    """Return the keys above a line that are less indented; an item may stand as far left as its key."""
    path: list[str] = []
    # An editor may ask about a line that was taken away while it asked.
    for number in range(min(line, len(lines)) - 1, -1, -1):
        match = _KEY.match(lines[number])
        if match is None or lines[number].lstrip().startswith("#"):
            continue
        depth = len(match["indent"])
        # A list may stand as far left as the key above it; another item of it is no parent.
        if depth < indent or (for_item and not path and depth == indent and not match["dash"]):
            path.append(match["key"])
            indent, for_item = depth, False
            if depth == 0:
                break
    return tuple(reversed(path))


def _in_brackets(lines: list[str], line: int, before: str) -> bool:
    # A list in brackets over several lines; one of more than 40 is written in block style.
    text = "\n".join([*lines[max(0, line - 40) : line], before])
    return text.count("[") > text.count("]")

"""`pyenvspec search NAME`: nixpkgs attributes from the offline catalogue; names of apt and conda lead there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenvspec.names import search, suggest_native
from pyenvspec.options import Options, add_json
from pyenvspec.reporter import make_visible, measure, put, say

if TYPE_CHECKING:
    import argparse

    from pyenvspec.names import Suggestion

_WIDEST = 32


@dataclass(frozen=True, slots=True)
class SearchOptions(Options):
    """What this command can be told besides."""

    names: tuple[str, ...] = ()
    limit: int = 20


def declare(parser: argparse.ArgumentParser) -> type[SearchOptions]:
    """Declare the arguments; return what holds them."""
    add_json(parser)
    parser.add_argument("names", nargs="+", metavar="NAME", help="words; names of apt and conda work too")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="show at most N (default: 20)")
    return SearchOptions


def run(options: SearchOptions) -> int:
    """Print what is found, best first; finding nothing is an answer too."""
    query = " ".join(options.names)
    found = search(query, max(options.limit, 1))
    meant = suggest_native(query)
    if options.json:
        rows = [{"attribute": attr, "description": text} for attr, text in found]
        put(json.dumps({"results": rows, "meaning": _data(meant)}, indent=2, ensure_ascii=False) + "\n")
        return 0
    width = min(max((measure(attr) for attr, _ in found), default=0), _WIDEST)
    for attr, text in found:
        put(f"{make_visible(attr):{width}}  {make_visible(text)}".rstrip() + "\n")
    if not options.quiet:
        _tell(query, found, meant)
    return 0


def _tell(query: str, found: list[tuple[str, str]], meant: Suggestion | None) -> None:
    name = make_visible(query)
    if meant and meant.kind == "attr":
        say(f"`{name}` is `{meant.attr}` in nixpkgs.")
    elif meant and meant.kind != "close":
        say(f"`{name}`: {meant.hint}")
    elif not found:
        near = f" Did you mean `{meant.attr}`?" if meant and meant.attr else ""
        say(f"No package known offline is called `{name}`.{near}")


def _data(meant: Suggestion | None) -> dict[str, str | None] | None:
    if meant is None or meant.kind == "close":
        return None
    return {"kind": meant.kind, "attribute": meant.attr, "hint": meant.hint}

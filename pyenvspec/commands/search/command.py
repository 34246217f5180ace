"""`pyenvspec search NAME`: nixpkgs attributes from the offline catalogue; names of apt and conda lead there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pyenvspec.names import search, suggest_native
from pyenvspec.reporter import make_visible, measure, put, say

if TYPE_CHECKING:
    from pyenvspec.names import Suggestion
    from pyenvspec.options import Options

_WIDEST = 32


def run(options: Options) -> int:
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

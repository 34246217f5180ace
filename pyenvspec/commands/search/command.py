"""`pyenvspec search NAME`: nixpkgs attributes from the offline catalogue; names of apt and conda lead there."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from pyenvspec.facts.meanings import last_release
from pyenvspec.facts.native import catalogue_source, find_attribute
from pyenvspec.names import search, suggest_native
from pyenvspec.options import Options, add_json
from pyenvspec.records import dataclass
from pyenvspec.reporter import make_visible, measure, put, say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from pyenvspec.facts.native import Attribute
    from pyenvspec.names import Suggestion

# A few long names (`python3Packages.…`) would push all descriptions out of the terminal.
_WIDEST = 32
_WIDEST_VERSION = 12


@dataclass(frozen=True)
class SearchOptions(Options):
    """What this command can be told besides."""

    names: tuple[str, ...] = ()
    limit: int = 20


def declare(parser: argparse.ArgumentParser) -> type[SearchOptions]:
    """Declare the arguments; return what holds them."""
    add_json(parser)
    parser.add_argument(
        "names",
        nargs="+",
        metavar="NAME",
        help="words; names of apt and conda, libraries and modules work too",
    )
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="show at most N (default: 20)")
    return SearchOptions


def run(options: SearchOptions) -> int:
    """Print what is found, best first; finding nothing is an answer too."""
    query = " ".join(options.names)
    attributes = search(query, max(options.limit, 1))  # `--limit 0` or less would say that nothing is there
    meant = suggest_native(query)
    if options.json:
        answer = {
            "results": [_row(one) for one in attributes],
            "meaning": _data(meant),
            "source": catalogue_source(),
        }
        put(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
        return 0
    width = _width((one.name for one in attributes), _WIDEST)
    versions = _width((one.version for one in attributes), _WIDEST_VERSION)
    for one in attributes:
        text = f"{make_visible(one.name):{width}}  {make_visible(one.version):{versions}}  {_describe(one)}"
        put(text.rstrip() + "\n")
    if not options.quiet:
        _tell(query, attributes, meant)
    return 0


def _width(texts: Iterable[str], widest: int) -> int:
    return min(max(map(measure, texts), default=0), widest)


def _describe(one: Attribute) -> str:
    notes = [
        f"another name of {one.alias}" if one.alias else "",
        "unfree" if one.unfree else "",
        "insecure" if one.insecure else "",
        "broken" if one.is_broken else "",
    ]
    note = ", ".join(filter(None, notes))
    return make_visible(one.text) + (f" ({note})" if note else "")


def _row(one: Attribute) -> dict[str, object]:
    return {
        "attribute": one.name,
        "version": one.version,
        "description": one.text,
        "unfree": bool(one.unfree),
        "insecure": bool(one.insecure),
        "broken": one.is_broken,
    }


def _tell(query: str, attributes: list[Attribute], meant: Suggestion | None) -> None:
    """Say what the query means, and the next step."""
    # The surest first: a name of another package manager, a key that is no package, one that nixpkgs took out, a slip.
    name = make_visible(query)
    former = find_attribute(query)
    if meant and meant.attr and meant.kind == "attr":
        say(f"`{name}` is `{meant.attr}` in nixpkgs. Add it with `pyenvspec add {shlex.quote(meant.attr)}`.")
    elif meant and meant.kind != "close":
        say(f"`{name}`: {meant.hint}.")
    elif former and former.gone:
        last = last_release(former)
        say(f"`{name}` is gone from nixpkgs{': ' + former.text.rstrip('.') if former.text else ''}.")
        if last:
            say(f"The last release that has it is {last}: `nixpkgs: {{release: {last}}}`.")
    elif meant and attributes:
        say(f"No package of nixpkgs is called `{name}`. Did you mean `{meant.attr}`?")
    elif attributes:
        say(f"Add one with `pyenvspec add {shlex.quote(attributes[0].name)}`.")
    else:
        say(f"No package of nixpkgs is called `{name}` or described so ({catalogue_source()}).")
        say("Try one word of what it does. Python packages belong into your requirements or lock file.")


def _data(meant: Suggestion | None) -> dict[str, str | None] | None:
    if meant is None or meant.kind == "close":  # a guess at a slip is no meaning that a script may rely on
        return None
    return {"kind": meant.kind, "attribute": meant.attr, "hint": meant.hint}

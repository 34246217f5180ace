"""`pyenvspec explain KEY` and `--plan`: what env.yaml becomes in Nix, and why."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from pyenvspec.commands.explain.consequences import Explanation, explain_key
from pyenvspec.driver import MANIFEST, compile_tree, load_plan, read_manifest
from pyenvspec.locale.language import translated
from pyenvspec.options import USAGE, Options, add_json
from pyenvspec.records import dataclass
from pyenvspec.reporter import WIDTH, make_visible, put, say
from pyenvspec.spec.keys import find_key

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from pyenvspec.plan import Decision, Plan
    from pyenvspec.resolving.releases.model import Alternative


@dataclass(frozen=True)
class ExplainOptions(Options):
    """What this command can be told besides."""

    key: str | None = None
    plan: bool = False


def declare(parser: argparse.ArgumentParser) -> type[ExplainOptions]:
    """Declare the arguments; return what holds them."""
    add_json(parser)
    parser.add_argument("key", nargs="?", metavar="KEY", help="a key, like cuda or python.version")
    parser.add_argument("--plan", action="store_true", help="list everything that was decided")
    return ExplainOptions


def run(options: ExplainOptions) -> int:
    """Explain one key, or list every decision."""
    if options.plan and options.key is None:
        plan = load_plan(options.directory)
        put(_json(_plan_data(plan)) if options.json else _format_plan(plan))
        return 0
    if options.key is None or options.plan:
        say("usage: pyenvspec explain KEY, or pyenvspec explain --plan")
        return USAGE
    explanation = _explain(options, options.key)
    put(_json(_key_data(explanation)) if options.json else _format_key(explanation))
    return 0


def _explain(options: ExplainOptions, name: str) -> Explanation:
    if not (options.directory / MANIFEST).exists():
        # What a key is for can be asked before there is a file.
        return Explanation(find_key(name, None), (), (), (), ())
    # A file with mistakes is told as `check` does it: what a key becomes follows from all of it.
    raw = read_manifest(options.directory)
    return explain_key(name, raw, lambda tree: compile_tree(options.directory, tree))


def _json(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _format_key(explained: Explanation) -> str:
    key = explained.key
    lines = [*_wrap(f"{key.name}: {key.description}", ""), ""]
    if explained.lines:
        lines.append(f"{MANIFEST}:")
        lines += [f"{line.number:5} | {make_visible(line.text)}".rstrip() for line in explained.lines]
    else:
        lines.append(translated(f"Not in {MANIFEST}."))
        lines += [translated(f"  default: {key.default}")] if key.default else []
        lines += [translated(f"  example: {key.name}: {key.example}")] if key.example else []
    lines += ["", *_format_nix(explained)]
    if explained.decisions:
        lines += [translated("why:"), *_format_decisions(explained.decisions)]
    return "\n".join(lines).rstrip() + "\n"


def _format_nix(explained: Explanation) -> Iterator[str]:
    # `run` is in no file of Nix, so that leaving it out would seem to change nothing.
    if explained.key.path[0] == "run":
        yield translated("No generated file has it: `pyenvspec run` reads it.")
        yield ""
    elif explained.lines and explained.changes_nothing:
        yield translated("Without it the files would be the same: it says what is so anyway.")
        yield ""
    # Parts of one set stand under one heading.
    heading = ""
    for part in explained.nix:
        own_heading = f"{part.file}{f', in {part.inside}' if part.inside else ''}:"
        if heading != own_heading:
            yield from [""] if heading else []
            yield own_heading
            heading = own_heading
        yield from (f"  {make_visible(line)}".rstrip() for line in part.text.splitlines())
    if explained.nix:
        yield ""
    if explained.files:
        yield translated("files that are there or differ because of it:")
        yield from (f"  {path}" for path in explained.files)
        yield ""


def _format_decisions(decisions: Iterable[Decision]) -> Iterator[str]:
    for decision in decisions:
        yield f"  {decision.key}: {make_visible(decision.choice)}"
        yield from _wrap(decision.reason, "    ")
        if decision.source:
            yield from _wrap(translated("source: ") + decision.source, "    ")


def _format_plan(plan: Plan) -> str:
    lines = [translated("decided:"), *_format_decisions(plan.decisions)]
    if plan.alternatives:
        lines += ["", translated("not taken:")]
        for other in plan.alternatives:
            lines += [f"  {_name(other)}", *_wrap(other.reason, "    ")]
    return "\n".join(lines) + "\n"


def _name(other: Alternative) -> str:
    extra = [name for name in other.inputs if name != "nixpkgs"]
    return translated(f"{other.release} with {', '.join(extra)}") if extra else other.release


def _wrap(text: str, indent: str) -> list[str]:
    # Whole words, also those with a dash: option names, addresses and store paths are copied from here.
    wrapped = textwrap.wrap(
        make_visible(translated(text)), WIDTH - len(indent), break_long_words=False, break_on_hyphens=False
    )
    return [indent + line for line in wrapped]


def _key_data(explained: Explanation) -> dict[str, object]:
    key = explained.key
    return {
        "key": key.name,
        "given": bool(explained.lines),
        "description": key.description,
        "default": key.default,
        "example": key.example,
        "lines": [{"line": line.number, "text": line.text} for line in explained.lines],
        "changes_nothing": explained.changes_nothing,
        "nix": [{"file": part.file, "inside": part.inside, "text": part.text} for part in explained.nix],
        "files": list(explained.files),
        "decisions": [_decision_data(decision) for decision in explained.decisions],
    }


def _plan_data(plan: Plan) -> dict[str, object]:
    return {
        "decisions": [_decision_data(decision) for decision in plan.decisions],
        "alternatives": [
            {
                "release": other.release,
                "inputs": list(other.inputs),
                "reason": other.reason,
                "lacks": [
                    {"subject": lack.subject, "wanted": lack.wanted, "reason": lack.reason}
                    for lack in other.lacks
                ],
            }
            for other in plan.alternatives
        ],
    }


def _decision_data(decision: Decision) -> dict[str, str | None]:
    return {
        "key": decision.key,
        "choice": decision.choice,
        "reason": decision.reason,
        "source": decision.source,
    }

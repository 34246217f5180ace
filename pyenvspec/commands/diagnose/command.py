"""`pyenvspec diagnose [LOG]`: what a failed build, install or program says, and the lines of env.yaml that fix it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyenvspec.commands.diagnose.patterns import diagnose_log, merge_yaml
from pyenvspec.commands.diagnose.present import read_present
from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.locale.language import translated
from pyenvspec.options import USAGE, Options, add_json
from pyenvspec.records import dataclass
from pyenvspec.reporter import SITE, is_terminal, link, make_visible, put, say, show, wants_color
from pyenvspec.spec.flow import format_flow

if TYPE_CHECKING:
    import argparse

    from pyenvspec.commands.diagnose.present import Advice

# Of longer ones the start: what failed first is mostly why the rest did.
_MOST_BYTES = 64 * 1024 * 1024
# A compiler's command line has thousands of signs; two lines of a terminal tell which one it is.
_LONGEST = 160
_NOTHING = """Nix's
output the first line with `error:` says it; `nix log` with the .drv path in it shows the whole build.
`pyenvspec doctor` looks at this machine."""


@dataclass(frozen=True)
class DiagnoseOptions(Options):
    """What this command can be told besides."""

    source: Path | None = None


def declare(parser: argparse.ArgumentParser) -> type[DiagnoseOptions]:
    """Declare the arguments; return what holds them."""
    add_json(parser)
    parser.add_argument(
        "source",
        nargs="?",
        type=Path,
        metavar="LOG",
        help="file with the output; standard input when left out",
    )
    return DiagnoseOptions


def run(options: DiagnoseOptions) -> int:
    """Print what is known of the log; 1 when nothing is."""
    if options.source is None and (sys.stdin is None or is_terminal(sys.stdin)):
        say("usage: pyenvspec diagnose LOG, or: nix develop 2>&1 | pyenvspec diagnose")
        return USAGE
    advices = diagnose_log(_read(options), read_present(options.directory))
    if options.json:
        put(json.dumps(_data(advices), indent=2, ensure_ascii=False) + "\n")
    elif advices:
        put(_format(advices, color=wants_color(sys.stdout, options.color)))
    else:
        say(
            f"Nothing in this log is known here. Of a Python traceback the last line says what is wrong, of {_NOTHING}"
        )
    return 0 if advices else 1  # as grep: a script may ask whether anything is known


def explain(output: str) -> None:
    """Tell what the output of a failed Nix means, right below it."""
    advices = diagnose_log(output)
    if advices:
        say("\nWhat this means:\n")
        # What stands above was written over and is cut off where it is long: nobody counts its lines.
        show(_format(advices, color=wants_color(sys.stderr), numbered=False))
    else:
        say(f"\nNothing of this is known to `pyenvspec diagnose`. Of {_NOTHING}")


def _read(options: DiagnoseOptions) -> str:
    if options.source is None or str(options.source) == "-":
        return sys.stdin.buffer.read(_MOST_BYTES).decode(errors="replace")
    try:
        with options.source.open("rb") as stream:
            return stream.read(_MOST_BYTES).decode(errors="replace")
    except OSError as error:
        name = str(options.source)
        reason = error.strerror or str(error)
        raise PyenvspecError(
            Diagnostic("file-unreadable", f"`{name}` cannot be read: {reason}", name)
        ) from None


def format_yaml(data: dict[str, Any], depth: int = 0) -> list[str]:
    """Return lines to paste: the two upper levels in block style, what is below on one line."""
    lines: list[str] = []
    for key, value in data.items():
        if isinstance(value, dict) and depth < 1:
            lines += ["  " * depth + f"{key}:", *format_yaml(value, depth + 1)]
        else:
            lines.append("  " * depth + f"{key}: {format_flow(value)}")
    return lines


def _format(advices: tuple[Advice, ...], *, color: bool, numbered: bool = True) -> str:
    lines: list[str] = []
    for advice in advices:
        shown = make_visible(advice.text)
        shown = shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…"
        lines += [
            translated(f"line {advice.line}: ") + shown if numbered else shown,
            f"  {make_visible(translated(advice.finding))}",
        ]
        lines += [f"  - {make_visible(translated(command))}" for command in advice.commands]
        source = link(advice.source, _page(advice), color=color)
        # Translated as plain text, since the signs of a link are no part of any catalogue.
        lines += [translated(f"  see {advice.source}").replace(advice.source, source), ""]
    if merged := merge_yaml(advices):
        lines += [translated("Put into env.yaml (join with what is there under the same keys):"), ""]
        lines += [f"  {make_visible(line)}" for line in format_yaml(merged)]
    return "\n".join(lines).rstrip() + "\n"


def _page(advice: Advice) -> str:
    """Return the address of a failure's page, which stays."""
    return f"{SITE}diagnoses/#{advice.family}"


def _data(advices: tuple[Advice, ...]) -> dict[str, object]:
    return {
        "findings": [
            {
                "family": advice.family,
                "line": advice.line,
                "text": advice.text,
                "finding": advice.finding,
                "yaml": advice.yaml,
                "commands": list(advice.commands),
                "source": advice.source,
                "page": _page(advice),
            }
            for advice in advices
        ],
        "yaml": merge_yaml(advices),
    }

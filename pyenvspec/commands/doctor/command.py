"""`pyenvspec doctor`: what of this machine stands in the way of the shell; 4 when something does."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from pyenvspec.commands.doctor.builds import check_builds
from pyenvspec.commands.doctor.caches import check_caches
from pyenvspec.commands.doctor.git import check_git
from pyenvspec.commands.doctor.gpu import check_gpu
from pyenvspec.commands.doctor.host import SystemHost
from pyenvspec.commands.doctor.model import Check, Context, Mark
from pyenvspec.commands.doctor.nix import check_nix
from pyenvspec.commands.doctor.python import check_python
from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import MANIFEST, compile_project
from pyenvspec.locale.language import translated
from pyenvspec.options import Options, add_json
from pyenvspec.records import dataclass
from pyenvspec.reporter import make_visible, paint, put, waiting, wants_color
from pyenvspec.tools import SystemRunner

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping

    from pyenvspec.commands.doctor.host import Host
    from pyenvspec.plan import Plan
    from pyenvspec.tools import Runner

PROBLEM = 4
"""Exit code where something is in the way: a script tells it from a mistake in env.yaml (1)."""
_SIGNS = {Mark.GOOD: "✔", Mark.WARN: "!", Mark.BAD: "✘"}
_PLAIN_SIGNS = {Mark.GOOD: "ok", Mark.WARN: "!", Mark.BAD: "X"}
_STYLES = {Mark.GOOD: "32", Mark.WARN: "1;33", Mark.BAD: "1;31"}


@dataclass(frozen=True)
class DoctorOptions(Options):
    """What this command can be told besides."""

    online: bool = False


def declare(parser: argparse.ArgumentParser) -> type[DoctorOptions]:
    """Declare the arguments; return what holds them."""
    add_json(parser)
    parser.add_argument(
        "--online",
        action="store_true",
        help="also ask the binary caches whether they answer, and Nix what it would fetch and build for the shell",
    )
    return DoctorOptions


def run(options: DoctorOptions) -> int:
    """Look at everything and print it."""
    return examine(options, SystemHost(), SystemRunner())


def examine(options: DoctorOptions, host: Host, runner: Runner) -> int:
    """Run every group on a machine and print the findings."""
    with waiting("looking at this machine", quiet=options.quiet):
        checks = list(_collect(options, host, runner))
    has_problem = any(check.mark is Mark.BAD for check in checks)
    if options.json:
        put(json.dumps(_data(checks), indent=2, ensure_ascii=False) + "\n")
    else:
        # Quiet is about talk, and problems are what doctor is asked for.
        shown = [check for check in checks if check.mark is Mark.BAD or not options.quiet]
        put(_format(shown, color=wants_color(sys.stdout, options.color)))
    return PROBLEM if has_problem else 0


def _collect(options: DoctorOptions, host: Host, runner: Runner) -> Iterator[Check]:
    plan: Plan | None = None
    files: Mapping[str, bytes] = {}
    if host.exists(str(options.directory / MANIFEST)):
        try:
            # The machine is looked at for what this plan needs, and git for the files that would be written.
            compiled = compile_project(options.directory)
            plan, files = compiled.plan, compiled.files
            yield Check("project", Mark.GOOD, f"env.yaml is valid: {plan.name}, {plan.nixpkgs.release}")
        except PyenvspecError as error:
            # What they are is told by `check`, better than one line each could here.
            count = len(error.diagnostics)
            text = f"env.yaml has {count} error{'s' if count > 1 else ''}"
            yield Check("project", Mark.BAD, text, ("pyenvspec check",))
    else:
        yield Check("project", Mark.GOOD, "no env.yaml here: only the machine is looked at")
    context = Context(host, runner, options.directory, plan, options.online)
    yield from check_nix(context)
    if plan:
        yield from check_git(context, tuple(sorted(files)))
    yield from check_caches(context)
    yield from check_builds(context, files)
    yield from check_python(context)
    yield from check_gpu(context)


def _format(checks: Iterable[Check], *, color: bool) -> str:
    signs = _SIGNS if _has_signs() else _PLAIN_SIGNS
    width = max(len(sign) for sign in signs.values())
    lines: list[str] = []
    group = ""
    for check in checks:
        if check.group != group:
            lines += [""] if lines else []
            lines.append(paint(check.group, "1", color=color))
            group = check.group
        sign = paint(signs[check.mark].ljust(width), _STYLES[check.mark], color=color)
        lines.append(f"  {sign} {make_visible(translated(check.text))}")
        lines += [f"  {' ' * width}   {make_visible(translated(line))}" for line in check.fix]
    return "\n".join(lines) + "\n" if lines else ""


def _has_signs() -> bool:
    """Whether stdout can show the signs: a terminal in another encoding would print question marks."""
    try:
        "✔✘".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _data(checks: list[Check]) -> dict[str, object]:
    return {
        "problems": sum(check.mark is Mark.BAD for check in checks),
        "checks": [
            {"group": c.group, "mark": c.mark.value, "text": c.text, "fix": list(c.fix)} for c in checks
        ],
    }

"""`pyenvspec check`: validate env.yaml, write nothing."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from pyenvspec.checking.releases import check_support
from pyenvspec.driver import check_project
from pyenvspec.options import Options, add_json
from pyenvspec.reporter import report, say

if TYPE_CHECKING:
    import argparse


def declare(parser: argparse.ArgumentParser) -> type[Options]:
    """Declare the arguments; return what holds them."""
    add_json(parser)
    return Options


def run(options: Options) -> int:
    """Report every finding; an error ends in 1 through the caller."""
    file, plan, findings = check_project(options.directory)
    # Of this day, not of env.yaml: a compile does not say it, since it is to give the same on each day.
    ended = check_support(file, plan, datetime.date.today())
    report((*findings, *ended), options)
    # On stderr, and only where somebody reads along: the exit code is the answer for programs.
    if not options.quiet and not options.json:
        names = ", ".join(shell.name for shell in plan.shells)
        say(f"env.yaml is valid: {plan.nixpkgs.release}, shells {names}")
    return 0

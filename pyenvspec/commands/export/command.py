"""`pyenvspec export dockerfile|conda [VARIANT]`: print the file; what it cannot hold is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.commands.export.conda import format_conda
from pyenvspec.commands.export.dockerfile import format_dockerfile
from pyenvspec.commands.steps import find_shell
from pyenvspec.driver import check_project
from pyenvspec.options import USAGE, Options
from pyenvspec.records import dataclass
from pyenvspec.reporter import put, report, say

if TYPE_CHECKING:
    import argparse


@dataclass(frozen=True)
class ExportOptions(Options):
    """What this command can be told besides."""

    form: str = "dockerfile"
    variant: str = "default"


def declare(parser: argparse.ArgumentParser) -> type[ExportOptions]:
    """Declare the arguments; return what holds them."""
    parser.add_argument(
        "form", choices=("dockerfile", "conda"), help="a Dockerfile, or conda's environment.yml"
    )
    parser.add_argument("variant", nargs="?", default="default", metavar="VARIANT", help="default: default")
    return ExportOptions


def run(options: ExportOptions) -> int:
    """Print the file."""
    # Findings go to stderr, as what is left out: stdout is the file, which most redirect.
    _, plan, findings = check_project(options.directory)
    report(findings, options)
    shell = find_shell(plan, options.variant)
    if shell is None:
        return USAGE
    if options.form == "conda":
        text, left_out = format_conda(plan, shell, options.directory)
    else:
        text, left_out = format_dockerfile(plan, shell, options.directory)
    put(text)
    if not options.quiet:
        for line in left_out:
            say(f"left out: {line}")
    return 0

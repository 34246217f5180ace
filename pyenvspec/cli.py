"""argv in, exit code out: parse into `Options`, call the verb's function, turn failures into messages.

Exit codes: 0 done · 1 env.yaml or a tool's answer is at fault, or `--check` found stale files · 2 usage ·
3 our bug · 4 doctor found a problem · 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec import __version__
from pyenvspec.options import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OK, FAULT, USAGE, BUG, PROBLEM, INTERRUPTED = 0, 1, 2, 3, 4, 130

ISSUES = "https://github.com/pyenvspec/pyenvspec/issues"


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        options = parse_options(argv)
    except SystemExit as stop:  # argparse ends the process for --help and usage errors
        return stop.code if isinstance(stop.code, int) else USAGE
    try:
        return _execute(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our stdout is gone; keep Python from complaining about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAULT
    except Exception as error:
        return _report_bug(error)


def _execute(options: Options) -> int:
    from pyenvspec.diagnostics import PyenvspecError

    command: Callable[[Options], int] = importlib.import_module(f"pyenvspec.commands.{options.verb}").run
    try:
        return command(options)
    except PyenvspecError as error:
        from pyenvspec.reporter import report

        report(error.diagnostics, options)
        return FAULT


def _report_bug(error: Exception) -> int:
    import platform
    import traceback

    from pyenvspec.reporter import say

    say("".join(traceback.format_exception(error)))
    say(f"BUG: {type(error).__name__}: {error}")
    say(f"pyenvspec {__version__}, Python {platform.python_version()}, {platform.platform()}")
    say(f"This is a mistake of pyenvspec, not yours. Please report it with the lines above: {ISSUES}")
    return BUG


def parse_options(argv: Sequence[str]) -> Options:
    """Turn the command line into Options; argparse raises SystemExit for --help and usage errors."""
    words, command = _split_command(argv)
    namespace = _parser().parse_args(words)
    given = {k: v for k, v in vars(namespace).items() if v is not None}
    given["directory"] = Path(given["directory"])
    if "source" in given:
        given["source"] = Path(given["source"])
    if "names" in given:
        names = given["names"]
        given["names"] = (names,) if isinstance(names, str) else tuple(names)
    return Options(**given, command=command)


def _split_command(argv: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Keep what follows `--` apart: it is the user's command, not ours."""
    words = list(argv)
    if "--" not in words:
        return words, ()
    at = words.index("--")
    return words[:at], tuple(words[at + 1 :])


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "-C", dest="directory", metavar="DIR", default=".", help="work in DIR, the folder of env.yaml"
    )
    common.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colours in messages"
    )
    common.add_argument("-q", "--quiet", action="store_true", help="errors only")
    parser = argparse.ArgumentParser(
        prog="pyenvspec",
        description="Compile env.yaml into a Nix flake: a reproducible Python environment.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pyenvspec {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, text: str, *, json: bool = True) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=text, description=text, parents=[common], allow_abbrev=False)
        if json:
            added.add_argument("--json", action="store_true", help="data as JSON on stdout")
        return added

    verb("check", "validate env.yaml and write nothing")
    compiling = verb("compile", "write flake.nix and its module from env.yaml")
    compiling.add_argument(
        "--check", action="store_true", help="fail when the files are stale, and touch nothing"
    )
    compiling.add_argument("--diff", action="store_true", help="show what would change, and touch nothing")
    compiling.add_argument("--stdout", action="store_true", help="print the files instead of writing them")
    compiling.add_argument("--force", action="store_true", help="replace files of your own; a copy is kept")
    compiling.add_argument("--emit", choices=("spec", "plan", "tree", "nix"), help="print what a stage gives")
    compiling.add_argument(
        "--locked", action="store_true", help="fail when an input has no pin in env.lock.json"
    )
    for name, text in (("lock", "pin every input by revision and hash"), ("update", "pin inputs anew")):
        locking = verb(name, text)
        locking.add_argument(
            "--dry-run", action="store_true", help="show old and new pins, and write nothing"
        )
        locking.add_argument(
            "--force", action="store_true", help="replace a lock that cannot be read; a copy is kept"
        )
        if name == "update":
            locking.add_argument("names", nargs="*", metavar="INPUT", help="only these inputs")
    verb("schema", "print the JSON Schema of env.yaml", json=False)
    return parser

"""argv in, exit code out: parse into `Options`, call the verb's function, turn failures into messages.

Exit codes: 0 done · 1 env.yaml or a tool's answer is at fault, or `--check` found stale files · 2 usage ·
3 our bug · 4 doctor found a problem · 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys

from pyenvspec import __version__

TYPE_CHECKING = False  # `--help` needs neither `typing` nor `pathlib`, which take longer than it does
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from pyenvspec.options import Options

OK, FAULT, USAGE, BUG, PROBLEM, INTERRUPTED = 0, 1, 2, 3, 4, 130

MODULES = {
    "add": "edit.add",
    "catalog": "search.catalog",
    "compile": "compile.command",
    "diagnose": "diagnose.command",
    "doctor": "doctor.command",
    "explain": "explain.command",
    "init": "init.command",
    "lock": "pin.lock",
    "remove": "edit.remove",
    "search": "search.command",
    "update": "pin.update",
}
"""Verbs whose function stands in a module of another name below `commands`."""

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
    import importlib

    from pyenvspec.diagnostics import PyenvspecError

    module = MODULES.get(options.verb, options.verb)
    command: Callable[[Options], int] = importlib.import_module(f"pyenvspec.commands.{module}").run
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
    namespace = _parser(words).parse_args(words)
    from pathlib import Path

    from pyenvspec.options import Options

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


class _Unused:
    """Takes the options of a verb that this command line does not name."""

    usage: str | None = None

    def add_argument(self, *words: object, **more: object) -> None:
        """Forget it."""


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser for this command line: with the options of its verb only, since each one costs time."""
    asked = words[0] if words else ""
    if asked in ("", "-h", "--help", "--version"):
        return _build_parser(names_only=True)[0]
    parser, verbs = _build_parser(only=asked)
    return parser if verbs else _build_parser()[0]


def _formatter(prog: str) -> argparse.HelpFormatter:
    # argparse would import shutil for it, and with it three libraries for compression, for each option.
    try:
        width = int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size().columns
    except (ValueError, OSError):  # no number, no terminal
        width = 0
    return argparse.HelpFormatter(prog, width=(width or 80) - 2)


def _build_parser(
    only: str | None = None, *, names_only: bool = False
) -> tuple[argparse.ArgumentParser, Collection[str]]:
    """Return the parser with all verbs, or with the one named, and the names of those that it has."""
    common = argparse.ArgumentParser(add_help=False, formatter_class=_formatter)
    common.add_argument(
        "-C", dest="directory", metavar="DIR", default=".", help="work in DIR, the folder of env.yaml"
    )
    common.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colours in messages"
    )
    common.add_argument("-q", "--quiet", action="store_true", help="errors only")
    parser = argparse.ArgumentParser(
        prog="pyenvspec",
        formatter_class=_formatter,
        description="Compile env.yaml into a Nix flake: a reproducible Python environment.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pyenvspec {__version__}")
    # Without `prog` argparse formats a usage to find it.
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB", prog=parser.prog)

    def verb(name: str, text: str, *, json: bool = True) -> argparse.ArgumentParser | _Unused:
        if names_only:
            verbs.add_parser(name, help=text, add_help=False)
        if names_only or only not in (None, name):
            return _Unused()
        added = verbs.add_parser(
            name,
            help=text,
            description=text,
            parents=[common],
            allow_abbrev=False,
            formatter_class=_formatter,
        )
        if json:
            added.add_argument("--json", action="store_true", help="data as JSON on stdout")
        return added

    _add_init(verb)
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
    _add_lookups(verb)
    _add_edits(verb)
    _add_machine_verbs(verb)
    return parser, verbs.choices


def _add_init(verb: Callable[..., argparse.ArgumentParser | _Unused]) -> None:
    starting = verb("init", "look at the project and write env.yaml")
    starting.add_argument(
        "--from",
        dest="source",
        metavar="FILE",
        help="take the packages from this file: a lock, requirements, …",
    )
    starting.add_argument("--manager", metavar="M", help="uv, poetry, pip, uv2nix, poetry2nix or nixpkgs")
    starting.add_argument(
        "--template", metavar="T", help="minimal, cuda, science or nix-lock, whatever the project has"
    )
    starting.add_argument("--force", action="store_true", help="replace env.yaml; a copy is kept")


def _add_lookups(verb: Callable[..., argparse.ArgumentParser | _Unused]) -> None:
    explaining = verb("explain", "show what a key of env.yaml becomes in Nix, and why")
    explaining.add_argument("key", nargs="?", metavar="KEY", help="a key, like cuda or python.version")
    explaining.add_argument("--plan", action="store_true", help="list everything that was decided")
    searching = verb("search", "look up nixpkgs packages by name or description, offline")
    searching.add_argument("names", nargs="+", metavar="NAME", help="words; names of apt and conda work too")
    searching.add_argument("--limit", type=int, default=20, metavar="N", help="show at most N (default: 20)")
    updating = verb("catalog", "say where the offline names of nixpkgs packages come from")
    updating.add_argument(
        "--update", dest="refresh", action="store_true", help="list this project's nixpkgs anew, with Nix"
    )


def _add_edits(verb: Callable[..., argparse.ArgumentParser | _Unused]) -> None:
    what = "nixpkgs packages; cuda.X is a package of the CUDA set"
    adding = verb("add", "add packages to `native` in env.yaml, keeping its comments")
    adding.add_argument("names", nargs="+", metavar="NAME", help=what)
    adding.add_argument(
        "--force", action="store_true", help="take names that the offline catalogue does not have"
    )
    removing = verb("remove", "take packages out of `native` in env.yaml, keeping its comments")
    removing.add_argument("names", nargs="+", metavar="NAME", help=what)


def _add_machine_verbs(verb: Callable[..., argparse.ArgumentParser | _Unused]) -> None:
    opening = verb("shell", "compile what is stale and open the shell, or run CMD in it", json=False)
    opening.usage = "pyenvspec shell [-h] [-C DIR] [-q] [VARIANT] [-- CMD …]"
    opening.add_argument("names", nargs="?", default="default", metavar="VARIANT", help="default: default")
    examining = verb("doctor", "check nix, git, caches, Python and GPU driver on this machine")
    examining.add_argument(
        "--online", action="store_true", help="also ask the binary caches whether they answer"
    )
    diagnosing = verb(
        "diagnose", "read a failed Nix build or evaluation, print the env.yaml lines that fix it"
    )
    diagnosing.add_argument(
        "source", nargs="?", metavar="LOG", help="file with the output; standard input when left out"
    )
    shipping = verb("container", "build an image of env.yaml, load it into Docker or push it", json=False)
    shipping.add_argument("action", choices=("build", "load", "push"), help="load: into the local Docker")
    shipping.add_argument("names", nargs="?", default="default", metavar="NAME", help="default: default")
    shipping.add_argument("--podman", action="store_true", help="load into Podman instead of Docker")
    shipping.add_argument("--dry-run", action="store_true", help="show the command, and do not run it")

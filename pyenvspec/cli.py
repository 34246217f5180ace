"""argv in, exit code out: find the verb, let its module declare its arguments and run it, turn failures into messages.

Exit codes: 0 done · 1 env.yaml or a tool's answer is at fault, or `--check` found stale files · 2 usage ·
3 our bug · 4 doctor found a problem · 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys

from pyenvspec import __version__
from pyenvspec.locale.language import message_language, translated

TYPE_CHECKING = False  # `--help` needs neither `typing` nor `pathlib`, which take longer than it does
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn, Protocol

    from pyenvspec.options import Options

    class Command(Protocol):
        """A module below `commands`."""

        def declare(self, parser: argparse.ArgumentParser) -> type[Options]:
            """Declare the arguments; return what holds them."""

        def run(self, options: Options) -> int:
            """Do it; return the exit code."""


OK, FAULT, USAGE, BUG, PROBLEM, INTERRUPTED = 0, 1, 2, 3, 4, 130

ISSUES = "https://github.com/pyenvspec/pyenvspec/issues"

GROUPS = {
    "Start": {
        "init": ("init.command", "look at the project and write env.yaml"),
        "compile": ("compile.command", "write flake.nix and its module from env.yaml"),
        "shell": ("shell", "compile what is stale and open the shell, or run CMD in it"),
    },
    "Change": {
        "search": ("search.command", "look up nixpkgs packages by name or description, offline"),
        "add": ("edit.add", "add packages to `native` in env.yaml, keeping its comments"),
        "remove": ("edit.remove", "take packages out of `native` in env.yaml, keeping its comments"),
        "lock": ("pin.lock", "pin every input by revision and hash"),
        "update": ("pin.update", "pin inputs anew"),
    },
    "Understand": {
        "check": ("check", "validate env.yaml and write nothing"),
        "list": (
            "look.list",
            "show what the environment holds: Python, packages, `native`, variants, inputs",
        ),
        "outdated": ("look.outdated", "show what has a newer version, and what moves it"),
        "explain": ("explain.command", "show what a key of env.yaml becomes in Nix, and why"),
        "diagnose": (
            "diagnose.command",
            "read what failed (Nix, uv, poetry, pip, Python), print the env.yaml lines that fix it",
        ),
        "doctor": ("doctor.command", "check nix, git, caches, Python and GPU driver on this machine"),
    },
    "Ship": {
        "container": ("container.command", "build an image of env.yaml, load it into Docker or push it"),
        "export": (
            "export.command",
            "print a Dockerfile or conda's environment.yml for colleagues without Nix",
        ),
        "run": ("run.command", "run a command on a cluster or cloud: Slurm, Kubernetes, SkyPilot, dstack"),
        "cache": ("cache", "build the shells and fill the team's binary cache with them"),
        "ship": ("ship", "copy a shell to a machine that has Nix, and say how to enter it there"),
    },
    "Tools": {
        "kernel": ("kernel", "give Jupyter a kernel that runs in the shell, from wherever it is started"),
        "completion": (
            "completion.command",
            "let bash, zsh or fish complete verbs, variants, packages, containers",
        ),
        "lsp": ("lsp.command", "a language server: what `check` says as one types, in any editor"),
        "get-nix": ("get_nix", "get a Nix for this user, without root where that works"),
        "clean": (
            "look.clean",
            "take away kept shells and environments that nothing needs, with their sizes",
        ),
        "info": ("look.info", "print what a bug report needs"),
        "schema": ("schema", "print the JSON Schema of env.yaml"),
    },
}
"""Verbs by what they are for, each with its module below `commands` and one line of help."""

VERBS = {verb: where for group in GROUPS.values() for verb, where in group.items()}


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    # argcomplete starts us so, at each press of the tab key.
    if "_ARGCOMPLETE" in os.environ:
        from pyenvspec.commands.completion.answer import complete_line

        return complete_line(VERBS, build_parser)
    try:
        command, options = _parse(argv)
    except SystemExit as stop:  # argparse ends the process for --help and usage errors
        return stop.code if isinstance(stop.code, int) else USAGE
    # The module of a verb is imported there: its mistake is ours as well.
    except Exception as error:
        return _report_bug(error)
    try:
        return _execute(command, options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        return _report_bug(error)


def _execute(command: Callable[[Options], int], options: Options) -> int:
    from pyenvspec.diagnostics import PyenvspecError
    from pyenvspec.reporter import OutputError, report, say

    try:
        try:
            return command(options)
        except PyenvspecError as error:
            report(error.diagnostics, options)
    except OutputError as error:
        say(f"standard output cannot be written: {error}")
    return FAULT


def _report_bug(error: Exception) -> int:
    import platform
    import traceback

    from pyenvspec.reporter import say, show

    show("".join(traceback.format_exception(error)))
    show(f"BUG: {type(error).__name__}: {error}")
    show(f"pyenvspec {__version__}, Python {platform.python_version()}, {platform.platform()}")
    say(f"This is a mistake of pyenvspec, not yours. Please report it with the lines above: {ISSUES}")
    return BUG


def build_parser(verb: str) -> tuple[Command, argparse.ArgumentParser, type[Options]]:
    """Return a verb's module, its parser, and what holds the arguments."""
    import importlib

    from pyenvspec.commands.examples import EXAMPLES

    where, text = VERBS[verb]
    module: Command = importlib.import_module(f"pyenvspec.commands.{where}")
    examples = "".join(f"\n  {line}" for line in EXAMPLES.get(verb, ()))
    parser = _Parser(
        prog=f"pyenvspec {verb}",
        description=text,
        epilog=f"examples:{examples}" if examples else None,
        allow_abbrev=False,
        formatter_class=_formatter,
    )
    _add_common(parser)
    return module, parser, module.declare(parser)


def _parse(argv: Sequence[str]) -> tuple[Callable[[Options], int], Options]:
    """Return the verb's function and what it is called with; SystemExit for --help and usage errors."""
    words, command = _split_command(argv)
    verb = words[0] if words else ""
    if verb not in VERBS:
        _parse_without_verb(words)
    from pathlib import Path

    module, parser, form = build_parser(verb)
    if parser.usage is None:  # argparse would cut off as many letters as `usage: ` has, in any language
        parser.usage = parser.format_usage()[len(translated("usage:")) + 1 :]
    # Intermixed: options may stand between names, `add ffmpeg -C lab sox`.
    values: dict[str, Any] = vars(parser.parse_intermixed_args(words[1:]))
    # Options are frozen, and argparse gives lists.
    values |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    values["directory"] = Path(values["directory"])
    # Only verbs that hand a command on have a field for it.
    if "command" in form.__dataclass_fields__:
        values["command"] = command
    elif command:
        parser.error(f"`{verb}` runs no command; leave out `-- {' '.join(command)}`")
    return module.run, form(verb=verb, **values)


def _parse_without_verb(words: Sequence[str]) -> None:
    """Answer --help, --version and a word that is no verb; always raises SystemExit."""
    parser = _Parser(
        prog="pyenvspec",
        formatter_class=_formatter,
        usage="pyenvspec [-h] [--version] VERB …",
        description="Compile env.yaml into a Nix flake: a reproducible Python environment.",
        epilog="`pyenvspec VERB --help` tells more of one.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pyenvspec {__version__}")
    for title, group in GROUPS.items():
        section = parser.add_argument_group(title)
        for verb, (_, text) in group.items():
            # For the help alone: what follows a verb is read by a parser of its own.
            section.add_argument(verb, nargs="?", help=text)
    if not words:
        parser.print_help(sys.stderr)
        raise SystemExit(USAGE)
    if words[0].startswith("-"):
        if words[0] not in ("-h", "--help", "--version") and (ordered := _with_verb_first(words)):
            parser.error(f"options stand behind the verb: `{ordered}`")
        parser.parse_args(words)
    parser.error(_unknown_verb(words[0]))


def _with_verb_first(words: Sequence[str]) -> str:
    """Return the command line that was meant by `-C lab check`, as git takes it; "" where there is no verb in it."""
    from shlex import join

    for at, word in enumerate(words):
        # What stands behind `-C` is a folder, which may be called as a verb is.
        if word in VERBS and words[at - 1] != "-C":
            return join(["pyenvspec", word, *words[:at], *words[at + 1 :]])
    return ""


def _unknown_verb(word: str) -> str:
    from pyenvspec.names import closest

    near = closest(word, VERBS)
    return f"there is no verb `{word}`" + (f"; did you mean `{near}`?" if near else "")


def _split_command(argv: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Keep what follows `--` apart: it is the user's command, not ours."""
    words = list(argv)
    if "--" not in words:
        return words, ()
    at = words.index("--")
    return words[:at], tuple(words[at + 1 :])


def _formatter(prog: str) -> argparse.HelpFormatter:
    # argparse would import shutil for it, and with it three libraries for compression, for each option.
    try:
        width = int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size().columns
    except (ValueError, OSError):  # no number, no terminal
        width = 0
    return _Formatter(prog, width=(width or 80) - 2)


class _Parser(argparse.ArgumentParser):
    """Helps, and tells of mistakes, in the user's language."""

    def format_help(self) -> str:
        """Return the help, translated as late as this, since most runs show none."""
        if message_language():
            from pyenvspec.locale.translations import translate_parser

            translate_parser(self, message_language())
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Tell of a mistake in the words of the command line; ends the process."""
        if language := message_language():
            from pyenvspec.locale.translations import label

            self.print_usage(sys.stderr)
            self.exit(USAGE, f"{self.prog}: {label('error', language)}: {translated(message)}\n")
        super().error(message)


class _Formatter(argparse.HelpFormatter):
    """Leaves the lines of examples as they are, and says in the user's language what comes first."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        """Begin with `usage:`, as argparse does."""
        super().add_usage(usage, actions, groups, prefix or translated("usage:") + " ")

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-C", dest="directory", metavar="DIR", default=".", help="work in DIR, the folder of env.yaml"
    )
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colours in messages"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="errors only")

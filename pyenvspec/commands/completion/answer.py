"""Answers a shell that asks what could follow: verbs, options, and the names that env.yaml and the catalogue have."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Completer = Callable[[str, Path], Iterable[str]]
    BuildParser = Callable[[str], tuple[object, argparse.ArgumentParser, object]]

_MOST = 200
"""Words for one TAB: more than a terminal shows at once, and a shell asks before it prints so many."""


def complete_line(verbs: Mapping[str, tuple[str, str]], build: BuildParser) -> int:
    """Print the words for the line that is being typed, through argcomplete, and end the process.

    `verbs` are those of the command line with their lines of help, `build` gives the parser of one.
    """
    import argcomplete

    parser = argparse.ArgumentParser(prog="pyenvspec", allow_abbrev=False)
    parser.add_argument("--version", action="store_true")
    verb, directory = _read_line(os.environ.get("COMP_LINE", ""))
    _declare_verbs(parser, verb, directory, verbs, build)
    # Options only after a dash: among the names of packages they would hide what is looked for.
    argcomplete.autocomplete(parser, always_complete_options=False)
    return 0


def _read_line(line: str) -> tuple[str, Path]:
    """Return the verb and the folder of what is typed so far."""
    words = line.split()
    verb = words[1] if len(words) > 1 else ""
    folder = words[words.index("-C") + 1] if "-C" in words[:-1] else "."
    # The line is as it is typed: the shell has not put the home in yet.
    return verb, Path(os.path.expanduser(folder))  # noqa: PTH111 (a home that is not known is no error here)


def _declare_verbs(
    parser: argparse.ArgumentParser,
    verb: str,
    directory: Path,
    known: Mapping[str, tuple[str, str]],
    build: BuildParser,
) -> None:
    # The command line itself has no subparsers, so that it imports one verb; argcomplete reads nothing else.
    verbs = parser.add_subparsers()
    for name, (_, text) in known.items():
        if name != verb:
            verbs.add_parser(name, help=text)
            continue
        # Only the verb at hand is imported.
        _, own, _ = build(name)
        below = verbs.add_parser(name, help=text, parents=[own], add_help=False)
        for action in below._actions:
            completer = COMPLETERS.get((name, action.dest)) or COMPLETERS.get(("*", action.dest))
            if completer is not None:
                setattr(action, "completer", _with_folder(completer, directory))  # noqa: B010 -- argcomplete's own


def _with_folder(completer: Completer, directory: Path) -> Callable[..., list[str]]:
    # argcomplete gives each completer its own words by name, of which only the prefix is of use.
    def complete(prefix: str, **others: object) -> list[str]:
        del others
        names = (name for name in completer(prefix, directory) if name.startswith(prefix))
        return sorted(set(names))[:_MOST]

    return complete


def _keys_of(directory: Path, key: str) -> list[str]:
    """Return the keys of a mapping of env.yaml, or the items of a list; none where the file cannot be read."""
    from pyenvspec import raw
    from pyenvspec.diagnostics import PyenvspecError
    from pyenvspec.driver import read_manifest

    # What is wrong with the file is for `check` to say: between two words of a line nobody can be told.
    try:
        root = read_manifest(directory).root
    except (PyenvspecError, OSError):
        return []
    value = next((entry.value for entry in root.entries if entry.key == key), None)
    if isinstance(value, raw.Mapping):
        return [str(entry.key) for entry in value.entries]
    if isinstance(value, raw.Sequence):
        return [str(item.value) for item in value.items if isinstance(item, raw.Scalar)]
    return []


def _variants(prefix: str, directory: Path) -> list[str]:
    del prefix
    return ["default", *_keys_of(directory, "variants")]


def _containers(prefix: str, directory: Path) -> list[str]:
    del prefix
    return _keys_of(directory, "containers") or ["default"]


def _natives(prefix: str, directory: Path) -> list[str]:
    del prefix
    return _keys_of(directory, "native")


def _catalogue(prefix: str, directory: Path) -> Iterable[str]:
    del directory
    if not prefix:
        return ()  # 29,000: no shell asks to show so many
    from pyenvspec.facts.native import names_there

    return (name for name in names_there() if name.startswith(prefix))


def _spec_keys(prefix: str, directory: Path) -> list[str]:
    del directory
    from pyenvspec.spec.model import Spec

    keys = list(Spec.model_fields)
    head = prefix.partition(".")[0]
    field = Spec.model_fields.get(head)
    # From the model, which has no file to read: a key may be asked for that env.yaml does not have.
    inner = getattr(field.annotation, "model_fields", None) if field else None
    return keys + [f"{head}.{name}" for name in inner or ()]


def _inputs(prefix: str, directory: Path) -> list[str]:
    del prefix
    from pyenvspec.diagnostics import PyenvspecError
    from pyenvspec.driver import load_plan

    try:
        return [one.name for one in load_plan(directory).inputs]
    except PyenvspecError:
        return []


def _managers(prefix: str, directory: Path) -> tuple[str, ...]:
    del prefix, directory
    from pyenvspec.spec.model import MANAGERS

    return MANAGERS


COMPLETERS: dict[tuple[str, str], Completer] = {
    ("*", "variant"): _variants,
    ("container", "name"): _containers,
    ("add", "names"): _catalogue,
    ("search", "names"): _catalogue,
    ("remove", "names"): _natives,
    ("explain", "key"): _spec_keys,
    ("update", "names"): _inputs,
    ("init", "manager"): _managers,
}
"""By verb and argument, `*` for each verb that has it."""

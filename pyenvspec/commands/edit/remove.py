"""`pyenvspec remove NAME…`: take packages out of `native` (`cuda.X`: of `cuda.packages`) of env.yaml."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pyenvspec.commands.edit.add import list_for, listed, shown
from pyenvspec.commands.edit.file import edit_file
from pyenvspec.commands.edit.list import remove_items
from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.names import closest
from pyenvspec.next_step import next_step, open_command
from pyenvspec.options import Options, add_json
from pyenvspec.records import dataclass
from pyenvspec.reporter import put, say

if TYPE_CHECKING:
    import argparse

    from pyenvspec.diagnostics import KeyPath
    from pyenvspec.raw import RawSpec


@dataclass(frozen=True)
class RemoveOptions(Options):
    """What this command can be told besides."""

    names: tuple[str, ...] = ()


def declare(parser: argparse.ArgumentParser) -> type[RemoveOptions]:
    """Declare the arguments; return what holds them."""
    add_json(parser)
    parser.add_argument(
        "names", nargs="+", metavar="NAME", help="nixpkgs packages; cuda.X is one of the CUDA set"
    )
    return RemoveOptions


def run(options: RemoveOptions) -> int:
    """Remove all of them, or none when one is not there."""
    wanted: dict[KeyPath, list[str]] = {}
    # Each name once, since taking the same item away twice would fail.
    for path, name in map(list_for, dict.fromkeys(options.names)):
        wanted.setdefault(path, []).append(name)

    def change(data: bytes, raw: RawSpec) -> bytes:
        there = {path: listed(raw, path) for path in wanted}
        # All names that are not there in one message, and the file as it was: half of a wish is none.
        absent = [(path, n) for path, names in wanted.items() for n in names if n not in there[path]]
        if absent:
            raise PyenvspecError(*(_not_listed(raw, path, name) for path, name in absent))
        for path, names in wanted.items():
            data = remove_items(data, raw.file, path, names)
        return data

    edit_file(options, change)
    removed = [shown(path, name) for path, names in wanted.items() for name in names]
    if options.json:
        put(json.dumps({"removed": removed}) + "\n")
    elif not options.quiet:
        say(f"Removed {', '.join(removed)} from env.yaml. {next_step(open_command(options.directory))}")
    return 0


def _not_listed(raw: RawSpec, path: KeyPath, name: str) -> Diagnostic:
    names = [str(item) for item in listed(raw, path)]
    near = closest(name, names)
    key = ".".join(map(str, path))
    if near:
        hint = f"did you mean `{shown(path, near)}`?"
    else:
        # The whole list: it is no longer than what the user wrote.
        hint = f"`{key}` holds {', '.join(names)}" if names else f"`{key}` is empty"
    return Diagnostic("edit-not-listed", f"`{shown(path, name)}` is not in env.yaml", raw.file, hint=hint)

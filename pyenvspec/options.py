"""What every command line can say; each command adds its own fields beside the arguments that fill them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Self

from pyenvspec.records import dataclass

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


USAGE = 2
"""Exit code of a command line that cannot be followed, as argparse has it."""


@dataclass(frozen=True)
class Options:
    """One command with what it was given; argparse stops here."""

    verb: str
    directory: Path
    json: bool = False
    color: Literal["auto", "always", "never"] = "auto"
    quiet: bool = False

    def as_text(self) -> Self:
        """Return the same with messages as text: for commands whose stdout is taken by something else."""
        return replace(self, json=False)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Declare `--json`, wherever there is something to read."""
    parser.add_argument("--json", action="store_true", help="data as JSON on stdout")

"""What to type next: one wording for every verb that leads to the shell."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from pyenvspec.tools import has_program, own_nix

if TYPE_CHECKING:
    from pathlib import Path

OPEN = "pyenvspec shell"


def has_nix() -> bool:
    """Whether a shell can be opened with Nix here."""
    return has_program("nix") or own_nix() is not None


def open_command(directory: Path) -> str:
    """Return what opens the shell of a project, from where the user stands."""
    is_here = os.path.realpath(directory) == os.path.realpath(".")
    return OPEN if is_here else f"{OPEN} -C {shlex.quote(str(directory))}"


def next_step(command: str) -> str:
    """Return the sentence that says what to type next; on a machine without Nix with the ways to go on there."""
    if not command.startswith(OPEN) or has_nix():
        return f"Now run `{command}`."
    on_host = command.replace(OPEN, f"{OPEN} --host", 1)
    return f"Now run `pyenvspec get-nix`, then `{command}`; or without Nix: `{on_host}`."

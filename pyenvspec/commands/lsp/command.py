"""`pyenvspec lsp`: a language server for env.yaml on standard input and output, started by an editor."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.options import USAGE, Options
from pyenvspec.records import dataclass
from pyenvspec.reporter import is_terminal, say

if TYPE_CHECKING:
    import argparse


@dataclass(frozen=True)
class LspOptions(Options):
    """What this command can be told besides."""

    stdio: bool = False


def declare(parser: argparse.ArgumentParser) -> type[Options]:
    """Declare the arguments; return what holds them."""
    parser.add_argument("--stdio", action="store_true", help="as editors ask for; there is no other way")
    return LspOptions


def run(options: Options) -> int:
    """Serve until the editor ends it."""
    # Typed by hand it would wait for ever, and say nothing.
    if sys.stdin is None or is_terminal(sys.stdin):
        say("usage: an editor starts `pyenvspec lsp` and talks to it; docs/editors.md says how to set it up")
        return USAGE
    try:
        # Imported here: pygls is an extra, and takes longer to import than most verbs take as a whole.
        from pyenvspec.commands.lsp.server import serve

        serve()
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(("pygls", "lsprotocol")):
            raise
        message = "the language server needs pygls, which is not installed"
        hint = "run `pip install 'pyenvspec[lsp]'`, or `uv tool install 'pyenvspec[lsp]'`"
        raise PyenvspecError(Diagnostic("file-not-found", message, "pygls", hint=hint)) from None
    return 0

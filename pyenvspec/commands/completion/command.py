"""`pyenvspec completion install|bash|zsh|fish`: write the code where the shell finds it, or print it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.locale.language import translated
from pyenvspec.options import USAGE, Options
from pyenvspec.records import dataclass
from pyenvspec.reporter import put, say
from pyenvspec.tools import user_folder
from pyenvspec.writing.atomic import replace_file
from pyenvspec.writing.projectfs import explained

if TYPE_CHECKING:
    import argparse

SHELLS = ("bash", "zsh", "fish")


@dataclass(frozen=True)
class CompletionOptions(Options):
    """What this command can be told besides."""

    action: str = "install"
    shell: str | None = None


def declare(parser: argparse.ArgumentParser) -> type[CompletionOptions]:
    """Declare the arguments; return what holds them."""
    parser.add_argument(
        "action", choices=("install", *SHELLS), help="install it, or print the code for a shell"
    )
    parser.add_argument(
        "shell", nargs="?", choices=SHELLS, help="install: for this shell (default: that of $SHELL)"
    )
    return CompletionOptions


def run(options: CompletionOptions) -> int:
    """Print or write the code."""
    # For `source <(pyenvspec completion bash)`, and for packages that have a place of their own for it.
    if options.action != "install":
        put(code_for(options.action))
        return 0
    shell = options.shell or Path(os.environ.get("SHELL", "")).name
    if shell not in SHELLS:
        say(f"$SHELL is `{shell}`; say for which: pyenvspec completion install {'|'.join(SHELLS)}")
        return USAGE
    path = place_for(shell)
    with explained(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, code_for(shell).encode())
    put(translated(f"wrote {path}\n"))
    if not options.quiet:
        say(_next_step(shell, path))
    return 0


def code_for(shell: str) -> str:
    """Return what a shell reads once: it asks pyenvspec itself at each TAB, so that it never goes stale."""
    from argcomplete.shell_integration import shellcode

    return str(shellcode(["pyenvspec"], use_defaults=True, shell=shell)).rstrip("\n") + "\n"


def place_for(shell: str) -> Path:
    """Return where the shell looks for this user's completions."""
    # As the shells read the two variables themselves: bash-completion and fish take a relative one as it is.
    data = user_folder("XDG_DATA_HOME", ".local/share")
    if shell == "bash":
        return data / "bash-completion" / "completions" / "pyenvspec"
    if shell == "zsh":
        return data / "zsh" / "site-functions" / "_pyenvspec"
    config = user_folder("XDG_CONFIG_HOME", ".config")
    return config / "fish" / "completions" / "pyenvspec.fish"


def _next_step(shell: str, path: Path) -> str:
    # zsh alone has no folder of the user's in its path of functions.
    if shell == "zsh":
        return f"add to ~/.zshrc, before compinit: fpath=({path.parent} $fpath)"
    if shell == "bash":
        return "open a new terminal; it needs the package bash-completion, which most systems have"
    return "open a new terminal"

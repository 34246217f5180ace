"""`pyenvspec get-nix`: a Nix for this user, without root where that works; asks first and says how to undo it."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.options import Options
from pyenvspec.records import dataclass
from pyenvspec.reporter import is_terminal, put, say
from pyenvspec.tools import SystemRunner, find_program, has_program, own_nix, own_nix_folder
from pyenvspec.writing.projectfs import explained

if TYPE_CHECKING:
    import argparse

    from pyenvspec.tools import Runner

OFFICIAL = "sh <(curl --proto '=https' --tlsv1.2 -L https://nixos.org/nix/install) --daemon"
"""Nix's own installer for several users; source: https://nixos.org/download."""


@dataclass(frozen=True)
class GetNixOptions(Options):
    """What this command can be told besides."""

    yes: bool = False
    undo: bool = False
    dry_run: bool = False


def declare(parser: argparse.ArgumentParser) -> type[GetNixOptions]:
    """Declare the arguments; return what holds them."""
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.add_argument("--undo", action="store_true", help="take away what this command brought")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    return GetNixOptions


def run(options: GetNixOptions) -> int:
    """Get it, take it away, or say who can."""
    folder = own_nix_folder()
    if options.undo:
        return _undo(folder, options)
    if has_program("nix"):
        there = find_program("nix")
        say(f"Nix is there already: {there}")
        put(f"{there}\n")
        return 0
    if own := own_nix():
        say(f"Nix is there already: {own}; pyenvspec uses it by itself")
        put(f"{own}\n")
        return 0
    # scripts/get-nix takes Debian's packages apart, which runs elsewhere too but needs apt to fetch them.
    if sys.platform != "linux" or not has_program("apt-get"):
        raise PyenvspecError(_elsewhere())
    _tell_plan(folder)
    if options.dry_run:
        return 0
    _ask(options)
    return _unpack(folder, SystemRunner())


def _tell_plan(folder: Path) -> None:
    say(f"This unpacks Debian's newest Nix (about 100 MB) into {folder / 'nix'}, for you only.")
    # Without /nix Nix takes another folder for its store and enters a mount namespace in which that one is /nix.
    if os.access("/", os.W_OK) or os.access("/nix", os.W_OK):
        say("What it builds and downloads lies in /nix.")
    else:
        say(f"What it builds and downloads lies in {folder / 'store'}: you may not make /nix, so Nix shows")
        say(
            "that folder as /nix to what it starts. This needs user namespaces, which some clusters turn off."
        )
    say("Undo it with: pyenvspec get-nix --undo")
    say(f"For all users of this machine, with root, Nix's own installer is the better way: {OFFICIAL}")


def _ask(options: GetNixOptions) -> None:
    """Return when the answer is yes; raises PyenvspecError otherwise, and where there is nobody to ask."""
    if options.yes:
        return
    if not is_terminal(sys.stdin):
        raise PyenvspecError(
            Diagnostic(
                "nix-unasked",
                "there is no terminal to ask on, so nothing was done",
                "get-nix",
                hint="run `pyenvspec get-nix --yes`",
            )
        )
    say("Go on? [y/N] ")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise PyenvspecError(Diagnostic("nix-unasked", "nothing was done", "get-nix"))


def _unpack(folder: Path, runner: Runner) -> int:
    script = _script()
    # Not captured: it tells how far it is, in 100 MB.
    done = runner.run(("sh", str(script), "--to", str(folder)), capture=False)
    own = own_nix()
    if not done.ok or own is None:
        raise PyenvspecError(
            Diagnostic(
                "nix-missing",
                "Nix could not be unpacked; the lines above say why",
                "get-nix",
                hint=f"install it with Nix's own installer: {OFFICIAL}",
            )
        )
    say(
        f"Nix is there; pyenvspec uses it by itself. To type `nix` yourself: PATH={shlex.quote(str(own.parent))}:$PATH"
    )
    return 0


def _script() -> Path:
    """Return the script, in a checkout or in the wheel."""
    package = Path(__file__).parents[1]
    packed = package / "_assets" / "get-nix"
    return packed if packed.is_file() else package.parent / "scripts" / "get-nix"


def _undo(folder: Path, options: GetNixOptions) -> int:
    # By name: the folder is that of all of pyenvspec's data. `.part` is of an unpacking that was stopped.
    mine = [folder / name for name in ("nix", "nix.part", "nix.lock", "store") if (folder / name).exists()]
    if not mine:
        say("Nothing of `pyenvspec get-nix` is here.")
        return 0
    for path in mine:
        say(f"{'would remove' if options.dry_run else 'removing'} {path}")
    if options.dry_run:
        return 0
    _ask(options)
    for path in mine:
        # A file that is in use stays on a network disk under another name, and its folder with it.
        with explained(str(path)):
            _make_writable(path)
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return 0


def _make_writable(path: Path) -> None:
    """Let the owner delete: folders of a Nix store are read-only."""
    for folder, _, _ in os.walk(path):
        Path(folder).chmod(0o700)


def _elsewhere() -> Diagnostic:
    return Diagnostic(
        "nix-missing",
        "this command unpacks Debian's Nix, and there is no apt-get here",
        "get-nix",
        hint=f"install it with Nix's own installer: {OFFICIAL}",
    )

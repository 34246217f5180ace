"""`pyenvspec clean`: kept shells, records and environments that nothing needs any more; shows sizes, asks first."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.commands.look.installed import show_size, size_of
from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.driver import MANIFEST, check_project
from pyenvspec.locale.language import translated
from pyenvspec.options import Options
from pyenvspec.records import dataclass
from pyenvspec.reporter import is_terminal, make_visible, put, say
from pyenvspec.shortcuts import uptodate

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


@dataclass(frozen=True)
class CleanOptions(Options):
    """What this command can be told besides."""

    everything: bool = False
    yes: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class Waste:
    """A folder that can go, why, and the bytes that it takes itself."""

    path: Path
    why: str
    size: int


def declare(parser: argparse.ArgumentParser) -> type[CleanOptions]:
    """Declare the arguments; return what holds them."""
    parser.add_argument(
        "--all", dest="everything", action="store_true", help="also what is in use: it is made again"
    )
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="show it, and take nothing away")
    return CleanOptions


def run(options: CleanOptions) -> int:
    """Show what can go; take it away when that is agreed to."""
    wastes = [*_kept(options.everything), *_environments(options.directory, options.everything)]
    if not wastes:
        say("there is nothing to clean")
        return 0
    for waste in wastes:
        put(f"{show_size(waste.size):>7}  {make_visible(str(waste.path))}  ({translated(waste.why)})\n")
    say(f"{show_size(sum(waste.size for waste in wastes))} in {len(wastes)} folders")
    if options.dry_run:
        return 0
    _ask(options)
    for waste in wastes:
        # Half of a folder that cannot go is no worse than all of it; the next run shows what is left.
        shutil.rmtree(waste.path, ignore_errors=True)
    # The store itself is shared with all users and projects: what is in it is not ours to delete.
    if any(waste.path.parent.name == "shells" for waste in wastes):
        say("what these shells kept in the Nix store goes with: nix store gc")
    return 0


def _ask(options: CleanOptions) -> None:
    """Return when the answer is yes; raises PyenvspecError otherwise, and where there is nobody to ask."""
    if options.yes:
        return
    hint = "run `pyenvspec clean --yes`"
    if not is_terminal(sys.stdin):  # an end of input is no yes, and waiting for one in a job is for ever
        message = "there is no terminal to ask on, so nothing was taken away"
        raise PyenvspecError(Diagnostic("clean-unasked", message, "clean", hint=hint))
    say("Take them away? [y/N] ")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise PyenvspecError(Diagnostic("clean-unasked", "nothing was taken away", "clean", hint=hint))


def _kept(everything: bool) -> Iterator[Waste]:
    """Yield what the user's cache holds of projects that are gone; a kept shell is a root of garbage collection."""
    # Entering a kept shell must not wait for imports, so that `shortcuts` says where all of this lies.
    cache = Path(uptodate.record_path("")).parents[1]
    for kind in ("shells", "host"):
        for folder in sorted(cache.glob(f"{kind}/*")):
            project = read_project(folder)
            # By os.path, which takes what cannot be asked for (another's folder, a name too long) as not there.
            is_there = project is not None and os.path.exists(project / MANIFEST)  # noqa: PTH110
            if everything or not is_there:
                why = (
                    f"of {project}" if is_there else f"its project is gone{f': {project}' if project else ''}"
                )
                yield Waste(folder, why, size_of(folder) + _closure(folder))
    if everything:
        for kind in ("compiled", "driver"):
            if (cache / kind).is_dir():
                yield Waste(cache / kind, "made again when it is needed", size_of(cache / kind))


def read_project(folder: Path) -> Path | None:
    """Return the project that a kept shell is of, or None where it does not say."""
    try:
        # Names of folders are bytes; what is no UTF-8 in one comes back as it was.
        return Path((folder / "project").read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return None


def _closure(folder: Path) -> int:
    """Bytes of the environment itself in the store; what it shares with others is Nix's to count."""
    profile = folder / "profile"
    return size_of(profile.resolve()) if profile.is_symlink() and profile.exists() else 0


def _environments(root: Path, everything: bool) -> Iterator[Waste]:
    """Yield the .venv's of this project that pyenvspec made for a variant that is gone."""
    if not (root / MANIFEST).exists():
        return
    try:
        used = {shell.environment.venv for shell in check_project(root)[1].shells}
    except PyenvspecError:
        return  # what a broken env.yaml means cannot be known
    for folder in sorted(root.glob(".venv*")):
        # One without the mark is the user's own, and a link may lead to what others use.
        if not (folder / ".pyenvspec-made").exists() or os.path.islink(folder):  # noqa: PTH114
            continue
        if everything or folder.name not in used:
            why = "made again on entry" if folder.name in used else "no variant has it"
            yield Waste(folder, why, size_of(folder))

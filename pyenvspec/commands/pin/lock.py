"""`pyenvspec lock`: pin every input by revision and hash; pins that serve stay as they are."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pyenvspec.commands.pin.helpers import helpers_on_path
from pyenvspec.driver import load_plan
from pyenvspec.facts.input_sources import REVISION
from pyenvspec.options import Options, add_json
from pyenvspec.pinning.fetch import fetch_pins
from pyenvspec.pinning.pinfile import LOCK_FILE, format_lock
from pyenvspec.pinning.pins import read_pins, usable_pins, wanted_refs
from pyenvspec.records import dataclass
from pyenvspec.reporter import is_terminal, put, report, say
from pyenvspec.tools import SystemRunner
from pyenvspec.writing.checkout import make_known_to_git
from pyenvspec.writing.write import WriteOptions, apply, plan_writes

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Collection, Mapping

    from pyenvspec.pinning.fetch import Progress
    from pyenvspec.pinning.pinfile import FlakeRef, Pin
    from pyenvspec.plan import Plan


@dataclass(frozen=True)
class PinChange:
    """One input before and after; None where it has no pin."""

    name: str
    old: Pin | None
    new: Pin | None


@dataclass(frozen=True)
class LockOptions(Options):
    """What this command can be told besides."""

    dry_run: bool = False
    force: bool = False
    verify: bool = False


def declare(parser: argparse.ArgumentParser) -> type[LockOptions]:
    """Declare the arguments; return what holds them."""
    parser.add_argument(
        "--verify", action="store_true", help="ask for every pin again, and say whether it still holds"
    )
    return declare_common(parser)


def declare_common(parser: argparse.ArgumentParser) -> type[LockOptions]:
    """Declare what `update` takes as well."""
    add_json(parser)
    parser.add_argument("--dry-run", action="store_true", help="show old and new pins, and write nothing")
    parser.add_argument(
        "--force", action="store_true", help="replace a lock that cannot be read; a copy is kept"
    )
    return LockOptions


def run(options: LockOptions) -> int:
    """Pin what has no pin yet, and what asks for something else than its pin is for."""
    plan = load_plan(options.directory)
    if options.verify:
        from pyenvspec.commands.pin.verify import verify_pins

        return verify_pins(options, plan, read_pins(options.directory))
    return relock(options, plan, read_pins(options.directory), moved=())


def relock(options: LockOptions, plan: Plan, old: Mapping[str, Pin], *, moved: Collection[str]) -> int:
    """Get the pins of the inputs in `moved`, or of all that have none where it is empty.

    Nothing is written before every pin is there.
    """
    wanted = wanted_refs(plan.inputs)
    # A pin of another source than env.yaml names now is none: `inputs.x.github` was changed.
    kept = usable_pins(plan.inputs, old)
    # `update` asks for those that it moves, `lock` for those that have no pin or another source than it.
    movable = {n: s for n, s in wanted.items() if (n in moved if moved else n not in kept)}
    with helpers_on_path():
        new = kept | fetch_pins(_movable(movable, kept), SystemRunner(), on_progress=_progress(options))
    # In order, so that a diff of the lock shows what moved; inputs that are gone fall away.
    new = dict(sorted(new.items()))
    changes = [PinChange(n, old.get(n), new.get(n)) for n in sorted({*old, *new}) if old.get(n) != new.get(n)]
    if not options.dry_run:
        _write(options, new)
    _tell(options, new, changes)
    return 0


def _movable(sources: Mapping[str, FlakeRef], kept: Mapping[str, Pin]) -> dict[str, FlakeRef]:
    """A revision stays what it is: asked for by one, an input has the only pin it can have."""
    return {n: s for n, s in sources.items() if n not in kept or not REVISION.fullmatch(s.ref or "")}


def _progress(options: LockOptions) -> Callable[[Progress], None] | None:
    # A log of CI has no use for a line per input, and the result is told at the end.
    if options.quiet or not is_terminal(sys.stderr):
        return None

    def tell(progress: Progress) -> None:
        end = "pinned" if progress.pin else "failed"
        say(f"[{progress.done}/{progress.total}] {progress.name}: {end}")

    return tell


def _write(options: LockOptions, pins: Mapping[str, Pin]) -> None:
    files = {LOCK_FILE: format_lock(pins).encode()}
    changes = plan_writes(options.directory, files, WriteOptions(force=options.force, partial=True))
    outcome = apply(changes, on_wait=lambda: say("waiting for another pyenvspec in this project …"))
    notes = make_known_to_git(options.directory, [LOCK_FILE], SystemRunner())
    report((*outcome.notes, *notes), options)


def _tell(options: LockOptions, pins: Mapping[str, Pin], changes: list[PinChange]) -> None:
    # The changes go to stdout, quiet or not: they are what was asked for. The rest is talk.
    if options.json:
        document = {
            "changes": [{"input": c.name, "old": _data(c.old), "new": _data(c.new)} for c in changes],
            "pins": {name: _data(pin) for name, pin in pins.items()},
            "written": not options.dry_run,
        }
        put(json.dumps(document, indent=2) + "\n")
        return
    width = max((len(change.name) for change in changes), default=0)
    for change in changes:
        put(f"{change.name:{width}}  {_short(change.old)} → {_short(change.new)}\n")
    if options.quiet:
        return
    if not changes:
        say("Every input is pinned already, and nothing moved.")
    elif options.dry_run:
        say(f"Nothing was written. Run `pyenvspec {options.verb}` without --dry-run to take these.")
    else:
        say(f"Wrote {LOCK_FILE}. Run `pyenvspec compile` to use these pins, and commit both.")


def _data(pin: Pin | None) -> dict[str, str | int | None] | None:
    if pin is None:
        return None
    source = pin.source
    return {
        "owner": source.owner, "repo": source.repo, "ref": source.ref, "rev": pin.rev,
        "narHash": pin.nar_hash, "lastModified": pin.last_modified, "url": pin.url,
    }  # fmt: skip


def _short(pin: Pin | None) -> str:
    if pin is None:
        return "not pinned"
    if pin.last_modified is None:
        return pin.rev[:12]
    return f"{pin.rev[:12]} ({datetime.fromtimestamp(pin.last_modified, UTC):%Y-%m-%d})"

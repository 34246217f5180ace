"""`pyenvspec lock --verify`: ask for every pin again, by its revision, and for what its branch is now.

A pin says what was taken, and its `check` field finds accidents. Whoever writes to the project can put another
revision there, with its own right hash, and GitHub gives what a fork holds under the name of the original too.
"""

from __future__ import annotations

import json
from shlex import quote
from typing import TYPE_CHECKING

from pyenvspec.commands.pin.helpers import helpers_on_path
from pyenvspec.diagnostics import Diagnostic
from pyenvspec.facts.input_sources import REVISION
from pyenvspec.pinning.fetch import fetch_pins
from pyenvspec.pinning.pinfile import LOCK_FILE, FlakeRef, LockError
from pyenvspec.pinning.pins import usable_pins
from pyenvspec.reporter import put, say
from pyenvspec.tools import SystemRunner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenvspec.commands.pin.lock import LockOptions
    from pyenvspec.pinning.pinfile import Pin
    from pyenvspec.plan import Plan


def verify_pins(options: LockOptions, plan: Plan, pins: Mapping[str, Pin]) -> int:
    """Ask for what is pinned; raises LockError where a hash is another one, or a revision is not to be had."""
    kept = usable_pins(plan.inputs, pins)
    # By revision, not by branch: only so the answer has to be the very same files.
    exact = {n: FlakeRef(p.source.owner, p.source.repo, p.rev) for n, p in kept.items()}
    with helpers_on_path():
        again = fetch_pins(exact, SystemRunner())
    wrong = [
        _another(name, pin, again[name]) for name, pin in kept.items() if again[name].nar_hash != pin.nar_hash
    ]
    if wrong:
        raise LockError(*wrong)
    # Told only, and no failure: a branch that has moved on is what pins are for.
    moving = {n: p.source for n, p in kept.items() if not REVISION.fullmatch(p.source.ref or "")}
    with helpers_on_path():
        now = fetch_pins(moving, SystemRunner())
    states = {name: _state(pin, now.get(name)) for name, pin in kept.items()}
    if options.json:
        put(json.dumps({"verified": states}, indent=2) + "\n")
        return 0
    width = max(map(len, kept), default=0)
    for name, pin in kept.items():
        put(f"{name:{width}}  {pin.rev[:12]}  {states[name]}\n")
    if not options.quiet:
        say(
            f"The files of {len(kept)} pins are those that {LOCK_FILE} says. Whether a revision that is not the"
        )
        say(
            "newest of its branch ever was nobody can tell here: look at the repository, or run `pyenvspec update`."
        )
    return 0


def _state(pin: Pin, now: Pin | None) -> str:
    if now is None:
        return "asked for by revision"
    # A pin behind its branch is no sign of anything; one that its branch has now is surely of it.
    ref = pin.source.ref or "the default branch"
    return f"newest of {ref}" if now.rev == pin.rev else f"not the newest of {ref}, which is {now.rev[:12]}"


def _another(name: str, pin: Pin, again: Pin) -> Diagnostic:
    repository = f"{pin.source.owner}/{pin.source.repo}"
    return Diagnostic(
        "lock-mismatch",
        f"the hash of `{name}` is not that of revision {pin.rev[:12]} of {repository}",
        LOCK_FILE,
        expected=again.nar_hash,
        hint=f"Somebody changed the pin. Take `{LOCK_FILE}` back from git, or run `pyenvspec update {quote(name)}`.",
    )

"""`pyenvspec update [INPUT…]`: move pins to what their branch or tag is now."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pyenvspec.commands.pin.lock import relock
from pyenvspec.diagnostics import Diagnostic
from pyenvspec.driver import load_plan
from pyenvspec.pinning.pinfile import LockError
from pyenvspec.pinning.pins import read_pins

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenvspec.options import Options


def run(options: Options) -> int:
    """Move the named inputs, or all of them."""
    plan = load_plan(options.directory)
    names = {given.name for given in plan.inputs}
    if unknown := [name for name in dict.fromkeys(options.names) if name not in names]:
        raise LockError(*(_unknown(name, names) for name in unknown))
    old = read_pins(options.directory)
    return relock(options, plan, old, moved=options.names or sorted(names))


def _unknown(name: str, names: Iterable[str]) -> Diagnostic:
    known = sorted(names)
    near = difflib.get_close_matches(name, known, n=1)
    every = "Run `pyenvspec update` without a name to move all of them."
    return Diagnostic(
        "lock-unknown-input",
        f"this project has no input `{name}`",
        "env.yaml",
        expected=f"one of {', '.join(known)}",
        hint=f"did you mean `{near[0]}`?" if near else every,
    )

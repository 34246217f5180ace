"""`pyenvspec update [INPUT…]`: move pins to what their branch or tag is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.commands.pin.lock import LockOptions, declare_common, relock
from pyenvspec.diagnostics import Diagnostic
from pyenvspec.driver import load_plan
from pyenvspec.names import closest
from pyenvspec.pinning.pinfile import LockError
from pyenvspec.pinning.pins import read_pins
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable


@dataclass(frozen=True)
class UpdateOptions(LockOptions):
    """What this command can be told besides."""

    names: tuple[str, ...] = ()


def declare(parser: argparse.ArgumentParser) -> type[UpdateOptions]:
    """Declare the arguments; return what holds them."""
    declare_common(parser)
    parser.add_argument("names", nargs="*", metavar="INPUT", help="only these inputs")
    return UpdateOptions


def run(options: UpdateOptions) -> int:
    """Move the named inputs, or all of them."""
    plan = load_plan(options.directory)
    # By the plan and not by the lock: an input that has no pin yet may be moved as well.
    names = {flake_input.name for flake_input in plan.inputs}
    if unknown := [name for name in dict.fromkeys(options.names) if name not in names]:
        raise LockError(*(_unknown(name, names) for name in unknown))
    old = read_pins(options.directory)
    return relock(options, plan, old, moved=options.names or sorted(names))


def _unknown(name: str, names: Iterable[str]) -> Diagnostic:
    known = sorted(names)
    near = closest(name, known)
    every = "Run `pyenvspec update` without a name to move all of them."
    return Diagnostic(
        "lock-unknown-input",
        f"this project has no input `{name}`",
        "env.yaml",
        expected=f"one of {', '.join(known)}",
        hint=f"did you mean `{near}`?" if near else every,
    )

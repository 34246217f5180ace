"""The pass that pins: inputs of the plan → inputs by revision and hash, and flake.lock where every input is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import PyenvspecError, Severity
from pyenvspec.pinning.flakelock import find_unknown, format_flake_lock
from pyenvspec.pinning.pins import check_pins, pin_inputs, read_pins, tested_pins, usable_pins

if TYPE_CHECKING:
    from pathlib import Path

    from pyenvspec.diagnostics import Diagnostic
    from pyenvspec.plan import Plan


def pin_plan(root: Path, plan: Plan, *, locked: bool) -> tuple[Plan, str | None, tuple[Diagnostic, ...]]:
    """Return the plan with pinned inputs, the text of flake.lock, and what is told of pins that are missing.

    flake.lock is None where an input is not known; Nix writes it then. With `locked` a missing pin raises
    PyenvspecError.
    """
    env_lock = read_pins(root)
    unpinned = check_pins(plan.inputs, env_lock, locked=locked)
    if any(diagnostic.severity is Severity.ERROR for diagnostic in unpinned):
        raise PyenvspecError(*unpinned)
    # The project's own pins go before those that came with pyenvspec.
    pins = tested_pins(plan.inputs) | usable_pins(plan.inputs, env_lock)
    flake_lock = None if find_unknown(plan.inputs, pins) else format_flake_lock(plan.inputs, pins)
    return replace(plan, inputs=pin_inputs(plan.inputs, pins)), flake_lock, unpinned

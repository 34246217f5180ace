"""Inputs and pins brought together: which pins count, which are missing, the inputs with their pins.

Takes the plan's inputs and what env.lock.json holds; touches no network.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, Severity
from pyenvspec.facts.input_sources import known_hash, read_at
from pyenvspec.pinning.pinfile import LOCK_FILE, FlakeRef, LockError, Pin, parse_flake_ref, parse_lock
from pyenvspec.project.files import read_project_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pyenvspec.plan import FlakeInput


def read_pins(root: Path) -> dict[str, Pin]:
    """Return the pins of a project by input; none where it has no lock. Raises LockError for a bad one."""
    content = read_project_file(root, LOCK_FILE)
    if content is None:
        return {}
    pins = parse_lock(content)
    if mismatches := tuple(find_mismatches(pins)):
        raise LockError(*mismatches)
    return pins


def find_mismatches(pins: Mapping[str, Pin]) -> Iterable[Diagnostic]:
    """Find hashes that cannot be right: two for one revision, or another than the one that was tested."""
    seen: dict[tuple[str, str, str], tuple[str, str]] = {}
    for name, pin in sorted(pins.items()):
        # In any case, as GitHub takes names: one revision has one hash, under whatever spelling.
        at = (pin.source.owner.lower(), pin.source.repo.lower(), pin.rev)
        other, first_hash = seen.setdefault(at, (name, pin.nar_hash))
        tested = known_hash(*at)
        if tested not in (None, pin.nar_hash):
            yield _mismatch(name, pin, f"{tested}, as tested with this pyenvspec")
        elif first_hash != pin.nar_hash:
            yield _mismatch(name, pin, f"{first_hash}, as for `{other}`")


def _mismatch(name: str, pin: Pin, expected: str) -> Diagnostic:
    repository = f"{pin.source.owner}/{pin.source.repo}"
    return Diagnostic(
        "lock-mismatch",
        f"the hash of `{name}` is not that of revision {pin.rev[:12]} of {repository}",
        LOCK_FILE,
        expected=expected,
        hint=f"Take `{LOCK_FILE}` back from git, or delete it and run `pyenvspec lock`.",
    )


def wanted_refs(inputs: Iterable[FlakeInput]) -> dict[str, FlakeRef]:
    """Return what each input asks for."""
    return {flake_input.name: parse_flake_ref(flake_input.url) for flake_input in inputs}


def tested_pins(inputs: Iterable[FlakeInput]) -> dict[str, Pin]:
    """Return pins for the inputs that ask for a revision that was tested: its hash is known."""
    # A tested revision needs no lock of the project's: what it is hashes to the same everywhere.
    pins = {}
    for name, wanted in wanted_refs(inputs).items():
        source = read_at(wanted.owner, wanted.repo, wanted.ref) if wanted.ref else None
        if source is not None and source.rev is not None and source.nar_hash is not None:
            pins[name] = Pin(wanted, source.rev, source.nar_hash, source.last_modified)
    return pins


def usable_pins(inputs: Iterable[FlakeInput], pins: Mapping[str, Pin]) -> dict[str, Pin]:
    """Return the pins that are for what is asked for now; the others are left from another env.yaml."""
    wanted = wanted_refs(inputs)
    # By what was asked for, not by revision: `ref: main` in env.yaml stays pinned while main goes on.
    return {name: pin for name, pin in sorted(pins.items()) if pin.source == wanted.get(name)}


def pin_inputs(inputs: Iterable[FlakeInput], pins: Mapping[str, Pin]) -> tuple[FlakeInput, ...]:
    """Return the inputs, those with a usable pin by revision and hash."""
    inputs = tuple(inputs)
    usable = usable_pins(inputs, pins)
    return tuple(replace(i, url=usable[i.name].url) if i.name in usable else i for i in inputs)


def check_pins(
    inputs: Iterable[FlakeInput], pins: Mapping[str, Pin], *, locked: bool
) -> tuple[Diagnostic, ...]:
    """Tell which inputs have no pin, as errors where `locked` asks for all of them.

    A project without any lock is told nothing otherwise: it has not asked for pins.
    """
    if not pins and not locked:
        return ()
    severity = Severity.ERROR if locked else Severity.WARNING
    hint = f"Run `pyenvspec lock` and commit `{LOCK_FILE}`."
    findings = []
    for name, source in wanted_refs(inputs).items():
        pin = pins.get(name)
        if pin is None:
            code, message = "lock-missing-pin", f"`{name}` has no pin in `{LOCK_FILE}`"
        elif pin.source != source:
            code = "lock-stale-pin"
            message = f"the pin of `{name}` is for {pin.source.url}, and {source.url} is needed now"
        else:
            continue
        expected = f"a pin of {source.url}"
        findings.append(Diagnostic(code, message, LOCK_FILE, expected=expected, hint=hint, severity=severity))
    return tuple(findings)

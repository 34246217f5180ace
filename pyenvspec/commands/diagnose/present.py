"""What env.yaml has already: lines that stand there are not told to be written again, but why they did not help."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import read_manifest
from pyenvspec.raw import SourceFloat, SourceInt, to_plain
from pyenvspec.records import dataclass
from pyenvspec.spec.flow import format_flow
from pyenvspec.spec.model import SHORTHAND
from pyenvspec.spec.packages import Cuda

if TYPE_CHECKING:
    from pathlib import Path

RUN_IN_SHELL = "pyenvspec shell -- COMMAND, with what was run for COMMAND"


@dataclass(frozen=True)
class Advice:
    """One thing that went wrong: the line of the log that says so, what it means, what to do."""

    family: str
    line: int
    text: str
    finding: str
    yaml: dict[str, Any]
    commands: tuple[str, ...]
    source: str


def read_present(root: Path) -> dict[str, Any]:
    """Return what the env.yaml of a folder asks for, as far as it can be read; empty where there is none."""
    try:
        plain = to_plain(read_manifest(root, partly=True).root)
    except PyenvspecError:  # `check` tells of it; a log can be read without
        return {}
    present = _texts(plain)
    if not isinstance(present, dict):
        return {}
    for key, value in present.items():
        if key in SHORTHAND and isinstance(value, str):
            present[key] = {SHORTHAND[key]: value}
    if isinstance(present.get("cuda"), dict):
        present["cuda"].setdefault("packages", [*Cuda.model_fields["packages"].default])
    return present


def _texts(plain: object) -> object:
    """Numbers as they were typed: that is how advice has them."""
    if isinstance(plain, dict):
        return {key: _texts(value) for key, value in plain.items()}
    if isinstance(plain, list):
        return [_texts(item) for item in plain]
    return plain.text if isinstance(plain, SourceFloat | SourceInt) else plain


def without_what_is_there(advice: Advice, present: dict[str, Any], *, of_nix: bool) -> Advice:
    """Take out of an advice what env.yaml has; where that is all of it, say what it means."""
    # `cuda: 11.8` where env.yaml has a mapping.
    wanted = {
        key: {SHORTHAND[key]: value} if key in SHORTHAND and not isinstance(value, dict) else value
        for key, value in advice.yaml.items()
    }
    missing = _lacking(wanted, present)
    if missing == wanted:
        return advice
    if missing:
        return replace(advice, yaml=missing)
    return replace(advice, yaml={}, commands=(*_meaning(wanted, of_nix=of_nix), *advice.commands))


def _lacking(wanted: dict[str, Any], present: dict[str, Any]) -> dict[str, Any]:
    lacking: dict[str, Any] = {}
    for key, value in wanted.items():
        there = present.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            if below := _lacking(value, there):
                lacking[key] = below
        elif isinstance(value, list) and isinstance(there, list):
            if items := [item for item in value if item not in there]:
                lacking[key] = items
        elif value != there:
            lacking[key] = value
    return lacking


def _meaning(wanted: dict[str, Any], *, of_nix: bool) -> tuple[str, ...]:
    lines = "; ".join(f"{key}: {format_flow(value)}" for key, value in wanted.items())
    if of_nix:
        return (f"env.yaml has this already ({lines}): run pyenvspec compile, where it was written since",)
    if "build_after" in wanted.get("python", {}):
        names = ", ".join(wanted["python"]["build_after"])
        after = (
            f"`build_after` of env.yaml has {names} already: entering the shell installs it after all else, and what"
            " installs by itself (uv sync, poetry install, pip install) does not"
        )
        return (after, "pyenvspec shell")
    outside = (
        f"env.yaml has this already ({lines}), and it is found in the shell alone: this ran outside of it, or in one"
        " that was opened before it was written"
    )
    return (outside, RUN_IN_SHELL)

"""Families of failures of Nix builds and evaluations: how they look in a log, what they mean, what fixes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pyenvspec.facts._load import Status, read_table


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of failure.

    Texts, and the keys and values of `yaml`, hold `{names}` of the pattern's groups, or of what `resolve`
    adds to them; `commands` are lines to run, or one sentence where there is no single command.
    """

    id: str
    pattern: str
    finding: str
    status: Status
    source: str
    yaml: dict[str, Any] = field(default_factory=dict, hash=False)
    commands: tuple[str, ...] = ()
    resolve: str | None = None

    def compiled(self) -> re.Pattern[str]:
        """Return the pattern, line by line."""
        return re.compile(self.pattern, re.MULTILINE)


@cache
def families() -> tuple[Family, ...]:
    """Return all families, in the order in which they are tried."""
    rows = read_table("build-failures")["families"]
    return tuple(Family(**{**row, "commands": tuple(row.get("commands", ()))}) for row in rows)


@cache
def _build_systems() -> dict[str, str]:
    return {row["module"]: row["package"] for row in read_table("build-failures")["build_systems"]}


def build_system_of(module: str) -> str | None:
    """Return the Python package that holds a build module (`hatchling.build`), or None when it is none."""
    return _build_systems().get(module) or _build_systems().get(module.split(".")[0])


@cache
def _programs() -> dict[str, str]:
    return {row["program"]: row["attr"] for row in read_table("build-failures")["programs"]}


def package_of_program(program: str) -> str | None:
    """Return the nixpkgs attribute that holds a program that builds call, or None when it is not listed."""
    return _programs().get(program)

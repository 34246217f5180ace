"""What a check says, and what it is given; data only."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from pyenvspec.commands.doctor.host import Host
    from pyenvspec.plan import Plan
    from pyenvspec.tools import Result, Runner

PATIENCE = 20.0
"""Seconds that one program may take."""


class Mark(StrEnum):
    """How a check ended; only `BAD` makes doctor fail."""

    GOOD = "ok"
    WARN = "warning"
    BAD = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was found and, unless all is well, what to do (lines to type or paste)."""

    group: str
    mark: Mark
    text: str
    fix: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """What the checks look at; `plan` is None outside of a project, or where env.yaml has errors."""

    host: Host
    runner: Runner
    root: Path
    plan: Plan | None = None
    online: bool = False

    def run(self, *argv: str) -> Result:
        """Run a program that only answers."""
        # Not in the project: a program may look for its configuration where it is started.
        return self.runner.run(argv, cwd=Path("/"), timeout=PATIENCE, env={"LC_ALL": "C"})

    @cached_property
    def settings(self) -> dict[str, object]:
        """The settings of Nix by name; empty where it cannot tell."""
        import json

        for words in (("config", "show"), ("show-config",)):
            shown = self.run("nix", "--extra-experimental-features", "nix-command", *words, "--json")
            if shown.ok:
                try:
                    return {name: row["value"] for name, row in json.loads(shown.stdout).items()}
                except (ValueError, TypeError, KeyError):
                    return {}
        return {}

    def setting(self, name: str) -> tuple[str, ...]:
        """Return the words of a setting that is a list, or a text as one word."""
        value = self.settings.get(name, ())
        return tuple(map(str, value)) if isinstance(value, list | tuple) else (str(value),)

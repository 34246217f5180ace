"""What a check says, and what it is given; data only."""

from __future__ import annotations

import json
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.project.files import read_project_file
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from pyenvspec.commands.doctor.host import Host
    from pyenvspec.plan import Plan
    from pyenvspec.tools import Result, Runner


_ANSWER_SECONDS = 20.0
"""What one program may take: a daemon or a network folder that hangs must not keep doctor from saying so."""


class Mark(StrEnum):
    """How a check ended; only `BAD` makes doctor fail."""

    GOOD = "ok"
    WARN = "warning"
    BAD = "problem"


@dataclass(frozen=True)
class Check:
    """One line: what was found and, unless all is well, what to do (lines to type or paste)."""

    group: str
    mark: Mark
    text: str
    fix: tuple[str, ...] = ()


def reason_of(result: Result) -> str:
    """Return why Nix failed: its last error, since those before it only say what it was doing."""
    lines = [line.strip() for line in result.stderr.splitlines() if "error:" in line]
    return lines[-1].removeprefix("error:").strip() if lines else "no reason given"


# Without slots, which have no place for what a cached_property keeps.
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
        # Not in the project: a program may look for its configuration where it is started. Its words are read, so
        # they have to be English.
        return self.runner.run(argv, cwd=Path("/"), timeout=_ANSWER_SECONDS, env={"LC_ALL": "C"})

    def project_text(self, name: str) -> str:
        """Return the text of a file of the project, empty where it has none or one that is not to be read."""
        try:
            content = read_project_file(self.root, name)
        except PyenvspecError:  # `check` tells of it
            return ""
        return (content or b"").decode("utf-8", "replace")

    @cached_property
    def settings(self) -> dict[str, object]:
        """The settings of Nix by name; empty where it cannot tell."""

        # The second is what the first was called before Nix 2.20.
        for words in (("config", "show"), ("show-config",)):
            shown = self.run("nix", "--extra-experimental-features", "nix-command", *words, "--json")
            if shown.ok:
                try:
                    return {name: row["value"] for name, row in json.loads(shown.stdout).items()}
                except (ValueError, TypeError, KeyError):
                    return {}
        return {}

    def ask_store(self, *options: str) -> Result:
        """Ask the daemon, or the store itself, whether it answers; before Nix 2.19 the question was called `ping`."""
        for question in ("info", "ping"):
            answer = self.run(
                "nix", "--extra-experimental-features", "nix-command", "store", question, *options
            )
            if "is not a recognised command" not in answer.stderr:
                break
        return answer

    def setting(self, name: str) -> tuple[str, ...]:
        """Return the words of a setting that is a list, or a text as one word."""
        value = self.settings.get(name, ())
        return tuple(map(str, value)) if isinstance(value, list | tuple) else (str(value),)

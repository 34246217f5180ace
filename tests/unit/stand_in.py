"""Puts the stand-in for nix-prefetch-github on PATH under that name."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

PROGRAM = Path(__file__).parent / "stand_in_prefetch_github.py"


class StandIn:
    """The stand-in as installed for one test: `answer` says what it knows, `calls` what it was asked."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers = folder / "answers.json"
        self.calls_file = folder / "calls"
        program = folder / "bin" / "nix-prefetch-github"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {PROGRAM} "$@"\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        monkeypatch.setenv("STAND_IN_ANSWERS", str(self.answers))
        monkeypatch.setenv("STAND_IN_CALLS", str(self.calls_file))

    def answer(self, rows: dict[str, dict[str, Any]]) -> None:
        """Know these repositories, by `owner/repo`."""
        self.answers.write_text(json.dumps(rows))

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each call since the start."""
        if not self.calls_file.exists():
            return []
        return [json.loads(line) for line in self.calls_file.read_text().splitlines()]

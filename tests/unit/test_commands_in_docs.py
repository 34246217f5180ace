"""Every `pyenvspec …` that the documentation prints is one that this command line takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from pyenvspec.cli import VERBS, _parse

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").glob("*/*.md")),
]
_BLOCK = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_IN_LINE = re.compile(r"`(pyenvspec [^`]+)`")
_SYNOPSIS = re.compile(r"\[[A-Z-]|[a-z]\|[a-z]|\.\.\.|…|\\\||[A-Z]\)|\{|^pyenvspec (?:VERB|-[h-])")
_JOINED = re.compile(r"\s(?:&&|\|\|?|;|2>|>|<)\s?|2>&1")


def commands_of(page: Path) -> list[str]:
    """Return the command lines of a page, those in listings and those in sentences; a synopsis is none."""
    text = page.read_text(encoding="utf-8")
    lines = [line.strip().removeprefix("$ ") for block in _BLOCK.findall(text) for line in block.splitlines()]
    told = [*lines, *_IN_LINE.findall(_BLOCK.sub("", text))]
    parts = [part.strip() for line in told if not _SYNOPSIS.search(line) for part in _JOINED.split(line)]
    return [
        part for part in parts if re.match(r"pyenvspec [a-z]", part) and not part.startswith("pyenvspec: ")
    ]


def test_commands_are_found() -> None:
    found = [one for page in PAGES for one in commands_of(page)]
    assert "pyenvspec init" in found
    assert "pyenvspec shell -- python train.py" in found
    assert {one.split()[1] for one in found} >= {"add", "container", "doctor", "explain", "lock", "update"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_is_one(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for line in commands_of(page):
        words = shlex.split(line, comments=True)[1:]
        if len(words) == 1 and words[0] in VERBS:
            continue  # a verb that is spoken of
        try:
            _parse(words)
        except SystemExit as stop:
            assert stop.code in (0, None), f"{line}\n{capsys.readouterr().err}"

"""What is shown while something takes long."""

from __future__ import annotations

import io
import sys
import time
from typing import TYPE_CHECKING

from pyenvspec import reporter

if TYPE_CHECKING:
    import pytest


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def take_stderr(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> None:
    """In the test itself: pytest puts its own stream back after the fixtures."""
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_what_is_quick_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    take_stderr(monkeypatch, stream)
    with reporter.waiting("looking"):
        pass
    assert stream.getvalue() == ""


def test_what_is_slow_is_told_and_wiped_away(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    take_stderr(monkeypatch, stream)
    monkeypatch.setattr(reporter, "_PATIENCE", 0.0)
    with reporter.waiting("looking"):
        for _ in range(500):
            if "looking" in stream.getvalue():
                break
            time.sleep(0.01)
    assert stream.getvalue() == "looking …\r\x1b[K"


def test_a_log_gets_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    take_stderr(monkeypatch, stream)
    monkeypatch.setattr(reporter, "_PATIENCE", 0.0)
    with reporter.waiting("looking"):
        time.sleep(0.05)
    assert stream.getvalue() == ""

"""A plain install: what nix-prefetch-github needs is found beside pyenvspec and in the Nix of `get-nix`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pyenvspec.commands.pin.helpers import helpers_on_path
from pyenvspec.tools import SystemRunner, find_program, has_program

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def _program(path: Path, says: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(0o755)


def test_what_is_missing_on_path_is_there_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path / "venv" / "bin" / "nix-prefetch-github", "beside")
    _program(tmp_path / "data" / "pyenvspec" / "nix" / "bin" / "nix", "own")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "bin" / "python"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", "/nowhere")
    with helpers_on_path():
        assert SystemRunner().run(("nix-prefetch-github",)).stdout == "beside\n"
        assert find_program("nix") == str(tmp_path / "data" / "pyenvspec" / "nix" / "bin" / "nix")
        assert has_program("nix-prefetch-git")
    assert os.environ["PATH"] == "/nowhere"


def test_what_the_user_has_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("nix-prefetch-github", "nix-prefetch-git", "nix"):
        _program(tmp_path / "mine" / name, "mine")
        _program(tmp_path / "data" / "pyenvspec" / "nix" / "bin" / name, "own")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", str(tmp_path / "mine"))
    with helpers_on_path():
        for name in ("nix-prefetch-github", "nix-prefetch-git", "nix"):
            assert find_program(name) == str(tmp_path / "mine" / name)


def test_a_nix_of_ours_is_run_without_being_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path / "pyenvspec" / "nix" / "bin" / "nix", "own")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    assert SystemRunner().run(("nix", "--version")).stdout == "own\n"
    assert SystemRunner().run(("nothing",)).missing

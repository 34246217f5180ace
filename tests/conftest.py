"""Fixtures that every test may use."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness import Shells
    from inputs import Inputs

OLDEST_NIX = (2, 26)

# Started in the background, as by `nohup`, a process ignores ^C and all that it starts does too: a test that presses it
# would wait for nothing.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def nix_bin() -> Path:
    """The folder of a Nix that is new enough; a test that needs one is skipped where there is none."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    on_path = shutil.which("nix")
    folders = [Path(on_path).parent] if on_path else []
    folders.append(cache / "pyenvspec" / "nix" / "bin")
    for folder in folders:
        if _get_nix_version(folder / "nix") >= OLDEST_NIX:
            return folder
    pytest.skip("needs Nix 2.26 or newer on PATH, or in the cache as scripts/get-nix puts it there")


def _get_nix_version(program: Path) -> tuple[int, ...]:
    """The first two numbers of what `nix --version` says; empty where it says nothing."""
    try:
        command = [str(program), "--version"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return ()
    found = re.search(r"(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else ()


@pytest.fixture(scope="session")
def inputs(nix_bin: Path) -> Inputs:
    """The real flake inputs of this machine, in the store; it may lack any of them."""
    from inputs import find_inputs

    return find_inputs(nix_bin / "nix")


@pytest.fixture(scope="session")
def shells(nix_bin: Path, inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Shells:
    """Opens shells with the real Nix and local inputs; skipped where there is no nixpkgs."""
    from harness import Shells

    return Shells.prepare(nix_bin / "nix", inputs, tmp_path_factory.mktemp("shells"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end which kinds of check ran."""
    from kinds import summarize, tell

    lines = summarize(terminalreporter.stats)
    tell(lines)
    terminalreporter.write_line("\n" + "\n".join(lines))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `pytest --update-golden` write the golden files again; their difference is to be read."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files again")


@pytest.fixture
def update_golden(pytestconfig: pytest.Config) -> bool:
    """Whether golden files are to be written instead of compared."""
    return bool(pytestconfig.getoption("--update-golden"))

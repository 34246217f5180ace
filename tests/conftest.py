"""Fixtures that every test may use."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

OLDEST_NIX = (2, 26)


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

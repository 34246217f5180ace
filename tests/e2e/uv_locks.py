"""Locks that the real uv makes: they name the index that they were made from, so none is kept with the examples."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from harness import find_pythons, install_tools
from inputs import cache_folder

if TYPE_CHECKING:
    from pathlib import Path


def add_uv_lock(project: Path, python: str) -> None:
    """Put a uv.lock beside pyproject.toml, made once per pyproject.toml; a test without the index is skipped."""
    text = (project / "pyproject.toml").read_bytes()
    kept = cache_folder() / "locks" / hashlib.sha256(text).hexdigest()[:16] / "uv.lock"
    if not kept.exists():
        interpreter = find_pythons().get(python)
        if interpreter is None:
            pytest.skip(f"needs Python {python} for `uv lock`")
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project / "pyproject.toml", kept.parent)
        command = [str(install_tools() / "uv"), "lock", "--python", interpreter["executable"]]
        done = subprocess.run(
            command, cwd=kept.parent, capture_output=True, text=True, check=False, timeout=300
        )
        if done.returncode:
            pytest.skip(f"`uv lock` needs the package index: {done.stderr.strip().splitlines()[-1]}")
    shutil.copy(kept, project)

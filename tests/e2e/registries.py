"""Engines' own tools from npm and the Python package index, each in a folder of its own below the user's cache."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from inputs import cache_folder


def need_npm(package: str, version: str) -> Path:
    """The folder of a package of npm; skips where it cannot be had."""
    if missing := [name for name in ("node", "npm") if shutil.which(name) is None]:
        pytest.skip(f"needs {' and '.join(missing)}")
    home = cache_folder() / f"{package.replace('/', '-').removeprefix('@')}-{version}"
    command = ["npm", "install", "--prefix", str(home), "--no-audit", "--no-fund", f"{package}@{version}"]
    _install(home, command, f"{package}@{version} from npm")
    return home / "node_modules" / package


def need_python(package: str, version: str) -> Path:
    """The Python of an environment with a package, whose dependencies would not go with ours."""
    home = cache_folder() / f"{package.partition('[')[0]}-{version}"
    requirement = f"{package}=={version}"
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}") or shutil.which("uv")
    if uv is None:
        pytest.skip("needs uv")
    script = '"$0" venv --quiet --clear --python "$1" "$2" && "$0" pip install --quiet --python "$2" "$3"'
    _install(
        home,
        ["sh", "-c", script, uv, sys.executable, f"{home}/venv", requirement],
        f"{requirement} from the index",
    )
    return home / "venv" / "bin" / "python"


def _install(home: Path, command: list[str], what: str) -> None:
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (home / "installed").exists():
            return
        done = subprocess.run(command, capture_output=True, text=True, timeout=580, check=False)
        if done.returncode != 0:
            pytest.skip(f"needs {what}: {done.stderr.strip()[-300:]}")
        (home / "installed").touch()

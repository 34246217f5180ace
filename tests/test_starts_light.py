"""What a short run imports: the start of the process is most of what a user waits for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def imported(folder: Path, *words: str) -> set[str]:
    """Return the modules that a command line imports."""
    env = {**os.environ, "XDG_CACHE_HOME": str(folder.parent / "cache")}
    argv = [sys.executable, "-X", "importtime", "-m", "pyenvspec", *words]
    done = subprocess.run(argv, capture_output=True, text=True, env=env, cwd=folder, check=False)
    assert done.returncode in (0, 1), done.stderr
    lines = (line for line in done.stderr.splitlines() if line.startswith("import time:"))
    return {line.rsplit("|", 1)[1].strip() for line in lines}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "lab"
    folder.mkdir()
    (folder / "env.yaml").write_text("python: 3.11\nnative: [ffmpeg]\n")
    time.sleep(0.1)
    return folder


def test_help_imports_no_library(project: Path) -> None:
    assert not imported(project, "--help") & {
        "pydantic",
        "yaml",
        "typing",
        "pathlib",
        "dataclasses",
        "inspect",
    }


def test_a_compile_imports_only_what_it_needs(project: Path) -> None:
    first = imported(project, "compile")
    assert {"pydantic", "yaml"} <= first
    needless = {
        "rapidfuzz",
        "rich",
        "jsonschema",
        "ruamel.yaml",
        "difflib",
        "packaging",
        "importlib.metadata",  # pydantic's search for plug-ins
    }
    assert not first & needless
    again = imported(project, "compile")
    assert not again & {"pydantic", "yaml", "typing", "pathlib", "argparse", "re", "json", "hashlib"}

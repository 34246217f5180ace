"""Files of other tools with bytes changed, repeated and cut: a message or an answer, never a bug of ours.

`PYENVSPEC_MUTATIONS=100000 pytest tests/unit/test_mutated_files.py` goes on for longer.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from pyenvspec.cli import BUG, run

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = int(os.environ.get("PYENVSPEC_MUTATIONS", "25"))
PYPROJECT = b'[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["numpy>=1"]\n'
UV = (
    b'version = 1\nrequires-python = ">=3.11"\n\n[[package]]\nname = "a"\nversion = "1"\nsource = { virtual = "." }\n'
    b'dependencies = [{ name = "numpy", marker = "python_full_version < \'3.13\'" }]\n\n'
    b'[package.metadata]\nrequires-dist = [{ name = "numpy", specifier = ">=1" }]\n\n[[package]]\nname = "numpy"\n'
    b'version = "2.0"\nsource = { registry = "https://index.example/simple" }\nwheels = [\n'
    b'    { url = "https://x.example/numpy-2.0-cp311-cp311-manylinux_2_17_x86_64.whl", hash = "sha256:0" },\n]\n'
)
POETRY = (
    b'[[package]]\nname = "numpy"\nversion = "2.0"\noptional = false\npython-versions = ">=3.9"\ngroups = ["main"]\n'
    b'files = [\n    {file = "numpy-2.0-cp311-cp311-manylinux_2_17_x86_64.whl", hash = "sha256:0"},\n]\n\n'
    b'[metadata]\nlock-version = "2.1"\npython-versions = ">=3.11"\ncontent-hash = "0"\n'
)
CONDA = b"name: lab\nchannels: [conda-forge]\ndependencies:\n- python=3.11\n- ffmpeg>=4\n- pip:\n  - torch==2.1+cu118\n"
REQUIREMENTS = (
    b"numpy>=1 ; python_version < '3.13'\n-r other.txt\n--index-url https://x.example\n"
    b"torch==2.1+cu118 \\\n  --hash=sha256:0\n"
)
LOG = (
    b"error: builder for '/nix/store/0-x.drv' failed with exit code 1;\n"
    b"> ImportError: libGL.so.1: cannot open shared object file\n"
)
PIECES = (
    b"",
    b"\0",
    b"\xff",
    b"[",
    b"]",
    b"{",
    b'"',
    b"'",
    b"\n",
    b"=",
    b"9" * 4400,
    b"- ",
    b": ",
    b"\x1b[",
    b"../",
    b"${x}",
    b"[" * 2000,
)

CASES = {
    "uv.lock": (UV, ("check",), "python: {version: 3.11, manager: uv2nix}\n"),
    "poetry.lock": (POETRY, ("check",), "python: {version: 3.11, manager: poetry2nix}\n"),
    "pyproject.toml": (PYPROJECT, ("check",), "python: {version: 3.11, manager: uv}\n"),
    "environment.yml": (CONDA, ("init", "--dry-run"), None),
    "requirements.txt": (REQUIREMENTS, ("init", "--dry-run"), None),
    "build.log": (LOG, ("diagnose",), None),
}


def mutate(content: bytes, chance: random.Random) -> bytes:
    """Change a few places."""
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(content) + 1)
        stop = min(len(content), start + chance.choice((0, 1, 5, 60)))
        content = content[:start] + chance.choice((*PIECES, content[stop : stop + 40])) + content[stop:]
    return content


@pytest.mark.parametrize("name", CASES)
def test_a_mutated_file_is_no_bug(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, words, manifest = CASES[name]
    chance = random.Random(name)
    (tmp_path / "pyproject.toml").write_bytes(PYPROJECT)
    if manifest:
        (tmp_path / "env.yaml").write_text(manifest)
    place = [str(tmp_path / name)] if words == ("diagnose",) else ["-C", str(tmp_path)]
    for _ in range(ROUNDS):
        mutated = mutate(content, chance)
        (tmp_path / name).write_bytes(mutated)
        code = run([*words, *place])
        said = capsys.readouterr().err
        assert code != BUG, (mutated[:2000], said[-2000:])

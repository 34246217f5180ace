"""Files of other tools with bytes changed, repeated and cut: a message or an answer, never a bug of ours.

`PYENVSPEC_MUTATIONS=100000 pytest tests/unit/test_mutated_files.py` goes on for longer.
"""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest

from pyenvspec.cli import BUG, run

ROUNDS = int(os.environ.get("PYENVSPEC_MUTATIONS", "20"))
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

PIP = "python: {version: 3.11, manager: pip}\n"
MANIFEST = (
    b"python: {version: 3.11, manager: pip}\ncuda: {version: 12.4, packages: [nccl]}\nnative: [ffmpeg, git]\n"
    b"env:\n  A: '${pkgs.jq}/bin'\n  B: ~/x\nscripts: {a: 'echo ${A}'}\nprocesses: {w: {run: a, after: [db]}}\n"
    b"caches: [nix-community]\nvariants: {cpu: {cuda: null}}\n"
)
PINS = (
    b'{ "version": 1,\n  "inputs": { "nixpkgs": { "owner": "NixOS", "repo": "nixpkgs", "ref": "nixos-25.11",\n'
    b'    "rev": "0123456789012345678901234567890123456789", "check": "0",\n'
    b'    "narHash": "sha256-SvXJcAemihifkTn4BGvyE5K1FJX9bl4U8DQ5pqKvD0s=" } } }\n'
)
FLAKE_LOCK = (
    b'{"nodes": {"root": {"inputs": {"nixpkgs": "nixpkgs"}}, "nixpkgs": {"locked": {}}},'
    b' "root": "root", "version": 7}\n'
)

SAMPLES = sorted((Path(__file__).parents[1] / "data" / "of-other-tools").glob("*.sample"))
OF_OTHER_TOOLS = {path.name.removesuffix(".sample"): path.read_bytes() for path in SAMPLES}

# What is changed, the verb that reads it, and the env.yaml beside it.
CASES = {
    "uv.lock for uv2nix": (UV, ("check",), "python: {version: 3.11, manager: uv2nix}\n"),
    "uv.lock for uv": (UV, ("check",), "python: {version: 3.11, manager: uv}\n"),
    "poetry.lock for poetry2nix": (POETRY, ("check",), "python: {version: 3.11, manager: poetry2nix}\n"),
    "poetry.lock for poetry": (POETRY, ("check",), "python: {version: 3.11, manager: poetry}\n"),
    "pyproject.toml for uv": (PYPROJECT, ("check",), "python: {version: 3.11, manager: uv}\n"),
    "requirements.txt for pip": (REQUIREMENTS, ("check",), PIP),
    "env.yaml": (MANIFEST, ("check",), None),
    "env.yaml to add to": (MANIFEST, ("add", "jq"), None),
    "env.lock.json": (PINS, ("compile", "--check"), PIP),
    "flake.lock": (FLAKE_LOCK, ("compile", "--check"), PIP),
    "environment.yml": (CONDA, ("init", "--dry-run", "--offline"), None),
    "requirements.txt": (REQUIREMENTS, ("init", "--dry-run", "--offline"), None),
    "uv.lock": (UV, ("init", "--dry-run", "--offline"), None),
    "poetry.lock": (POETRY, ("init", "--dry-run", "--offline"), None),
    "pyproject.toml": (PYPROJECT, ("init", "--dry-run", "--offline"), None),
    "build.log": (LOG, ("diagnose",), None),
    **{name: (content, ("init", "--dry-run", "--offline"), None) for name, content in OF_OTHER_TOOLS.items()},
}


def mutate(content: bytes, chance: random.Random) -> bytes:
    """Change a few places."""
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(content) + 1)
        stop = min(len(content), start + chance.choice((0, 1, 5, 60)))
        content = content[:start] + chance.choice((*PIECES, content[stop : stop + 40])) + content[stop:]
    return content


@pytest.mark.parametrize("name", CASES)
def test_a_number_too_long_for_python_is_no_bug(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the place of each number, one after the other: versions are read late, where two are compared."""
    content, *_ = CASES[name]
    for match in re.finditer(rb"[0-9]+", content):
        check(name, content[: match.start()] + b"9" * 4400 + content[match.end() :], tmp_path)
        capsys.readouterr()


def check(name: str, content: bytes, folder: Path) -> None:
    _, words, manifest = CASES[name]
    (folder / "pyproject.toml").write_bytes(PYPROJECT)
    if manifest:
        (folder / "env.yaml").write_text(manifest)
    file = folder / name.split()[0]
    file.write_bytes(content)
    assert run([*words, *([str(file)] if words == ("diagnose",) else ["-C", str(folder)])]) != BUG, content[
        :2000
    ]


@pytest.mark.parametrize("name", CASES)
def test_a_mutated_file_is_no_bug(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, *_ = CASES[name]
    chance = random.Random(name)
    for _ in range(ROUNDS):
        check(name, mutate(content, chance), tmp_path)
        capsys.readouterr()

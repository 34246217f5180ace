"""Same env.yaml and lock, same bytes: whatever the machine, its settings and the programs on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pyenvspec.driver import load_plan
from pyenvspec.pinning import pins as pinning
from pyenvspec.pinning.pinfile import LOCK_FILE, Pin, format_lock, parse_flake_ref

CASES = Path(__file__).parent.parent / "golden" / "ok"
# The projects together have every key; the names of folders and files in them are part of what is given.
PROJECTS = ("everything-for-venv", "variants-over-base", "exact-python", "packages-from-nixpkgs")
HASH = "sha256-SvXJcAemihifkTn4BGvyE5K1FJX9bl4U8DQ5pqKvD0s="
TOOLS = ("nix", "nix-instantiate", "nix-prefetch-github", "nixfmt", "nixos-version", "nvidia-smi")

# What differs between machines. Each is tried alone.
SETTINGS: dict[str, dict[str, str]] = {
    "no-programs": {"PATH": "/nonexistent"},
    "other-home": {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent", "USER": "somebody"},
    "no-locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "other-locale": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "LANGUAGE": "tr"},
    "other-time": {"TZ": "Pacific/Kiritimati", "SOURCE_DATE_EPOCH": "0"},
    "other-hashes-0": {"PYTHONHASHSEED": "0"},
    "other-hashes-7": {"PYTHONHASHSEED": "7"},
    "terminal": {"TERM": "xterm-256color", "COLUMNS": "20", "FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"},
    "nix-variables": {
        "NIX_PATH": "nixpkgs=/nonexistent",
        "NIX_CONFIG": "x",
        "IN_NIX_SHELL": "impure",
        "NIX_STORE": "/x",
    },
    "ci": {"CI": "true", "GITHUB_ACTIONS": "true"},
}


def lay(case: str, folder: Path) -> Path:
    """A copy of a golden case with every input pinned, in a folder that a shell would split."""
    project = folder / "it's a project" / case
    shutil.copytree(CASES / case, project, ignore=shutil.ignore_patterns("expected*"))
    inputs = load_plan(project).inputs
    known = pinning.tested_pins(inputs)
    pins = {
        i.name: Pin(parse_flake_ref(i.url), "1" * 40, HASH, 1700000000) for i in inputs if i.name not in known
    }
    (project / LOCK_FILE).write_text(format_lock(pins))
    return project


def compiled(project: Path, env: dict[str, str] | None = None, **options: object) -> dict[str, bytes]:
    """Every file of the project after a compile in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pyenvspec", "compile", "-C", str(project)],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **(env or {})},
        capture_output=True,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, done.stderr.decode()
    return {str(p.relative_to(project)): p.read_bytes() for p in sorted(project.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    return {case: compiled(lay(case, tmp_path_factory.mktemp("expected"))) for case in PROJECTS}


@pytest.mark.parametrize("setting", SETTINGS)
def test_no_setting_of_the_machine_changes_a_byte(
    expected: dict[str, dict[str, bytes]], setting: str, tmp_path: Path
) -> None:
    for case in PROJECTS:
        assert compiled(lay(case, tmp_path), SETTINGS[setting]) == expected[case], case


def test_a_flake_lock_is_among_what_is_compared(expected: dict[str, dict[str, bytes]]) -> None:
    assert {case for case in PROJECTS if "flake.lock" in expected[case]} >= {
        "variants-over-base",
        "exact-python",
    }


def test_neither_the_umask_nor_the_folder_it_is_called_from_changes_a_byte(
    expected: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    for case in PROJECTS:
        project = lay(case, tmp_path)
        assert compiled(project, umask=0o077, cwd="/") == expected[case], case


def test_no_program_of_nix_is_asked(expected: dict[str, dict[str, bytes]], tmp_path: Path) -> None:
    called = tmp_path / "called"
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        program = tmp_path / "bin" / tool
        program.write_text(f'#!/bin/sh\necho "$0 $*" >> "{called}"\nexit 1\n')
        program.chmod(0o755)
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    for case in PROJECTS:
        assert compiled(lay(case, tmp_path), {"PATH": path}) == expected[case], case
    assert not called.exists()


@pytest.mark.nix
def test_a_machine_with_the_real_nix_gives_the_same(
    nix_bin: Path, expected: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    path = os.pathsep.join([str(nix_bin), "/usr/bin", "/bin"])
    for case in PROJECTS:
        assert compiled(lay(case, tmp_path), {"PATH": path}) == expected[case], case

"""SECURITY.md: what its table says of each verb, held against the verb, started in a project of a stranger."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from pyenvspec.cli import BUG, VERBS, run

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text()
# Programs that a verb may start; each leaves its name where it was started.
PROGRAMS = (
    *(
        "git",
        "nix",
        "nix-store",
        "uv",
        "poetry",
        "pip",
        "conda",
        "nix-prefetch-github",
        "nvidia-smi",
        "ldconfig",
    ),
    *(
        "docker",
        "podman",
        "skopeo",
        "sbatch",
        "kubectl",
        "sky",
        "dstack",
        "bash",
        "sh",
        "python",
        "python3",
        "make",
    ),
)
# Each sample of a verb with the programs of its row.
READING: dict[str, tuple[str, ...]] = {
    "check": (),
    "check --json": (),
    "explain native": (),
    "explain --plan": (),
    "list": (),
    "compile --check": (),
    "compile --diff": (),
    "compile --stdout": (),
    "compile --emit plan": (),
    "diagnose build.log": (),
    "search ffmpeg": (),
    "schema": (),
    "export dockerfile": (),
    "export conda": (),
    "doctor": ("nix", "git", "nvidia-smi", "ldconfig"),
    "info": ("nix", "git", "nvidia-smi", "uv", "poetry", "docker", "podman"),
    "outdated": ("nix", "git", "uv", "poetry", "nix-prefetch-github"),
    "lock --verify": ("nix-prefetch-github",),
    "lock --dry-run": ("nix-prefetch-github",),
}
WRITING: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "compile": (("flake.nix", "flake.lock", "nix", ".envrc"), ("git",)),
    "add jq": (("env.yaml",), ()),
    "remove ffmpeg": (("env.yaml",), ()),
    "init --force --offline": (("env.yaml", "env.yaml.orig", "nix", "requirements.pyenvspec.txt"), ()),
    "lock": (("env.lock.json",), ("git", "nix-prefetch-github")),
    "update": (("env.lock.json",), ("git", "nix-prefetch-github")),
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with everything in it that would like to be run, and programs that note that they were."""
    folder = tmp_path / "project"
    folder.mkdir()
    noted = tmp_path / "started"
    for place, word in ((tmp_path / "bin", ""), (folder, "project:"), (folder / "bin", "project:")):
        place.mkdir(exist_ok=True)
        for name in PROGRAMS:
            if place == folder and name == "nix":  # the name of a folder that is written
                continue
            (place / name).write_text(f"#!/bin/sh\necho {word}{name} >>{noted}\nexit 1\n")
            (place / name).chmod(0o755)
    trap = f"open({str(noted)!r}, 'a').write('project:code\\n')\n"
    for name in ("setup.py", "conftest.py", "sitecustomize.py", "yaml.py", "pydantic.py", "train.py"):
        (folder / name).write_text(f"import torch\n{trap}")
    (folder / "Makefile").write_text(f"$(shell echo project:make >>{noted})\n")
    (folder / ".envrc").write_text(f"echo project:envrc >>{noted}\n")
    (folder / "build.log").write_text("ImportError: libGL.so.1: cannot open shared object file\n")
    (folder / "requirements.txt").write_text("numpy\n")
    script = f"touch {noted}; $(touch {noted})"
    (folder / "env.yaml").write_text(
        f"python: {{version: 3.12, manager: pip}}\nnative: [ffmpeg]\non_enter: '{script}'\n"
        f"scripts: {{a: '{script}'}}\ngenerate: {{direnv: false}}\n"
    )
    git = ["/usr/bin/env", "git", "-C", str(folder)]
    subprocess.run([*git, "init", "-q"], check=True)
    for key in ("core.fsmonitor", "core.hooksPath", "filter.x.clean"):
        subprocess.run([*git, "config", key, str(folder / "git")], check=True)
    noted.unlink(missing_ok=True)
    monkeypatch.setenv("PATH", os.pathsep.join([".", "bin", "", str(tmp_path / "bin")]))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(folder)
    return folder


def started(project: Path) -> set[str]:
    noted = project.parent / "started"
    return set(noted.read_text().split()) if noted.exists() else set()


def contents(project: Path) -> dict[str, bytes]:
    files = (path for path in project.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {str(path.relative_to(project)): path.read_bytes() for path in files}


@pytest.mark.parametrize("words", READING)
def test_what_reads_writes_nothing_and_runs_nothing_of_the_project(words: str, project: Path) -> None:
    before = contents(project)
    assert run(words.split()) != BUG
    assert contents(project) == before
    assert started(project) <= set(READING[words])


@pytest.mark.parametrize("words", ["info", "outdated", "lock --dry-run"])
def test_what_is_started_for_an_answer_does_not_stand_in_the_project(words: str, project: Path) -> None:
    """Poetry, asked for its version only, loads the plugins that lie in the folder where it stands."""
    noted = project.parent / "stood"
    for program in (project.parent / "bin").iterdir():
        program.write_text(f"#!/bin/sh\npwd >>{noted}\nexit 1\n")
    assert run(words.split()) != BUG
    stood = noted.read_text().split() if noted.exists() else []
    assert stood or words == "outdated"
    assert not [folder for folder in stood if Path(folder).is_relative_to(project)]


@pytest.mark.parametrize("words", WRITING)
def test_what_writes_writes_its_own_files_only(words: str, project: Path) -> None:
    files, programs = WRITING[words]
    before = contents(project)
    assert run(words.split()) != BUG
    after = contents(project)
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert {name.split("/")[0] for name in changed} <= set(files)
    assert started(project) <= set(programs)


def test_each_verb_has_a_row() -> None:
    table = PAGE.partition("| verb |")[2].partition("\n\n")[0]
    first = " ".join(row.split("|")[1] for row in table.splitlines() if row.startswith("| `"))
    named = {word.split()[0] for word in re.findall(r"`([^`]+)`", first)}
    assert {word for word in named if not word.startswith("-")} == set(VERBS)


def test_each_promise_names_the_tests_that_hold_it() -> None:
    promises = PAGE.partition("## What holds")[2].partition("\n## ")[0]
    for promise in promises.split("\n- ")[1:]:
        tests = re.findall(r"`(tests/[\w/.]+)`", promise)
        assert tests, promise
        assert all((ROOT / test).exists() for test in tests), tests

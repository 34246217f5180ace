"""`catalog`: a program named nix on PATH stands in for Nix and lists a small nixpkgs."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from pyenvspec.cli import run
from pyenvspec.facts.native import forget_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    forget_catalogue()
    yield tmp_path / "cache" / "pyenvspec" / "catalogue.tsv"
    forget_catalogue()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "env.yaml").write_text("python: 3.12\n")
    return root


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program named nix on PATH."""
    program = folder / "bin" / "nix"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def test_it_says_where_the_names_come_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog"]) == 0
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.endswith(" names of nixpkgs packages, from:")
    assert second.startswith("  vault: osbm/nixpkgs-vault@b355527, an evaluation of nixpkgs of 2025-09-27")


def test_an_update_is_what_is_searched_afterwards(
    project: Path,
    own_cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = {f"legacyPackages.x86_64-linux.pkg{n}": {"description": f"Package {n}"} for n in range(150)}
    rows["legacyPackages.x86_64-linux.xorg.libnew"] = {"description": "A\ttab and\na line"}
    (tmp_path / "answer").write_text(json.dumps(rows))
    install(tmp_path, monkeypatch, f'echo "$@" >{tmp_path}/asked; cat {tmp_path}/answer')
    assert run(["catalog", "--update", "--json", "-q", "-C", str(project)]) == 0
    data = json.loads(capsys.readouterr().out)
    asked = (tmp_path / "asked").read_text()
    reference = asked.split()[-2]
    assert reference.startswith("github:NixOS/nixpkgs/")
    assert asked == (
        f"--extra-experimental-features nix-command flakes search --json --quiet {reference} ^\n"
    )
    assert data == {
        "names": 151,
        "sources": {"nix": f"{reference}, listed by `nix search` (status verified)"},
    }
    assert own_cache.read_text().splitlines()[-1] == "xorg.libnew\tnix\tA tab and a line"
    run(["search", "libnew"])
    assert capsys.readouterr().out == "xorg.libnew  A tab and a line\n"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "echo 'error: cannot fetch' >&2; exit 1",
            "nix could not list the packages: error: cannot fetch",
        ),
        ("echo nonsense", "nix printed something else than a list of packages"),
        ("echo '[]'", "nix printed something else than a list of packages"),
        ("echo '{}'", "nix listed 0 packages, which is not all of nixpkgs"),
    ],
)
def test_a_failure_is_said_and_writes_nothing(
    script: str,
    message: str,
    project: Path,
    own_cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    install(tmp_path, monkeypatch, script)
    assert run(["catalog", "--update", "-q", "-C", str(project)]) == 1
    assert f"error[catalog-failed]: {message}\n" in capsys.readouterr().err
    assert not own_cache.exists()


def test_an_update_needs_a_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "--update", "-C", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        "catalogue: error[catalog-failed]: there is no env.yaml here, so no nixpkgs is chosen\n"
        "      = help: name its folder with `-C DIR`\n"
    )


def test_a_damaged_catalogue_is_not_read(own_cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own_cache.parent.mkdir(parents=True)
    own_cache.write_bytes(b"\xff\xfe")
    forget_catalogue()
    run(["search", "libsndfile1"])
    assert capsys.readouterr().out.startswith("libsndfile  ")

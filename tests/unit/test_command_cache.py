"""`cache push` and `ship`: the commands shown, and run with programs on PATH that stand in for Nix and cachix."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pyenvspec.cli import run
from pyenvspec.driver import load_plan
from pyenvspec.facts.systems import this_system

if TYPE_CHECKING:
    from pathlib import Path

NIX = "nix --extra-experimental-features 'nix-command flakes'"
SYSTEM = this_system()
SHELLS = f"'.#devShells.{SYSTEM}.default' '.#devShells.{SYSTEM}.cpu'"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two shells and three caches, two of which are filled."""
    root = tmp_path / "a project"
    root.mkdir()
    (root / "env.yaml").write_text(
        "python: {version: 3.12, manager: nixpkgs}\nvariants: {cpu: {env: {A: 1}}}\n"
        "caches:\n"
        "  - nix-community\n"
        '  - {url: "https://lab.cachix.org", key: "lab-1:AAAA", push: true}\n'
        '  - {url: "s3://team?region=eu", key: "t-1:AAAA", push: true}\n'
        '  - {url: "https://attic.example/lab", key: "a-1:AAAA", push: "attic:main:lab"}\n'
        '  - {url: "https://other.example", key: "o-1:AAAA", push: false}\n'
    )
    return root


@pytest.mark.parametrize(
    ("words", "commands"),
    [
        (
            ["push"],
            f"{NIX} build --out-link result {SHELLS}\ncachix push lab ./result\n"
            f"{NIX} copy --to 's3://team?region=eu' {SHELLS}\nattic push main:lab ./result\n",
        ),
        (
            ["push", "s3://team?region=eu", "--secret-key", "/k y", "--", "--refresh"],
            f"{NIX} copy --to 's3://team?region=eu&secret-key=/k%20y' --refresh {SHELLS}\n",
        ),
    ],
)
def test_the_commands_that_fill_a_cache(
    words: list[str], commands: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["cache", "--dry-run", "-C", str(project), *words]) == 0
    assert capsys.readouterr().out == commands
    assert sorted(path.name for path in project.iterdir()) == ["env.yaml"]


def test_a_cache_that_is_not_filled_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cache", "push", "-C", str(project), "https://lab.cachix.or"]) == 1
    assert capsys.readouterr().err == (
        "env.yaml: error[cache-not-filled]: env.yaml has no cache `https://lab.cachix.or` that says `push`\n"
        "      = help: did you mean `https://lab.cachix.org`?\n"
    )
    (project / "env.yaml").write_text("python: 3.12\n")
    assert run(["cache", "push", "-C", str(project)]) == 1
    assert capsys.readouterr().err == (
        "env.yaml: error[cache-not-filled]: no cache of env.yaml says `push`\n"
        '      = help: write `caches: [{url: "s3://team-cache", key: "team-1:…", push: true}]`\n'
    )


def _stand_in(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def _run(project: Path, programs: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pyenvspec", *words, "-C", str(project)],
        env={**os.environ, "PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_was_built_is_what_is_pushed(project: Path, tmp_path: Path) -> None:
    _stand_in(
        tmp_path / "bin",
        "nix",
        'case " $* " in *" --out-link "*) ln -s /nix/store/one "$5"; ln -s /nix/store/two "$5-1";; esac',
    )
    _stand_in(tmp_path / "bin", "cachix", 'printf "%s|" "$@"')
    done = _run(project, tmp_path / "bin", "cache", "push", "cachix:lab")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "push|lab|/nix/store/one|/nix/store/two|"


def test_a_program_that_fills_a_cache_and_is_missing_is_told(project: Path, tmp_path: Path) -> None:
    _stand_in(tmp_path / "bin", "nix", "")
    done = _run(project, tmp_path / "bin", "cache", "push", "cachix:lab")
    assert done.returncode == 1
    assert done.stderr.endswith(
        "cachix: error[engine-missing]: the program `cachix` is not installed, or not on PATH\n"
        "      = help: run `nix profile install nixpkgs#cachix`, then `cachix authtoken`\n"
    )


@pytest.mark.parametrize(
    ("host", "store", "entered"),
    [
        ("big", "ssh-ng://big", "ssh -t big"),
        ("me@big:2222", "ssh-ng://me@big:2222", "ssh -t -p 2222 me@big"),
        ("ssh://me@big.example", "ssh://me@big.example", "ssh -t me@big.example"),
    ],
)
def test_the_commands_that_ship_a_shell(
    host: str, store: str, entered: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ship", "--dry-run", "-C", str(project), host, "cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    output = f"'.#devShells.{SYSTEM}.cpu'"
    assert lines[:3] == [
        f"{NIX} build --no-link {output}",
        f"{NIX} print-dev-env --profile ./environment {output}",
        f"{NIX} copy --no-check-sigs --to {store} ./environment",
    ]
    assert lines[3].startswith(f"{entered} 'nix --extra-experimental-features ")


@pytest.mark.parametrize("host", ["a b", "x;id", "-oProxyCommand=id", "ssh-ng://a b", "big:22x", "ftp://x"])
def test_what_is_no_address_is_refused(host: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # A word that looks like an option is one that does not exist.
    assert run(["ship", "-C", str(project), host]) == (2 if host.startswith("-") else 1)
    assert ("ship-host" in capsys.readouterr().err) != host.startswith("-")
    assert sorted(path.name for path in project.iterdir()) == ["env.yaml"]


def test_a_variant_that_is_not_there_is_not_shipped(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ship", "-C", str(project), "big", "gpu"]) == 1
    assert "error[variant-unknown]: env.yaml has no variant `gpu`" in capsys.readouterr().err


def test_builders_are_for_nix_to_ask_about(project: Path) -> None:
    (project / "env.yaml").write_text(
        "python: 3.12\nbuilders: [ssh-ng://one, {host: 'ssh://me@two:22', systems: [aarch64-linux, x86_64-linux], "
        "jobs: 8, speed: 2, features: [kvm, big-parallel]}]\n"
    )
    assert run(["compile", "-q", "-C", str(project)]) == 0
    text = (project / "flake.nix").read_text()
    assert (
        'builders = "ssh-ng://one x86_64-linux - 1 1 - ; '
        'ssh://me@two:22 aarch64-linux,x86_64-linux - 8 2 kvm,big-parallel";' in text
    )
    _stand_in(project / "bin", "nix", 'printf "%s|" "$@"')
    done = _run(project, project / "bin", "shell")
    assert done.returncode == 0, done.stderr
    assert "--accept-flake-config" not in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["https://lab.cachix.org"], "the program `cachix` is not installed"),
        (["s3://team?region=eu", "--secret-key", "none.key"], "there is no file `none.key`"),
    ],
)
def test_what_cannot_be_pushed_is_told_before_anything_is_built(
    words: list[str],
    told: str,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", "")
    assert run(["cache", "push", "-C", str(project), *words]) == 1
    assert told in capsys.readouterr().err
    assert sorted(path.name for path in project.iterdir()) == ["env.yaml"]


def test_a_cache_that_is_named_twice_is_asked_once_and_still_filled(tmp_path: Path) -> None:
    key = "nix-community.cachix.org-1:mB9FSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs="
    (tmp_path / "env.yaml").write_text(
        "python: 3.12\ncaches:\n- nix-community\n"
        f'- {{url: "https://nix-community.cachix.org/", key: "{key}", push: true}}\n'
        '- {url: "https://lab.example", key: "lab-1:AAAA"}\n- {url: "https://lab.example", key: "lab-2:BBBB"}\n'
    )
    caches = load_plan(tmp_path).caches
    assert [(one.name, one.key.partition(":")[0], one.push) for one in caches if "devenv" not in one.url] == [
        ("nix-community", "nix-community.cachix.org-1", "cachix:nix-community"),
        ("https://lab.example", "lab-1", None),
        ("https://lab.example", "lab-2", None),
    ]

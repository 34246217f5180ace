"""The real nix-prefetch-github, git and Nix against a GitHub on this machine: from a branch to a lock."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from local_github import LocalGithub

from pyenvspec.pinning.fetch import fetch_pins
from pyenvspec.pinning.flakelock import format_flake_lock
from pyenvspec.pinning.pinfile import FlakeRef, LockError, Pin
from pyenvspec.plan import FlakeInput
from pyenvspec.tools import SystemRunner, nix_argv

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.nix, pytest.mark.slow]

WHEN = 1700000000
LIB = FlakeInput("lib", "github:me/lib/feature/x", flake=False)
SOURCE = FlakeRef("me", "lib", "feature/x")


@pytest.fixture
def github(nix_bin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalGithub]:
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join([str(tmp_path / "bin"), str(nix_bin), beside, os.environ["PATH"]])
    if missing := [n for n in ("nix-prefetch-github", "openssl", "git") if not shutil.which(n, path=path)]:
        pytest.skip(f"needs {', '.join(missing)}")
    # Looked for and never run: with it there, the program hashes with nix-prefetch-url, not with <nixpkgs>.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "nix-prefetch-git").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin" / "nix-prefetch-git").chmod(0o755)
    (tmp_path / "tls").mkdir()
    _make_repository(tmp_path / "repositories" / "me" / "lib")
    served = LocalGithub(tmp_path / "tls", tmp_path / "repositories")
    settings = {
        **served.env,
        "PATH": path,
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "NIX_REMOTE": f"local?root={tmp_path / 'root'}",
        "NIX_CONFIG": "substituters =\nflake-registry =\ndownload-attempts = 1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    yield served
    served.close()


def _make_repository(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "default.nix").write_text("{ }\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    who = {f"GIT_{role}_{what}": "me@x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    when = {"GIT_AUTHOR_DATE": "1600000000 +0000", "GIT_COMMITTER_DATE": f"{WHEN} +0500"}
    for command in ("init -q -b main", "add .", "commit -q -m first", "branch feature/x"):
        env = {**os.environ, **who, **when, "GIT_CONFIG_GLOBAL": os.devnull}
        subprocess.run(["git", *command.split()], cwd=folder, env=env, check=True)


def _write_flake(folder: Path, pin: Pin) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "flake.nix").write_text(
        f'{{ inputs.lib = {{ url = "{pin.url}"; flake = false; }}; outputs = inputs: {{ }}; }}\n'
    )


def test_a_branch_becomes_the_lock_that_nix_writes_itself(github: LocalGithub, tmp_path: Path) -> None:
    pins = fetch_pins({"lib": SOURCE}, SystemRunner(), timeout=120)
    assert pins["lib"].source == SOURCE
    assert pins["lib"].last_modified == WHEN
    _write_flake(tmp_path / "flake", pins["lib"])
    locked = SystemRunner().run(nix_argv("flake", "lock"), cwd=tmp_path / "flake", timeout=120)
    assert locked.ok, locked.stderr
    assert (tmp_path / "flake" / "flake.lock").read_text() == format_flake_lock((LIB,), pins)


def test_nix_refuses_a_pin_with_another_hash(github: LocalGithub, tmp_path: Path) -> None:
    good = fetch_pins({"lib": SOURCE}, SystemRunner(), timeout=120)["lib"]
    wrong = Pin(SOURCE, good.rev, "sha256-SvXJcAemihifkTn4BGvyE5K1FJX9bl4U8DQ5pqKvD0s=")
    _write_flake(tmp_path / "flake", wrong)
    locked = SystemRunner().run(nix_argv("flake", "lock"), cwd=tmp_path / "flake", timeout=120)
    assert not locked.ok
    assert "NAR hash mismatch" in locked.stderr


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (FlakeRef("me", "gone"), "prefetch-repository"),
        (FlakeRef("me", "lib", "gone"), "prefetch-ref"),
        (FlakeRef("me", "lib", "0" * 40), "prefetch-ref"),
    ],
)
def test_what_is_not_on_github_is_told(github: LocalGithub, source: FlakeRef, code: str) -> None:
    with pytest.raises(LockError) as refused:
        fetch_pins({"lib": source}, SystemRunner(), timeout=120)
    assert [found.code for found in refused.value.diagnostics] == [code]


def test_a_machine_without_the_helpers_is_told_what_brings_them(github: LocalGithub, tmp_path: Path) -> None:
    (tmp_path / "bin" / "nix-prefetch-git").unlink()
    with pytest.raises(LockError) as refused:
        fetch_pins({"lib": SOURCE}, SystemRunner(), timeout=120)
    (found,) = refused.value.diagnostics
    assert found.code == "prefetch-incomplete"
    assert found.hint is not None
    assert "nixpkgs#nix-prefetch-git" in found.hint

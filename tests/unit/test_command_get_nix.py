"""`pyenvspec get-nix`: what it says, that it asks, what it takes away; its script, as a user without root."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pyenvspec.cli import run
from pyenvspec.tools import nix_argv, own_nix

SCRIPT = Path(__file__).parents[2] / "scripts" / "get-nix"


@pytest.fixture
def no_nix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with apt-get and no Nix; its home."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "apt-get").write_text("#!/bin/sh\nexit 1\n")
    (programs / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def put_nix(home: Path) -> Path:
    program = home / "data" / "pyenvspec" / "nix" / "bin" / "nix"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


def test_without_a_terminal_nothing_is_done(no_nix: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["get-nix"]) == 1
    told = capsys.readouterr().err
    assert "pyenvspec get-nix --yes" in told
    assert "--undo" in told
    assert not (no_nix / "data").exists()


def test_dry_run_says_the_plan(no_nix: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["get-nix", "--dry-run"]) == 0
    assert str(no_nix / "data" / "pyenvspec" / "nix") in capsys.readouterr().err
    assert not (no_nix / "data").exists()


def test_where_apt_is_missing_the_official_installer_is_named(
    no_nix: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (no_nix / "bin" / "apt-get").unlink()
    assert run(["get-nix", "--yes"]) == 1
    assert "https://nixos.org/nix/install" in capsys.readouterr().err


def test_what_it_brought_is_used_until_there_is_another(no_nix: Path) -> None:
    assert nix_argv("develop")[0] == "nix"
    program = put_nix(no_nix)
    assert own_nix() == program
    assert nix_argv("develop")[0] == str(program)
    shutil.copy(program, no_nix / "bin" / "nix")
    assert nix_argv("develop")[0] == "nix"


def test_undo_takes_away_a_store_that_is_read_only(no_nix: Path) -> None:
    put_nix(no_nix)
    sealed = no_nix / "data" / "pyenvspec" / "store" / "nix" / "store" / "abc"
    sealed.mkdir(parents=True)
    (sealed / "file").write_text("x")
    sealed.chmod(0o555)
    other = no_nix / "data" / "pyenvspec" / "of-another-tool"
    other.write_text("x")
    assert run(["get-nix", "--undo", "--dry-run"]) == 0
    assert sealed.exists()
    assert run(["get-nix", "--undo", "--yes"]) == 0
    assert list(other.parent.iterdir()) == [other]


@pytest.mark.slow
def test_a_user_without_root_builds_with_it(tmp_path: Path) -> None:
    if os.geteuid() != 0 or not all(map(shutil.which, ("apt-get", "setpriv", "unshare"))):
        pytest.skip("needs root, apt-get, setpriv and unshare, to become a user who has none of it")
    home = Path("/tmp") / f"pyenvspec-get-nix-{os.getpid()}"
    home.mkdir(mode=0o755)
    shutil.copy(SCRIPT, home / "get-nix")
    (home / "get-nix").chmod(0o755)
    os.chown(home, 65534, 65534)
    flake = home / "lab" / "flake.nix"
    flake.parent.mkdir()
    flake.write_text(
        '{ outputs = _: { packages.x86_64-linux.default = derivation { name = "t"; system = "x86_64-linux";'
        ' builder = "/bin/sh"; args = [ "-c" "echo from the store > $out" ]; }; }; }'
    )
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    try:
        if subprocess.run([*become, "unshare", "-Ur", "true"], capture_output=True, check=False).returncode:
            pytest.skip("needs user namespaces for users without root")
        fetch = [*become, str(home / "get-nix"), "--to", str(home / "own")]
        done = subprocess.run(fetch, env=env, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr
        program = str(home / "own" / "nix" / "bin" / "nix")
        script = "cat /nix/store/*-t && test -e /usr/bin/env"
        command = [*become, program, "--option", "substituters", "", "shell", f"path:{flake.parent}", "-c"]
        done = subprocess.run(
            [*command, "sh", "-c", script], env=env, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "from the store" in done.stdout
        assert (home / "own" / "store" / "nix" / "store").is_dir()
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(home)], check=False)
        shutil.rmtree(home)


def test_what_cannot_be_taken_away_is_told(
    no_nix: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put_nix(no_nix)

    def refuse(path: Path) -> None:
        raise OSError(errno.ENOTEMPTY, "Directory not empty", str(path))

    monkeypatch.setattr(shutil, "rmtree", refuse)
    assert run(["get-nix", "--undo", "--yes"]) == 1
    assert "directory not empty" in capsys.readouterr().err

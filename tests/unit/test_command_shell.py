"""The command line that `pyenvspec shell` shows and becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyenvspec.cli import run
from pyenvspec.commands.shell import develop_argv
from pyenvspec.driver import load_plan

if TYPE_CHECKING:
    from pathlib import Path

FEATURES = ("nix", "--extra-experimental-features", "nix-command flakes", "develop")


def write(folder: Path, *lines: str) -> Path:
    (folder / "env.yaml").write_text("\n".join(["python: 3.12", *lines]) + "\n")
    return folder


def test_without_a_command_it_is_for_typing_in(tmp_path: Path) -> None:
    plan = load_plan(write(tmp_path))
    assert develop_argv(plan, "default", ()) == (*FEATURES, ".#default", "--accept-flake-config")


def test_a_command_keeps_its_words(tmp_path: Path) -> None:
    plan = load_plan(write(tmp_path, "variants: {cpu: {env: {A: 1}}}"))
    argv = develop_argv(plan, "cpu", ("echo", "a b", "--command"))
    assert argv[len(FEATURES) :] == (
        ".#cpu",
        "--accept-flake-config",
        "--command",
        "echo",
        "a b",
        "--command",
    )


@pytest.mark.parametrize(
    "lines", ["caches: [{url: 'https://x.example', key: 'x-1:AAAA'}]", "generate: {flake: false}"]
)
def test_nix_asks_itself_about_caches_that_are_not_known(tmp_path: Path, lines: str) -> None:
    assert "--accept-flake-config" not in develop_argv(load_plan(write(tmp_path, lines)), "default", ())


def test_known_caches_are_accepted(tmp_path: Path) -> None:
    plan = load_plan(write(tmp_path, "caches: [nix-community]"))
    assert "--accept-flake-config" in develop_argv(plan, "default", ())


def test_a_variant_that_is_not_there_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "variants: {cpu: {env: {A: 1}}}")
    assert run(["shell", "-C", str(tmp_path), "gpu"]) == 2
    assert "there is default, cpu" in capsys.readouterr().err
    assert not (tmp_path / "flake.nix").exists()


def test_without_nix_it_says_where_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert run(["shell", "--", "true"]) == 127
    told = capsys.readouterr().err
    assert "--command true" in told
    assert "`nix` is not installed" in told


def test_a_shell_that_is_made_for_other_systems_says_which_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyenvspec.commands.shell.this_system", lambda: "aarch64-darwin")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    write(tmp_path, "cuda: 12.8", "variants: {mac: {cuda: null}}")
    assert run(["shell", "-C", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "the shell `default` is made for x86_64-linux, aarch64-linux; this is aarch64-darwin" in told
    assert "pyenvspec shell mac" in told
    assert run(["shell", "-C", str(tmp_path), "mac"]) == 127

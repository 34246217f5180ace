"""`remove`: what is written, byte for byte, and what is refused with nothing written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pyenvspec.cli import run
from pyenvspec.commands.edit.list import remove_items
from pyenvspec.next_step import next_step, open_command

if TYPE_CHECKING:
    from pathlib import Path

ENV = "python: 3.12\nnative: [git, sox] # tools\ncuda: {version: 12.4, packages: [cudatoolkit, nccl]}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "env.yaml").write_text(ENV)
    return tmp_path


@pytest.mark.parametrize(
    ("before", "names", "after"),
    [
        ("native: [git, vim, sox] # x\n", ["git"], "native: [vim, sox] # x\n"),
        ("native: [git, vim, sox] # x\n", ["vim"], "native: [git, sox] # x\n"),
        ("native: [git, vim, sox] # x\n", ["sox", "git"], "native: [vim] # x\n"),
        ("native: [git] # x\n", ["git"], "native: [] # x\n"),
        ("native: [git,\n  vim,\n]\n", ["git"], "native: [vim,\n]\n"),
        ("native: [\n  git, # a\n  vim, # b\n]\n", ["git", "vim"], "native: [\n]\n"),
        ("native: [\n  git, # a\n  vim # b\n]\n", ["vim"], "native: [\n  git, # a\n]\n"),
        ("native:\n- git # a\n# b\n- vim\nenv: {}\n", ["git"], "native:\n# b\n- vim\nenv: {}\n"),
        ("native: # n\n  - git # a\nenv: {}\n", ["git"], "native: [] # n\nenv: {}\n"),
        ("native:\n  # keep\n  - git\n", ["git"], "native: []\n  # keep\n"),
        ("native: [git, 'sox']\r\n", ["sox"], "native: [git]\r\n"),
    ],
)
def test_only_the_list_changes(before: str, names: list[str], after: str) -> None:
    assert remove_items(before.encode(), "env.yaml", ("native",), names) == after.encode()


def test_packages_are_removed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["remove", "-C", str(project), "git", "cuda.nccl"]) == 0
    assert (project / "env.yaml").read_text() == (
        "python: 3.12\nnative: [sox] # tools\ncuda: {version: 12.4, packages: [cudatoolkit]}\n"
    )
    assert capsys.readouterr() == (
        "",
        f"Removed git, cuda.nccl from env.yaml. {next_step(open_command(project))}\n",
    )


def test_a_name_that_is_not_there_stops_all(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["remove", "-C", str(project), "git", "soxx", "cuda.zzz"]) == 1
    assert capsys.readouterr().err == (
        "env.yaml: error[edit-not-listed]: `soxx` is not in env.yaml\n"
        "      = help: did you mean `sox`?\n"
        "\n"
        "env.yaml: error[edit-not-listed]: `cuda.zzz` is not in env.yaml\n"
        "      = help: `cuda.packages` holds cudatoolkit, nccl\n"
    )
    assert (project / "env.yaml").read_text() == ENV


def test_nothing_to_remove_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "env.yaml").write_text("python: 3.12\n")
    assert run(["remove", "-C", str(tmp_path), "git"]) == 1
    assert capsys.readouterr().err == (
        "env.yaml: error[edit-not-listed]: `git` is not in env.yaml\n      = help: `native` is empty\n"
    )


def test_a_name_that_check_refuses_can_be_removed(project: Path) -> None:
    (project / "env.yaml").write_text("python: 3.12\nnative: [numpy, git]\n")
    assert run(["check", "-C", str(project)]) == 1
    assert run(["remove", "-C", str(project), "numpy"]) == 0
    assert run(["check", "-C", str(project)]) == 0


def test_json_says_what_was_removed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["remove", "--json", "-C", str(project), "git"]) == 0
    assert json.loads(capsys.readouterr().out) == {"removed": ["git"]}


def test_a_list_with_a_mapping_in_it_can_be_edited(tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text("python: 3.12\nnative:\n  - ffmpeg\n  - {a: b}\n")
    assert run(["remove", "-C", str(tmp_path), "ffmpeg"]) == 0
    assert (tmp_path / "env.yaml").read_text() == "python: 3.12\nnative:\n  - {a: b}\n"

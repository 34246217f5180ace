"""Files of a project that a stranger made: links, devices, pipes, and more than anybody has."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pyenvspec.cli import run
from pyenvspec.project.files import ProjectFileError, is_plain_file, read_project_file

if TYPE_CHECKING:
    from pathlib import Path

READ_BY_CHECK = ("env.yaml", "uv.lock", "poetry.lock", "pyproject.toml", "requirements.txt")


def _message(root: Path, name: str, most: int = 100) -> str:
    with pytest.raises(ProjectFileError) as caught:
        read_project_file(root, name, most)
    (found,) = caught.value.diagnostics
    assert (found.code, found.file) == ("file-unreadable", name)
    assert found.hint
    return found.message


def test_a_plain_file_is_read_and_a_missing_one_is_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100)
    assert read_project_file(tmp_path, "a", 100) == b"x" * 100
    assert read_project_file(tmp_path, "b") is None
    assert read_project_file(tmp_path, "a/b") is None


def test_a_link_within_the_project_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").symlink_to("a")
    assert read_project_file(tmp_path, "b") == b"x"


def test_a_link_within_the_checkout_is_followed(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "part").mkdir()
    (tmp_path / "shared").write_text("x")
    (tmp_path / "part" / "b").symlink_to("../shared")
    assert read_project_file(tmp_path / "part", "b") == b"x"


def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    project = tmp_path / "project"
    project.mkdir()
    (project / "a").symlink_to("../secret")
    (project / "folder").symlink_to("..")
    assert "leads out of the project" in _message(project, "a")
    assert "leads out of the project" in _message(project, "folder/secret")


def test_in_a_folder_below_the_one_with_env_yaml_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    below = tmp_path / "src" / "lab"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert run(["check"]) == 1
    assert "-C .." not in capsys.readouterr().err
    (tmp_path / "env.yaml").write_text("python: 3.12\n")
    assert run(["check"]) == 1
    assert "the folder ../.. has one: add `-C ../..`" in capsys.readouterr().err
    assert run(["check", "-C", "../.."]) == 0
    monkeypatch.chdir(below.parent)
    assert run(["check", "-C", "lab"]) == 1
    assert "add `-C lab/../..`" in capsys.readouterr().err


def test_what_has_no_end_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "zero").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "huge").write_bytes(b"x" * 101)
    (tmp_path / "circle").symlink_to("circle")
    assert "a device" in _message(tmp_path, "zero")
    assert "a named pipe" in _message(tmp_path, "pipe")
    assert "a folder" in _message(tmp_path, "folder")
    assert "larger than" in _message(tmp_path, "huge")
    assert "cannot be read" in _message(tmp_path, "circle")


def test_looking_for_a_file_tells_what_could_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "nowhere").symlink_to("none")
    (tmp_path / "zero").symlink_to("/dev/zero")
    assert not is_plain_file(tmp_path, "nowhere")
    assert not is_plain_file(tmp_path, ".")
    with pytest.raises(ProjectFileError):
        is_plain_file(tmp_path, "zero")


@pytest.mark.parametrize("name", [*READ_BY_CHECK, "env.lock.json"])
@pytest.mark.parametrize("kind", ["zero", "pipe", "outside"])
def test_no_verb_waits_or_fills_the_memory(
    name: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manager = {"uv.lock": "uv2nix", "poetry.lock": "poetry2nix"}.get(name, "pip")
    (tmp_path / "env.yaml").write_text(f"python: {{version: 3.12, manager: {manager}}}\n")
    place = tmp_path / name
    place.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to("/dev/zero" if kind == "zero" else "/etc/passwd")
    assert run(["compile", "--check", "-C", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert f"`{name}` " in said
    assert "file-unreadable" in said
    assert "root:" not in said


@pytest.mark.parametrize(
    "name",
    [
        *READ_BY_CHECK[1:],
        "environment.yml",
        ".python-version",
        "requirements/dev.txt",
        "requirements-gpu.txt",
    ],
)
def test_init_reads_plain_files_only(name: str, tmp_path: Path) -> None:
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    os.mkfifo(place)
    # In a process of its own: one that waited for the pipe could not be stopped here.
    command = [sys.executable, "-m", "pyenvspec", "init", "-C", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    assert "file-unreadable" in done.stderr
    assert not (tmp_path / "env.yaml").exists()


def test_numbers_of_any_length_are_a_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    number = "9" * 5000
    (tmp_path / "env.yaml").write_text("python: {version: 3.12, manager: uv2nix}\n")
    (tmp_path / "pyproject.toml").write_text(
        f'[project]\nname = "x"\nversion = "1"\nrequires-python=">={number}"\n'
    )
    (tmp_path / "uv.lock").write_text(f"version = {number}\n")
    assert run(["compile", "--check", "-C", str(tmp_path)]) == 1
    (tmp_path / "uv.lock").write_text("version = 1\n")
    (tmp_path / "pyproject.toml").write_text(f"a = {number}\n")
    assert run(["compile", "--check", "-C", str(tmp_path)]) == 1
    (tmp_path / "pyproject.toml").unlink()
    for text in (f"cuda: {number}\n", f"env: {{X: {number}}}\n", f"{number}: 1\n", f"spec: {number}\n"):
        (tmp_path / "env.yaml").write_text("python: {version: 3.12, manager: pip}\n" + text)
        assert run(["compile", "--check", "-C", str(tmp_path)]) == 1, text
    (tmp_path / "env.yaml").write_text("python: {version: 3.12, manager: pip}\n")
    (tmp_path / "env.lock.json").write_text(f'{{"version": 1, "inputs": {number}}}')
    assert run(["compile", "--check", "-C", str(tmp_path)]) == 1
    assert "BUG" not in capsys.readouterr().err

"""What a shell offers at TAB, through a real argcomplete; the examples and the manual of each verb."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pyenvspec.cli import VERBS, _parse, run
from pyenvspec.commands.completion.command import code_for
from pyenvspec.commands.examples import EXAMPLES


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    (tmp_path / "env.yaml").write_text(
        "python: 3.11\nnative: [ffmpeg, libsndfile]\nvariants: {cpu: {env: {A: 1}}, gpu: {env: {A: 2}}}\n"
        "containers: {train: {}, serve: {}}\n"
    )
    return tmp_path


def offered(folder: Path, line: str) -> list[str]:
    """Return the words for a line, as the code of bash asks for them."""
    told = folder / "told"
    env = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(told),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    done = subprocess.run(
        [sys.executable, "-m", "pyenvspec"], env=env, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [word.strip() for word in told.read_text().splitlines()]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("pyenvspec she", ["shell"]),
        ("pyenvspec shell g", ["gpu"]),
        ("pyenvspec container b", ["build"]),
        ("pyenvspec container build ", ["serve", "train"]),
        ("pyenvspec remove lib", ["libsndfile"]),
        ("pyenvspec explain python.ver", ["python.version"]),
        ("pyenvspec init --manager p", ["pip", "poetry", "poetry2nix"]),
        ("pyenvspec update dev", ["devenv"]),
    ],
)
def test_names_of_the_project_are_offered(lab: Path, line: str, words: list[str]) -> None:
    assert sorted(offered(lab, line)) == words


def test_packages_of_the_catalogue_are_offered(lab: Path) -> None:
    assert "libsndfile" in offered(lab, "pyenvspec add libsnd")


def test_a_folder_without_a_readable_file_offers_what_is_always_there(tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text("python: [\n")
    assert offered(tmp_path, "pyenvspec shell d") == ["default"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_it_is_written_where_the_shell_looks(
    shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("SHELL", f"/bin/{shell}")
    assert run(["completion", "install"]) == 0
    path = Path(capsys.readouterr().out.removeprefix("wrote ").strip())
    assert path.read_text() == code_for(shell)
    assert "pyenvspec" in path.name
    assert run(["completion", shell]) == 0
    assert capsys.readouterr().out == code_for(shell)


def test_a_place_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert run(["completion", "install", "bash"]) == 1
    message = capsys.readouterr().err
    assert "error[write-failed]" in message and "run the same command again" in message


def test_a_shell_that_is_none_of_them_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert run(["completion", "install"]) == 2
    assert "pyenvspec completion install bash|zsh|fish" in capsys.readouterr().err


def test_the_code_of_bash_is_code(tmp_path: Path) -> None:
    (tmp_path / "code").write_text(code_for("bash"))
    done = subprocess.run(["bash", "-n", str(tmp_path / "code")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_verb_has_an_example_that_parses() -> None:
    assert set(EXAMPLES) == set(VERBS)
    for verb, lines in EXAMPLES.items():
        for line in lines:
            words = shlex.split(line.partition(" > ")[0].rpartition("| ")[2])
            assert words[:2] == ["pyenvspec", verb]
            _parse(words[1:])


def test_a_home_of_the_line_is_the_users(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(lab.parent))
    here = offered(lab, "pyenvspec shell ")
    assert offered(lab.parent, f"pyenvspec shell -C ~/{lab.name} ") == here

"""`init`: what it sees, what it writes, and that the file passes `check`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyenvspec.cli import run
from pyenvspec.commands.init.conda import read_conda
from pyenvspec.commands.init.scaffold import TEMPLATES
from pyenvspec.commands.init.survey import choose_python
from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import check_project

if TYPE_CHECKING:
    from pathlib import Path

POETRY = '[tool.poetry]\nname = "lab"\n[tool.poetry.dependencies]\npython = "^3.10,<3.12"\n'
PROJECT = '[project]\nname = "lab"\nversion = "1"\nrequires-python = ">=3.10"\n'
CONDA = """\
name: lab
dependencies:
  - python=3.10.4
  - pytorch=2.1.0=py3.10_cuda
  - pytorch-cuda=12.1
  - conda-forge::ffmpeg
  - libsndfile>=1.0
  - numpy>=1.24,<2
  - gxx_linux-64
  - pip:
    - librosa==0.10
"""


def init(folder: Path, *words: str) -> int:
    return run(["init", "-C", str(folder), *words])


def answer(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert init(folder, "--json", *words) == 0
    result: dict[str, object] = json.loads(capsys.readouterr().out)
    check_project(folder)
    return result


@pytest.mark.parametrize(
    ("files", "manager", "python", "step"),
    [
        ({}, "uv", "3.12", "uv init --bare"),
        ({"pyproject.toml": PROJECT}, "uv", "3.12", "uv lock"),
        ({"pyproject.toml": PROJECT, "uv.lock": "x"}, "uv", "3.12", None),
        ({"pyproject.toml": PROJECT, "poetry.lock": "x"}, "poetry", "3.12", None),
        ({"pyproject.toml": PROJECT, "poetry.lock": "x", "uv.lock": "x"}, "uv", "3.12", None),
        ({"pyproject.toml": POETRY}, "poetry", "3.11", "poetry lock"),
        ({"requirements.txt": "numpy", ".python-version": "3.11.4\n"}, "pip", "3.11", None),
        ({"requirements-dev.txt": "numpy"}, "pip", "3.12", None),
        ({".python-version": "pypy3.10\n"}, "uv", "3.12", "uv init --bare"),
    ],
)
def test_the_files_decide(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    files: dict[str, str],
    manager: str,
    python: str,
    step: str | None,
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    result = answer(tmp_path, capsys)
    assert (result["manager"], result["next"]) == (manager, step)
    assert f"version: {python}" in str(result["text"])
    assert (tmp_path / "env.yaml").read_text() == result["text"]
    assert {one["file"] for one in result["seen"]} == set(files)  # type: ignore[attr-defined]


def test_a_conda_environment_gives_python_cuda_and_native_packages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "environment.yml").write_text(CONDA)
    result = answer(tmp_path, capsys)
    text = str(result["text"])
    for line in ("name: lab", "version: 3.10", "cuda: 12.1", "native: [ffmpeg, libsndfile]"):
        assert line in text
    wanted = "uv init --bare --python 3.10 && uv add torch==2.1.0 'numpy>=1.24,<2' librosa==0.10"
    assert result["next"] == wanted


@pytest.mark.parametrize(
    ("pyproject", "words", "manager", "step"),
    [
        (POETRY, ("--from", "poetry.lock", "--manager", "uv2nix"), "uv2nix", "uvx migrate-to-uv"),
        (PROJECT, ("--from", "poetry.lock", "--manager", "uv2nix"), "uv2nix", "uv lock"),
        (POETRY, ("--from", "poetry.lock", "--manager", "poetry2nix"), "poetry2nix", None),
        (POETRY, ("--from", "poetry.lock"), "poetry", None),
    ],
)
def test_a_lock_moves_to_another_manager_with_one_command(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    pyproject: str,
    words: tuple[str, ...],
    manager: str,
    step: str | None,
) -> None:
    (tmp_path / "pyproject.toml").write_text(pyproject)
    import tomllib

    from pyenvspec.project.locks.poetry import content_hashes

    fresh = sorted(content_hashes(tomllib.loads(pyproject)))[0]
    lock = (
        f'package = []\n[metadata]\nlock-version = "2.1"\npython-versions = "*"\ncontent-hash = "{fresh}"\n'
    )
    (tmp_path / "poetry.lock").write_text(lock)
    result = answer(tmp_path, capsys, *words)
    assert (result["manager"], result["next"]) == (manager, step)
    assert (tmp_path / "poetry.lock").read_text() == lock
    assert not (tmp_path / "uv.lock").exists()


@pytest.mark.parametrize(
    ("text", "cuda"),
    [
        ("torch==2.1.0+cu118\n", "11.8"),
        ("--extra-index-url https://index.example/whl/cu121\ntorch\n", "12.1"),
        ("torch\n", None),
    ],
)
def test_the_cuda_of_torch_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, cuda: str | None
) -> None:
    (tmp_path / "requirements.txt").write_text(text)
    (tmp_path / ".python-version").write_text("3.10")
    assert (f"cuda: {cuda}" in str(answer(tmp_path, capsys)["text"])) is (cuda is not None)


def test_a_cuda_that_nixpkgs_does_not_have_is_left_out_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements.txt").write_text("torch==1.0+cu77\n")
    result = answer(tmp_path, capsys)
    assert "cuda" not in str(result["text"]).replace("cu77", "")
    assert "CUDA 7.7" in str(result["left_out"])


def test_an_env_yaml_that_is_there_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "env.yaml").write_text("mine")
    assert init(tmp_path) == 1
    assert "init-exists" in capsys.readouterr().err
    assert (tmp_path / "env.yaml").read_text() == "mine"
    assert init(tmp_path, "--force") == 0
    assert (tmp_path / "env.yaml.orig").read_text() == "mine"
    assert init(tmp_path, "--force") == 0
    assert (tmp_path / "env.yaml.orig").read_text() == "mine"
    assert (tmp_path / "env.yaml.orig.1").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "env.yaml",
        "env.yaml.orig",
        "env.yaml.orig.1",
    ]


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_passes_check(tmp_path: Path, template: str) -> None:
    assert init(tmp_path, "--template", template) == 0
    check_project(tmp_path)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--template", "x"), "init-template"),
        (("--manager", "conda"), "init-manager"),
        (("--manager", "uv2nix"), "init-manager"),
        (("--from", "no.lock"), "init-source"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: str
) -> None:
    assert init(tmp_path, *words) == 1
    assert f"[{code}]" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("constraint", "python"),
    [(">=3.10", "3.12"), (">=3.13", "3.13"), ("^3.10,<3.12", "3.11"), ("3.10.*", "3.10"), (">=4", None)],
)
def test_of_several_pythons_the_usual_one_is_taken(constraint: str, python: str | None) -> None:
    assert choose_python(constraint) == python


@pytest.mark.parametrize("text", ["a: &x [*x]", "{", "- : -", "dependencies: [{pip: 3}, 4, null, '']", "5"])
def test_odd_conda_files_are_findings_or_nothing(text: str) -> None:
    try:
        assert read_conda(text, "environment.yml").packages == ()
    except PyenvspecError as error:
        assert error.diagnostics[0].code == "init-source"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    st.sampled_from(
        [".python-version", "pyproject.toml", "uv.lock", "poetry.lock", "requirements.txt", "environment.yml"]
    ),
    st.binary(max_size=60) | st.text(max_size=60).map(str.encode),
)
def test_any_bytes_in_any_file_give_a_file_or_a_finding(tmp_path: Path, name: str, data: bytes) -> None:
    for path in tmp_path.iterdir():
        path.unlink()
    (tmp_path / name).write_bytes(data)
    assert init(tmp_path, "-q") in (0, 1)

"""Files of projects, each read by its own reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyenvspec.project.survey.conda import read_conda
from pyenvspec.project.survey.gpu import find_gpu
from pyenvspec.project.survey.locks import read_pylock
from pyenvspec.project.survey.look import survey
from pyenvspec.project.survey.others import read_dockerfile
from pyenvspec.project.survey.pyproject import read_pyproject
from pyenvspec.project.survey.requirements import parse_requirement, read_requirements


def test_comments_within_an_instruction_of_a_dockerfile_are_left_out() -> None:
    text = (
        "FROM python:3.11-slim\n"
        "RUN apt-get update && apt-get install -y \\\n"
        "    # sound\n"
        "    libsndfile1 \\\n"
        "\n"
        "    ffmpeg\n"
        "RUN pip install rich==13.0\n"
    )
    source = read_dockerfile("Dockerfile", text)
    assert [(claim.value, claim.line) for claim in source.native] == [("libsndfile", 2), ("ffmpeg", 2)]
    assert [(wanted.text, wanted.line) for wanted in source.packages] == [("rich==13.0", 7)]


def test_a_wheel_that_a_pylock_names_is_not_compiled() -> None:
    wheel = "flash_attn-2.5.8+cu122torch2.3-cp311-cp311-linux_x86_64.whl"
    row = f'[[packages]]\nname = "flash-attn"\nversion = "2.5.8"\nwheels = [{{url = "https://example.org/{wheel}"}}]\n'
    source = read_pylock("pylock.toml", f'lock-version = "1.0"\n{row}')
    assert [wanted.wheels for wanted in source.packages] == [(wheel,)]
    gpu = find_gpu(source)
    assert gpu is None or not gpu.compiled


def test_an_index_of_a_strange_type_is_none() -> None:
    text = '[project]\nname = "lab"\n[tool.uv.sources]\ntorch = {index = ["a"]}\n[[tool.uv.index]]\nurl = 1\n'
    source = read_pyproject("pyproject.toml", text)
    assert source is not None
    assert source.options == []


def test_an_explicit_index_counts_where_a_source_names_it() -> None:
    text = (
        '[project]\nname = "lab"\n[tool.uv.sources]\ntorch = [{index = "cu"}]\n'
        '[[tool.uv.index]]\nname = "cu"\nurl = "https://example.org/cu118"\nexplicit = true\n'
        '[[tool.uv.index]]\nname = "other"\nurl = "https://example.org/other"\nexplicit = true\n'
    )
    source = read_pyproject("pyproject.toml", text)
    assert source is not None
    assert [option.value for option in source.options] == ["--extra-index-url https://example.org/cu118"]


def test_requirements_include_each_other_once() -> None:
    files = {"base.txt": "numpy \\\n  >=1.24  # why\n-r requirements.txt\n", "limits.txt": "scipy<2\n"}
    text = "\ufeff-r base.txt\n-c limits.txt\n-e ./lib\nrich\n"
    source = read_requirements("requirements.txt", text, files.get)
    assert [(wanted.name, wanted.line) for wanted in source.packages] == [
        ("numpy", 0),
        ("lib", 3),
        ("rich", 4),
    ]


if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "text",
    [
        "git+https://example.org/me/Tool.git",
        "git+https://git@example.org/me/Tool.git@v1.0",
        "git+ssh://git@example.org/me/Tool.git",
        "git+https://example.org/me/Tool@some/branch",
        "git+https://example.org/me/other@v1#egg=tool",
        "https://example.org/me/tool",
    ],
)
def test_a_repository_is_called_by_the_end_of_its_path(text: str) -> None:
    wanted = parse_requirement(text)
    assert wanted is not None
    assert wanted.name == "tool"


def test_data_that_looks_like_a_script_keeps_nothing_from_being_read(tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text("dependencies:\n" + "- x\n" * 1_100_000)
    (tmp_path / "generated.py").write_text("import torch\n" + "x = 1\n" * 800_000)
    (tmp_path / "plots.ipynb").write_text(" " * 5_000_000)
    (tmp_path / "run.py").write_text("import numpy\n")
    result = survey(tmp_path)
    assert [(source.kind, [wanted.name for wanted in source.packages]) for source in result.sources] == [
        ("imports", ["numpy"])
    ]


def test_a_package_of_conda_stands_at_its_own_line() -> None:
    text = "dependencies:\n  - numpy-financial\n  - numpy\n  - pip:\n      - rich-click\n      - rich\n"
    source = read_conda("environment.yml", text)
    lines = {wanted.name: wanted.line for wanted in source.packages}
    assert lines == {"numpy-financial": 2, "numpy": 3, "rich-click": 5, "rich": 6}

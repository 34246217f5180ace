"""Files of projects, each read by its own reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.project.folder import look_at_folder
from pyenvspec.project.survey.code import parse_code
from pyenvspec.project.survey.conda import read_conda
from pyenvspec.project.survey.gpu import find_gpu
from pyenvspec.project.survey.locks import read_lock, read_pdm_lock, read_pipfile_lock, read_pylock
from pyenvspec.project.survey.look import survey
from pyenvspec.project.survey.others import read_devbox, read_dockerfile, read_pixi, read_readme
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
    assert [(claim.value, claim.line) for claim in source.native] == [("libsndfile", 4), ("ffmpeg", 6)]
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


def test_a_lock_is_told_at_the_lines_where_it_says_so() -> None:
    package = '[[package]]\nname = "{}"\nversion = "1.0"\noptional = false\npython-versions = ">=3.8"\nfiles = []\n\n'
    text = package.format("one") + package.format("two") + '[metadata]\nlock-version = "2.0"\n'
    source = read_lock("poetry.lock", f'{text}python-versions = "^3.10"\n')
    assert [(claim.value, claim.line) for claim in source.python] == [("^3.10", 17)]
    assert [(wanted.name, wanted.line) for wanted in source.packages] == [("one", 2), ("two", 9)]
    assert [wanted.line for wanted in read_pdm_lock("pdm.lock", text).packages] == [2, 9]


def test_what_conda_lists_in_quotes_stands_at_its_own_line() -> None:
    text = 'dependencies:\n  - numpy-base=1.24\n  - "numpy" # why\n  - pip:\n      - "torch==2.0"\n'
    packages = read_conda("environment.yml", text).packages
    assert [(wanted.name, wanted.line) for wanted in packages] == [
        ("numpy-base", 2),
        ("numpy", 3),
        ("torch", 5),
    ]


@pytest.mark.parametrize(
    "item",
    ["!!bool x", '!!int ""', "!!timestamp x", '!!float ""', '"\\UFFFFFFFF"', "[&a [x], *a]", "&a x\n- *a"],
)
def test_what_no_environment_file_has_is_a_message(item: str) -> None:
    with pytest.raises(PyenvspecError) as raised:
        read_conda("environment.yml", f"dependencies:\n- {item}\n")
    assert [one.code for one in raised.value.diagnostics] == ["init-source"]


def test_half_a_character_becomes_one_that_can_be_written() -> None:
    half = "\\ud800"
    conda = read_conda("environment.yml", f'dependencies:\n- "{half}"\n- pip:\n  - "a{half}"\n')
    pipfile = read_pipfile_lock("Pipfile.lock", f'{{"default": {{"a{half}": {{"version": "=={half}"}}}}}}')
    devbox = read_devbox("devbox.json", f'{{"packages": ["{half}"]}}')
    assert devbox is not None
    for source in (conda, pipfile, devbox):
        str(source).encode()


def test_what_pixi_asks_for_stands_at_its_own_line() -> None:
    text = (
        '[workspace]\nname = "lab"\n\n[dependencies]\npython = "3.11.*"\n"pytorch" = ">=2"\n'
        'ffmpeg = "*"\nr-base = "*"\n\n[pypi-dependencies]\nrich = "*"\n'
    )
    source = read_pixi("pixi.toml", text)
    assert [(wanted.name, wanted.line) for wanted in source.packages] == [("torch", 6), ("rich", 11)]
    assert [claim.line for claim in source.python] == [5]
    assert [(claim.value, claim.line) for claim in source.native] == [("ffmpeg", 7), ("R", 8)]


def test_a_marker_within_quotes_does_not_end_the_command() -> None:
    line = "pip install \"tomli; python_version < '3.11'\" rich && pip install attrs; make\n"
    source = read_readme("README.md", line)
    assert source is not None
    assert [wanted.name for wanted in source.packages] == ["tomli", "rich", "attrs"]
    prose = read_readme("README.md", "If you don't have it: pip install rich; that's all.\n")
    assert prose is not None
    assert [wanted.name for wanted in prose.packages] == ["rich"]


def test_instructions_of_a_dockerfile_may_be_in_small_letters() -> None:
    source = read_dockerfile("Dockerfile", "from python:3.11\nrun pip install rich\n")
    assert [wanted.name for wanted in source.packages] == ["rich"]


def test_a_warning_about_a_script_is_not_shown() -> None:
    # An error here would be one of the syntax: `filterwarnings`.
    assert parse_code('import torch\nx = "\\d"\n') is not None


def test_a_script_that_leads_out_of_the_project_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text("import scipy\n")
    root = tmp_path / "project"
    root.mkdir()
    (root / "own.py").write_text("import numpy\n")
    (root / "linked.py").symlink_to(tmp_path / "outside.py")
    (imports,) = survey(root).of("imports")
    assert [wanted.name for wanted in imports.packages] == ["numpy"]


def test_empty_lines_cost_no_more_than_others(tmp_path: Path) -> None:
    # Minutes where a pattern walks over all of them from each; a test that hangs is one that fails.
    (tmp_path / "pyproject.toml").write_text("\n" * 300_000 + "[tool.poetry]\n")
    (tmp_path / ".gitmodules").write_text("\n" * 300_000 + "path = lib\n")
    (tmp_path / "a.py").write_text("\n" * 300_000 + "import numpy\n")
    folder = look_at_folder(tmp_path, ".", ())
    assert (folder.has_poetry_section, folder.submodules) == (True, ("lib",))
    assert survey(tmp_path).get("pyproject.toml") is None

"""What is to be built after the rest: names that are there, and builds that need it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import check_project

if TYPE_CHECKING:
    from pathlib import Path

FLASH = '{ url = "https://files.example/flash_attn-2.5.8%s", hash = "sha256:00" }'
LOCK = """
version = 1
requires-python = ">=3.11"
[[package]]
name = "demo"
version = "0"
source = {{ virtual = "." }}
dependencies = [{{ name = "flash-attn" }}]
[package.metadata]
requires-dist = [{{ name = "flash-attn" }}]
[[package]]
name = "flash-attn"
version = "2.5.8"
source = {{ registry = "https://files.example/simple" }}
sdist = {sdist}
wheels = [{wheels}]
"""
PROJECT = (
    '[project]\nname = "demo"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["flash-attn"]\n'
)


def told(folder: Path, manager: str, after: str) -> list[str]:
    (folder / "env.yaml").write_text(
        f"python: {{version: 3.11, manager: {manager}, build_after: [{after}]}}\n"
    )
    try:
        found = check_project(folder)[2]
    except PyenvspecError as error:
        found = error.diagnostics
    return [f"{one.code}: {one.message} | {one.hint or one.expected}" for one in found]


def lay_uv(folder: Path, *, wheels: str = "", project: str = PROJECT) -> None:
    (folder / "pyproject.toml").write_text(project)
    (folder / "uv.lock").write_text(LOCK.format(sdist=FLASH % ".tar.gz", wheels=wheels).strip())


WHAT = "flash-attn{} is built from source, and its build imports torch, which an isolated build does not have"


def test_a_build_that_imports_torch_is_told_with_the_line_to_write(tmp_path: Path) -> None:
    lay_uv(tmp_path)
    hint = "write `build_after: [flash-attn]` under `python`"
    assert told(tmp_path, "uv", "") == [f"build-isolated: {WHAT.format(' 2.5.8')} | {hint}"]
    assert told(tmp_path, "uv", "Flash_Attn") == []


def test_a_wheel_is_not_built(tmp_path: Path) -> None:
    lay_uv(tmp_path, wheels=FLASH % "-cp311-cp311-manylinux_2_28_x86_64.whl")
    assert told(tmp_path, "uv", "") == []


@pytest.mark.parametrize(
    "table",
    [
        'no-build-isolation-package = ["flash-attn"]',
        "no-build-isolation = true",
        'extra-build-dependencies = {flash-attn = ["torch"]}',
    ],
)
def test_what_uv_is_told_already_is_not_told(tmp_path: Path, table: str) -> None:
    lay_uv(tmp_path, project=f"{PROJECT}[tool.uv]\n{table}\n")
    assert told(tmp_path, "uv", "") == []


def test_a_name_that_is_not_there(tmp_path: Path) -> None:
    lay_uv(tmp_path)
    assert told(tmp_path, "uv", "flash-attn, flash-atn, zzz") == [
        "package-lock-unknown-name: uv.lock has no package `flash-atn`, which is to be built after the others"
        " | did you mean `flash-attn`?",
        "package-lock-unknown-name: uv.lock has no package `zzz`, which is to be built after the others"
        " | one of the packages in uv.lock",
    ]


def test_requirements_are_looked_at_with_what_they_include(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("torch\n-r gpu.txt\n")
    (tmp_path / "gpu.txt").write_text("flash-attn\n")
    assert [one.split(":")[0] for one in told(tmp_path, "pip", "")] == ["build-isolated"]
    assert told(tmp_path, "pip", "flash-attn") == []
    (tmp_path / "gpu.txt").write_text(
        textwrap.dedent("""\
        https://files.example/flash_attn-2.5.8-cp311-cp311-linux_x86_64.whl
        """)
    )
    assert told(tmp_path, "pip", "") == []
    assert [one.split(":")[0] for one in told(tmp_path, "pip", "apex")] == ["package-lock-unknown-name"]

"""GPU generations against the CUDA that is to compile for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import check_project

if TYPE_CHECKING:
    from pathlib import Path


def told(folder: Path, cuda: str, capabilities: str) -> list[tuple[str, str]]:
    (folder / "env.yaml").write_text(
        f"python: 3.11\ncuda: {{version: {cuda}, capabilities: [{capabilities}]}}\n"
    )
    try:
        check_project(folder)
    except PyenvspecError as error:
        return [(one.message, one.hint or "") for one in error.diagnostics if one.code == "cuda-capability"]
    return []


@pytest.mark.parametrize(
    ("cuda", "capabilities"),
    [("12.8", "8.0, 9.0, 9.0a, 12.0"), ("11.8", "3.5, 8.9, 9"), ("12.6", "5.0, 7.5")],
)
def test_what_this_cuda_compiles_for_is_right(tmp_path: Path, cuda: str, capabilities: str) -> None:
    assert told(tmp_path, cuda, capabilities) == []


def test_a_gpu_that_is_newer_than_the_cuda(tmp_path: Path) -> None:
    ((message, hint),) = told(tmp_path, "12.6", "9.0, 10.0")
    assert message == "GPU generation 10.0: CUDA 12.6 does not know Blackwell GPUs yet"
    assert hint.startswith("write `cuda: 12.8` or newer, or take 10.0 away: CUDA 12.6 compiles for 5.0, ")


def test_a_gpu_that_is_older_than_the_cuda(tmp_path: Path) -> None:
    ((message, hint),) = told(tmp_path, "12.8", "3.5")
    assert message == "GPU generation 3.5: CUDA 12.8 no longer compiles for Kepler GPUs"
    assert hint.startswith("write `cuda: 11.8` or older")


def test_a_number_that_no_gpu_has(tmp_path: Path) -> None:
    ((message, hint),) = told(tmp_path, "12.8", "8.4")
    assert message == "GPU generation 8.4: no GPU that is known here has it"
    assert "8.6, 8.9, 9.0" in hint

"""`required`: the line that is printed for copying."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import check_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("wanted", [">=99,<100", ">= 99"])
def test_the_command_that_gets_it_is_one_word_after_another(tmp_path: Path, wanted: str) -> None:
    (tmp_path / "env.yaml").write_text(f'python: {{version: 3.12}}\nrequired: "{wanted}"\n')
    with pytest.raises(PyenvspecError) as error:
        check_project(tmp_path)
    (finding,) = error.value.diagnostics
    assert finding.code == "required-version"
    assert finding.hint is not None
    package = f"pyenvspec{wanted.replace(' ', '')}"
    uv, pipx = finding.hint.split("\n")
    assert shlex.split(uv) == ["uv", "tool", "install", package]
    assert shlex.split(pipx.removeprefix("or: ")) == ["pipx", "install", "--force", package]

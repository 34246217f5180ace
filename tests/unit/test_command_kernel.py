"""The kernel that Jupyter gets: the shell, from wherever Jupyter is started."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from pyenvspec.cli import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    folder = tmp_path / "a lab"
    folder.mkdir()
    (folder / "env.yaml").write_text("name: Lab\npython: 3.12\nvariants: {gpu: {env: {A: 1}}}\n")
    return folder


@pytest.mark.parametrize(
    ("variant", "name", "title"), [((), "lab", "Lab"), (("gpu",), "lab-gpu", "Lab (gpu)")]
)
def test_it_opens_the_shell_and_can_be_taken_away(
    project: Path, tmp_path: Path, variant: tuple[str, ...], name: str, title: str
) -> None:
    assert run(["kernel", "-C", str(project), "install", *variant]) == 0
    file = tmp_path / "jupyter" / "kernels" / name / "kernel.json"
    kernel = json.loads(file.read_text())
    assert kernel["display_name"] == title
    at = kernel["argv"].index("--")
    assert kernel["argv"][at - 2 : at] == [str(project), *(variant or ("default",))]
    assert kernel["argv"][at + 1 :] == ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    # Its own command line is one that is understood.
    asked = subprocess.run(
        [*kernel["argv"][: kernel["argv"].index("shell")], "shell", "--help"], capture_output=True, check=True
    )
    assert b"VARIANT" in asked.stdout
    assert run(["kernel", "-C", str(project), "remove", *variant]) == 0
    assert not file.parent.exists()


def test_a_place_that_cannot_be_written_is_told(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "jupyter").write_text("")
    assert run(["kernel", "-C", str(project), "install"]) == 1
    assert "error[write-failed]" in capsys.readouterr().err


def test_a_variant_that_is_not_there_is_a_usage_error(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["kernel", "-C", str(project), "install", "cpu"]) == 2
    assert "there is default, gpu" in capsys.readouterr().err

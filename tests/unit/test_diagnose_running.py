"""`diagnose` of what installers refuse and programs do not find: each message of tests/data/messages.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pyenvspec.cli import run
from pyenvspec.commands.diagnose.command import format_yaml
from pyenvspec.commands.diagnose.patterns import diagnose_log, merge_yaml
from pyenvspec.commands.diagnose.present import read_present
from pyenvspec.driver import check_project
from pyenvspec.spec.model import Spec
from pyenvspec.spec.packages import Python

MESSAGES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent.parent / "data" / "messages.yaml").read_text(encoding="utf-8")
)
KNOWN = [
    row
    for row in MESSAGES
    if "build_after" in Python.model_fields or row["family"] != "build-needs-installed"
]


def _name(row: dict[str, Any]) -> str:
    return str(row["says"])[:60]


@pytest.mark.parametrize("row", KNOWN, ids=_name)
def test_a_message_leads_to_what_to_write_or_do(row: dict[str, Any]) -> None:
    found = diagnose_log(f"before\n{row['says']}\nafter\n")
    assert [advice.family for advice in found] == [row["family"]]
    assert merge_yaml(found) == row.get("write", {})
    assert row.get("do", "") in "\n".join(found[0].commands)
    assert row.get("means", "") in found[0].finding
    assert found[0].yaml or found[0].commands
    assert "{" not in found[0].finding.replace("${", ""), "an unfilled place"


@pytest.mark.parametrize("row", [row for row in KNOWN if "write" in row], ids=_name)
def test_what_it_says_to_write_passes_check(row: dict[str, Any], tmp_path: Path) -> None:
    written = dict(row["write"])
    python = {"manager": "pip", "version": "3.11", **written.pop("python", {})}
    manifest = {**written, "python": python, "systems": ["x86_64-linux"]}
    Spec.model_validate(manifest)
    (tmp_path / "env.yaml").write_text("\n".join(format_yaml(manifest)) + "\n")
    check_project(tmp_path)


@pytest.mark.parametrize(
    "log",
    [
        "FileNotFoundError: [Errno 2] No such file or directory: 'data'\n",
        "FileNotFoundError: [Errno 2] No such file or directory: 'config.json'\n",
        "INFO everything is well\n",
        "404: Not Found\n",
    ],
)
def test_what_is_no_program_is_not_taken_for_one(log: str) -> None:
    assert diagnose_log(log) == ()


OUTSIDE = "ran outside of it"
BESIDE = """\
python: {version: 3.9, build_after: [flash-attn], packages: [tkinter]}
cuda: 10.1
native: [libsndfile]
env: {MAX_JOBS: 2}
"""


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("OSError: CUDA_HOME environment variable is not set.", OUTSIDE),
        ("fatal error: cuda_runtime.h: No such file or directory", OUTSIDE),
        ("/usr/bin/ld: cannot find -lcuda: No such file", OUTSIDE),
        ("bash: nvcc: command not found", OUTSIDE),
        ("OSError: libcudart.so.10.1: cannot open shared object file", OUTSIDE),
        ("OSError: libcublas.so.10: cannot open shared object file", OUTSIDE),
        ("nvcc fatal   : Unsupported gpu architecture 'compute_75'", "outside of the shell"),
        ("NvvmSupportError: libNVVM cannot be found", OUTSIDE),
        ("OSError: sndfile library not found", "already (native: [libsndfile])"),
        ("ModuleNotFoundError: No module named '_tkinter'", "already (python: {packages: [tkinter]})"),
        ("c++: fatal error: Killed signal terminated program cc1plus", "already (env: {MAX_JOBS: 2})"),
        (
            "Building wheel for flash-attn\nbuild_wheel\nModuleNotFoundError: No module named 'torch'",
            "`build_after` of env.yaml has flash-attn already",
        ),
    ],
)
def test_what_env_yaml_has_is_not_told_to_be_written(log: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text(BESIDE)
    (advice,) = diagnose_log(f"{log}\n", read_present(tmp_path))
    assert advice.yaml == {}
    assert said in "\n".join([advice.finding, *advice.commands])
    assert any(command.startswith("pyenvspec shell") for command in advice.commands)
    # The same without an env.yaml beside it says what to write.
    (before,) = diagnose_log(f"{log}\n", read_present(tmp_path / "elsewhere"))
    assert before.yaml


def test_what_is_there_in_part_leaves_the_rest_to_write(tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text("python: 3.11\nnative: [pkg-config]\n")
    log = "Package cairo was not found in the pkg-config search path.\n"
    (advice,) = diagnose_log(log, read_present(tmp_path))
    assert advice.yaml == {"native": ["cairo"]}


def test_a_toolkit_without_that_part_is_told_which_to_add(tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text("python: 3.11\ncuda: {version: 11.3, packages: [cuda_nvcc]}\n")
    (advice,) = diagnose_log("fatal error: cusparse.h: No such file or directory\n", read_present(tmp_path))
    assert "`packages: [cuda_nvcc, cudatoolkit]`" in advice.commands[1]


@pytest.mark.parametrize(
    ("cuda", "write", "said"),
    [
        ("11.3", {"cuda": {"cudnn": "8"}}, "this ran outside of the shell"),
        ("{version: 11.3, cudnn: 8.2}", {}, "outside of the shell it is not found"),
        ("{version: 11.3, cudnn: none}", {"cuda": {"cudnn": "8"}}, ""),
    ],
)
def test_a_missing_cudnn_leaves_the_cuda_of_env_yaml(
    cuda: str, write: dict[str, Any], said: str, tmp_path: Path
) -> None:
    (tmp_path / "env.yaml").write_text(f"python: 3.9\ncuda: {cuda}\n")
    log = "OSError: libcudnn.so.8: cannot open shared object file\n"
    (advice,) = diagnose_log(log, read_present(tmp_path))
    assert advice.yaml == write
    assert said in "\n".join(advice.commands)


def test_a_newer_gpu_changes_the_cuda_of_env_yaml(tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text("python: 3.7\ncuda: 10.1\n")
    log = "A100 with CUDA capability sm_80 is not compatible with the current PyTorch installation.\n"
    (advice,) = diagnose_log(log, read_present(tmp_path))
    assert advice.yaml == {"cuda": {"version": "11.7"}}
    (tmp_path / "env.yaml").write_text("python: 3.7\ncuda: 11.8\n")
    (advice,) = diagnose_log(log, read_present(tmp_path))
    assert advice.yaml == {}


def test_an_env_yaml_that_cannot_be_read_hinders_no_diagnosis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "env.yaml").write_bytes(b"\xff\xfe\x00cuda: [")
    (tmp_path / "log").write_text("OSError: CUDA_HOME environment variable is not set.\n")
    monkeypatch.chdir(tmp_path)
    assert run(["diagnose", "log"]) == 0
    assert "cuda: 12.4" in capsys.readouterr().out

"""`diagnose` of what installers refuse and programs do not find: each message of tests/data/messages.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pyenvspec.commands.diagnose.command import format_yaml
from pyenvspec.commands.diagnose.patterns import diagnose_log, merge_yaml
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

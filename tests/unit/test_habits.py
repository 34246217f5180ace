"""What people expect of a repository that they may join: one version, a page that names files that are there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pyenvspec

ROOT = Path(__file__).parents[2]


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["hatch"]["version"]["path"] == "pyenvspec/__init__.py"
    written = [p for p in (ROOT / "pyenvspec").rglob("*.py") if f'"{pyenvspec.__version__}"' in p.read_text()]
    assert written == [ROOT / "pyenvspec" / "__init__.py"]


def test_the_files_that_internals_names_are_there() -> None:
    page = (ROOT / "docs" / "internals.md").read_text()
    table = page[page.index("## I want to add") :].split("\n## ")[0]
    named = {name for name in re.findall(r"`([\w./]+)`", table) if "/" in name or name.endswith(".py")}
    assert named
    for name in named:
        assert (ROOT / name).exists() or (ROOT / "pyenvspec" / name).exists(), name


def test_hosted_actions_are_pinned_by_commit() -> None:
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text()
    used = re.findall(r"uses: (\S+)", workflow)
    assert used
    for name in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name), name

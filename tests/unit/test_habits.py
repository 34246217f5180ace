"""What people expect of a repository that they may join: one version, a page that names files that are there."""

from __future__ import annotations

import ast
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


VAGUE = {"asked", "found", "given", "held", "said", "told"}
"""What a variable holds is not told by these."""


def test_variables_are_called_what_they_hold() -> None:
    for path in (ROOT / "pyenvspec").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Name | ast.arg):
                name = node.id if isinstance(node, ast.Name) else node.arg
                assert name not in VAGUE, f"{path.relative_to(ROOT)}:{node.lineno}: name it by what it holds"


def test_files_of_the_program_stay_short() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / "pyenvspec").rglob("*.py")}
    assert {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > 400} == {}

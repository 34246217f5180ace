"""What `check` says of pyproject.toml and locks that poetry and uv keep a .venv from, and of pip's requirements."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from pyenvspec.diagnostics import Diagnostic, PyenvspecError, Severity
from pyenvspec.driver import check_project

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT = '[project]\nname = "lab"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["x>=1"]\n'
UV = """version = 1
requires-python = ">=3.11"

[[package]]
name = "lab"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "x" }]

[package.metadata]
requires-dist = [{ name = "x", specifier = ">=1" }]

[[package]]
name = "x"
version = "1.0"
source = { registry = "https://index.example/simple" }
"""
WHEEL = 'wheels = [{ url = "https://index.example/x-1.0-TAG.whl", hash = "sha256:0" }]\n'
SDIST = 'sdist = { url = "https://index.example/x-1.0.tar.gz", hash = "sha256:0" }\n'
LINUX = WHEEL.replace("TAG", "cp311-cp311-manylinux_2_28_x86_64")
POETRY = """[[package]]
name = "x"
version = "1.0"
description = ""
optional = false
python-versions = ">=3.7"
groups = ["main"]
files = [
    {file = "x-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", hash = "sha256:0"},
]

[metadata]
lock-version = "2.1"
python-versions = ">=3.11"
content-hash = "0000"
"""


def check(root: Path, python: str, **files: str) -> list[Diagnostic]:
    names = {
        "lock": "uv.lock",
        "poetry": "poetry.lock",
        "project": "pyproject.toml",
        "pip": "requirements.txt",
    }
    for key, text in files.items():
        (root / names[key]).write_text(text)
    (root / "env.yaml").write_text(f"python: {python}\n")
    try:
        return list(check_project(root)[2])
    except PyenvspecError as error:
        return list(error.diagnostics)


UV_311 = "{version: 3.11, manager: uv}"
UV_312 = "{version: 3.12, manager: uv}"


def test_a_lock_that_fits_is_no_finding(tmp_path: Path) -> None:
    assert check(tmp_path, UV_311, project=PYPROJECT, lock=UV + LINUX) == []


def test_a_stale_lock_is_told_with_its_line_and_the_command(tmp_path: Path) -> None:
    (found,) = check(tmp_path, UV_311, project=PYPROJECT.replace("x>=1", "y"), lock=UV + LINUX)
    assert (found.code, found.file, found.severity) == ("package-lock-stale", "uv.lock", Severity.WARNING)
    assert found.span is not None
    assert found.span.line == 2
    assert found.hint == "run `uv lock` (without uv here: `pyenvspec shell -- uv lock`)"


def test_a_stale_poetry_lock_is_told_at_its_hash(tmp_path: Path) -> None:
    python = "{version: 3.11, manager: poetry}"
    (found,) = check(tmp_path, python, project=PYPROJECT, poetry=POETRY)
    assert (found.code, found.file) == ("package-lock-stale", "poetry.lock")
    assert (found.source_line or "").startswith("content-hash")
    assert "`poetry lock`" in (found.hint or "")


@pytest.mark.parametrize(
    ("constraint", "project"),
    [
        (">=3.12", "[project]\nname = 'a'\nversion = '1'\nrequires-python = '>=3.12'\n"),
        ("^3.12", "[tool.poetry]\nname = 'a'\n\n[tool.poetry.dependencies]\npython = '^3.12'\n"),
    ],
)
def test_a_python_that_the_project_excludes_is_an_error_at_both_lines(
    constraint: str, project: str, tmp_path: Path
) -> None:
    (found,) = check(tmp_path, "{version: 3.11, manager: poetry}", project=project)
    assert (found.code, found.severity) == ("package-lock-python", Severity.ERROR)
    assert found.message == f"pyproject.toml is for Python `{constraint}`, which 3.11 is not"
    assert (found.source_line or "").startswith("python:")
    line = project.splitlines().index(next(one for one in project.splitlines() if constraint in one)) + 1
    assert f"pyproject.toml:{line}" in (found.hint or "")


def test_a_lock_of_a_workspace_for_another_python_is_an_error(tmp_path: Path) -> None:
    lock = "version = 1\nrequires-python = '>=3.10, <3.12'\n\n[manifest]\nmembers = ['a']\n"
    (found,) = check(tmp_path, UV_312, project="[tool.uv.workspace]\nmembers = ['p/*']\n", lock=lock)
    assert found.code == "package-lock-python"


@pytest.mark.parametrize(
    ("entry", "python", "told"),
    [
        (LINUX, UV_312, True),
        (LINUX + SDIST, UV_312, False),  # built from source
        (SDIST, UV_312, False),
        (WHEEL.replace("TAG", "py3-none-any"), UV_312, False),
        (WHEEL.replace("TAG", "cp39-abi3-manylinux_2_28_x86_64"), UV_312, False),
        (WHEEL.replace("TAG", "cp312-cp312-win_amd64"), UV_312, True),
        (LINUX, UV_311, False),
    ],
)
def test_a_package_without_wheel_and_source_is_told_at_its_line(
    entry: str, python: str, told: bool, tmp_path: Path
) -> None:
    found = check(tmp_path, python, project=PYPROJECT, lock=UV + entry)
    assert [one.code for one in found] == (["package-lock-no-wheel"] if told else [])
    if told:
        assert (found[0].file, found[0].source_line) == ("uv.lock", 'name = "x"')
        assert "uv add 'x>…'" in (found[0].hint or "")


@pytest.mark.parametrize("marker", ["sys_platform == 'win32'", "python_full_version < '3.12'"])
def test_a_marker_that_excludes_is_heard(marker: str, tmp_path: Path) -> None:
    project = PYPROJECT.replace("x>=1", f"x>=1 ; {marker}")
    lock = UV.replace('{ name = "x" }', f'{{ name = "x", marker = "{marker}" }}')
    lock = lock.replace('specifier = ">=1" }', f'specifier = ">=1", marker = "{marker}" }}')
    assert check(tmp_path, UV_312, project=project, lock=lock + LINUX) == []


def test_an_extra_counts_where_it_is_chosen(tmp_path: Path) -> None:
    project = (
        PYPROJECT.replace('dependencies = ["x>=1"]', "") + "[project.optional-dependencies]\ngpu = ['x>=1']\n"
    )
    lock = UV.replace('dependencies = [{ name = "x" }]', "")
    lock = lock.replace(
        "[package.metadata]", "[package.optional-dependencies]\ngpu = [{ name = 'x' }]\n\n[package.metadata]"
    )
    lock = lock.replace('specifier = ">=1" }', "specifier = '>=1', marker = \"extra == 'gpu'\" }")
    assert check(tmp_path, UV_312, project=project, lock=lock + LINUX) == []
    (found,) = check(tmp_path, "{version: 3.12, manager: uv, extras: [gpu]}")
    assert found.code == "package-lock-no-wheel"
    (found,) = check(tmp_path, "{version: 3.12, manager: uv, extras: [gpus]}")
    assert (found.code, found.expected) == ("package-lock-unknown-group", "did you mean `gpu`?")


@pytest.mark.parametrize(
    ("lock", "code", "severity"),
    [
        ("version = 99\nrequires-python = '>=3.11'\n", "package-lock-format", Severity.WARNING),
        ("broken = ", "package-lock-syntax", Severity.ERROR),
        ("version = 1\n<<<<<<< HEAD\n", "package-lock-conflict", Severity.ERROR),
    ],
)
def test_an_unreadable_lock_is_told(lock: str, code: str, severity: Severity, tmp_path: Path) -> None:
    (found,) = check(tmp_path, UV_311, project=PYPROJECT, lock=lock)
    assert (found.code, found.severity, found.file) == (code, severity, "uv.lock")


@pytest.mark.parametrize(
    ("manager", "project", "words"),
    [
        ("uv", None, "`uv init --bare`"),
        ("poetry", None, "`poetry init`"),
        ("uv", "[tool.black]\nline-length = 80\n", "under [project]"),
        ("uv", "[tool.poetry]\nname = 'a'\n", "`manager: poetry`"),
    ],
)
def test_a_manager_without_its_project_is_a_warning(
    manager: str, project: str | None, words: str, tmp_path: Path
) -> None:
    files = {} if project is None else {"project": project}
    (found,) = check(tmp_path, f"{{version: 3.12, manager: {manager}}}", **files)
    assert (found.code, found.severity) == ("package-lock-project", Severity.WARNING)
    assert words in (found.hint or "")


# --- pip


def test_a_pin_older_than_the_python_is_told_at_its_line(tmp_path: Path) -> None:
    text = "# of the paper\ntorch==1.6.0\n"
    (found,) = check(tmp_path, "{version: 3.12, manager: pip}", pip=text)
    assert (found.code, found.severity) == ("requirement-no-wheel", Severity.WARNING)
    assert (found.file, found.source_line) == ("requirements.txt", "torch==1.6.0")
    assert found.expected == "Python 3.6 to 3.8, for which it has wheels"
    command = (found.hint or "").split("`")[3]
    assert shlex.split(command) == ["pip", "index", "versions", "torch"]


def test_requirements_that_only_a_variant_names_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("torch==1.6.0\n")
    (tmp_path / "env.yaml").write_text(
        "python: {version: 3.12, manager: pip}\nvariants: {old: {python: {requirements: old.txt}}}\n"
    )
    findings = check_project(tmp_path)[2]
    assert [(one.code, one.file) for one in findings] == [("requirement-no-wheel", "old.txt")]


@pytest.mark.parametrize(
    "text",
    [
        "torch==1.6.0 ; python_version < '3.9'\n",
        "torch==1.6.0 ; sys_platform == 'win32'\n",
        "torch>=1.6.0\n",
        "torch==99.0\n",
        "no-such-package-that-is-known==1.0\n",
        "numpy==2.1.0\n",
        "\0\xff==1\n",
    ],
)
def test_what_may_be_installed_is_not_told(text: str, tmp_path: Path) -> None:
    assert check(tmp_path, "{version: 3.12, manager: pip}", pip=text) == []


def test_files_that_are_included_are_looked_into(tmp_path: Path) -> None:
    (tmp_path / "req").mkdir()
    (tmp_path / "req" / "base.txt").write_text("\n\ntorch==1.6.0\n-r ../requirements.txt\n-r /etc/hostname\n")
    (found,) = check(tmp_path, "{version: 3.12, manager: pip}", pip="-r req/base.txt\n")
    assert (found.file, found.span and found.span.line) == ("req/base.txt", 3)


def test_what_is_built_afterwards_needs_no_wheel(tmp_path: Path) -> None:
    python = "{version: 3.12, manager: pip, build_after: [torch]}"
    assert check(tmp_path, python, pip="torch==1.6.0\n") == []

"""Shells of the lock-file managers, built and opened with this machine's own Python."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest
from lock_labs import format_poetry_lock, format_uv_lock, lay_lab

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Shells

pytestmark = [pytest.mark.nix, pytest.mark.inputs, pytest.mark.slow]
WHEEL = "hello-1.0-py3-none-any.whl"
LOCKED_WHEEL = f"""
[[package]]
name = "hello"
version = "1.0"
source = {{ path = "{WHEEL}" }}
wheels = [
    {{ filename = "{WHEEL}", hash = "sha256:{"0" * 64}" }},
]
"""


def _lay(folder: Path, python: str, manager: str, *, wheel: bool = False) -> Path:
    lock = format_uv_lock(["hello"] if wheel else [], [])
    project, dependencies = "", '["hello"]' if wheel else "[]"
    if wheel:
        folder.mkdir(parents=True)
        _write_wheel(folder / WHEEL)
        project = f'[tool.uv.sources]\nhello = {{ path = "{WHEEL}" }}\n'
        lock += LOCKED_WHEEL
    head = f'[project]\nname = "lab"\nversion = "0.1.0"\nrequires-python = "=={python}.*"\n'
    files = {
        "env.yaml": f"python: {{version: {python}, manager: {manager}, editable: {{lab: ./src}}}}\n"
        "systems: [x86_64-linux]\nshell: native\nnixpkgs: {overlays: [./overlay.nix]}\n",
        # Written in Python, which is not built here; the wheel has nothing to patch.
        "overlay.nix": 'final: _: { autoPatchelfHook = final.runCommand "no-patching" { } "mkdir $out"; }\n',
        "pyproject.toml": f"{head}dependencies = {dependencies}\n{project}",
        "uv.lock": lock.replace("3.12", python),
        "poetry.lock": format_poetry_lock([]).replace("3.12", python),
    }
    return lay_lab(folder, files)


def _write_wheel(path: Path) -> None:
    """A package `hello` with a program of the same name."""
    info = "hello-1.0.dist-info"
    names = {
        "hello.py": "import sys\n\n\ndef main():\n    print('hello from', sys.executable)\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: hello\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nhello = hello:main\n",
    }
    record = "".join(f"{name},,\n" for name in [*names, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (names | {f"{info}/RECORD": record}).items():
            archive.writestr(name, text)


def _python(shells: Shells) -> str:
    return str(json.loads((shells.hostpkgs / "host.json").read_text())["defaultPython"])


@pytest.mark.parametrize("manager", ["poetry2nix", "uv2nix"])
def test_the_shell_imports_from_the_working_tree_and_its_python_finds_libraries(
    shells: Shells, tmp_path: Path, manager: str
) -> None:
    project = _lay(tmp_path / "a lab", _python(shells), manager)
    code = "import ctypes, of_the_project; ctypes.CDLL('libz.so.1'); print(of_the_project.__file__)"
    found = shells.develop(project, "python", "-c", code, cwd=project / "src").check()
    assert found.stdout.strip() == str(project / "src" / "of_the_project.py")
    # Where nobody says where the project is, nothing is added.
    bare = "env -u PYENVSPEC_ROOT python -I -c 'import of_the_project'"
    assert "ModuleNotFoundError" in shells.develop(project, "bash", "-c", bare, cwd=project).stderr


def test_programs_of_packages_start_with_the_python_of_the_shell(shells: Shells, tmp_path: Path) -> None:
    project = _lay(tmp_path / "lab", _python(shells), "uv2nix", wheel=True)
    shown = shells.develop(
        project, "bash", "-c", "hello; python -c 'import sys; print(sys.executable)'"
    ).check()
    said, executable = shown.stdout.splitlines()
    assert said.startswith("hello from /nix/store/")
    assert said.rsplit("/", 1)[0].endswith(executable.rsplit("/", 1)[0])


def test_uv_leaves_the_environment_alone(shells: Shells, tmp_path: Path) -> None:
    project = _lay(tmp_path / "lab", _python(shells), "uv2nix")
    code = "import of_the_project; print(of_the_project.MARK)"
    shown = shells.develop(project, "uv", "run", "--offline", "python", "-c", code)
    assert "of the project" in shown.stdout, shown.stderr
    assert not (project / ".venv").exists()
    refused = shells.develop(project, "uv", "sync", "--offline")
    assert refused.code == 1
    assert "open the shell again" in refused.stderr

"""What people reported of shells, each as they met it; the shell is the real one, offline.

Others of the same reports are in test_shell_typed.py (driver, scripts, texts), test_wheel_programs.py (NixOS),
test_python_libraries.py (graphics, tkinter, preload) and test_real_packages.py.
"""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING

import pytest
from labs import MINOR, VERSION, Lab, git
from test_shell import default_index, index_is_missing
from test_venv_hook import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Shells

pytestmark = [pytest.mark.nix, pytest.mark.inputs, pytest.mark.slow]

OFFLINE = {"UV_OFFLINE": "1", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
ASK = f'python -c "{VERSION}"'


def write_project(folder: Path, wheel: str, name: str = "lab", more: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = f"""
        [project]
        name = "{name}"
        version = "0"
        requires-python = ">={MINOR}"
        dependencies = ["tiny"]
        [tool.uv]
        package = false
        [tool.uv.sources]
        tiny = {{ path = "{wheel}" }}
    """
    (folder / "pyproject.toml").write_text(textwrap.dedent(text) + more)


def test_uv_s_commands_work_with_a_pin_of_another_patch_level(shells: Shells, tmp_path: Path) -> None:
    lab = Lab(shells, tmp_path / "lab", "native", python=f"{{version: {MINOR}, manager: uv}}")
    first, second = (make_wheel(lab.root / "wheels", version) for version in ("1.0", "2.0"))
    write_project(lab.root, f"wheels/{first.name}")
    (lab.root / ".python-version").write_text(f"{MINOR}.99\n")
    assert "Make it with: uv lock" in lab.enter("uv", "lock", "-q", env=OFFLINE).check().stderr
    typed = f"""
        uv run python -c 'import sys, tiny; print(sys.prefix, tiny.version)' && uv lock -q --check &&
        uv tree -q >tree.txt &&
        uv pip install -q wheels/{second.name} && {ASK} && uv add -q --frozen six && grep -c six pyproject.toml
        pip uninstall -q -y tiny && pip install -q wheels/{second.name} && command -v pip && {ASK}
    """
    shown = lab.enter("bash", "-c", typed, env=OFFLINE).check()
    venv = lab.root / ".venv"
    assert shown.stdout.splitlines() == [f"{venv} 1.0", "2.0", "1", f"{venv}/bin/pip", "2.0"]


def test_poetry_s_commands_use_the_venv_and_see_path_dependencies(shells: Shells, tmp_path: Path) -> None:
    lab = Lab(shells, tmp_path / "lab", "native", python=f"{{version: {MINOR}, manager: poetry}}")
    wheel = make_wheel(lab.root / "wheels", "1.0")
    text = f"""
        [project]
        name = "lab"
        version = "0"
        requires-python = ">={MINOR}"
        [tool.poetry]
        package-mode = false
        [tool.poetry.dependencies]
        tiny = {{ path = "wheels/{wheel.name}" }}
    """
    (lab.root / "pyproject.toml").write_text(textwrap.dedent(text))
    lab.enter("poetry", "lock", "--no-interaction", env=OFFLINE).check()
    typed = f"""
        poetry run python -c 'import sys, tiny; print(sys.prefix, tiny.version)' && poetry env info --path &&
        command -v pip && {ASK}
    """
    venv = str(lab.root / ".venv")
    shown = lab.enter("bash", "-c", typed, env=OFFLINE).check()
    assert shown.stdout.split() == [venv, "1.0", venv, f"{venv}/bin/pip", "1.0"]
    make_wheel(lab.root / "wheels", "2.0")
    (lab.root / "pyproject.toml").write_text(textwrap.dedent(text).replace("tiny-1.0", "tiny-2.0"))
    lab.enter("poetry", "lock", "--no-interaction", env=OFFLINE).check()
    assert lab.enter("poetry", "run", "python", "-c", VERSION, env=OFFLINE).check().stdout == "2.0\n"


def test_plugins_that_a_project_asks_poetry_for_are_there(shells: Shells, tmp_path: Path) -> None:
    if why := index_is_missing():
        pytest.skip(why)
    lab = Lab(shells, tmp_path / "lab", "native", python=f"{{version: {MINOR}, manager: poetry}}")
    text = f"""
        [project]
        name = "lab"
        version = "0"
        requires-python = "=={MINOR}.*"
        [tool.poetry]
        package-mode = false
        [tool.poetry.requires-plugins]
        poetry-plugin-export = ">=1.8"
        [[tool.poetry.source]]
        name = "index"
        url = "{default_index()}/"
    """
    (lab.root / "pyproject.toml").write_text(textwrap.dedent(text))
    lab.enter("poetry", "lock", "--no-interaction").check()
    # Entering installs, and poetry its plugins with that, into a folder of the project.
    shown = lab.enter("poetry", "export", "--no-interaction", "--output", "exported.txt").check()
    assert "poetry-plugin-export" in shown.stderr
    assert (lab.root / "exported.txt").exists()


# pip asks for the metadata of the project itself; an isolated build of setuptools would need an index.
BACKEND = """
import pathlib, tomllib, zipfile
def build_editable(folder, config_settings=None, metadata_directory=None):
    needs = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]["dependencies"]
    meta = "Metadata-Version: 2.1\\nName: lab\\nVersion: 0\\n" + "".join(f"Requires-Dist: {n}\\n" for n in needs)
    with zipfile.ZipFile(pathlib.Path(folder, "lab-0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("lab.pth", str(pathlib.Path.cwd()) + "\\n")
        wheel.writestr("lab-0.dist-info/METADATA", meta)
        wheel.writestr("lab-0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("lab-0.dist-info/RECORD", "")
    return "lab-0-py3-none-any.whl"
"""


@pytest.mark.skipif(int(MINOR.split(".")[1]) < 11, reason="needs a Python with tomllib")
def test_a_dependency_that_the_project_itself_gets_is_installed(shells: Shells, tmp_path: Path) -> None:
    lab = Lab(shells, tmp_path / "lab", "native")
    make_wheel(lab.root / "wheels", "1.0")
    (lab.root / "requirements.txt").write_text("-e .\n")
    (lab.root / "backend.py").write_text(BACKEND)
    text = """
        [build-system]
        requires = []
        build-backend = "backend"
        backend-path = ["."]
        [project]
        name = "lab"
        version = "0"
        dependencies = []
    """
    (lab.root / "pyproject.toml").write_text(textwrap.dedent(text))
    offline = OFFLINE | {"PIP_FIND_LINKS": str(lab.root / "wheels")}
    imports = "import backend, importlib.util; print(importlib.util.find_spec('tiny') is not None)"
    assert lab.enter("python", "-c", imports, env=offline).check().stdout == "False\n"
    (lab.root / "pyproject.toml").write_text(
        textwrap.dedent(text).replace("[]\n", '["tiny"]\n').replace('requires = ["tiny"]', "requires = []")
    )
    shown = lab.enter("python", "-c", imports, env=offline).check()
    assert shown.stdout == "True\n", shown.stderr
    assert "Installing from requirements.txt" in shown.stderr


def test_a_member_of_a_uv_workspace_has_its_own_shell(shells: Shells, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    member = whole / "members" / "one"
    lab = Lab(shells, member, "native", python=f"{{version: {MINOR}, manager: uv}}")
    wheel = make_wheel(member / "wheels", "1.0")
    write_project(member, f"wheels/{wheel.name}", "one")
    (whole / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["members/*"]\n')
    shutil.rmtree(member / ".git")
    git(whole, "init", "--quiet")
    git(whole, "add", "--all")
    lab.enter("uv", "lock", "-q", env=OFFLINE).check()
    assert (whole / "uv.lock").exists()
    shown = lab.enter("python", "-c", VERSION, env=OFFLINE).check()
    assert shown.stdout == "1.0\n", shown.stderr
    assert "Installing 2 packages from uv.lock" in shown.stderr
    again = lab.enter("uv", "run", "python", "-c", VERSION, env=OFFLINE).check()
    assert (again.stdout, again.stderr) == ("1.0\n", "")


def test_a_library_to_preload_is_in_this_python_and_nowhere_else(shells: Shells, tmp_path: Path) -> None:
    lab = Lab(shells, tmp_path / "lab", "native", "preload: [file/lib/libmagic.so.1]")
    look = "print('libmagic' in open('/proc/self/maps').read())"
    other = "grep -c libmagic /proc/self/maps"
    child = f"import subprocess; print(subprocess.getoutput({other!r}))"
    typed = f'python -c "{look}"; {other}; python -c "{child}"; echo "${{LD_PRELOAD-none}}"'
    assert lab.enter("bash", "-c", typed).check().stdout.split() == ["True", "0", "0", "none"]


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_an_extension_in_c_is_built_with_the_compiler_of_cuda(shells: Shells, tmp_path: Path) -> None:
    lab = Lab(
        shells,
        tmp_path / "lab",
        "native",
        "cuda: {version: 12.8, packages: [cudatoolkit]}",
        "systems: [x86_64-linux]",
    )
    (lab.root / "fast.cpp").write_text(
        "#include <Python.h>\n"
        'static PyModuleDef module = {PyModuleDef_HEAD_INIT, "fast", nullptr, __GNUC__, nullptr};\n'
        "PyMODINIT_FUNC PyInit_fast() { return PyModule_Create(&module); }\n"
    )
    typed = """
        include=$(python -c 'import sysconfig; print(sysconfig.get_path("include"))')
        "$CXX" -shared -fPIC -I "$include" fast.cpp -o fast.so && python -c 'import fast; print(fast.__name__)'
        [ "${CC%/*}" = "${CXX%/*}" ] && [ "$CUDAHOSTCXX" = "$CXX" ] && [ "$NVCC_PREPEND_FLAGS" = "-ccbin $CXX" ] &&
        echo same
    """
    assert lab.enter("bash", "-c", typed).check().stdout.split() == ["fast", "same"]

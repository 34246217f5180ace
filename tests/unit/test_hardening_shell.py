"""What a shell of ours meets on entry: odd folders, other projects, planted links, files that include themselves.

The shell's own parts in a real bash, without Nix.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pyenvspec.cli import run
from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import check_project

MODULES = Path(__file__).parents[2] / "nix" / "modules"

pytestmark = pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")


def bash(code: str, folder: Path, **env: str) -> str:
    """What a script prints; it ends, whatever the files are."""
    variables = {"PATH": "/usr/bin:/bin", **env}
    command = ["bash", "-c", code]
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def source(*names: str) -> str:
    return "".join(f"source {shlex.quote(str(MODULES / name))}\n" for name in names)


def make(folder: Path, module: str) -> Path:
    (folder / "nix" / "pyenvspec").mkdir(parents=True)
    (folder / "env.yaml").write_text("python: 3.12\n")
    (folder / "nix" / "pyenvspec" / "default.nix").write_text(module)
    return folder


@pytest.mark.parametrize("name", ["R&D", "a b", "it's", "$(x)", "ä"])
def test_a_folder_of_any_name_is_filled_in_as_it_is(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    code = source("runtime-folder.sh", "devenv-folders.sh")
    code += 'DEVENV_ROOT=$PYENVSPEC_ROOT\npyenvspec_fill_env\nprintf %s "$PGDATA"'
    told = bash(code, folder, PYENVSPEC_ROOT=str(folder), PGDATA="/{pyenvspec-project}/data")
    assert told == f"{folder}/data"


def test_a_shell_entered_from_another_project_leaves_that_one_alone(tmp_path: Path) -> None:
    own, other = make(tmp_path / "own", "{ a = 1; }"), make(tmp_path / "other", "{ a = 2; }")
    code = source("enter.sh") + 'printf "%s %s" "$PYENVSPEC_ROOT" "$PYENVSPEC_ELSEWHERE"'
    module = str(own / "nix" / "pyenvspec" / "default.nix")
    (own / "sub").mkdir()
    assert bash(code, own / "sub", PYENVSPEC_MODULE=module) == f"{own} "
    assert bash(code, other, PYENVSPEC_MODULE=module) == f"{other} 1"


@pytest.mark.parametrize("planted", ["link", "none", "long"])
def test_a_runtime_folder_is_ones_own_and_short(planted: str, tmp_path: Path) -> None:
    base = tmp_path / ("x" * 90) if planted == "long" else tmp_path / "run"
    base.mkdir()
    code = source("runtime-folder.sh") + "pyenvspec_runtime_folder"
    env = {"PYENVSPEC_ROOT": str(tmp_path), "XDG_RUNTIME_DIR": str(base)}
    folder = Path(bash(code, tmp_path, **env).strip())
    target = tmp_path / "target"
    target.mkdir()
    if planted == "link" and folder.parent == base:
        folder.rmdir()
        folder.symlink_to(target)
        folder = Path(bash(code, tmp_path, **env).strip())
    try:
        assert folder.is_dir()
        assert not folder.is_symlink()
        assert len(str(folder)) <= 80
        assert folder.stat().st_mode & 0o777 == 0o700
        assert list(target.iterdir()) == []
    finally:
        shutil.rmtree(folder)


def test_what_writes_env_yaml_does_not_wait_for_an_installation(
    tmp_path: Path,
) -> None:
    """The lock of an installation is held, as for as long as torch takes; waiting for it would end in a failure."""
    text = (MODULES / "venv.sh").read_text()
    name = "_pyenvspec_take_turn() {"
    code = (
        name
        + text.partition(name)[2].partition("\n}\n")[0]
        + "\n}\n_pyenvspec_take_turn && echo taken && read -r\n"
    )
    (tmp_path / "env.yaml").write_text("python: 3.12\n")
    variables = {
        "PATH": "/usr/bin:/bin",
        "PYENVSPEC_PYTHON": sys.executable,
        "_pyenvspec_venv": f"{tmp_path}/.venv",
    }
    with subprocess.Popen(
        ["bash", "-c", code],
        cwd=tmp_path,
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as installing:
        assert installing.stdin is not None
        assert installing.stdout is not None
        assert installing.stdout.readline() == "taken\n"
        assert run(["compile", "-C", str(tmp_path)]) == 0
        assert run(["add", "-C", str(tmp_path), "ffmpeg"]) == 0
        installing.stdin.write("\n")
    assert "ffmpeg" in (tmp_path / "env.yaml").read_text()


@pytest.mark.parametrize(
    "line", ["-r ./requirements.txt", "-r requirements.txt", "-c ../lab/requirements.txt"]
)
def test_requirements_that_include_themselves_end(line: str, tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    folder.mkdir()
    (folder / "requirements.txt").write_text(f"numpy\n{line}\n")
    text = (MODULES / "venv.sh").read_text()
    parts = [f"{name}() {{{text.partition(f'{name}() {{')[2].partition(chr(10) + '}' + chr(10))[0]}\n}}\n"
             for name in ("_pyenvspec_add_requirements", "_pyenvspec_add_local", "_pyenvspec_add_sources")]  # fmt: skip
    code = "".join(parts) + '_pyenvspec_files=()\n_pyenvspec_add_requirements "$PWD/requirements.txt"\n'
    code += 'printf "%s\\n" "${_pyenvspec_files[@]}"'
    assert bash(code, folder) == f"{folder}/requirements.txt\n"


@pytest.mark.parametrize(
    "name", ["UID", "EUID", "PPID", "BASHOPTS", "SHELLOPTS", "BASH_VERSINFO", "BASH_ENV", "ENV", "PS4"]
)
def test_what_bash_keeps_for_itself_is_no_variable_of_env(name: str, tmp_path: Path) -> None:
    for text in (f"env: {{{name}: x}}", f"processes: {{a: {{run: b, env: {{{name}: x}}}}}}"):
        (tmp_path / "env.yaml").write_text(f"python: 3.12\n{text}\n")
        with pytest.raises(PyenvspecError) as caught:
            check_project(tmp_path)
        assert [one.code for one in caught.value.diagnostics] == ["env-reserved"]


@pytest.mark.parametrize("digits", ["1" * 5000, "0." + "1" * 5000, "-" + "9" * 5000])
@pytest.mark.parametrize(
    "key", ["python: {}", "cuda: {}", "env: {{A: {}}}", "containers: {{a: {{ports: [{}]}}}}"]
)
def test_numbers_that_python_does_not_read_are_told(key: str, digits: str, tmp_path: Path) -> None:
    head = "" if key.startswith("python") else "python: 3.12\n"
    (tmp_path / "env.yaml").write_text(head + key.format(digits) + "\n")
    try:
        check_project(tmp_path)
    except PyenvspecError as error:
        assert error.diagnostics

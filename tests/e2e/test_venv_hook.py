"""nix/modules/venv.sh in a real bash, with the real poetry, uv and pip; network only where marked slow."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import textwrap
import time
import zipfile
from pathlib import Path

import pytest

HOOK = Path(__file__).parents[2] / "nix" / "modules" / "venv.sh"
BASH = shutil.which("bash")
PYTHON = str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())

pytestmark = pytest.mark.skipif(BASH is None, reason="bash is missing")
needs_poetry = pytest.mark.skipif(shutil.which("poetry") is None, reason="poetry is missing")
needs_uv = pytest.mark.skipif(shutil.which("uv") is None, reason="uv is missing")
MANAGERS = [pytest.param("poetry", marks=needs_poetry), pytest.param("uv", marks=needs_uv), "pip"]


def make_wheel(folder: Path, version: str) -> Path:
    """A wheel of `tiny` with a module that knows its version and a console script."""
    files = {
        "tiny.py": f"version = {version!r}\ndef main():\n    import sys; print(sys.prefix)\n",
        f"tiny-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"tiny-{version}.dist-info/WHEEL": (
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
        f"tiny-{version}.dist-info/entry_points.txt": "[console_scripts]\ntiny = tiny:main\n",
    }
    digest = {
        name: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        for name, text in files.items()
    }
    record = f"tiny-{version}.dist-info/RECORD"
    files[record] = (
        "".join(f"{n},sha256={digest[n]},{len(t.encode())}\n" for n, t in files.items()) + f"{record},,\n"
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"tiny-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


class Project:
    """A project folder and the variables that the shell's Nix module sets for it."""

    def __init__(self, root: Path, manager: str) -> None:
        self.root = root
        self.variables = {"PYENVSPEC_MANAGER": manager, "PYENVSPEC_PYTHON": PYTHON}
        if manager == "pip":
            self.variables["PYENVSPEC_REQUIREMENTS"] = "requirements.txt"
        self.manager = manager
        root.mkdir(parents=True, exist_ok=True)
        (root / "env.yaml").write_text("python: {version: 3.11}\n")

    def require(self, version: str, extra: str = "") -> None:
        wheel = make_wheel(self.root / "wheels", version)
        if self.manager == "pip":
            (self.root / "requirements.txt").write_text(f"./wheels/{wheel.name}\n")
            return
        self.write_project(["tiny"], f'tiny = {{ path = "wheels/{wheel.name}" }}', extra)
        self.lock()

    def write_project(self, names: list[str], sources: str, extra: str = "") -> None:
        """Write pyproject.toml; `sources` are lines that say where each name is taken from."""
        if self.manager == "uv":
            text = f"""
                [project]
                name = "app"
                version = "0"
                requires-python = ">=3.8"
                dependencies = {json.dumps(names)}
                [tool.uv.sources]
            """
        else:
            text = """
                [tool.poetry]
                name = "app"
                version = "0"
                description = ""
                authors = []
                [tool.poetry.dependencies]
                python = ">=3.8"
            """
        whole = f"{textwrap.dedent(text)}{sources}\n{textwrap.dedent(extra)}"
        (self.root / "pyproject.toml").write_text(whole)

    def lock(self) -> None:
        offline = ["--offline", "--python", PYTHON] if self.manager == "uv" else ["--no-interaction"]
        subprocess.run(
            [self.manager, "lock", *offline],
            cwd=self.root,
            check=True,
            capture_output=True,
            env=self.environment(),
        )

    def environment(self, **more: str) -> dict[str, str]:
        dropped = ("VIRTUAL_ENV", "PYTHON", "UV_", "POETRY_", "PYENVSPEC_")
        outside = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
        return {**outside, "UV_OFFLINE": "1", "PIP_NO_INDEX": "1", **self.variables, **more}

    def enter(
        self, then: str = "", *, folder: Path | None = None, options: str = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Sources the hook as the shell does, then runs `then` in it; the output ends with `opened`."""
        script = f"{options}\n. {shlex.quote(str(HOOK))}\n{then}\necho opened"
        command = [str(BASH), "--norc", "-c", script]
        environment = {key: value for key, value in self.environment(**more).items() if value != "(unset)"}
        result = subprocess.run(
            command,
            cwd=folder or self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.stdout.endswith("opened\n"), result.stdout + result.stderr
        return result


VERSION = "python -c 'import tiny; print(tiny.version)'"


@pytest.fixture(params=MANAGERS)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    made = Project(tmp_path / "project", request.param)
    made.require("1.0")
    return made


@pytest.fixture
def pip_project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project", "pip")
    made.require("1.0")
    return made


@pytest.fixture
def bare_project(tmp_path: Path) -> Project:
    """Nothing to install and no pip to make, hence fast."""
    made = Project(tmp_path / "project", "uv")
    made.variables["PYENVSPEC_INSTALL"] = "never"
    return made


# The life of an environment


def test_first_entry_makes_installs_and_activates(project: Project) -> None:
    result = project.enter(f'{VERSION}; tiny; echo "$VIRTUAL_ENV"; type -p python')
    venv = str(project.root / ".venv")
    assert result.stdout.splitlines() == ["1.0", venv, venv, f"{venv}/bin/python", "opened"], result.stderr
    assert "Making .venv with Python 3." in result.stderr
    assert "Installing " in result.stderr


def test_second_entry_does_and_says_nothing(project: Project) -> None:
    project.enter()
    tree = sorted((str(p), p.lstat().st_mtime_ns) for p in (project.root / ".venv").iterdir())
    assert project.enter(VERSION).stdout == "1.0\nopened\n"
    assert project.enter().stderr == ""
    assert sorted((str(p), p.lstat().st_mtime_ns) for p in (project.root / ".venv").iterdir()) == tree


def test_changed_lock_is_installed(project: Project) -> None:
    project.enter()
    project.require("2.0")
    result = project.enter(VERSION)
    assert result.stdout == "2.0\nopened\n", result.stderr
    assert "Making" not in result.stderr
    assert project.enter().stderr == ""


def test_failed_installation_opens_the_shell_and_is_tried_again(project: Project) -> None:
    wheel = next((project.root / "wheels").iterdir())
    wheel.rename(wheel.with_suffix(".away"))
    for _ in range(2):
        result = project.enter('echo "$VIRTUAL_ENV"')
        assert "failed, see above; the next entry tries again" in result.stderr
        assert str(project.root / ".venv") in result.stdout
    wheel.with_suffix(".away").rename(wheel)
    assert project.enter(VERSION).stdout == "1.0\nopened\n"


def offered(project: Project, stderr: str, path: str) -> str:
    """Type what direnv's shell offers after a failed installation; return what `pyenvspec diagnose` gets to read."""
    command = stderr.split("what it means, and what to do: ")[1].splitlines()[0]
    return project.enter(command, PATH=path).stdout


@pytest.fixture
def with_pyenvspec(tmp_path: Path) -> str:
    """A PATH with a pyenvspec that prints what it is given."""
    program = tmp_path / "own" / "pyenvspec"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec cat\n")
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


def test_what_is_offered_after_a_failure_fails_in_the_same_way(project: Project, with_pyenvspec: str) -> None:
    wheel = next((project.root / "wheels").iterdir())
    wheel.rename(wheel.with_suffix(".away"))
    failed = project.enter(PATH=with_pyenvspec, DIRENV_IN_ENVRC="1").stderr
    said = offered(project, failed, with_pyenvspec)
    assert wheel.name in said


@needs_uv
def test_what_is_offered_does_not_lock_again(tmp_path: Path, with_pyenvspec: str) -> None:
    project = Project(tmp_path / "project", "uv")
    groups = """
        [project.optional-dependencies]
        gpu = []
        [dependency-groups]
        docs = []
    """
    project.require("1.0", groups)
    lock = project.root / "uv.lock"
    locked = lock.read_bytes()
    pyproject = project.root / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace(">=3.8", ">=3.9"))
    failed = project.enter(
        PATH=with_pyenvspec, PYENVSPEC_GROUPS="docs", PYENVSPEC_EXTRAS="gpu", DIRENV_IN_ENVRC="1"
    ).stderr
    assert "uv sync --locked --group docs --extra gpu 2>&1 | pyenvspec diagnose" in failed
    assert "--locked" in offered(project, failed, with_pyenvspec)
    assert lock.read_bytes() == locked


def test_missing_lock_names_the_command_that_makes_it(project: Project) -> None:
    lock = project.root / ("requirements.txt" if project.manager == "pip" else f"{project.manager}.lock")
    lock.unlink()
    result = project.enter()
    assert f"{lock.name} is missing, so nothing is installed." in result.stderr
    if project.manager != "pip":
        assert f"Make it with: {project.manager} lock" in result.stderr


def test_install_never_makes_but_does_not_install(project: Project) -> None:
    result = project.enter('echo "$VIRTUAL_ENV"', PYENVSPEC_INSTALL="never")
    assert str(project.root / ".venv") in result.stdout
    assert "Installing" not in result.stderr
    assert project.enter(PYENVSPEC_INSTALL="never").stderr == ""


def test_other_interpreter_makes_it_again(project: Project, tmp_path: Path) -> None:
    project.enter()
    (project.root / ".venv" / "old").touch()
    other = other_interpreter(tmp_path)
    result = project.enter(VERSION + "; readlink -f .venv/bin/python", PYENVSPEC_PYTHON=str(other))
    assert result.stdout == f"1.0\n{other}\nopened\n", result.stderr
    assert not (project.root / ".venv" / "old").exists()


def test_interpreter_that_is_gone_makes_it_again(project: Project, tmp_path: Path) -> None:
    other = other_interpreter(tmp_path)
    project.enter(PYENVSPEC_PYTHON=str(other))
    shutil.rmtree(other.parents[1])
    assert not (project.root / ".venv" / "bin" / "python").exists()
    assert project.enter(VERSION).stdout == "1.0\nopened\n"


def other_interpreter(tmp_path: Path) -> Path:
    """The same Python at another place, as after an update of nixpkgs."""
    prefix = tmp_path / "other"
    (prefix / "bin").mkdir(parents=True)
    for name in ("lib", "include"):
        (prefix / name).symlink_to(Path(sys.base_prefix) / name)
    if Path(PYTHON).parents[1] == Path("/usr") or sys.platform == "darwin":
        pytest.skip("this Python does not run from another place")
    return Path(shutil.copy2(PYTHON, prefix / "bin" / Path(PYTHON).name))


def test_moved_project_makes_it_again(pip_project: Project, tmp_path: Path) -> None:
    pip_project.enter()
    moved = tmp_path / "moved"
    pip_project.root.rename(moved)
    pip_project.root = moved
    assert pip_project.enter("tiny").stdout == f"{moved}/.venv\nopened\n"


def interrupt(project: Project, at: str, **more: str) -> tuple[int, str, str]:
    """Enter in a session of its own and press ^C once stderr says `at`."""
    script = f". {shlex.quote(str(HOOK))}\necho opened"
    process = subprocess.Popen(
        [str(BASH), "--norc", "-c", script],
        cwd=project.root,
        env=project.environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    said = ""
    while at not in said and (line := process.stderr.readline()):
        said += line
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)
    out, rest = process.communicate(timeout=60)
    return process.returncode, out, said + rest


@pytest.fixture
def slow_uv(tmp_path: Path) -> str:
    """A PATH with a uv that says `working`, and ends after ^C as if nothing were."""
    program = tmp_path / "slow" / "uv"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/bash\ntrap 'exit 1' INT\necho working >&2\nfor _ in {1..200}; do sleep 0.1; done\n"
    )
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


def test_what_was_interrupted_is_not_gone_on_with(bare_project: Project, slow_uv: str) -> None:
    code, out, said = interrupt(bare_project, "Making")
    assert (code, out) == (130, "")
    assert "Traceback" not in said
    bare_project.write_project([], "")
    (bare_project.root / "uv.lock").touch()
    bare_project.enter()
    code, out, said = interrupt(bare_project, "working", PATH=slow_uv, PYENVSPEC_INSTALL="on_lock_change")
    assert (code, out) == (130, "")
    assert "what it means" not in said


def test_removed_environment_is_made_again(pip_project: Project) -> None:
    pip_project.enter()
    shutil.rmtree(pip_project.root / ".venv")
    assert pip_project.enter(VERSION).stdout == "1.0\nopened\n"


def test_interrupted_making_is_done_again(bare_project: Project) -> None:
    venv = bare_project.root / ".venv"
    venv.mkdir()
    (venv / ".pyenvspec-made").touch()
    (venv / "half").touch()
    assert "Making .venv" in bare_project.enter().stderr
    assert not (venv / "half").exists()


def test_environment_on_another_disk_stays_there(bare_project: Project, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (bare_project.root / ".venv").symlink_to(disk)
    bare_project.enter()
    assert (disk / "bin" / "python").exists()
    (disk / ".pyenvspec-made").write_text("")
    bare_project.enter()
    assert (bare_project.root / ".venv").is_symlink()
    assert (disk / "bin" / "python").exists()


def test_git_ignores_it(bare_project: Project) -> None:
    bare_project.enter()
    assert (bare_project.root / ".venv" / ".gitignore").read_text() == "*\n"


# What decides on an installation


@pytest.mark.parametrize(
    "include",
    ["-r dev.txt", "-rdev.txt", "-c dev.txt", "--requirement=dev.txt", "--constraint 'dev.txt'  # why"],
)
def test_included_requirements_count(pip_project: Project, include: str) -> None:
    requirements = pip_project.root / "requirements.txt"
    requirements.write_text(requirements.read_text() + include + "\n")
    (pip_project.root / "dev.txt").write_text("# one\n")
    pip_project.enter()
    assert pip_project.enter().stderr == ""
    (pip_project.root / "dev.txt").write_text("# two\n")
    assert "Installing from requirements.txt" in pip_project.enter().stderr


def test_requirements_that_include_each_other_end(pip_project: Project) -> None:
    (pip_project.root / "requirements.txt").write_text("-r a/b.txt\n")
    (pip_project.root / "a").mkdir()
    (pip_project.root / "a" / "b.txt").write_text("-c c.txt\n-c c.txt\n")
    (pip_project.root / "a" / "c.txt").write_text("tiny==1\n-r ../wheels/none.txt")
    assert "failed" in pip_project.enter().stderr


@pytest.mark.parametrize(
    "include", ["-r ./requirements.txt", "-r ../project/requirements.txt", "-r other.txt"]
)
def test_requirements_that_include_themselves_end(pip_project: Project, include: str) -> None:
    (pip_project.root / "other.txt").symlink_to("requirements.txt")
    (pip_project.root / "requirements.txt").write_text(f"{include}\n")
    pip_project.enter()


@pytest.mark.parametrize(
    "line", ["-e .", "--editable=./", "./pkg", "-e pkg  # ours", "-e './pkg[more]'", "pkg @ file://{}/pkg"]
)
def test_what_a_package_of_the_project_needs_counts(pip_project: Project, line: str) -> None:
    root = pip_project.root
    for folder in (root, root / "pkg"):
        folder.mkdir(exist_ok=True)
        (folder / "pyproject.toml").write_text("[project]\nname = 'pkg'\nversion = '1'\n")
    (root / "requirements.txt").write_text(line.format(root) + "\n")
    read = (
        f"sed '/^_pyenvspec_enter ||/,$d' {shlex.quote(str(HOOK))} > hook.sh; . ./hook.sh; "
        "_pyenvspec_root=$PWD _pyenvspec_project=$PWD _pyenvspec_venv=$PWD/.venv; _pyenvspec_list_files; "
        'printf "%s\\n" "${_pyenvspec_files[@]}"'
    )
    shown = subprocess.run(
        [str(BASH), "-c", read],
        cwd=root,
        env=pip_project.environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    files = {str(Path(file).resolve()) for file in shown}
    assert files & {str(root / "pyproject.toml"), str(root / "pkg" / "pyproject.toml")}, shown


def test_a_pip_that_does_not_know_todays_wheels_is_renewed(pip_project: Project) -> None:
    code = "import ensurepip, pathlib; print(pathlib.Path(ensurepip.__file__).parent / '_bundled')"
    bundled = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    if not list(Path(bundled).glob("pip-2[1-9]*.whl")):
        pytest.skip("needs a Python that brings the wheel of its pip")
    pip_project.enter()
    (new,) = pip_project.root.glob(".venv/lib/python3*/site-packages/pip-*.dist-info")
    old = new.with_name("pip-18.1.dist-info")
    new.rename(old)
    (old / "RECORD").write_text((old / "RECORD").read_text().replace(new.name, old.name))
    metadata = (old / "METADATA").read_text()
    (old / "METADATA").write_text(re.sub(r"(?m)^Version: .*", "Version: 18.1", metadata, count=1))
    pip_project.require("2.0")
    failed = pip_project.enter(VERSION)
    assert failed.stdout.startswith("2.0") and "going on with the old one" in failed.stderr
    pip_project.require("3.0")
    entered = pip_project.enter(VERSION, PIP_FIND_LINKS=bundled)
    assert entered.stdout.startswith("3.0") and "pip 18.1" in entered.stderr
    assert new.exists() and not old.exists()


def test_no_requirements_file_named_installs_nothing(pip_project: Project) -> None:
    pip_project.variables["PYENVSPEC_REQUIREMENTS"] = ""
    pip_project.enter()
    assert pip_project.enter().stderr == ""


@needs_uv
def test_uv_groups_and_extras(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", "uv")
    project.require(
        "1.0", extra=selectable(tmp_path / "p", "[project.optional-dependencies]", "[dependency-groups]")
    )
    check_selection(project)


@needs_poetry
def test_poetry_groups_and_extras(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", "poetry")
    for name in ("one", "two"):
        make_folder_package(project.root / name)
    project.require(
        "1.0",
        extra="""
        one = { path = "one", optional = true }
        [tool.poetry.extras]
        gpu = ["one"]
        [tool.poetry.group.docs]
        optional = true
        [tool.poetry.group.docs.dependencies]
        two = { path = "two" }
        """,
    )
    # A folder is built with its build backend, which only PyPI has; what is asked is asked of poetry.
    result = project.enter(PYENVSPEC_GROUPS="docs\n", PYENVSPEC_EXTRAS="gpu", PYENVSPEC_INSTALL="never")
    assert result.returncode == 0
    log = record_calls(tmp_path, "poetry")
    project.enter(
        PYENVSPEC_GROUPS="docs\ntest\n", PYENVSPEC_EXTRAS="gpu", PATH=f"{log.parent}:{os.environ['PATH']}"
    )
    assert (
        log.read_text().splitlines()[0]
        == "install --no-interaction --no-root --with docs --with test --extras gpu"
    )


def record_calls(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / "recorded"
    folder.mkdir()
    program = folder / name
    program.write_text(f'#!{BASH}\necho "$*" >>{shlex.quote(str(folder))}/log\n')
    program.chmod(0o755)
    return folder / "log"


def make_folder_package(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(f'[project]\nname = "{folder.name}"\nversion = "1"\n')


def selectable(root: Path, extras: str, groups: str) -> str:
    for name in ("one", "two"):
        make_folder_package(root / name)
    return (
        f'one = {{ path = "one", package = false }}\ntwo = {{ path = "two", package = false }}\n'
        f'{extras}\ngpu = ["one"]\n{groups}\ndocs = ["two"]\n'
    )


def check_selection(project: Project) -> None:
    assert "Installing" in project.enter().stderr
    result = project.enter(PYENVSPEC_GROUPS="docs", PYENVSPEC_EXTRAS="gpu")
    assert "Installing" in result.stderr
    assert "failed" not in result.stderr
    assert "failed" in project.enter(PYENVSPEC_GROUPS="nosuch").stderr


# Whose environment it is


def test_users_own_environment_with_this_interpreter_is_used(pip_project: Project) -> None:
    venv = pip_project.root / ".venv"
    subprocess.run([PYTHON, "-m", "venv", str(venv)], check=True)
    (venv / "mine").touch()
    result = pip_project.enter(VERSION)
    assert result.stdout == "1.0\nopened\n"
    assert "Making" not in result.stderr
    assert (venv / "mine").exists()


def test_users_own_environment_with_another_interpreter_is_left_alone(bare_project: Project) -> None:
    other = bare_project.root / ".venv" / "bin" / "python"
    other.parent.mkdir(parents=True)
    other.symlink_to("/nonexistent/python3")
    result = bare_project.enter('echo "${VIRTUAL_ENV-none}"')
    assert result.stdout == "none\nopened\n"
    assert "was not made by pyenvspec" in result.stderr
    assert other.is_symlink()


def test_variants_do_not_disturb_each_other(pip_project: Project) -> None:
    pip_project.enter()
    result = pip_project.enter("tiny", PYENVSPEC_VENV=".venv-cpu")
    assert result.stdout == f"{pip_project.root}/.venv-cpu\nopened\n"
    assert pip_project.enter().stderr == ""
    assert pip_project.enter(PYENVSPEC_VENV=".venv-cpu").stderr == ""


@pytest.mark.parametrize(
    "manager", [pytest.param("poetry", marks=needs_poetry), pytest.param("uv", marks=needs_uv)]
)
def test_variants_of_lock_managers_have_their_own(tmp_path: Path, manager: str) -> None:
    project = Project(tmp_path / "p", manager)
    project.require("1.0")
    assert project.enter("tiny", PYENVSPEC_VENV=".venv-cpu").stdout == f"{project.root}/.venv-cpu\nopened\n"
    assert not (project.root / ".venv").exists()


def test_two_shells_at_once_do_the_work_once(project: Project) -> None:
    script = f". {shlex.quote(str(HOOK))}; {VERSION}"
    shells = [
        subprocess.Popen(
            [str(BASH), "-c", script],
            cwd=project.root,
            env=project.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    ends = [shell.communicate(timeout=120) for shell in shells]
    assert [out for out, _ in ends] == ["1.0\n"] * 3, ends
    talk = "".join(err for _, err in ends)
    assert talk.count("Making .venv") == 1
    assert talk.count("pyenvspec: Installing") == 1


# Any place, any shell


@pytest.mark.parametrize("name", ["with space", "it's quoted", "déjà-vu-研究", "$HOME", "[a]*?"])
def test_any_project_folder(tmp_path: Path, name: str) -> None:
    project = Project(tmp_path / name, "pip")
    project.require("1.0")
    result = project.enter(f"{VERSION}; tiny")
    assert result.stdout == f"1.0\n{project.root}/.venv\nopened\n", result.stderr
    assert project.enter().stderr == ""


@pytest.mark.parametrize(
    "manager", [pytest.param("poetry", marks=needs_poetry), pytest.param("uv", marks=needs_uv)]
)
def test_any_project_folder_for_lock_managers(tmp_path: Path, manager: str) -> None:
    project = Project(tmp_path / "it's a naïve folder", manager)
    project.require("1.0")
    assert project.enter(f"{VERSION}; tiny").stdout == f"1.0\n{project.root}/.venv\nopened\n"


def test_entry_from_a_folder_below(bare_project: Project) -> None:
    below = bare_project.root / "a" / "b"
    below.mkdir(parents=True)
    result = bare_project.enter('echo "$VIRTUAL_ENV"; pwd', folder=below)
    assert result.stdout == f"{bare_project.root}/.venv\n{below}\nopened\n"


def test_entry_from_outside_says_so(bare_project: Project, tmp_path: Path) -> None:
    result = bare_project.enter('echo "${VIRTUAL_ENV-none}"', folder=tmp_path)
    assert "no env.yaml in" in result.stderr
    assert result.stdout == "none\nopened\n"
    assert bare_project.enter(folder=tmp_path, PYENVSPEC_ROOT=str(bare_project.root)).stderr.count("\n") == 1


@needs_uv
def test_project_in_a_folder_below(tmp_path: Path) -> None:
    project = Project(tmp_path / "p" / "sub", "uv")
    project.require("1.0")
    (tmp_path / "p" / "env.yaml").touch()
    (tmp_path / "p" / "sub" / "env.yaml").unlink()
    result = project.enter("tiny", folder=tmp_path / "p", PYENVSPEC_PROJECT="./sub")
    assert result.stdout == f"{tmp_path}/p/.venv\nopened\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write anywhere")
def test_read_only_checkout_opens(bare_project: Project) -> None:
    bare_project.root.chmod(0o555)
    result = bare_project.enter('echo "${VIRTUAL_ENV-none}"')
    bare_project.root.chmod(0o755)
    assert "cannot write" in result.stderr
    assert result.stdout == "none\nopened\n"


def test_place_that_cannot_be_written_opens(bare_project: Project) -> None:
    (bare_project.root / "file").touch()
    result = bare_project.enter('echo "${VIRTUAL_ENV-none}"', PYENVSPEC_VENV="file/.venv")
    assert "cannot write" in result.stderr
    assert result.stdout == "none\nopened\n"


@pytest.mark.parametrize(
    "options",
    ["set -euo pipefail", "set -f", "set -C", "set -o posix", "shopt -s nullglob failglob", "IFS=x"],
)
def test_any_shell_options(pip_project: Project, options: str) -> None:
    show = 'set +o; shopt; printf %q "${IFS-unset}"'
    script = f"{show}; . {shlex.quote(str(HOOK))}; echo; echo ---; {show}"
    result = subprocess.run(
        [str(BASH), "-c", f"{options}\n{script}"],
        cwd=pip_project.root,
        env=pip_project.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = result.stdout.split("\n---\n")
    assert before.strip() == after.strip()
    assert "Installing" in result.stderr
    assert "failed" not in result.stderr
    assert pip_project.enter(VERSION, options=options).stdout == "1.0\nopened\n"


def test_interactive_shell_with_aliases(bare_project: Project) -> None:
    aliases = "alias rm='rm -i' mkdir=false mv='mv -i' cd=false"
    script = f"{aliases}\n. {shlex.quote(str(HOOK))}\necho $VIRTUAL_ENV\nexit\n"
    result = subprocess.run(
        [str(BASH), "--norc", "-i"],
        input=script,
        cwd=bare_project.root,
        env=bare_project.environment(PS1=""),
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert str(bare_project.root / ".venv") in result.stdout, result.stderr


def test_nothing_stays_behind_but_what_is_documented(bare_project: Project) -> None:
    bare_project.enter()
    show = "{ compgen -v; declare -F; }"
    sort = "LC_ALL=C sort"
    around = f"{show} | {sort} >before; . {shlex.quote(str(HOOK))}; {show} | {sort} >after"
    script = f"{around}; LC_ALL=C comm -13 before after"
    result = subprocess.run(
        [str(BASH), "-c", script],
        cwd=bare_project.root,
        env=bare_project.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    documented = {"VIRTUAL_ENV", "POETRY_VIRTUALENVS_IN_PROJECT"}
    documented |= {"UV_PROJECT_ENVIRONMENT", "UV_PYTHON_DOWNLOADS", "UV_PYTHON_PREFERENCE", "UV_PYTHON"}
    assert set(result.stdout.split()) <= documented | {"BASH_REMATCH", "PIPESTATUS"}


def test_other_pythons_settings_are_taken_away(bare_project: Project) -> None:
    names = [
        "PYTHONPATH",
        "PYTHONHOME",
        "_PYTHON_SYSCONFIGDATA_NAME",
        "CONDA_DEFAULT_ENV",
        "LD_LIBRARY_PATH",
    ]
    shown = "".join(f'echo "${{{name}-none}}"\n' for name in names)
    bare_project.enter()
    bare_project.variables |= {"PYTHONPATH": "/x", "UV_PYTHON": "3.1"}
    bare_project.variables |= {"_PYTHON_SYSCONFIGDATA_NAME": "x", "CONDA_DEFAULT_ENV": "base"}
    own = f"{bare_project.root}/.venv/bin/python"
    assert bare_project.enter('echo "${UV_PYTHON-none}"').stdout.split()[0] in ("none", own)
    assert bare_project.enter(shown, LD_LIBRARY_PATH="(unset)").stdout == "none\n" * len(names) + "opened\n"


def test_entering_twice_keeps_path_short(bare_project: Project) -> None:
    bare_project.enter()
    again = f'. {shlex.quote(str(HOOK))}; printf "%s\\n" "$PATH" | tr : "\\n" | grep -c "/.venv/bin$"'
    assert (
        bare_project.enter(again, PATH=os.environ["PATH"].replace("/.venv/bin", "/x")).stdout == "1\nopened\n"
    )


def test_quiet_entry_starts_no_program_but_sha256sum(project: Project, tmp_path: Path) -> None:
    project.enter()
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "sha256sum").symlink_to(str(shutil.which("sha256sum")))
    assert project.enter(PATH=str(tools)).stderr == "", "needs another program than sha256sum"


# Interpreters and packages


@needs_uv
def test_uv_keeps_this_python_whatever_the_project_pins(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", "uv")
    project.require("1.0")
    (project.root / ".python-version").write_text("3.7\n")
    assert project.enter(VERSION).stdout == "1.0\nopened\n"
    assert (project.root / ".venv" / ".pyenvspec-made").exists()


@needs_uv
def test_uv_stale_lock_says_how_to_lock(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", "uv")
    project.require("1.0")
    text = (project.root / "pyproject.toml").read_text()
    (project.root / "pyproject.toml").write_text(text.replace('["tiny"]', "[]"))
    result = project.enter()
    assert "uv lock" in result.stderr
    assert "next entry tries again" in result.stderr


@needs_poetry
@pytest.mark.parametrize("has_package", [True, False])
def test_poetry_installs_the_project_where_there_is_one(tmp_path: Path, has_package: bool) -> None:
    project = Project(tmp_path / "p", "poetry")
    if has_package:
        (project.root / "app").mkdir()
        (project.root / "app" / "__init__.py").touch()
    project.require("1.0")
    result = project.enter("cd /; python -c 'import app; print(app.__file__)'")
    assert (str(project.root / "app") in result.stdout) == has_package, result.stderr
    assert project.enter().stderr == ""


@needs_poetry
def test_poetry_without_package_mode(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", "poetry")
    project.require("1.0")
    text = (project.root / "pyproject.toml").read_text()
    (project.root / "pyproject.toml").write_text(
        text.replace("[tool.poetry]", "[tool.poetry]\npackage-mode = false")
    )
    project.lock()
    assert "failed" not in project.enter(VERSION).stderr
    assert project.enter().stderr == ""


def test_manager_that_is_not_there_is_named(bare_project: Project) -> None:
    bare_project.variables["PYENVSPEC_INSTALL"] = "on_lock_change"
    (bare_project.root / "uv.lock").touch()
    tools = bare_project.root / "tools"
    tools.mkdir()
    for name in ("mkdir", "rm", "sha256sum", "grep", "mv"):
        (tools / name).symlink_to(str(shutil.which(name)))
    result = bare_project.enter(PATH=str(tools))
    assert "there is no uv on PATH" in result.stderr


@pytest.mark.slow
def test_real_wheel(pip_project: Project) -> None:
    (pip_project.root / "requirements.txt").write_text("numpy\n")
    result = pip_project.enter("python -c 'import numpy; print(numpy.ones(2).sum())'", PIP_NO_INDEX="0")
    if "failed" in result.stderr:
        pytest.skip("pip finds no numpy")
    assert result.stdout == "2.0\nopened\n"


# What is typed next


@needs_uv
def test_uv_commands_take_this_python_whatever_the_project_pins(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", "uv")
    project.require("1.0")
    make_wheel(project.root / "wheels", "2.0")
    (project.root / ".python-version").write_text("3.11.99\n")
    typed = (
        "uv run python -c 'import sys, tiny; print(sys.prefix, tiny.version)' && uv lock -q && uv tree >tree.txt && "
        "uv pip install -q wheels/tiny-2.0-py3-none-any.whl && python -c 'import tiny; print(tiny.version)' && "
        "uv add -q six --find-links wheels --frozen && grep -c six pyproject.toml"
    )
    shown = project.enter(typed)
    assert shown.stdout == f"{project.root}/.venv 1.0\n2.0\n1\nopened\n", shown.stderr


@pytest.mark.parametrize("manager", MANAGERS)
def test_pip_is_that_of_the_environment(manager: str, tmp_path: Path) -> None:
    project = Project(tmp_path / "p", manager)
    project.require("1.0")
    make_wheel(project.root / "wheels", "2.0")
    typed = (
        "command -v pip; pip install -q --disable-pip-version-check wheels/tiny-2.0-py3-none-any.whl; "
        + VERSION
    )
    shown = project.enter(typed)
    assert shown.stdout == f"{project.root}/.venv/bin/pip\n2.0\nopened\n", shown.stderr
    again = project.enter("command -v pip")
    assert again.stdout == f"{project.root}/.venv/bin/pip\nopened\n"


@needs_uv
def test_a_member_of_a_uv_workspace_takes_the_lock_of_the_whole(tmp_path: Path) -> None:
    whole = Project(tmp_path / "whole", "uv")
    member = Project(whole.root / "members" / "one", "uv")
    member.require("1.0")
    (member.root / "uv.lock").unlink()
    (whole.root / "env.yaml").unlink()
    (whole.root / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["members/*"]\n')
    whole.lock()
    shown = member.enter(VERSION)
    assert shown.stdout == "1.0\nopened\n", shown.stderr
    assert "Installing" in shown.stderr
    assert member.enter().stderr == ""
    text = (member.root / "pyproject.toml").read_text()
    (member.root / "pyproject.toml").write_text(text + "\n# another\n")
    assert "Installing" in member.enter().stderr


@needs_uv
def test_the_file_of_a_path_dependency_counts(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", "uv")
    other = project.root / "other"
    other.mkdir(parents=True)
    (other / "pyproject.toml").write_text("[project]\nname = 'other'\nversion = '1'\n")
    project.require("1.0", extra="other = {path = 'other'}\n")
    text = (project.root / "pyproject.toml").read_text().replace('["tiny"]', '["tiny", "other"]')
    (project.root / "pyproject.toml").write_text(text + "[tool.uv]\npackage = false\n")
    (other / "pyproject.toml").write_text(
        (other / "pyproject.toml").read_text() + "[tool.uv]\npackage = false\n"
    )
    project.lock()
    assert project.enter(VERSION).stdout == "1.0\nopened\n"
    assert project.enter().stderr == ""
    (other / "pyproject.toml").write_text((other / "pyproject.toml").read_text() + "\n# another\n")
    assert "Installing" in project.enter().stderr


def test_an_installation_does_not_keep_others_from_the_project(pip_project: Project) -> None:
    """`pyenvspec add` locks the project's folder, and must not wait for torch."""
    code = "import fcntl, os; fcntl.flock(os.open('.', os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB); print('free')"
    tools = pip_project.root / "tools"
    tools.mkdir()
    # Stands in for the interpreter: asks for the project's lock while this entry makes the environment.
    (tools / "python").write_text(
        f'#!{BASH}\n[ "$2" != -c ] || {PYTHON} -c {shlex.quote(code)} >asked 2>&1\nexec {PYTHON} "$@"\n'
    )
    (tools / "python").chmod(0o755)
    pip_project.variables["PYENVSPEC_PYTHON"] = str(tools / "python")
    pip_project.enter()
    assert (pip_project.root / "asked").read_text() == "free\n"


BUILD_AFTER = Path(__file__).parents[2] / "nix" / "modules" / "build-after.py"
IMPORTS_TINY = """
    import setuptools, tiny
    setuptools.setup(name="needs-tiny", version="1.0", py_modules=["needs_tiny"])
"""


class BuiltAfter:
    """A project that needs `tiny` and the source of `needs-tiny`, whose build imports it."""

    def __init__(self, project: Project, setup: str = IMPORTS_TINY, *, name: str = "needs-tiny") -> None:
        self.project = project
        self.folder = project.root / "source"
        self.folder.mkdir()
        (self.folder / "needs_tiny.py").write_text("import tiny\nversion = tiny.version\n")
        self.write(setup)
        wheel = make_wheel(project.root / "wheels", "1.0")
        archive = self.archive()
        if project.manager == "pip":
            text = f"./wheels/{wheel.name}\n-r more/reqs.txt\n--find-links ./wheels\n"
            (project.root / "requirements.txt").write_text(text)
            (project.root / "more").mkdir()
            (project.root / "more" / "reqs.txt").write_text("Needs_Tiny==1.0  # imports tiny\n")
        else:
            lines = f'tiny = {{ path = "wheels/{wheel.name}" }}\nneeds-tiny = {{ path = "wheels/{archive.name}" }}\n'
            project.write_project(["tiny", "needs-tiny"], lines)
            project.lock()
        project.variables |= {"PYENVSPEC_AFTER": name, "PYENVSPEC_BUILD_AFTER": str(BUILD_AFTER)}

    def write(self, setup: str) -> None:
        (self.folder / "setup.py").write_text(textwrap.dedent(setup))

    def archive(self) -> Path:
        """The sdist, whose metadata is complete: to lock it, nobody has to build it."""
        path = self.project.root / "wheels" / "needs_tiny-1.0.tar.gz"
        path.parent.mkdir(exist_ok=True)
        metadata = "Metadata-Version: 2.2\nName: needs-tiny\nVersion: 1.0\nRequires-Dist: tiny\n"
        (self.folder / "PKG-INFO").write_text(metadata)
        with tarfile.open(path, "w:gz") as file:
            file.add(self.folder, "needs_tiny-1.0")
        return path


NEEDS = "python -c 'import needs_tiny; print(needs_tiny.version)'"


@pytest.mark.slow
@pytest.mark.parametrize("manager", MANAGERS)
def test_a_build_that_imports_another_package_comes_after_it(tmp_path: Path, manager: str) -> None:
    project = Project(tmp_path / "project", manager)
    BuiltAfter(project)
    first = project.enter(NEEDS, PIP_NO_INDEX="(unset)", UV_OFFLINE="(unset)")
    assert first.stdout == "1.0\nopened\n", first.stderr
    assert "Building needs-tiny" in first.stderr
    quiet = project.enter(f"{NEEDS}; echo ${{PYTHONPATH-none}}")
    assert (quiet.stdout, quiet.stderr) == ("1.0\nnone\nopened\n", "")


@pytest.mark.slow
@pytest.mark.parametrize("manager", MANAGERS)
def test_a_build_that_fails_takes_nothing_else_away(tmp_path: Path, manager: str) -> None:
    project = Project(tmp_path / "project", manager)
    broken = BuiltAfter(project, "raise SystemExit('no g++ here')")
    entered = project.enter(f"{VERSION}; {NEEDS}", PIP_NO_INDEX="(unset)", UV_OFFLINE="(unset)")
    assert entered.stdout == "1.0\nopened\n", entered.stderr
    assert "no g++ here" in entered.stderr
    assert "could not build needs-tiny, see above; everything else is installed." in entered.stderr
    # Neither poetry nor pip takes it for installed.
    left = project.enter("python -m pip list --format=freeze 2>/dev/null", PYENVSPEC_INSTALL="never")
    assert "needs" not in left.stdout
    broken.write(IMPORTS_TINY)
    broken.archive()
    if manager != "pip":
        (project.root / f"{manager}.lock").unlink()
        project.lock()
    assert project.enter(NEEDS, PIP_NO_INDEX="(unset)", UV_OFFLINE="(unset)").stdout == "1.0\nopened\n"

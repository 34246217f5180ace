"""What people do in a shell: reports of things that did not work, each in a real shell of either kind."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from labs import KINDS, MINOR, VERSION, Lab, git

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Shells

pytestmark = [pytest.mark.nix, pytest.mark.inputs, pytest.mark.slow]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(shells: Shells, tmp_path: Path, kind: str) -> Callable[..., Lab]:
    return lambda *lines, name="lab", **more: Lab(shells, tmp_path / name, kind, *lines, **more)


@pytest.fixture
def host(tmp_path: Path) -> dict[str, str]:
    """An ordinary Linux whose loader lists a driver; variables that let a program take it for this machine's."""
    folder = tmp_path / "driver"
    folder.mkdir()
    for name in ("libcuda.so.1", "libnvidia-encode.so.1"):
        source = "int cuInit(unsigned flags) { return 77; }"
        command = ["gcc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", str(folder / name), "-x", "c", "-"]
        subprocess.run(command, input=source, text=True, check=True)
    (tmp_path / "folders").write_text(f"{folder}\n")
    listing = ["/sbin/ldconfig", "-f", str(tmp_path / "folders"), "-C", str(tmp_path / "cache")]
    subprocess.run(listing, check=True)
    return {"XDG_CACHE_HOME": str(tmp_path / "user"), "PYENVSPEC_LINKER_CACHE": str(tmp_path / "cache")}


ASK = "import ctypes; print(ctypes.CDLL('libcuda.so.1').cuInit(0))"


def test_torch_from_the_index_needs_no_cuda_key(make: Callable[..., Lab], host: dict[str, str]) -> None:
    lab = make("scripts: {encode: with-driver bash -c 'ls $LD_LIBRARY_PATH'}")
    shown = lab.enter("python", "-c", ASK, env=host).check()
    assert shown.stdout == "77\n"
    # And outside of the shell, as an editor or a job of a cluster starts it.
    python = str(lab.root / ".venv" / "bin" / "python")
    assert lab.run(python, "-c", ASK, env=host).check().stdout == "77\n"
    assert lab.enter("encode", env=host).check().stdout.split() == ["libcuda.so.1", "libnvidia-encode.so.1"]
    without = lab.enter("bash", "-c", "with-driver echo ${LD_LIBRARY_PATH-none}", env=host).check()
    assert without.stdout == "none\n"


def test_no_driver_is_looked_for_where_none_is_wanted(make: Callable[..., Lab], host: dict[str, str]) -> None:
    lab = make("driver: none")
    assert lab.enter("python", "-c", ASK, env=host).code == 1
    assert lab.enter("with-driver", "echo", "a b", env=host).check().stdout == "a b\n"


def test_what_is_built_after_the_rest_has_ninja_and_is_told_by_name(make: Callable[..., Lab]) -> None:
    lab = make(python=f"{{version: {MINOR}, manager: pip, build_after: [Flash_Attn]}}")
    lab.require("2.0")
    shown = lab.enter("bash", "-c", f'command -v ninja; python -c "{VERSION}"').check()
    assert shown.stdout.splitlines()[-1] == "2.0"
    assert "/bin/ninja" in shown.stdout
    assert "flash-attn of python.build_after is not in requirements.txt" in shown.stderr


def test_arguments_reach_a_script_exactly_or_are_refused(make: Callable[..., Lab]) -> None:
    show = 'python -c "import sys; print(sys.argv[1:])"'
    lab = make(
        "env: {DATA: some/data}",
        "scripts:",
        f"  train: '{show} --data $DATA'",
        f"  there: 'cd / && {show} $PWD'",
        "  both: 'true | cat'",
        "  second: 'echo \"$2\"'",
    )
    typed = "train --epochs 3 'a b' '$HOME' '*'; there x; both; echo $?; both x; echo $?; second 1 '2  3'"
    shown = lab.enter("bash", "-c", typed).check()
    assert shown.stdout.splitlines() == [
        "['--data', 'some/data', '--epochs', '3', 'a b', '$HOME', '*']",
        "['/', 'x']",
        *("0", "2", "2  3"),
    ]
    assert (
        'both takes no arguments: write "$@" where they belong, in scripts.both of env.yaml' in shown.stderr
    )


def test_texts_mean_the_same_everywhere(make: Callable[..., Lab]) -> None:
    lab = make(
        "native: [file]",
        "env: {HERE: '${project}/x', LITERAL: '$${project}'}",
        'scripts: {here: \'echo "${project}/x" ${project}/x\', tool: "${pkgs.file}/bin/file --version | head -1"}',
        "processes: {p: {run: 'echo \"${project}/x\" $PWD $OWN', env: {OWN: '${project}/own'}, folder: below}}",
        "on_enter: 'echo ${project}/x'",
        name="R&D 'lab'",
    )
    (lab.root / "below").mkdir()
    root = str(lab.root)
    typed = 'echo "$HERE|$LITERAL"; here; tool; processes-up'
    shown = lab.enter("bash", "-c", typed, cwd=lab.root / "below").check().stdout.splitlines()
    assert shown[:3] == [f"{root}/x", f"{root}/x|${{project}}", f"{root}/x {root}/x"]
    assert shown[3].startswith("file-")
    assert shown[4] == f"{root}/x {root}/below {root}/own"


def test_dotenv_is_read_at_each_entry_and_stays_out_of_the_store(make: Callable[..., Lab]) -> None:
    lab = make("env: {LEVEL: base}", "dotenv: [.env, local/.env]")
    show = ("bash", "-c", 'echo "$LEVEL|${TOKEN-none}"')
    assert lab.enter(*show).check().stdout == "base|none\n"
    (lab.root / ".gitignore").write_text(".env\n")
    (lab.root / ".env").write_text("LEVEL=first\nTOKEN='s3cret $x'\n")
    (lab.root / "local").mkdir()
    (lab.root / "local" / ".env").write_text('LEVEL="second"\n')
    shown = lab.enter(*show).check()
    assert shown.stdout == "second|s3cret $x\n"
    assert shown.stderr == ""


def test_a_shell_leaves_the_project_alone_that_it_is_opened_in(make: Callable[..., Lab]) -> None:
    lab, other = make("env: {WHICH: lab}"), make("env: {WHICH: other}", name="other")
    other.require("1.0")
    assert other.python(VERSION) == "1.0"
    stamps = other.stamps()
    nix = str(lab.shells.nix.program)
    show = ("bash", "-c", 'echo "$WHICH|${VIRTUAL_ENV-none}"')
    shown = lab.run(nix, "develop", str(lab.root), "-c", *show, cwd=other.root).check()
    assert shown.stdout == "lab|none\n"
    assert "is not in this shell's project" in shown.stderr
    assert other.stamps() == stamps
    below = lab.root / "nested"
    below.mkdir()
    (below / "env.yaml").write_text("python: 3.12\n")
    # A folder that is a project only by its env.yaml is none of another shell.
    assert lab.enter(*show, cwd=below).check().stdout == f"lab|{lab.root}/.venv\n"


def test_a_store_environment_has_a_place_for_editors(make: Callable[..., Lab]) -> None:
    lab = make(python=f"{{version: {MINOR}, manager: nixpkgs}}")
    lab.enter("true").check()
    python = lab.root / ".pyenvspec" / "python" / "bin" / "python"
    assert lab.run(str(python), "-c", "print(6 * 7)").check().stdout == "42\n"
    assert os.path.realpath(python).startswith("/nix/store/")
    asked = subprocess.run(
        ["git", "-C", str(lab.root), "status", "--short", ".pyenvspec"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout == ""
    git(lab.root, "status")


@pytest.mark.parametrize("runtime", ["planted", "long"])
def test_a_runtime_folder_is_private_and_short(shells: Shells, tmp_path: Path, runtime: str) -> None:
    lab = Lab(shells, tmp_path / "lab", "devenv", "processes: {p: sleep 1}")
    folder = tmp_path / ("d" * 90 if runtime == "long" else "run")
    folder.mkdir()
    show = ("bash", "-c", 'echo "$DEVENV_RUNTIME"; ls -ld "$DEVENV_RUNTIME" | cut -c1-10')
    env = {"XDG_RUNTIME_DIR": str(folder)}
    if runtime == "planted":
        made = Path(lab.enter(*show, env=env).check().stdout.split()[0])
        (tmp_path / "theirs").mkdir()
        made.rename(tmp_path / "aside")
        made.symlink_to(tmp_path / "theirs")
    place, mode = lab.enter(*show, env=env).check().stdout.split()
    assert not Path(place).is_symlink()
    assert mode == "drwx------"
    assert len(place) <= 80


def test_options_of_devenv_itself_are_passed_on(shells: Shells, tmp_path: Path) -> None:
    lab = Lab(
        shells,
        tmp_path / "lab",
        "devenv",
        "devenv:",
        "  env: {FROM_DEVENV: 'yes'}",
        "  tasks: {'app:setup': {exec: 'echo ran > set-up', before: ['devenv:enterShell']}}",
        "processes: {first: {run: echo one}, second: {run: echo two, after: [first]}}",
    )
    shown = lab.enter("bash", "-c", 'echo "$FROM_DEVENV"; cat set-up; processes-up').check()
    assert shown.stdout.splitlines()[:2] == ["yes", "ran"]
    assert {"one", "two"} <= set(shown.stdout.splitlines())


def test_git_hooks_and_languages_of_devenv_evaluate(shells: Shells, tmp_path: Path) -> None:
    asked = "devenv: {git-hooks: {hooks: {ruff: {enable: true}}}, languages: {go: {enable: true}}}"
    lab = Lab(shells, tmp_path / "lab", "devenv", asked, "systems: [x86_64-linux]")
    assert "git-hooks" in json.loads((lab.root / "flake.lock").read_text())["nodes"]
    nix = str(shells.nix.program)
    shown = lab.run(nix, "eval", "--raw", ".#devShells.x86_64-linux.default.drvPath").check()
    assert shown.stdout.endswith("-lab.drv")

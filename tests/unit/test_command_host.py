"""`pyenvspec shell --host`: the .venv without Nix, and what is said about it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyenvspec.cli import run
from pyenvspec.commands.host import machine, python
from pyenvspec.commands.host.command import _place, describe_host
from pyenvspec.commands.host.entry import entry_script, venv_variables
from pyenvspec.commands.host.machine import Absent, find_absent
from pyenvspec.commands.host.python import HostPython, find_python, find_uv, install_uv
from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import load_plan
from pyenvspec.facts.host_packages import debian_candidates, fedora_names, homebrew_names
from pyenvspec.tools import Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyenvspec.plan import Plan

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


class Machine:
    """Answers by the beginning of the command line; what is not described is not installed."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, ...]] = []

    def run(self, argv: Sequence[str], **given: object) -> Result:
        del given
        self.asked.append(tuple(argv))
        line = " ".join([Path(argv[0]).name, *argv[1:]])
        for start, answer in self.answers.items():
            if line.startswith(start):
                return Result(tuple(argv), 0, answer)
        return Result(tuple(argv), 1)


def plan_of(folder: Path, text: str) -> Plan:
    (folder / "env.yaml").write_text(text)
    return load_plan(folder)


def programs(monkeypatch: pytest.MonkeyPatch, folder: Path, *names: str) -> None:
    """Let PATH hold these and nothing else."""
    place = folder / "programs"
    place.mkdir()
    for name in names:
        (place / name).write_text("#!/bin/sh\n")
        (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(place))


APT = """\
ffmpeg:
  Installed: (none)
  Candidate: 7:5.1
  Version table:
libsndfile1:
  Installed: (none)
  Candidate: 1.2.0
  Version table:
fonts-noto-cjk:
  Installed: 1:2022
  Candidate: 1:2022
  Version table:
"""


def test_apt_names_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(monkeypatch, tmp_path, "apt-get", "git")
    missing = find_absent(
        ["ffmpeg", "libsndfile", "git", "noto-fonts-cjk-sans", "portaudio"],
        frozenset({"libportaudio.so.2", "libportaudiocpp.so.0"}),
        Machine({"apt-cache policy": APT}),
    )
    assert missing.attributes[:2] == ("ffmpeg", "libsndfile")
    assert missing.command is not None
    assert missing.command.startswith("sudo apt-get install ffmpeg libsndfile1")
    assert "git" not in missing.attributes
    assert "portaudio" not in missing.attributes


def test_a_package_that_apt_has_installed_is_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(monkeypatch, tmp_path, "apt-get")
    installed = "libsndfile1:\n  Installed: 1.2\n  Candidate: 1.2\n"
    assert find_absent(["libsndfile"], frozenset(), Machine({"apt-cache": installed})) == Absent((), None)


@pytest.mark.parametrize(
    ("manager", "attribute", "command"),
    [
        ("dnf", "libjpeg", "sudo dnf install libjpeg-turbo"),
        ("dnf", "mecab", "sudo dnf install mecab"),
        ("brew", "icu", "brew install icu4c"),
        ("brew", "libsndfile", "brew install libsndfile"),
    ],
)
def test_other_package_managers_have_their_own_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manager: str, attribute: str, command: str
) -> None:
    programs(monkeypatch, tmp_path, manager)
    assert find_absent([attribute], frozenset(), Machine({})) == Absent((attribute,), command)


def test_without_a_package_manager_the_names_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(monkeypatch, tmp_path)
    assert find_absent(["mecab"], frozenset(), Machine({})) == Absent(("mecab",), None)


def test_tables_are_read_backwards() -> None:
    assert debian_candidates("portaudio")[0] == "libportaudio2"
    assert debian_candidates("ffmpeg")[0] == "ffmpeg"
    assert debian_candidates("openmpi")[0] == "openmpi-bin"
    assert "libsndfile1" in debian_candidates("libsndfile")
    assert "libgl1" in debian_candidates("libGL")
    assert fedora_names("ffmpeg") == ("ffmpeg-free",)
    assert homebrew_names("openmpi") == ("open-mpi",)


def test_a_driver_of_the_loader_needs_no_word(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PYENVSPEC_DRIVER", raising=False)
    (tmp_path / "libcuda.so.1").touch()
    monkeypatch.setattr(machine, "_DRIVER_FOLDERS", (str(tmp_path),))
    assert machine.hidden_driver(frozenset({"libcuda.so.1"})) is None
    assert machine.hidden_driver(frozenset()) == str(tmp_path)


def test_uv_brings_a_python_that_is_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(monkeypatch, tmp_path, "uv")

    class Bringing(Machine):
        def run(self, argv: Sequence[str], **given: object) -> Result:
            if "install" in argv:
                self.answers = {**self.answers, "uv python find": "/brought/python3.8\n"}
            return super().run(argv, **given)

    runner = Bringing({"uv python install": "", "python3.8 -I": "3 8 20 True /brought/python3.8\n"})
    assert find_python("3.8", runner) == HostPython("/brought/python3.8", "3.8.20")
    assert any("install" in argv for argv in runner.asked)


def test_another_patch_level_is_better_than_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(monkeypatch, tmp_path, "uv", "python3.10")
    runner = Machine({"python3.10 -I": "3 10 12 True /real/python3.10\n"})
    # Not the program on PATH, which may be a shim, but the interpreter that it starts.
    assert find_python("3.10.14", runner) == HostPython("/real/python3.10", "3.10.12")


def test_a_python_of_an_environment_or_without_venv_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(monkeypatch, tmp_path, "python3.12")
    monkeypatch.setattr(python, "find_uv", lambda: None)
    with pytest.raises(PyenvspecError) as caught:
        find_python("3.12", Machine({"python3.12 -I": "3 12 1 False /x/python\n"}))
    (found,) = caught.value.diagnostics
    assert found.code == "host-python-missing"
    assert found.hint is not None
    assert "python3.12-venv" in found.hint


def test_uv_is_installed_where_it_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", "/home/me/.venv")
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert install_uv() == f"{tmp_path}/python -m pip install uv"
    (tmp_path / "uv").write_text("#!/bin/sh\n")
    (tmp_path / "uv").chmod(0o755)
    assert find_uv() == str(tmp_path / "uv")
    monkeypatch.setattr(sys, "prefix", "/usr")
    assert install_uv() == "pipx install uv"


def test_the_pythons_that_are_here_are_offered_where_uv_brought_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(monkeypatch, tmp_path, "uv", "python3", "python3.11")
    monkeypatch.setattr(python, "find_uv", lambda: "uv")
    machine = Machine({"python3 -I": "3 11 7 True /x/python\n", "python3.11 -I": "3 11 7 True /x/python\n"})
    with pytest.raises(PyenvspecError) as caught:
        find_python("3.12", machine)
    hint = caught.value.diagnostics[0].hint or ""
    assert hint.startswith(
        "write `python: {version: 3.11}` where your packages allow it: Python 3.11 is here\n"
    )
    assert "uv" not in hint


def test_what_only_nix_has_is_told(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path,
        "python: {version: 3.11.4, manager: pip}\n"
        "cuda: 12.4\n"
        "env: {F: '${pkgs.ffmpeg}/bin/ffmpeg', P: '${project}/x'}\n"
        "processes: {web: python -m http.server}\n",
    )
    found = HostPython("/usr/bin/python3.11", "3.11.2")
    text = "\n".join(describe_host(plan, plan.shells[0], found, Absent((), None), None))
    assert "Python is 3.11.2, and env.yaml asks for 3.11.4" in text
    assert "CUDA 12.4" in text
    assert "env.F, processes" in text
    assert "env.P" not in text


def test_packages_of_nixpkgs_are_asked_for_by_name(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "python: {version: 3.11, manager: nixpkgs, packages: [numpy]}\n")
    lines = tuple(describe_host(plan, plan.shells[0], HostPython("/p", "3.11.2"), Absent((), None), None))
    assert "nixpkgs is their only lock" in "\n".join(lines)


def test_nothing_of_env_yaml_is_run_by_being_set(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, 'python: 3.11\nenv: {A: "$(touch bad) \' `touch worse`"}\n')
    shell = plan.shells[0]
    text = entry_script(shell, tmp_path, tmp_path / "x", venv_variables(shell, "/p", "a b'c.txt"), None)
    assert "export A='$(touch bad) '\"'\"' `touch worse`'\n" in text
    assert "PYENVSPEC_REQUIREMENTS='a b'\"'\"'c.txt'\n" in text


def test_a_variant_that_is_not_there_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "env.yaml").write_text("python: 3.11\n")
    assert run(["shell", "--host", "-C", str(tmp_path), "gpu"]) == 2
    assert "there is default" in capsys.readouterr().err


def test_a_relative_cache_folder_counts_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    assert _place(tmp_path / "lab", "default").parent == tmp_path / ".cache" / "pyenvspec" / "host"


def test_the_shell_has_venv_variables_scripts_and_on_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real one, with this Python, nothing to install."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    lab = tmp_path / "lab"
    lab.mkdir()
    (lab / "env.yaml").write_text(
        f"python: {HERE}\n"
        "env: {DATA: '${project}/data'}\n"
        "scripts: {where: \"python -c 'import sys; print(sys.prefix)'\"}\n"
        "dotenv: [.env]\n"
        "on_enter: export ENTERED=yes\n"
    )
    (lab / ".env").write_text("TOKEN=secret\n")
    code = 'where > told; printf "%s\\n" "$DATA" "$TOKEN" "$ENTERED" >> told; exit 7'
    pid = os.fork()
    if pid == 0:  # becomes the shell
        try:
            run(["shell", "-q", "--host", "-C", str(lab), "--", "bash", "-c", code])
        finally:
            os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    told = (lab / "told").read_text().splitlines()
    assert told == [str(lab / ".venv"), str(lab / "data"), "secret", "yes"]
    assert not (lab / "flake.nix").exists()


def test_what_is_offered_after_a_failure_is_typed_outside_of_the_shell(tmp_path: Path) -> None:
    """After `shell -- CMD` the shell is gone, and `pip` is the one of pyenvspec: it must not be told to install."""
    lab = tmp_path / "my lab"
    lab.mkdir()
    (lab / "env.yaml").write_text(f"python: {{version: {HERE}, manager: pip}}\nvariants: {{cpu: {{}}}}\n")
    (lab / "requirements.txt").write_text("--no-index\nno-such-package==1.0\n")
    bin_folder = Path(sys.executable).parent
    env = {
        **os.environ,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
    }
    opened = subprocess.run(
        ["pyenvspec", "shell", "--host", "cpu", "--", "true"],
        cwd=lab,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    command = opened.stderr.split("what it means, and what to do: ")[1].splitlines()[0]
    again = f"pyenvspec shell -C {shlex.quote(str(lab))} --host cpu -- true 2>&1 | pyenvspec diagnose"
    assert command.replace("\\ ", " ") == again.replace("'", "")
    told = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert "no-such-package" in told.stdout + told.stderr


def test_what_is_built_after_the_rest_is_so_without_nix(tmp_path: Path) -> None:
    lab = tmp_path / "lab"
    lab.mkdir()
    text = f"python: {{version: {HERE}, manager: pip, build_after: [flash-attn]}}\n"
    (lab / "requirements.txt").write_text("flash-attn==2.6.3\n")
    shell = plan_of(lab, text).shells[0]
    told = venv_variables(shell, sys.executable, "requirements.txt")
    assert told["PYENVSPEC_AFTER"] == "flash-attn"
    assert Path(told["PYENVSPEC_BUILD_AFTER"]).is_file()
    assert f"unset {' '.join(told)}\n" in entry_script(shell, lab, tmp_path, told, None)


def test_a_python_of_pyenv_is_found_that_its_shims_do_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("3.9.2", "3.9.18", "3.10.1"):
        program = tmp_path / "versions" / version / "bin" / "python3"
        program.parent.mkdir(parents=True)
        program.touch()
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    found = [Path(one).parts[-3] for one in python._of_pyenv("3.9")]
    assert found == ["3.9.18", "3.9.2"]
    assert [Path(one).parts[-3] for one in python._of_pyenv("3.10.1")] == ["3.10.1"]

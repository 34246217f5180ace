"""The runner: ordinary results for whatever a program does, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pyenvspec import tools
from pyenvspec.next_step import has_nix
from pyenvspec.tools import NOT_FOUND, NOT_STARTED, Result, SystemRunner, exec_or_run, nix_argv

ROOT = Path(__file__).parents[2]


def run_python(code: str, **how: object) -> Result:
    return SystemRunner().run((sys.executable, "-c", code), **how)  # type: ignore[arg-type]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_output_input_code_and_folder_come_through(tmp_path: Path) -> None:
    code = "import sys, os; print(sys.stdin.read(), os.getcwd()); print('é', file=sys.stderr); sys.exit(7)"
    result = run_python(code, input="in", cwd=tmp_path, env={"PYTHONIOENCODING": "utf-8"})
    assert (result.returncode, result.stdout, result.stderr) == (7, f"in {tmp_path}\n", "é\n")
    assert not result.ok and not result.missing and not result.timed_out


def test_without_input_there_is_nothing_to_read() -> None:
    assert run_python("import sys; print(repr(sys.stdin.read()))").stdout == "''\n"


def test_variables_are_set_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYENVSPEC_A", "1")
    monkeypatch.setenv("PYENVSPEC_B", "2")
    code = "import os; print(*(os.environ.get(f'PYENVSPEC_{n}') for n in 'ABC'))"
    assert run_python(code, env={"PYENVSPEC_A": None, "PYENVSPEC_C": "3"}).stdout == "None 2 3\n"


def test_a_missing_program_is_an_ordinary_result() -> None:
    result = SystemRunner().run(("pyenvspec-no-such-program", "x y"))
    assert result.missing and result.returncode == NOT_FOUND and not result.ok


def test_a_missing_folder_is_not_taken_for_a_missing_program(tmp_path: Path) -> None:
    result = SystemRunner().run((sys.executable,), cwd=tmp_path / "gone")
    assert (result.returncode, result.missing) == (NOT_STARTED, False)


def test_a_program_that_cannot_be_started_is_an_ordinary_result(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"\x00nonsense")
    (tmp_path / "program").chmod(0o755)
    assert SystemRunner().run((str(tmp_path / "program"),)).returncode == NOT_STARTED


def test_a_timeout_stops_the_program_and_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "_GRACE", 0.2)
    script = "trap '' TERM; sleep 60 & echo $! > child; echo $$ > self; echo out; wait; sleep 60"
    before = time.monotonic()
    result = SystemRunner().run(("sh", "-c", script), timeout=0.5, cwd=tmp_path)
    assert result.timed_out and not result.ok and result.stdout == "out\n"
    assert time.monotonic() - before < 10
    pids = [int((tmp_path / name).read_text()) for name in ("child", "self")]
    deadline = time.monotonic() + 5
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_running, pids))


def test_a_group_that_may_not_be_signalled_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int, number: int) -> None:
        raise PermissionError(number)  # macOS, of a group whose processes have all ended

    monkeypatch.setattr(os, "killpg", refuse)
    monkeypatch.setattr(tools, "_GRACE", 5)
    assert SystemRunner().run(("sleep", "0.5"), timeout=0.1).timed_out


def test_a_user_without_a_home_folder_has_no_nix_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `~` stays as it is for a numeric user of a container without HOME, and may be a folder of the project.
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.chdir(tmp_path)
    for variable, folder in (("", "~/.local/share"), ("lab", "lab")):
        monkeypatch.setenv("XDG_DATA_HOME", variable)
        program = tmp_path / folder / "pyenvspec/nix/bin/nix"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        assert tools.own_nix() is None
        assert has_nix() is False or tools.has_program("nix")


def test_a_daemon_that_keeps_the_pipes_is_not_waited_for() -> None:
    before = time.monotonic()
    result = SystemRunner().run(("sh", "-c", "sleep 30 & echo $!"))
    assert time.monotonic() - before < 10
    os.kill(int(result.stdout), signal.SIGKILL)
    assert result.ok


def test_a_program_that_does_not_read_its_input_is_no_problem() -> None:
    assert run_python("pass", input="x" * 1_000_000).ok


def test_large_streams_flow_both_ways() -> None:
    code = "import sys, shutil; shutil.copyfileobj(sys.stdin, sys.stdout)"
    text = "0123456789" * 200_000
    assert run_python(code, input=text).stdout == text


def test_output_is_cut_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "OUTPUT_LIMIT", 1000)
    code = "import sys; t = 'a' * 500_000; sys.stdout.write('b' + t); sys.stderr.write(t + 'b')"
    result = run_python(code)
    assert (len(result.stdout), len(result.stderr)) == (1000, 1000)
    assert result.stdout.startswith("b") and result.stderr.endswith("b")


def test_output_that_is_not_utf8_is_still_text() -> None:
    code = r"import sys; sys.stdout.buffer.write(b'\xff')"
    assert run_python(code).stdout == "\\xff"


def test_a_signal_is_a_negative_code() -> None:
    assert run_python("import os; os.kill(os.getpid(), 9)").returncode == -9


def test_nix_commands_switch_flakes_on() -> None:
    assert nix_argv("eval", ".#x") == (
        "nix",
        "--extra-experimental-features",
        "nix-command flakes",
        "eval",
        ".#x",
    )


def in_new_python(code: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from pyenvspec.tools import *\n{code}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


def test_exec_becomes_the_program(tmp_path: Path) -> None:
    result = in_new_python(
        f"print('before'); exec_or_run(('sh', '-c', 'pwd; exit 9'), cwd=Path({str(tmp_path)!r}))"
    )
    assert (result.returncode, result.stdout) == (9, f"before\n{tmp_path}\n")


def test_exec_gives_the_program_its_signals_back() -> None:
    assert in_new_python("exec_or_run(('sh', '-c', 'kill -PIPE $$; echo ignored'))").stdout == ""


@pytest.mark.parametrize("stay", [False, True])
def test_exec_of_a_missing_program_returns(stay: bool) -> None:
    assert exec_or_run(("pyenvspec-no-such-program",), stay=stay) == NOT_FOUND


def test_staying_passes_codes_and_signals_on() -> None:
    assert in_new_python("sys.exit(exec_or_run(('sh', '-c', 'kill -9 $$'), stay=True))").returncode == 137
    script = "trap 'exit 5' TERM; kill -TERM $PPID; while :; do sleep 0.05; done"
    assert in_new_python(f"sys.exit(exec_or_run(('sh', '-c', {script!r}), stay=True))").returncode == 5


def test_what_nohup_ignores_stays_ignored() -> None:
    code = (
        "import signal; from pyenvspec.tools import run_overheard; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
        "sys.exit(run_overheard(('sh', '-c', 'kill -HUP $PPID; sleep 0.2; exit 5'))[0])"
    )
    assert in_new_python(code).returncode == 5
    assert in_new_python(code.replace("SIG_IGN", "SIG_DFL")).returncode == 129


def test_importing_does_not_load_subprocess() -> None:
    modules = "pyenvspec.writing.write, pyenvspec.writing.checkout"
    code = f"import {modules}; sys.stdout.write(str('subprocess' in sys.modules))"
    assert in_new_python(code).stdout == "False"

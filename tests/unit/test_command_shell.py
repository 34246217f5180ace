"""The command line that `pyenvspec shell` shows and becomes."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pytest

from pyenvspec.cli import run
from pyenvspec.commands.shell import develop_argv
from pyenvspec.driver import load_plan
from pyenvspec.next_step import next_step, open_command
from pyenvspec.tools import run_overheard

FEATURES = ("nix", "--extra-experimental-features", "nix-command flakes", "develop")


def write(folder: Path, *lines: str) -> Path:
    (folder / "env.yaml").write_text("\n".join(["python: 3.12", *lines]) + "\n")
    return folder


def test_without_a_command_it_is_for_typing_in(tmp_path: Path) -> None:
    plan = load_plan(write(tmp_path))
    assert develop_argv(plan, "default", ()) == (*FEATURES, ".#default", "--accept-flake-config")


def test_a_command_keeps_its_words(tmp_path: Path) -> None:
    plan = load_plan(write(tmp_path, "variants: {cpu: {env: {A: 1}}}"))
    argv = develop_argv(plan, "cpu", ("echo", "a b", "--command"))
    assert argv[len(FEATURES) :] == (
        ".#cpu",
        "--accept-flake-config",
        "--command",
        "echo",
        "a b",
        "--command",
    )


@pytest.mark.parametrize(
    "lines", ["caches: [{url: 'https://x.example', key: 'x-1:AAAA'}]", "generate: {flake: false}"]
)
def test_nix_asks_itself_about_caches_that_are_not_known(tmp_path: Path, lines: str) -> None:
    assert "--accept-flake-config" not in develop_argv(load_plan(write(tmp_path, lines)), "default", ())


def test_known_caches_are_accepted(tmp_path: Path) -> None:
    plan = load_plan(write(tmp_path, "caches: [nix-community]"))
    assert "--accept-flake-config" in develop_argv(plan, "default", ())


def test_a_variant_that_is_not_there_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "variants: {cpu: {env: {A: 1}}}")
    assert run(["shell", "-C", str(tmp_path), "gpu"]) == 2
    assert "there is default, cpu" in capsys.readouterr().err
    assert not (tmp_path / "flake.nix").exists()


def test_without_nix_it_says_where_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert run(["shell", "--", "true"]) == 127
    told = capsys.readouterr().err
    assert "--command true" in told
    assert "`nix` is not installed" in told


def test_a_shell_that_is_made_for_other_systems_says_which_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyenvspec.commands.shell.this_system", lambda: "aarch64-darwin")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    write(tmp_path, "cuda: 12.8", "variants: {mac: {cuda: null}}")
    assert run(["shell", "-C", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "the shell `default` is made for x86_64-linux, aarch64-linux; this is aarch64-darwin" in told
    assert "pyenvspec shell mac" in told
    assert run(["shell", "-C", str(tmp_path), "mac"]) == 127


# A Nix that makes what `nix develop --profile` and entering make, or fails as FAILS says.
NIX = """\
#!/bin/bash
[[ ! -t 2 ]] || echo "on a terminal of $(stty size <&2)" >&2
echo "nix ${*:3}" >>"$CALLS"
if [[ -n ${WAITS-} ]]; then
  trap 'echo "error: interrupted by the user" >&2; exit 1' INT TERM
  touch "$WAITS"
  while :; do sleep 0.05; done
fi
if [[ -n ${FAILS-} ]]; then printf '%s\\n' "$FAILS" >&2; exit "${CODE:-1}"; fi
if [[ $3 == develop ]]; then
  [[ -n $PYENVSPEC_ONLY_KEEP ]] || exit 9
  touch "$PYENVSPEC_KEEP/profile"
  printf %s "$BASH" >"$PYENVSPEC_KEEP/bash"
  mv "$PYENVSPEC_KEEP/stamp.new" "$PYENVSPEC_KEEP/stamp"
else
  echo 'export SEED=42'
fi
"""


@pytest.fixture
def nix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put such a Nix on PATH; return the project, with a cache folder of its own."""
    program = tmp_path / "bin" / "nix"
    program.parent.mkdir()
    program.write_text(NIX)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    project = tmp_path / "lab"
    project.mkdir()
    return write(project)


def typed(project: Path, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    argv = [str(Path(sys.executable).with_name("pyenvspec")), "shell", *words]
    return subprocess.run(argv, cwd=project, text=True, check=False, timeout=60, **options)


def test_nix_makes_the_shell_and_the_command_takes_our_place(nix: Path) -> None:
    ran = typed(nix, "--", "bash", "-c", 'echo "$SEED $PPID"; exit 7', capture_output=True)
    assert ran.returncode == 7
    assert ran.stdout == f"42 {os.getpid()}\n"
    assert "$ nix" in ran.stderr
    assert (nix.parent / "calls").read_text().count("nix develop") == 1


def test_commands_from_a_pipe_run_in_the_shell(nix: Path) -> None:
    for _ in range(2):  # made, and from what is kept
        ran = typed(nix, input='echo "$SEED"\nexit 7\n', capture_output=True)
        assert (ran.returncode, ran.stdout) == (7, "42\n")


def test_what_a_failure_means_is_told_below_it(nix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILS", "error: experimental Nix feature 'nix-command' is disabled")
    ran = typed(nix, capture_output=True)
    assert ran.returncode == 1
    said, meant = ran.stderr.split("What this means:")
    assert "is disabled" in said
    assert "experimental-features" in meant
    assert "line 1" not in meant


def test_of_a_failure_that_is_not_known_the_next_step_is_told(
    nix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAILS", "error: the moon is full")
    ran = typed(nix, capture_output=True)
    assert ran.returncode == 1
    assert "Nothing of this is known" in ran.stderr
    monkeypatch.setenv("CODE", "130")
    assert "known" not in typed(nix, capture_output=True).stderr


def test_on_a_terminal_nix_has_one_too(nix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILS", "error: the moon is full")
    ours, end = os.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 111, 0, 0))
    assert typed(nix, stdin=end, stdout=end, stderr=end).returncode == 1
    os.close(end)
    said = b""
    while True:
        try:
            said += os.read(ours, 65536)
        except OSError:
            break
    os.close(ours)
    assert b"on a terminal of 33 111" in said
    assert b"\r\r" not in said


@pytest.mark.parametrize(("number", "is_of_terminal"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_what_was_interrupted_is_no_failure_to_explain(
    number: int, is_of_terminal: bool, nix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = tmp_path / "waits"
    monkeypatch.setenv("WAITS", str(waits))
    program = str(Path(sys.executable).with_name("pyenvspec"))
    process = subprocess.Popen((program, "shell"), cwd=nix, stderr=subprocess.PIPE, start_new_session=True)
    try:
        for _ in range(600):
            if waits.exists():
                break
            time.sleep(0.05)
        # A terminal sends it to all who run on it.
        (os.killpg if is_of_terminal else os.kill)(process.pid, number)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 128 + number
    assert b"interrupted" in said
    assert b"known" not in said


def test_on_a_machine_without_pseudo_terminals_nix_gets_none(
    nix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError(errno.ENOENT, "out of pty devices")

    monkeypatch.setattr(os, "isatty", lambda number: True)
    monkeypatch.setattr(os, "openpty", refuse)
    code, output = run_overheard(("bash", "-c", "echo said >&2; exit 3"))
    assert (code, output) == (3, "said\n")


def test_a_stderr_that_is_closed_is_no_bug(nix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILS", "error: the moon is full")
    assert typed(nix, preexec_fn=lambda: os.close(2)).returncode == 1
    assert (
        typed(nix, "--print-env", preexec_fn=lambda: os.close(2), stdout=subprocess.DEVNULL).returncode == 1
    )


def test_a_nix_that_cannot_be_started_is_told(nix: Path) -> None:
    (nix.parent / "bin" / "nix").write_bytes(b"\x7fELF of another machine")
    ran = typed(nix, capture_output=True)
    assert ran.returncode == 126
    assert "`nix` cannot be started" in ran.stderr
    assert "known" not in ran.stderr


def test_what_to_type_next_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyenvspec.next_step.own_nix", lambda: None)
    monkeypatch.setattr("pyenvspec.next_step.has_program", lambda name: name == "nix")
    assert next_step(open_command(tmp_path)) == f"Now run `pyenvspec shell -C {tmp_path}`."
    monkeypatch.chdir(tmp_path)
    assert next_step(open_command(tmp_path)) == "Now run `pyenvspec shell`."
    monkeypatch.setattr("pyenvspec.next_step.has_program", lambda name: False)
    assert next_step(open_command(tmp_path)) == (
        "Now run `pyenvspec get-nix`, then `pyenvspec shell`; or without Nix: `pyenvspec shell --host`."
    )
    assert next_step("uv lock") == "Now run `uv lock`."

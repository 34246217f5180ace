"""The only place that starts programs: argv lists in, a `Result` out, never a shell.

A program that is missing, fails or takes too long is an ordinary result; the caller decides what that means.
`subprocess` is imported at the first use, so that a compile with nothing to ask pays nothing for it.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

from pyenvspec.records import dataclass

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence
    from typing import IO

NOT_FOUND = 127
NOT_STARTED = 126
"""Return codes of a program that is missing, or there and cannot be started; the shell's own."""

OUTPUT_LIMIT = 64 * 1024 * 1024
"""Bytes kept of each stream: the beginning of stdout, the end of stderr, where the error is."""

_GRACE = 2.0  # seconds between SIGTERM and SIGKILL


@dataclass(frozen=True)
class Result:
    """How a program ended; `returncode` is negative for a signal. Output is "" when it was not captured."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str = ""
    stderr: str = ""
    missing: bool = False
    timed_out: bool = False
    is_cut: bool = False
    """Whether stdout was longer than what is kept of it: what is missing may be what matters."""

    @property
    def ok(self) -> bool:
        """Whether the program was found, ended in time, reported success and gave an answer that is whole."""
        return self.returncode == 0 and not self.timed_out and not self.is_cut


class Runner(Protocol):
    """Runs programs; tests give the passes one that only pretends."""

    def run(  # noqa: PLR0913 -- subprocess.run's own names and number
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        input: str | None = None,
        timeout: float | None = None,
        env: Mapping[str, str | None] | None = None,
        capture: bool = True,
    ) -> Result:
        """Run to the end. `env` changes single variables, None takes one away."""
        ...


class SystemRunner:
    """The real thing."""

    def run(  # noqa: PLR0913 -- subprocess.run's own names and number
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        input: str | None = None,
        timeout: float | None = None,
        env: Mapping[str, str | None] | None = None,
        capture: bool = True,
    ) -> Result:
        """Run to the end; past `timeout` the program goes, with everything that it started.

        Captured programs get a session of their own: they cannot hang with a question on the terminal.
        Others share ours, so that ^C and job control work as the user expects.
        """
        from contextlib import ExitStack
        from tempfile import TemporaryFile

        argv = tuple(argv)
        with ExitStack() as stack:
            try:
                # Files and not pipes: nothing has to be read while it runs, however much it writes, and whatever
                # it leaves behind may keep them open.
                streams = [stack.enter_context(TemporaryFile()) for _ in range(3)] if capture else []
                if streams and input:
                    # Texts may hold names of files, which are any bytes.
                    streams[0].write(input.encode("utf-8", "surrogateescape"))
                    streams[0].seek(0)
                process = _start(argv, cwd, env, streams, own_group=capture or timeout is not None)
            except OSError as error:
                return _not_started(argv, cwd, error)
            timed_out = _wait(process, timeout, own_group=capture or timeout is not None)
            size = [os.fstat(stream.fileno()).st_size for stream in streams]
            stdout, stderr = (
                (_read(streams[1], 0), _read(streams[2], size[2] - OUTPUT_LIMIT)) if size else ("", "")
            )
            is_cut = bool(size) and size[1] > OUTPUT_LIMIT
            return Result(argv, process.returncode, stdout, stderr, timed_out=timed_out, is_cut=is_cut)


def _start(
    argv: tuple[str, ...],
    cwd: Path | None,
    env: Mapping[str, str | None] | None,
    streams: Sequence[IO[bytes]],
    *,
    own_group: bool,
) -> subprocess.Popen[bytes]:
    import subprocess

    # What it starts in turn is not to come out of the project either.
    merged = merged_env({**(env or {}), "PATH": os.pathsep.join(search_path())})
    stdin, stdout, stderr = streams or (None, None, None)
    program = _find(argv[0])
    return subprocess.Popen(
        (program, *argv[1:]),
        cwd=cwd,
        env=merged,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=own_group,
    )


def _find(program: str) -> str:
    """Return the path of a program; a Nix that `pyenvspec get-nix` brought is on nobody's PATH."""
    try:
        return find_program(program)
    except FileNotFoundError:
        own = own_nix() if program == "nix" else None
        if own is None:
            raise
        return str(own)


def _wait(process: subprocess.Popen[bytes], timeout: float | None, *, own_group: bool) -> bool:
    """Wait for the end of a program; return whether it took too long, and was stopped."""
    import subprocess

    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        _stop(process, own_group=own_group)
        return True
    # ^C too: what was started must not outlive us.
    except BaseException:
        _stop(process, own_group=own_group)
        raise
    return False


def _read(stream: IO[bytes], start: int) -> str:
    stream.seek(max(start, 0))
    # Whatever its encoding is, a finding may show it.
    return stream.read(OUTPUT_LIMIT).decode("utf-8", "backslashreplace")


def search_path() -> list[str]:
    """Return the folders of PATH; relative ones are left out, since they lead into whatever project one stands in."""
    return [folder for folder in os.get_exec_path() if os.path.isabs(folder)]  # noqa: PTH117 (a text)


def find_program(name: str) -> str:
    """Return the whole path of a program; raises FileNotFoundError where PATH has none."""
    if os.path.isabs(name):  # noqa: PTH117
        return name
    for folder in search_path():
        program = os.path.join(folder, name)  # noqa: PTH118
        if os.access(program, os.X_OK) and not os.path.isdir(program):  # noqa: PTH112
            return program
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)


def has_program(name: str) -> bool:
    """Whether PATH has a program."""
    try:
        return bool(find_program(name))
    except FileNotFoundError:
        return False


def merged_env(changes: Mapping[str, str | None] | None) -> dict[str, str] | None:
    """Our environment with `changes` made; None when there are none."""
    if changes is None:
        return None
    merged = {**os.environ, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def home_folder() -> Path:
    """Return the user's home folder; where none is known, one that is never there."""
    home = os.path.expanduser("~")  # noqa: PTH111 -- `Path.home()` raises where none is known
    # A numeric user of a container is in no passwd, and HOME may be unset: `~` would be a folder of the project then.
    return Path(home if os.path.isabs(home) else "/nonexistent")  # noqa: PTH117 (a text)


def user_folder(variable: str, below_home: str) -> Path:
    """Return a folder of the user's: what a variable of the XDG specification says, or one below the home folder."""
    path = Path(os.environ.get(variable, ""))
    # A relative one counts as none, as the specification says: it would lead into whatever project one stands in.
    return path if path.is_absolute() else home_folder() / below_home


def own_nix_folder() -> Path:
    """Where `pyenvspec get-nix` puts what it brings."""
    return user_folder("XDG_DATA_HOME", ".local/share") / "pyenvspec"


def own_nix() -> Path | None:
    """The Nix that `pyenvspec get-nix` brought, or None."""
    program = own_nix_folder() / "nix" / "bin" / "nix"
    return program if os.access(program, os.X_OK) else None


def nix_argv(*arguments: str) -> tuple[str, ...]:
    """A `nix` command that works whether or not the user has switched flakes on; PATH comes before our own."""
    program = "nix" if has_program("nix") else str(own_nix() or "nix")
    return (program, "--extra-experimental-features", "nix-command flakes", *arguments)


def exec_or_run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    stay: bool = False,
    talks: bool = False,
) -> int:
    """Become `argv`, so that signals, terminal and exit code are its own; return only when that fails.

    With `stay` this process waits for it instead, passes signals on, and returns its exit code as a shell
    would say it (128 + N for signal N). One that `talks` has its stdout on stderr, and we stay too.
    """
    _flush()
    if stay or talks:
        return _run_through(tuple(argv), cwd, env, talks=talks)[0]
    try:
        program = find_program(argv[0])
        if cwd is not None:
            os.chdir(cwd)
        _exec(program, tuple(argv), merged_env(env))
    except FileNotFoundError:
        return NOT_FOUND
    except OSError:
        return NOT_STARTED


def run_overheard(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    talks: bool = False,
) -> tuple[int, str]:
    """Wait for `argv` on our terminal; return its exit code as a shell would say it, and the end of its stderr.

    Of one that `talks` stdout goes there too. One that fails after ^C or another signal is as good as ended by it:
    Nix says then that it failed.
    """
    import signal

    from pyenvspec.terminal import Overheard

    _flush()
    overheard = Overheard()
    before = signal.signal(signal.SIGWINCH, lambda *_: overheard.fit())
    try:
        code, signals = _run_through(tuple(argv), cwd, env, talks=talks, stderr=overheard.end)
    finally:
        signal.signal(signal.SIGWINCH, before)
        output = overheard.close()
    return (128 + signals[0] if code and signals else code), output


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # closed by whoever started us
            stream.flush()


def _exec(program: str, argv: tuple[str, ...], env: dict[str, str] | None) -> NoReturn:
    import signal

    # Python ignores these two; the program must find them as any shell would give them.
    ours = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGPIPE, signal.SIGXFSZ)}
    try:
        os.execve(program, argv, os.environ if env is None else env)  # noqa: S606 -- an argv, no shell
    finally:
        # Only where it could not be started: otherwise nothing of ours is left to come here.
        for number, handler in ours.items():
            signal.signal(number, handler)


def _run_through(
    argv: tuple[str, ...],
    cwd: Path | None,
    env: Mapping[str, str | None] | None,
    *,
    talks: bool = False,
    stderr: int | None = None,
) -> tuple[int, list[int]]:
    """Return the exit code, and the signals that were to end it."""
    import signal
    import subprocess

    heard: list[int] = []

    passed_on = {signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2}
    # A program may signal us before its handler is there; until then signals wait, for us and not for the program.
    signal.pthread_sigmask(signal.SIG_BLOCK, passed_on)
    try:
        process = subprocess.Popen(
            (find_program(argv[0]), *argv[1:]),
            cwd=cwd,
            env=merged_env(env),
            stdout=None if not talks else sys.stderr if stderr is None else stderr,
            stderr=stderr,
            preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on),
        )
    except OSError as error:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on)
        return _not_started(argv, cwd, error).returncode, heard

    # The terminal sends ^C and ^\ to the program itself, which decides; the others reach only us.
    def hear(received: int, _: object) -> None:
        if received not in (signal.SIGUSR1, signal.SIGUSR2):
            heard.append(received)
        if received in passed_on:
            process.send_signal(received)

    # What is ignored stays so: `nohup`.
    ours = (n for n in (signal.SIGINT, signal.SIGQUIT, *passed_on) if signal.getsignal(n) != signal.SIG_IGN)
    handlers = {number: signal.signal(number, hear) for number in ours}
    signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on)
    try:
        code = process.wait()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return (128 - code if code < 0 else code), heard


def _not_started(argv: tuple[str, ...], cwd: Path | None, error: OSError) -> Result:
    # A missing working folder is reported with the same error as a missing program.
    missing = isinstance(error, FileNotFoundError) and (cwd is None or Path(cwd).is_dir())
    return Result(argv, NOT_FOUND if missing else NOT_STARTED, stderr=str(error), missing=missing)


def _stop(process: subprocess.Popen[bytes], *, own_group: bool) -> None:
    """End a program with all that it started: politely, then not."""
    import signal
    import subprocess

    # SIGKILL in any case: the program may be gone, and what it started still there.
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            if own_group:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
        # EPERM: macOS answers so of a group in which all have ended, and nobody has waited for them yet.
        except (ProcessLookupError, PermissionError):
            pass
        if number is signal.SIGTERM:
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                continue
    process.wait()

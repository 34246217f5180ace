"""The only place that starts programs: argv lists in, a `Result` out, never a shell.

A program that is missing, fails or takes too long is an ordinary result; the caller decides what that means.
`subprocess` is imported at the first use, so that a compile with nothing to ask pays nothing for it.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn, Protocol

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence

NOT_FOUND = 127
NOT_STARTED = 126
"""Return codes of a program that is missing, or there and cannot be started; the shell's own."""

OUTPUT_LIMIT = 64 * 1024 * 1024
"""Bytes kept of each stream: the beginning of stdout, the end of stderr, where the error is."""

_GRACE = 2.0  # seconds between SIGTERM and SIGKILL
_DRAIN = 0.5  # seconds that output is still read after the program itself has ended
_POLL = 0.05
_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Result:
    """How a program ended; `returncode` is negative for a signal. Output is "" when it was not captured."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str = ""
    stderr: str = ""
    missing: bool = False
    timed_out: bool = False
    truncated: bool = False

    @property
    def ok(self) -> bool:
        """Whether the program was found, ended in time and reported success."""
        return self.returncode == 0 and not self.timed_out

    def describe(self) -> str:
        """Command, way of ending and both streams, for an error message."""
        if self.missing:
            return f"{shlex.join(self.argv)}: `{self.argv[0]}` is not installed"
        end = "took too long and was stopped" if self.timed_out else f"ended with {self.returncode}"
        streams = (("stdout", self.stdout), ("stderr", self.stderr))
        shown = [f"{name}:\n{text.rstrip()}" for name, text in streams if text]
        return "\n".join([f"{shlex.join(self.argv)}: {end}", *shown])


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
        import subprocess

        argv = tuple(argv)
        given = subprocess.PIPE if input is not None else subprocess.DEVNULL if capture else None
        pipe = subprocess.PIPE if capture else None
        own_group = capture or timeout is not None
        try:
            process = subprocess.Popen(
                argv,
                cwd=cwd,
                env=merged_env(env),
                stdin=given,
                stdout=pipe,
                stderr=pipe,
                start_new_session=own_group,
            )
        except OSError as error:
            return _not_started(argv, cwd, error)
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            streams = _Streams(process, (input or "").encode("utf-8", "surrogateescape"))
            timed_out = not streams.pump(deadline)
        except BaseException:
            _stop(process, own_group=own_group)
            raise
        if timed_out:
            _stop(process, own_group=own_group)
        stdout, stderr = streams.close()
        return Result(
            argv,
            process.returncode,
            stdout,
            stderr,
            timed_out=timed_out,
            truncated=streams.truncated,
        )


def merged_env(changes: Mapping[str, str | None] | None) -> dict[str, str] | None:
    """Our environment with `changes` made; None when there are none."""
    if changes is None:
        return None
    merged = {**os.environ, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def own_nix_folder() -> Path:
    """Where `pyenvspec get-nix` puts what it brings."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "pyenvspec"


def own_nix() -> Path | None:
    """The Nix that `pyenvspec get-nix` brought, or None."""
    program = own_nix_folder() / "nix" / "bin" / "nix"
    return program if os.access(program, os.X_OK) else None


def nix_argv(*arguments: str) -> tuple[str, ...]:
    """A `nix` command that works whether or not the user has switched flakes on; PATH comes before our own."""
    import shutil

    program = "nix" if shutil.which("nix") else str(own_nix() or "nix")
    return (program, "--extra-experimental-features", "nix-command flakes", *arguments)


def exec_or_run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    stay: bool = False,
) -> int:
    """Become `argv`, so that signals, terminal and exit code are its own; return only when that fails.

    With `stay` this process waits for it instead, passes signals on, and returns its exit code as a shell
    would say it (128 + N for signal N).
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if stay:
        return _run_through(tuple(argv), cwd, env)
    try:
        if cwd is not None:
            os.chdir(cwd)
        _exec(tuple(argv), merged_env(env))
    except FileNotFoundError:
        return NOT_FOUND
    except OSError:
        return NOT_STARTED


def _exec(argv: tuple[str, ...], env: dict[str, str] | None) -> NoReturn:
    import signal

    # Python ignores these two; the program must find them as any shell would give them.
    ours = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGPIPE, signal.SIGXFSZ)}
    try:
        os.execvpe(argv[0], argv, os.environ if env is None else env)  # noqa: S606 -- an argv, no shell
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)


def _run_through(argv: tuple[str, ...], cwd: Path | None, env: Mapping[str, str | None] | None) -> int:
    import signal
    import subprocess

    passed_on = {signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2}
    # A program may signal us before its handler is there; until then signals wait, for us and not for the program.
    signal.pthread_sigmask(signal.SIG_BLOCK, passed_on)
    try:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=merged_env(env),
            preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on),
        )
    except OSError as error:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on)
        return _not_started(argv, cwd, error).returncode
    # The terminal sends ^C and ^\ to the program itself, which decides; the others reach only us.
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGQUIT)}
    for number in passed_on:
        handlers[number] = signal.signal(number, lambda received, _: process.send_signal(received))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on)
    try:
        code = process.wait()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return 128 - code if code < 0 else code


def _not_started(argv: tuple[str, ...], cwd: Path | None, error: OSError) -> Result:
    # A missing working folder is reported with the same error as a missing program.
    missing = isinstance(error, FileNotFoundError) and (cwd is None or Path(cwd).is_dir())
    return Result(argv, NOT_FOUND if missing else NOT_STARTED, stderr=str(error), missing=missing)


def _stop(process: subprocess.Popen[bytes], *, own_group: bool) -> None:
    """End a program with all that it started: politely, then not."""
    import signal
    import subprocess

    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            if own_group:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
        except ProcessLookupError:
            pass
        if number is signal.SIGTERM:
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                continue
    process.wait()


class _Streams:
    """Feeds and drains the pipes of a program, without ever blocking on one of them."""

    def __init__(self, process: subprocess.Popen[bytes], given: bytes) -> None:
        import selectors

        self._process = process
        self._rest = memoryview(given)
        self._kept: dict[IO[bytes], bytearray] = {}
        self.truncated = False
        self._selector = selectors.DefaultSelector()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                self._kept[stream] = bytearray()
                self._watch(stream, selectors.EVENT_READ)
        if process.stdin is not None:
            self._watch(process.stdin, selectors.EVENT_WRITE)

    def _watch(self, stream: IO[bytes], event: int) -> None:
        os.set_blocking(stream.fileno(), False)
        self._selector.register(stream, event)

    def _forget(self, stream: IO[bytes]) -> None:
        self._selector.unregister(stream)
        stream.close()

    def pump(self, deadline: float | None) -> bool:
        """Until the program has ended and its output is read; False when `deadline` comes first."""
        ended: float | None = None
        while self._selector.get_map():
            now = time.monotonic()
            if deadline is not None and now >= deadline and self._process.poll() is None:
                return False
            # A daemon that it left behind may hold the pipes for ever; that is not waited for.
            if ended is None and self._process.poll() is not None:
                ended = now
            if ended is not None and now >= ended + _DRAIN:
                return True
            for key, _ in self._selector.select(_POLL):
                self._move(key.fileobj)  # type: ignore[arg-type]  # only streams are registered
        return self._wait(deadline)

    def _wait(self, deadline: float | None) -> bool:
        import subprocess

        try:
            self._process.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True

    def _move(self, stream: IO[bytes]) -> None:
        try:
            if stream is self._process.stdin:
                self._feed(stream)
            else:
                self._drain(stream)
        except BlockingIOError:
            pass
        except BrokenPipeError:  # it does not read to the end: its own business
            self._forget(stream)

    def _feed(self, stream: IO[bytes]) -> None:
        if self._rest:
            self._rest = self._rest[os.write(stream.fileno(), self._rest[:_CHUNK]) :]
        if not self._rest:
            self._forget(stream)

    def _drain(self, stream: IO[bytes]) -> None:
        chunk = os.read(stream.fileno(), _CHUNK)
        if not chunk:
            self._forget(stream)
            return
        kept = self._kept[stream]
        if stream is self._process.stderr:
            kept += chunk
            if len(kept) > 2 * OUTPUT_LIMIT:  # cut rarely: each cut moves all that stays
                del kept[:-OUTPUT_LIMIT]
                self.truncated = True
        else:
            self.truncated |= len(kept) + len(chunk) > OUTPUT_LIMIT
            kept += chunk[: OUTPUT_LIMIT - len(kept)]

    def close(self) -> tuple[str, str]:
        """Both outputs as text, after one last look at what is left in the pipes."""
        for key in list(self._selector.get_map().values()):
            stream: IO[bytes] = key.fileobj  # type: ignore[assignment]  # only streams are registered
            if stream is not self._process.stdin:
                self._move(stream)
            if not stream.closed:
                self._forget(stream)
        self._selector.close()
        texts = {stream: bytes(kept[-OUTPUT_LIMIT:]) for stream, kept in self._kept.items()}
        self.truncated |= any(len(kept) > OUTPUT_LIMIT for kept in self._kept.values())
        stdout, stderr = (
            texts[stream].decode("utf-8", "backslashreplace") if stream in texts else ""
            for stream in (self._process.stdout, self._process.stderr)
        )
        return stdout, stderr

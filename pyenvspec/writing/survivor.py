"""A forked copy of this process that finishes a piece of work if this one is killed in it."""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def survivor(finish: Callable[[], object], *, needed: bool = True) -> Iterator[None]:
    """Have a copy of this process call `finish` if this one dies before the block ends.

    It waits on a pipe, whose end the kernel closes with us. Locks are inherited, so nobody comes in between.
    Where forking is not possible or not safe (other threads may hold locks), the block runs without.
    """
    threads = len(sys._current_frames())
    if not needed or threads > 1 or not hasattr(os, "fork"):
        yield
        return
    reader, writer = os.pipe()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # threads of C libraries, idle here
            pid = os.fork()
    except OSError:
        pid = -1
    if pid == 0:
        _wait_and_finish(finish, reader, writer)
    try:
        yield
    finally:
        with suppress(OSError):
            os.write(writer, b".")
        os.close(writer)
        os.close(reader)
        if pid > 0:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _wait_and_finish(finish: Callable[[], object], reader: int, writer: int) -> NoReturn:
    import signal

    try:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(name, signal.SIG_IGN)
        os.close(writer)
        if not os.read(reader, 1):
            finish()
    finally:
        os._exit(0)  # past every exit handler and buffer of the original

"""Runs writes for test_write_crash in forked children, which strace attaches to before they start.

Protocol, one line each way: root, tab, mode → the child's pid; `go` → how it ended, as `waitpid` tells it.
A forked child has nothing left to import, so the system calls traced are those of the write.
"""

from __future__ import annotations

import ctypes
import fcntl  # noqa: F401 -- loaded before anything is counted
import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from pyenvspec.writing import journal
from pyenvspec.writing.write import WriteError, WriteOptions, apply, plan_writes, recover

if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSED = 3  # a diagnostic for the user
CRASHED = 5  # a traceback
HEADER = b"# Written by pyenvspec from env.yaml; edit that instead.\n"
OLD = {
    ".envrc": HEADER + b"use flake\n",
    "flake.nix": HEADER + b"{ old = 1; }\n",
    "nix/pyenvspec/default.nix": HEADER + b"{ old = 2; }\n",
    "nix/pyenvspec/gone.nix": HEADER,
    "nix/pyenvspec/yours.nix": b"# by hand\n",
}
NEW = {
    ".vscode/settings.json": b'{"$comment": "Written by pyenvspec"}\n',
    "flake.nix": HEADER + b"{ new = 1; }\n",
    "nix/pyenvspec/cuda.nix": HEADER,
    "nix/pyenvspec/default.nix": HEADER + b"{ new = 2; }\n",
    "nix/pyenvspec/yours.nix": HEADER + b"{ new = 3; }\n",
}
AFTER = {**NEW, "nix/pyenvspec/yours.nix.orig": OLD["nix/pyenvspec/yours.nix"]}


@contextmanager
def no_survivor(finish: object, *, needed: bool = True) -> Iterator[None]:
    """Both processes die at once, as with the machine."""
    yield


def act(root: Path, mode: str) -> int:
    try:
        if "recover" in mode:
            recover(root)
        else:
            changes = plan_writes(root, NEW, WriteOptions(force=True))
            apply(changes)
    except WriteError as error:
        return REFUSED if all(found.file and found.hint for found in error.diagnostics) else CRASHED
    return 0


def allow_tracing() -> None:
    """Let strace attach where only ancestors may (Yama), for it is our sibling."""
    if sys.platform == "linux":
        pr_set_ptracer, any_process = 0x59616D61, ctypes.c_ulong(-1)
        ctypes.CDLL(None).prctl(pr_set_ptracer, any_process, 0, 0, 0)


def say(number: int) -> None:
    os.write(sys.stdout.fileno(), f"{number}\n".encode())


def child(root: Path, mode: str) -> None:
    code = CRASHED
    try:
        if "solo" in mode:
            vars(journal)["survivor"] = no_survivor
        allow_tracing()
        say(os.getpid())
        # Waiting for a signal, since reading a pipe would be one of the calls that are counted.
        signal.sigwait({signal.SIGUSR1})
        code = act(root, mode)
    finally:
        os._exit(code)


def main() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    for line in sys.stdin:
        root, mode = line.rstrip("\n").split("\t")
        pid = os.fork()
        if pid == 0:
            child(Path(root), mode)
        sys.stdin.readline()
        os.kill(pid, signal.SIGUSR1)
        say(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    main()

"""The project folder as pyenvspec sees it: which paths and files are ours, the lock, and safe file calls.

Every `OSError` that leaves here through `explained` is a `WriteError`
that names the file and what to do.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.writing.atomic import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MARKER = b"Written by pyenvspec"
COPY_SUFFIX = re.compile(r"\.orig(\.[0-9]+)?$")
"""The end of the name under which `--force` keeps a user's file."""
MODULE_FOLDER = "nix/pyenvspec"
FLAKE_LOCK = "flake.lock"
"""Its format, which is Nix's, has no place for the marker."""
MOST_BYTES = 64 * 1024 * 1024
"""More than any file that is generated."""
GENERATED_PATHS = (
    "flake.nix",
    ".envrc",
    ".devcontainer/devcontainer.json",
    ".vscode/settings.json",
    ".vscode/extensions.json",
    ".github/workflows/pyenvspec.yml",
    ".gitlab-ci.yml",
    "env.schema.json",
)
"""Where generated files lie outside of nix/pyenvspec/; ours are removed when no longer needed."""

_LOCK_FILE = ".pyenvspec-lock"
_LOCK_PAUSE = 0.05
_LOCK_PATIENCE = 10.0
"""Writing takes far below a second: who holds it longer is stopped, or waits for a disk."""
# NFS and some FUSE file systems have no locks, or none on folders (EBADF: they want one that is open for writing).
_NO_FLOCK = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
# FAT, many network folders, and Linux for files of somebody else (fs.protected_hardlinks: EPERM)
_NO_HARD_LINK = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}

_HINTS = {
    errno.ENOSPC: "Free some space on this disk (`df -h .` shows it)",
    errno.EDQUOT: "Free some space: your disk quota is used up (`quota` shows it)",
    errno.EACCES: "Make the file and its folder writable for you (`ls -la` shows whose they are)",
    errno.EPERM: "Make the file and its folder writable for you (`ls -la` and `lsattr` show why not)",
    errno.EROFS: "Copy the project to a place that can be written: this file system is read-only",
    errno.ENAMETOOLONG: "Move the project to a folder with a shorter path",
    errno.EIO: "Check the disk: it reports a read or write error (`dmesg` has more)",
    errno.ENOENT: "Check that its folder still exists",
}


class WriteError(PyenvspecError):
    """A file or the folder refuses what has to be done."""


def is_generated(path: str, content: bytes) -> bool:
    """Whether pyenvspec wrote the file at `path`; flake.lock belongs to the flake.nix beside it."""
    return path == FLAKE_LOCK or has_marker(content)


def has_marker(content: bytes) -> bool:
    """Whether a file is ours: its first line says so, whatever the kind of file."""
    # Not at the beginning: `#`, `//` or `{ "$comment": ` come before it.
    return MARKER in content.split(b"\n", 1)[0]


def is_removable_path(path: str) -> bool:
    """Whether a file of ours at this path goes when it is no longer generated."""
    return path in GENERATED_PATHS or path.startswith(f"{MODULE_FOLDER}/")


def is_writable_path(path: str) -> bool:
    """Whether pyenvspec ever writes at this path: known, relative, and without any way out of the project."""
    if path in ("env.lock.json", FLAKE_LOCK):
        return True
    # A backslash is no separator here and would be one on Windows; `a//b` and `./a` are second names of a path.
    is_plain = path.isprintable() and "\\" not in path and path == PurePosixPath(path).as_posix()
    leaves = ".." in path.split("/")
    return is_plain and not leaves and is_removable_path(path) and not COPY_SUFFIX.search(path)


def os_diagnostic(path: str, error: OSError) -> Diagnostic:
    """What the user is told when the system refuses a call on `path`."""
    reason = error.strerror or str(error)
    hint = _HINTS.get(error.errno or 0, "Look at that file and its folder")
    return Diagnostic(
        code="write-failed",
        message=f"`{path}`: {reason[:1].lower()}{reason[1:]}",
        file=path,
        hint=f"{hint}, then run the same command again.",
    )


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Turn an `OSError` of the block into a `WriteError` about `path`."""
    try:
        yield
    except OSError as error:
        raise WriteError(os_diagnostic(path, error)) from error


def blocked(path: str, kind: str) -> Diagnostic:
    """`path` is a `kind` of file (a symlink, a folder, …), where a plain file or folder is needed."""
    return Diagnostic(
        code="write-blocked",
        message=f"`{path}` is {kind}; pyenvspec does not write through it",
        file=path,
        hint=f"Move it away, for example `mv {quote(path)} {quote(path + '.old')}`, then run the same command again.",
    )


def check_parents(root: Path, paths: Iterable[str]) -> None:
    """Raise `WriteError` where a folder above one of these paths is a link, which may lead out of the project."""
    findings = dict.fromkeys(blocked_parent(root, path) for path in paths)
    if in_the_way := [finding for finding in findings if finding is not None]:
        raise WriteError(*in_the_way)


def put_file(root: Path, path: str, content: bytes) -> None:
    """Write a file of the project with the folders above it; raises `WriteError`."""
    check_parents(root, [path])
    with explained(path):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        replace_file(root / path, content)


def too_large(path: str, most: int) -> Diagnostic:
    """`path` is where a generated file goes, and nobody generated that."""
    return Diagnostic(
        code="write-blocked",
        message=f"`{path}` is larger than {most // 2**20} MiB, and is not read",
        file=path,
        hint=f"Move it away, for example `mv {quote(path)} {quote(path + '.old')}`, then run the same command again.",
    )


def blocked_parent(root: Path, path: str) -> Diagnostic | None:
    """The folder above `path`, inside the project, that is no real folder; missing ones are fine."""
    # From the top, so that the link itself is named and not what lies behind it.
    for parent in reversed(PurePosixPath(path).parents[:-1]):
        try:
            mode = (root / parent).lstat().st_mode
        except FileNotFoundError:
            return None
        if not stat.S_ISDIR(mode):
            return blocked(parent.as_posix(), describe_mode(mode))
    return None


def describe_mode(mode: int) -> str:
    """A file type in the user's words."""
    if stat.S_ISLNK(mode):
        return "a symlink"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a file, not a folder" if stat.S_ISREG(mode) else "a special file"


def keep_copy(source: Path, copy: Path) -> None:
    """A second name for `source`, so that owner and times stay; a copy where links do not exist."""
    try:
        # It also fails where the name is taken: `rename` would write over what came there meanwhile.
        os.link(source, copy, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINK:
            raise
        status = source.lstat()
        replace_file(copy, source.read_bytes(), mode=stat.S_IMODE(status.st_mode))
        os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))


@contextmanager
def project_lock(
    root: Path, on_wait: Callable[[], None] | None = None, patience: float = _LOCK_PATIENCE
) -> Iterator[None]:
    """Hold the project alone. The lock is on the folder itself, so a killed process leaves none behind.

    `on_wait` is called once when another process holds it; after `patience` seconds that is an error.
    NFS cannot lock a folder: a lock file takes its place there, and is removed afterwards.
    """
    waiting = _Patience(on_wait, patience)
    with explained("."):
        handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if _acquire(handle, waiting):
            yield
            return
    finally:
        os.close(handle)
    handle = _lock_with_file(root / _LOCK_FILE, waiting)
    try:
        yield
    finally:
        with suppress(OSError):  # while it is still held: whoever opened it before looks again
            (root / _LOCK_FILE).unlink()
        os.close(handle)


class _Patience:
    """Counts the waiting of one lock and says so once."""

    def __init__(self, on_wait: Callable[[], None] | None, seconds: float) -> None:
        self._on_wait = on_wait
        self._deadline = time.monotonic() + seconds

    def pause(self) -> None:
        if self._on_wait is not None:
            self._on_wait()
            self._on_wait = None
        if time.monotonic() >= self._deadline:
            raise WriteError(
                Diagnostic(
                    code="write-locked",
                    message="another pyenvspec is writing to this project",
                    file=".",
                    hint="Wait for it to end, or stop it, then run `pyenvspec compile` again.",
                )
            )
        time.sleep(_LOCK_PAUSE)


def _acquire(handle: int, waiting: _Patience) -> bool:
    """Lock an open file or folder; False when this file system has no such locks for it."""
    import fcntl  # not at the top: reading a plan works without it, on any system

    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting.pause()
        except OSError as error:
            if error.errno in _NO_FLOCK:
                return False
            raise WriteError(os_diagnostic(".", error)) from error
        else:
            return True


def _lock_with_file(path: Path, waiting: _Patience) -> int:
    while True:
        with explained(path.name):
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            if not _acquire(handle, waiting):
                return handle  # no locks at all on this file system: go on as well as can be
            mine, current = os.fstat(handle), path.lstat()
        except FileNotFoundError:
            current = None
        except BaseException:
            os.close(handle)
            raise
        if current is not None and (mine.st_dev, mine.st_ino) == (current.st_dev, current.st_ino):
            return handle
        os.close(handle)  # its holder removed it before we got it

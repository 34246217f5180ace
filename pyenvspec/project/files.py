"""The one way to read a file of the project: a plain file that lies in it, and no more of it than a bound.

A project may come from a stranger. Links arrive with a clone, and lead to devices that never end, to pipes that
never begin, or to files that are none of the project's business.
"""

from __future__ import annotations

import errno
import os
import stat
from shlex import quote
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, PyenvspecError

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 64 * 1024 * 1024
"""More than any lock or requirements file that people have."""

_MISSING = {errno.ENOENT, errno.ENOTDIR}
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


class ProjectFileError(PyenvspecError):
    """A file of the project is there and is not read; code `file-unreadable`."""


def read_project_file(root: Path, name: str, most: int = MOST_BYTES) -> bytes | None:
    """Return what the file `name` below `root` holds, None where there is none.

    Raises `ProjectFileError` for what is no plain file, leads out of the project (see `_top`), is larger than `most`
    bytes, or may not be read.
    """
    try:
        # Resolved first and opened by that name, so that what is opened is what was looked at. Opened without
        # waiting: a pipe would wait for somebody to write.
        real = os.path.realpath(os.path.join(root, name))  # noqa: PTH118 (cold start: no Path per look)
        handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _MISSING:
            return None
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _refused(
            name, f"cannot be read: {reason}", f"look at it with `ls -ld {_quote(name)}`"
        ) from None
    try:
        # Asked of what was opened, not of its name: that may lead elsewhere by now.
        _check_kind(root, name, real, stat.S_IFMT(os.fstat(handle).st_mode))
        with open(handle, "rb", closefd=False) as stream:
            content = stream.read(most + 1)  # the size that a file says it has may be 0, as below /proc
    finally:
        os.close(handle)
    if len(content) > most:
        raise _refused(
            name, f"is larger than {most // 2**20} MiB, and is not read", "take out what is not needed"
        )
    return content


def check_folder(root: Path) -> None:
    """Raise `ProjectFileError` where the folder is none, or was deleted while one stands in it."""
    try:
        if not os.path.isabs(root):  # noqa: PTH117
            os.getcwd()  # noqa: PTH109
        message = None if os.path.isdir(root) else f"there is no folder `{root}`"  # noqa: PTH112
        hint = "name the project's folder with `-C DIR`"
    except OSError:
        message, hint = "the folder that you are in was deleted", "change to another one with `cd`"
    if message:
        raise ProjectFileError(Diagnostic("file-not-found", message, str(root), hint=hint))


def folder_above(root: Path, name: str) -> str | None:
    """Return the nearest folder above that has a file, as a shell takes it, or None where there is none."""
    for depth, folder in enumerate(root.resolve().parents, start=1):
        if os.path.isfile(folder / name):  # noqa: PTH113 (says no where it may not look)
            return quote("/".join([*root.parts, *[".."] * depth]))
    return None


def is_plain_file(root: Path, name: str) -> bool:
    """Whether there is such a file; what is there and could not be read raises `ProjectFileError`.

    A folder counts as none, and so does a link that leads nowhere: whatever makes the file follows it.
    """
    real = os.path.realpath(os.path.join(root, name))  # noqa: PTH118
    try:
        kind = stat.S_IFMT(os.stat(real).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return False
    if kind != stat.S_IFDIR:
        _check_kind(root, name, real, kind)
    return kind == stat.S_IFREG


def _check_kind(root: Path, name: str, real: str, kind: int) -> None:
    if kind != stat.S_IFREG:
        shown = _KINDS.get(kind, "no plain file")
        raise _refused(name, f"cannot be read: it is {shown}", "put a plain file in its place")
    if not is_inside(root, real):
        message = "is a link that leads out of the project, and is not followed"
        raise _refused(name, message, "put a copy of the file in its place")


def is_inside(root: Path, real: str) -> bool:
    """Whether a path without links lies in the project."""
    folder = os.path.realpath(root)
    return _is_below(real, folder) or _is_below(real, _top(folder))


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(os.path.join(folder, ""))  # noqa: PTH118


def _top(folder: str) -> str:
    """Return the git checkout that a folder lies in, else the folder: one clone may hold several projects."""
    above = folder
    while not os.path.lexists(os.path.join(above, ".git")):  # noqa: PTH118
        if above == os.path.dirname(above):  # noqa: PTH120
            return folder
        above = os.path.dirname(above)  # noqa: PTH120
    return above


def _refused(name: str, trouble: str, hint: str) -> ProjectFileError:
    name = name.removeprefix("./")
    return ProjectFileError(
        Diagnostic(
            "file-unreadable", f"`{name}` {trouble}", name, expected="a file that you may read", hint=hint
        )
    )


def _quote(name: str) -> str:
    import shlex

    return shlex.quote(name)

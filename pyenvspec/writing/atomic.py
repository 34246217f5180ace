"""The one way in which pyenvspec replaces a file: a complete new one beside it, on the disk, then a rename.

Whoever reads the path, and whatever stops this process, finds the old file or the new one, never a part.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DRAFT = ".pyenvspec-draft"
"""End of the name of a file that is not in place yet; what a killed process left is written over."""

_NO_FOLDER_SYNC = {errno.EINVAL, errno.EOPNOTSUPP, errno.EBADF}


def replace_file(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Put `content` at `path`; `mode` overrides the umask. Raises OSError, the old file then stays."""
    draft = write_draft(path, content, mode=mode)
    try:
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    fsync_folder(path.parent)


def write_draft(path: Path, content: bytes, *, mode: int | None = None) -> Path:
    """Write what will become `path` beside it and bring it to the disk; return where it is."""
    draft = path.with_name(f".{path.name}{DRAFT}")
    with suppress(FileNotFoundError):
        draft.unlink()
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            if mode is not None:
                os.fchmod(handle, mode)
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        finally:
            os.close(handle)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    return draft


def fsync_folder(folder: Path) -> None:
    """Make the names in `folder` durable, where the file system knows how."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(handle)

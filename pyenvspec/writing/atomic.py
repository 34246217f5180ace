"""The one way in which pyenvspec replaces a file: a complete new one beside it, on the disk, then a rename.

Whoever reads the path, and whatever stops this process, finds the old file or the new one, never a part.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DRAFT = ".pyenvspec-draft"
"""End of the name of a file that is not in place yet; what a killed process left is written over."""

# Some network and FUSE file systems cannot sync a folder; the rename has then happened as well as it can.
_NO_FOLDER_SYNC = {errno.EINVAL, errno.EOPNOTSUPP, errno.EBADF}


class ChangedMeanwhileError(Exception):
    """Somebody wrote the file after it was read; theirs stays."""


def change_file(path: Path, old: bytes, new: bytes) -> None:
    """Put `new` in place of `old` in a file that is the user's: its mode, owner and other names stay.

    Raises `ChangedMeanwhileError` where it does not hold `old` any more, and OSError; the file then stays as it is.
    """
    before = path.stat()
    draft = write_draft(path, new, mode=stat.S_IMODE(before.st_mode))
    try:
        can_replace = before.st_nlink == 1 and _give_owner(draft, before)
        # Compared last, so that what an editor saved while this was at work is seen.
        if path.read_bytes() != old:
            raise ChangedMeanwhileError(path)
        if can_replace:
            draft.replace(path)
        else:
            _write_over(path, new)
    finally:
        with suppress(OSError):
            draft.unlink()
    fsync_folder(path.parent)


def _give_owner(draft: Path, before: os.stat_result) -> bool:
    """Return whether the draft has the owner and group that the file has."""
    owner = draft.stat()
    if (owner.st_uid, owner.st_gid) == (before.st_uid, before.st_gid):
        return True
    try:
        # `sudo pyenvspec add`, or a folder whose files belong to a group.
        os.chown(draft, before.st_uid, before.st_gid)
    except OSError:  # only root gives files away, and a group one has to be in
        return False
    return True


def _write_over(path: Path, content: bytes) -> None:
    """Write into the file itself: another name of it, or its owner, would be lost with a new one."""
    # Not "w", which would empty the file before there is anything to put in its place.
    with path.open("r+b") as stream:
        stream.write(content)
        stream.truncate()
        stream.flush()
        os.fsync(stream.fileno())


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
        # Exclusive: a link that somebody put there in the meantime is not written through.
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            if mode is not None:
                os.fchmod(handle, mode)  # the mode of `open` is cut by the umask
            rest = memoryview(content)
            while rest:  # a write may take a part only, on a full disk for one
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

"""The machine as the checks see it: files, environment, disk. Looks, never writes; nothing here raises."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Protocol


class Host(Protocol):
    """What can be looked at; tests give a machine that is described, not there."""

    def exists(self, path: str) -> bool:
        """Whether there is something at the path, links followed."""
        ...

    def lexists(self, path: str) -> bool:
        """Whether there is something at the path, if only a link that leads nowhere."""
        ...

    def is_readable(self, path: str) -> bool:
        """Whether this user may read it."""
        ...

    def read(self, path: str) -> str | None:
        """Return the text of a small file, or None."""
        ...

    def env(self, name: str) -> str | None:
        """Return a variable of the environment that is not empty."""
        ...

    def free_bytes(self, path: str) -> int | None:
        """Return the space left for this user on the disk of the path."""
        ...

    def files(self, root: str, most: int) -> list[tuple[str, int]]:
        """Return relative paths and sizes of the files below a folder, up to `most`, `.git` left out."""
        ...

    def libc(self) -> str | None:
        """Return the version of glibc, or None where there is another C library."""
        ...

    def fetch(self, url: str) -> str | None:
        """Return what keeps the address from answering, None when it answers."""
        ...


class SystemHost:
    """The real machine."""

    def exists(self, path: str) -> bool:
        return os.path.exists(path)  # noqa: PTH110 -- False, never an error, for any text

    def lexists(self, path: str) -> bool:
        return os.path.lexists(path)

    def is_readable(self, path: str) -> bool:
        return os.access(path, os.R_OK)

    def read(self, path: str) -> str | None:
        try:
            with Path(path).open(encoding="utf-8", errors="replace") as stream:
                # A netrc or a file of /proc is far smaller; one that has no end must not take all memory.
                return stream.read(1024 * 1024)
        except OSError:
            return None

    def env(self, name: str) -> str | None:
        return os.environ.get(name) or None

    def free_bytes(self, path: str) -> int | None:
        try:
            return shutil.disk_usage(path).free
        except OSError:
            return None

    def files(self, root: str, most: int) -> list[tuple[str, int]]:
        sizes: list[tuple[str, int]] = []
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if name != ".git")
            for name in names:
                path = os.path.join(folder, name)  # noqa: PTH118 -- as many as there are files
                try:
                    size = os.lstat(path).st_size
                except OSError:
                    continue
                sizes.append((os.path.relpath(path, root), size))
                if len(sizes) == most:
                    return sizes
        return sizes

    def libc(self) -> str | None:
        try:  # macOS and musl do not know this name
            name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
        except (ValueError, OSError, AttributeError):
            return None
        return version if name == "glibc" else None

    def fetch(self, url: str) -> str | None:
        from urllib.error import HTTPError
        from urllib.request import urlopen

        try:
            with urlopen(url, timeout=10) as response:  # noqa: S310 -- addresses of caches: http, https
                response.read(4096)
        except HTTPError as error:
            return f"HTTP error {error.code}"
        except (OSError, ValueError) as error:  # of URLError, which is one, the cause in words
            return str(getattr(error, "reason", error))
        return None

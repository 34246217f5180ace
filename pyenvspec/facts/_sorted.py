"""Tables of many rows, as text sorted by its first column: one row is found without taking the file apart."""

from __future__ import annotations

import mmap
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class SortedTable:
    """Lines of tab-separated cells, sorted by the bytes of the first; lines that start with `#` are comments on top."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data

    @classmethod
    def read(cls, path: Path) -> SortedTable:
        """Return the table of a file, of which only what is looked at is read; raises OSError where it cannot be."""
        with path.open("rb") as file:
            # Mapped, not read: a look-up touches a few pages of a file of megabytes. The map outlives the open file.
            return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def find(self, key: str) -> list[str] | None:
        """Return the cells of the row that starts with `key`, or None."""
        # A name that a user typed: a tab or line break in it would match across cells, `#` a comment.
        if not key.isprintable() or key.startswith("#"):
            return None
        wanted, data = key.encode(), self.data
        # Not the standard library's bisect: it needs an index of the lines, which costs reading all of the file.
        low, high = 0, len(data)
        while low < high:
            middle = (low + high) // 2
            # The middle is most often inside a line: both ends of that line are looked for.
            start = data.rfind(b"\n", low, middle) + 1 or low
            end = data.find(b"\n", middle)
            end = len(data) if end < 0 else end
            first = data[start:end].split(b"\t", 1)[0]
            if first == wanted:
                return data[start:end].decode().split("\t")
            if first < wanted:
                low = end + 1
            else:
                high = start
        return None

    def rows(self) -> list[list[str]]:
        """Return all rows."""
        return [line.split("\t") for line in self.data[:].decode().splitlines() if not line.startswith("#")]

    def comments(self) -> list[str]:
        """Return the comment lines, without their sign."""
        lines = re.findall(rb"^# ?(.*)$", self.data, re.MULTILINE)
        return [line.decode() for line in lines]

"""Reading: the bytes of env.yaml in, `RawSpec` out, or every problem of the file at once."""

from __future__ import annotations

from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.raw import Mapping, RawSpec
from pyenvspec.reading.marks import find_conflict, find_lookalikes
from pyenvspec.reading.text import decode
from pyenvspec.reading.tree import TreeReading


def read_text(data: bytes, file: str) -> RawSpec:
    """Read the bytes of a file; raises PyenvspecError with all its problems, by position."""
    source = decode(data, file)
    if conflict := find_conflict(source):
        raise PyenvspecError(conflict)
    reading = TreeReading(source)
    root = reading.read()
    # What such a character makes of the lines around it is no mistake of its own.
    if not isinstance(root, Mapping) or reading.found.has_errors:
        raise PyenvspecError(*(find_lookalikes(source) or reading.found.ordered()))
    if lookalikes := find_lookalikes(source, root):
        raise PyenvspecError(*lookalikes)
    return RawSpec(file, source.lines, root)

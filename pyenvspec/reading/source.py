"""Reading: the bytes of env.yaml in, `RawSpec` out, or every problem of the file at once."""

from __future__ import annotations

from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.raw import Mapping, RawSpec
from pyenvspec.reading.text import decode
from pyenvspec.reading.tree import TreeReading


def read_text(data: bytes, file: str) -> RawSpec:
    """Read the bytes of a file; raises PyenvspecError with all its problems, by position."""
    source = decode(data, file)
    reading = TreeReading(source)
    root = reading.read()
    if not isinstance(root, Mapping) or reading.found.has_errors:
        raise PyenvspecError(*reading.found.ordered())
    return RawSpec(file, source.lines, root)

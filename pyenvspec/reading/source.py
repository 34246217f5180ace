"""Reading: the bytes of env.yaml in, `RawSpec` out, or every problem of the file at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.raw import Mapping, RawSpec
from pyenvspec.reading.text import MAX_BYTES, decode
from pyenvspec.reading.tree import TreeReading

if TYPE_CHECKING:
    from pathlib import Path


def read_file(path: Path, shown_as: str) -> RawSpec:
    """Read a file; `shown_as` is its name in messages."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise PyenvspecError(_not_found(path, shown_as)) from None
    except (OSError, ValueError) as error:
        raise PyenvspecError(_unreadable(path, shown_as, error)) from None
    return read_text(data, shown_as)


def read_text(data: bytes, file: str) -> RawSpec:
    """Read the bytes of a file; raises PyenvspecError with all its problems, by position."""
    source = decode(data, file)
    reading = TreeReading(source)
    root = reading.read()
    if not isinstance(root, Mapping) or reading.found.has_errors:
        raise PyenvspecError(*reading.found.ordered())
    return RawSpec(file, source.lines, root)


def _not_found(path: Path, shown_as: str) -> Diagnostic:
    return Diagnostic(
        "file-not-found",
        f"there is no `{shown_as}` here",
        shown_as,
        expected=f"a file `{path}`",
        hint="run `pyenvspec init` to write one, or name its folder with `-C DIR`",
    )


def _unreadable(path: Path, shown_as: str, error: OSError | ValueError) -> Diagnostic:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Diagnostic(
        "file-unreadable",
        f"`{shown_as}` cannot be read: {reason}",
        shown_as,
        expected="a file that you may read",
        hint=f"look at it with `ls -ld {path}`",
    )

"""Mistakes of the structure that only follow from others: a misspelt key makes the right one missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.names import closest

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydantic_core import ErrorDetails

    from pyenvspec.diagnostics import Diagnostic, KeyPath

_MEANT = r"(?:did you mean|write) `(\w+)`"


def meant_path(diagnostic: Diagnostic) -> KeyPath:
    """Return the path of what is wrong or, for a key that does not exist, of the one that was meant."""
    if diagnostic.code in ("unknown-key", "key-spelling"):
        match = re.search(_MEANT, diagnostic.expected or "")
        typed = str(diagnostic.path[-1]).partition(".")[0]  # `python.version: 3.12`
        return (*diagnostic.path[:-1], match[1] if match else typed)
    return diagnostic.path


def follows(diagnostic: Diagnostic, others: Collection[Diagnostic], unread: Collection[KeyPath]) -> bool:
    """Whether something is not there only because of another mistake, or of lines that could not be read."""
    path = diagnostic.path
    if any(_is_about(wrong, path) for wrong in unread):
        return True
    if diagnostic.code == "missing-key":
        return any(meant_path(other) == path for other in others if other is not diagnostic)
    # A list that would not be empty without its mistakes.
    return diagnostic.code == "wrong-type" and any(
        other.path[: len(path)] == path and len(other.path) > len(path) for other in others
    )


def _is_about(wrong: KeyPath, path: KeyPath) -> bool:
    """Whether lines that could not be read may be those of a path; their key may be misspelt too."""
    is_meant = len(wrong) == 1 and (
        str(wrong[0]).startswith(str(path[0])) or closest(str(wrong[0]), [str(path[0])])
    )
    return bool(is_meant) or path[: len(wrong)] == wrong[: len(path)]


def tells_of_absence(detail: ErrorDetails) -> bool:
    """Whether a mistake is that something is not there."""
    return detail["type"] in ("missing", "too_short") or detail["input"] is None

"""Python of a project: read as a syntax tree, never run."""

from __future__ import annotations

import ast
import warnings


def parse_code(text: str) -> ast.Module | None:
    """Return the tree, None for what this Python does not read: Python 2, a text that is none."""
    with warnings.catch_warnings():
        # Of a pattern without its `r`: the warning would name no file of the user's, and is none of ours to give.
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        # ValueError: a NUL byte, half a character; the last two: nested as deep as only a stranger does it.
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None

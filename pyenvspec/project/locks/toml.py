"""TOML of locks: bytes in, tables out.

By tomli, which is tomllib compiled: locks have megabytes, and it reads them almost four times as fast.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import tomli

from pyenvspec.project.locks.problem import problem

if TYPE_CHECKING:
    from pyenvspec.project.tables import Table

_MARKS = r"(?m)^<<<<<<< "
_AT_LINE = r"at line ([0-9]+)"


def load_toml(data: bytes, file: str, relock: str) -> tuple[Table, str]:
    """Return the document and its text; `relock` is the command that makes the lock anew."""
    try:
        # Checked out on Windows: the patterns that look for lines in the text need not know of both ends.
        text = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise problem("package-lock-syntax", f"{file} is not UTF-8 text", file, hint=_again(relock)) from None
    # Looked for as text before the pattern walks over megabytes.
    if "<<<<<<< " in text and (marks := re.search(_MARKS, text)):
        line = text.count("\n", 0, marks.start()) + 1
        hint = f"take one side (`git checkout --theirs -- {shlex.quote(file)}`), then run `{relock}`"
        message = f"{file} holds the marks of a git merge conflict"
        raise problem("package-lock-conflict", message, file, hint=hint, line=line)
    try:
        return tomli.loads(text), text
    except (ValueError, RecursionError) as error:
        match = re.search(_AT_LINE, str(error))
        message = f"{file} is not valid TOML: {_reason(error)}"
        line = int(match[1]) if match else 0
        raise problem("package-lock-syntax", message, file, hint=_again(relock), line=line) from None


def file_name(place: str) -> str:
    """Return the name of the file at an address or path; `%2B` is the `+` of a local version."""
    name = place.partition("#")[0].partition("?")[0].rstrip("/").rpartition("/")[2]
    return name.replace("%2B", "+") if "%" in name else name


def _reason(error: Exception) -> str:
    if isinstance(error, tomli.TOMLDecodeError):
        return str(error)
    # Python reads no number of more than 4,300 digits, a plain ValueError.
    return "nested too deeply" if isinstance(error, RecursionError) else "it holds a number too long"


def _again(relock: str) -> str:
    return f"restore it with git, or make it anew: `{relock}`"

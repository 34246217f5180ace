"""TOML of locks: bytes in, tables out.

A lock is written by a program, each file of a package on a line of its own. Those lines are most of the text, and
of them only the file's name matters here, so they are cut down before tomllib sees them: that makes reading four
times as fast. The number of lines stays, so a syntax error is told where it is.
"""

from __future__ import annotations

import re
import shlex
import tomllib

from pyenvspec.project.locks.problem import Table, problem

_MARKS = re.compile(r"^<<<<<<< ", re.MULTILINE)
_AT_LINE = re.compile(r"at line ([0-9]+)")
_FILES = ('    { url = "', '    {file = "')
_SDIST = 'sdist = { url = "'
_FOREIGN = ("-win_amd64.whl", "-win32.whl", "-win_arm64.whl")
_QUOTES = (4, 6)  # name, hash and, in newer locks, the time of upload


def load_toml(data: bytes, file: str, relock: str) -> tuple[Table, str]:
    """Return the document and its text; `relock` is the command that makes the lock anew."""
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise problem("package-lock-syntax", f"{file} is not UTF-8 text", file, hint=_again(relock)) from None
    if "<<<<<<< " in text and (marks := _MARKS.search(text)):
        line = text.count("\n", 0, marks.start()) + 1
        hint = f"take one side (`git checkout --theirs -- {shlex.quote(file)}`), then run `{relock}`"
        message = f"{file} holds the marks of a git merge conflict"
        raise problem("package-lock-conflict", message, file, hint=hint, line=line)
    try:
        return tomllib.loads(cut_files(text)), text
    except (ValueError, RecursionError) as error:
        match = _AT_LINE.search(str(error))
        message = f"{file} is not valid TOML: {_reason(error)}"
        line = int(match[1]) if match else 0
        raise problem("package-lock-syntax", message, file, hint=_again(relock), line=line) from None


def cut_files(text: str) -> str:
    """Replace each line that is one file's table by the file's name in quotes.

    Wheels for systems that Nix does not serve are left out.
    """
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.startswith(_FILES) and line.endswith("},"):
            lines[number] = _cut(line)
        elif line.startswith(_SDIST) and line.endswith(" }"):
            lines[number] = "sdist = " + _cut(line + ",")[:-1]
    return "\n".join(lines)


def _cut(line: str) -> str:
    if line.count('"') not in _QUOTES or "\\" in line or ", hash = " not in line:
        return line.removeprefix("sdist = ")
    name = file_name(line.split('"', 2)[1])
    if name.endswith(_FOREIGN) or ("-musllinux" in name and "manylinux" not in name):
        return ""
    return f'"{name}",'


def file_name(place: str) -> str:
    """Return the name of the file at an address or path; `%2B` is the `+` of a local version."""
    name = place.partition("#")[0].partition("?")[0].rstrip("/").rpartition("/")[2]
    return name.replace("%2B", "+") if "%" in name else name


def _reason(error: Exception) -> str:
    if isinstance(error, tomllib.TOMLDecodeError):
        return str(error)
    return "nested too deeply" if isinstance(error, RecursionError) else "it holds a number too long"


def _again(relock: str) -> str:
    return f"restore it with git, or make it anew: `{relock}`"

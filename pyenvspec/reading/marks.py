"""What stands in a file that is no YAML at all: marks of git, and characters that only look like YAML's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from pyenvspec.raw import Mapping, Scalar
from pyenvspec.reading.lookalikes import correct_line, find_in_structure, find_lookalike, name_lookalike
from pyenvspec.reading.text import MAX_STRAY_REPORTS, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.diagnostics import Diagnostic
    from pyenvspec.raw import Node
    from pyenvspec.reading.text import SourceText

# git writes seven signs at the start of a line, and in a file no indented text can begin there.
_BEGIN, _MIDDLE, _END = (re.compile(f"{sign}{{7}}(?: .*)?") for sign in "<=>")


class Conflict(NamedTuple):
    """A place where git could not merge two versions: its finding, and the lines of the three marks."""

    finding: Diagnostic
    begin: int
    middle: int
    end: int


def find_conflicts(source: SourceText) -> Iterator[Conflict]:
    """Yield the places where git could not merge two versions of the file."""
    begin = None
    for number, line in enumerate(source.lines):
        if begin is None:
            begin = number if _BEGIN.fullmatch(line) else None
        elif _END.fullmatch(line):
            yield _conflict(source, begin, number)
            begin = None


def _conflict(source: SourceText, begin: int, end: int) -> Conflict:
    start = source.offset(begin + 1, 1)
    middle = next((n for n in range(begin, end) if _MIDDLE.fullmatch(source.lines[n])), begin)
    finding = source.finding(
        "yaml-conflict",
        f"git could not merge two versions of lines {begin + 1} to {end + 1}",
        source.span(start, source.line_end(start)),
        expected="one version, without these marks",
        hint=f"keep what is above or below line {middle + 1}, and delete that and the other marked lines "
        "(`<<<<<<<`, `=======`, `>>>>>>>`)",
    )
    return Conflict(finding, begin + 1, middle + 1, end + 1)


def find_lookalikes(source: SourceText, root: Node | None = None) -> tuple[Diagnostic, ...]:
    """Return the lines where such a character stands in place of YAML's own.

    With the tree of a file that could be read, those only where a key or value begins: the rest is in texts.
    """
    if source.text.isascii():
        return ()
    starts = None if root is None else set(_starts(root))
    findings: list[Diagnostic] = []
    for number, line in enumerate(source.lines, start=1):
        column = find_in_structure(line)
        first = len(line) - len(line.lstrip(" ")) + 1
        if column is None or (starts is not None and (number, first) not in starts):
            continue
        start = source.offset(number, column + 1)
        findings.append(
            source.finding(
                "yaml-lookalike",
                f"{name_lookalike(line[column])} stands where YAML takes only plain ones",
                source.span(start, start + 1),
                expected="typed without the input method",
                hint=f"write `{shorten(correct_line(line))}`",
            )
        )
        if len(findings) == MAX_STRAY_REPORTS:
            break
    return tuple(findings)


def _starts(node: Node) -> Iterator[tuple[int, int]]:
    """Yield line and column where a key or a value begins that holds such a character."""
    if isinstance(node, Scalar):
        if find_lookalike(node.text):
            yield node.span.line, node.span.column
        return
    if isinstance(node, Mapping):
        yield from ((e.key_span.line, e.key_span.column) for e in node.entries if find_lookalike(e.key))
    for below in [e.value for e in node.entries] if isinstance(node, Mapping) else node.items:
        yield from _starts(below)

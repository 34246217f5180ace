"""What stands in a file that is no YAML at all: marks of git, and characters that only look like YAML's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pyenvspec.raw import Mapping, Scalar
from pyenvspec.reading.lookalikes import correct_line, find_in_structure, find_lookalike, name_lookalike
from pyenvspec.reading.text import MAX_STRAY_REPORTS, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.diagnostics import Diagnostic
    from pyenvspec.raw import Node
    from pyenvspec.reading.text import SourceText

# git writes seven signs at the start of a line, where no text of an env.yaml begins with them.
# `|||||||` and what both versions were made from come with merge.conflictStyle diff3 and zdiff3.
_BEGIN, _BASE, _MIDDLE, _END = (7 * sign for sign in "<|=>")


class Conflict(NamedTuple):
    """A place where git could not merge two versions: its finding, and the lines of its marks.

    The upper version ends before `middle`; the lower one and what else there is ends before `end`.
    """

    finding: Diagnostic
    begin: int
    middle: int
    end: int


def find_conflicts(source: SourceText) -> Iterator[Conflict]:
    """Yield the places where git could not merge two versions of the file."""
    begin = None
    for number, line in enumerate(source.lines):
        if begin is None:
            begin = number if _is_mark(line, _BEGIN) else None
        elif _is_mark(line, _END):
            yield _conflict(source, begin, number)
            begin = None


def _is_mark(line: str, mark: str) -> bool:
    """Whether a line is a mark, with the name of a branch or without."""
    return line.startswith(mark) and line[len(mark) :][:1] in ("", " ")


def _conflict(source: SourceText, begin: int, end: int) -> Conflict:
    start = source.offset(begin + 1, 1)
    # Where somebody deleted the middle mark already, nothing tells the versions apart: all of it goes.
    middle = next((n for n in range(begin, end) if _is_mark(source.lines[n], _MIDDLE)), begin)
    base = next((n for n in range(begin, middle) if _is_mark(source.lines[n], _BASE)), None)
    hint = (
        f"keep what is above or below line {middle + 1}, and delete that and the other marked lines "
        "(`<<<<<<<`, `=======`, `>>>>>>>`)"
        if base is None
        else f"keep what is above line {base + 1} or below line {middle + 1}, and delete what is between them and "
        "the marked lines (`<<<<<<<`, `|||||||`, `=======`, `>>>>>>>`)"
    )
    finding = source.finding(
        "yaml-conflict",
        f"git could not merge two versions of lines {begin + 1} to {end + 1}",
        source.span(start, source.line_end(start)),
        expected="one version, without these marks",
        hint=hint,
    )
    return Conflict(finding, begin + 1, (middle if base is None else base) + 1, end + 1)


def find_lookalikes(source: SourceText, root: Node | None = None) -> tuple[Diagnostic, ...]:
    """Return the lines where such a character stands in place of YAML's own.

    With the tree of a file that could be read, those only where a key or value begins: the rest is in texts.
    """
    if source.text.isascii():
        return ()
    # Inside a text, such as the Japanese of a description, such a character is what was meant.
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
        # A file written with the input method left on has one in every line.
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

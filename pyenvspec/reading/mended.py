"""A file without what is wrong in it, so that the rest of it can be read in the same run; lines keep their numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import yaml

from pyenvspec.diagnostics import Span
from pyenvspec.raw import Entry, Mapping, Scalar, Sequence
from pyenvspec.reading.layout import is_content
from pyenvspec.reading.lookalikes import correct_line
from pyenvspec.reading.text import SourceText

if TYPE_CHECKING:
    from pyenvspec.diagnostics import Diagnostic, KeyPath
    from pyenvspec.raw import Node

# What starts a line that goes on with the key above: a list may stand in its column, and so may a closing bracket.
_GOES_ON = r"[\s#\]}]|-(?:\s|$)|$"
_KEY = r"[\"']?([A-Za-z_][^\s:#\"']*)"
# These are of the whole file, or are limits: with a line less they would come again.
_HOPELESS = ("yaml-nesting", "yaml-alias-bomb", "yaml-top-level", "empty-file", "yaml-second-document")
# In blocks; each step parses all that stands above once more.
_LOOKED_BACK = 3
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Mended:
    """The text as it is read again: what is told already is blank in it, or written as it was meant."""

    def __init__(self, source: SourceText) -> None:
        self._source: SourceText | None = source  # None until what was changed is asked for
        self._lines = list(source.lines)
        self.unread: set[KeyPath] = set()
        self._original = source
        self._touched: set[int] = (
            set()
        )  # blocks where something was mended: their next complaint may come from that

    @property
    def source(self) -> SourceText:
        """The text as it is to be read now."""
        if self._source is None:
            self._source = SourceText(self._original.file, "\n".join(self._lines))
        return self._source

    def is_news(self, finding: Diagnostic) -> bool:
        """Whether a problem stands where nothing was mended yet, or in a line that is wrong by itself."""
        # The next complaint about a block that lost a line often is about the loss.
        if finding.span is None or self._block(finding.span.line)[0] not in self._touched:
            return True
        return self._is_wrong_alone(finding.span.line)

    def correct(self, finding: Diagnostic) -> None:
        """Write the line of a finding with plain characters."""
        assert finding.span is not None
        self._touched.add(self._block(finding.span.line)[0])
        self._rewrite(finding.span.line, correct_line(self._lines[finding.span.line - 1]))

    def up_to_culprit(self, finding: Diagnostic) -> SourceText | None:
        """Return the text up to the block that is at fault, where that is not the one of the complaint."""
        if finding.span is None:
            return None
        start, end = self._culprit(finding.span.line)
        if start == self._block(finding.span.line)[0]:
            return None
        return SourceText(self.source.file, "\n".join(self._lines[:end]))

    def repair(self, finding: Diagnostic) -> bool:
        """Take the lines away that a problem stands in; False where that leads nowhere."""
        if finding.span is None or finding.code in _HOPELESS:
            return False
        line = finding.span.line
        start, end = self._culprit(line)
        is_first = start not in self._touched
        self._touched.add(start)
        # All keys of the top level stand in column 1, save the first: it is moved to the others.
        if is_first and self._is_content_start(start) and (depth := _depth(self._lines[start - 1])):
            for number in range(start, end + 1):
                text = self._lines[number - 1]
                self._rewrite(number, text[min(depth, _depth(text)) :])
            return True
        # Two spaces a tab; where that is not what was meant, the block's next complaint takes it out.
        if finding.code == "yaml-tab" and is_first:
            for number in range(start, end + 1):
                text = self._lines[number - 1]
                indent = len(text) - len(text.lstrip("\t "))
                self._rewrite(number, text[:indent].replace("\t", "  ") + text[indent:])
            return True
        key = re.match(_KEY, self._lines[start - 1])
        self.unread.add((key[1],) if key else ())
        # First only the line and what is below it, so that the key's other values are checked; then the whole key.
        if start < line <= end and (
            (is_first and not self._stands_in_brackets(start, line)) or self._is_wrong_alone(line)
        ):
            return self.blank(line, self._last_below(line, end))
        return self.blank(start, end)

    def blank(self, first: int, last: int) -> bool:
        """Replace lines by blanks; False where they were."""
        if not any(self._lines[number - 1].strip() for number in range(first, last + 1)):
            return False
        for number in range(first, last + 1):
            # Blanks of the same length keep every column and offset where it was.
            self._lines[number - 1] = " " * len(self._lines[number - 1])
        self._source = None
        return True

    def _rewrite(self, number: int, text: str) -> None:
        self._lines[number - 1] = text
        self._source = None

    def _block(self, line: int) -> tuple[int, int]:
        """Return the first and the last line of the key of the top level that a line belongs to."""
        lines = self._lines
        start = line
        while start > 1 and re.match(_GOES_ON, lines[start - 1]):
            start -= 1
        end = line
        while end < len(lines) and re.match(_GOES_ON, lines[end]):
            end += 1
        return start, end

    def _culprit(self, line: int) -> tuple[int, int]:
        """Return the block that is no YAML: the one of the complaint, or one above where a quote was left open."""
        start, end = self._block(line)
        for _ in range(_LOOKED_BACK):
            # Whether a text up to here is whole tells in which block the quote was opened.
            if start == 1 or _is_yaml("\n".join(self._lines[: start - 1])):
                break
            start, end = self._block(start - 1)
        return start, end

    def _is_content_start(self, line: int) -> bool:
        """Whether nothing stands above a line, whose indentation is then that of all keys."""
        return is_content(self._lines[line - 1]) and not any(map(is_content, self._lines[: line - 1]))

    def _is_wrong_alone(self, line: int) -> bool:
        """Whether a line is no YAML although all above it is, so that nothing which is open there makes it so."""
        lines = self._lines
        return not _is_yaml(lines[line - 1].strip()) and _is_yaml("\n".join(lines[: line - 1]))

    def _stands_in_brackets(self, start: int, line: int) -> bool:
        above = "\n".join(self._lines[start - 1 : line])
        # In brackets, quotes and block texts a line is no unit: without it the rest means something else.
        return bool(re.search(r"""[\[{"'|>]""", above))

    def _last_below(self, line: int, end: int) -> int:
        """Return the last line that is indented deeper than `line`."""
        depth = _depth(self._lines[line - 1])
        last = line
        for number in range(line + 1, end + 1):
            text = self._lines[number - 1]
            if text.strip() and _depth(text) <= depth:
                break
            last = number
        return last

    def place(self, finding: Diagnostic) -> Diagnostic:
        """Return a finding as it stands in the user's own text."""
        if finding.span is None:
            return finding
        return replace(
            finding, span=self._span(finding.span), source_line=self._original.lines[finding.span.line - 1]
        )

    def place_tree(self, node: Node) -> Node:
        """Return a tree with the places of the user's own text."""
        # Nearly every file has nothing mended, and its tree is the user's as it is.
        return node if self._lines == list(self._original.lines) else self._place_node(node)

    def _place_node(self, node: Node) -> Node:
        span = self._span(node.span)
        if isinstance(node, Scalar):
            return replace(node, span=span)
        if isinstance(node, Sequence):
            return Sequence(tuple(map(self._place_node, node.items)), span)
        entries = (Entry(e.key, self._span(e.key_span), self._place_node(e.value)) for e in node.entries)
        return Mapping(tuple(entries), span)

    def _span(self, span: Span) -> Span:
        start = self._column(span.line, span.column)
        end = self._column(span.end_line, span.end_column)
        return Span(span.line, start, span.end_line, max(end, start) if span.line == span.end_line else end)

    def _column(self, line: int, column: int) -> int:
        """Return where a column of a line that was written otherwise stands in the user's own."""
        new, old = self._lines[line - 1], self._original.lines[line - 1]
        if new == old:
            return column
        if new[: column - 1] != old[: column - 1]:
            # What is left of it was written otherwise, an indent that was taken away for one, and has moved the rest.
            column += len(old) - len(new)
        return max(1, min(column, len(old) + 1))


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _is_yaml(text: str) -> bool:
    parser = _Loader(text)
    try:
        while not isinstance(parser.get_event(), yaml.StreamEndEvent):
            pass
    except (yaml.YAMLError, ValueError, OverflowError):
        return False
    finally:
        parser.dispose()
    return True

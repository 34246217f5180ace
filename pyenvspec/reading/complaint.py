"""One complaint of PyYAML: what it said, where, and the text around it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.reading.text import shorten
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from pyenvspec.diagnostics import Diagnostic
    from pyenvspec.reading.text import SourceText

# `python:3.12`, but neither `python: 3.12` nor `https://host`.
MISSING_SPACE = r"(?s)([A-Za-z_][\w.-]*):(?![\s/])(\S.*)"


@dataclass(frozen=True)
class Complaint:
    """What the parser said, where, and what was open then; offsets into the text."""

    source: SourceText
    context: str
    opened: int
    problem: str
    at: int
    brackets: tuple[int, ...]

    @property
    def text(self) -> str:
        """The text as the parser saw it."""
        # Not `source.text`: the same length, but what the complaint is about may be a replacement character.
        return self.source.parsable

    @property
    def character(self) -> str:
        """The character at the problem; empty at the end of the file."""
        return self.text[self.at : self.at + 1]

    @property
    def line(self) -> str:
        """The line of the problem."""
        return self.source.lines[self.source.line_index(self.at)]

    @property
    def before(self) -> str:
        """That line up to the problem."""
        return self.text[self.source.line_start(self.at) : self.at]

    def report(  # noqa: PLR0913 - the parts of a message
        self, message: str, start: int, end: int, *, expected: str, hint: str, code: str = "yaml-syntax"
    ) -> Diagnostic:
        """Return the finding at `text[start:end]`."""
        return self.source.finding(code, message, self.source.span(start, end), expected=expected, hint=hint)


def quote_rest(source: SourceText, start: int, *, in_brackets: bool = False, inside: bool = False) -> str:
    """Return what stands from `start` to the end of its line, quoted and ready to paste.

    Where it has quotes around it already, and is wrong `inside` of them, they are replaced.
    """
    rest = source.text[start : source.line_end(start)]
    # YAML takes `#` for a comment only behind a blank.
    rest = re.split(r"\s#", rest)[0].strip()
    rest = rest[1:-1] if inside else rest
    rest = shorten((_cut_at_bracket(rest) if in_brackets else rest).strip())
    # Single quotes know no escape but `''`: a regular expression or a Windows path stays as it was typed.
    return "'" + rest.replace("'", "''") + "'" if re.search(r'["\\]', rest) else f'"{rest}"'


def _cut_at_bracket(text: str) -> str:
    """Return `text` up to where the list or mapping around it goes on; `${…}` belongs to the text."""
    depth = 0
    for index, character in enumerate(text):
        if character == "{":
            depth += 1
        elif depth and character == "}":
            depth -= 1
        elif not depth and character in ",]}":
            return text[:index]
    return text

"""The characters of env.yaml: bytes in, decoded text with line starts out; makes spans and diagnostics.

Positions are counted here rather than taken from PyYAML, which takes U+0085, U+2028 and U+2029 for line
ends where editors do not.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

from pyenvspec.diagnostics import Diagnostic, PyenvspecError, Span
from pyenvspec.records import dataclass

# A hand-written file has a few KiB; with this bound a wrong one costs no time, and no memory either.
MAX_BYTES = 1024 * 1024
# A binary file has one in nearly every line.
MAX_STRAY_REPORTS = 20
MAX_QUOTED = 60

# What YAML itself does not allow in a file, and what cannot be seen in an editor yet ends a line for
# PyYAML (NEL, LS, PS) or becomes part of a word (a byte order mark that is not at the start).
# Compiled where a line needs it: sets of this kind take longer to compile than all else takes to load.
_STRAY = "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_REPLACEMENT = "\ufffd"


@dataclass(frozen=True)
class SourceText:
    """A file's text, its line ends all `\\n`; offsets into `text` count characters from 0."""

    file: str
    text: str

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines without their ends; the last one is empty where the file ends in a line end."""
        # Not splitlines(), which takes U+2028, form feeds and others for line ends too.
        return tuple(self.text.split("\n"))

    @cached_property
    def parsable(self) -> str:
        """The text with each stray character replaced, so that reading goes on behind it."""
        return self.text if self._is_printable else re.sub(_STRAY, _REPLACEMENT, self.text)

    @cached_property
    def _is_printable(self) -> bool:
        # A quick question that is stricter than the pattern: a tab, for one, only costs the search.
        return all(line.isprintable() for line in self.lines)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def line_index(self, offset: int) -> int:
        """Return the 0-based line of `offset`."""
        return bisect_right(self._starts, min(offset, len(self.text))) - 1

    def line_start(self, offset: int) -> int:
        """Return the offset at which the line of `offset` starts."""
        return self._starts[self.line_index(offset)]

    def line_end(self, offset: int) -> int:
        """Return the offset of the end of the line of `offset`."""
        return self.line_start(offset) + len(self.lines[self.line_index(offset)])

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a position that counts from 1."""
        return self._starts[line - 1] + column - 1

    def span(self, start: int, end: int) -> Span:
        """Return the span of `text[start:end]`."""
        first, last = self.line_index(start), self.line_index(max(start, end))
        first_column = start - self._starts[first] + 1
        last_column = max(start, end) - self._starts[last] + 1
        return Span(first + 1, first_column, last + 1, last_column)

    def finding(self, code: str, message: str, span: Span, *, expected: str, hint: str) -> Diagnostic:
        """Return a diagnostic that shows the user's own line."""
        line = self.lines[span.line - 1]
        return Diagnostic(code, message, self.file, span, line, expected, hint)

    def stray_characters(self) -> list[Diagnostic]:
        """Return one finding per line that holds a character which no env.yaml may hold."""
        by_line: dict[int, Diagnostic] = {}
        for stray in () if self._is_printable else re.finditer(_STRAY, self.text):
            line = self.line_index(stray.start())
            if line in by_line:
                continue
            by_line[line] = self.finding(
                "control-character",
                f"the file holds {name_character(stray.group())}, which cannot be seen",
                self.span(*stray.span()),
                expected="visible characters, spaces and line ends",
                hint="delete it; such characters come in by copy and paste",
            )
            if len(by_line) == MAX_STRAY_REPORTS:
                break
        return list(by_line.values())


def shorten(text: str) -> str:
    """Return a user's words as a message can quote them: one line, not too long."""
    line = text.split("\n", 1)[0]
    return text if len(text) <= MAX_QUOTED and line == text else line[:MAX_QUOTED] + "…"


def name_character(character: str) -> str:
    """Return how a message names a character that cannot be shown."""
    names = {"\0": "NUL", "\x1b": "ESC", "\r": "carriage return", "\x7f": "DEL", "\ufeff": "byte order mark"}
    name = names.get(character)
    return f"U+{ord(character):04X}" + (f" ({name})" if name else "")


def decode(data: bytes, file: str) -> SourceText:
    """Return the text of a file, or raise what keeps its bytes from being text."""
    if len(data) > MAX_BYTES:
        problem = Diagnostic(
            "file-too-large",
            f"the file is larger than {MAX_BYTES // 1024} KiB",
            file,
            expected="a hand-written file of at most 1 MiB",
            hint="move data and long scripts into files of their own and name those here",
        )
        raise PyenvspecError(problem)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PyenvspecError(_not_utf8(data, file, error)) from None
    return SourceText(file, text.replace("\r\n", "\n").replace("\r", "\n"))


def _not_utf8(data: bytes, file: str, error: UnicodeDecodeError) -> Diagnostic:
    expected, hint = "UTF-8 text", "save the file as UTF-8 (in the editor: “Save with encoding”)"
    # Windows' PowerShell writes UTF-16 with `>`; none of its bytes can be shown as a line.
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        source = SourceText(file, "")
        return source.finding(
            "not-utf8", "the file is UTF-16 text", Span(1, 1, 1, 1), expected=expected, hint=hint
        )
    # `error.object` is what the codec was given, without a byte order mark, so positions agree with it.
    good = error.object[: error.start].decode()
    rest = error.object[error.start :].decode(errors="replace")
    source = SourceText(file, re.sub("\r\n?", "\n", good + rest))
    start = len(re.sub("\r\n?", "\n", good))
    message = f"byte 0x{error.object[error.start]:02X} is not UTF-8 text"
    return source.finding("not-utf8", message, source.span(start, start + 1), expected=expected, hint=hint)

"""What a user sees: diagnostics in, text or JSON out. The only module that prints.

Text that came from a user is shown, never sent: what a terminal would act on is spelled out.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pyenvspec.diagnostics import Severity
from pyenvspec.locale.language import message_language, translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TextIO

    from pyenvspec.diagnostics import Diagnostic
    from pyenvspec.options import Options

SITE = "https://pyenvspec.github.io/pyenvspec/"
WIDTH = 100
_LONGEST_TEXT = 4000
_PATIENCE = 0.5  # seconds: what is done sooner would only flicker
_NUMBER_WIDTH = 5
_TAB = 4
_CUT = "…"
_NEAR = 500  # characters on either side of the caret, more than any terminal shows in a line
_STYLES = {
    Severity.ERROR: "1;31",
    Severity.WARNING: "1;33",
    Severity.NOTE: "1;36",
    "where": "1",
    "gutter": "34",
    "help": "32",
}
# Control and format characters (bidirectional overrides are among these), surrogates, line separators.
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


class Reporter(Protocol):
    """Turns findings into what is printed."""

    def __call__(self, diagnostics: Iterable[Diagnostic], *, color: bool = False) -> str: ...


class _Cell(NamedTuple):
    """One character of a source line as shown: its text and the columns that it takes."""

    text: str
    width: int


def format_text(diagnostics: Iterable[Diagnostic], *, color: bool = False) -> str:
    """Return findings for people, a blank line between them."""
    return "\n".join(_format_one(diagnostic, color=color) for diagnostic in diagnostics)


def format_json(diagnostics: Iterable[Diagnostic], *, color: bool = False) -> str:
    """Return findings for programs, in ASCII; `color` is there so that all reporters are called alike."""
    del color
    return json.dumps({"diagnostics": [to_json(d) for d in diagnostics]}, indent=2) + "\n"


REPORTER_BY_NAME: dict[str, Reporter] = {"text": format_text, "json": format_json}


def _bounded(diagnostic: Diagnostic) -> Diagnostic:
    """Return a finding without the far end of texts that nobody reads: a value can be a megabyte long."""
    return replace(
        diagnostic,
        message=_cut_off(diagnostic.message) or "",
        expected=_cut_off(diagnostic.expected),
        hint=_cut_off(diagnostic.hint),
    )


def _cut_off(text: str | None) -> str | None:
    return text if text is None or len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + _CUT


def to_json(diagnostic: Diagnostic) -> dict[str, object]:
    diagnostic = _bounded(diagnostic)
    span = diagnostic.span
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "page": page_of(diagnostic.code),
        "message": diagnostic.message,
        "file": diagnostic.file,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "end_line": span.end_line if span else None,
        "end_column": span.end_column if span else None,
        "source_line": diagnostic.source_line,
        "path": list(diagnostic.path),
        "expected": diagnostic.expected,
        "hint": diagnostic.hint,
    }


def _label(name: str, language: str) -> str:
    if not language:
        return name
    from pyenvspec.locale.translations import label

    return label(name, language)


def page_of(code: str, language: str = "") -> str:
    """Return the address of a message's page, which stays."""
    return f"{SITE}{f'{language}/' if language else ''}errors/{code}/"


def _format_one(diagnostic: Diagnostic, *, color: bool) -> str:
    diagnostic, language = _bounded(diagnostic), message_language()
    notes: list[tuple[str, str]] = []
    if language:
        from pyenvspec.locale import translations

        diagnostic = translations.translate(diagnostic, language)
        notes = [("meaning", meaning)] if (meaning := translations.meaning(diagnostic.code, language)) else []
    span, style = diagnostic.span, _STYLES[diagnostic.severity]
    where = f"{diagnostic.file}:{span.line}:{span.column}" if span else diagnostic.file
    label = paint(f"{_label(diagnostic.severity, language)}[{diagnostic.code}]", style, color=color)
    label = link(label, page_of(diagnostic.code, language), color=color)
    lines = [f"{paint(make_visible(where), _STYLES['where'], color=color)}: {label}: "]
    lines[0] += make_visible(diagnostic.message)
    if span and diagnostic.source_line is not None:
        lines += _format_snippet(diagnostic, color=color)
    elif diagnostic.expected:
        notes.insert(0, ("expected", diagnostic.expected))
    if diagnostic.hint:
        notes.append(("help", diagnostic.hint))
    sign = paint("=", _STYLES["gutter"], color=color)
    for name, note in notes:
        first, *more = note.split("\n")
        label = paint(_label(name, language), _STYLES["help"], color=color)
        lines.append(f"{' ' * _NUMBER_WIDTH} {sign} {label}: {make_visible(first)}")
        indent = " " * (_NUMBER_WIDTH + measure(_label(name, language)) + 5)
        lines += [(indent + make_visible(line)).rstrip() for line in more]
    return "\n".join(lines) + "\n"


def _format_snippet(diagnostic: Diagnostic, *, color: bool) -> list[str]:
    """Return the user's line and the carets below it with what was expected."""
    span = diagnostic.span
    assert span is not None
    source_line = diagnostic.source_line or ""
    # A line can be a megabyte long; what is further away than this cannot be shown anyway.
    skipped = max(span.column - 1 - _NEAR, 0)
    cells = _lay_out(source_line[skipped : span.column + _NEAR])
    if skipped:
        cells[:1] = [_Cell(_CUT, 1)]
    # A span may end behind the line: of a value that is missing.
    start = min(span.column - 1 - skipped, len(cells))
    end = min(span.end_column - 1 - skipped, len(cells)) if span.end_line == span.line else len(cells)
    number = str(span.line).rjust(_NUMBER_WIDTH)
    room = WIDTH - len(number) - 3
    shown, before, marked = _cut(cells, start, max(end, start), room)
    bar = paint("|", _STYLES["gutter"], color=color)
    gutter = " " * len(number)
    carets = paint("^" * max(marked, 1), _STYLES[diagnostic.severity], color=color)
    lines = [f"{paint(number, _STYLES['gutter'], color=color)} {bar} {shown}".rstrip()]
    expected = make_visible(diagnostic.expected or "")
    if before + max(marked, 1) + 1 + measure(expected) <= room:
        lines.append(f"{gutter} {bar} {' ' * before}{carets} {expected}".rstrip())
    else:
        # Beside the caret it would run over the edge: it goes below, under the caret where it fits.
        indent = max(min(before, room - measure(expected)), 0)
        lines += [f"{gutter} {bar} {' ' * before}{carets}", f"{gutter} {bar} {' ' * indent}{expected}"]
    return lines


def _lay_out(text: str) -> list[_Cell]:
    cells: list[_Cell] = []
    column = 0
    for character in text:
        if character == "\t":
            cell = _Cell(" " * (_TAB - column % _TAB), _TAB - column % _TAB)
        else:
            shown = make_visible(character)
            cell = _Cell(shown, measure(shown))
        cells.append(cell)
        column += cell.width
    return cells


def _cut(cells: Sequence[_Cell], start: int, end: int, room: int) -> tuple[str, int, int]:
    """Return the part of a line that fits, the columns before the caret, and the columns marked.

    A line that is too long loses its far end, then its beginning, so that a third of the room stays before
    the caret for context.
    """
    if sum(cell.width for cell in cells) <= room:
        first, last = 0, len(cells)
    else:
        # As if it were cut at both ends: at most one column is given away.
        room -= 2 * len(_CUT)
        first, behind = start, room // 3
        while first > 0 and (behind := behind - cells[first - 1].width) >= 0:
            first -= 1
        if sum(cell.width for cell in cells[:start]) <= room // 3:
            first = 0
        last, left = first, room
        while last < len(cells) and (left := left - cells[last].width) >= 0:
            last += 1
    lead = _CUT if first else ""
    shown = lead + "".join(cell.text for cell in cells[first:last]) + (_CUT if last < len(cells) else "")
    before = len(lead) + sum(cell.width for cell in cells[first:start])
    return shown, before, sum(cell.width for cell in cells[start : min(end, last)])


def measure(text: str) -> int:
    """Return the columns that visible text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(_measure_character(character) for character in text)


def align(rows: Sequence[tuple[str, ...]]) -> list[list[str]]:
    """Return the cells of a table: the last of each row as it is, the others padded to the width of their column."""
    widths = [max(map(measure, column)) for column in zip(*rows, strict=True)]
    return [
        [
            *(cell + " " * (width - measure(cell)) for cell, width in zip(row[:-1], widths, strict=False)),
            row[-1],
        ]
        for row in rows
    ]


def _measure_character(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def some_of(names: Sequence[str], most: int) -> str:
    """Return names in one line: the first ones, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def make_visible(text: str) -> str:
    """Spell out the characters that a terminal would act on, such as `\\x1b`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spell(character) for character in text)


def _spell(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN:
        return character
    code = ord(character)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}"


def paint(text: str, style: str, *, color: bool) -> str:
    """Return the text in a style of the terminal, or as it is."""
    return f"\x1b[{style}m{text}\x1b[0m" if color else text


def link(text: str, address: str, *, color: bool) -> str:
    """Return the text as a link: a terminal that has links shows one, others the text alone."""
    return f"\x1b]8;;{address}\x1b\\{text}\x1b]8;;\x1b\\" if color else text


def wants_color(stream: TextIO | None, choice: str = "auto") -> bool:
    """Decide on colours: `always` and `never` are the user's word, else only a capable terminal gets them.

    NO_COLOR (no-color.org) and FORCE_COLOR (force-color.org) are heard as other tools hear them; the former wins.
    """
    if choice != "auto":
        return choice == "always"
    if stream is None or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    if os.environ.get("TERM") == "dumb":
        return False
    return is_terminal(stream)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody sits at the other end; a stream that was closed before we started is none."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def emit(text: str, stream: TextIO | None) -> None:
    """Write text with what the stream's encoding has; a reader that is gone is no failure of ours."""
    if stream is None or not text:  # started with the stream closed (`2>&-`)
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        # A terminal in Latin-1 or ASCII shows `?` for what it has no sign for.
        stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        _silence(stream)
    except OSError as error:  # a full disk, `>/dev/full`
        _silence(stream)
        if stream is sys.stdout:
            raise OutputError(error.strerror or str(error)) from None


class OutputError(Exception):
    """What was asked for cannot be given: standard output does not take it."""


def _silence(stream: TextIO) -> None:
    """Lead a broken stream nowhere, or Python complains about it once more when it exits."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def say(text: str) -> None:
    """Tell the user something in their language, on stderr; ends the line where the text does not."""
    text = translated(text)
    emit(text if text.endswith("\n") else text + "\n", sys.stderr)


def show(text: str) -> None:
    """Show what is not ours on stderr, as it is: commands, and what another program said."""
    emit(text if text.endswith("\n") else text + "\n", sys.stderr)


@contextmanager
def waiting(text: str, *, quiet: bool = False) -> Iterator[None]:
    """Show what is waited for, when it takes longer than half a second, until it is done; on a terminal only."""
    if quiet or not is_terminal(sys.stderr) or not wants_color(sys.stderr):
        yield
        return
    from threading import Timer

    shown = False

    def show_it() -> None:
        nonlocal shown
        shown = True
        emit(f"{translated(text)} …", sys.stderr)

    timer = Timer(_PATIENCE, show_it)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # it may be writing just now
        if shown:
            emit("\r\x1b[K", sys.stderr)


def put(text: str) -> None:
    """Give the data that was asked for, on stdout, as it is; raises `OutputError` where that cannot be."""
    if sys.stdout is None:
        raise OutputError("it is closed")
    emit(text, sys.stdout)


_LOOKING = ("export", "list", "outdated", "remove", "run")


def report(diagnostics: Iterable[Diagnostic], options: Options) -> None:
    """Show findings as the command line wants them: text on stderr, JSON on stdout.

    `--quiet` leaves only errors, and verbs that only look leave notes to those that check. Without findings nothing
    is printed, besides by `check --json`, which has nothing else to give.
    """
    heard = {Severity.ERROR}
    if not options.quiet:
        heard |= {Severity.WARNING} if options.verb in _LOOKING else set(Severity)
    shown = [d for d in diagnostics if d.severity in heard]
    if options.json:
        if shown or options.verb == "check":
            put(REPORTER_BY_NAME["json"](shown))
    elif shown:
        emit(REPORTER_BY_NAME["text"](shown, color=wants_color(sys.stderr, options.color)), sys.stderr)

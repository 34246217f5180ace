"""Complaints about lines and their indentation, in plain words: one function per kind of mistake."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.reading.complaint import MISSING_SPACE, quote_rest
from pyenvspec.reading.text import shorten

if TYPE_CHECKING:
    from pyenvspec.diagnostics import Diagnostic
    from pyenvspec.reading.complaint import Complaint

_KEY_LINE = re.compile(
    r"(?P<indent> *)(?:- +)*(?P<key>[^\s:#'\"][^:#]*?) *:(?: +(?P<value>[^\s#].*))?(?: .*)?$"
)
# Bounds the backtracking of the pattern above, which is quadratic.
_MAX_KEY = 200


def odd_tab(said: Complaint) -> Diagnostic:
    """A tab in the indentation, or between words where the parser at hand takes none."""
    start = said.source.line_start(said.at)
    line = said.source.lines[said.source.line_index(said.at)]
    column = max(line.find("\t"), 0)
    width = len(line[column:]) - len(line[column:].lstrip("\t"))
    return said.report(
        "a tab stands where YAML takes only spaces",
        start + column,
        start + column + width,
        expected="spaces",
        hint="indent with two spaces per level, in this line and everywhere in the file",
        code="yaml-tab",
    )


def stray_colon(said: Complaint) -> Diagnostic:
    """A `key:` where none may stand: behind another one, or in a line that continues a value."""
    here = said.source.line_index(said.at)
    if "\t" in said.line[: len(said.line) - len(said.line.lstrip())]:
        return odd_tab(said)
    above = next((n for n in range(here - 1, -1, -1) if said.source.lines[n].strip()), None)
    key = _KEY_LINE.match(said.line[:_MAX_KEY])
    if above is not None and key and len(said.before) == key.end("key"):
        match = MISSING_SPACE.fullmatch(said.source.lines[above].strip().removeprefix("- "))
        if match:
            offset = said.source.offset(above + 1, said.source.lines[above].index(":") + 1)
            return said.report(
                f"there is no space after the colon of `{match[1]}`",
                offset,
                offset + 1,
                expected="`: ` with a space",
                hint=f"write `{match[1]}: {shorten(match[2])}`",
            )
        return _continued(said, above)
    return _second_colon(said)


def _continued(said: Complaint, above: int) -> Diagnostic:
    line = said.source.lines[above]
    start = said.source.line_start(said.at)
    key = _KEY_LINE.match(line[:_MAX_KEY])
    depth = len(said.line) - len(said.line.lstrip(" "))
    shown = shorten(said.before.strip(" -"))
    if key and key["value"] and depth > len(key["indent"]):
        hint = f"give both keys the same indentation, or take the value of `{key['key']}` away"
        expected = f"{_spaces(len(key['indent']))} before it, as line {above + 1} has"
    else:
        hint = f"end line {above + 1} with a colon if it is a key, else quote the text of both lines"
        expected = f"line {above + 1} to be a key with a colon"
    return said.report(
        f"`{shown}` continues the value in line {above + 1}, and so cannot be a key",
        start + depth,
        max(said.at, start + depth),
        expected=expected,
        hint=hint,
    )


def _second_colon(said: Complaint) -> Diagnostic:
    first = re.match(r" *(?:- +)*[^:]*: +", said.line)
    start = said.source.line_start(said.at) + (
        first.end() if first and first.end() <= len(said.before) else 0
    )
    start += len(said.text[start : said.at]) - len(said.text[start : said.at].lstrip(" -"))
    return said.report(
        "a second colon makes a key of what should be the value",
        said.at,
        said.at + 1,
        expected="one `key: value` in a line",
        hint=f"quote the value: {quote_rest(said.source, start)}",
    )


def stray_dash(said: Complaint) -> Diagnostic:
    quoted = quote_rest(said.source, said.at)
    return said.report(
        "a list that uses `-` cannot start behind other things in a line",
        said.at,
        said.at + 1,
        expected="`- ` at the start of a line of its own",
        hint=f"write `[a, b]`, put each `- value` in a line below the key, or quote a text: {quoted}",
    )


def stray_question(said: Complaint) -> Diagnostic:
    return said.report(
        "`?` starts a key in YAML, and no key may stand here",
        said.at,
        said.at + 1,
        expected="a quoted text",
        hint=f"quote it: {quote_rest(said.source, said.at)}",
    )


def missing_colon(said: Complaint) -> Diagnostic:
    end = said.source.line_end(said.opened)
    shown = shorten(said.text[said.opened : end].split(" #")[0].strip())
    if match := MISSING_SPACE.match(shown):
        return said.report(
            f"there is no space after the colon of `{match[1]}`",
            said.opened,
            said.opened + len(shown),
            expected="`: ` with a space",
            hint=f"write `{match[1]}: {match[2]}`",
        )
    return said.report(
        f"`{shown}` stands alone, without a colon",
        said.opened,
        said.opened + max(1, len(shown)),
        expected="`key: value`",
        hint=f"write `{shown}: value`, or indent the line if it belongs to the one above",
    )


def odd_line(said: Complaint) -> Diagnostic:
    """Something else than the next key or list item: wrong indentation, or text behind a value."""
    start = said.source.line_start(said.at)
    if "\t" in said.line[: len(said.line) - len(said.line.lstrip())]:
        return odd_tab(said)
    if said.before.strip():
        return behind_value(said)
    if said.character == ":":
        return missing_key(said)
    levels = _levels_above(said)
    depth = len(said.before)
    if depth in levels:
        is_list = said.context.endswith("collection")
        return said.report(
            "a key stands in the middle of a list" if is_list else "a list item stands in the middle of keys",
            said.at,
            said.source.line_end(said.at),
            expected="`- ` and the next item" if is_list else "`key: value`",
            hint="indent what belongs to the line above, or give it a key of its own",
        )
    return said.report(
        "the line is indented by " + _spaces(depth) + ", and no line above is",
        start,
        max(said.at, start + 1),
        expected=" or ".join(_spaces(level) for level in levels),
        hint="start the line in the same column as the keys that it stands beside",
    )


def missing_key(said: Complaint) -> Diagnostic:
    """A colon with nothing before it."""
    return said.report(
        "there is no key before the colon",
        said.at,
        said.at + 1,
        expected="`key: value`",
        hint="write a key, or quote the text if the colon is part of it",
        code="yaml-key",
    )


def _spaces(count: int) -> str:
    return {0: "no spaces", 1: "1 space"}.get(count, f"{count} spaces")


def _levels_above(said: Complaint) -> list[int]:
    levels: list[int] = []
    for line in reversed(said.source.lines[: said.source.line_index(said.at)]):
        text = line.lstrip(" ")
        if text and not text.startswith("#") and (not levels or len(line) - len(text) < levels[0]):
            levels.insert(0, len(line) - len(text))
    return levels or [0]


def behind_value(said: Complaint) -> Diagnostic:
    """Words behind a closing quote or bracket, or behind an alias."""
    last = said.before.rstrip()[-1]
    hint = "put quotes around the whole value, and single quotes where it has double quotes inside"
    number = said.source.line_index(said.at)
    if last in "\"'" and number and said.source.lines[number - 1].count(last) % 2:
        hint = f"look at line {number}: a quote `{last}` that is opened there is not closed"
    return said.report(
        f"more text follows the closing `{last}`" if last in "\"']}" else "more text follows a value",
        said.at,
        max(said.at + 1, said.source.line_end(said.at)),
        expected="the end of the line",
        hint=hint,
    )

"""Complaints about lines and their indentation, in plain words: one function per kind of mistake."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.reading.complaint import MISSING_SPACE, quote_rest
from pyenvspec.reading.text import shorten

if TYPE_CHECKING:
    from pyenvspec.diagnostics import Diagnostic
    from pyenvspec.reading.complaint import Complaint

# `  - name: value`, `name:`; a quoted key is none.
_KEY_LINE = r"(?P<indent> *)(?:- +)*(?P<key>[^\s:#'\"][^:#]*?) *:(?: +(?P<value>[^\s#].*))?(?: .*)?$"
# Bounds the backtracking of the pattern above, which is quadratic.
_MAX_KEY = 200
# `version 3.12` and `version = 3.12`.
_NO_COLON = r"(?P<key>[A-Za-z_][\w.-]*)(?: +| *= *)(?P<value>[^\s=:].*)"


def odd_tab(complaint: Complaint) -> Diagnostic:
    """A tab in the indentation, or between words where the parser at hand takes none."""
    start = complaint.source.line_start(complaint.at)
    line = complaint.source.lines[complaint.source.line_index(complaint.at)]
    column = max(line.find("\t"), 0)
    width = len(line[column:]) - len(line[column:].lstrip("\t"))
    return complaint.report(
        "a tab stands where YAML takes only spaces",
        start + column,
        start + column + width,
        expected="spaces",
        hint="indent with two spaces per level, in this line and everywhere in the file",
        code="yaml-tab",
    )


def stray_colon(complaint: Complaint) -> Diagnostic:
    """A `key:` where none may stand: behind another one, or in a line that continues a value."""
    here = complaint.source.line_index(complaint.at)
    # Behind a tab a line goes on with the value above, and only its colon is refused.
    if "\t" in complaint.line[: len(complaint.line) - len(complaint.line.lstrip())]:
        return odd_tab(complaint)
    above = next((n for n in range(here - 1, -1, -1) if complaint.source.lines[n].strip()), None)
    key = re.match(_KEY_LINE, complaint.line[:_MAX_KEY])
    if above is not None and key and len(complaint.before) == key.end("key"):
        # `version:3.12` is a text to YAML, and the key in the next line seems to continue it.
        match = re.fullmatch(MISSING_SPACE, complaint.source.lines[above].strip().removeprefix("- "))
        if match:
            offset = complaint.source.offset(above + 1, complaint.source.lines[above].index(":") + 1)
            return complaint.report(
                f"there is no space after the colon of `{match[1]}`",
                offset,
                offset + 1,
                expected="`: ` with a space",
                hint=f"write `{match[1]}: {shorten(match[2])}`",
            )
        return _continued(complaint, above)
    return _second_colon(complaint)


def _continued(complaint: Complaint, above: int) -> Diagnostic:
    line = complaint.source.lines[above]
    start = complaint.source.line_start(complaint.at)
    key = re.match(_KEY_LINE, line[:_MAX_KEY])
    if key is None and _begins_value(complaint, above):
        return _without_colon(complaint, complaint.source.offset(above + 1, _depth(line) + 1))
    depth = _depth(complaint.line)
    shown = shorten(complaint.before.strip(" -"))
    # `a: 1` and, indented below it, `b: 2`: a value cannot have keys besides.
    if key and key["value"] and depth > len(key["indent"]):
        hint = f"give both keys the same indentation, or take the value of `{key['key']}` away"
        expected = f"{_spaces(len(key['indent']))} before it, as line {above + 1} has"
    else:
        hint = f"end line {above + 1} with a colon if it is a key, else quote the text of both lines"
        expected = f"line {above + 1} to be a key with a colon"
    return complaint.report(
        f"`{shown}` continues the value in line {above + 1}, and so cannot be a key",
        start + depth,
        max(complaint.at, start + depth),
        expected=expected,
        hint=hint,
    )


def _begins_value(complaint: Complaint, number: int) -> bool:
    """Whether a line beside the one of the problem goes on with no value that begins above it."""
    lines = complaint.source.lines
    if _depth(lines[number]) != _depth(complaint.line):
        return False
    before = next((line for line in reversed(lines[:number]) if line.strip() and line.strip()[0] != "#"), "")
    key = re.match(_KEY_LINE, before[:_MAX_KEY])
    return key is None or not key["value"] or _depth(before) >= _depth(lines[number])


def _second_colon(complaint: Complaint) -> Diagnostic:
    first = re.match(r"[^:]*: +", complaint.line)
    start = complaint.source.line_start(complaint.at) + (
        first.end() if first and first.end() <= len(complaint.before) else 0
    )
    start += len(complaint.text[start : complaint.at]) - len(
        complaint.text[start : complaint.at].lstrip(" -")
    )
    return complaint.report(
        "a second colon makes a key of what should be the value",
        complaint.at,
        complaint.at + 1,
        expected="one `key: value` in a line",
        hint=f"quote the value: {quote_rest(complaint.source, start)}",
    )


def stray_dash(complaint: Complaint) -> Diagnostic:
    quoted = quote_rest(complaint.source, complaint.at)
    return complaint.report(
        "a list that uses `-` cannot start behind other things in a line",
        complaint.at,
        complaint.at + 1,
        expected="`- ` at the start of a line of its own",
        hint=f"write `[a, b]`, put each `- value` in a line below the key, or quote a text: {quoted}",
    )


def stray_question(complaint: Complaint) -> Diagnostic:
    return complaint.report(
        "`?` starts a key in YAML, and no key may stand here",
        complaint.at,
        complaint.at + 1,
        expected="a quoted text",
        hint=f"quote it: {quote_rest(complaint.source, complaint.at)}",
    )


def missing_colon(complaint: Complaint) -> Diagnostic:
    return _without_colon(complaint, complaint.opened)


def _without_colon(complaint: Complaint, start: int) -> Diagnostic:
    end = complaint.source.line_end(start)
    shown = shorten(complaint.text[start:end].split(" #")[0].strip())
    # Ordered by how sure the guess is: the last one says no more than that a colon is missing.
    if match := re.match(MISSING_SPACE, shown):
        return complaint.report(
            f"there is no space after the colon of `{match[1]}`",
            start,
            start + len(shown),
            expected="`: ` with a space",
            hint=f"write `{match[1]}: {match[2]}`",
        )
    if item := re.fullmatch(r"-([^\s-].*)", shown):
        return complaint.report(
            f"there is no space after the `-` of `{item[1]}`",
            start,
            start + len(shown),
            expected="`- ` with a space",
            hint=f"write `- {item[1]}`",
        )
    is_item = _stands_among_items(complaint, start)
    if is_item:
        hint = f"write `- {shown}`, as the lines beside it"
    elif match := re.fullmatch(_NO_COLON, shown):
        hint = f"write `{match['key']}: {match['value']}`"
    else:
        hint = f"write `{shown}: value`, or indent the line if it belongs to the one above"
    return complaint.report(
        f"`{shown}` stands alone, without a colon",
        start,
        start + max(1, len(shown)),
        expected="`- value`" if is_item else "`key: value`",
        hint=hint,
    )


def _stands_among_items(complaint: Complaint, start: int) -> bool:
    """Whether the line is one of a list, by the line above."""
    number = complaint.source.line_index(start)
    lines = complaint.source.lines
    above = next((line for line in reversed(lines[:number]) if line.strip()), "")
    return above.lstrip().startswith("- ") and _depth(above) == _depth(lines[number]) and ":" not in above


def indented_start(complaint: Complaint) -> Diagnostic:
    """The first key stands further right than another one below it."""
    first = next(n for n, line in enumerate(complaint.source.lines) if is_content(line))
    start = complaint.source.offset(first + 1, 1)
    depth = _depth(complaint.source.lines[first])
    return complaint.report(
        f"the line is indented by {_spaces(depth)}, and line {complaint.source.line_index(complaint.at) + 1} is not",
        start,
        start + depth,
        expected="all keys of the top level in the same column",
        hint="start the line in the same column as the keys that it stands beside",
    )


def is_content(line: str) -> bool:
    """Whether a line holds more than a comment or the start of the document."""
    return bool(line.strip()) and line.lstrip()[0] != "#" and line.rstrip() != "---"


def odd_line(complaint: Complaint) -> Diagnostic:
    """Something else than the next key or list item: wrong indentation, or text behind a value."""
    start = complaint.source.line_start(complaint.at)
    if "\t" in complaint.line[: len(complaint.line) - len(complaint.line.lstrip())]:
        return odd_tab(complaint)
    if complaint.before.strip():
        return behind_value(complaint)
    if complaint.character == ":":
        return missing_key(complaint)
    levels = _levels_above(complaint)
    depth = len(complaint.before)
    # Such a line would be right as a key or an item of something above: indentation is not what is wrong.
    if depth in levels:
        # PyYAML calls a list "a block collection", and keys "a block mapping".
        is_list = complaint.context.endswith("collection")
        return complaint.report(
            "a key stands in the middle of a list" if is_list else "a list item stands in the middle of keys",
            complaint.at,
            complaint.source.line_end(complaint.at),
            expected="`- ` and the next item" if is_list else "`key: value`",
            hint="indent what belongs to the line above, or give it a key of its own",
        )
    return complaint.report(
        "the line is indented by " + _spaces(depth) + ", and no line above is",
        start,
        max(complaint.at, start + 1),
        expected=" or ".join(_spaces(level) for level in levels),
        hint="start the line in the same column as the keys that it stands beside",
    )


def missing_key(complaint: Complaint) -> Diagnostic:
    """A colon with nothing before it."""
    return complaint.report(
        "there is no key before the colon",
        complaint.at,
        complaint.at + 1,
        expected="`key: value`",
        hint="write a key, or quote the text if the colon is part of it",
        code="yaml-key",
    )


def _spaces(count: int) -> str:
    return {0: "no spaces", 1: "1 space"}.get(count, f"{count} spaces")


def _levels_above(complaint: Complaint) -> list[int]:
    levels: list[int] = []
    # Upwards, so that only lines which still enclose the one at fault count.
    for line in reversed(complaint.source.lines[: complaint.source.line_index(complaint.at)]):
        text = line.lstrip(" ")
        if text and not text.startswith("#") and (not levels or len(line) - len(text) < levels[0]):
            levels.insert(0, len(line) - len(text))
    return levels or [0]


def behind_value(complaint: Complaint) -> Diagnostic:
    """Words behind a closing quote or bracket, or behind an alias."""
    last = complaint.before.rstrip()[-1]
    return complaint.report(
        f"more text follows the closing `{last}`" if last in "\"']}" else "more text follows a value",
        complaint.at,
        max(complaint.at + 1, complaint.source.line_end(complaint.at)),
        expected="the end of the line",
        hint=_end_of_value(complaint, last),
    )


def _end_of_value(complaint: Complaint, last: str) -> str:
    rest = complaint.text[complaint.at : complaint.source.line_end(complaint.at)].split(" #")[0].strip()
    if last in "]}" and not rest.strip("]} "):
        return f"take `{rest}` away: nothing is open there"
    number = complaint.source.line_index(complaint.at)
    if last in "\"'" and number and complaint.source.lines[number - 1].count(last) % 2:
        return f"look at line {number}: a quote `{last}` that is opened there is not closed"
    # What stands in front of the value: `  - key: `, `key: ` or `  - `.
    value = re.match(r" *(?:- +)*(?:[^\s:#'\"][^:#]*: +)?", complaint.line)
    first = value.end() if value else 0
    if complaint.line[first : first + 1] != last:
        return "put quotes around the whole value, and single quotes where it has double quotes inside"
    start = complaint.source.line_start(complaint.at) + first
    # `'it's'`: what follows the quote at once was meant to be inside of it.
    is_inside = complaint.before.endswith(last) and rest.endswith(last)
    return f"quote the whole value: {quote_rest(complaint.source, start, inside=is_inside)}"


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))

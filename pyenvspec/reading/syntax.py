"""PyYAML's complaints in plain words: its error and the text in, one diagnostic out.

libyaml and the pure parser word the same problem differently; `_RULES` knows both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from pyenvspec.reading.complaint import Complaint, quote_rest
from pyenvspec.reading.layout import (
    behind_value,
    indented_start,
    is_content,
    missing_colon,
    missing_key,
    odd_line,
    odd_tab,
    stray_colon,
    stray_dash,
    stray_question,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyenvspec.diagnostics import Diagnostic
    from pyenvspec.reading.text import SourceText

_CLOSING = {"[": "]", "{": "}"}


def explain_error(
    error: yaml.YAMLError | ValueError | OverflowError,
    source: SourceText,
    brackets: Sequence[int],
    read_to: int,
) -> Diagnostic:
    """Return the one finding for a file that is no YAML; `read_to` is where reading had got to."""
    complaint = _listen(error, source, tuple(brackets), read_to)
    for wording, explain in _RULES:
        if re.search(wording, f"{complaint.context}: {complaint.problem}"):
            return explain(complaint)
    return _anything_else(complaint)


def _listen(error: Exception, source: SourceText, brackets: tuple[int, ...], read_to: int) -> Complaint:
    # The pure parser's chr() raises without a place: it is behind what was read last.
    if not isinstance(error, yaml.MarkedYAMLError):
        return Complaint(source, "", read_to, str(error), read_to, brackets)
    at = error.problem_mark.index if error.problem_mark else read_to
    at = min(at, len(source.text))
    opened = error.context_mark.index if error.context_mark else at
    return Complaint(source, error.context or "", opened, error.problem or "", at, brackets)


def _token(complaint: Complaint) -> Diagnostic:
    if complaint.character == "\t":
        return odd_tab(complaint)
    shown = f"`{complaint.character}`" if complaint.character != "`" else "a backtick"
    return complaint.report(
        f"an unquoted text cannot start with {shown}",
        complaint.at,
        complaint.at + 1,
        expected="a quoted text",
        hint=f"quote it: {quote_rest(complaint.source, complaint.at, in_brackets=bool(complaint.brackets))}",
    )


def _reference(complaint: Complaint) -> Diagnostic:
    # `pattern: *.wav` is how beginners meet an alias.
    sign = complaint.text[complaint.opened]
    kind = "alias" if sign == "*" else "anchor"
    return complaint.report(
        f"`{sign}` starts the name of an {kind} in YAML, and no name follows",
        complaint.opened,
        complaint.at,
        expected="a quoted text",
        hint=f"quote it: {quote_rest(complaint.source, complaint.opened, in_brackets=bool(complaint.brackets))}",
    )


def _tagged(complaint: Complaint) -> Diagnostic:
    return complaint.report(
        "`!` starts a YAML tag",
        complaint.opened,
        complaint.opened + 1,
        expected="a plain value",
        hint="quote a text that starts with `!`: "
        + quote_rest(complaint.source, complaint.opened, in_brackets=bool(complaint.brackets)),
        code="yaml-tag",
    )


def _open_quote(complaint: Complaint) -> Diagnostic:
    quote = complaint.text[complaint.opened]
    line = complaint.source.line_index(complaint.opened) + 1
    return complaint.report(
        f"the quote `{quote}` is never closed",
        complaint.opened,
        complaint.source.line_end(complaint.opened),
        expected=f"a closing `{quote}`",
        hint=f"put `{quote}` where the text ends, most likely at the end of line {line}",
    )


def _escape(complaint: Complaint) -> Diagnostic:
    start = complaint.text.rfind("\\", complaint.opened, complaint.at + 1)
    # libyaml marks the backslash or what is before it, the pure parser what is behind it.
    start = start if start >= 0 else complaint.at
    shown = complaint.text[start : start + 2].strip()
    # A Windows path that ends the file: its `\"` closes no quote.
    if shown == "\\" and not complaint.text[start + 1 :].strip():
        return _open_quote(complaint)
    return complaint.report(
        f"`{shown}` is no escape that YAML knows",
        start,
        start + len(shown),
        expected="an escape such as `\\n`, or `\\\\` for a backslash",
        hint="put the text in single quotes, which take a backslash as it is",
    )


def _escaped_character(complaint: Complaint) -> Diagnostic:
    start = complaint.text.rfind("\\", complaint.opened, complaint.at + 1)
    match = re.compile(r"\\[uU][0-9a-fA-F]*").match(complaint.text, max(start, 0))
    return complaint.report(
        "the escape stands for no character",
        *(match.span() if match else (complaint.at, complaint.at + 1)),
        expected="the number of a Unicode character",
        hint="write the character itself, without an escape",
        code="control-character",
    )


def _block_text(complaint: Complaint) -> Diagnostic:
    # `version: >=3.10` is the usual case: `>` and `|` begin block texts.
    sign = complaint.text[complaint.opened]
    return complaint.report(
        f"`{sign}` starts a text of several lines, which goes on in the next line",
        complaint.opened,
        complaint.source.line_end(complaint.opened),
        expected="a quoted text",
        hint=f"quote it: {quote_rest(complaint.source, complaint.opened)}",
    )


def _starts_value(complaint: Complaint) -> bool:
    """Whether the problem is a quote or bracket that begins its line, where a comma may be missing above."""
    return not complaint.before.strip() and complaint.character in "\"'[{"


def _brackets(complaint: Complaint) -> Diagnostic:
    # The innermost that is open, by our own count; the parser's mark may be the end of the file.
    opened = complaint.brackets[-1] if complaint.brackets else min(complaint.opened, len(complaint.text) - 1)
    bracket = complaint.text[opened]
    close = _CLOSING.get(bracket, "]")
    before = complaint.before.rstrip()
    # `[${project}/x]`: inside of brackets an unquoted text ends at a brace.
    if complaint.character == "{" and before.endswith("$"):
        start = complaint.source.line_start(complaint.at) + max(before.rfind(c) for c in ", [{:") + 1
        return complaint.report(
            f"`{{` opens a mapping inside the unquoted text `{complaint.text[start : complaint.at]}`",
            complaint.at,
            complaint.at + 1,
            expected="a quoted text",
            hint=f"quote it: {quote_rest(complaint.source, start, in_brackets=True)}",
        )
    same_line = complaint.source.line_index(opened) == complaint.source.line_index(complaint.at)
    if complaint.character in ("]", "}") and complaint.character != close:
        return complaint.report(
            f"`{complaint.character}` closes nothing: the bracket that is open is `{bracket}`",
            complaint.at,
            complaint.at + 1,
            expected=f"`{close}`",
            hint=f"write `{close}` here, or quote the `{complaint.character}` if it is part of a text",
        )
    # In a later line the missing comma is at the end of the line above, or it is the bracket that is not closed.
    if complaint.character and (same_line or _starts_value(complaint)):
        return complaint.report(
            f"something is missing between two values of the `{bracket}…{close}`",
            complaint.at,
            complaint.at + 1,
            expected=f"`,` or `{close}`",
            hint=f"put a comma before this, or `{close}` to end what `{bracket}` began",
        )
    # A closing bracket that begins a line below is that of this one, so it is not the bracket that is missing.
    if re.search(rf"^ *\{close}", complaint.text[complaint.at :], re.MULTILINE):
        above = len(complaint.text[: complaint.source.line_start(complaint.at)].rstrip())
        return complaint.report(
            f"a comma is missing at the end of line {complaint.source.line_index(above) + 1}",
            above,
            above,
            expected=f"`,` between the values of the `{bracket}…{close}`",
            hint="put a comma there, or leave the brackets out and indent the lines",
        )
    return complaint.report(
        f"the bracket `{bracket}` is never closed",
        opened,
        opened + 1,
        expected=f"a closing `{close}`",
        hint=f"put `{close}` where the {'list' if bracket == '[' else 'mapping'} ends",
    )


def _no_content(complaint: Complaint) -> Diagnostic:
    if complaint.brackets and (not complaint.character or complaint.character in "]}"):
        return _brackets(complaint)
    if complaint.character == ":":
        return missing_key(complaint)
    return complaint.report(
        f"a value cannot start with `{complaint.character}`"
        if complaint.character
        else "a value is missing at the end",
        complaint.at,
        min(complaint.at + 1, len(complaint.text)),
        expected="a value",
        hint=f"write a value, or quote the text if `{complaint.character}` is part of it",
    )


def _document(complaint: Complaint) -> Diagnostic:
    # Without such lines the parser takes the document to have ended at the first key that is further left.
    if not re.search(r"^(?:\.\.\.|%)", complaint.text[: complaint.at], re.MULTILINE):
        if complaint.before.strip():
            return behind_value(complaint)
        first = next(filter(is_content, complaint.source.lines), "")
        return indented_start(complaint) if first.startswith(" ") else _anything_else(complaint)
    return complaint.report(
        "text stands outside the YAML document",
        complaint.at,
        max(complaint.at, complaint.source.line_end(complaint.at)),
        expected="one document, without `...` or `%` lines",
        hint="delete the line `...` or the lines that start with `%`",
        code="yaml-second-document",
    )


def _directive(complaint: Complaint) -> Diagnostic:
    start = complaint.source.line_start(min(complaint.opened, complaint.at))
    return complaint.report(
        "a line cannot start with `%`",
        start,
        start + 1,
        expected="`key: value`",
        hint=f"quote it, or delete the line: {quote_rest(complaint.source, start)}",
    )


def _anything_else(complaint: Complaint) -> Diagnostic:
    # The rare rest keeps PyYAML's own words, which say more than none.
    where = " ".join(part for part in (complaint.context, complaint.problem) if part)
    return complaint.report(
        f"this is not valid YAML: {where}",
        min(complaint.at, max(len(complaint.text.rstrip()) - 1, 0)),
        min(complaint.at + 1, len(complaint.text)),
        expected="`key: value` lines, lists and quoted texts",
        hint="quote the value here, and look at the end of the line above",
    )


# The first that matches counts: a wording stands above those that are a part of it (`escape`).
_RULES: tuple[tuple[str, Callable[[Complaint], Diagnostic]], ...] = (
    ("scanning an alias|scanning an anchor", _reference),
    ("parsing a tag|scanning a tag|tag handle|found duplicate %TAG", _tagged),
    ("tab character", odd_tab),
    ("cannot start any token", _token),
    ("unexpected end of stream|unexpected document (separator|indicator)", _open_quote),
    ("invalid Unicode character escape|chr\\(\\)|too large to convert", _escaped_character),
    ("escape|hexa?decimal", _escape),
    ("scanning a block scalar", _block_text),
    ("mapping values are not allowed", stray_colon),
    ("sequence entries are not allowed", stray_dash),
    ("mapping keys are not allowed", stray_question),
    ("node content", _no_content),
    ("parsing a flow", _brackets),
    ("could not find expected ':'", missing_colon),
    ("document start", _document),
    ("directive|incompatible YAML", _directive),
    ("parsing a block", odd_line),
)

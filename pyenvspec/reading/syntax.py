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
    if not isinstance(error, yaml.MarkedYAMLError):
        return Complaint(source, "", read_to, str(error), read_to, brackets)
    at = error.problem_mark.index if error.problem_mark else read_to
    at = min(at, len(source.text))
    opened = error.context_mark.index if error.context_mark else at
    return Complaint(source, error.context or "", opened, error.problem or "", at, brackets)


def _token(said: Complaint) -> Diagnostic:
    if said.character == "\t":
        return odd_tab(said)
    shown = f"`{said.character}`" if said.character != "`" else "a backtick"
    return said.report(
        f"an unquoted text cannot start with {shown}",
        said.at,
        said.at + 1,
        expected="a quoted text",
        hint=f"quote it: {quote_rest(said.source, said.at, in_brackets=bool(said.brackets))}",
    )


def _reference(said: Complaint) -> Diagnostic:
    sign = said.text[said.opened]
    kind = "alias" if sign == "*" else "anchor"
    return said.report(
        f"`{sign}` starts the name of an {kind} in YAML, and no name follows",
        said.opened,
        said.at,
        expected="a quoted text",
        hint=f"quote it: {quote_rest(said.source, said.opened, in_brackets=bool(said.brackets))}",
    )


def _tagged(said: Complaint) -> Diagnostic:
    return said.report(
        "`!` starts a YAML tag",
        said.opened,
        said.opened + 1,
        expected="a plain value",
        hint=f"quote a text that starts with `!`: {quote_rest(said.source, said.opened)}",
        code="yaml-tag",
    )


def _open_quote(said: Complaint) -> Diagnostic:
    quote = said.text[said.opened]
    line = said.source.line_index(said.opened) + 1
    return said.report(
        f"the quote `{quote}` is never closed",
        said.opened,
        said.source.line_end(said.opened),
        expected=f"a closing `{quote}`",
        hint=f"put `{quote}` where the text ends, most likely at the end of line {line}",
    )


def _escape(said: Complaint) -> Diagnostic:
    start = said.text.rfind("\\", said.opened, said.at + 1)
    start = start if start >= 0 else said.at
    shown = said.text[start : start + 2].strip()
    if shown == "\\" and not said.text[start + 1 :].strip():
        return _open_quote(said)
    return said.report(
        f"`{shown}` is no escape that YAML knows",
        start,
        start + len(shown),
        expected="an escape such as `\\n`, or `\\\\` for a backslash",
        hint="put the text in single quotes, which take a backslash as it is",
    )


def _escaped_character(said: Complaint) -> Diagnostic:
    start = said.text.rfind("\\", said.opened, said.at + 1)
    match = re.compile(r"\\[uU][0-9a-fA-F]*").match(said.text, max(start, 0))
    return said.report(
        "the escape stands for no character",
        *(match.span() if match else (said.at, said.at + 1)),
        expected="the number of a Unicode character",
        hint="write the character itself, without an escape",
        code="control-character",
    )


def _block_text(said: Complaint) -> Diagnostic:
    sign = said.text[said.opened]
    return said.report(
        f"`{sign}` starts a text of several lines, which goes on in the next line",
        said.opened,
        said.source.line_end(said.opened),
        expected="a quoted text",
        hint=f"quote it: {quote_rest(said.source, said.opened)}",
    )


def _starts_value(said: Complaint) -> bool:
    """Whether the problem is a quote or bracket that begins its line, where a comma may be missing above."""
    return not said.before.strip() and said.character in "\"'[{"


def _brackets(said: Complaint) -> Diagnostic:
    opened = said.brackets[-1] if said.brackets else min(said.opened, len(said.text) - 1)
    bracket = said.text[opened]
    close = _CLOSING.get(bracket, "]")
    before = said.before.rstrip()
    if said.character == "{" and before.endswith("$"):
        start = said.source.line_start(said.at) + max(before.rfind(c) for c in ", [{:") + 1
        return said.report(
            f"`{{` opens a mapping inside the unquoted text `{said.text[start : said.at]}`",
            said.at,
            said.at + 1,
            expected="a quoted text",
            hint=f"quote it: {quote_rest(said.source, start, in_brackets=True)}",
        )
    same_line = said.source.line_index(opened) == said.source.line_index(said.at)
    if said.character in ("]", "}") and said.character != close:
        return said.report(
            f"`{said.character}` closes nothing: the bracket that is open is `{bracket}`",
            said.at,
            said.at + 1,
            expected=f"`{close}`",
            hint=f"write `{close}` here, or quote the `{said.character}` if it is part of a text",
        )
    if said.character and (same_line or _starts_value(said)):
        return said.report(
            f"something is missing between two values of the `{bracket}…{close}`",
            said.at,
            said.at + 1,
            expected=f"`,` or `{close}`",
            hint=f"put a comma before this, or `{close}` to end what `{bracket}` began",
        )
    if re.search(rf"^ *\{close}", said.text[said.at :], re.MULTILINE):
        above = len(said.text[: said.source.line_start(said.at)].rstrip())
        return said.report(
            f"a comma is missing at the end of line {said.source.line_index(above) + 1}",
            above,
            above,
            expected=f"`,` between the values of the `{bracket}…{close}`",
            hint="put a comma there, or leave the brackets out and indent the lines",
        )
    return said.report(
        f"the bracket `{bracket}` is never closed",
        opened,
        opened + 1,
        expected=f"a closing `{close}`",
        hint=f"put `{close}` where the {'list' if bracket == '[' else 'mapping'} ends",
    )


def _no_content(said: Complaint) -> Diagnostic:
    if said.brackets and (not said.character or said.character in "]}"):
        return _brackets(said)
    if said.character == ":":
        return missing_key(said)
    return said.report(
        f"a value cannot start with `{said.character}`"
        if said.character
        else "a value is missing at the end",
        said.at,
        min(said.at + 1, len(said.text)),
        expected="a value",
        hint=f"write a value, or quote the text if `{said.character}` is part of it",
    )


def _document(said: Complaint) -> Diagnostic:
    if not re.search(r"^(?:\.\.\.|%)", said.text[: said.at], re.MULTILINE):
        return behind_value(said) if said.before.strip() else _anything_else(said)
    return said.report(
        "text stands outside the YAML document",
        said.at,
        max(said.at, said.source.line_end(said.at)),
        expected="one document, without `...` or `%` lines",
        hint="delete the line `...` or the lines that start with `%`",
        code="yaml-second-document",
    )


def _directive(said: Complaint) -> Diagnostic:
    start = said.source.line_start(min(said.opened, said.at))
    return said.report(
        "a line cannot start with `%`",
        start,
        start + 1,
        expected="`key: value`",
        hint=f"quote it, or delete the line: {quote_rest(said.source, start)}",
    )


def _anything_else(said: Complaint) -> Diagnostic:
    where = " ".join(part for part in (said.context, said.problem) if part)
    return said.report(
        f"this is not valid YAML: {where}",
        min(said.at, max(len(said.text.rstrip()) - 1, 0)),
        min(said.at + 1, len(said.text)),
        expected="`key: value` lines, lists and quoted texts",
        hint="quote the value here, and look at the end of the line above",
    )


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

"""What is wrong with a tree that parses: one function per problem, positions in, a diagnostic out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.reading.complaint import MISSING_SPACE, quote_rest
from pyenvspec.reading.text import name_character, shorten

if TYPE_CHECKING:
    from pyenvspec.diagnostics import Diagnostic, Span
    from pyenvspec.reading.text import SourceText


def second_document(source: SourceText, start: int) -> Diagnostic:
    """A `---` after the first document."""
    return source.finding(
        "yaml-second-document",
        "a second YAML document starts here",
        source.span(start, source.line_end(start)),
        expected="one document",
        hint="delete this `---` line, or move what follows to a file of its own",
    )


def no_content(source: SourceText) -> Diagnostic:
    """Nothing, comments only, or `---` only."""
    return source.finding(
        "empty-file",
        "the file has no content",
        source.span(0, 0),
        expected="at least the key `python`",
        hint='write `python: {version: "3.12"}`, or run `pyenvspec init`',
    )


def top_level(source: SourceText, span: Span, text: str | None) -> Diagnostic:
    """A root that is a scalar, whose `text` is given, or a list."""
    hint = "write `key: value` lines, such as `name: my-project`"
    if text is not None and (match := re.match(MISSING_SPACE, text)):
        return source.finding(
            "yaml-syntax",
            f"there is no space after the colon of `{match[1]}`",
            span,
            expected="`: ` with a space",
            hint=f"write `{match[1]}: {shorten(match[2])}`",
        )
    kind = "a list" if text is None else "a single value"
    return source.finding(
        "yaml-top-level",
        f"the file holds {kind}",
        span,
        expected="keys with values at the top level",
        hint=hint,
    )


def tag(source: SourceText, span: Span, shown: str, *, in_brackets: bool) -> Diagnostic:
    """A `!tag`, which stands at `span`."""
    start = source.offset(span.line, span.column)
    return source.finding(
        "yaml-tag",
        f"`{shorten(shown)}` is a YAML tag",
        span,
        expected="a plain value",
        hint="delete the tag, or quote a text that starts with `!`: "
        + quote_rest(source, start, in_brackets=in_brackets),
    )


def ambiguous_boolean(source: SourceText, span: Span, text: str, *, meant: bool) -> Diagnostic:
    """`no`, `on`, `Yes`, `TRUE` and the like without quotes."""
    word = "true" if meant else "false"
    return source.finding(
        "ambiguous-boolean",
        f"`{text}` is a boolean to some readers of YAML and a text to others",
        span,
        expected=f'`{word}`, or `"{text}"` in quotes',
        hint=f'write `{word}`, or quote it if the text is meant: `"{text}"`',
    )


def control_character(source: SourceText, span: Span, character: str) -> Diagnostic:
    """An escape that makes a character which nothing behind us can carry."""
    return source.finding(
        "control-character",
        f"the text holds the control character {name_character(character)}",
        span,
        expected="no control characters besides tab and newline",
        hint="take the escape out, or let the program that reads the text make it, as `printf` does",
    )


def unknown_alias(source: SourceText, start: int, end: int, *, in_brackets: bool) -> Diagnostic:
    """`*name` without an `&name` above."""
    name = shorten(source.text[start + 1 : end])
    return source.finding(
        "yaml-syntax",
        f"`*{name}` refers to an anchor `&{name}` that is not above it",
        source.span(start, end),
        expected="the name of an anchor, or a quoted text",
        hint=f"quote it if `*` is part of the text: {quote_rest(source, start, in_brackets=in_brackets)}",
    )


def alias_loop(source: SourceText, span: Span, name: str) -> Diagnostic:
    """`*name` inside the value of `&name`."""
    name = shorten(name)
    return source.finding(
        "yaml-alias-loop",
        f"`*{name}` refers to the value that it is a part of",
        span,
        expected="an anchor whose value ends before this line",
        hint=f"move what is shared to a key of its own above, and put `&{name}` there",
    )


def alias_bomb(source: SourceText, span: Span, name: str, limit: int) -> Diagnostic:
    """Aliases of aliases, multiplied."""
    return source.finding(
        "yaml-alias-bomb",
        f"the aliases expand to more than {limit} values",
        span,
        expected="aliases that repeat a few values",
        hint=f"write out what is needed here instead of `*{shorten(name)}`",
    )


def nesting(source: SourceText, span: Span, limit: int) -> Diagnostic:
    """Lists and mappings inside each other beyond the limit."""
    return source.finding(
        "yaml-nesting",
        f"values are nested more than {limit} deep",
        span,
        expected="a few levels",
        hint="look for brackets that are opened and never closed",
    )


def odd_key(source: SourceText, span: Span, message: str, *, in_brackets: bool = False) -> Diagnostic:
    """A key that is a list, a mapping or nothing."""
    hint = "write the key as a plain word before the colon"
    start = source.offset(span.line, span.column)
    if source.text[max(0, start - 1) : start + 1] == "{{":
        # `image: {{ name }}`, copied from a template: both braces are part of the text.
        quoted = quote_rest(source, start - 1, in_brackets=in_brackets)
        hint = f"quote a text that holds braces: {quoted}"
    return source.finding("yaml-key", message, span, expected="a plain text as key", hint=hint)


def duplicate_key(source: SourceText, span: Span, path: list[str | int], first: Span) -> Diagnostic:
    """A key that the same mapping has at `first`."""
    key, parent = shorten(str(path[-1])), shorten(".".join(str(step) for step in path[:-1]))
    return source.finding(
        "duplicate-key",
        f"`{key}` is given twice " + (f"in `{parent}`" if parent else "at the top level"),
        span,
        expected=f"`{key}` once; it is already in line {first.line}",
        hint="delete one of the two, or put the values of both under one",
    )


def missing_space(source: SourceText, span: Span, text: str) -> Diagnostic | None:
    """`{version:11.8}`, where YAML sees one key without a value."""
    match = re.match(MISSING_SPACE, text)
    if not match:
        return None
    return source.finding(
        "yaml-syntax",
        f"there is no space after the colon in `{shorten(text)}`",
        span,
        expected="`key: value`",
        hint=f"write `{match[1]}: {shorten(match[2])}`, or quote it if it is one text",
    )


def odd_merge(source: SourceText, span: Span) -> Diagnostic:
    """`<<` with a scalar, or a list that holds more than mappings."""
    return source.finding(
        "yaml-merge",
        "`<<` merges something that is not a mapping",
        span,
        expected="a mapping, or a list of mappings",
        hint='name the anchor of a mapping, as in `<<: *shared`, or quote the key: `"<<"`',
    )

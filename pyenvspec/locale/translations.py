"""What the program says in another language, from a gettext catalogue; imported only where the locale has one.

The code stays as it reads: its sentences are f-strings, and the catalogue's messages are these with `{}` where
something is filled in (`scripts/messages.py` takes them from the code). A sentence is looked for among them, and what
was filled in, which may be a sentence again, is put into the places of the translation.
"""

from __future__ import annotations

import gettext
import re
import struct
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import CODES

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from pyenvspec.diagnostics import Diagnostic

CONTEXT = "label"
LABELS = ("error", "warning", "note", "help", "expected", "meaning")
WORDS = (
    *("text", "nothing", "why:", "decided:"),
    *(
        "Start",
        "Change",
        "Understand",
        "Ship",
        "Tools",
        "usage:",
        "examples:",
        "options",
        "positional arguments",
    ),
    *("show this help message and exit", "show program's version number and exit"),
    *("expected one argument", "expected at least one argument", "the following arguments are required: {}"),
    *("unrecognized arguments: {}", "argument {}: {}", "not allowed with argument {}"),
    *("invalid choice: {} (choose from {})", "invalid {} value: {}"),
)
"""What the script that reads the code does not take: single words, and what Python's argparse says."""
HOLE = "{}"
_LOCALE = Path(__file__).parent
# Sentences within sentences; each level tries all messages again.
_DEEPEST = 4
# A message with more characters of its own than this is not met by accident.
_WEAK = 16
# So many words of prose make a sentence of what is filled in; less is a name or a number.
_MANY_WORDS = 2
# A word of English, and no part of a path, an option or `key=value`.
_PROSE = re.compile(r"(?<![\w./$-])[a-z]{2,}(?![\w/=(-])")
_JOINTS = ("; ", ", or ", ". ", ": ", " (or ")
_ENDS = ("; ", ". ", ": ")
# `numpy, torch, …`, with backquotes or without.
_LIST = re.compile(r"`?[\w.+-]+`?(?:, `?[\w.+-]+`?)*(?:, …)?")


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """Return the messages of a language; an empty catalogue where there is none."""
    return gettext.translation("pyenvspec", _LOCALE, [language], fallback=True)


@cache
def _templates(language: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the messages with holes and their literal parts, those that say most first."""
    data = (_LOCALE / language / "LC_MESSAGES" / "pyenvspec.mo").read_bytes()
    # The head of a .mo file: magic number, format, number of messages, where their table starts.
    count, start = struct.unpack_from("<2I", data, 8)  # gettext itself lists no messages
    rows = [struct.unpack_from("<2I", data, start + 8 * row) for row in range(count)]
    messages = [data[at : at + length].decode() for length, at in rows]
    parts = [(one, tuple(one.split(HOLE))) for one in messages if HOLE in one]
    return tuple(sorted(parts, key=lambda row: (-sum(map(len, row[1])), len(row[1]), row[0])))


@cache
def translate_text(text: str, language: str, depth: int = 0) -> str:
    """Return a text in the language, line by line; what is no sentence of the program stays as it is."""
    if "\n" in text:
        return "\n".join(translate_text(line, language, depth) for line in text.split("\n"))
    translated = _translate_sentence(text, language, depth)
    if translated is None and depth < _DEEPEST:
        if text.endswith(".") and (tried := translate_text(text[:-1], language, depth + 1)) != text[:-1]:
            return f"{tried}。"
        for joint in _ENDS:
            head, separator, rest = text.partition(joint)
            if separator and (whole := _translate_sentence(rest, language, depth + 1)) is not None:
                return translate_text(head, language, depth + 1) + joint + whole
        for joint in _JOINTS:
            first, *more = text.split(joint)
            tried = translate_text(first, language, depth + 1) + "".join(
                _translate_sentence(joint + part, language, depth + 1)
                or joint + translate_text(part, language, depth + 1)
                for part in more
            )
            if more and tried != text:
                return tried
    return text if translated is None else translated


@cache
def _translate_sentence(text: str, language: str, depth: int) -> str | None:
    if not text or text.isspace():
        return None
    plain = catalogue(language).gettext(text)
    if plain != text:
        return plain
    for message, parts in _templates(language):
        if not (
            text.startswith(parts[0]) and text.endswith(parts[-1]) and all(part in text for part in parts)
        ):
            continue
        match = _pattern(parts).fullmatch(text)
        if match and _is_meant(parts, match.groups(), language, depth):
            filled = [_fill(parts, at, value, language, depth) for at, value in enumerate(match.groups())]
            return _put_into(catalogue(language).gettext(message), filled)
    return None


def _put_into(message: str, filled: list[str]) -> str:
    return re.sub(r"\{(\d)\}", lambda place: filled[int(place[1])], message)


def _is_meant(parts: tuple[str, ...], filled: tuple[str, ...], language: str, depth: int) -> bool:
    """Whether a match is no accident: `{} with {}` is in many a sentence, and is meant where names are filled in."""
    if not parts[0] and any(joint in re.sub("`[^`]*`", "", filled[0]) for joint in _ENDS):
        return False  # what stands before the sentence is one of its own: `note: …`, `saw Dockerfile: …`
    if sum(map(len, parts)) > _WEAK:
        return True
    if not parts[0] and _begins_a_sentence(filled[0], language, depth):
        return False  # `wrote nix/ (3 files)` is what was written, and not a folder of that name
    return all(
        _in_quotes(parts, at)
        or _LIST.fullmatch(one)
        or len(_PROSE.findall(re.sub("`[^`]*`", "", one))) < _MANY_WORDS
        or (depth < _DEEPEST and _is_told(one, parts, language, depth + 1))
        for at, one in enumerate(filled)
    )


def _is_told(text: str, parts: tuple[str, ...], language: str, depth: int) -> bool:
    """Whether what was filled in is a sentence, or after a label (`left out: `) several."""
    if parts[0].endswith(": "):
        return translate_text(text, language, depth) != text
    return _translate_sentence(text, language, depth) is not None


def _begins_a_sentence(text: str, language: str, depth: int) -> bool:
    if depth >= _DEEPEST or catalogue(language).gettext(text) != text:  # the latter is a name: `the name`
        return False
    return _translate_sentence(text, language, depth + 1) is not None


def _in_quotes(parts: tuple[str, ...], at: int) -> bool:
    """Whether what is filled in stands between backquotes, alone or beside other words."""
    return "".join(parts[: at + 1]).count("`") % 2 == 1


def _fill(parts: tuple[str, ...], at: int, value: str, language: str, depth: int) -> str:
    """Return what was filled in, in the language where it is a sentence; what is quoted is to be typed, and stays."""
    is_quoted = _in_quotes(parts, at) or value[:1] in ("'", '"')
    return value if is_quoted or depth >= _DEEPEST else translate_text(value, language, depth + 1)


@cache
def _pattern(parts: tuple[str, ...]) -> re.Pattern[str]:
    # Of two that touch each other the second begins with a blank or a sign, or is empty: `3.12` and ` on x86_64-linux`.
    holes = [
        r"(\S*[^\s;:,.]|)" if after == "" and at + 2 < len(parts) else "(.*?)"
        for at, after in enumerate(parts[1:])
    ]
    return re.compile("".join(map("".join, zip(map(re.escape, parts), [*holes, ""], strict=True))))


def translate_parser(parser: ArgumentParser, language: str) -> None:
    """Put what the help of a command line says into the language."""
    parser.description, parser.epilog = (
        _optional(parser.description, language),
        _optional(parser.epilog, language),
    )
    for group in parser._action_groups:
        group.title = _optional(group.title, language)
    for action in parser._actions:
        action.help = _optional(action.help, language)


def label(name: str, language: str) -> str:
    """Return `error`, `help` and the like in the language."""
    return catalogue(language).pgettext(CONTEXT, name)


def meaning(code: str, language: str) -> str:
    """Return what a code means, in the language; "" where there is no catalogue."""
    text = CODES[code]
    translated = catalogue(language).gettext(text)
    return "" if translated == text else translated


def translate(diagnostic: Diagnostic, language: str) -> Diagnostic:
    """Return the finding in the language."""
    return replace(
        diagnostic,
        message=translate_text(diagnostic.message, language),
        expected=_optional(diagnostic.expected, language),
        hint=_optional(diagnostic.hint, language),
    )


def _optional(text: str | None, language: str) -> str | None:
    return text and translate_text(text, language)

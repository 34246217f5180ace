"""Findings in another language, from a gettext catalogue; imported only where the user's locale has one.

The code stays as it reads: a message is looked for by its pattern (`{} is not a key of {}`), and what stands in the
places of a pattern is kept. One without a pattern stays English, and what its code means is told in any case.
"""

from __future__ import annotations

import gettext
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import CODES

if TYPE_CHECKING:
    from pyenvspec.diagnostics import Diagnostic

CONTEXT = "message"
PATTERNS = (
    "{} is not a key of {}",
    "{} is missing",
    "{} cannot be {}",
    "{} must be {}, not {}",
    "{} is not how {} spells it",
    "nixpkgs has no {}",
    "did you mean {}?",
    "write {}",
    "for example {}",
    "one of {}",
    "put it in quotes",
    "its keys are {}",
    "give it a value, or remove the line",
    "it holds {}: write {}",
    "there is no {} here",
    "run {}",
    "this project asks for pyenvspec {}, and this is {}",
)
"""Messages and parts of messages that many findings have; each is in a test's expectations."""
LABELS = ("error", "warning", "note", "help", "expected", "meaning")


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """Return the messages of a language; an empty catalogue where there is none."""
    return gettext.translation("pyenvspec", Path(__file__).parent, [language], fallback=True)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(re.escape(one).replace(r"\{\}", "(.+?)"), re.DOTALL), one) for one in PATTERNS)


def translate_text(text: str, language: str) -> str:
    """Return a text in the language where its pattern is known, as it is otherwise."""
    for pattern, message in _patterns():
        match = pattern.fullmatch(text)
        if match:
            told = catalogue(language).pgettext(CONTEXT, message)
            return text if told == message else told.format(*match.groups())
    return text


def label(name: str, language: str) -> str:
    """Return `error`, `help` and the like in the language."""
    return catalogue(language).pgettext(CONTEXT, name)


def meaning(code: str, language: str) -> str:
    """Return what a code means, in the language; "" where there is no catalogue."""
    text = CODES[code]
    told = catalogue(language).gettext(text)
    return "" if told == text else told


def translate(diagnostic: Diagnostic, language: str) -> Diagnostic:
    """Return the finding in the language, as far as its patterns are known."""

    def told(text: str | None) -> str | None:
        return text and "\n".join(translate_text(line, language) for line in text.split("\n"))

    return replace(
        diagnostic,
        message=told(diagnostic.message) or "",
        expected=told(diagnostic.expected),
        hint=told(diagnostic.hint),
    )

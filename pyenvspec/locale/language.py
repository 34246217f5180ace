"""The language of what people read, as their locale says it."""

from __future__ import annotations

import os

LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
LANGUAGES = ("ja",)
"""Besides English, which is in the code; each has a catalogue below `locale`."""


def message_language() -> str:
    """Return the language of messages as the locale says it, "" for English; JSON is for programs and stays English."""
    languages = next((value for name in LOCALE if (value := os.environ.get(name))), "")
    language = languages.split(":")[0].split("_")[0].split(".")[0]
    return language if language in LANGUAGES else ""


def translated(text: str) -> str:
    """Return sentences of the program in the user's language, line by line; nothing is imported for English."""
    language = message_language()
    if not language:
        return text
    from pyenvspec.locale.translations import translate_text

    return translate_text(text, language)

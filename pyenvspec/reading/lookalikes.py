"""Characters that look like YAML's own and are others: what an input method for Japanese or a word processor types.

Pure look-ups, for reading and for validating.
"""

from __future__ import annotations

import re

_QUOTES = {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "、": ",", "・": "-"}
# Unicode has `!` to `~` once more as full-width characters, in the same order.
_WIDE = dict(zip(range(0xFF01, 0xFF5F), range(0x21, 0x7F), strict=True))
# The full-width, no-break, thin and narrow no-break space.
_SPACES = {0x3000: 0x20, 0xA0: 0x20, 0x2009: 0x20, 0x202F: 0x20}
_PLAIN: dict[int, int] = {**_WIDE, **_SPACES, **{ord(odd): ord(plain) for odd, plain in _QUOTES.items()}}

_NAMES = {
    "：": "a full-width colon",
    "，": "a full-width comma",
    "、": "an ideographic comma",
    "\u3000": "a full-width space",
    "\xa0": "a no-break space",
}

_SPACE = "[ \u3000\xa0\u2009\u202f]"
# A key with a wide colon, a colon with a wide space behind it, a line indented by a wide space, a wide dash.
_STRUCTURE = (
    f"^{_SPACE}*(?:-{_SPACE}+)?[\\w.-]+ *(?P<colon>：)"
    f"|^{_SPACE}*(?:-{_SPACE}+)?[\\w.-]+ *:(?P<space>[\u3000\xa0\u2009\u202f])"
    "|^ *(?P<indent>[\u3000\xa0\u2009\u202f])"
    f"|^{_SPACE}*(?P<dash>[－・])"
    f"|^{_SPACE}*-(?P<item>[\u3000\xa0\u2009\u202f])"
)


def find_lookalike(text: str) -> str | None:
    """Return the first character of a value or a key that looks like one of YAML's own, or None."""
    if text.isascii():
        return None
    return next((character for character in text if ord(character) in _PLAIN), None)


def find_in_structure(line: str) -> int | None:
    """Return where a line has such a character in place of YAML's own; None where it may be part of a text."""
    if line.isascii():
        return None
    match = re.match(_STRUCTURE, line)
    return None if match is None else match.start(match.lastgroup or 0)


def to_plain_characters(text: str) -> str:
    """Return the text as YAML wants it."""
    return text.translate(_PLAIN)


def correct_line(line: str) -> str:
    """Return a line with plain characters and one space behind the colon of its key."""
    indent = len(line) - len(line.lstrip())
    spaces = line[:indent].replace("\u3000", "  ")  # as wide as it looks
    return re.sub(
        r"^( *(?:- +)?[\w.-]+) *: *(?=\S)", r"\1: ", to_plain_characters(spaces + line[indent:])
    ).rstrip()


def name_lookalike(character: str) -> str:
    """Return how a message names such a character."""
    if character in _NAMES:
        return f"{_NAMES[character]} (U+{ord(character):04X})"
    if character in _QUOTES:
        return f"a typographic quote `{character}`"
    if ord(character) in _SPACES:
        return f"a special space (U+{ord(character):04X})"
    return f"the full-width character `{character}`"

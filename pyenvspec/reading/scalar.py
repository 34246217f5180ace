"""What an unquoted scalar means: text in, value out.

Narrower than YAML 1.1, whose dates, sexagesimals (`1:30`) and underscores surprise people, and close to
the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema).
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from pyenvspec.raw import SourceFloat, SourceInt

if TYPE_CHECKING:
    from pyenvspec.raw import PlainValue

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEAN = {
    "y": True,
    "yes": True,
    "on": True,
    "true": True,
    "n": False,
    "no": False,
    "off": False,
    "false": False,
}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

# Longer ones are hashes, not quantities; Python also refuses to print integers of over 4300 digits.
_MAX_DIGITS = 64

# C0 besides tab and newline, DEL and C1 steer terminals; surrogates cannot be encoded.
_CONTROL = "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"


def resolve_plain(text: str) -> PlainValue:
    """Return the value of an unquoted scalar; numbers keep their text, and `.inf` and `.nan` are text."""
    if text in _NULL:
        return None
    if text in ("true", "false"):
        return text == "true"
    # No number starts otherwise; spares most texts the two patterns.
    if text[0] not in "+-.0123456789" or len(text) > _MAX_DIGITS:
        return text
    if _INT.fullmatch(text):
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return SourceInt(int(text, base), text)
    # A short git revision such as 12e4567 is no number that anyone means.
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return SourceFloat(number, text)
    return text


def meant_boolean(text: str) -> bool | None:
    """Return what a reader of YAML 1.1 takes `text` for, where that is not what is written here."""
    if text in ("true", "false") or text not in (text.lower(), text.capitalize(), text.upper()):
        return None
    return _BOOLEAN.get(text.lower())


def find_control(text: str) -> str | None:
    """Return the first character of `text` that no value may hold."""
    if text.isprintable():  # spares nearly every run the compiling of the pattern
        return None
    match = re.search(_CONTROL, text)
    return match.group() if match else None

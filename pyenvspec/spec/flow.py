"""Plain data as one line of YAML: for examples and hints, and for files that other programs read."""

from __future__ import annotations

import json
import re

# What begins with another sign of YAML's, holds one of those that end a text in brackets, or reads as another type.
_IS_NOT_PLAIN = (
    r"[{}\[\],:#\"\\\n]|^[&*!|>'%@`?\s]|^-(?:\s|$)|\s$|^$|^(?i:yes|no|on|off|y|n|true|false|null|~)$"
)


def format_flow(value: object) -> str:
    """Write plain data as one line of YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {format_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(format_flow(v) for v in value) + "]"
    if isinstance(value, bool) or value is None:
        return str(value).lower() if value is not None else "null"
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if re.search(_IS_NOT_PLAIN, text) else text


# A word of letters first, and none that some YAML reads as a truth value or as nothing.
_WORD = re.compile(r"(?!(?:yes|no|on|off|y|n|true|false|null)$)[a-z_][a-z0-9._+/-]*", re.IGNORECASE)


def is_word(text: str) -> bool:
    """Return whether every YAML, 1.1 or 1.2, reads this as the same text without quotes."""
    return _WORD.fullmatch(text) is not None


def quote_text(text: str) -> str:
    """Quote what some YAML would read as something else than this text."""
    # A text of JSON is one of YAML, with all that must not stand in either spelled out.
    return text if is_word(text) else json.dumps(text, ensure_ascii=False)

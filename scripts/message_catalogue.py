"""A gettext catalogue as the standard library's `gettext` reads it, from its text; msgfmt is not there everywhere."""

from __future__ import annotations

import ast
import re
import struct

_ENTRY = re.compile(r'^(msgctxt|msgid|msgstr)\s+(".*"(?:\n".*")*)', re.MULTILINE)


def read_catalogue(text: str) -> dict[str, str]:
    """Return translations by message; one with a context is `context\\x04message`."""
    found: dict[str, str] = {}
    context = message = ""
    for word, quoted in _ENTRY.findall(text):
        value = "".join(ast.literal_eval(line) for line in quoted.split("\n"))
        if word == "msgctxt":
            context = value
        elif word == "msgid":
            message = value
        else:
            found[f"{context}\x04{message}" if context else message] = value
            context = ""
    return found


def format_catalogue(text: str) -> bytes:
    """Return the compiled form: a header, two tables of lengths and places, the texts sorted by message."""
    pairs = sorted((key.encode(), value.encode()) for key, value in read_catalogue(text).items())
    count, start = len(pairs), 28
    keys, values, ids, texts = [], [], b"", b""
    at = start + 16 * count
    for key, _ in pairs:
        keys.append((len(key), at + len(ids)))
        ids += key + b"\0"
    at += len(ids)
    for _, value in pairs:
        values.append((len(value), at + len(texts)))
        texts += value + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, count, start, start + 8 * count, 0, 0)
    tables = b"".join(struct.pack("<2I", *row) for row in [*keys, *values])
    return header + tables + ids + texts

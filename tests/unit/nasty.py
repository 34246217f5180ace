"""Texts on which a careless quoting breaks."""

from __future__ import annotations

import random

PIECES = [
    *"$'{}\"\\@#/*a -\n\r\t ",
    *("${", "''", "'''", "''${", "$${", "\\${", "''\\", "''$", "${x}", "*/", "/*", "..", "~"),
    *("  ", "\n  ", "\n\n", "\r\n", "\\n", "word", "let", "or", "if"),
    *("é", "日本", "😀", "\u2028", "\x85", "\x1b", "\x7f", "\ufeff"),
]


def make_texts(count: int, seed: int = 0) -> list[str]:
    """`count` different texts, the same ones for the same seed; short ones come first."""
    chance = random.Random(seed)
    texts = dict.fromkeys(["", *PIECES])
    while len(texts) < count:
        texts["".join(chance.choices(PIECES, k=chance.randint(2, 12)))] = None
    return list(texts)[:count]

"""A reader of Nix string literals, written from the lexer and parser of Nix and not from `quote`.

`read_string` takes the source of one literal whose holes are all `${x}` and gives the texts around them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}

# The rules of lexer.l in its STRING and IND_STRING states, in order; the longest match wins.
PLAIN_RULES = [
    ("text", re.compile(r'(?:[^$"\\]|\$[^{"\\]|\\.|\$\\.)*\$(?=")', re.DOTALL)),
    ("text", re.compile(r'(?:[^$"\\]|\$[^{"\\]|\\.|\$\\.)+', re.DOTALL)),
    ("hole", re.compile(r"\$\{x\}")),
    ("end", re.compile(r'"')),
]
INDENTED_RULES = [
    ("text", re.compile(r"(?:[^$']|\$[^{']|'[^'$])+", re.DOTALL)),
    ("dollar", re.compile(r"''\$")),
    ("dollar", re.compile(r"\$")),
    ("quotes", re.compile(r"'''")),
    ("escape", re.compile(r"''\\.", re.DOTALL)),
    ("hole", re.compile(r"\$\{x\}")),
    ("end", re.compile(r"''")),
    ("quote", re.compile(r"'")),
]


class Token(NamedTuple):
    """A piece of a literal; only plain text counts when Nix looks for indentation."""

    kind: str
    text: str


def read_string(source: str) -> list[str]:
    """The texts around the holes of the literal that is all of `source`."""
    if source.startswith("''"):
        return _join(_strip_indentation(_read_indented(source)))
    pieces = [(t.kind, _unescape(t.text)) for t in _read(source, 1, PLAIN_RULES)]
    return _join([Token(kind, text) for kind, text in pieces])


def _read(source: str, start: int, rules: list[tuple[str, re.Pattern[str]]]) -> list[Token]:
    tokens: list[Token] = []
    at = start
    while True:
        found = [(m.end(), kind) for kind, rule in rules if (m := rule.match(source, at))]
        end = max(e for e, _ in found)
        kind = next(kind for e, kind in found if e == end)
        if kind == "end":
            assert end == len(source), f"the literal ends early at {end}"
            return tokens
        tokens.append(Token(kind, source[at:end]))
        at = end


def _read_indented(source: str) -> list[Token]:
    opening = re.compile(r"''( *\n)?").match(source)
    assert opening
    meaning = {"dollar": "$", "quotes": "''", "quote": "'"}
    tokens: list[Token] = []
    for kind, text in _read(source, opening.end(), INDENTED_RULES):
        if kind == "escape":
            tokens.append(Token("escape", ESCAPES.get(text[3], text[3])))
        else:
            tokens.append(Token(kind, meaning.get(kind, text)))
    return tokens


def _unescape(text: str) -> str:
    # A bare CR, alone or before LF, is a line end to Nix.
    rule = re.compile(r"\\(.)|\r\n?", re.DOTALL)
    return rule.sub(lambda m: ESCAPES.get(m[1], m[1]) if m[1] else "\n", text)


def _strip_indentation(tokens: list[Token]) -> list[Token]:
    least = _get_indentation(tokens)
    out, at_start, dropped = [], True, 0
    for i, token in enumerate(tokens):
        if token.kind != "text":
            out.append(token)
            at_start, dropped = False, 0
            continue
        kept = []
        for char in token.text:
            if at_start and char == " ":
                if dropped >= least:
                    kept.append(char)
                dropped += 1
                continue
            kept.append(char)
            at_start = char == "\n"
            dropped = 0
        text = "".join(kept)
        if i == len(tokens) - 1 and "\n" in text and not text.rsplit("\n", 1)[1].strip(" "):
            text = text[: text.rindex("\n") + 1]
        out.append(Token("text", text))
    return out


def _get_indentation(tokens: list[Token]) -> int:
    least, current, at_start = 1_000_000, 0, True
    for token in tokens:
        for char in token.text if token.kind == "text" else "x":
            if at_start and char == " ":
                current += 1
            elif char == "\n":
                at_start, current = True, 0
            elif at_start:
                at_start = False
                least = min(least, current)
    return least


def _join(tokens: list[Token]) -> list[str]:
    texts = [""]
    for token in tokens:
        if token.kind == "hole":
            texts.append("")
        else:
            texts[-1] += token.text
    return texts

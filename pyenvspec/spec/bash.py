"""Bash code of env.yaml (scripts, processes, on_enter): what of it is ours, and where arguments go.

A text in; no bash is run. Ours are `${project}`, `${pkgs.X}` and `${cuda.X}`, and `$${` for a literal `${`; every
other `$` is bash's own. Just enough of bash's grammar is known to tell quotes and single commands; what is not
understood counts as more than one command.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from enum import Enum
from typing import TYPE_CHECKING

from pyenvspec.spec.interpolation import TOKEN, read_reference

if TYPE_CHECKING:
    from pyenvspec.plan import Package

ROOT = "PYENVSPEC_ROOT"
"""The variable that holds the project's folder."""

# bash takes no dot in a variable's name, so a text like ${pkg.X} is always a mistake.
_DOTTED = r"[A-Za-z_][A-Za-z0-9_'-]*\..*"
# `$1`, `$@`, `${10}`, `${#}`, `${@:2}`, and what works on them without naming them.
_POSITIONAL = r"\$(?:[@*#0-9]|\{#?[@*0-9])|\b(?:shift|getopts)\b"
_ASSIGNMENT = r"[A-Za-z_][A-Za-z0-9_]*\+?="
# What may change how the next characters are quoted, by the quote that they stand in. A `#` begins a comment only at
# the start of a word; `<<EOF` is a here-document, `<<<` none.
_WORD_OF_HERE = r"""(?<!<)<<-?[ \t]*[\\'"]?(?P<word>[\w.-]+)['"]?"""
_BARE = rf"""\\.|\$?\(|\$'|[)'"\n]|(?<![^\s;&|()])#[^\n]*|{_WORD_OF_HERE}"""
_TURNS = {"": _BARE, "(": _BARE, '"': r'\\.|\$\(|"', "'": "'", "$'": r"\\.|'"}
_SHOWN = {"": " ", "(": " ", "$'": "$"}
_RUN = r"(.)\1*"
_PARENTHESIS = r"\$?\(|\)"
# Commands that set the stage for the one that follows.
# fmt: off
_PREPARING = frozenset({
    ".", ":", "[", "cd", "declare", "echo", "export", "mkdir", "printf", "pushd", "set", "shopt", "source", "test",
    "trap", "true", "ulimit", "umask", "unset",
})
_RESERVED = frozenset({
    "!", "[[", "case", "coproc", "for", "function", "if", "select", "time", "until", "while", "{",
})
# fmt: on


class Arguments(Enum):
    """Where a script's arguments go."""

    APPENDED = "to its command"
    OWN = "where it names them"
    REFUSED = "nowhere"


def parse_bash(text: str) -> tuple[tuple[str | Package, ...], tuple[str, ...]]:
    """Split code into literal parts and packages; `${project}` becomes the variable, quoted as it stands.

    Returns the parts, and the `${…}` that can be neither ours nor bash's.
    """
    parts: list[str | Package] = []
    wrong: list[str] = []
    literal, position = "", 0
    quotes = _quotes(text) if "${" in text else ""
    for token in TOKEN.finditer(text):
        inside = token.group(1) or ""
        literal += text[position : token.start()]
        position = token.end()
        if token.group() == "$${":
            literal += "${"
        elif token.group() == "${project}":
            literal += _ROOT_BY_QUOTE[quotes[token.start()]]
        elif (package := read_reference(token)) is not None:
            parts += [literal, package] if literal else [package]
            literal = ""
        else:
            literal += token.group()
            if re.fullmatch(_DOTTED, inside):
                wrong.append(token.group())
    literal += text[position:]
    if literal or not parts:
        parts.append(literal)
    return tuple(parts), tuple(wrong)


_ROOT_BY_QUOTE = {
    " ": f'"${ROOT}"',
    "#": f'"${ROOT}"',
    '"': f"${{{ROOT}}}",
    "'": f"'\"${ROOT}\"'",
    "$": f"'\"${ROOT}\"$'",
}


def find_arguments(text: str) -> Arguments:
    """Return what becomes of the arguments that a script is called with."""
    quotes = _quotes(text)
    if any(quotes[match.start()] not in "'$#" for match in re.finditer(_POSITIONAL, text)):
        return Arguments.OWN
    commands = _split_commands(text, quotes)
    if not commands or not all(_is_preparing(command) for command in commands[:-1]):
        return Arguments.REFUSED
    first = _first_word(commands[-1])
    return Arguments.REFUSED if not first or first in _RESERVED else Arguments.APPENDED


def append_arguments(text: str) -> str:
    """Return the code of one command with the script's arguments at its end."""
    return text.rstrip().rstrip(";").rstrip() + ' "$@"'


def _quotes(text: str) -> str:
    """Return for each character the quote that it stands in.

    `'`, `"`, `$` for `$'…'`, a blank for none, `#` for a comment. A here-document is as if in `"`: where its word is
    quoted, bash puts in nothing at all.
    """
    turns = {quote: re.compile(pattern, re.DOTALL) for quote, pattern in _TURNS.items()}
    runs: list[str] = []
    open_: list[str] = []  # quotes, and "(" for each $(…), in which quotes begin anew, and each (…) in it
    here: list[str] = []  # the words of here-documents that begin in the next line
    ends = _ends_of_lines(text) if "<<" in text else {}
    position = 0
    while position < len(text):
        inner = open_[-1] if open_ else ""
        shown = _SHOWN.get(inner, inner)
        match = turns[inner].search(text, position)
        if match is None:
            runs.append(shown * (len(text) - position))
            break
        turn = match[0]
        # The `(` of `$(` is in no quote any more.
        runs.append(shown * (match.end() - position - (turn == "$(")) + " " * (turn == "$("))
        if turn[0] == "#":
            runs[-1] = shown * (match.start() - position) + "#" * len(turn)
        elif turn.startswith("<<"):
            here.append(match["word"])
        elif (turn == inner[-1:] and turn != "(") or (turn == ")" and inner == "("):
            open_.pop()
        elif turn == "$(" or (turn == "(" and inner == "("):
            open_.append("(")
        elif turn in ("'", '"', "$'"):
            open_.append(turn)
        position = match.end()
        if turn == "\n":
            end = _end_of_here(here, ends, position)
            runs.append('"' * (end - position))
            position, here = end, []
    return "".join(runs)


def _ends_of_lines(text: str) -> dict[str, list[int]]:
    """Return where the lines of a text end, by what stands in them: `<<-` takes tabs before its word."""
    ends: dict[str, list[int]] = {}
    for line in re.finditer(r"^\t*(.*)$", text, re.MULTILINE):
        ends.setdefault(line[1], []).append(line.end())
    return ends


def _end_of_here(words: list[str], ends: dict[str, list[int]], position: int) -> int:
    """Return where the here-documents end that begin at a position; a word without its line is none: `$((1 << n))`."""
    for word in words:
        places = ends.get(word, [])
        later = bisect_left(places, position)
        position = places[later] if later < len(places) else position
    return position


def _split_commands(text: str, quotes: str) -> list[str]:
    """Return the commands of a list (`;`, `&&`, lines); nothing where the code has more than that."""
    # As long as before, so that places in `quotes` still fit.
    plain = text.replace("\\\n", "  ")
    # Arguments at the end would become a part of a comment.
    if "<<" in plain or "`" in plain or "#" in quotes or plain.endswith("\\"):
        return []
    bare = "".join(
        plain[run.start() : run.end()] if run[0][0] == " " else "x" * len(run[0])
        for run in re.finditer(_RUN, quotes, re.DOTALL)
    )
    bare = _blank_substitutions(re.sub(r"\\.", "xx", bare))
    ends = [match.span() for match in re.finditer(r"&&|;|\n", bare)]
    # `2>&1` and `&>` have an `&` that ends no command.
    others = re.sub(r"&&|[0-9]?>&[0-9-]|&>>?", "", bare)
    if re.search(r"[|&()]", others):
        return []
    starts = [0, *(end for _, end in ends)]
    stops = [*(start for start, _ in ends), len(plain)]
    pieces = [plain[a:b].strip() for a, b in zip(starts, stops, strict=True)]
    return [piece for piece in pieces if piece]


def _blank_substitutions(bare: str) -> str:
    """Put `x` for each `$(…)` that has no other parentheses in it than those of a `$(…)`."""
    open_: list[tuple[str, int]] = []
    plain_below: list[bool] = []
    spans: list[tuple[int, int]] = []
    for match in re.finditer(_PARENTHESIS, bare):
        if match[0] != ")":
            open_.append((match[0], match.start()))
            plain_below.append(False)
        elif open_:
            kind, start = open_.pop()
            if plain_below.pop() or kind == "(":
                plain_below[-1:] = [True] if plain_below else []
                continue
            while spans and spans[-1][0] > start:
                spans.pop()
            spans.append((start, match.end()))
    pieces, position = [], 0
    for start, end in spans:
        pieces += [bare[position:start], "x" * (end - start)]
        position = end
    return "".join([*pieces, bare[position:]])


def _first_word(command: str) -> str:
    """Return the first word that is no assignment."""
    return next((word for word in command.split() if not re.match(_ASSIGNMENT, word)), "")


def _is_preparing(command: str) -> bool:
    first = _first_word(command)
    return not first or first in _PREPARING

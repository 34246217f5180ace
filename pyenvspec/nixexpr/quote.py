"""Every escape that emitted Nix needs: strings, attribute names, paths, comments, numbers.

Text comes in as the user wrote it; what goes out is Nix source that evaluates to exactly that text.
Nothing else in pyenvspec may put user text into Nix source.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# `or` has a meaning only behind a selection, but no variable can be called so either.
KEYWORDS = frozenset({"assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"})

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*")
# The characters of a path literal; a name with others is written as a sum (`shape.to_spelled`).
_PATH_NAME = re.compile(r"[A-Za-z0-9._+-]+")
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n|\r|\n")
# Nix reads a bare CR in a string as LF, so it is spelled out as well.
_PLAIN_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "$": "\\$"}
# A `$` matters only where `${` could arise: before a brace, or as the end of the text before a hole.
_PLAIN_SPECIAL = re.compile(r'[\\"\n\r\t]|\$(?=\{)')
_PLAIN_SPECIAL_BEFORE_HOLE = re.compile(r'[\\"\n\r\t]|\$(?=\{|\Z)')
# Quotes as a whole run: what Nix makes of one depends on how many stand before it.
_INDENTED_SPECIAL = re.compile(r"'+|\$(?=\{)")
_INDENTED_SPECIAL_BEFORE_HOLE = re.compile(r"'+|\$(?=\{|\Z)")


def check_text(text: str) -> None:
    """Refuse what no Nix source can hold: NUL ends a Nix string, a lone surrogate has no UTF-8."""
    match = _UNWRITABLE.search(text)
    if match:
        raise ValueError(f"U+{ord(match[0]):04X} at position {match.start()} cannot be written in Nix")


def is_identifier(text: str) -> bool:
    """Whether Nix reads `text` as a variable name; keywords are not."""
    return _IDENTIFIER.fullmatch(text) is not None and text not in KEYWORDS


def quote_plain(texts: Sequence[str]) -> list[str]:
    """Escape the texts around the holes of a `"…"` string; n + 1 texts go round n holes."""
    return [_escape_plain(text, before_hole=i < len(texts) - 1) for i, text in enumerate(texts)]


def quote_string(text: str) -> str:
    """`text` as a complete `"…"` literal."""
    return f'"{_escape_plain(text, before_hole=False)}"'


def quote_indented(texts: Sequence[str]) -> list[str] | None:
    """Escape the texts around the holes of a `''…''` string, or None where Nix would not give them back.

    The caller prints each line of the result at one indentation, the opening `''` on a line of its own.
    Nix then takes away the indentation that all lines share and a last line of only spaces.
    """
    for text in texts:
        check_text(text)
    # A hole ends the white space at the start of its line, as any other character does.
    lines = "x".join(texts).split("\n")
    filled = [line for line in lines if line]
    # One line gains nothing by it; CR would come back as LF, a line of blanks as an empty one.
    survives = len(lines) > 1 and "\r" not in "".join(texts) and all(line.strip() for line in filled)
    if not survives or all(line[0] == " " for line in filled):
        return None
    return [_escape_indented(text, before_hole=i < len(texts) - 1) for i, text in enumerate(texts)]


def quote_name(name: str) -> str:
    """`name` as an attribute name: bare where Nix allows it."""
    return name if is_identifier(name) else quote_string(name)


def quote_comment(text: str) -> list[str]:
    """`text` as `# …` lines; Nix ends a comment at CR as well as at LF."""
    check_text(text)
    return [f"# {line}".rstrip() for line in _LINE_END.split(text)] if text else []


def quote_path(names: Sequence[str]) -> str | None:
    """The path literal of `names` below this file's folder, or None where a literal cannot spell them."""
    if not all(_PATH_NAME.fullmatch(name) for name in names):
        return None
    # `./.` for the folder itself: to Nix a lone `.` is no path.
    return "/".join((".", *(names or (".",))))


def quote_number(value: float) -> str:
    """`value` as a literal; Nix reads a decimal number only with a point, also before an exponent."""
    if isinstance(value, int):
        return str(value)
    mantissa, _, exponent = repr(value).partition("e")
    # Python writes 1e+22, to Nix the call of `1` on a variable `e`.
    point = mantissa if "." in mantissa else f"{mantissa}.0"
    return f"{point}e{exponent}" if exponent else point


def _escape_plain(text: str, *, before_hole: bool) -> str:
    check_text(text)
    special = _PLAIN_SPECIAL_BEFORE_HOLE if before_hole else _PLAIN_SPECIAL
    return special.sub(lambda match: _PLAIN_ESCAPES[match[0]], text)


def _escape_indented(text: str, *, before_hole: bool) -> str:
    special = _INDENTED_SPECIAL_BEFORE_HOLE if before_hole else _INDENTED_SPECIAL

    def escape(run: re.Match[str]) -> str:
        if run[0] == "$":
            return "''$"
        pairs, single = divmod(len(run[0]), 2)
        # A single quote next to `''` would be read as part of a run of three.
        is_exposed = text[run.end() : run.end() + 1] in ("", "$")
        return "'''" * pairs + ("''\\'" if is_exposed else "'") * single

    return special.sub(escape, text)

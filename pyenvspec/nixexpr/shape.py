"""Questions about an expression's shape on which its layout depends; nixfmt's words are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.nixexpr.nodes import (
    Apply,
    AttrSet,
    BinOp,
    Bool,
    Float,
    Int,
    InterpolatedStr,
    Lambda,
    List,
    Null,
    Path,
    Select,
    Str,
    Var,
)
from pyenvspec.nixexpr.precedence import Strength, get_strength
from pyenvspec.nixexpr.quote import is_identifier, quote_indented, quote_path

if TYPE_CHECKING:
    from pyenvspec.nixexpr.nodes import Expr

# nixfmt's number, as those of `pretty`.
MAX_SIMPLE_ARGS = 2


def to_spelled(expr: Expr) -> Expr:
    """A path that no literal can spell as the sum that stands for it; all else unchanged."""
    if isinstance(expr, Path) and quote_path(expr.names) is None:
        # `./. + "/a b"` is a path as well, not a text.
        return BinOp(Path("."), "+", Str("/" + "/".join(expr.names)))
    return expr


def split_string(expr: Str | InterpolatedStr) -> tuple[list[str], list[Expr]]:
    """The texts around the holes, one more than there are holes, and the holes."""
    texts: list[list[str]] = [[]]
    holes: list[Expr] = []
    for part in (expr.text,) if isinstance(expr, Str) else expr.parts:
        if isinstance(part, str):
            texts[-1].append(part)
        else:
            holes.append(part)
            texts.append([])
    return ["".join(pieces) for pieces in texts], holes


def split_call(expr: Apply) -> tuple[Expr, list[Expr]]:
    """The function and all arguments; `(f a) b` is `f a b`."""
    function: Expr = expr
    args: list[Expr] = []
    while isinstance(function, Apply):
        args[:0] = function.args
        function = function.function
    return function, args


def is_block(expr: Expr) -> bool:
    """Whether `expr` is printed as a `''…''` string of several lines."""
    return isinstance(expr, Str | InterpolatedStr) and quote_indented(split_string(expr)[0]) is not None


def is_container(expr: Expr) -> bool:
    """Whether `expr` opens with a bracket that may stay on the line before it ("absorbable term")."""
    match expr:
        case AttrSet(entries=content) | List(items=content):
            return bool(content)
        case _:
            return is_block(expr)


def is_absorbable(expr: Expr) -> bool:
    """Whether `expr` may start on the line before it: a container, or a function that gives one."""
    while isinstance(expr, Lambda) and isinstance(expr.param, str):
        expr = expr.body
    return is_container(expr)


def is_simple(expr: Expr) -> bool:
    """Whether `expr` is one word, or a call of a word on at most two words."""
    match expr:
        case Str() | InterpolatedStr() | Var() | Bool() | Null():
            return True
        case Int(value) | Float(value):
            return value >= 0
        case Path():
            return to_spelled(expr) is expr
        case Select(target, path, None):
            return is_simple(target) and all(isinstance(part, str) and is_identifier(part) for part in path)
        case Apply():
            function, args = split_call(expr)
            return len(args) <= MAX_SIMPLE_ARGS and is_simple(function) and all(map(is_simple, args))
        case _:
            return False


def can_hug(expr: Expr) -> bool:
    """Whether an argument can break while the call around it stays on one line."""
    return is_container(expr) or get_strength(to_spelled(expr)) < Strength.ATOM


def find_list_pairs(args: list[Expr]) -> set[int]:
    """Positions of the second of two lists in a row, which go on one line or on a line each."""
    pairs: set[int] = set()
    # From the end: of three lists in a row the last two are the pair.
    for i in reversed(range(1, len(args))):
        if i + 1 not in pairs and isinstance(args[i], List) and isinstance(args[i - 1], List):
            pairs.add(i)
    return pairs

"""How tightly Nix binds each kind of expression, so that parentheses stand only where they must."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from pyenvspec.nixexpr.nodes import Apply, BinOp, Float, Int, Lambda, Let, Select

if TYPE_CHECKING:
    from pyenvspec.nixexpr.nodes import Expr


class Strength(IntEnum):
    """The operator table of the Nix manual, loosest first."""

    OPEN = 0
    IMPLIES = 1
    OR = 2
    AND = 3
    EQUAL = 4
    UPDATE = 5
    NOT = 6
    PLUS = 7
    CONCAT = 8
    HAS = 9
    NEGATE = 10
    APPLY = 11
    DEFAULT = 12
    ATOM = 13


_OPERATORS = {
    "->": Strength.IMPLIES,
    "||": Strength.OR,
    "&&": Strength.AND,
    "==": Strength.EQUAL,
    "!=": Strength.EQUAL,
    "//": Strength.UPDATE,
    "+": Strength.PLUS,
    "++": Strength.CONCAT,
}
# `==` and `!=` are in neither: to Nix `a == b == c` is a syntax error.
_LEFT = {"+", "&&", "||"}
_RIGHT = {"++", "//", "->"}


def get_strength(expr: Expr) -> Strength:
    """How tightly `expr` holds together beside other expressions."""
    match expr:
        case Lambda() | Let():
            return Strength.OPEN
        case BinOp(operator=operator):
            return _OPERATORS[operator]
        # To Nix `-1` is the negation of 1, and `f -1` a subtraction.
        case Int(value) | Float(value) if value < 0:
            return Strength.NEGATE
        case Apply():
            return Strength.APPLY
        # One term to Nix; as an argument (`f (a.b or c)`) it gets parentheses for the reader.
        case Select(default=default) if default is not None:
            return Strength.DEFAULT
        case _:
            return Strength.ATOM


def get_operand_strengths(operator: str) -> tuple[Strength, Strength]:
    """The least strength that the left and the right side need to go without parentheses."""
    own = _OPERATORS[operator]
    above = Strength(own + 1)
    return (own if operator in _LEFT else above, own if operator in _RIGHT else above)


def flatten_chain(expr: BinOp) -> list[Expr]:
    """The operands of a run of one operator, as far as Nix reads it so without parentheses."""
    operator, operands = expr.operator, []
    current: Expr = expr
    if operator in _RIGHT:
        while isinstance(current, BinOp) and current.operator == operator:
            operands.append(current.left)
            current = current.right
        return [*operands, current]
    while isinstance(current, BinOp) and current.operator == operator:
        operands.append(current.right)
        current = current.left
        # One that does not chain has two operands, whatever these are.
        if operator not in _LEFT:
            break
    return [current, *reversed(operands)]

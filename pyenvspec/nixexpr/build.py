"""Short ways to build nodes from names and plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from pyenvspec.nixexpr.nodes import (
    Apply,
    AttrSet,
    Binding,
    Bool,
    Float,
    Int,
    List,
    Null,
    Select,
    Str,
    Var,
)
from pyenvspec.nixexpr.quote import is_identifier

if TYPE_CHECKING:
    from pyenvspec.nixexpr.nodes import AttrPath, Expr

Data: TypeAlias = "Expr | str | int | float | bool | Mapping[str, Data] | Sequence[Data] | None"


def ref(dotted: str) -> Expr:
    """`pkgs.lib.mkIf` as a variable and its attributes; for names known in the code, not user text."""
    name, *path = dotted.split(".")
    if not all(map(is_identifier, path)):
        raise ValueError(f"not a dotted name: {dotted!r}")
    return Select(Var(name), tuple(path)) if path else Var(name)


def call(function: Expr | str, *args: Expr) -> Apply:
    """`function` given `args`; a function named by text is a `ref`."""
    return Apply(ref(function) if isinstance(function, str) else function, args)


def bind(name: str | AttrPath, value: Data, comment: str = "", *, blank: bool = False) -> Binding:
    """A binding of one name (never split at dots) or of a path, to an expression or plain data."""
    path = (name,) if isinstance(name, str) else name
    return Binding(path, from_data(value), comment, blank)


def attrs(*entries: Binding) -> AttrSet:
    """A set of `entries`."""
    return AttrSet(entries)


def from_data(data: Data) -> Expr:
    """Plain data as an expression; expressions inside it stay. Mapping order is kept."""
    match data:
        case str():
            return Str(data)
        case None:
            return Null()
        # Before int, of which it is one; so is str before Sequence.
        case bool():
            return Bool(data)
        case int():
            return Int(data)
        case float():
            return Float(data)
        case Mapping():
            return AttrSet(tuple(Binding((key,), from_data(value)) for key, value in data.items()))
        case Sequence():
            return List(tuple(from_data(value) for value in data))
        case _:
            return data

"""Nix expressions as data, and their source text in nixfmt's style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.nixexpr.build import attrs, bind, call, from_data, ref
from pyenvspec.nixexpr.layout import layout
from pyenvspec.nixexpr.nodes import (
    Apply,
    AttrPath,
    AttrSet,
    Binding,
    BinOp,
    Bool,
    Expr,
    File,
    Float,
    Inherit,
    Int,
    InterpolatedStr,
    Lambda,
    Let,
    List,
    Null,
    Param,
    Path,
    Pattern,
    Select,
    Str,
    Var,
)
from pyenvspec.nixexpr.pretty import to_doc
from pyenvspec.nixexpr.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Apply",
    "AttrPath",
    "AttrSet",
    "BinOp",
    "Binding",
    "Bool",
    "Expr",
    "File",
    "Float",
    "Inherit",
    "Int",
    "InterpolatedStr",
    "Lambda",
    "Let",
    "List",
    "NixExprError",
    "Null",
    "Param",
    "Path",
    "Pattern",
    "Select",
    "Str",
    "Var",
    "attrs",
    "bind",
    "call",
    "from_data",
    "ref",
    "render",
    "verify",
]


class NixExprError(ValueError):
    """A tree that Nix would refuse; the one who built it is at fault, not the user."""


def render(root: Expr | File, width: int = 100, *, free: Iterable[str] = ()) -> str:
    """The source of a whole file, ending in one line end; `free` as in `verify`."""
    # Always, not in tests only: the trees are small, and Nix's own message would come to the user.
    problems = verify(root, free)
    if problems:
        raise NixExprError("; ".join(problems))
    return layout(to_doc(root), width)

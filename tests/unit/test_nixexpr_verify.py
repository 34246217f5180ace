"""`verify` finds what single nodes cannot see."""

from __future__ import annotations

import pytest

from pyenvspec.nixexpr import NixExprError, render
from pyenvspec.nixexpr import nodes as n
from pyenvspec.nixexpr.build import attrs, bind, ref
from pyenvspec.nixexpr.verify import verify

ONE = n.Int(1)
X, Y = n.Var("x"), n.Var("y")
SAME = ("a",)


@pytest.mark.parametrize(
    "expr",
    [
        n.Lambda("x", X),
        n.Lambda(n.Pattern((n.Param("x"), n.Param("y", X)), name="all"), n.List((X, Y, n.Var("all")))),
        n.Let((bind("x", Y), bind("y", 1)), X),
        n.Let((n.Inherit(("map",)), n.Inherit(("x",), ref("builtins"))), X),
        n.Let((bind("x", 1),), attrs(bind("a", attrs(bind("b", X))))),
        ref("builtins.toJSON"),
        attrs(bind(("a", "b"), 1), bind(("a", "c"), 1), bind("b", 1)),
        attrs(bind((ref("builtins.currentSystem"), "a"), 1), bind("a", 1)),
    ],
)
def test_a_sound_tree_has_no_problems(expr: n.Expr) -> None:
    assert verify(expr) == []


@pytest.mark.parametrize(
    ("expr", "problem"),
    [
        # variables
        (X, "unbound variable: x"),
        (n.File("", n.List((X,))), "unbound variable: x"),
        (attrs(bind("x", 1), bind("y", X)), "unbound variable: x"),
        (n.AttrSet((n.Inherit(("x",)),)), "unbound variable: x"),
        (n.Let((n.Inherit(("x",)),), X), "unbound variable: x"),
        (n.Apply(n.Lambda("x", X), (n.Var("x"),)), "unbound variable: x"),
        (n.InterpolatedStr(("a", X)), "unbound variable: x"),
        (n.Select(ref("builtins"), (X,), ONE), "unbound variable: x"),
        (n.Select(ref("builtins"), ("a",), X), "unbound variable: x"),
        (n.BinOp(ONE, "+", X), "unbound variable: x"),
        # attributes
        (attrs(bind("a", 1), bind("a", 2)), "attribute given twice: a"),
        (attrs(bind("a", 1), bind(("a", "b"), 2)), "attribute given twice: a.b"),
        (attrs(bind(("a", "b"), 1), bind("a", 2)), "attribute given twice: a"),
        (attrs(bind(("a", "b", "c"), 1), bind(("a", "b"), 2)), "attribute given twice: a.b"),
        (n.AttrSet((bind("map", 1), n.Inherit(("map",)))), "attribute given twice: map"),
        (n.Let((bind("a", 1), bind("a", 2)), ONE), "attribute given twice: a"),
        (attrs(n.Binding(SAME, ONE), n.Binding(SAME, ONE)), "attribute given twice: a"),
        (n.Let((bind((n.Str("a"),), 1),), ONE), "a let cannot bind a computed name"),
    ],
)
def test_each_mistake_is_found(expr: n.Expr | n.File, problem: str) -> None:
    assert verify(expr) == [problem]


def test_free_names_are_in_scope() -> None:
    assert verify(n.List((X, Y)), free=["x"]) == ["unbound variable: y"]


def test_all_problems_are_told_in_reading_order() -> None:
    assert verify(n.List((Y, X))) == ["unbound variable: y", "unbound variable: x"]


def test_a_deep_tree_is_no_limit() -> None:
    expr: n.Expr = ONE
    for _ in range(10_000):
        expr = n.List((expr,))
    assert verify(expr) == []


def test_render_refuses_a_tree_with_problems() -> None:
    with pytest.raises(NixExprError, match="unbound variable: x"):
        render(X)
    assert render(X, free=["x"]) == "x\n"

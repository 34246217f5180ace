"""Nodes refuse what cannot be Nix as soon as they are built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyenvspec.nixexpr import nodes as n
from pyenvspec.nixexpr.build import bind, call, from_data, ref

if TYPE_CHECKING:
    from collections.abc import Callable

X = n.Var("x")


@pytest.mark.parametrize(
    "build",
    [
        lambda: n.Str("\0"),
        lambda: n.InterpolatedStr(("\ud800",)),
        lambda: n.Path(""),
        lambda: n.Path("/etc/passwd"),
        lambda: n.Path("~/x"),
        lambda: n.Int(2**63),
        lambda: n.Int(-(2**63)),
        lambda: n.Float(float("nan")),
        lambda: n.Float(float("inf")),
        lambda: n.Var("let"),
        lambda: n.Var("a b"),
        lambda: n.Select(X, ()),
        lambda: n.Apply(X, ()),
        lambda: n.Param("or"),
        lambda: n.Pattern((n.Param("a"), n.Param("a"))),
        lambda: n.Pattern((n.Param("a"),), name="a"),
        lambda: n.Lambda("1", X),
        lambda: n.Binding((), X),
        lambda: n.Binding(("a",), X, comment="\0"),
        lambda: n.Inherit(()),
        lambda: n.Inherit(("a b",)),
        lambda: n.Let((), X),
        lambda: n.BinOp(X, "-", X),
        lambda: n.File("\0", X),
        lambda: ref("a.or"),
        lambda: ref("a b"),
    ],
)
def test_a_node_that_nix_would_refuse_cannot_be_built(build: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        build()


def test_a_name_given_in_place_of_a_path_is_refused() -> None:
    with pytest.raises(TypeError, match="tuple of names"):
        n.Select(X, "name")  # type: ignore[arg-type]


def test_a_path_forgets_what_does_not_matter() -> None:
    assert n.Path("./a//b/./c/").names == ("a", "b", "c")


def test_plain_data_becomes_nodes_and_nodes_stay() -> None:
    assert from_data({"a": [1, True, None, 0.5, "x", X]}) == n.AttrSet(
        (n.Binding(("a",), n.List((n.Int(1), n.Bool(True), n.Null(), n.Float(0.5), n.Str("x"), X))),)
    )


def test_a_bound_name_is_never_split() -> None:
    assert bind("a.b", 1).path == ("a.b",)


def test_a_function_may_be_named_by_a_dotted_name() -> None:
    assert call("lib.mkIf", X) == n.Apply(n.Select(n.Var("lib"), ("mkIf",)), (X,))

"""The layout is that of nixfmt 1.x: each text below was checked to pass it unchanged."""

from __future__ import annotations

import pytest

from pyenvspec.nixexpr import nodes as n
from pyenvspec.nixexpr import render
from pyenvspec.nixexpr.build import attrs, bind, call, from_data, ref

A, B, C = n.Var("a"), n.Var("b"), n.Var("c")
FREE = ["a", "b", "c", "f", "lib", "pkgs"]
LONG = "a text that is long enough to leave no room for much else on its line, for sure"


def pattern(*names: str, ellipsis: bool = True) -> n.Pattern:
    return n.Pattern(tuple(map(n.Param, names)), ellipsis)


CASES: list[tuple[str, n.Expr | n.File, str]] = [
    ("empty", from_data({"a": {}, "b": []}), "{\n  a = { };\n  b = [ ];\n}\n"),
    ("one binding on its own stays on one line", attrs(bind("a", 1)), "{ a = 1; }\n"),
    ("a set that is a value is expanded", from_data({"a": {"b": 1}}), "{\n  a = {\n    b = 1;\n  };\n}\n"),
    ("one item stays on one line", from_data({"a": [1]}), "{ a = [ 1 ]; }\n"),
    ("more items take a line each", from_data([1, -2]), "[\n  1\n  (-2)\n]\n"),
    (
        "comments and empty lines",
        attrs(bind("a", 1, "one\n\ntwo"), bind("b", 2, blank=True)),
        "{\n  # one\n  #\n  # two\n  a = 1;\n\n  b = 2;\n}\n",
    ),
    (
        "a file with a header",
        n.File("made by us", n.Lambda(pattern("pkgs"), attrs(bind("a", 1)))),
        "# made by us\n\n{ pkgs, ... }:\n{\n  a = 1;\n}\n",
    ),
    (
        "a pattern of more than two names takes a line each",
        n.Lambda(pattern("a", "b", "c"), A),
        "{\n  a,\n  b,\n  c,\n  ...\n}:\na\n",
    ),
    (
        "a pattern with a default ends in a comma",
        n.Lambda(n.Pattern((n.Param("a", n.Int(1)), n.Param("b")), name="all"), n.Var("all")),
        "{\n  a ? 1,\n  b,\n}@all:\nall\n",
    ),
    (
        "variables of a function stand in a row",
        n.Lambda("final", n.Lambda("prev", attrs(bind("a", ref("prev.a"))))),
        "final: prev: { a = prev.a; }\n",
    ),
    (
        "inherit",
        attrs(bind("x", n.AttrSet((n.Inherit(("a", "b")),))), bind("y", n.AttrSet((n.Inherit(("f",), A),)))),
        "{\n  x = { inherit a b; };\n  y = { inherit (a) f; };\n}\n",
    ),
    (
        "a long inherit takes a line each",
        n.AttrSet((n.Inherit(("a", "b", "c", "f"), ref("lib.x")),)),
        "{\n  inherit (lib.x)\n    a\n    b\n    c\n    f\n    ;\n}\n",
    ),
    (
        "the last argument hugs",
        attrs(bind("x", call("f", A, from_data({"p": 1, "q": 2})))),
        "{\n  x = f a {\n    p = 1;\n    q = 2;\n  };\n}\n",
    ),
    (
        "a function as last argument hugs",
        attrs(bind("x", call("map", n.Lambda("y", attrs(bind("z", n.Var("y")))), n.List((A, B))))),
        "{\n  x = map (y: { z = y; }) [\n    a\n    b\n  ];\n}\n",
    ),
    (
        "a call with a pattern function",
        call("f", n.Lambda(pattern("pkgs"), attrs(bind("x", n.Var("pkgs"))))),
        "f (\n  { pkgs, ... }:\n  {\n    x = pkgs;\n  }\n)\n",
    ),
    (
        "a call that is too long takes a line for each argument",
        attrs(bind("x", call("f", n.Str(LONG), A, call("f", n.Str(LONG), B)))),
        f'{{\n  x = f "{LONG}" a (\n    f "{LONG}" b\n  );\n}}\n',
    ),
    (
        "let",
        n.Let((bind("x", 1), bind("y", n.Var("x"))), n.Var("y")),
        "let\n  x = 1;\n  y = x;\nin\ny\n",
    ),
    (
        "a list and what is added to it",
        attrs(bind("x", n.BinOp(n.List((A, B)), "++", call("lib.optionals", C, n.List((A, B)))))),
        "{\n  x = [\n    a\n    b\n  ]\n  ++ lib.optionals c [\n    a\n    b\n  ];\n}\n",
    ),
    (
        "a set over another",
        attrs(bind("x", n.BinOp(A, "//", from_data({"p": 1})))),
        "{\n  x = a // {\n    p = 1;\n  };\n}\n",
    ),
    (
        "a text of several lines",
        from_data({"x": "if true; then\n  echo ${HOME}\nfi\n\necho ''\n"}),
        "{\n  x = ''\n    if true; then\n      echo ''${HOME}\n    fi\n\n    echo '''\n  '';\n}\n",
    ),
    (
        "holes",
        n.InterpolatedStr((ref("pkgs.a"), "/lib\nend ", call("f", A), "$", B)),
        "''\n  ${pkgs.a}/lib\n  end ${f a}''$${b}''\n",
    ),
    ("a text of one line is plain", n.Str("echo ready\n"), "''\n  echo ready\n''\n"),
    ("a path that no literal can spell", from_data([n.Path("a b")]), '[ (./. + "/a b") ]\n'),
    (
        "names",
        attrs(bind(("a", "b.c", "or", A), n.Select(A, ("x y", B), C))),
        '{ a."b.c"."or".${a} = a."x y".${b} or c; }\n',
    ),
    ("numbers", from_data([1e-7, 1e22, 0.5, -1.5]), "[\n  1.0e-07\n  1.0e+22\n  0.5\n  (-1.5)\n]\n"),
]


@pytest.mark.parametrize(("expr", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_layout(expr: n.Expr | n.File, expected: str) -> None:
    assert render(expr, free=FREE) == expected


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (n.BinOp(n.BinOp(A, "+", B), "+", C), "a + b + c"),
        (n.BinOp(A, "+", n.BinOp(B, "+", C)), "a + (b + c)"),
        (n.BinOp(A, "++", n.BinOp(B, "++", C)), "a ++ b ++ c"),
        (n.BinOp(n.BinOp(A, "//", B), "//", C), "(a // b) // c"),
        (n.BinOp(n.BinOp(A, "==", B), "==", C), "(a == b) == c"),
        (n.BinOp(n.BinOp(A, "&&", B), "||", C), "a && b || c"),
        (n.BinOp(n.BinOp(A, "||", B), "&&", C), "(a || b) && c"),
        (n.Select(call("f", A), ("b",)), "(f a).b"),
        (call(n.Select(A, ("b",), C), n.Int(-1)), "a.b or c (-1)"),
        (call("f", n.Select(A, ("b",), call("f", C))), "f (a.b or (f c))"),
        (n.Apply(n.Apply(A, (B,)), (C,)), "a b c"),
        (call(n.Lambda("x", n.Var("x")), A), "(x: x) a"),
        (n.BinOp(n.Lambda("x", A), "+", n.Lambda("x", A)), "(x: a) + (x: a)"),
    ],
)
def test_parentheses_stand_where_nix_needs_them(expr: n.Expr, expected: str) -> None:
    assert render(expr, free=FREE) == expected + "\n"


def test_the_same_tree_gives_the_same_bytes() -> None:
    for _, expr, _ in CASES:
        assert render(expr, free=FREE) == render(expr, free=FREE)


@pytest.mark.parametrize("width", [1, 20, 1000])
def test_any_width_gives_lines_without_spaces_at_their_ends(width: int) -> None:
    for _, expr, _ in CASES:
        lines = render(expr, width, free=FREE).split("\n")
        assert lines == [line.rstrip() for line in lines]
        assert lines[-1] == ""


def test_a_hundred_levels_of_data_are_no_limit() -> None:
    data: n.Expr = n.Int(1)
    for _ in range(100):
        data = attrs(bind("a", data))
    assert render(data).count("a = {") == 99


def test_a_long_chain_of_one_operator_is_no_limit() -> None:
    for operator in ("+", "++"):
        expr: n.Expr = A
        for _ in range(10_000):
            expr = n.BinOp(expr, operator, B) if operator == "+" else n.BinOp(B, operator, expr)
        assert render(expr, free=FREE).count(operator) == 10_000

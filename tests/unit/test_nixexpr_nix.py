"""Real Nix reads back exactly what was put in, wherever free text can go."""

from __future__ import annotations

import json
import posixpath
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from nasty import make_texts

from pyenvspec.nixexpr import nodes as n
from pyenvspec.nixexpr import render
from pyenvspec.nixexpr.build import attrs, bind, call, from_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.nix

TEXTS = make_texts(3000)
X = n.Var("x")
HOLE = "<hole>"


@pytest.fixture
def evaluate(nix_bin: Path, tmp_path: Path) -> Callable[..., Any]:
    """The value of an expression, as data; the file that held it stays in `tmp_path`."""

    def run(expr: n.Expr | n.File, width: int = 100) -> Any:
        file = tmp_path / "default.nix"
        file.write_text(render(expr, width), encoding="utf-8", newline="")
        program = str(nix_bin / "nix-instantiate")
        command = [program, "--store", "dummy://", "--eval", "--strict", "--json", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)

    return run


def to_list(exprs: list[n.Expr]) -> n.List:
    return n.List(tuple(exprs))


def test_every_text_comes_back_from_every_place(evaluate: Callable[..., Any], tmp_path: Path) -> None:
    path_texts = [text for text in TEXTS if text]
    places: dict[str, n.Expr] = {
        "string": to_list([n.Str(text) for text in TEXTS]),
        "block": to_list([n.Str(f"first\n{text}\nlast\n") for text in TEXTS]),
        "block_end": to_list([n.Str(f"first\n{text}") for text in TEXTS]),
        "holes": to_list([n.InterpolatedStr((text, X, text, X)) for text in TEXTS]),
        "block_holes": to_list([n.InterpolatedStr((f"first\n{text}", X, f"{text}\n", X)) for text in TEXTS]),
        "name": attrs(*(bind(text, i) for i, text in enumerate(TEXTS))),
        "nested_name": to_list([attrs(bind(("a", text), i)) for i, text in enumerate(TEXTS)]),
        "select": to_list([n.Select(attrs(bind(text, i)), (text,)) for i, text in enumerate(TEXTS)]),
        "comment": attrs(*(bind(str(i), i, comment=text) for i, text in enumerate(TEXTS))),
        "path": to_list([call("toString", n.Path(f"./{text}")) for text in path_texts]),
    }
    header = "\n".join(TEXTS)
    got = evaluate(n.File(header, n.Let((bind("x", HOLE),), attrs(*(bind(k, v) for k, v in places.items())))))
    assert got == {
        "string": TEXTS,
        "block": [f"first\n{text}\nlast\n" for text in TEXTS],
        "block_end": [f"first\n{text}" for text in TEXTS],
        "holes": [f"{text}{HOLE}{text}{HOLE}" for text in TEXTS],
        "block_holes": [f"first\n{text}{HOLE}{text}\n{HOLE}" for text in TEXTS],
        "name": {text: i for i, text in enumerate(TEXTS)},
        "nested_name": [{"a": {text: i}} for i, text in enumerate(TEXTS)],
        "select": list(range(len(TEXTS))),
        "comment": {str(i): i for i in range(len(TEXTS))},
        "path": [posixpath.normpath(f"{tmp_path}/./{text}") for text in path_texts],
    }


def test_numbers_come_back(evaluate: Callable[..., Any]) -> None:
    numbers = [0, -1, 2**63 - 1, -(2**63 - 1), 0.5, -0.25, 1e-7, 1e22, 1.5e300, 100.0, 3.1]
    assert evaluate(from_data(numbers)) == numbers


ALL = n.Lambda(n.Pattern((n.Param("a", n.Int(1)), n.Param("b")), name="all"), n.Var("all"))
PAIR = n.Lambda("k", n.Lambda("v", n.List((n.Var("k"), n.Var("v")))))
FALSE = n.Bool(False)
RICH = n.Let(
    (bind("x", {"y": {"z": [1, -2]}}), n.Inherit(("concatStringsSep", "mapAttrs"), n.Var("builtins"))),
    attrs(
        bind("equal", n.BinOp(n.Int(1), "==", n.Int(2))),
        bind("call", n.Apply(ALL, (from_data({"b": 2}),))),
        bind("join", call("concatStringsSep", n.Str("\n"), n.List((n.Str("a"), n.Str("b\nc\n"))))),
        bind(
            "map",
            call("mapAttrs", PAIR, X),
        ),
        bind("sum", n.BinOp(n.List((n.Int(1),)), "++", n.BinOp(n.List((n.Int(2),)), "++", n.List()))),
        bind("over", n.BinOp(n.Var("x"), "//", from_data({"q": {"r": 1}}))),
        bind("logic", n.BinOp(n.Bool(True), "&&", n.BinOp(FALSE, "->", FALSE))),
        bind("or", n.Select(X, ("y", "nothing"), n.Select(X, ("y", "z")))),
        bind(("deep", n.InterpolatedStr(("a", n.Str("b"))), "c d"), 1, comment="why\nso", blank=True),
    ),
)


@pytest.mark.parametrize("width", [1, 40, 100, 10_000])
def test_a_width_changes_no_value(evaluate: Callable[..., Any], width: int) -> None:
    value = evaluate(RICH, width)
    assert value == {
        "equal": False,
        "call": {"b": 2},
        "join": "a\nb\nc\n",
        "map": {"y": ["y", {"z": [1, -2]}]},
        "sum": [1, 2],
        "over": {"y": {"z": [1, -2]}, "q": {"r": 1}},
        "logic": True,
        "or": [1, -2],
        "deep": {"ab": {"c d": 1}},
    }

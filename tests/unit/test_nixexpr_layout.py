"""`layout` breaks lines where it must, in linear time, at any depth."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pyenvspec.nixexpr.doc import (
    EMPTY,
    FILL_LINE,
    HARDLINE,
    LINE,
    SOFTLINE,
    FirstFit,
    Hug,
    IfBroken,
    OneLine,
    concat,
    group,
    indent,
    join,
)
from pyenvspec.nixexpr.layout import layout
from pyenvspec.nixexpr.nodes import Int, List
from pyenvspec.nixexpr.pretty import to_doc

if TYPE_CHECKING:
    from pyenvspec.nixexpr.doc import Doc

BRACKETS = group("[", indent(LINE, "abc", LINE, "def", IfBroken(",")), LINE, "]")


def test_a_group_stays_on_one_line_up_to_the_width() -> None:
    assert layout(BRACKETS, 11) == "[ abc def ]"
    assert layout(BRACKETS, 10) == "[\n  abc\n  def,\n]"


def test_what_follows_without_a_break_counts() -> None:
    assert layout(concat(BRACKETS, ";"), 11) == "[\n  abc\n  def,\n];"
    assert layout(concat(BRACKETS, HARDLINE, ";"), 11) == "[ abc def ]\n;"
    assert layout(group(BRACKETS, SOFTLINE, ";"), 11) == "[ abc def ]\n;"


def test_a_forced_break_breaks_all_groups_around_it() -> None:
    assert layout(group("a", LINE, group("b", HARDLINE, "c")), 100) == "a\nb\nc"


def test_an_empty_line_has_no_indentation() -> None:
    assert layout(concat("a", indent(HARDLINE, HARDLINE, "b")), 100) == "a\n\n  b"


def test_a_filling_line_breaks_by_itself() -> None:
    words = join(FILL_LINE, ["aa", "bb", "cc"])
    assert layout(words, 5) == "aa bb\ncc"


def test_one_line_stays_one_line() -> None:
    assert layout(OneLine(BRACKETS), 1) == "[ abc def ]"


def test_a_choice_takes_the_first_hug_that_fits() -> None:
    middle = concat("{", indent(LINE, "body"), LINE, "}")
    choice = FirstFit((Hug(concat("f "), middle, concat(" x")),), concat("f", LINE, group(middle), LINE, "x"))
    assert layout(choice, 12) == "f { body } x"
    assert layout(choice, 11) == "f {\n  body\n} x"
    assert layout(choice, 2) == "f\n{\n  body\n}\nx"


def test_depth_is_no_limit() -> None:
    doc: Doc = concat("x")
    for _ in range(10_000):
        doc = group("(", SOFTLINE, FirstFit((Hug(EMPTY, doc, EMPTY),), doc), SOFTLINE, ")")
    assert layout(doc, 20_001) == "(" * 10_000 + "x" + ")" * 10_000
    assert layout(doc, 100).replace("\n", "") == "(" * 10_000 + "x" + ")" * 10_000


def count_calls(items: int, width: int) -> int:
    """How many function calls printing a list takes: a clock that no busy machine disturbs."""
    expr = List(tuple(Int(i) for i in range(items)))
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        text = layout(to_doc(expr), width)
    finally:
        sys.setprofile(None)
    assert text.count("\n") == items + 2
    return calls


def test_work_grows_with_length_and_no_faster() -> None:
    for width in (1, 100):
        assert count_calls(10_000, width) < 11 * count_calls(1_000, width)

"""Positions, anchors, aliases and merge keys."""

from __future__ import annotations

import pytest
import yaml
from reading import plain, problem, read, scalars, slice_of

from pyenvspec.diagnostics import Span
from pyenvspec.raw import Mapping, Sequence, to_plain
from pyenvspec.reading import tree as source_tree


@pytest.fixture(autouse=True, params=["libyaml", "pure"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test with both of PyYAML's parsers."""
    if request.param == "pure":
        monkeypatch.setattr(source_tree, "_Parser", yaml.SafeLoader)
    elif not yaml.__with_libyaml__:
        pytest.skip("this PyYAML is built without libyaml")


def test_every_key_and_value_has_its_position() -> None:
    raw = read(
        "# top\né: [ü x, 'it''s']\npython:\n  version: 3.10  # comment\n\n\nlast: |\n  a\n  b\n\n\nz:\n"
    )
    first, second, third, fourth = raw.root.entries
    assert (first.key_span, first.value.span) == (Span(2, 1, 2, 2), Span(2, 4, 2, 18))
    assert isinstance(first.value, Sequence)
    assert [slice_of(raw, item.span) for item in first.value.items] == ["ü x", "'it''s'"]
    assert second.value.span == Span(4, 3, 4, 16)
    assert slice_of(raw, third.value.span) == "|\n  a\n  b"
    assert (fourth.value.span.line, fourth.value.span.column) == (12, 3)
    assert raw.line(4) == "  version: 3.10  # comment"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark_move_no_position(line_end: str, mark: str) -> None:
    lines = ["a: x", "  y", "b: |", "  é", "  日本", "c: 'q", "", "  r'", "d: no", ""]
    found = problem(mark + line_end.join(lines))
    assert found.span == Span(9, 4, 9, 6)
    assert found.source_line == "d: no"


def test_columns_count_characters() -> None:
    assert problem("é😀日: [ä, no]\n").span == Span(1, 10, 1, 12)


@pytest.mark.parametrize("text", ["a: &x 3.10", "a: &x   # why\n  3.10", "a: [&x 3.10]", "? &k a\n: &x 3.10"])
def test_the_position_of_an_anchored_value_is_that_of_the_value(text: str) -> None:
    raw = read(text)
    (scalar,) = scalars(raw.root)
    assert slice_of(raw, scalar.span) == "3.10"


# --- anchors, aliases, merge keys


def test_aliases_repeat_a_value_with_the_position_where_it_was_typed() -> None:
    raw = read("a: &x [1, 2]\nb: *x\n")
    assert to_plain(raw.root) == {"a": [1, 2], "b": [1, 2]}
    assert raw.root.entries[1].value.span == raw.root.entries[0].value.span


def test_an_alias_may_be_a_key_and_an_anchor_may_be_defined_again() -> None:
    text = "a: &x one\n*x : 1\nb: &x two\nc: *x\n"
    assert plain(text) == {"a": "one", "one": 1, "b": "two", "c": "two"}


def test_own_keys_win_over_merged_ones_and_earlier_mappings_over_later() -> None:
    raw = read("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*b, *a]\n  z: 3\nd: {<<: *a, x: 9}\n")
    assert to_plain(raw.root) == {
        "a": {"x": 1, "y": 1},
        "b": {"y": 2, "z": 2},
        "c": {"y": 2, "x": 1, "z": 3},
        "d": {"y": 1, "x": 9},
    }
    merged = raw.root.entries[2].value
    assert isinstance(merged, Mapping)
    assert [entry.key_span.line for entry in merged.entries] == [2, 1, 5]


def test_a_merge_may_merge_what_was_merged() -> None:
    assert plain("a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b}\n") == {
        "a": {"x": 1},
        "b": {"x": 1, "y": 2},
        "c": {"x": 1, "y": 2},
    }

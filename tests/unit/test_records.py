"""Data classes made by `records` behave as the standard library's do."""

from __future__ import annotations

import dataclasses
from dataclasses import field

import pytest

from pyenvspec.records import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """Two numbers and a note that does not count."""

    x: int
    y: int = 0
    note: str = field(default="", compare=False)
    more: dict[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing."""


@dataclass(slots=True)
class Open:
    """May change."""

    x: int


@dataclass(frozen=True, slots=True, eq=False)
class Single:
    """Only itself."""

    x: int


def test_values_count_and_what_is_left_out_of_comparing_does_not() -> None:
    assert Point(1, note="a") == Point(1, note="b")
    assert Point(1) != Point(2)
    assert len({Point(1, note="a"), Point(1), Point(2)}) == 2
    assert Empty() == Empty()
    assert Single(1) != Single(1)
    assert Point(1) != (1, 0)  # type: ignore[comparison-overlap]


def test_ordered_ones_sort_by_their_values() -> None:
    assert sorted([Point(2), Point(1, 2), Point(1, 1)]) == [Point(1, 1), Point(1, 2), Point(2)]
    assert Point(1) <= Point(1) < Point(2) > Point(1) >= Point(1)
    with pytest.raises(TypeError):
        assert Open(1) < Open(2)  # type: ignore[operator]


def test_what_may_change_has_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Open(1))


def test_the_standard_library_takes_them_for_its_own() -> None:
    assert dataclasses.replace(Point(1), y=3) == Point(1, 3)
    assert dataclasses.asdict(Point(1)) == {"x": 1, "y": 0, "note": "", "more": {}}
    assert repr(Point(1)) == "Point(x=1, y=0, note='', more={})"
    assert not hasattr(Point(1), "__dict__")

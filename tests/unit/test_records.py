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


@dataclass(slots=True, kw_only=True)
class Square:
    """What is worked out is no parameter."""

    side: int = 1
    name: str
    area: int = field(init=False)
    seen: list[int] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.area = self.side**2


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


def test_they_are_made_as_the_standard_library_would() -> None:
    assert Square(name="a", side=3).area == 9
    assert Square(name="a").seen == []
    assert Square(name="b").side == 1
    assert Point(1).more is not Point(1).more
    with pytest.raises(TypeError, match="positional"):
        Square(2, "a")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="x"):
        Point()  # type: ignore[call-arg]


def test_what_may_change_has_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Open(1))


def test_the_standard_library_takes_them_for_its_own() -> None:
    assert dataclasses.replace(Point(1), y=3) == Point(1, 3)
    assert dataclasses.asdict(Point(1)) == {"x": 1, "y": 0, "note": "", "more": {}}
    assert repr(Point(1)) == "Point(x=1, y=0, note='', more={})"
    assert not hasattr(Point(1), "__dict__")

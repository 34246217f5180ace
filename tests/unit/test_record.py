"""The lean dataclass does what the standard one does, for all that our classes use of it."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any, ClassVar

import pytest

from pyenvspec import record

# mypy sees one and the same function here, which is what the module promises.
LEAN, STANDARD = record, dataclasses


def _classes(module: Any) -> dict[str, Any]:
    dataclass, field = module.dataclass, module.field

    @dataclass(frozen=True, slots=True)
    class Point:
        x: int
        y: int = 2
        KIND: ClassVar[str] = "point"

        def __post_init__(self) -> None:
            if self.x < 0:
                raise ValueError("negative")

    @dataclass(frozen=True, slots=True)
    class Empty:
        pass

    @dataclass(frozen=True, slots=True)
    class Named(Point):
        name: str = field(default="n", repr=False)
        table: dict[str, str] = field(default_factory=dict, hash=False)

    @dataclass(slots=True)
    class Growing:
        items: list[int] = field(default_factory=list)

    @dataclass(frozen=True)
    class Roomy:
        a: int
        size: int = field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "size", self.a * 2)

    @dataclass(frozen=True, slots=True, order=True)
    class Span:
        line: int
        column: int

    @dataclass(frozen=True, slots=True, eq=False)
    class Single:
        a: int

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Named2:
        a: int
        b: int = 3

    return {name: made for name, made in locals().items() if isinstance(made, type)}


lean, standard = _classes(LEAN), _classes(STANDARD)

MADE: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Point", (1,), {}),
    ("Point", (1, 5), {}),
    ("Point", (), {"y": 1, "x": 4}),
    ("Empty", (), {}),
    ("Named", (1,), {"name": "q"}),
    ("Named", (1, 2, "q", {"a": "b"}), {}),
    ("Growing", (), {}),
    ("Growing", ([1],), {}),
    ("Roomy", (4,), {}),
    ("Span", (1, 2), {}),
    ("Single", (1,), {}),
    ("Named2", (), {"a": 1}),
]


@pytest.mark.parametrize(("name", "words", "pairs"), MADE)
def test_instances_look_and_compare_like_standard_ones(
    name: str, words: tuple[Any, ...], pairs: dict[str, Any]
) -> None:
    mine, same, theirs = (c[name](*words, **pairs) for c in (lean, lean, standard))
    assert repr(mine) == repr(theirs)
    assert (mine == same) == (theirs == standard[name](*words, **pairs))
    assert mine != theirs
    assert mine.__match_args__ == theirs.__match_args__
    assert dataclasses.asdict(mine) == dataclasses.asdict(theirs)
    assert [f.name for f in dataclasses.fields(mine)] == [f.name for f in dataclasses.fields(theirs)]
    assert record.field_names(mine) == tuple(f.name for f in dataclasses.fields(theirs))
    assert copy.deepcopy(mine).__class__ is mine.__class__
    if type(theirs).__hash__ is None:
        assert type(mine).__hash__ is None
    else:
        assert hash(mine) == hash(mine)
        assert (hash(mine) == hash(same)) == (mine == same)


@pytest.mark.parametrize(
    ("name", "words", "pairs"),
    [
        ("Point", (), {}),
        ("Point", (1, 2, 3), {}),
        ("Point", (1,), {"z": 1}),
        ("Point", (-1,), {}),
        ("Named2", (1,), {}),
        ("Roomy", (1, 2), {}),
    ],
)
def test_wrong_arguments_are_refused_with_the_same_error(
    name: str, words: tuple[Any, ...], pairs: dict[str, Any]
) -> None:
    raised = []
    for _ in range(2):  # the first call compiles, the second finds it compiled
        for classes in (lean, standard):
            with pytest.raises((TypeError, ValueError)) as caught:
                classes[name](*words, **pairs)
            raised.append((caught.type, str(caught.value)))
    assert len(set(raised)) == 1, raised


def test_frozen_ones_stay_as_they_are() -> None:
    point = lean["Point"](1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    growing = lean["Growing"]()
    growing.items = [3]
    assert growing == lean["Growing"]([3])
    assert lean["Growing"]().items == []


def test_slots_leave_no_room() -> None:
    assert not hasattr(lean["Point"](1), "__dict__")
    assert not hasattr(lean["Named"](1), "__dict__")
    assert lean["Named"].__slots__ == ("name", "table")
    assert vars(lean["Roomy"](2)) == {"a": 2, "size": 4}


def test_a_field_can_stay_out_of_the_hash() -> None:
    one, other = (lean["Named"](1, 2, "q", {"a": x}) for x in "xy")
    assert hash(one) == hash(other)
    assert one != other


def test_order_is_that_of_the_fields() -> None:
    spans = [lean["Span"](2, 1), lean["Span"](1, 9), lean["Span"](1, 2)]
    assert [(s.line, s.column) for s in sorted(spans)] == [(1, 2), (1, 9), (2, 1)]
    assert spans[0] >= spans[0] > spans[1]
    assert spans[2] <= spans[1]
    with pytest.raises(TypeError):
        _ = spans[0] < 3


@pytest.mark.parametrize("replace", [record.replace, dataclasses.replace])
def test_replace_makes_a_changed_copy_and_runs_the_checks(replace: Any) -> None:
    point = lean["Point"](1, 2)
    assert replace(point, y=7) == lean["Point"](1, 7)
    assert point.y == 2
    assert replace(lean["Roomy"](1), a=3).size == 6
    with pytest.raises(ValueError, match="negative"):
        replace(point, x=-1)


def test_instances_can_be_pickled() -> None:
    from pyenvspec.diagnostics import Span

    assert pickle.loads(pickle.dumps(Span(1, 2, 3, 4))) == Span(1, 2, 3, 4)

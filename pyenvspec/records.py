"""`dataclass` for classes that every run defines: the standard library's, made in a quarter of the time.

The standard library compiles up to six methods for each class, each time Python starts, and a compile defines more
than a hundred classes. Only `__init__` is compiled here; comparing, hashing and printing are one function for all.
Type checkers see the standard library's own, so they are who holds `frozen`: nothing does when the program runs.
"""

from __future__ import annotations

import dataclasses
import operator
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass
else:

    def dataclass(
        *,
        frozen: bool = False,
        slots: bool = False,
        eq: bool = True,
        order: bool = False,
        kw_only: bool = False,
    ) -> Callable[[type], type]:
        """Return a decorator that makes a data class."""

        def make(cls: type) -> type:
            own = set(vars(cls))
            made = dataclasses.dataclass(eq=False, repr=False, slots=slots, kw_only=kw_only)(cls)
            methods = {"__repr__": _show}
            if eq:
                methods |= _comparing(made, hashed=frozen, ordered=order)
            for name, method in methods.items():
                if name not in own:
                    setattr(made, name, method)
            return made

        return make


def _show(record: object) -> str:
    shown = (f"{one.name}={getattr(record, one.name)!r}" for one in dataclasses.fields(record) if one.repr)  # type: ignore[arg-type]
    return f"{type(record).__qualname__}({', '.join(shown)})"


def _getter(names: list[str]) -> Callable[[object], Any]:
    return attrgetter(*names) if names else type


def _comparing(made: type, *, hashed: bool, ordered: bool) -> dict[str, Callable[..., object] | None]:
    fields = dataclasses.fields(made)
    values = _getter([one.name for one in fields if one.compare])
    hashable = _getter([one.name for one in fields if (one.compare if one.hash is None else one.hash)])

    def comparison(compare: Callable[[Any, Any], bool]) -> Callable[[object, object], bool]:
        def method(one: object, other: object) -> bool:
            return compare(values(one), values(other)) if other.__class__ is one.__class__ else NotImplemented

        return method

    def hash_values(record: object) -> int:
        return hash(hashable(record))

    kinds = (operator.eq, operator.lt, operator.le, operator.gt, operator.ge) if ordered else (operator.eq,)
    comparisons = {f"__{kind.__name__}__": comparison(kind) for kind in kinds}
    return {**comparisons, "__hash__": hash_values if hashed else None}

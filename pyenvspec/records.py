"""`dataclass` for classes that every run defines: the standard library's, made in a tenth of the time.

The standard library compiles up to six methods for each class, each time Python starts, and a compile defines more
than a hundred classes, many of which it never makes one of. Here `__init__` is compiled with the first one that is
made; comparing, hashing and printing are one function for all. `dataclasses.fields`, `replace` and `asdict` know them.
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
            record = dataclasses.dataclass(init=False, eq=False, repr=False, slots=slots, kw_only=kw_only)(
                cls
            )
            methods = {"__init__": _init_at_first(record), "__repr__": _show}
            if eq:
                methods |= _comparing(record, hashed=frozen, ordered=order)
            for name, method in methods.items():
                if name not in own:
                    setattr(record, name, method)
            return record

        return make


def _init_at_first(cls: Any) -> Callable[..., None]:
    def init(record: Any, *values: object, **named: object) -> None:
        # Not again where it was taken before the first record was made, as `super().__init__` of a subclass may be.
        if cls.__init__ is init:
            cls.__init__ = _compile_init(cls)
        cls.__init__(record, *values, **named)

    return init


def _compile_init(cls: type) -> Callable[..., None]:
    # A default_factory runs for every record made: `missing` is the default that tells that no value came.
    namespace: dict[str, Any] = {"missing": dataclasses.MISSING}
    parameters: list[str] = []
    named: list[str] = []
    body = []
    for field in dataclasses.fields(cls):
        value, default = field.name, ""
        if field.default_factory is not dataclasses.MISSING:
            namespace[f"make_{field.name}"] = field.default_factory
            default_call = f"make_{field.name}()"
            value, default = (
                f"{default_call} if {field.name} is missing else {field.name}"
                if field.init
                else default_call,
                "=missing",
            )
        elif field.default is not dataclasses.MISSING:
            namespace[f"default_{field.name}"] = field.default
            value, default = field.name if field.init else f"default_{field.name}", f"=default_{field.name}"
        elif not field.init:
            continue
        if field.init:
            (named if field.kw_only else parameters).append(field.name + default)
        body.append(f"self.{field.name} = {value}")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    head = ", ".join(["self", *parameters, *(["*", *named] if named else [])])
    exec(f"def __init__({head}):\n " + "\n ".join(body or ["pass"]), namespace)  # noqa: S102 - names of fields only
    return namespace["__init__"]  # type: ignore[no-any-return]


def _show(record: object) -> str:
    shown = (f"{one.name}={getattr(record, one.name)!r}" for one in dataclasses.fields(record) if one.repr)  # type: ignore[arg-type]
    return f"{type(record).__qualname__}({', '.join(shown)})"


def _getter(names: list[str]) -> Callable[[object], Any]:
    return attrgetter(*names) if names else type


def _comparing(cls: type, *, hashed: bool, ordered: bool) -> dict[str, Callable[..., object] | None]:
    fields = dataclasses.fields(cls)
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
    # As the standard library has it: what can change has no hash.
    return {**comparisons, "__hash__": hash_values if hashed else None}

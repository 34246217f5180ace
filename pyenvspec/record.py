"""Dataclasses that cost little to define: the standard library's `dataclass`, `field` and `replace`, made lean.

The standard ones compile six methods for each class when it is defined, which for our hundred classes takes
longer than all the rest of a compile. Here the classes share their methods, and `__init__` is compiled for a
class of which many instances are made. Type checkers see the standard functions; `dataclasses.fields`, `asdict` and
`is_dataclass` work on the result. What no class of ours uses is left out.
"""

from __future__ import annotations

from operator import attrgetter

TYPE_CHECKING = False  # the import of `typing` is a third of what `--help` takes
if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass, field, replace
    from typing import Any

__all__ = ["dataclass", "field", "field_names", "replace"]

_MISSING: Any = object()
_FEW = 6
_set = object.__setattr__


def field_names(record: object) -> tuple[str, ...]:
    """Return the names of a record's fields in their order; none for what is no record."""
    names: tuple[str, ...] = getattr(record, "_record_names", ())
    return names


class _Field:
    """What is said of one field."""

    __slots__ = ("default", "factory", "hash", "init", "repr")

    def __init__(
        self,
        default: object = _MISSING,
        factory: object = _MISSING,
        *,
        init: bool = True,
        repr: bool = True,
        hash: bool = True,
    ) -> None:
        self.default = default
        self.factory: Any = factory
        self.init, self.repr, self.hash = init, repr, hash


def _field(*, default: object = _MISSING, default_factory: object = _MISSING, **flags: bool) -> _Field:
    return _Field(default, default_factory, **flags)


def _dataclass(**flags: bool) -> Callable[[type], type]:
    return lambda cls: _make(cls, **flags)


def _replace(record: Any, /, **changes: object) -> Any:
    for name, its in record._record_fields.items():
        if its.init and name not in changes:
            changes[name] = getattr(record, name)
    return type(record)(**changes)


def _make(  # noqa: PLR0913 -- the flags of a dataclass
    cls: type,
    *,
    frozen: bool = False,
    slots: bool = False,
    eq: bool = True,
    order: bool = False,
    kw_only: bool = False,
) -> type:
    own = _own_fields(cls)
    fields: dict[str, _Field] = {}
    for base in reversed(cls.__mro__[1:]):
        fields |= base.__dict__.get("_record_fields", {})
    inherited = frozenset(fields)
    fields |= own
    members = {
        "_record_fields": fields,
        "_record_names": tuple(fields),
        "_record_values": _reader(fields),
        "_record_hashed": _reader([name for name, its in fields.items() if its.hash]),
        "_record_flags": (frozen, kw_only),
        "__dataclass_fields__": _StandardFields(),
        "__match_args__": () if kw_only else tuple(name for name, its in fields.items() if its.init),
        "_record_made": 0,
        "__init__": _init_few,
        **_methods(cls, frozen=frozen, eq=eq, order=order),
    }
    if slots:
        # A class has slots from its birth only, so it is born again.
        gone = {*own, "__dict__", "__weakref__"}
        namespace = {name: value for name, value in cls.__dict__.items() if name not in gone}
        names = tuple(name for name in own if name not in inherited)
        return type(cls)(
            cls.__name__,
            cls.__bases__,
            {**namespace, **members, "__slots__": names, "__qualname__": cls.__qualname__},
        )
    for name, its in own.items():
        if its.default is not _MISSING:
            setattr(cls, name, its.default)
        elif name in cls.__dict__:
            delattr(cls, name)
    for name, value in members.items():
        setattr(cls, name, value)
    return cls


def _own_fields(cls: type) -> dict[str, _Field]:
    """Return the fields that the class itself declares; all our annotations are texts."""
    fields = {}
    for name, annotation in cls.__annotations__.items():
        if not annotation.startswith("ClassVar"):
            default = cls.__dict__.get(name, _MISSING)
            fields[name] = default if isinstance(default, _Field) else _Field(default)
    return fields


def _reader(names: Any) -> Callable[[Any], Any]:
    # Records without fields that are of one class are equal.
    return attrgetter(*names) if names else type


def _methods(cls: type, *, frozen: bool, eq: bool, order: bool) -> dict[str, Any]:
    """Return the shared methods that the class does not define itself."""
    methods: dict[str, Any] = {"__repr__": _repr}
    if eq:
        methods |= {"__eq__": _eq, "__hash__": _hash if frozen else None}
    if order:
        methods |= {"__lt__": _lt, "__le__": _le, "__gt__": _gt, "__ge__": _ge}
    if frozen:
        methods |= {"__setattr__": _refuse, "__delattr__": _refuse}
        methods |= {"__getstate__": _get_state, "__setstate__": _set_state}
    return {name: method for name, method in methods.items() if name not in cls.__dict__}


def _init_few(self: Any, /, *args: object, **kwargs: object) -> None:
    """Fill the first instances field by field; compile `__init__` for a class that is made more often."""
    owner: Any = next(cls for cls in type(self).__mro__ if "_record_fields" in cls.__dict__)
    owner._record_made += 1
    if owner._record_made > _FEW or not _fill(self, owner, args, kwargs):
        owner.__init__ = _compile_init(owner)
        owner.__init__(self, *args, **kwargs)


def _fill(self: Any, owner: Any, args: tuple[object, ...], kwargs: dict[str, object]) -> bool:
    """Do as the compiled `__init__`; False where arguments and fields do not fit, which it then words."""
    given = dict(zip(owner.__match_args__, args, strict=False))
    if len(given) < len(args) or not given.keys().isdisjoint(kwargs):
        return False
    given |= kwargs
    for name, its in owner._record_fields.items():
        if not its.init:
            continue
        if name in given:
            value = given.pop(name)
        elif its.factory is not _MISSING:
            value = its.factory()
        elif its.default is not _MISSING:
            value = its.default
        else:
            return False
        _set(self, name, value)
    if given:
        return False
    if hasattr(owner, "__post_init__"):
        self.__post_init__()
    return True


def _compile_init(cls: Any) -> Any:
    frozen, kw_only = cls._record_flags
    known = {"_set": _set, "_MISSING": _MISSING}
    parameters, lines = ["self", *(["*"] if kw_only else [])], []
    for name, its in cls._record_fields.items():
        if not its.init:
            continue
        parameter = value = name
        if its.factory is not _MISSING:
            known[f"_make_{name}"] = its.factory
            parameter, value = f"{name}=_MISSING", f"_make_{name}() if {name} is _MISSING else {name}"
        elif its.default is not _MISSING:
            known[f"_default_{name}"] = its.default
            parameter = f"{name}=_default_{name}"
        parameters.append(parameter)
        lines.append(f"_set(self,{name!r},{value})" if frozen else f"self.{name}={value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def __init__({','.join(parameters)}):{';'.join(lines) or 'pass'}", known)  # noqa: S102 -- our own names
    made: Any = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _repr(self: Any) -> str:
    shown = (f"{name}={getattr(self, name)!r}" for name, its in self._record_fields.items() if its.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _eq(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    return self is other or self._record_values(self) == self._record_values(other)


def _hash(self: Any) -> int:
    return hash(self._record_hashed(self))


def _lt(self: Any, other: Any) -> Any:
    return (
        self._record_values(self) < self._record_values(other)
        if type(other) is type(self)
        else NotImplemented
    )


def _le(self: Any, other: Any) -> Any:
    return (
        self._record_values(self) <= self._record_values(other)
        if type(other) is type(self)
        else NotImplemented
    )


def _gt(self: Any, other: Any) -> Any:
    return (
        self._record_values(self) > self._record_values(other)
        if type(other) is type(self)
        else NotImplemented
    )


def _ge(self: Any, other: Any) -> Any:
    return (
        self._record_values(self) >= self._record_values(other)
        if type(other) is type(self)
        else NotImplemented
    )


def _refuse(self: object, name: str, *value: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {name!r}")


def _get_state(self: Any) -> dict[str, object]:
    return {name: getattr(self, name) for name in self._record_names}


def _set_state(self: object, state: dict[str, object]) -> None:
    for name, value in state.items():
        _set(self, name, value)


class _StandardFields:
    """Gives `dataclasses.fields` and its kin the fields in their own form, made for who asks."""

    def __get__(self, record: object, cls: Any) -> Any:
        import dataclasses

        namespace: dict[str, Any] = {"__annotations__": dict.fromkeys(cls._record_names, "object")}
        for name, its in cls._record_fields.items():
            given = {"default": its.default, "default_factory": its.factory}
            given = {key: value for key, value in given.items() if value is not _MISSING}
            namespace[name] = dataclasses.field(init=its.init, repr=its.repr, **given)
        twin: Any = dataclasses.dataclass(kw_only=True)(type(cls.__name__, (), namespace))
        return twin.__dataclass_fields__


if not TYPE_CHECKING:
    dataclass, field, replace = _dataclass, _field, _replace

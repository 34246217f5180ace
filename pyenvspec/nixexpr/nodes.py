"""The Nix expression tree: frozen nodes that check themselves when built.

Data only. User text goes in as it is, never escaped; `quote` does that when the tree is printed.
"""

from __future__ import annotations

import math
from typing import TypeAlias

from pyenvspec.nixexpr.quote import check_text, is_identifier
from pyenvspec.records import dataclass

MAX_INT = 2**63 - 1
# Those that `lowering` writes; Nix has more.
OPERATORS = ("++", "+", "//", "==", "!=", "&&", "||", "->")


@dataclass(frozen=True, slots=True)
class Str:
    """A text; several lines are printed as a `''…''` string where that gives back the same text."""

    text: str

    def __post_init__(self) -> None:
        check_text(self.text)


@dataclass(frozen=True, slots=True)
class InterpolatedStr:
    """A string of texts and `${…}` holes, in order."""

    parts: tuple[str | Expr, ...]

    def __post_init__(self) -> None:
        for part in self.parts:
            if isinstance(part, str):
                check_text(part)


@dataclass(frozen=True, slots=True)
class Path:
    """A path relative to the printed file's folder (`./nix/x.nix`); any name that a file can have."""

    text: str

    def __post_init__(self) -> None:
        check_text(self.text)
        # The text of an absolute path would be that of one machine.
        if not self.text or self.text.startswith(("/", "~")):
            raise ValueError(f"not a relative path: {self.text!r}")

    @property
    def names(self) -> tuple[str, ...]:
        """The path's parts without empty ones and `.`."""
        return tuple(name for name in self.text.split("/") if name not in ("", "."))


@dataclass(frozen=True, slots=True)
class Int:
    """A whole number of 64 bits."""

    value: int

    def __post_init__(self) -> None:
        # Nix reads a sign as an operator, so the least number of 64 bits has no literal.
        if abs(self.value) > MAX_INT:
            raise ValueError(f"not a Nix integer: {self.value}")


@dataclass(frozen=True, slots=True)
class Float:
    """A finite number."""

    value: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"not a Nix number: {self.value}")


@dataclass(frozen=True, slots=True)
class Bool:
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Null:
    """`null`."""


@dataclass(frozen=True, slots=True)
class Var:
    """A variable."""

    name: str

    def __post_init__(self) -> None:
        _check_identifier(self.name)


@dataclass(frozen=True, slots=True)
class Select:
    """`target.a.b`, with `default`: `target.a.b or default`. A part of the path may be computed."""

    target: Expr
    path: AttrPath
    default: Expr | None = None

    def __post_init__(self) -> None:
        _check_path(self.path)


@dataclass(frozen=True, slots=True)
class Apply:
    """`function` given `args`, at least one."""

    function: Expr
    args: tuple[Expr, ...]

    def __post_init__(self) -> None:
        if not self.args:
            raise ValueError("a function application needs an argument")


@dataclass(frozen=True, slots=True)
class Param:
    """One name of a pattern, with what it is when the caller leaves it out."""

    name: str
    default: Expr | None = None

    def __post_init__(self) -> None:
        _check_identifier(self.name)


@dataclass(frozen=True, slots=True)
class Pattern:
    """`{ a, b ? 1, ... }@name`; each name once."""

    params: tuple[Param, ...]
    ellipsis: bool = False
    name: str | None = None

    def __post_init__(self) -> None:
        names = [param.name for param in self.params]
        if self.name is not None:
            _check_identifier(self.name)
            names.append(self.name)
        if len(set(names)) < len(names):
            raise ValueError(f"a name stands twice in the pattern of {', '.join(names)}")


@dataclass(frozen=True, slots=True)
class Lambda:
    """A function of one variable or of a pattern."""

    param: str | Pattern
    body: Expr

    def __post_init__(self) -> None:
        if isinstance(self.param, str):
            _check_identifier(self.param)


@dataclass(frozen=True, slots=True)
class Binding:
    """`a.b = value;`. `comment` goes on lines above it, `blank_before` parts it from what is before."""

    path: AttrPath
    value: Expr
    comment: str = ""
    blank_before: bool = False

    def __post_init__(self) -> None:
        _check_path(self.path)
        check_text(self.comment)


@dataclass(frozen=True, slots=True)
class Inherit:
    """`inherit a b;` or, with a source, `inherit (source) a b;`."""

    names: tuple[str, ...]
    source: Expr | None = None
    comment: str = ""
    blank_before: bool = False

    def __post_init__(self) -> None:
        check_text(self.comment)
        if not self.names:
            raise ValueError("an inherit needs a name")
        for name in self.names:
            _check_identifier(name)


@dataclass(frozen=True, slots=True)
class AttrSet:
    """`{ … }`, entries in the order given."""

    entries: tuple[Binding | Inherit, ...] = ()


@dataclass(frozen=True, slots=True)
class List:
    """`[ … ]`."""

    items: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Let:
    """`let … in body`, at least one entry."""

    entries: tuple[Binding | Inherit, ...]
    body: Expr

    def __post_init__(self) -> None:
        if not self.entries:
            raise ValueError("a let needs a binding")


@dataclass(frozen=True, slots=True)
class BinOp:
    """`left operator right`; parentheses appear where Nix would read it otherwise."""

    left: Expr
    operator: str
    right: Expr

    def __post_init__(self) -> None:
        if self.operator not in OPERATORS:
            raise ValueError(f"not an operator: {self.operator!r}")


@dataclass(frozen=True, slots=True)
class File:
    """A whole file: `header` as comment lines above the expression."""

    header: str
    body: Expr

    def __post_init__(self) -> None:
        check_text(self.header)


Expr: TypeAlias = (
    Str
    | InterpolatedStr
    | Path
    | Int
    | Float
    | Bool
    | Null
    | Var
    | Select
    | Apply
    | Lambda
    | AttrSet
    | List
    | Let
    | BinOp
)
AttrPath: TypeAlias = tuple[str | Expr, ...]
"""Names as `str`; a part given as an expression is computed (`${system}`)."""


def _check_identifier(name: str) -> None:
    if not is_identifier(name):
        raise ValueError(f"not a Nix identifier: {name!r}")


def _check_path(path: AttrPath | str) -> None:
    if not path:
        raise ValueError("an attribute path needs a name")
    # A text is a sequence of texts too: `a.b` would become the path of `a`, `.` and `b`.
    if isinstance(path, str):
        raise TypeError(f"an attribute path is a tuple of names: {path!r}")
    for part in path:
        if isinstance(part, str):
            check_text(part)

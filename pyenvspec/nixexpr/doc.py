"""What `pretty` gives and `layout` takes: text with places where a line may break.

Each node knows its width on one line, so that layout never has to look ahead into it. A node that
must break counts as wider than any page.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias

from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

# Adds up like any other width, and no text comes near it.
MUST_BREAK = 1 << 40


# `eq=False`: to compare or hash docs would walk all of them. A width is set once, from the parts up: the only writing
# to what is frozen.
@dataclass(frozen=True, slots=True, eq=False)
class Chars:
    """Characters without a line end."""

    value: str
    width: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", len(self.value))


@dataclass(frozen=True, slots=True, eq=False)
class LineBreak:
    """A line end; on one line, `flat` instead. `width` is that of `flat`, or MUST_BREAK.

    One that `fills` breaks by itself: only when what follows, up to the next break, has no room.
    """

    flat: str
    width: int
    fills: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class IfBroken:
    """Text that is there only when the group around it is broken."""

    value: str
    width: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Indent:
    """Lines that start inside `body` are one step further in."""

    body: Doc
    width: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", self.body.width)


@dataclass(frozen=True, slots=True, eq=False)
class Concat:
    """Parts one after the other."""

    parts: tuple[Doc, ...]
    width: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", sum(part.width for part in self.parts))


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """All line ends directly in `body` break, or none in all of it."""

    body: Doc
    width: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", self.body.width)


@dataclass(frozen=True, slots=True, eq=False)
class OneLine:
    """`body` on one line, however wide; it must not hold a forced break."""

    body: Doc
    width: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", self.body.width)


@dataclass(frozen=True, slots=True, eq=False)
class Hug:
    """Three parts on which only the middle breaks: `f x {` … `} y`."""

    before: Doc
    middle: Doc
    after: Doc


@dataclass(frozen=True, slots=True, eq=False)
class FirstFit:
    """`broken` on one line, else the first of `hugs` that fits, else `broken` broken."""

    hugs: tuple[Hug, ...]
    broken: Doc
    width: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", self.broken.width)


Doc: TypeAlias = Chars | LineBreak | IfBroken | Indent | Concat | Group | OneLine | FirstFit

LINE = LineBreak(" ", 1)
SOFTLINE = LineBreak("", 0)
FILL_LINE = LineBreak(" ", 1, fills=True)
HARDLINE = LineBreak("", MUST_BREAK)
EMPTY = Concat(())


def text(value: str) -> Doc:
    """`value` as it stands; it must not hold a line end."""
    return Chars(value) if value else EMPTY


def concat(*parts: Doc | str) -> Doc:
    """`parts` one after the other; a `str` is text."""
    docs = tuple(text(part) if isinstance(part, str) else part for part in parts)
    # By identity: docs are not compared, and this is the only empty one.
    kept = tuple(doc for doc in docs if doc is not EMPTY)
    return kept[0] if len(kept) == 1 else Concat(kept) if kept else EMPTY


def group(*parts: Doc | str) -> Doc:
    """`parts` on one line if they fit, else broken at all of their line ends."""
    return Group(concat(*parts))


def indent(*parts: Doc | str) -> Doc:
    """`parts` with the lines that start in them one step further in."""
    return Indent(concat(*parts))


def join(separator: Doc | str, parts: Sequence[Doc | str]) -> Doc:
    """`parts` with `separator` between them."""
    return concat(*[piece for part in parts for piece in (separator, part)][1:])

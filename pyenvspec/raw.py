"""The tree that reading gives: env.yaml as written, with a position for every key and value.

Data only; imports no pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.diagnostics import KeyPath, Span


class SourceInt(int):
    """A whole number that remembers how it was typed (`010`, `0x1F`, `1_000`)."""

    text: str

    def __new__(cls, value: int, text: str) -> SourceInt:
        number = super().__new__(cls, value)
        number.text = text
        return number


class SourceFloat(float):
    """A decimal number that remembers how it was typed, so that `3.10` stays "3.10"."""

    text: str

    def __new__(cls, value: float, text: str) -> SourceFloat:
        number = super().__new__(cls, value)
        number.text = text
        return number


PlainValue = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value: `value` as YAML understands it, `text` as typed (without quotes)."""

    value: PlainValue
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list, block or flow style."""

    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value` of a mapping; `key_span` is where the key was typed."""

    key: str
    key_span: Span
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping; keys are distinct texts, in the order of the file."""

    entries: tuple[Entry, ...]
    span: Span

    def get(self, key: str) -> Entry | None:
        """Return the entry of `key`, or None."""
        return next((e for e in self.entries if e.key == key), None)


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class RawSpec:
    """env.yaml as read: its name for messages, its lines, and its top mapping."""

    file: str
    lines: tuple[str, ...]
    root: Mapping

    def line(self, number: int) -> str:
        """Return the user's own line `number`, counted from 1; empty past the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


def to_plain(node: Node) -> object:
    """Return the tree as dicts, lists and scalars, for pydantic; numbers keep their text."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [to_plain(item) for item in node.items]
        case Mapping():
            return {entry.key: to_plain(entry.value) for entry in node.entries}


def walk_path(root: Node, path: KeyPath) -> Iterator[tuple[Node, Entry | None]]:
    """Yield each node on the way along `path` with the entry that led to it, as far as the tree goes."""
    node: Node = root
    yield node, None
    for step in path:
        if isinstance(node, Mapping) and isinstance(step, str):
            entry = node.get(step)
            if entry is None:
                return
            node = entry.value
            yield node, entry
        elif isinstance(node, Sequence) and isinstance(step, int) and 0 <= step < len(node.items):
            node = node.items[step]
            yield node, None
        else:
            return

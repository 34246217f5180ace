"""The tree that reading gives: env.yaml as written, with a position for every key and value.

Data only; imports no pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyenvspec.diagnostics import Diagnostic, KeyPath, Span


class SourceInt(int):
    """A whole number that remembers how it was typed (`010`, `0x1F`)."""

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
    """env.yaml as read: its name for messages, its lines, and its top mapping.

    Where only a part could be read, `problems` are those of the rest, and `unread` is where values are missing.
    """

    file: str
    lines: tuple[str, ...]
    root: Mapping
    problems: tuple[Diagnostic, ...] = ()
    unread: frozenset[KeyPath] = frozenset()

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


def value_at(root: Node, path: KeyPath) -> Node | None:
    """Return the value at `path`; None where the tree does not go so far."""
    steps = list(walk_path(root, path))
    return steps[-1][0] if len(steps) == len(path) + 1 else None


def locate(root: Node, path: KeyPath, *, key: bool = False) -> Span:
    """Return where the value at `path` was typed, or its key; the nearest parent where it is not there."""
    steps = list(walk_path(root, path))
    node, entry = steps[-1]
    is_reached = len(steps) == len(path) + 1
    # Of a block its key is shown: the value begins on a line below.
    if entry is not None and (key or isinstance(node, Mapping | Sequence) or not is_reached):
        return entry.key_span
    return node.span


def overlay(base: Node, over: Node) -> Node:
    """Merge `over` over `base`: mappings key by key, null takes a key away, all else is replaced."""
    if not (isinstance(base, Mapping) and isinstance(over, Mapping)):
        return over
    merged = {entry.key: entry for entry in base.entries}
    for entry in over.entries:
        if isinstance(entry.value, Scalar) and entry.value.value is None:
            merged.pop(entry.key, None)
            continue
        below = merged.get(entry.key)
        value = overlay(below.value, entry.value) if below else without_nulls(entry.value)
        merged[entry.key] = Entry(entry.key, entry.key_span, value)
    # Where the variant has it, since that is what a finding about the whole is about.
    return Mapping(tuple(merged.values()), over.span)


def without_nulls(node: Node) -> Node:
    """Drop the keys that are null: there is nothing below for them to take away."""
    if not isinstance(node, Mapping):
        return node
    kept = (e for e in node.entries if not (isinstance(e.value, Scalar) and e.value.value is None))
    return Mapping(tuple(Entry(e.key, e.key_span, without_nulls(e.value)) for e in kept), node.span)


def without(node: Node, path: KeyPath) -> Node:
    """Take the value at `path` away: its key from a mapping, itself from a list."""
    if not path:
        return node
    step, rest = path[0], path[1:]
    if isinstance(node, Mapping):
        kept = (
            e if e.key != step else Entry(e.key, e.key_span, without(e.value, rest))
            for e in node.entries
            if rest or e.key != step
        )
        return Mapping(tuple(kept), node.span)
    if isinstance(node, Sequence):
        items = enumerate(node.items)
        return Sequence(
            tuple(without(i, rest) if n == step else i for n, i in items if rest or n != step), node.span
        )
    return node


def without_all(root: Mapping, paths: Iterable[KeyPath]) -> Mapping:
    """Take the values at several paths away."""
    node: Node = root
    # From the end, so that the positions in lists still hold.
    # By kind first: a key and a position do not compare.
    for path in sorted(paths, key=lambda path: [(str(type(step)), step) for step in path], reverse=True):
        node = without(node, path)
    assert isinstance(node, Mapping)
    return node

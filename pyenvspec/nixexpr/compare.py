"""Bindings of a tree: those that another tree has otherwise, those under a comment, and the text of one.

Trees in, bindings with the attribute path of the set that holds them out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pyenvspec.nixexpr.layout import layout
from pyenvspec.nixexpr.nodes import Apply, AttrSet, Binding, BinOp, File, Lambda, Let
from pyenvspec.nixexpr.pretty import to_doc
from pyenvspec.nixexpr.quote import quote_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pyenvspec.nixexpr.nodes import AttrPath, Expr, Inherit


class Found(NamedTuple):
    """A binding, and the dotted path of the set that it stands in."""

    inside: str
    binding: Binding


def find_bindings(root: File, wanted: Callable[[Binding], bool]) -> list[Found]:
    """Return the bindings that `wanted` takes, in reading order; not those within one that is taken."""
    return list(_search(root.body, "", wanted))


def _search(expr: Expr, inside: str, wanted: Callable[[Binding], bool]) -> Iterator[Found]:
    match expr:
        case AttrSet(entries):
            yield from _search_entries(entries, inside, wanted)
        case Let(entries, body):
            yield from _search_entries(entries, inside, wanted)
            yield from _search(body, inside, wanted)
        case Lambda(_, body):
            yield from _search(body, inside, wanted)
        case Apply(_, args):
            for argument in args:
                yield from _search(argument, inside, wanted)
        case BinOp(left, _, right):
            yield from _search(left, inside, wanted)
            yield from _search(right, inside, wanted)


def _search_entries(
    entries: Sequence[Binding | Inherit], inside: str, wanted: Callable[[Binding], bool]
) -> Iterator[Found]:
    for entry in entries:
        if not isinstance(entry, Binding):
            continue
        if wanted(entry):
            yield Found(inside, entry)
        else:
            yield from _search(entry.value, _join(inside, entry.path), wanted)


def find_changes(old: File, new: File) -> list[Found]:
    """Return the smallest bindings of `new` that `old` lacks or has with another value."""
    return _compare(old.body, new.body, "") or []


def _compare(old: Expr, new: Expr, inside: str) -> list[Found] | None:
    """Return what changed within; None when the two differ as a whole."""
    if old == new:
        return []
    match old, new:
        case AttrSet(before), AttrSet(after):
            return _compare_entries(before, after, inside)
        case Let(before, left), Let(after, right):
            return _compare_entries(before, after, inside) + (_compare(left, right, inside) or [])
        # The names of a function follow from what its body uses: no change that is worth showing.
        case Lambda(_, left), Lambda(_, right):
            return _compare(left, right, inside)
        case BinOp(same_left, operator, left), BinOp(also_left, same, right):
            is_same = (same_left, operator) == (also_left, same)
            return _compare(left, right, inside) if is_same else None
        case Apply(function, before_args), Apply(same, after_args) if function == same:
            if len(before_args) != len(after_args):
                return None
            parts = [_compare(a, b, inside) for a, b in zip(before_args, after_args, strict=True)]
            if any(part is None for part in parts):
                return None
            return [change for part in parts for change in part or []]
        case _, Let(entries, body):
            # A `let` came with it: its names are new, its body is what was there before.
            below = _compare(old, body, inside)
            return None if below is None else [*_compare_entries((), entries, inside), *below]
    return None


def _compare_entries(
    before: Sequence[Binding | Inherit], after: Sequence[Binding | Inherit], inside: str
) -> list[Found]:
    # `inherit` has no value of its own, so it cannot change.
    known = {entry.path: entry for entry in before if isinstance(entry, Binding)}
    changes: list[Found] = []
    for entry in after:
        if not isinstance(entry, Binding):
            continue
        twin = known.get(entry.path)
        within = None if twin is None else _compare(twin.value, entry.value, _join(inside, entry.path))
        changes += [Found(inside, entry)] if within is None else within
    return changes


def _join(inside: str, path: AttrPath) -> str:
    names = [quote_name(part) if isinstance(part, str) else "…" for part in path]
    return ".".join([inside, *names] if inside else names)


def render_binding(binding: Binding, width: int = 100) -> str:
    """Return the lines of one binding with its comment, without indentation, ending in a line end."""
    alone = Binding(binding.path, binding.value, binding.comment)
    # A second binding keeps a set from being printed on one line.
    text = layout(to_doc(AttrSet((alone, Binding(("_",), AttrSet())))), width)
    # Without `{`, the second binding and `}`.
    lines = text.splitlines()[1:-2]
    return "".join(line.removeprefix("  ") + "\n" for line in lines)

"""Whole-tree check of what a node cannot see alone: variables in scope, attributes given once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pyenvspec.nixexpr.nodes import (
    Apply,
    AttrSet,
    Binding,
    BinOp,
    File,
    Inherit,
    InterpolatedStr,
    Lambda,
    Let,
    List,
    Pattern,
    Select,
    Var,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyenvspec.nixexpr.nodes import AttrPath, Expr

GLOBALS = frozenset(
    {
        "abort",
        "baseNameOf",
        "builtins",
        "derivation",
        "dirOf",
        "false",
        "fetchGit",
        "fetchTarball",
        "fetchTree",
        "fromTOML",
        "import",
        "isNull",
        "map",
        "null",
        "placeholder",
        "removeAttrs",
        "throw",
        "toString",
        "true",
    }
)
"""What Nix puts in scope of every file."""

_Scope = frozenset[str]


class _Visit(NamedTuple):
    expr: Expr
    scope: _Scope


def verify(root: Expr | File, free: Iterable[str] = ()) -> list[str]:
    """What is wrong with the tree, in reading order; `free` names variables that the reader will have."""
    problems: list[str] = []
    # A stack in place of recursion, which a long chain of operators would exhaust.
    todo = [_Visit(root.body if isinstance(root, File) else root, GLOBALS.union(free))]
    while todo:
        expr, scope = todo.pop()
        problems += _check(expr, scope)
        # Reversed, since the last on the stack comes first: problems are told in reading order.
        todo.extend(reversed(list(_visit_children(expr, scope))))
    return problems


def _check(expr: Expr, scope: _Scope) -> Iterator[str]:
    match expr:
        case Var(name) if name not in scope:
            yield f"unbound variable: {name}"
        case AttrSet(entries):
            yield from _check_entries(entries, scope)
        case Let(entries):
            yield from _check_entries(entries, scope)
            # Nix refuses `let ${x} = 1;` as a syntax error; in a set it is allowed.
            computed = (e for e in entries if isinstance(e, Binding) and not isinstance(e.path[0], str))
            yield from ("a let cannot bind a computed name" for _ in computed)


def _check_entries(entries: Sequence[Binding | Inherit], outside: _Scope) -> Iterator[str]:
    """An attribute given twice, or given a value and attributes of its own."""
    tree: dict[str, object] = {}
    for entry in entries:
        if isinstance(entry, Inherit):
            # `inherit (source) a` takes from a set, whose attributes nobody knows here.
            missing = () if entry.source else (name for name in entry.names if name not in outside)
            yield from (f"unbound variable: {name}" for name in missing)
            paths: list[AttrPath] = [(name,) for name in entry.names]
        else:
            paths = [entry.path]
        for path in paths:
            if not _insert(tree, path):
                yield f"attribute given twice: {_show(path)}"


def _insert(tree: dict[str, object], path: AttrPath) -> bool:
    """Add `path`; whether no value stands there yet, above it or below it."""
    node = tree
    for i, part in enumerate(path):
        if not isinstance(part, str):
            return True  # known only to Nix
        if i == len(path) - 1:
            # Not by the identity of `path`: Python makes one tuple of equal constants.
            is_new = part not in node
            node[part] = path
            return is_new
        below = node.setdefault(part, {})
        if not isinstance(below, dict):
            return False
        node = below
    return True


def _show(path: AttrPath) -> str:
    return ".".join(part if isinstance(part, str) else "${…}" for part in path)


def _visit_children(expr: Expr, scope: _Scope) -> Iterator[_Visit]:
    match expr:
        case Lambda(Pattern() as pattern, body):
            inner = scope.union((p.name for p in pattern.params), [pattern.name] if pattern.name else [])
            # A default may use the other names of its pattern.
            yield from (_Visit(p.default, inner) for p in pattern.params if p.default is not None)
            yield _Visit(body, inner)
        case Lambda(str() as name, body):
            yield _Visit(body, scope | {name})
        case Let(entries, body):
            # A `let` sees its own names, in any order; a set, none of which is `rec` here, does not.
            inner = scope.union(_get_let_names(entries))
            yield from _visit_entries(entries, inner)
            yield _Visit(body, inner)
        case AttrSet(entries):
            yield from _visit_entries(entries, scope)
        case _:
            yield from (_Visit(child, scope) for child in _get_plain_children(expr))


def _get_let_names(entries: Sequence[Binding | Inherit]) -> Iterator[str]:
    for entry in entries:
        names = entry.names if isinstance(entry, Inherit) else entry.path[:1]
        yield from (name for name in names if isinstance(name, str))


def _visit_entries(entries: Sequence[Binding | Inherit], scope: _Scope) -> Iterator[_Visit]:
    for entry in entries:
        if isinstance(entry, Binding):
            yield from (_Visit(part, scope) for part in entry.path if not isinstance(part, str))
            yield _Visit(entry.value, scope)
        elif entry.source is not None:
            yield _Visit(entry.source, scope)


def _get_plain_children(expr: Expr) -> Iterator[Expr]:
    """The direct parts of an expression that binds no names."""
    match expr:
        case InterpolatedStr(parts):
            yield from (part for part in parts if not isinstance(part, str))
        case Select(target, path, default):
            yield target
            yield from (part for part in path if not isinstance(part, str))
            if default is not None:
                yield default
        case Apply(function, args):
            yield from (function, *args)
        case List(items):
            yield from items
        case BinOp(left, _, right):
            yield from (left, right)

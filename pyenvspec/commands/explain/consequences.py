"""Explaining: a key of env.yaml, the Nix that follows from it, and why.

What follows from a key is found by compiling once more without it: the bindings that are then missing or
different, and the files that are then not written. A key that cannot be left out, or that says what would be
so anyway, is found by the comment over its section instead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.nixexpr.compare import find_bindings, find_changes, render_binding
from pyenvspec.raw import Mapping, Scalar, Sequence, walk_path, without
from pyenvspec.records import dataclass
from pyenvspec.spec.keys import SHORT_FORMS, find_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenvspec.diagnostics import KeyPath
    from pyenvspec.driver import Compiled
    from pyenvspec.nixexpr import Binding
    from pyenvspec.nixexpr.compare import Found
    from pyenvspec.plan import Decision
    from pyenvspec.raw import Node, RawSpec
    from pyenvspec.spec.keys import Key

# What the choice of the release follows from: its reason is told for each of them.
_DECIDES_RELEASE = ("python", "python.version", "cuda", "cuda.version", "cuda.cudnn", "nixpkgs")


@dataclass(frozen=True)
class SourceLine:
    """A line of env.yaml."""

    number: int
    text: str


@dataclass(frozen=True)
class NixPart:
    """Lines of a generated file, and the attribute path of the set that they stand in."""

    file: str
    inside: str
    text: str


@dataclass(frozen=True)
class Explanation:
    """One key: where it is typed (nowhere: `lines` is empty), what it became, why.

    `changes_nothing` says that without the key all would be the same.
    """

    key: Key
    lines: tuple[SourceLine, ...]
    nix: tuple[NixPart, ...]
    files: tuple[str, ...]
    decisions: tuple[Decision, ...]
    changes_nothing: bool = False


def explain_key(name: str, raw: RawSpec, compile_raw: Callable[[RawSpec], Compiled]) -> Explanation:
    """Explain a key of a project; `compile_raw` runs the passes on a tree."""
    key = find_key(name, raw.root)
    compiled = compile_raw(raw)
    typed = _typed_path(raw.root, key.path)
    decisions = tuple(d for d in compiled.plan.decisions if _is_about(d.key, key.path))
    if typed is None:
        nix = _sections(compiled, key.path, exactly=True)
        return Explanation(key, (), nix, (), decisions)
    lines = _typed_lines(raw, typed)
    # On the tree and not on the text, so that all other positions, and with them the messages, stay.
    reduced = without(raw.root, typed)
    assert isinstance(reduced, Mapping)
    try:
        before = compile_raw(replace(raw, root=reduced))
    except PyenvspecError:  # what remains makes no sense without it
        return Explanation(key, lines, _sections(compiled, key.path), (), decisions)
    nix, files = _changed_parts(before, compiled), _changed_files(before, compiled)
    if nix or files:
        return Explanation(key, lines, nix, files, decisions)
    return Explanation(key, lines, _sections(compiled, key.path), (), decisions, changes_nothing=True)


def _typed_path(root: Node, path: KeyPath) -> KeyPath | None:
    """Return the path under which the value is typed: `cuda: 11.8` is `cuda.version` too; None for nowhere."""
    steps = list(walk_path(root, path))
    if len(steps) == len(path) + 1:
        return path
    node, _ = steps[-1]
    reached = path[: len(steps) - 1]
    if isinstance(node, Scalar) and (*reached, SHORT_FORMS.get(reached)) == path:
        return reached
    return None


def _names(path: KeyPath) -> tuple[str, ...]:
    return tuple(str(step) for step in path)


def _typed_lines(raw: RawSpec, path: KeyPath) -> tuple[SourceLine, ...]:
    node, entry = list(walk_path(raw.root, path))[-1]
    first = entry.key_span.line if entry else node.span.line
    return tuple(SourceLine(n, raw.line(n)) for n in range(first, max(first, _last_line(node)) + 1))


def _last_line(node: Node) -> int:
    """Return where a value ends: the span of a block also holds the empty lines and comments after it."""
    if isinstance(node, Mapping) and node.entries:
        return max(node.span.line, *(_last_line(entry.value) for entry in node.entries))
    if isinstance(node, Sequence) and node.items:
        return max(node.span.line, *(_last_line(item) for item in node.items))
    last = node.span.end_line
    return last - 1 if node.span.end_column == 1 and last > node.span.line else last


def _is_about(decided: str, path: KeyPath) -> bool:
    names = _names(path)
    # `variants.cpu.cuda` is decided under that name, or for the whole file under `cuda`.
    if path[:1] == ("variants",) and not decided.startswith("variants."):
        names = names[2:]
    key = ".".join(names)
    if decided == "nixpkgs.release" and key in _DECIDES_RELEASE:
        return True
    # Either way round: `cuda` is told all that is decided below it, `cuda.version` what is decided on `cuda`.
    return bool(key) and (decided == key or decided.startswith(f"{key}.") or key.startswith(f"{decided}."))


def _changed_parts(before: Compiled, after: Compiled) -> tuple[NixPart, ...]:
    parts: list[NixPart] = []
    for file, tree in after.trees.items():
        old = before.trees.get(file)
        parts += [_part(file, change) for change in (find_changes(old, tree) if old else ())]
    return tuple(parts)


def _changed_files(before: Compiled, after: Compiled) -> tuple[str, ...]:
    """Return the files besides the two of Nix that are there, or read as they do, because of the key."""
    same = before.files
    return tuple(p for p, text in sorted(after.files.items()) if p not in after.trees and same.get(p) != text)


def _sections(compiled: Compiled, path: KeyPath, *, exactly: bool = False) -> tuple[NixPart, ...]:
    """Return what stands under the comments of a key and those below it, else of the nearest key above."""
    # From the key itself upwards: `python.version` has no section of its own, and is told in that of `python`.
    for size in range(len(path), 0, -1):
        name = ".".join(_names(path[:size]))
        parts: list[NixPart] = []
        for file, tree in compiled.trees.items():
            wanted = _stands_under(name, below=size == len(path))
            parts += [_part(file, binding) for binding in find_bindings(tree, wanted)]
        if parts or exactly:
            return tuple(parts)
    return ()


def _stands_under(name: str, *, below: bool) -> Callable[[Binding], bool]:
    def is_wanted(binding: Binding) -> bool:
        # `python.manager`, or with words behind it: `nixpkgs.unfree: of what is asked for`.
        comment = binding.comment.split(": ")[0]
        return comment == name or (below and comment.startswith(f"{name}.")) or binding.path == (name,)

    return is_wanted


def _part(file: str, place: Found) -> NixPart:
    return NixPart(file, place.inside, render_binding(place.binding))

"""Editing lists of env.yaml in place: every other byte of the file, comments too, stays as it is.

Text in, text out. ruamel.yaml would lay out anew what it did not change (spaces, quotes, long lines), so the
positions of the tree are used to cut and insert. What cannot be done that way is refused, never guessed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.raw import Mapping, Scalar, Sequence, locate, to_plain, value_at, walk_path
from pyenvspec.reading.source import read_text
from pyenvspec.spec.flow import format_flow
from pyenvspec.spec.keys import SHORT_FORMS

if TYPE_CHECKING:
    from collections.abc import Sequence as Items

    from pyenvspec.diagnostics import KeyPath
    from pyenvspec.raw import Node, RawSpec


class EditError(PyenvspecError):
    """The file is written in a way that an edit would have to lay out anew."""


class _Text:
    """The file with the positions of its tree; the user's line ends and byte order mark are put back."""

    def __init__(self, data: bytes, file: str) -> None:
        self.mark = "\ufeff" if data.startswith(b"\xef\xbb\xbf") else ""
        text = data.decode("utf-8-sig")
        self.end = "\r\n" if "\r\n" in text else "\n"
        # Line by line as YAML counts them, to which the tree's positions belong.
        self.text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.raw = read_text(data, file)
        self._starts = [0, *(match.end() for match in re.finditer("\n", self.text))]

    def offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column - 1

    def start(self, node: Node) -> int:
        return self.offset(node.span.line, node.span.column)

    def stop(self, node: Node) -> int:
        return self.offset(node.span.end_line, node.span.end_column)

    def line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """Return the offset behind the line's end."""
        newline = self.text.find("\n", at)
        return len(self.text) if newline < 0 else newline + 1

    def spliced(self, start: int, stop: int, new: str) -> bytes:
        # What is added behind a last line without an end must not go on with it.
        if start == len(self.text) and self.text and not self.text.endswith("\n"):
            new = "\n" + new
        return self._encoded(self.text[:start] + new + self.text[stop:])

    def without(self, cuts: Items[tuple[int, int]], new: str = "") -> bytes:
        """Return the file without some stretches, which may overlap, and with `new` in place of the first."""
        pieces, at = [], 0
        for start, stop in sorted(cuts):
            pieces += [self.text[at:start], new]
            at, new = max(at, stop), ""
        return self._encoded("".join([*pieces, self.text[at:]]))

    def _encoded(self, text: str) -> bytes:
        return (self.mark + text.replace("\n", self.end)).encode()


def add_items(data: bytes, file: str, path: KeyPath, names: Items[str], *, default: Items[str] = ()) -> bytes:
    """Append `names` to the list at `path`; a list that is not there yet starts with `default`."""
    text = _Text(data, file)
    node = value_at(text.raw.root, path)
    wanted: list[object] = [*default, *names]
    if isinstance(node, Sequence) and node.items:
        changed = _append(text, node, names)
        wanted = [*_plain_list(node), *names]
    else:
        changed = _insert_list(text, path, wanted)
    return _checked(text, changed, path, wanted)


def remove_items(data: bytes, file: str, path: KeyPath, names: Items[str]) -> bytes:
    """Take `names` out of the list at `path`, whole lines where the items have lines of their own."""
    text = _Text(data, file)
    node = value_at(text.raw.root, path)
    assert isinstance(node, Sequence)
    gone = frozenset(names)
    # An item may be a mapping by mistake, which no set can be asked for.
    left = [item for item in _plain_list(node) if not isinstance(item, str) or item not in gone]
    indices = [i for i, item in enumerate(node.items) if isinstance(item, Scalar) and item.value in gone]
    # All at once: reading the file again after each would take for ever with a long list.
    if _is_flow(text, node):
        return _checked(text, text.without(_flow_cuts(text, node, indices)), path, left)
    cuts = [_line_cut(text, node.items[index]) for index in indices]
    if not left:
        colon = _colon(text, path)
        # What stands between the key and its first item, a comment, stays.
        lead = " []" + text.text[colon : cuts[0][0]]
        return _checked(text, text.without([(colon, cuts[0][1]), *cuts], lead), path, left)
    return _checked(text, text.without(cuts), path, left)


def _line_cut(text: _Text, item: Node) -> tuple[int, int]:
    """Return what an item of a block list takes: its lines."""
    first = text.line_start(text.start(item))
    # `- ffmpeg`; with an anchor, a tag or `- - x` before it the line holds more than the item.
    if not re.fullmatch(r" *- +", text.text[first : text.start(item)]):
        raise EditError(_cannot(text.raw, item.span.line))
    return first, text.line_end(text.stop(item))


def _flow_cuts(text: _Text, node: Sequence, indices: Items[int]) -> list[tuple[int, int]]:
    """Return what items of a list in brackets take, with the commas between them."""
    cuts: list[tuple[int, int]] = []
    removed = set(indices)
    last_left = max((index for index in range(len(node.items)) if index not in removed), default=None)
    for index in indices:
        start, stop = text.start(node.items[index]), text.stop(node.items[index])
        first, last = text.line_start(start), text.line_end(stop)
        if not text.text[first:start].strip() and re.fullmatch(r" *(?:, *)?(#.*)?\n?", text.text[stop:last]):
            # The comment on an item's own line is about that item.
            cuts.append((first, last))
        elif index + 1 < len(node.items):
            cuts.append((start, text.start(node.items[index + 1])))
        elif last_left is not None:
            # The last item takes the comma before it along.
            cuts.append((text.stop(node.items[last_left]), stop))
        else:
            # A comma may stand behind the last item as well.
            comma = re.compile(r" *,").match(text.text, stop)
            cuts.append((start, comma.end() if comma else stop))
    return cuts


def _plain_list(node: Sequence) -> list[object]:
    plain = to_plain(node)
    assert isinstance(plain, list)
    return plain


def _is_flow(text: _Text, node: Node) -> bool:
    return text.text[text.start(node) : text.start(node) + 1] in ("[", "{")


def _append(text: _Text, node: Sequence, names: Items[str]) -> bytes:
    last = node.items[-1]
    at = text.stop(last)
    start = text.line_start(text.start(last))
    lead = text.text[start : text.start(last)]
    if _is_flow(text, node):
        # In one line with the bracket or with other items; else each new one gets a line of its own.
        if lead.strip() or "]" in text.text[at : text.line_end(at)].split("#")[0]:
            return text.spliced(at, at, "".join(f", {format_flow(name)}" for name in names))
        has_comma = text.text[at : at + 1] == ","
        end = text.line_end(at)
        rest = text.text[at:end] if has_comma else "," + text.text[at:end]
        return text.spliced(at, end, rest + "".join(f"{lead}{format_flow(name)},\n" for name in names))
    # Behind it come the new ones with the same dash, as far in as the user has it.
    if not re.fullmatch(r" *- +", lead):
        raise EditError(_cannot(text.raw, last.span.line))
    end = text.line_end(at)
    return text.spliced(end, end, "".join(f"{lead}{format_flow(name)}\n" for name in names))


def _insert_list(text: _Text, path: KeyPath, names: Items[object]) -> bytes:
    """Write a list where there is none: the key is missing, has no value, or an empty list."""
    *above, key = path
    assert isinstance(key, str)
    written = format_flow(list(names))
    parent = value_at(text.raw.root, tuple(above))
    if isinstance(parent, Scalar):  # `cuda: 11.8` has to become a mapping for the list to have a place
        inner = SHORT_FORMS[tuple(above)]
        whole = f"{{{inner}: {text.text[text.start(parent) : text.stop(parent)]}, {key}: {written}}}"
        return text.spliced(text.start(parent), text.stop(parent), whole)
    if not isinstance(parent, Mapping):
        raise EditError(_cannot(text.raw, locate(text.raw.root, path).line))
    entry = parent.get(key)
    if entry is not None:
        colon = _colon(text, path)
        # An empty value has no extent of its own, so the place is counted from the key.
        # A comment keeps a blank before it: `[a]# b` is an error to readers of YAML 1.2.
        typed = re.compile(r" *(?:(?i:null)|~|\[ *\])| *(?=[^ #])").match(text.text, colon)
        return text.spliced(colon, typed.end() if typed else colon, f" {written}")
    if above and _is_flow(text, parent):
        last = parent.entries[-1].value if parent.entries else None
        at = text.stop(last) if last else text.start(parent) + 1
        return text.spliced(at, at, f"{', ' if last else ''}{key}: {written}")
    indent = " " * (parent.entries[0].key_span.column - 1 if parent.entries else 0)
    end = _end_of_block(text, parent)
    return text.spliced(end, end, f"{indent}{key}: {written}\n")


def _colon(text: _Text, path: KeyPath) -> int:
    """Return the offset behind the colon of a key."""
    _, entry = list(walk_path(text.raw.root, path))[-1]
    assert entry is not None
    return text.text.index(":", text.offset(entry.key_span.end_line, entry.key_span.end_column)) + 1


def _end_of_block(text: _Text, parent: Mapping) -> int:
    """Return the offset behind the last line with a value of a block mapping."""
    last: Node = parent
    while isinstance(last, Mapping | Sequence) and not _is_flow(text, last):
        inner = [e.value for e in last.entries] if isinstance(last, Mapping) else list(last.items)
        if not inner:
            break
        last = max(inner, key=text.start)
    stop = text.stop(last)
    # A block text ends in the line ends that belong to it.
    return stop if text.text[stop - 1 : stop] == "\n" else text.line_end(stop)


def _checked(text: _Text, changed: bytes, path: KeyPath, wanted: Items[object]) -> bytes:
    """Read the result: the list is what was asked for, and all else is what it was."""
    # Anchors, tags and odd indentation move positions in ways that no rule here knows: a wrong cut is caught here.
    try:
        after = to_plain(read_text(changed, text.raw.file).root)
    except PyenvspecError:
        after = None
    if after != _with_list(to_plain(text.raw.root), path, list(wanted)):
        raise EditError(_cannot(text.raw, locate(text.raw.root, path).line))
    return changed


def _with_list(plain: object, path: KeyPath, wanted: list[object]) -> object:
    if not path:
        return wanted
    # `cuda: 11.8` has become `cuda: {version: 11.8, packages: …}`; the top of the file is always a mapping.
    if not isinstance(plain, dict):
        plain = {SHORT_FORMS[("cuda",)]: plain}
    key, *below = path
    return {**plain, key: _with_list(plain.get(str(key)), tuple(below), wanted)}


def _cannot(raw: RawSpec, line: int) -> Diagnostic:
    return Diagnostic(
        "edit-refused",
        "this list is written in a way that cannot be changed without changing more than it",
        raw.file,
        hint=f"edit it by hand, near line {line}",
    )

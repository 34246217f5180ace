"""Doc → text for a page width. Knows nothing of Nix.

One walk with an explicit stack: neither depth nor length of the document is a limit, and each
decision looks ahead at most one page width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pyenvspec.nixexpr.doc import Chars, Concat, FirstFit, Group, IfBroken, Indent, LineBreak, OneLine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.nixexpr.doc import Doc, Hug

# Two, as in all of nixpkgs.
STEP = 2


class _Pending(NamedTuple):
    """A doc still to be written, at `level` columns, on one line if `flat`."""

    level: int
    flat: bool
    doc: Doc


def layout(doc: Doc, width: int) -> str:
    """`doc` as text, its lines at most `width` long where its breaks allow; empty lines stay empty."""
    page = _Page(width)
    page.stack.append(_Pending(0, False, doc))
    while page.stack:
        page.write(page.stack.pop())
    return "".join(page.out)


class _Page:
    def __init__(self, width: int) -> None:
        self.width = width
        self.column = 0
        self.out: list[str] = []
        self.stack: list[_Pending] = []
        self.is_line_start = True

    def write(self, item: _Pending) -> None:
        level, flat, doc = item
        match doc:
            case Chars(value):
                self.put(value, level)
            case LineBreak():
                self.put_line(level, flat, doc)
            case IfBroken(value):
                if not flat:
                    self.put(value, level)
            case Indent(body):
                self.stack.append(_Pending(level + STEP, flat, body))
            case Concat(parts):
                self.stack.extend(_Pending(level, flat, part) for part in reversed(parts))
            case Group(body):
                self.stack.append(_Pending(level, flat or self.fits(level, doc), body))
            case OneLine(body):
                self.stack.append(_Pending(level, True, body))
            case FirstFit():
                self.choose(level, flat or self.fits(level, doc), doc)

    def put(self, value: str, level: int) -> None:
        # An empty text would indent a line that stays empty.
        if not value:
            return
        if self.is_line_start:
            # Indented with its first text, so that an empty line gets no blanks.
            self.out.append(" " * level)
            self.column = level
            self.is_line_start = False
        self.out.append(value)
        self.column += len(value)

    def put_line(self, level: int, flat: bool, line: LineBreak) -> None:
        if flat or (line.fills and self.tail_fits(self.room(level) - line.width)):
            self.put(line.flat, level)
            return
        self.out.append("\n")
        self.column = 0
        self.is_line_start = True

    def choose(self, level: int, flat: bool, choice: FirstFit) -> None:
        hug = None if flat else next((hug for hug in choice.hugs if self.hugs(level, hug)), None)
        if hug is None:
            self.stack.append(_Pending(level, flat, choice.broken))
            return
        # What is written first goes on the stack last.
        self.stack.append(_Pending(level, True, hug.after))
        self.stack.append(_Pending(level, False, hug.middle))
        self.stack.append(_Pending(level, True, hug.before))

    def room(self, level: int) -> int:
        return self.width - (level if self.is_line_start else self.column)

    def fits(self, level: int, doc: Doc) -> bool:
        """Whether `doc` goes on this line with all that has to follow it there."""
        room = self.room(level) - doc.width
        return room >= 0 and self.tail_fits(room)

    def hugs(self, level: int, hug: Hug) -> bool:
        room = self.room(level) - hug.before.width
        if room < 0 or _edge(hug.middle, room) > room:
            return False
        # What closes the middle starts a line at this level, and the rest of the call stands behind it.
        after = self.width - level - hug.after.width
        return after >= 0 and _edge(hug.middle, after, backwards=True) <= after

    def tail_fits(self, room: int) -> bool:
        # What cannot break away from this has to fit as well: a `;`, a closing bracket.
        for item in reversed(self.stack):
            if item.flat:
                room -= item.doc.width
            else:
                used, is_whole = _until_break(item.doc, room)
                room -= used
                if not is_whole:
                    # What is behind that break may go on a line of its own.
                    return room >= 0
            if room < 0:
                return False
        return True


def _edge(doc: Doc, room: int, *, backwards: bool = False) -> int:
    """Width of the first (or last) line of `doc` when it breaks at all it can; stops counting past `room`."""
    return _until_break(doc, room, backwards=backwards)[0]


def _until_break(doc: Doc, room: int, *, backwards: bool = False) -> tuple[int, bool]:
    """Width up to the first place where `doc` can break, and whether there is none."""
    used = 0
    # Iterators in place of recursion, which long chains of operators would exhaust.
    todo: list[Iterator[Doc]] = [iter((doc,))]
    while todo and used <= room:
        current = next(todo[-1], None)
        match current:
            case None:
                todo.pop()
            case Chars(value):
                used += len(value)
            case LineBreak():
                return used, False
            case IfBroken(value):
                used += len(value)
            case Indent(body) | Group(body):
                todo.append(iter((body,)))
            case OneLine():
                used += current.width
            # The last choice can break first, and this asks for the least width.
            case FirstFit(_, broken):
                todo.append(iter((broken,)))
            case Concat(parts):
                todo.append(reversed(parts) if backwards else iter(parts))
    return used, True

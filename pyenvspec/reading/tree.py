"""From PyYAML's events to our tree: `SourceText` in, root node and findings out.

Events rather than PyYAML's node graph: they tell where an alias was typed, and they come one by one, so that
a hostile file is stopped before it costs anything.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from pyenvspec.diagnostics import Diagnostics
from pyenvspec.raw import Entry, Mapping, Scalar, Sequence
from pyenvspec.reading import problem
from pyenvspec.reading.scalar import find_control, meant_boolean, resolve_plain
from pyenvspec.reading.syntax import explain_error

if TYPE_CHECKING:
    from pyenvspec.diagnostics import Diagnostic, Span
    from pyenvspec.raw import Node
    from pyenvspec.reading.text import SourceText

# Each level is a few calls, here and in the passes behind, and Python ends at a thousand.
MAX_DEPTH = 100
# Values that aliases bring in: nine anchors of nine aliases each are 9 ** 9 of them.
MAX_COPIES = 100_000

# libyaml takes a tenth of the time; PyYAML can be built without it.
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# `&name !tag` before a value; comments and line ends may part them from it.
_PROPERTIES = r"(?:[&!][^\s,\[\]{}]*(?:\s+(?:#[^\n]*\n\s*)*|(?=[,\]}])|$))*"
_TAG = r"![^\s,\[\]{}]*"


class _Built(NamedTuple):
    """A node, what an alias to it costs, and whether a problem in it was reported already."""

    node: Node
    size: int = 1
    height: int = 0
    broken: bool = False


class _Key(NamedTuple):
    """A key as read; `text` is None where it was refused."""

    text: str | None
    span: Span
    plain: bool = False

    @property
    def is_merge(self) -> bool:
        return self.plain and self.text == "<<"


class _StopReading(Exception):  # noqa: N818 - the way out of the recursion, no failure
    pass


class TreeReading:
    """One file's way from events to tree; its problems gather in `findings`."""

    def __init__(self, source: SourceText) -> None:
        self.findings = Diagnostics(source.stray_characters())
        self.stopped: Diagnostic | None = None  # the finding behind which nothing could be read
        self._source = source
        self._parser = _Parser(source.parsable)
        self._anchors: dict[str, _Built | None] = {}  # None: its value has not ended yet
        self._path: list[str | int] = []
        self._brackets: list[int] = []  # where those stand that are not closed yet
        self._copies = 0
        self._end = 0  # of the last thing read; a block's own end mark is that of the next token

    def read(self) -> Node | None:
        """Return the root as far as it could be read."""
        root: Node | None = None
        try:
            self._next()  # the stream's start
            while not isinstance(event := self._next(), yaml.StreamEndEvent):
                # Told before it is read: what follows is for another program, and may be no YAML.
                if root is not None:
                    self._add(problem.second_document(self._source, event.start_mark.index), stop=True)
                root = self._node(self._next()).node
                self._next()  # the document's end
        except _StopReading:
            return root
        finally:
            self._parser.dispose()
        self._check_root(root)
        return root

    def _next(self) -> Any:
        try:
            return self._parser.get_event()
        # ValueError, OverflowError: the pure parser lets chr() refuse an escape such as "\UFFFFFFFF".
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            # A libyaml with a limit of its own meets it while it scans ahead, before our count does.
            if isinstance(error, yaml.MarkedYAMLError) and "nesting depth" in (error.problem or ""):
                mark = error.problem_mark or error.context_mark
                self._add(self._too_deep(mark.index if mark else self._end), stop=True)
            self._add(explain_error(error, self._source, self._brackets, self._end), stop=True)

    def _add(self, finding: Diagnostic, *, stop: bool = False) -> None:
        placed = replace(finding, path=tuple(self._path))
        self.findings.add(placed)
        if stop:
            self.stopped = placed
            raise _StopReading

    def _check_root(self, root: Node | None) -> None:
        # Without the value of a tag, say, a root is no mapping because of what was told already.
        if isinstance(root, Mapping) or self.findings.items:
            return
        if root is None or (isinstance(root, Scalar) and root.value is None):
            self._add(problem.no_content(self._source))
        else:
            text = root.text if isinstance(root, Scalar) else None
            self._add(problem.top_level(self._source, root.span, text))

    def _node(self, event: Any) -> _Built:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        name = event.anchor
        if name is not None:
            self._anchors[name] = None
        broken = self._refuse_tag(event)
        if isinstance(event, yaml.ScalarEvent):
            built = self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            built = self._mapping(event)
        else:
            built = self._sequence(event)
        built = built._replace(broken=broken or built.broken)
        # An anchor of the same name inside this node is the later one.
        if name is not None and self._anchors[name] is None:
            self._anchors[name] = built
        return built

    def _content_start(self, event: Any) -> int:
        """Return where a node starts behind its anchor and tag."""
        start: int = event.start_mark.index
        if event.anchor is None and event.tag is None:
            return start
        match = re.compile(_PROPERTIES).match(self._source.parsable, start)
        return match.end() if match else start

    def _refuse_tag(self, event: Any) -> bool:
        if event.tag is None:
            return False
        match = re.compile(_TAG).search(self._source.parsable, event.start_mark.index)
        if match:
            span = self._source.span(*match.span())
            in_brackets = bool(self._brackets)
            self._add(problem.tag(self._source, span, match.group(), in_brackets=in_brackets))
        return True

    def _scalar_span(self, event: Any) -> Span:
        start, end = self._content_start(event), event.end_mark.index
        if event.style in ("|", ">"):  # its end mark is behind the blank lines that follow
            end = start + len(self._source.parsable[start:end].rstrip())
        self._end = max(self._end, end)
        return self._source.span(min(start, end), end)

    def _scalar(self, event: Any) -> _Built:
        span, text = self._scalar_span(event), event.value
        as_text = Scalar(text, text, span)
        if event.style:
            return _Built(as_text, broken=self._refuse_control(text, span))
        meant = meant_boolean(text)
        if meant is None:
            return _Built(Scalar(resolve_plain(text), text, span))
        self._add(problem.ambiguous_boolean(self._source, span, text, meant=meant))
        return _Built(as_text, broken=True)

    def _refuse_control(self, text: str, span: Span) -> bool:
        control = find_control(text)
        if control is not None:
            self._add(problem.control_character(self._source, span, control))
        return control is not None

    def _alias(self, event: Any) -> _Built:
        start, end, name = event.start_mark.index, event.end_mark.index, event.anchor
        self._end = max(self._end, end)
        span = self._source.span(start, end)
        placeholder = _Built(Scalar(None, "", span), broken=True)
        # libyaml leaves this to its composer, which we do not use.
        if name not in self._anchors:
            in_brackets = bool(self._brackets)
            self._add(problem.unknown_alias(self._source, start, end, in_brackets=in_brackets))
            return placeholder
        built = self._anchors[name]
        if built is None:
            self._add(problem.alias_loop(self._source, span, name))
            return placeholder
        # Counted although nothing is copied: the passes behind walk through each alias's value again.
        self._copies += built.size
        if self._copies > MAX_COPIES:
            self._add(problem.alias_bomb(self._source, span, name, MAX_COPIES), stop=True)
        if len(self._path) + built.height > MAX_DEPTH:
            self._add(problem.nesting(self._source, span, MAX_DEPTH), stop=True)
        return built

    def _enter(self, event: Any) -> int:
        start = self._content_start(event)
        if len(self._path) >= MAX_DEPTH:
            self._add(self._too_deep(start), stop=True)
        if event.flow_style:
            self._brackets.append(start)
        return start

    def _too_deep(self, at: int) -> Diagnostic:
        return problem.nesting(self._source, self._source.span(at, at + 1), MAX_DEPTH)

    def _leave(self, started: Any, ended: Any, start: int) -> Span:
        if started.flow_style:
            self._brackets.pop()
            self._end = ended.end_mark.index
        return self._source.span(start, max(start, self._end))

    def _sequence(self, event: Any) -> _Built:
        start = self._enter(event)
        items: list[_Built] = []
        while not isinstance(inner := self._next(), yaml.SequenceEndEvent):
            self._path.append(len(items))
            items.append(self._node(inner))
            self._path.pop()
        return _enclose(Sequence(tuple(i.node for i in items), self._leave(event, inner, start)), items)

    def _mapping(self, event: Any) -> _Built:
        start = self._enter(event)
        entries: dict[str, Entry] = {}
        merged: tuple[int, list[Entry]] | None = None
        values: list[_Built] = []
        first: dict[str, Span] = {}
        # The value of a refused key is read too: the events stay in step, and it may hold mistakes of its own.
        while not isinstance(inner := self._next(), yaml.MappingEndEvent):
            key = self._key(inner)
            self._path.append(key.text or "")
            is_new = key.text is not None and key.text not in first
            if key.text is not None and not is_new:
                self._add(problem.duplicate_key(self._source, key.span, self._path, first[key.text]))
            value = self._node(self._next())
            values.append(value)
            if key.text is not None and is_new:
                first[key.text] = key.span
                if key.is_merge:
                    merged = len(entries), self._merge(value)
                else:
                    entries[key.text] = Entry(key.text, key.span, value.node)
                    self._check_colon(key, value.node, in_brackets=event.flow_style)
            self._path.pop()
        span = self._leave(event, inner, start)
        return _enclose(Mapping(_with_merged(entries, merged), span), values)

    def _key(self, event: Any) -> _Key:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar_key(event)
        start, end = event.start_mark.index, event.end_mark.index
        self._path.append("")
        built = self._node(event)
        self._path.pop()
        if isinstance(event, yaml.AliasEvent):
            span = self._source.span(start, end)
            if built.broken:
                return _Key(None, span)
            if isinstance(built.node, Scalar):
                return _Key(built.node.text, span)
        else:
            span = built.node.span
        # Read to its end above, so that the next event is that of its value.
        kind = "list" if isinstance(built.node, Sequence) else "mapping"
        # The innermost bracket is that of the mapping whose key this is.
        in_brackets = len(self._brackets) > 1
        message = f"a {kind} is used as a key"
        self._add(problem.odd_key(self._source, span, message, in_brackets=in_brackets))
        return _Key(None, span)

    def _scalar_key(self, event: Any) -> _Key:
        span, text, plain = self._scalar_span(event), event.value, not event.style
        broken = self._refuse_tag(event) or self._refuse_control(text, span)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Built(Scalar(text, text, span), broken=broken)
        if plain and not text:
            self._add(problem.odd_key(self._source, span, "a key is empty"))
            broken = True
        return _Key(None if broken else text, span, plain)

    def _check_colon(self, key: _Key, value: Node, *, in_brackets: bool) -> None:
        if in_brackets and key.plain and key.text and isinstance(value, Scalar) and not value.text:
            finding = problem.missing_space(self._source, key.span, key.text)
            if finding:
                self._add(finding)

    def _merge(self, value: _Built) -> list[Entry]:
        """Return the entries that a merge key brings in; the earlier mapping's count."""
        entries: dict[str, Entry] = {}
        for node in value.node.items if isinstance(value.node, Sequence) else (value.node,):
            if isinstance(node, Mapping):
                for entry in node.entries:
                    entries.setdefault(entry.key, entry)
            elif not value.broken:
                self._add(problem.odd_merge(self._source, node.span))
        return list(entries.values())


def _enclose(node: Node, values: list[_Built]) -> _Built:
    size = 1 + sum(value.size for value in values)
    height = 1 + max((value.height for value in values), default=0)
    return _Built(node, size, height, any(value.broken for value in values))


def _with_merged(own: dict[str, Entry], merged: tuple[int, list[Entry]] | None) -> tuple[Entry, ...]:
    """Put merged entries where `<<` stands, besides those that the mapping has itself."""
    entries = list(own.values())
    if merged is not None:
        at, added = merged
        entries[at:at] = [entry for entry in added if entry.key not in own]
    return tuple(entries)

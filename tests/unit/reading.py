"""What the tests of reading share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.raw import Mapping, RawSpec, Scalar, Sequence, to_plain
from pyenvspec.reading.source import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.diagnostics import Diagnostic, Span
    from pyenvspec.raw import Node


def read(text: str) -> RawSpec:
    return read_text(text.encode(), "env.yaml")


def plain(text: str) -> object:
    return to_plain(read(text).root)


def value_of(text: str) -> Scalar:
    node = read(f"k: {text}\n").root.entries[0].value
    assert isinstance(node, Scalar)
    return node


def problems(text: str | bytes) -> tuple[Diagnostic, ...]:
    with pytest.raises(PyenvspecError) as caught:
        read_text(text.encode() if isinstance(text, str) else text, "env.yaml")
    return caught.value.diagnostics


def problem(text: str | bytes) -> Diagnostic:
    (found,) = problems(text)
    return found


def scalars(node: Node) -> Iterator[Scalar]:
    match node:
        case Scalar():
            yield node
        case Sequence():
            for item in node.items:
                yield from scalars(item)
        case Mapping():
            for entry in node.entries:
                yield from scalars(entry.value)


def slice_of(raw: RawSpec, span: Span) -> str:
    lines = [raw.line(number) for number in range(span.line, span.end_line + 1)]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)

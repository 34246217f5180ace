"""Regular expressions over texts of users and projects: none whose time grows faster than the text, by its shape.

Read out of the source, since most stand where they are used; those that are put together are asked by name as well.
"""

from __future__ import annotations

import ast
import re
import warnings
from itertools import pairwise
from pathlib import Path
from re import _parser as sre  # type: ignore[attr-defined]  # what re itself reads patterns with
from typing import TYPE_CHECKING, Any

import pytest

import pyenvspec
from pyenvspec.facts.failures import families
from pyenvspec.spec import targets, values

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(pyenvspec.__file__).parent
FOLDERS = (PACKAGE, PACKAGE.parent / "nix" / "modules")
SIGNS = frozenset(map(chr, range(256)))
ONE_SIGN = (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN)
LOOPS = (sre.MAX_REPEAT, sre.MIN_REPEAT)
HOLE = "\x07"  # stands for what is filled in, and is in no text
SEARCHING = ("search", "sub", "subn", "split", "findall", "finditer")


def literals() -> Iterator[tuple[str, str, str]]:
    """Yield where each text of the source stands that could be a pattern, what it is given to, and the text."""
    for folder in FOLDERS:
        for path in sorted(folder.rglob("*.py")):
            tree = ast.parse(path.read_text())
            parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
            for node in ast.walk(tree):
                if isinstance(parents.get(node), ast.JoinedStr | ast.FormattedValue):
                    continue
                if (text := text_of(node)) is not None:
                    call = parents[node]
                    called = (
                        call.func.attr
                        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
                        else ""
                    )
                    yield f"{path.name}:{node.lineno}", called, text  # type: ignore[attr-defined]


def text_of(node: ast.AST) -> str | None:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
        return node.value.decode("latin-1")
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def patterns() -> list[tuple[str, str, str]]:
    named = [
        (f"{module.__name__}.{name}", "search", text)
        for module in (values, targets)
        for name, text in vars(module).items()
        if isinstance(text, str) and name.strip("_").isupper()
    ]
    facts = [(family.id, "search", family.pattern) for family in families()]
    return [row for row in [*literals(), *named, *facts] if re.search(r"[*+]|,\}", row[2]) and parsed(row[2])]


def parsed(pattern: str) -> list[Any]:
    """A pattern's parts; none for a text that is no pattern."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of texts that only look like patterns
            return list(sre.parse(pattern))
    except (re.error, OverflowError):
        return []


PATTERNS = patterns()


def signs(kind: Any, what: Any) -> frozenset[str]:
    """What a part of one sign may be."""
    if kind is not sre.IN:
        what = [(kind, what)]
    found: set[str] = set()
    for one, value in what:
        if one is sre.LITERAL:
            found.add(chr(value))
        elif one is sre.NOT_LITERAL:
            found |= SIGNS - {chr(value)}
        elif one is sre.ANY:
            found |= SIGNS - {"\n"}
        elif one is sre.RANGE:
            found |= {sign for sign in SIGNS if value[0] <= ord(sign) <= value[1]}
        elif one is sre.CATEGORY:
            name = str(value).removeprefix("CATEGORY_")
            letter = name.removeprefix("NOT_")[0].lower()
            found |= {
                sign
                for sign in SIGNS
                if re.match("\\" + (letter.upper() if "NOT_" in name else letter), sign)
            }
    return SIGNS - found if what[0][0] is sre.NEGATE else frozenset(found)


def first(parts: list[Any]) -> tuple[frozenset[str], bool]:
    """What signs parts may begin with, and whether they may be empty."""
    found: frozenset[str] = frozenset()
    for kind, what in parts:
        if kind in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
            continue
        if kind in ONE_SIGN:
            return found | signs(kind, what), False
        if kind is sre.BRANCH:
            choices = [first(list(choice)) for choice in what[1]]
            more, is_empty = (
                frozenset().union(*(one for one, _ in choices)),
                any(empty for _, empty in choices),
            )
        elif kind in LOOPS:
            more, is_empty = first(list(what[2]))
            is_empty = is_empty or what[0] == 0
        elif kind is sre.SUBPATTERN:
            more, is_empty = first(list(what[-1]))
        else:
            return SIGNS, False
        found |= more
        if not is_empty:
            return found, False
    return found, True


def last(parts: list[Any]) -> frozenset[str]:
    """What signs a loop without an end has that parts may end with."""
    found: frozenset[str] = frozenset()
    for kind, what in reversed(parts):
        # What must follow, or the end of the text, says where it ends.
        if kind in ONE_SIGN or is_end((kind, what)):
            break
        if kind is sre.BRANCH:
            found = found.union(*(last(list(choice)) for choice in what[1]))
            is_empty = any(first(list(one))[1] and not any(map(is_end, one)) for one in what[1])
        elif kind in LOOPS:
            inner = list(what[2])
            is_loop = what[1] == sre.MAXREPEAT and inner[0][0] in ONE_SIGN and len(inner) == 1
            found |= signs(*inner[0]) if is_loop else last(inner)
            is_empty = what[0] == 0 or first(inner)[1]
        elif kind is sre.SUBPATTERN:
            found |= last(list(what[-1]))
            is_empty = first(list(what[-1]))[1]
        else:
            is_empty = kind in (sre.AT, sre.ASSERT_NOT)
        if not is_empty:
            break
    return found


def is_end(part: Any) -> bool:
    """Whether a part says where what is before it ends, without taking a sign itself."""
    return part[0] is sre.ASSERT or (part[0] is sre.AT and "END" in str(part[1]))


def runs(parts: list[Any]) -> Iterator[list[Any]]:
    """Yield each run of parts, those inside of others too."""
    yield parts
    for kind, what in parts:
        if kind is sre.BRANCH:
            for choice in what[1]:
                yield from runs(list(choice))
        elif kind in LOOPS:
            yield from runs(list(what[2]))
        elif kind is sre.SUBPATTERN:
            yield from runs(list(what[-1]))


def is_endless(part: Any) -> bool:
    """Whether a part is a loop without an end over single signs."""
    kind, what = part
    return kind in LOOPS and what[1] == sre.MAXREPEAT and len(what[2]) == 1 and what[2][0][0] in ONE_SIGN


def shown(found: list[tuple[str, str]]) -> str:
    return "\n".join(f"{where}: {pattern}" for where, pattern in found)


def test_the_patterns_are_found() -> None:
    assert len(PATTERNS) > 300
    assert any("tool[ \\t]*\\." in pattern for _, _, pattern in PATTERNS)


def test_no_beginning_of_a_line_goes_on_to_other_lines() -> None:
    r"""`^\s*x` over many lines walks from each empty line to the end of all empty lines: `[ \t]*` is meant."""
    found = [
        (where, pattern)
        for where, _, pattern in PATTERNS
        for run in runs(parsed(pattern))
        for (kind, what), after in pairwise(run)
        if kind is sre.AT and "BEGINNING" in str(what) and is_endless(after) and "\n" in first([after])[0]
    ]
    assert not found, shown(found)


def test_what_is_repeated_ends_where_it_begins_anew() -> None:
    """Else there are as many ways to divide a text as there are sets of its signs, and each is tried: `(.[a.]*)*`."""
    found = [
        (where, pattern)
        for where, _, pattern in PATTERNS
        for run in runs(parsed(pattern))
        for kind, what in run
        if kind in LOOPS and what[1] == sre.MAXREPEAT and not is_endless((kind, what))
        if first(list(what[2]))[1] or first(list(what[2]))[0] & last(list(what[2]))
    ]
    assert not found, shown(found)


def test_loops_beside_each_other_share_no_sign() -> None:
    """`\\s*,?\\s*` divides blanks in as many ways as there are blanks, and does so at each of them."""
    found = []
    for where, _, pattern in PATTERNS:
        for run in runs(parsed(pattern)):
            for at, part in enumerate(run):
                for other in run[at + 1 :] if is_endless(part) else ():
                    if is_endless(other) and first([part])[0] & first([other])[0]:
                        found.append((where, pattern))
                    if is_end(other) or not first([other])[1]:
                        break
    assert not found, shown(found)


def test_what_is_searched_for_begins_at_one_place_of_a_run() -> None:
    """`\\s+#` is tried from each blank of a hundred thousand, up to their end; `(?<!\\s)\\s+#` from the first only."""
    found = []
    for where, called, pattern in PATTERNS:
        parts = parsed(pattern)
        choices = [list(one) for one in parts[0][1][1]] if parts[0][0] is sre.BRANCH else [parts]
        for choice in choices if called in SEARCHING else ():
            at = next(
                (n for n, part in enumerate(choice) if not (part[0] in LOOPS and part[1][:2] == (0, 1))), 0
            )
            # With nothing behind it the loop never fails.
            if is_endless(choice[at]) and len(choice) > at + 1:
                found.append((where, pattern))
    assert not found, shown(found)


@pytest.mark.parametrize(
    ("image", "is_one"),
    [
        ("debian", True),
        ("docker.io/library/debian:12-slim", True),
        ("localhost:5000/a--b__c..d:v1.2", True),
        ("a@sha256:" + "0" * 64, True),
        ("a.", False),
        ("a/", False),
        ("a:-b", False),
        ("a/.b", False),
        ("Debian", False),
        ("a.b" * 8 + " x", False),
        ("a\n", False),
    ],
)
def test_a_base_is_an_image(image: str, is_one: bool) -> None:
    assert bool(re.search(values.BASE_IMAGE, image)) == is_one

"""Mistakes in the syntax are told in plain words."""

from __future__ import annotations

import pytest
import yaml
from reading import problem

from pyenvspec.reading import tree as source_tree


@pytest.fixture(autouse=True, params=["libyaml", "pure"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test with both of PyYAML's parsers."""
    if request.param == "pure":
        monkeypatch.setattr(source_tree, "_Parser", yaml.SafeLoader)
    elif not yaml.__with_libyaml__:
        pytest.skip("this PyYAML is built without libyaml")


@pytest.mark.parametrize(
    ("text", "position", "message", "hint"),
    [
        # a space or a comma is missing
        ("a: 1\npython:3.10\ncuda: 1\n", (2, 1), "no space after the colon of `python`", "`python: 3.10`"),
        ("a: 1\nnative\ncuda: 1\n", (2, 1), "stands alone", "indent the line"),
        ("python:3.10\ncuda: 1\n", (1, 7), "no space after the colon of `python`", "`python: 3.10`"),
        ("a: {version:3.10}\n", (1, 5), "no space after the colon", "`version: 3.10`"),
        ("a: ['b' 'c']\n", (1, 9), "missing between two values", "comma"),
        ("a: {\n  b: 1\n  c: 2\n}\n", (2, 7), "comma is missing at the end of line 2", "put a comma"),
        # what is opened and not closed
        ('a: "x\nb: c\n', (1, 4), '`"` is never closed', "end of line 1"),
        ("a: 'x\n", (1, 4), "`'` is never closed", "end of line 1"),
        ('a: "b\nc: "d"\n', (1, 4), '`"` is never closed', "end of line 1"),
        ("a: [x, y\nb: c\n", (1, 4), "`[` is never closed", "`]`"),
        ("a: {x: [z}\n", (1, 10), "`}` closes nothing", "`]`"),
        ("a: [\n", (1, 4), "`[` is never closed", "`]`"),
        ("a: ]\n", (1, 4), "cannot start with `]`", "quote"),
        # indentation
        ("a: b\n  c: d\n", (2, 3), "`c` continues the value in line 1", "same indentation"),
        ("a:\n  b: c\n d: e\n", (3, 1), "indented by 1 space", "same column"),
        ("- a\nb: c\n", (2, 1), "a key stands in the middle of a list", "indent"),
        ("a: 1\n- b\n", (2, 1), "list", "indent"),
        ("a: - b\n", (1, 4), "cannot start behind", "`[a, b]`"),
        ("a: 1\nfoo\nb: 2\n", (2, 1), "`foo` stands alone", "`foo: value`"),
        (" a: 1\nb: 2\n", (1, 1), "indented by 1 space, and line 2 is not", "same column"),
        # a colon is missing
        ("a b\nc: 1\n", (1, 1), "`a b` stands alone", "write `a: b`"),
        ("a:\n  B = 1\n  C: 2\n", (2, 3), "`B = 1` stands alone", "write `B: 1`"),
        ("a: 1\nb 2\nc: 3\n", (2, 1), "`b 2` stands alone", "write `b: 2`"),
        ("a: b\n  c d\n  e: f\n", (3, 3), "`e` continues the value in line 2", "quote the text"),
        # a dash is missing
        ("a:\n  - b\n  c\nd: 1\n", (3, 3), "`c` stands alone", "write `- c`"),
        ("a:\n  - b\n  -c\nd: 1\n", (3, 3), "no space after the `-` of `c`", "write `- c`"),
        # signs that mean something
        ("a: @x # y\n", (1, 4), "cannot start with `@`", 'quote it: "@x"'),
        ("a: `x`\n", (1, 4), "cannot start with a backtick", 'quote it: "`x`"'),
        ("a: [%x, y]\n", (1, 5), "cannot start with `%`", 'quote it: "%x"'),
        ("a: *.py\n", (1, 4), "`*` starts", 'quote it: "*.py"'),
        ("a: && b\n", (1, 4), "`&` starts", 'quote it: "&& b"'),
        ("a: [*.py, b]\n", (1, 5), "`*` starts", 'quote it: "*.py"'),
        ("a: >=3.10\n", (1, 4), "several lines", 'quote it: ">=3.10"'),
        ("a: {b: >=3.10}\n", (1, 8), "cannot start with `>`", 'quote it: ">=3.10"'),
        ("a: ? b\n", (1, 4), "`?` starts a key", 'quote it: "? b"'),
        ("a: {B: ${pkgs.x}/lib, c: 1}\n", (1, 9), "`{` opens a mapping inside", 'quote it: "${pkgs.x}/lib"'),
        ("a: echo: it's\n", (1, 8), "second colon", 'quote the value: "echo: it\'s"'),
        ('a: say: "x"\n', (1, 7), "second colon", "quote the value: 'say: \"x\"'"),
        ("a: 'b' c\n", (1, 8), "follows the closing `'`", """the whole value: "'b' c\""""),
        ("a: 'it's'\n", (1, 8), "follows the closing `'`", 'the whole value: "it\'s"'),
        ('- "say "hi""\n', (1, 9), 'follows the closing `"`', "the whole value: 'say \"hi\"'"),
        ("a: [b] c\n", (1, 8), "follows the closing `]`", "quotes around the whole value"),
        ("a: {b: 1}}\n", (1, 10), "follows the closing `}`", "take `}` away"),
        ('a: "C:\\q"\n', (1, 7), "`\\q` is no escape", "single quotes"),
    ],
)
def test_mistakes_in_the_syntax_are_told_in_plain_words(
    text: str, position: tuple[int, int], message: str, hint: str
) -> None:
    found = problem(text)
    assert found.code == "yaml-syntax"
    assert found.span is not None
    assert message in found.message
    assert found.hint is not None
    assert hint in found.hint
    assert (found.span.line, found.span.column) == position
    assert found.expected


@pytest.mark.parametrize("text", ["a: {{ x }}\n", "a: [{{ x }}, z]\n", "a: {b: {{ x }}, c: d}\n"])
def test_braces_of_a_template_ask_for_quotes(text: str) -> None:
    assert problem(text).hint == 'quote a text that holds braces: "{{ x }}"'


@pytest.mark.parametrize(
    "text", ["a: !x z\n", "a: [!x z, w]\n", "a: {b: !x z, c: d}\n", "a: {b: [c, !x z], d: e}\n"]
)
def test_a_tag_in_brackets_is_quoted_up_to_their_comma(text: str) -> None:
    assert (problem(text).hint or "").endswith('quote a text that starts with `!`: "!x z"')


def test_words_of_the_user_are_shortened_in_messages() -> None:
    found = problem(f"{'k' * 900}: 1\n{'k' * 900}: 2\n")
    assert len(found.message) < 150

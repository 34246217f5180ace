"""What is wrong with a tree that parses: the four parts of each problem."""

from __future__ import annotations

import pytest
import yaml
from reading import problem, problems

from pyenvspec.reading import tree as source_tree


@pytest.fixture(autouse=True, params=["libyaml", "pure"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test with both of PyYAML's parsers."""
    if request.param == "pure":
        monkeypatch.setattr(source_tree, "_Parser", yaml.SafeLoader)
    elif not yaml.__with_libyaml__:
        pytest.skip("this PyYAML is built without libyaml")


def test_all_problems_of_a_file_are_reported_by_position() -> None:
    found = problems(
        "a: [no, 'no', Yes]\nb: 1\nb: 2\nc: {a: !t x, [1]: 2}\nd: *gone\ne: \"\\0\"\nf: on\ng: [\n"
    )
    assert [(d.code, d.span and (d.span.line, d.span.column)) for d in found] == [
        ("ambiguous-boolean", (1, 5)),
        ("ambiguous-boolean", (1, 15)),
        ("duplicate-key", (3, 1)),
        ("yaml-tag", (4, 8)),
        ("yaml-key", (4, 14)),
        ("yaml-syntax", (5, 4)),
        ("control-character", (6, 4)),
        ("ambiguous-boolean", (7, 4)),
        ("yaml-syntax", (8, 4)),
    ]
    assert found[1].path == ("a", 2)


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        # the file as a whole
        ("", "empty-file", (1, 1)),
        ("# only a comment\n\n", "empty-file", (1, 1)),
        ("---\n", "empty-file", (1, 1)),
        ("~\n", "empty-file", (1, 1)),
        ("- a\n", "yaml-top-level", (1, 1)),
        ("python\n", "yaml-top-level", (1, 1)),
        ("a: 1\n---\nb: 2\n", "yaml-second-document", (2, 1)),
        ("a: 1\n---\n", "yaml-second-document", (2, 1)),
        ("a: 1\n...\nb: 2\n", "yaml-second-document", (3, 1)),
        # tabs
        ("\ta: b\n", "yaml-tab", (1, 1)),
        ("a:\n\tb: c\n", "yaml-tab", (2, 1)),
        ("a:\n  - b\n\t- c\n", "yaml-tab", (3, 1)),
        ("a:\n  b: 1\n \tc: 2\n", "yaml-tab", (3, 2)),
        ("a: |\n\tb\n", "yaml-tab", (2, 1)),
        # tags
        ("a: !!str 3.10\n", "yaml-tag", (1, 4)),
        ("a: &x !y {b: c}\n", "yaml-tag", (1, 7)),
        ("!!map\na: b\n", "yaml-tag", (1, 1)),
        ("!k a: b\n", "yaml-tag", (1, 1)),
        ("a: !< b\n", "yaml-tag", (1, 4)),
        ("a: !e!x b\n", "yaml-tag", (1, 4)),
        # keys
        ("? [a]\n: b\n", "yaml-key", (1, 3)),
        ("{a: b}: c\n", "yaml-key", (1, 1)),
        ("a: {: b}\n", "yaml-key", (1, 5)),
        (": b\n", "yaml-key", (1, 1)),
        ("a: {? : b}\n", "yaml-key", (1, 7)),
        ("a: &a [x]\n*a : b\n", "yaml-key", (2, 1)),
        ("a: {{ x }}\n", "yaml-key", (1, 5)),
        ("a: 1\n'a': 2\n", "duplicate-key", (2, 1)),
        ("a: {3.10: 1, '3.10': 2}\n", "duplicate-key", (1, 14)),
        ("a: &a {}\nb:\n  <<: *a\n  <<: *a\n", "duplicate-key", (4, 3)),
        # aliases
        ("a: &x [*x]\n", "yaml-alias-loop", (1, 8)),
        ("a: &x\n  <<: *x\n", "yaml-alias-loop", (2, 7)),
        ("a: *x\n", "yaml-syntax", (1, 4)),
        ("a: {<<: 5}\n", "yaml-merge", (1, 9)),
        ("a: {<<: [{}, x]}\n", "yaml-merge", (1, 14)),
        ("a: {<<: }\n", "yaml-merge", (1, 9)),
        # characters
        ('a: "\\e"\n', "control-character", (1, 4)),
        ('"\\0": a\n', "control-character", (1, 1)),
        ('a: "\\r"\n', "control-character", (1, 4)),
        ("a: \x1b[31m\n", "control-character", (1, 4)),
        ("a: \x00\n", "control-character", (1, 4)),
        ("a: x\u2028y\n", "control-character", (1, 5)),
        ("a: x\ufeff\n", "control-character", (1, 5)),
    ],
)
def test_each_problem_has_its_code_and_position(text: str, code: str, position: tuple[int, int]) -> None:
    found = problem(text)
    assert found.code == code
    assert found.span is not None
    if text not in ("a: {<<: }\n", "a: {? : b}\n"):  # the parsers put what is not there in two places
        assert (found.span.line, found.span.column) == position
    assert found.expected
    assert found.hint
    assert found.source_line == text.split("\n")[found.span.line - 1]


@pytest.mark.parametrize("escape", ["\\ud800", "\\UFFFFFFFF", "\\U00110000"])
def test_an_escape_that_is_no_character_is_an_error(escape: str) -> None:
    assert problem(f'a: "{escape}"\n').code == "control-character"


@pytest.mark.parametrize("word", ["y", "Y", "yes", "Yes", "YES", "on", "True", "TRUE"])
def test_a_word_for_true_asks_for_true_or_quotes(word: str) -> None:
    found = problem(f"a: {word}\n")
    assert found.code == "ambiguous-boolean"
    assert found.expected == f'`true`, or `"{word}"` in quotes'
    assert found.hint is not None
    assert "`true`" in found.hint


@pytest.mark.parametrize("word", ["n", "N", "no", "No", "NO", "off", "False", "FALSE"])
def test_a_word_for_false_asks_for_false_or_quotes(word: str) -> None:
    assert problem(f"a: [{word}]\n").expected == f'`false`, or `"{word}"` in quotes'

"""`quote`: what is put in comes out."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nasty import PIECES, make_texts
from nix_reader import read_string

from pyenvspec.nixexpr import quote

nasty_text = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def print_indented(texts: list[str], indentation: str = "    ") -> str:
    """A `''…''` literal as `pretty` lays it out."""
    lines = "${x}".join(texts).split("\n")
    return "".join(["''", *(f"\n{indentation if line else ''}{line}" for line in lines), "''"])


@given(nasty_text)
@example("$")
@example("$${")
def test_a_plain_string_gives_back_its_text(text: str) -> None:
    assert read_string(quote.quote_string(text)) == [text]


@given(st.lists(nasty_text, min_size=1, max_size=4))
def test_a_plain_string_with_holes_gives_back_its_texts(texts: list[str]) -> None:
    assert read_string('"' + "${x}".join(quote.quote_plain(texts)) + '"') == texts


@given(st.lists(nasty_text.map(lambda text: f"x{text}\ny"), min_size=1, max_size=4))
def test_an_indented_string_gives_back_its_texts(texts: list[str]) -> None:
    escaped = quote.quote_indented(texts)
    if escaped is not None:
        assert read_string(print_indented(escaped)) == texts


def test_every_nasty_text_survives_in_both_forms() -> None:
    indented = 0
    for text in make_texts(5000):
        assert read_string(quote.quote_string(text)) == [text]
        escaped = quote.quote_indented([text])
        if escaped is not None:
            indented += 1
            assert read_string(print_indented(escaped)) == [text]
    assert indented > 500


@pytest.mark.parametrize(
    "text",
    [
        "one line",
        "\n",
        "\n\n",
        "  all lines\n  indented\n",
        "a line\n   \nof spaces",
        "ends in spaces\n  ",
        "a carriage\r\nreturn\r\n",
    ],
)
def test_a_text_that_indentation_would_change_stays_plain(text: str) -> None:
    assert quote.quote_indented([text]) is None


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x\udfff"])
def test_what_nix_cannot_hold_is_refused(text: str) -> None:
    for call in (quote.quote_string, quote.quote_name, quote.quote_comment, quote.check_text):
        with pytest.raises(ValueError, match=r"^U\+[0-9A-F]{4} at position \d cannot be written in Nix$"):
            call(text)
    with pytest.raises(ValueError, match="cannot be written"):
        quote.quote_indented([text, "a\nb"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a", "a"),
        ("_a-b'", "_a-b'"),
        ("true", "true"),
        ("or", '"or"'),
        ("inherit", '"inherit"'),
        ("", '""'),
        ("1a", '"1a"'),
        ("a.b", '"a.b"'),
        ("a\n", '"a\\n"'),
        ("é", '"é"'),
        ("${x}", '"\\${x}"'),
    ],
)
def test_names_are_bare_only_where_nix_allows_it(name: str, expected: str) -> None:
    assert quote.quote_name(name) == expected


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\r\nb"])
def test_no_line_end_leaves_a_comment(text: str) -> None:
    assert quote.quote_comment(text) == ["# a", "# b"]


def test_an_empty_comment_is_no_comment_and_an_empty_line_has_no_space() -> None:
    assert quote.quote_comment("") == []
    assert quote.quote_comment("a\n\nb ") == ["# a", "#", "# b"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), "./."),
        (("a",), "./a"),
        (("..", "a_b-c+d.nix"), "./../a_b-c+d.nix"),
        (("a b",), None),
        (("é",), None),
        (("a", "b\n"), None),
    ],
)
def test_a_path_is_a_literal_only_where_nix_can_spell_it(
    names: tuple[str, ...], expected: str | None
) -> None:
    assert quote.quote_path(names) == expected

"""What an unquoted scalar means."""

from __future__ import annotations

import pytest
import yaml
from reading import plain, read, value_of

from pyenvspec.raw import Scalar, Sequence, SourceFloat, SourceInt
from pyenvspec.reading import tree as source_tree


@pytest.fixture(autouse=True, params=["libyaml", "pure"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test with both of PyYAML's parsers."""
    if request.param == "pure":
        monkeypatch.setattr(source_tree, "_Parser", yaml.SafeLoader)
    elif not yaml.__with_libyaml__:
        pytest.skip("this PyYAML is built without libyaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # texts that YAML 1.1 reads as something else
        ("3.10.14", "3.10.14"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("=", "="),
        (".inf", ".inf"),
        ("-.INF", "-.INF"),
        (".nan", ".nan"),
        ("12e4567", "12e4567"),
        ("yEs", "yEs"),
        ("tRUE", "tRUE"),
        ("None", "None"),
        (".", "."),
        ("-x", "-x"),
        ("9" * 65, "9" * 65),
        # other values
        ("true", True),
        ("false", False),
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        # quoted
        ("'no'", "no"),
        ('"3.10"', "3.10"),
        ("'~'", "~"),
        ('"a\\tb\\n"', "a\tb\n"),
    ],
)
def test_scalars_have_the_value_that_a_user_expects(text: str, value: object) -> None:
    found = value_of(text).value
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-7", -7),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("+3", 3),
        ("1234567890" * 4, int("1234567890" * 4)),
    ],
)
def test_whole_numbers_remember_how_they_were_typed(text: str, value: int) -> None:
    found = value_of(text).value
    assert isinstance(found, SourceInt)
    assert (found, found.text) == (value, text)


@pytest.mark.parametrize(
    ("text", "value"), [("3.10", 3.1), ("11.8", 11.8), ("8.0", 8.0), ("1.", 1.0), ("-.5e3", -500.0)]
)
def test_decimals_remember_how_they_were_typed(text: str, value: float) -> None:
    found = value_of(text).value
    assert isinstance(found, SourceFloat)
    assert (found, found.text) == (value, text)


def test_versions_in_lists_keep_their_text() -> None:
    items = read("capabilities: [8.0, 9.0]\n").root.entries[0].value
    assert isinstance(items, Sequence)
    assert [item.text for item in items.items if isinstance(item, Scalar)] == ["8.0", "9.0"]


@pytest.mark.parametrize("key", ["3.10", "yes", "no", "true", "null", "~", "1", "0x10", "<<x"])
def test_keys_are_text_as_typed(key: str) -> None:
    assert plain(f"{key}: 1\n") == {key: 1}


def test_a_quoted_key_may_be_empty_or_a_merge_sign() -> None:
    assert plain('"": 1\n"<<": 2\n') == {"": 1, "<<": 2}

"""Reading: hostile files, files that cannot be read, and what holds for every file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import plain, problem, problems, read, scalars, slice_of

from pyenvspec.diagnostics import PyenvspecError, Span
from pyenvspec.driver import read_manifest
from pyenvspec.raw import Mapping, to_plain
from pyenvspec.reading import tree as source_tree
from pyenvspec.reading.source import read_text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("opening", ["[", "{", "- ", "? ", "{a: ", "{["])
def test_deep_nesting_is_an_error(opening: str) -> None:
    assert problem(opening * 5000).code == "yaml-nesting"


def test_aliases_do_not_nest_deeper_than_brackets_may() -> None:
    assert problem(f"a: &a {'[' * 60}{']' * 60}\nb: {'[' * 60}*a{']' * 60}\n").code == "yaml-nesting"


def test_a_hundred_levels_are_read() -> None:
    assert plain("a: " + "[" * 99 + "]" * 99)


def test_an_alias_bomb_is_an_error() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 64))]
    found = problem("\n".join(lines))
    assert found.code == "yaml-alias-bomb"
    assert found.span is not None


def test_a_file_over_one_mebibyte_is_refused() -> None:
    assert problem(b"#" * (1024 * 1024 + 1)).code == "file-too-large"
    assert problem(b"#" * (1024 * 1024)).code == "empty-file"


def test_a_binary_file_is_not_reported_byte_by_byte() -> None:
    assert len(problems(b"\0\n" * 5000)) <= 21


@pytest.mark.parametrize(
    ("data", "span"),
    [
        (b"a: b\nc: \xe9\n", Span(2, 4, 2, 5)),
        ("\ufeffä: ".encode() + b"\xff", Span(1, 4, 1, 5)),
        (b"a: 1\r\nb: \xc3", Span(2, 4, 2, 5)),
        ("a: b\n".encode("utf-16"), Span(1, 1, 1, 1)),
    ],
)
def test_bytes_that_are_not_utf8_are_pointed_at(data: bytes, span: Span) -> None:
    found = problem(data)
    assert (found.code, found.span) == ("not-utf8", span)


# --- files


def test_env_yaml_is_read_from_the_folder(tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text("a: 1\n")
    raw = read_manifest(tmp_path)
    assert (raw.file, raw.lines) == ("env.yaml", ("a: 1", ""))


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PyenvspecError) as caught:
        read_manifest(tmp_path)
    (found,) = caught.value.diagnostics
    assert (found.code, found.file) == ("file-not-found", "env.yaml")
    assert found.expected


# --- properties

_FRAGMENTS = st.sampled_from(
    (
        *(
            "a",
            "b: ",
            "- ",
            "\n",
            "\n  ",
            "\n ",
            "\t",
            "[",
            "]",
            "{",
            "}",
            ",",
            ": ",
            ":",
            "?",
            "!",
            "!!str ",
            "&x ",
        ),
        *(
            "*x",
            "<<: ",
            "'",
            '"',
            "\\",
            "#",
            " #",
            "|",
            "> ",
            ">-\n",
            "%",
            "@",
            "`",
            "---",
            "...",
            "\n---\n",
            "no",
        ),
        *(
            "3.10",
            "é",
            "\u2028",
            "\ufeff",
            "\0",
            "\r",
            "\r\n",
            "日",
            "%YAML 1.2\n",
            "\\x",
            "\\U00110000",
            "\\ud800",
        ),
        *("~", "!<", "!x!", "😀", "$", "{{"),
    )
)


@given(st.binary(max_size=60) | st.lists(_FRAGMENTS, max_size=16).map(lambda parts: "".join(parts).encode()))
@settings(max_examples=400, deadline=None)
def test_any_bytes_give_a_tree_or_findings(data: bytes) -> None:
    for parser in {yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)}:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(source_tree, "_Parser", parser)
            try:
                raw = read_text(data, "env.yaml")
            except PyenvspecError as error:
                assert error.diagnostics
                for found in error.diagnostics:
                    assert found.span is not None
                    assert found.source_line is not None
                    assert found.span.column <= len(found.source_line) + 1
                    assert found.expected
                    assert found.hint
            else:
                assert isinstance(raw.root, Mapping)


_WORDS = st.sampled_from(
    [
        "no",
        "on",
        "YES",
        "true",
        "1:30",
        "2024-01-01",
        "0o17",
        "017",
        "1_000",
        "0b1",
        ".inf",
        "~",
        "=",
        "<<",
        "3.10",
        "1e3",
        "",
    ]
)
_TEXT = st.text(st.characters(blacklist_categories=["Cc", "Cs"]) | st.sampled_from("\n\t"), max_size=12)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _WORDS
    | _TEXT
)
_KEYS = _TEXT | _WORDS
_TREES = st.dictionaries(
    _KEYS,
    st.recursive(
        _LEAVES,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
        max_leaves=12,
    ),
    min_size=1,
    max_size=4,
)


class QuotingDumper(yaml.SafeDumper):
    """Quotes every text and shares nothing, so that the file means the same to all readers of YAML."""

    def ignore_aliases(self, data: object) -> bool:
        return True


QuotingDumper.add_representer(
    str, lambda dumper, data: dumper.represent_scalar("tag:yaml.org,2002:str", data, style='"')
)


@given(_TREES, st.sampled_from([None, True, False]), st.booleans(), st.integers(20, 200))
@settings(max_examples=200, deadline=None)
def test_what_is_dumped_is_read_again(
    tree: dict[str, object], flow: bool | None, unicode: bool, width: int
) -> None:
    text = yaml.dump(tree, Dumper=QuotingDumper, default_flow_style=flow, allow_unicode=unicode, width=width)
    raw = read(text)
    assert to_plain(raw.root) == tree
    for scalar in scalars(raw.root):
        shown = slice_of(raw, scalar.span)
        assert yaml.safe_load(shown) == scalar.value if shown.startswith('"') else shown == scalar.text


@given(_TEXT, st.sampled_from(["'", '"', "|"]))
@settings(max_examples=200, deadline=None)
def test_quoted_texts_keep_every_character(text: str, style: str) -> None:
    dumped = yaml.safe_dump({"k": [text], "z": 1}, default_style=style, allow_unicode=True)
    dumped = dumped.replace('!!int "1"', "1").replace("!!int '1'", "1").replace("!!int |-\n  1", "1")
    if "\u2028" in dumped or "\u2029" in dumped or "\ufeff" in dumped:
        return
    assert plain(dumped) == {"k": [text], "z": 1}

"""What a user sees of a diagnostic, and how printing bears with terminals."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyenvspec.diagnostics import Diagnostic, Severity, Span
from pyenvspec.options import Options
from pyenvspec.reporter import (
    REPORTER_BY_NAME,
    WIDTH,
    emit,
    format_json,
    format_text,
    make_visible,
    measure,
    put,
    report,
    say,
    wants_color,
)


def finding(line: str = "  cudn: 8.9", column: int = 3, length: int = 4, **other: object) -> Diagnostic:
    parts: dict[str, object] = {"expected": "did you mean `cudnn`?", **other}
    span = Span(14, column, 14, column + length)
    return Diagnostic("unknown-key", "`cudn` is not a key of `cuda`", span=span, source_line=line, **parts)  # type: ignore[arg-type]


def snippet(line: str, column: int, length: int, expected: str = "") -> tuple[str, str]:
    """Return the user's line as shown and the line of the caret, both without the gutter."""
    _, shown, carets, *_ = format_text([finding(line, column, length, expected=expected)]).split("\n")
    return shown[8:], carets[8:]


# --- text


def test_text_has_the_shape_of_the_design() -> None:
    assert format_text([finding()]) == (
        "env.yaml:14:3: error[unknown-key]: `cudn` is not a key of `cuda`\n"
        "   14 |   cudn: 8.9\n"
        "      |   ^^^^ did you mean `cudnn`?\n"
    )


def test_a_hint_stands_below_and_may_have_several_lines() -> None:
    text = format_text([finding(hint="write\n  cudnn: 8.9")])
    assert text.endswith("did you mean `cudnn`?\n      = help: write\n                cudnn: 8.9\n")


def test_without_a_position_there_is_no_snippet() -> None:
    found = Diagnostic("file-not-found", "no file", expected="a file", hint="run `pyenvspec init`")
    assert format_text([found]) == (
        "env.yaml: error[file-not-found]: no file\n"
        "      = expected: a file\n"
        "      = help: run `pyenvspec init`\n"
    )


def test_a_position_without_its_line_keeps_what_was_expected() -> None:
    found = Diagnostic("unknown-key", "m", span=Span(2, 3, 2, 4), expected="x", severity=Severity.WARNING)
    assert format_text([found]) == "env.yaml:2:3: warning[unknown-key]: m\n      = expected: x\n"


def test_findings_are_parted_by_a_blank_line_and_none_give_nothing() -> None:
    assert format_text([finding(), finding()]).count("\n\n") == 1
    assert format_text([]) == ""


def test_a_span_over_several_lines_is_marked_to_the_end_of_the_first() -> None:
    found = Diagnostic("yaml-syntax", "m", span=Span(1, 4, 3, 2), source_line="a: 'bc")
    assert format_text([found]).split("\n")[2] == "      |    ^^^"


@pytest.mark.parametrize(
    ("line", "column", "length", "shown", "carets"),
    [
        ("", 1, 0, "", "^"),
        ("a:", 3, 0, "a:", "  ^"),
        ("a:", 90, 5, "a:", "  ^"),
        ("日本: no", 5, 2, "日本: no", "      ^^"),
        ("k: 日本", 4, 2, "k: 日本", "   ^^^^"),
        ("e\u0301e\u0301: no", 7, 2, "e\u0301e\u0301: no", "    ^^"),
        ("\tno", 2, 2, "    no", "    ^^"),
        ("ab\tno", 4, 2, "ab  no", "    ^^"),
        ("\x1b[31m: no", 8, 2, "\\x1b[31m: no", "          ^^"),
        ("\u202ea: no", 5, 2, "\\u202ea: no", "         ^^"),
        ("\U000e0001a: no", 5, 2, "\\U000e0001a: no", "             ^^"),
    ],
)
def test_the_caret_stands_below_what_it_means(
    line: str, column: int, length: int, shown: str, carets: str
) -> None:
    assert snippet(line, column, length) == (shown, carets)


@pytest.mark.parametrize("column", [1, 30, 95, 300, 1200, 4995])
@pytest.mark.parametrize("unit", ["x", "日", "ab\t", "\x00"])
def test_a_long_line_is_cut_around_the_caret(column: int, unit: str) -> None:
    line = (unit * 5000)[: column - 1] + "!" + unit * 5000
    shown, carets = snippet(line, column, 1, "short")
    assert measure(shown) <= WIDTH - 8
    assert shown.startswith("…") or column <= 30
    assert shown.endswith("…")
    before = shown[: shown.index("!")]
    assert carets == " " * measure(before) + "^ short"


def test_what_was_expected_goes_below_where_there_is_no_room_beside_the_caret() -> None:
    text = format_text([finding("a: " + "x" * 80, 70, 4, expected="y" * 40)])
    assert text.split("\n")[2:4] == ["      | " + " " * 69 + "^^^^", "      | " + " " * 52 + "y" * 40]


@given(
    st.text(st.characters() | st.sampled_from("\t\x1b日\u0301"), max_size=300),
    st.integers(1, 320),
    st.integers(0, 320),
    st.text(max_size=120),
)
def test_no_text_of_a_user_steers_the_terminal(line: str, column: int, length: int, words: str) -> None:
    text = format_text([finding(line, column, length, expected=words.replace("\n", ""), hint=words)])
    assert all(part == make_visible(part) for part in text.split("\n"))
    _, shown, carets, *_ = text.split("\n")
    assert measure(shown) <= WIDTH
    assert "^" in carets


def test_colours_change_nothing_but_colour() -> None:
    colored = format_text([finding(hint="h")], color=True)
    assert "\x1b[1;31merror[unknown-key]\x1b[0m" in colored
    for code in ("0", "1", "1;31", "32", "34"):
        colored = colored.replace(f"\x1b[{code}m", "")
    link = "\x1b]8;;https://pyenvspec.github.io/pyenvspec/errors/unknown-key/\x1b\\"
    assert colored.count(link) == 1
    assert colored.replace(link, "").replace("\x1b]8;;\x1b\\", "") == format_text([finding(hint="h")])


# --- JSON


def test_json_has_stable_keys_and_is_ascii() -> None:
    text = format_json([finding(path=("cuda", "é"), hint="h"), Diagnostic("file-not-found", "m")])
    assert text.isascii()
    first, second = json.loads(text)["diagnostics"]
    assert first == {
        "code": "unknown-key",
        "severity": "error",
        "page": "https://pyenvspec.github.io/pyenvspec/errors/unknown-key/",
        "message": "`cudn` is not a key of `cuda`",
        "file": "env.yaml",
        "line": 14,
        "column": 3,
        "end_line": 14,
        "end_column": 7,
        "source_line": "  cudn: 8.9",
        "path": ["cuda", "é"],
        "expected": "did you mean `cudnn`?",
        "hint": "h",
    }
    assert list(second) == list(first)
    assert second["line"] is None


def test_reporters_are_chosen_by_name_and_called_alike() -> None:
    printed = {name: reporter([], color=True) for name, reporter in REPORTER_BY_NAME.items()}
    assert printed == {"text": "", "json": '{\n  "diagnostics": []\n}\n'}


# --- printing


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_need_a_terminal_or_the_users_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert wants_color(Terminal())
    assert not wants_color(io.StringIO())
    assert not wants_color(Terminal(), "never")
    assert not wants_color(None)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_color(Terminal())
    assert wants_color(io.StringIO(), "always")
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not wants_color(Terminal())
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert wants_color(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_color(io.StringIO())


def test_what_a_stream_cannot_encode_becomes_a_question_mark() -> None:
    binary = io.BytesIO()
    stream = io.TextIOWrapper(binary, encoding="latin-1")
    emit("é “q” \ud800\n", stream)
    assert binary.getvalue() == b"\xe9 ?q? ?\n"


def test_a_stream_that_is_not_there_is_no_failure() -> None:
    emit("x", None)


def test_say_goes_to_stderr_and_put_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    say("talk")
    put("data")
    assert capsys.readouterr() == ("data", "talk\n")


@pytest.mark.parametrize("way", ["put", "say"])
def test_a_closed_pipe_is_no_failure(way: str) -> None:
    program = f"from pyenvspec.reporter import {way}\nfor _ in range(3): {way}('x' * 200000)"
    reader, writer = os.pipe()
    os.close(reader)
    streams = {"stdout": writer, "stderr": subprocess.PIPE} if way == "put" else {"stderr": writer}
    done = subprocess.run([sys.executable, "-c", program], check=False, **streams)  # type: ignore[call-overload]
    os.close(writer)
    assert done.returncode == 0
    assert not done.stderr


def test_findings_go_to_stderr_as_text_and_to_stdout_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    note = Diagnostic("file-not-found", "m", severity=Severity.NOTE)
    report([note], Options("compile", Path()))
    assert capsys.readouterr() == ("", "env.yaml: note[file-not-found]: m\n")
    report([note], Options("compile", Path(), quiet=True))
    report([], Options("compile", Path(), json=True))
    assert capsys.readouterr() == ("", "")
    report([note], Options("compile", Path(), json=True))
    assert json.loads(capsys.readouterr().out)["diagnostics"][0]["severity"] == "note"
    report([], Options("check", Path(), json=True))
    assert json.loads(capsys.readouterr().out) == {"diagnostics": []}

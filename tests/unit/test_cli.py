"""The command line before a verb takes over."""

from __future__ import annotations

import shlex

import pytest

from pyenvspec.cli import run


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["-C", "my lab", "check"], ["check", "-C", "my lab"]),
        (["-C", "check", "compile", "--check"], ["compile", "-C", "check", "--check"]),
        (["--json", "check"], ["check", "--json"]),
    ],
)
def test_options_before_the_verb_are_put_behind_it(
    words: list[str], meant: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    said = capsys.readouterr().err
    assert "options stand behind the verb" in said
    assert shlex.split(said.split("`")[1]) == ["pyenvspec", *meant]


@pytest.mark.parametrize("words", [["-C", "lab"], ["-x"], ["-C"]])
def test_without_a_verb_nothing_is_meant(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    assert "behind the verb" not in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help", "check"], ["-h"], ["--version"]])
def test_help_is_given_whatever_follows(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 0
    assert "pyenvspec" in capsys.readouterr().out

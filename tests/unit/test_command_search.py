"""`search`: attributes on stdout, what else a name means on stderr."""

from __future__ import annotations

import json

import pytest

from pyenvspec.cli import run


@pytest.mark.parametrize(
    ("words", "out", "err"),
    [
        (
            ["libsndfile1"],
            "libsndfile  C library for reading and writing files containing sampled sound\n",
            "`libsndfile1` is `libsndfile` in nixpkgs.\n",
        ),
        (
            ["libgl1-mesa-glx"],
            "libGL  GL Vendor-Neutral Dispatch library\n",
            "`libgl1-mesa-glx` is `libGL` in nixpkgs.\n",
        ),
        (["ffmpg"], "", "No package known offline is called `ffmpg`. Did you mean `ffmpeg`?\n"),
        (["zzzzqqq"], "", "No package known offline is called `zzzzqqq`.\n"),
        (["\x1b[31m"], "", "No package known offline is called `\\x1b[31m`.\n"),
    ],
)
def test_what_is_found_and_what_is_said(
    words: list[str], out: str, err: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["search", *words]) == 0
    assert capsys.readouterr() == (out, err)


def test_a_python_package_is_led_to_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "numpy"]) == 0
    assert capsys.readouterr().err == (
        "`numpy`: it is a Python package: put it in your lock file or requirements, "
        "or in `python: {packages: [...]}`\n"
    )


def test_several_words_must_all_occur(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "audio", "library", "--limit", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all("audio" in line.lower() for line in lines)


def test_columns_line_up(capsys: pytest.CaptureFixture[str]) -> None:
    run(["search", "postgres", "--limit", "3"])
    assert [line[12:14] for line in capsys.readouterr().out.splitlines()] == ["  ", "  ", "  "]


def test_json_has_the_results_and_the_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "libgl1", "--json"]) == 0
    streams = capsys.readouterr()
    assert streams.err == ""
    assert json.loads(streams.out) == {
        "results": [{"attribute": "libGL", "description": "GL Vendor-Neutral Dispatch library"}],
        "meaning": {"kind": "attr", "attribute": "libGL", "hint": "nixpkgs calls it `libGL`"},
    }


def test_quiet_says_nothing_besides(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "-q", "zzzzqqq"]) == 0
    assert capsys.readouterr() == ("", "")

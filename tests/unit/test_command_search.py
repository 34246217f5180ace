"""`search`: attributes on stdout, what else a name means on stderr."""

from __future__ import annotations

import json

import pytest

from pyenvspec.cli import run

NOTHING = (
    "No package of nixpkgs is called `{}` or described so (neg-serg/nixpkgs-slim@7beb50e, nixpkgs 26.11-pre of "
    "2026-07-14).\n"
    "Try one word of what it does. Python packages belong into your requirements or lock file.\n"
)


@pytest.mark.parametrize(
    ("words", "out", "err"),
    [
        (
            ["libsndfile1"],
            "libsndfile  1.2.2  C library for reading and writing files containing sampled sound\n",
            "`libsndfile1` is `libsndfile` in nixpkgs. Add it with `pyenvspec add libsndfile`.\n",
        ),
        (
            ["libgl1-mesa-glx"],
            "libGL  1.7.0  GL Vendor-Neutral Dispatch library\n",
            "`libgl1-mesa-glx` is `libGL` in nixpkgs. Add it with `pyenvspec add libGL`.\n",
        ),
        (
            ["ffmpg"],
            "ffmpeg  8.1.1  Complete, cross-platform solution to record, convert and stream audio and video\n",
            "No package of nixpkgs is called `ffmpg`. Did you mean `ffmpeg`?\n",
        ),
        (["zzzzqqq"], "", NOTHING.format("zzzzqqq")),
        (["\x1b[31m"], "", NOTHING.format("\\x1b[31m")),
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
        "or with `manager: nixpkgs` in `python: {packages: [...]}`.\n"
    )


def test_what_is_gone_is_said_with_the_release_that_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "neofetch", "--limit", "1"]) == 0
    assert capsys.readouterr().err == (
        "`neofetch` is gone from nixpkgs: 'neofetch' has been removed because it was unmaintained upstream. "
        "Consider using the updated fork 'neowofetch' provided by the 'hyfetch' package or the alternative "
        "'fastfetch' instead.\n"
        "The last release that has it is nixos-25.11: `nixpkgs: {release: nixos-25.11}`.\n"
    )


def test_several_words_must_all_occur(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "audio", "library", "--limit", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all("audio" in line.lower() for line in lines)


def test_columns_line_up(capsys: pytest.CaptureFixture[str]) -> None:
    run(["search", "postgres", "--limit", "3"])
    lines = capsys.readouterr().out.splitlines()
    widest = max(len(line.split("  ")[0]) for line in lines)
    assert [line[widest : widest + 2] for line in lines] == ["  ", "  ", "  "]


def test_what_has_to_be_permitted_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    run(["search", "mkl", "--limit", "1"])
    assert capsys.readouterr().out.endswith("(unfree)\n")


def test_json_has_the_results_and_the_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "libgl1-mesa-glx", "--json"]) == 0
    streams = capsys.readouterr()
    assert streams.err == ""
    assert json.loads(streams.out) == {
        "results": [
            {
                "attribute": "libGL",
                "version": "1.7.0",
                "description": "GL Vendor-Neutral Dispatch library",
                "unfree": False,
                "insecure": False,
                "broken": False,
            }
        ],
        "meaning": {"kind": "attr", "attribute": "libGL", "hint": "nixpkgs calls it `libGL`"},
        "source": "neg-serg/nixpkgs-slim@7beb50e, nixpkgs 26.11-pre of 2026-07-14",
    }


def test_quiet_says_nothing_besides(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "-q", "zzzzqqq"]) == 0
    assert capsys.readouterr() == ("", "")

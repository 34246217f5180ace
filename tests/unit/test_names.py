"""Did-you-mean and offline search."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pyenvspec.names import closest, search, suggest_native


@pytest.mark.parametrize(
    ("name", "attr"),
    [
        # apt
        ("libsndfile1", "libsndfile"),
        ("libgl1-mesa-glx", "libGL"),
        ("libopenblas-dev", "openblas"),
        ("zlib1g-dev", "zlib"),
        ("portaudio19-dev", "portaudio"),
        # conda, brew
        ("boost-cpp", "boost"),
        ("open-mpi", "openmpi"),
        # common spellings
        ("opencv", "opencv4"),
        ("libgl", "libGL"),
        ("pkgconfig", "pkg-config"),
        ("java", "jdk"),
        ("node", "nodejs"),
        ("postgres", "postgresql"),
        # misspelt
        ("ffmpg", "ffmpeg"),
        ("libsndfil", "libsndfile"),
        ("open-blas", "openblas"),
        ("Mecab", "mecab"),
        ("LIBGL1-MESA-GLX", "libGL"),
    ],
)
def test_a_wrong_name_leads_to_its_attribute(name: str, attr: str) -> None:
    suggestion = suggest_native(name)
    assert suggestion is not None
    assert suggestion.attr == attr
    assert suggestion.source


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("build-essential", "present", "leave it out"),
        ("gcc", "refused", "leave it out"),
        ("glibc", "refused", "C library"),
        ("libstdc++6", "refused", "always visible"),
        ("nvidia-smi", "refused", "driver"),
        ("cuda", "key", "`cuda:`"),
        ("cudatoolkit", "key", "`cuda:`"),
        ("libcudnn8", "key", "cudnn"),
        ("python3", "key", "python: {version"),
        ("poetry", "key", "manager: poetry"),
        ("numpy", "python", "python: {packages"),
        ("redis-server", "service", "services: {redis"),
    ],
)
def test_a_name_that_belongs_elsewhere_says_where(name: str, kind: str, words: str) -> None:
    suggestion = suggest_native(name)
    assert suggestion is not None
    assert suggestion.kind == kind
    assert words in suggestion.hint


@pytest.mark.parametrize("name", ["ffmpeg", "libsndfile", "mecab", "zlib", "xorg.libX11", "postgresql"])
def test_an_attribute_needs_no_suggestion(name: str) -> None:
    assert suggest_native(name) is None


def test_nothing_near_is_not_guessed() -> None:
    assert suggest_native("qqqzzzzxxv") is None


def test_a_name_that_is_an_attribute_of_something_says_so() -> None:
    suggestion = suggest_native("opencv")
    assert suggestion is not None
    assert suggestion.is_attribute


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("ffmpeg", "ffmpeg"),
        ("sndfile", "libsndfile"),
        ("libgl1", "libGL"),
        ("japanese morphological", "mecab"),
        ("tcmalloc", "gperftools"),
        ("FFMPEG ", "ffmpeg"),
    ],
)
def test_search_puts_the_likeliest_first(query: str, first: str) -> None:
    found = search(query)
    assert found[0][0] == first
    assert all(description for _, description in found)


def test_search_is_bounded_and_may_find_nothing() -> None:
    assert len(search("lib", limit=7)) == 7
    assert search("") == []
    assert search("qqqzzzzxxv") == []


@pytest.mark.parametrize(
    ("word", "found"),
    [("cudn", "cudnn"), ("pakages", "packages"), ("onEnter", "on_enter"), ("xyz", None), ("", None)],
)
def test_closest(word: str, found: str | None) -> None:
    assert closest(word, ["cudnn", "packages", "on_enter", "version"]) == found


def test_closest_does_not_depend_on_order() -> None:
    assert closest("ab", ["abx", "aby"]) == closest("ab", ["aby", "abx"])


def test_rapidfuzz_is_not_imported_for_a_known_name() -> None:
    script = (
        "import sys; from pyenvspec.names import suggest_native\n"
        "suggest_native('libsndfile1'); suggest_native('ffmpeg'); print('rapidfuzz' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"

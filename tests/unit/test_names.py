"""Did-you-mean and offline search."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pyenvspec.facts._load import DATA
from pyenvspec.facts._sorted import SortedTable
from pyenvspec.facts.meanings import last_release
from pyenvspec.facts.native import find_attribute, find_native_name, native_names, spelled_for
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


@pytest.mark.parametrize(
    "name",
    [
        *("ffmpeg", "libsndfile", "mecab", "zlib", "xorg.libX11", "libx11", "postgresql", "opencv"),
        # in lower case these are names of apt and of others
        *("libGL", "libGLU", "SDL", "SDL2", "SDL2_image", "SDL2_mixer", "SDL2_ttf", "unixODBC", "R"),
        # an output, a member of a set that no list has
        *("openssl.dev", "perlPackages.DBI"),
    ],
)
def test_an_attribute_needs_no_suggestion(name: str) -> None:
    assert suggest_native(name) is None


@pytest.mark.parametrize(
    ("name", "kind", "attr", "words"),
    [
        # shared libraries
        ("libGL.so.1", "attr", "libGL", "libGL.so.1 is in `libGL`"),
        ("libsndfile.so", "attr", "libsndfile", ""),
        ("libcuda.so.1", "refused", None, "driver"),
        ("libc.so.6", "refused", None, "C library"),
        ("libstdc++.so.6", "present", None, "always visible"),
        ("libcublas.so.12", "attr", "cuda.libcublas", ""),
        # of Debian, not in the curated table
        ("libzbar0", "attr", "zbar", "nixpkgs calls it"),
        ("libopenslide-dev:amd64", "attr", "openslide", ""),
        # with a version
        ("ffmpeg@4", "attr", "ffmpeg_4", "as `ffmpeg_4`"),
        ("ffmpeg=4.4.8=gpl_h123", "attr", "ffmpeg_4", ""),
        ("libsndfile1@1.2", "attr", "libsndfile", ""),
        ("ffmpeg==3.4", "version", None, "nixpkgs has no ffmpeg 3.4: it has"),
        ("postgresql@13", "version", None, "release with `postgresql_13` is nixos-25.05"),
        ("python@3.10", "key", None, "version: 3.10"),
        ("cudatoolkit=11.8", "key", None, "cuda: 11.8"),
        ("llvm-14-dev", "version", None, "release with `llvm_14` is nixos-25.05"),
        ("cuda-toolkit-11-8", "key", None, "cuda: 11.8"),
        ("gcc-9", "refused", None, "has a C and C++ compiler already"),
        ("g++@11", "refused", None, "has a C and C++ compiler already"),
        ("gccc", "refused", None, "where `gcc` is meant: the shell has"),
        # the driver, by its packages of Ubuntu and others
        ("nvidia-driver-535", "refused", None, "the driver is the host's"),
        ("nvidia-driver-550-server-open", "refused", None, "the driver is the host's"),
        ("nvidia-headless-no-dkms-470", "refused", None, "the driver is the host's"),
        ("libnvidia-gl-535", "refused", None, "the driver is the host's"),
        ("nvidia-drivers", "refused", None, "the driver is the host's"),
        # parts, and all parts together
        ("slurm-client", "close", "slurm", ""),
        ("mono-complete", "close", "mono", ""),
        # modules, PyPI, conda
        ("cv2", "python", None, "`opencv-python`"),
        ("sklearn", "python", None, "`scikit-learn`"),
        ("pytorch", "python", None, "Python package"),
        ("python310Packages.scipy", "python", None, "`scipy`"),
        # as Nix's own tools print them
        ("nixpkgs#ffmpeg", "attr", "ffmpeg", "write `ffmpeg`"),
        ("pkgs.ffmpeg", "attr", "ffmpeg", "write `ffmpeg`"),
    ],
)
def test_names_that_people_type_are_understood(name: str, kind: str, attr: str | None, words: str) -> None:
    meant = suggest_native(name)
    assert meant is not None
    assert (meant.kind, meant.attr) == (kind, attr)
    assert words in meant.hint


@pytest.mark.parametrize(
    "name", ["gccc", "gcc-9x", "clangg", "cudnnn", "pythn3", "slurm-client", "mono-complete"]
)
def test_what_is_offered_can_be_written(name: str) -> None:
    meant = suggest_native(name)
    if meant is not None and meant.attr is not None:
        row = find_native_name(meant.attr)
        assert row is None or row.kind in ("attr", "service"), "`add` would refuse it"


def test_two_programs_with_the_same_end_are_not_taken_for_each_other() -> None:
    meant = suggest_native("zyxwvut-daemon")
    assert meant is None or meant.attr is None


def test_what_is_gone_has_the_last_release_that_has_it() -> None:
    gone = find_attribute("neofetch")
    assert gone is not None
    assert gone.standing("nixos-25.11") == "there"
    assert gone.standing("nixos-26.05") == "gone"
    assert gone.standing("nixos-unstable") == "gone"
    assert gone.standing("0" * 40) == "uncertain"
    assert last_release(gone) == "nixos-25.11"


def test_a_package_is_called_as_its_release_calls_it() -> None:
    assert spelled_for("xorg.libX11", "nixos-26.05") == "libx11"
    assert spelled_for("libx11", "nixos-25.05") == "xorg.libX11"
    assert spelled_for("xorg.libX11", "nixos-25.05") == "xorg.libX11"
    assert spelled_for("ffmpeg", "nixos-25.05") == "ffmpeg"


@pytest.mark.parametrize(
    ("name", "older", "newer", "before"),
    [
        ("libpq", "nixos-24.11", "nixos-25.05", "postgresql"),
        ("libpq.pg_config", "nixos-24.11", "nixos-25.05", "postgresql"),
        ("libgbm", "nixos-23.11", "nixos-25.05", "mesa"),
        ("vim-full", "nixos-22.11", "nixos-23.05", "vim_configurable"),
    ],
)
def test_what_was_a_part_of_another_is_that_in_older_releases(
    name: str, older: str, newer: str, before: str
) -> None:
    assert spelled_for(name, older) == before
    assert spelled_for(name, newer) == name


def test_osmesa_is_in_the_releases_whose_mesa_has_it() -> None:
    meant = suggest_native("libosmesa6-dev")
    assert meant is not None and meant.attr == "mesa.osmesa"
    osmesa = find_attribute("mesa.osmesa")
    assert osmesa is not None
    assert [osmesa.standing(f"nixos-{release}") for release in ("23.11", "25.05", "25.11")] == [
        "there",
        "there",
        "gone",
    ]


def test_every_name_leads_to_a_package_and_no_further() -> None:
    """What a curated name, a package of Debian or a library is said to be is never itself misspelt."""
    told = {row.attr for row in native_names() if row.kind == "attr"}
    for table in ("debian-names.tsv", "sonames.tsv"):
        told |= {cells[1] for cells in SortedTable.read(DATA / table).rows()}
    for attr in sorted(filter(None, told)):
        meant = suggest_native(attr)
        assert meant is None or meant.is_attribute, (attr, meant)


def test_nothing_near_is_not_guessed() -> None:
    assert suggest_native("qqqzzzzxxv") is None


def test_a_name_that_is_an_attribute_of_something_else_says_so() -> None:
    suggestion = suggest_native("helm")
    assert suggestion is not None
    assert suggestion.is_attribute
    assert suggestion.attr == "kubernetes-helm"


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
    assert found[0].name == first
    assert all(one.gone is None and one.is_package for one in found)


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

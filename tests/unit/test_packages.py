"""Names of Python packages and what their wheels need."""

from __future__ import annotations

import pytest

from pyenvspec.facts import packages, wheels
from pyenvspec.facts._load import read_table
from pyenvspec.facts.debian import attribute_of_debian
from pyenvspec.names import is_native


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("cv2", "opencv-python"),
        ("PIL.Image", "pillow"),
        ("yaml", "pyyaml"),
        ("sklearn.linear_model", "scikit-learn"),
        ("torch", "torch"),
        ("google.protobuf.message", "protobuf"),
        ("MeCab", "mecab-python3"),
        ("nobody_has_this", None),
    ],
)
def test_an_import_leads_to_its_package(module: str, package: str | None) -> None:
    assert packages.pypi_of_import(module) == package


@pytest.mark.parametrize(
    ("conda", "package"),
    [
        ("pytorch", "torch"),
        ("opencv", "opencv-python"),
        ("numpy", "numpy"),
        ("cudatoolkit", None),
        ("pytorch-mutex", None),
    ],
)
def test_a_conda_name_leads_to_its_package(conda: str, package: str | None) -> None:
    assert packages.pypi_of_conda(conda) == package


@pytest.mark.parametrize(
    ("package", "libraries"),
    [
        # manylinux promises all that these are linked with
        ("opencv-python", {"xorg.libxcb"}),
        ("opencv-python-headless", set()),
        ("torch", set()),
        ("numpy", set()),
        # bundled since 0.11
        ("soundfile", set()),
        ("PyAudio", {"portaudio"}),
        ("sounddevice", {"portaudio"}),
        ("pyodbc", {"unixODBC"}),
        ("nobody-has-this", set()),
    ],
)
def test_a_wheel_leads_to_the_libraries_that_it_lacks(package: str, libraries: set[str]) -> None:
    assert set(wheels.libraries_of_wheel(package)) == libraries


@pytest.mark.parametrize(
    ("soname", "attr"),
    [
        ("libGL.so.1", "libGL"),
        ("libsndfile.so.1", "libsndfile"),
        ("libcublas.so.12", "cuda.libcublas"),
        ("libcuda.so.1", None),
        ("libc.so.6", None),
        ("libnobody.so.1", None),
    ],
)
def test_a_library_leads_to_its_attribute(soname: str, attr: str | None) -> None:
    assert wheels.attribute_of_soname(soname) == attr


def test_what_a_wheel_needs_is_there() -> None:
    for row in read_table("wheel-libraries")["packages"]:
        for attr in (*row["libraries"], *row["sdist_tools"]):
            assert attr in ("gcc", "llvm") or is_native(attr), row


def test_programs_that_a_package_calls_are_among_its_needs() -> None:
    assert wheels.libraries_of_wheel("pytesseract") == ("tesseract",)
    assert wheels.libraries_of_wheel("openai-whisper") == ("ffmpeg",)
    assert wheels.libraries_of_wheel("weasyprint") == ("fontconfig", "harfbuzz", "pango")


def test_no_name_in_the_tables_has_more_parts_than_are_looked_at() -> None:
    assert max(name.count(".") for name in packages._import_names()) < packages._MOST_PARTS


# Each would take hours by a way whose time grows with the square of the length.
@pytest.mark.parametrize("name", ["lib" + "1" * 1_000_000 + "!", ".".join("a" * 500_000)])
def test_a_name_without_an_end_is_no_work(name: str) -> None:
    assert attribute_of_debian(name) is None
    assert packages.pypi_of_import(name) is None

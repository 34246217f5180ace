"""Which wheels fit, which constraints hold."""

from __future__ import annotations

import pytest

from pyenvspec.project.locks.constraints import Surroundings, allows_python, same_pythons
from pyenvspec.project.locks.wheels import fits, parse_wheel

LINUX, ARM, MAC = "x86_64-linux", "aarch64-linux", "aarch64-darwin"


@pytest.mark.parametrize(
    ("tags", "python", "system", "expected"),
    [
        ("py3-none-any", "3.10", LINUX, True),
        ("py2.py3-none-any", "3.13.1", MAC, True),
        ("py2-none-any", "3.10", LINUX, False),
        ("cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64", "3.10", LINUX, True),
        ("cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64", "3.10.14", LINUX, True),
        ("cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64", "3.11", LINUX, False),
        ("cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64", "3.10", ARM, False),
        ("cp310-cp310-linux_x86_64", "3.10", LINUX, True),
        ("cp310-cp310-manylinux2014_aarch64", "3.10", ARM, True),
        ("cp310-cp310-musllinux_1_2_x86_64", "3.10", LINUX, False),
        ("cp38-abi3-manylinux_2_28_x86_64", "3.13", LINUX, True),
        ("cp312-abi3-manylinux_2_28_x86_64", "3.11", LINUX, False),
        ("cp313-cp313t-manylinux_2_28_x86_64", "3.13", LINUX, False),
        ("cp37-cp37m-manylinux1_x86_64", "3.7", LINUX, True),
        ("cp311-none-manylinux_2_28_x86_64", "3.11", LINUX, True),
        ("cp311-none-manylinux_2_28_x86_64", "3.12", LINUX, False),
        ("cp39.cp310.cp311-abi3-manylinux_2_28_x86_64", "3.12", LINUX, True),
        ("py3-none-manylinux_2_17_x86_64", "3.12", LINUX, True),
        ("py37-none-manylinux_2_17_x86_64", "3.12", LINUX, True),
        ("pp310-pypy310_pp73-manylinux_2_17_x86_64", "3.10", LINUX, False),
        ("cp312-cp312-macosx_11_0_arm64", "3.12", MAC, True),
        ("cp312-cp312-macosx_10_9_universal2", "3.12", MAC, True),
        ("cp312-cp312-macosx_10_9_x86_64", "3.12", MAC, False),
        ("cp312-cp312-macosx_10_9_x86_64", "3.12", "x86_64-darwin", True),
        ("cp312-cp312-win_amd64", "3.12", LINUX, False),
        # Python refuses to read such a number.
        (f"cp3{'1' * 5000}-none-manylinux_2_28_x86_64", "3.12", LINUX, False),
    ],
)
def test_a_wheel_fits_where_its_tags_say_so(tags: str, python: str, system: str, expected: bool) -> None:
    assert fits(f"linux_macosx-1.0-{tags}.whl", python, system) is expected


@pytest.mark.parametrize("name", ["x.tar.gz", "x.whl", "x-1.whl", "", "-.whl", "a-b-c-d-e-f-g.whl"])
def test_what_is_no_wheel_has_no_tags(name: str) -> None:
    assert parse_wheel(name) is None


@pytest.mark.parametrize(
    ("constraint", "python", "expected"),
    [
        (">=3.10,<3.12", "3.11", True),
        (">=3.10,<3.12", "3.12", False),
        (">=3.10.4", "3.10", True),
        ("==3.11.*", "3.11.7", True),
        ("^3.8", "3.13", True),
        ("^3.8", "2.7", False),
        ("^0.3", "0.4", False),
        ("~3.10", "3.10.14", True),
        ("~3.10", "3.11", False),
        ("~=3.10", "3.12", True),
        ("3.10.*", "3.10", True),
        ("3.10", "3.10", True),
        (">=3.7,<3.8 || >=3.10", "3.11", True),
        (">=3.7,<3.8 || >=3.10", "3.9", False),
        (">=3.8 <3.11", "3.10", True),
        ("*", "3.12", True),
        ("", "3.12", True),
        ("!=3.12.1", "3.12.1", False),
        ("soon", "3.12", None),
        (">=3.x", "3.12", None),
    ],
)
def test_constraints_of_both_tools_allow_what_they_say(
    constraint: str, python: str, expected: bool | None
) -> None:
    assert allows_python(constraint, python) is expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (">=3.11,<3.12", "==3.11.*", True),
        (">=3.10", ">=3.10.0", True),
        (">=3.10", ">=3.11", False),
        ("^3.10", ">=3.10,<4", True),
        ("soon", ">=3.10", None),
    ],
)
def test_two_ways_to_say_the_same_pythons(left: str, right: str, expected: bool | None) -> None:
    assert same_pythons(left, right) is expected


@pytest.mark.parametrize(
    ("marker", "system", "expected"),
    [
        ("sys_platform == 'linux'", LINUX, True),
        ("sys_platform == 'linux'", MAC, False),
        ("platform_machine == 'arm64' and sys_platform == 'darwin'", MAC, True),
        ("platform_machine == 'aarch64'", ARM, True),
        ("python_full_version < '3.11'", LINUX, True),
        ("python_version >= '3.11'", LINUX, False),
        ("extra == 'extra-3-app-cpu'", LINUX, True),
        ("extra == 'extra-3-app-gpu'", LINUX, False),
        ("extra != 'extra-3-app-gpu' or os_name == 'nt'", LINUX, True),
        ("no marker at all", LINUX, True),
        (None, LINUX, True),
    ],
)
def test_markers_are_answered_for_the_system_asked_about(
    marker: str | None, system: str, expected: bool
) -> None:
    assert Surroundings("3.10", system, frozenset({"extra-3-app-cpu"})).holds(marker) is expected

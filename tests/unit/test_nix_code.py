"""nix/tests: the pure functions of nix/modules/, each by data, without any flake input.

The files are in nix-unit's form and are run by it where it is at hand; here by plain Nix, over the stand-in for
nixpkgs' lib (tests/nix), and in tests/e2e/test_nix_stand_ins.py over the real one.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.markers import Marker
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.nix

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "nix" / "tests").glob("*.nix"))
_VALUES = (
    "builtins.mapAttrs (_: test: if test ? expectedError then null else { inherit (test) expr expected; })"
)


def ask(nix_bin: Path, expression: str) -> subprocess.CompletedProcess[str]:
    """Evaluate an expression to JSON."""
    command = [str(nix_bin / "nix-instantiate"), "--store", "dummy://", "--readonly-mode", "--eval"]
    words = [*command, "--strict", "--json", "--expr", expression]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)


def read_tests(nix_bin: Path, file: Path, lib: str = "") -> dict[str, Any]:
    """What each test of a file gives and expects; None where an error is expected."""
    done = ask(nix_bin, f"{_VALUES} (import {file} {{ {lib} }})")
    assert done.returncode == 0, done.stderr[-2000:]
    tests: dict[str, Any] = json.loads(done.stdout)
    assert tests
    return tests


def check_tests(nix_bin: Path, file: Path, lib: str = "") -> None:
    """Hold every test of a file to what it expects."""
    tests = read_tests(nix_bin, file, lib)
    assert [name for name in tests if not name.startswith("test")] == [], "nix-unit would not run these"
    given = {name: test["expr"] for name, test in tests.items() if test}
    assert given == {name: test["expected"] for name, test in tests.items() if test}
    for name in (name for name, test in tests.items() if not test):
        place = f"(import {file} {{ {lib} }}).{_quote(name)}"
        told = ask(nix_bin, f"{place}.expectedError.msg")
        done = ask(nix_bin, f"{place}.expr")
        assert done.returncode == 1, f"{name}: {done.stdout}"
        error = done.stderr.rpartition("error: ")[2]
        assert re.search(json.loads(told.stdout), error), f"{name}: {error}"


def _quote(name: str) -> str:
    return json.dumps(name).replace("${", "\\${")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_function_gives_what_its_tests_expect(nix_bin: Path, file: Path) -> None:
    check_tests(nix_bin, file)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nix_unit_says_the_same(file: Path) -> None:
    program = shutil.which("nix-unit")
    if program is None:
        pytest.skip("needs nix-unit on PATH (`nix shell nixpkgs#nix-unit`)")
    done = subprocess.run([program, str(file)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


# Which modules are functions of data: they take neither packages, inputs nor other modules' values.
_PURE = """
  let
    modules = %s;
    others = [ "pkgs" "inputs" "config" "flake-parts-lib" "stdenv" ];
    isPure = name:
      let f = import (modules + "/${name}");
      in builtins.match ".*[.]nix" name != null
        && !builtins.any (given: builtins.functionArgs f ? ${given}) others;
  in builtins.filter isPure (builtins.attrNames (builtins.readDir modules))
"""


def test_every_function_of_data_has_its_tests(nix_bin: Path) -> None:
    modules = ROOT / "nix" / "modules"
    pure = json.loads(ask(nix_bin, _PURE % modules).stdout)
    assert len(pure) > 8
    assert [name for name in pure if not (ROOT / "nix" / "tests" / name).is_file()] == []
    assert [file.name for file in FILES if not (modules / file.name).is_file()] == []


def test_nested_modules_say_which_file_they_are_in() -> None:
    for module in sorted((ROOT / "nix" / "modules").glob("*.nix")):
        text = module.read_text()
        nested = len(re.findall(r"types\.submodule\b|mkPerSystemOption\b", text))
        assert text.count(f"_file = ./{module.name};") >= nested, module.name


def test_a_failure_that_is_told_says_what_to_do() -> None:
    told = []
    for module in sorted((ROOT / "nix" / "modules").glob("*.nix")):
        # What is tried and caught is told to nobody.
        text = "\n".join(line for line in module.read_text().splitlines() if "tryEval" not in line)
        found = re.findall(r"\bthrow ''\n(.*?)''(?!\$)", text, re.DOTALL)
        assert len(found) == len(re.findall(r"\b(?:throw|abort|assert)\b", text)), module.name
        told += [(module.name, words.strip().splitlines()) for words in found]
    assert len(told) >= 10
    for name, (what, *fix) in told:
        assert what.endswith("."), f"{name}: {what}"
        assert len(fix) == 1, f"{name}: {what}"
        assert re.match(r"\s*(Correct|Name|Take|Run|Lock|Leave|Add) .*\.$", fix[0]), f"{name}: {fix[0]}"


# ---- what the tests expect, held to the tools of Python themselves

_ENVIRONMENT: dict[str, str | set[str]] = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.9",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_release": "",
    "platform_system": "Linux",
    "platform_version": "",
    "python_full_version": "3.11.9",
    "platform_python_implementation": "CPython",
    "python_version": "3.11",
    "sys_platform": "linux",
}


def test_markers_hold_as_packaging_says(nix_bin: Path) -> None:
    tests = read_tests(nix_bin, ROOT / "nix" / "tests" / "markers.nix")
    asked = 0
    for name, test in tests.items():
        words, _, marker = name.partition(": ")
        if words in ("test", "test with gpu") and marker.strip():
            extra = "gpu" if words == "test with gpu" else ""
            assert test["expected"] == Marker(marker).evaluate({**_ENVIRONMENT, "extra": extra}), name
            asked += 1
    assert asked > 30


def _tags() -> Iterator[object]:
    """The tags of a CPython 3.11 on a Linux with glibc 2.36, best first."""
    named = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    platforms = []
    for minor in range(36, 4, -1):
        platforms += [f"manylinux_2_{minor}_x86_64", *([f"{named[minor]}_x86_64"] if minor in named else [])]
    platforms.append("linux_x86_64")
    yield from cpython_tags((3, 11), ["cp311"], platforms)
    yield from compatible_tags((3, 11), "cp311", platforms)


def test_wheels_are_ranked_as_packaging_does(nix_bin: Path) -> None:
    tests = read_tests(nix_bin, ROOT / "nix" / "tests" / "wheel-tags.nix")
    order = {tag: rank for rank, tag in enumerate(_tags())}

    def rank(name: str) -> int | None:
        return min((order[tag] for tag in parse_wheel_filename(name)[3] if tag in order), default=None)

    ranked = tests["test that each is in turn the best of the rest"]["expected"]
    ranks = [rank(name) for name in ranked]
    assert None not in ranks
    assert ranks == sorted(ranks, key=lambda rank: rank or 0)
    assert len(set(ranks)) == len(ranks) >= 10
    unfit = [found[1] for name in tests if (found := re.fullmatch(r"test that (.*\.whl) does not fit", name))]
    assert len(unfit) > 10
    assert [name for name in unfit if rank(name) is not None] == []


def test_bash_reads_values_as_they_were(nix_bin: Path) -> None:
    values = ["", "a b", '$HOME `x` "y" \\ !', "it's", "''", "two\nlines", "-n", "\ttab", "€"]
    values.append("/{pyenvspec-project}/x'y")
    lib = f"import {ROOT}/tests/nix/lib.nix"
    call = f"(import {ROOT}/nix/modules/exports.nix {{ lib = {lib}; }}).exportAll"
    names = [f"V{index}" for index in range(len(values))]
    given = json.dumps(dict(zip(names, values, strict=True)))
    code = json.loads(ask(nix_bin, f"{call} (builtins.fromJSON {_quote(given)})").stdout)
    shown = code + "".join(f"printf '%s\\0' \"${name}\"\n" for name in names)
    told = subprocess.run(
        ["bash", "-c", shown], env={"PYENVSPEC_ROOT": "/a b/$c'd"}, capture_output=True, text=True, check=True
    ).stdout
    assert told.split("\0")[:-1] == [text.replace("/{pyenvspec-project}", "/a b/$c'd") for text in values]

"""The data files: every row has a source and a status, and the look-ups keep unknown apart from absent."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from pyenvspec import names
from pyenvspec.facts import caches, drivers, inputs, native, nixpkgs, wheels
from pyenvspec.facts._load import DATA, read_table

# table -> (key of its rows, keys that each row has besides source and status)
TABLES: dict[tuple[str, str], set[str]] = {
    ("releases", "releases"): {"branch", "order", "stable", "branch_off"},
    ("releases", "systems"): {"branch", "system", "present"},
    ("releases", "support"): {"branch"},
    ("releases", "glibc"): {"branch", "glibc"},
    ("releases", "gcc"): {"branch", "gcc"},
    ("releases", "defaults"): {"branch", "subject", "value"},
    ("tools", "tools"): {"branch", "tool", "present"},
    ("python", "python"): {"branch", "minor", "attr", "present"},
    ("cuda", "cuda"): {"branch", "cuda", "attr", "present", "systems"},
    ("cuda", "never_released"): {"cuda", "note"},
    ("cudnn", "cudnn"): {"branch", "cuda", "system", "cudnn", "default"},
    ("nixpkgs-python", "facts"): {"subject", "value"},
    ("nixpkgs-python", "versions"): {"minor", "latest", "versions", "works"},
    ("cuda-legacy", "facts"): {"subject", "value"},
    ("cuda-legacy", "cuda"): {"cuda", "attr", "full_version", "cudnn", "present"},
    ("caches", "caches"): {"name", "url", "key", "alive", "serves"},
    ("github-actions", "actions"): {"action", "version", "commit"},
    ("ci-images", "images"): {"image", "version"},
    ("cuda-drivers", "minimum"): {"cuda", "driver"},
    ("torch-wheels", "torch"): {"torch", "cuda_tags", "pythons"},
    ("wheel-libraries", "libraries"): {"soname", "attr", "output", "set"},
    ("wheel-libraries", "host"): {"soname", "note"},
    ("wheel-libraries", "never"): {"soname", "note"},
    ("wheel-libraries", "manylinux"): {"soname"},
    ("wheel-contents", "wheels"): {"package", "version", "imports", "brings", "needs"},
    ("import-names", "names"): {"module", "pypi"},
    ("conda-names", "names"): {"conda", "pypi"},
    ("wheel-libraries", "packages"): {"package", "libraries", "cuda", "env", "sdist_tools"},
    ("native-names", "names"): {"name", "kind", "attr"},
    ("cuda-packages", "packages"): {"name", "cuda"},
    ("devenv-services", "services"): {"name", "options"},
}


def rows(table: str, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_table(table)[key]
    return found


@pytest.mark.parametrize(("table", "key"), TABLES, ids=lambda word: str(word))
def test_each_row_has_its_keys_a_status_and_a_source(table: str, key: str) -> None:
    assert rows(table, key)
    for row in rows(table, key):
        assert TABLES[table, key] <= row.keys(), row
        assert row["status"] in ("verified", "inferred", "unknown"), row
        assert row["source"].strip(), row


@pytest.mark.parametrize("table", sorted({table for table, _ in TABLES}))
def test_each_list_of_a_file_is_checked_above(table: str) -> None:
    lists = {key for key, value in read_table(table).items() if isinstance(value, list)}
    assert lists == {key for name, key in TABLES if name == table}
    assert read_table(table)["schema"] == 1


@pytest.mark.parametrize("table", sorted({table for table, _ in TABLES}))
def test_one_row_a_line_for_readable_diffs(table: str) -> None:
    text = (DATA / f"{table}.json").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("  {"):
            json.loads(line.rstrip(","))
    assert "/nix/store" not in text


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("python", "python", "present"),
        ("cuda", "cuda", "present"),
        ("tools", "tools", "present"),
        ("cudnn", "cudnn", "cudnn"),
        ("releases", "gcc", "gcc"),
        ("releases", "glibc", "glibc"),
        ("nixpkgs-python", "versions", "works"),
    ],
)
def test_unknown_is_null_and_nothing_else(table: str, key: str, value: str) -> None:
    for row in rows(table, key):
        assert (row[value] is None) == (row["status"] == "unknown"), row


def test_each_branch_has_each_python_cuda_and_tool() -> None:
    branches = [release.branch for release in nixpkgs.releases()]
    assert branches == sorted(branches, key=lambda b: (b == "nixos-unstable", b))
    assert [r.branch for r in nixpkgs.releases() if not r.stable] == ["nixos-unstable"]
    for branch in branches:
        assert all(nixpkgs.python_attribute(branch, minor) for minor in nixpkgs.python_minors())
        assert all(nixpkgs.cuda_set(branch, cuda) for cuda in nixpkgs.cuda_versions())
        tools = ("uv", "poetry", "poetry2nix", "pythonManylinuxPackages")
        assert all(nixpkgs.find_tool(branch, tool) for tool in tools)
        assert nixpkgs.default_python(branch)


def test_attributes_are_spelt_as_their_versions() -> None:
    for row in rows("python", "python"):
        assert row["attr"] == "python" + row["minor"].replace(".", "")
    for row in rows("cuda", "cuda") + rows("cuda-legacy", "cuda"):
        assert row["attr"] == "cudaPackages_" + row["cuda"].replace(".", "_")


def test_a_cudnn_table_is_there_for_each_cuda_set_or_is_unknown() -> None:
    for release in nixpkgs.releases():
        for cuda in nixpkgs.cuda_versions():
            row = nixpkgs.cuda_set(release.branch, cuda)
            table = nixpkgs.cudnn_table(release.branch, cuda, "x86_64-linux")
            assert row is not None
            if table is None:
                assert not row.present or release.branch == "nixos-26.05"
                continue
            assert row.present
            if table.versions is not None:
                assert table.default in {version for version, _ in table.versions} | {None}


def test_glibc_only_moves_forward() -> None:
    known = [nixpkgs.version_key(r.glibc) for r in nixpkgs.releases() if r.glibc]
    assert known == sorted(known)


def test_versions_sort_by_number() -> None:
    assert nixpkgs.python_minors()[-1] == "3.15"
    assert nixpkgs.cuda_versions()[0] == "10.0"
    assert sorted(["3.9", "3.10"], key=nixpkgs.version_key) == ["3.9", "3.10"]


def test_nixpkgs_python_knows_its_latest() -> None:
    for minor in inputs.built_minors():
        built = inputs.built_minor(minor)
        assert built is not None
        assert built.latest == built.versions[-1]
        assert all(version.startswith(f"{minor}.") for version in built.versions)
    assert inputs.nixpkgs_python_base() == "nixos-25.11"
    assert nixpkgs.find_release(inputs.cuda_legacy_oldest_nixpkgs())


def test_no_dead_cache_is_offered() -> None:
    dead = caches.find_cache("https://cuda-maintainers.cachix.org/")
    assert dead is not None
    assert not dead.is_usable
    assert [cache.name for cache in caches.caches_for("cuda")] == ["nixos-cuda"]
    assert [cache.name for cache in caches.caches_for("nixpkgs-python")] == ["nixpkgs-python"]
    for cache in caches.caches():
        if cache.serves:
            assert cache.is_usable
        if cache.key:
            assert re.fullmatch(r"[\w.-]+:[A-Za-z0-9+/]{43}=", cache.key)


def test_the_c_library_is_never_among_the_libraries() -> None:
    attrs = {row["attr"] for row in rows("wheel-libraries", "libraries")}
    assert not {attr for attr in attrs if attr.startswith("glibc")}
    assert wheels.is_libc_library("libpthread.so.0")
    assert wheels.is_driver_library("libcuda.so.1")
    assert not wheels.is_driver_library("libcudart.so.12")


@pytest.mark.parametrize(
    ("soname", "attr"),
    [
        ("libsndfile.so.1", "libsndfile"),
        ("libcublas.so.12", "libcublas"),
        ("libcudnn.so.8", "cudnn"),
        ("libstdc++.so.6", "stdenv.cc.cc"),
        ("libtbb.so.12", "tbb"),
        ("libnope.so.1", None),
    ],
)
def test_a_soname_finds_its_attribute(soname: str, attr: str | None) -> None:
    found = wheels.find_library(soname)
    assert (found.attr if found else None) == attr


def test_wheel_needs_are_spelt_as_pypi_normalises_them() -> None:
    for row in rows("wheel-libraries", "packages"):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row["package"])
    needs = wheels.wheel_needs("opencv-python")
    assert needs is not None
    assert needs.libraries[:2] == ("libGL", "glib")


def test_drivers() -> None:
    minimum = drivers.minimum_driver("11.8")
    assert minimum is not None
    assert minimum.driver == "450.80.02"
    assert drivers.minimum_driver("12.7") is None
    assert drivers.torch_wheels()


@pytest.mark.parametrize("table", ["catalogue.tsv", "debian-names.tsv", "sonames.tsv"])
def test_a_sorted_table_is_sorted_and_says_its_source(table: str) -> None:
    lines = (DATA / table).read_bytes().splitlines()
    keys = [line.split(b"\t")[0] for line in lines if not line.startswith(b"#")]
    assert len(keys) > 2_000
    assert keys == sorted(set(keys))
    assert any(line.startswith(b"# source: ") for line in lines[:8])
    assert b"/nix/store" not in (DATA / table).read_bytes()


def test_the_catalogue_is_of_the_day_that_decisions_go_by() -> None:
    assert native.CATALOGUE_DAY in native.catalogue_source()


def test_each_row_of_the_catalogue_reads_as_it_was_written() -> None:
    facts = {
        "set",
        "function",
        "alias",
        "gone",
        "new",
        "before",
        "unfree",
        "insecure",
        "broken",
        "other",
        "older",
    }
    rows = native.attributes()
    assert len(rows) > 27_000
    for row in (DATA / "catalogue.tsv").read_text(encoding="utf-8").splitlines():
        if not row.startswith("#"):
            name, _, given, _ = row.split("\t")
            assert {fact.split("=")[0] for fact in given.split()} <= facts, row
            assert native.find_attribute(name), name
    known = {row.name: row for row in rows}
    for one in rows:
        assert one.gone in (None, "unknown") or re.fullmatch(r"20\d\d-\d\d-\d\d", one.gone), one
        assert one.alias is None or one.alias in known, one
        assert one.before is None or (one.new is not None and one.before in known), one


def test_native_names_lead_somewhere() -> None:
    for row in native.native_names():
        if row.kind == "attr":
            attribute = native.find_attribute(row.attr or "")
            # What today's nixpkgs has no more (OSMesa) older projects still ask for, in releases that have it.
            assert names.is_native(row.attr or "") or (attribute and attribute.gone), row
        else:
            assert row.hint, row


def test_each_accessor_reads_only_its_own_file() -> None:
    script = (
        "from pyenvspec.facts import _load, caches, drivers, inputs, native, nixpkgs, wheels\n"
        "seen = []; real = _load.Path.read_bytes\n"
        "_load.Path.read_bytes = lambda self: seen.append(self.name) or real(self)\n"
        "nixpkgs.python_attribute('nixos-25.05', '3.10')\n"
        "print(seen)\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "['python.json']"


def test_no_source_is_somebodys_memory() -> None:
    """What `explain --plan` names as a source can be looked up."""
    for table in sorted(DATA.glob("*.json")):
        assert "general knowledge" not in table.read_text(), table.name

"""poetry.lock and uv.lock as tools of several years write them, read into one form."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyenvspec.project.locks.locked_project import read_locked_project
from pyenvspec.project.locks.model import Edge, PackageLock, PackageSource
from pyenvspec.project.locks.poetry import content_hashes, read_poetry
from pyenvspec.project.locks.problem import PackageLockError
from pyenvspec.project.locks.toml import file_name, load_toml
from pyenvspec.project.locks.uv import read_uv

if TYPE_CHECKING:
    from pathlib import Path

HASH = "0" * 64
INDEX = "https://index.example"


def uv_lock(text: str) -> PackageLock:
    document, kept = load_toml(text.encode(), "uv.lock", "uv lock")
    return read_uv(document, "uv.lock", kept)


def poetry_lock(text: str) -> PackageLock:
    document, kept = load_toml(text.encode(), "poetry.lock", "poetry lock")
    return read_poetry(document, "poetry.lock", kept)


UV_PACKAGE = f"""
version = 1
requires-python = ">=3.10"

[[package]]
name = "Some_Package"
version = "1.0+cu118"
source = {{ registry = "{INDEX}/simple" }}
resolution-markers = ["sys_platform == 'linux'"]
dependencies = [
    {{ name = "other", version = "2.0", marker = "os_name == 'posix'" }},
    {{ name = "third", extra = ["a", "b"] }},
]
sdist = {{ url = "{INDEX}/some_package-1.0.tar.gz", hash = "sha256:{HASH}", size = 1 }}
wheels = [
    {{ url = "{INDEX}/some_package-1.0%2Bcu118-cp310-cp310-linux_x86_64.whl", hash = "sha256:{HASH}", size = 1 }},
    {{ url = "{INDEX}/some_package-1.0-py3-none-any.whl", hash = "sha256:{HASH}", upload-time = "2025-01-01T00:00Z" }},
]

[package.optional-dependencies]
gpu = [{{ name = "cuda" }}]

[package.dev-dependencies]
dev = [{{ name = "pytest" }}]
"""


def test_a_package_of_uv_is_read_with_all_its_parts() -> None:
    (package,) = uv_lock(UV_PACKAGE).packages
    assert (package.name, package.version) == ("some-package", "1.0+cu118")
    assert package.source == PackageSource("registry", f"{INDEX}/simple")
    assert package.sdist == "some_package-1.0.tar.gz"
    assert package.wheels == (
        "some_package-1.0+cu118-cp310-cp310-linux_x86_64.whl",
        "some_package-1.0-py3-none-any.whl",
    )
    assert package.dependencies == (
        Edge("other", "2.0", "os_name == 'posix'"),
        Edge("third", extras=("a", "b")),
    )
    assert package.extras == (("gpu", (Edge("cuda"),)),)
    assert package.groups == (("dev", (Edge("pytest"),)),)
    assert package.markers == ("sys_platform == 'linux'",)


@pytest.mark.parametrize(
    ("source", "expected", "has_source"),
    [
        (
            '{ git = "https://git.example/x?tag=v1#abc" }',
            PackageSource("git", "https://git.example/x?tag=v1#abc"),
            True,
        ),
        (
            '{ url = "https://index.example/x-1.0.whl" }',
            PackageSource("url", "https://index.example/x-1.0.whl"),
            False,
        ),
        ('{ path = "vendor/x-1.0.whl" }', PackageSource("path", "vendor/x-1.0.whl"), False),
        ('{ directory = "libs/x" }', PackageSource("directory", "libs/x"), True),
        ('{ editable = "." }', PackageSource("editable", "."), True),
        ('{ virtual = "." }', PackageSource("virtual", "."), True),
    ],
)
def test_every_source_of_uv_is_told_apart(source: str, expected: PackageSource, has_source: bool) -> None:
    (package,) = uv_lock(f'version = 1\n[[package]]\nname = "x"\nversion = "1"\nsource = {source}\n').packages
    assert package.source == expected
    assert package.has_source is has_source


def test_an_sdist_that_is_the_source_itself_has_the_name_of_the_source() -> None:
    source = 'source = { path = "vendor/x-1.0.tar.gz" }\nsdist = { hash = "sha256:0" }\n'
    assert uv_lock(f'version = 1\n[[package]]\nname = "x"\n{source}').packages[0].sdist == "x-1.0.tar.gz"


POETRY_1 = f"""
[[package]]
name = "Some.Package"
version = "1.0"
description = ""
category = "main"
optional = false
python-versions = ">=3.7"

[package.dependencies]
other = {{version = ">=2", markers = "os_name == \\"posix\\"", optional = true}}
third = [
    {{version = ">=1", extras = ["a"]}},
    {{version = "<1"}},
]
fourth = "*"

[package.extras]
x = ["other (>=2)"]

[metadata]
lock-version = "1.1"
python-versions = "^3.8"
content-hash = "{HASH}"

[metadata.files]
some-package = [
    {{file = "some_package-1.0-py3-none-any.whl", hash = "sha256:{HASH}"}},
    {{file = "some_package-2.0-py3-none-any.whl", hash = "sha256:{HASH}"}},
    {{file = "Some.Package-1.0.tar.gz", hash = "sha256:{HASH}"}},
]
"""


def test_format_1_of_poetry_keeps_the_files_at_the_end() -> None:
    lock = poetry_lock(POETRY_1)
    (package,) = lock.packages
    assert (lock.format, lock.python, lock.content_hash) == ("1.1", "^3.8", HASH)
    assert package.wheels == ("some_package-1.0-py3-none-any.whl",)
    assert package.sdist == "Some.Package-1.0.tar.gz"
    assert package.dependencies == (
        Edge("other", marker='os_name == "posix"', optional=True, constraint=">=2"),
        Edge("third", extras=("a",), constraint=">=1"),
        Edge("third", constraint="<1"),
        Edge("fourth", constraint="*"),
    )
    assert package.extras == (("x", (Edge("other"),)),)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("legacy", "registry"),
        ("git", "git"),
        ("url", "url"),
        ("file", "path"),
        ("directory", "directory"),
    ],
)
def test_every_source_of_poetry_is_told_apart(kind: str, expected: str) -> None:
    lock = poetry_lock(
        f"""
[[package]]
name = "x"
version = "1.0"
files = [
    {{file = "x-1.0.tar.gz", hash = "sha256:{HASH}"}},
]

[package.source]
type = "{kind}"
url = "somewhere"

[metadata]
lock-version = "2.1"
"""
    )
    assert lock.packages[0].source.kind == expected
    assert lock.packages[0].sdist == "x-1.0.tar.gz"


@pytest.mark.parametrize("text", ["", "version = 2\n", 'version = "1"\n', "version = 1.5\n"])
def test_an_unknown_version_of_uv_is_refused(text: str) -> None:
    with pytest.raises(PackageLockError) as caught:
        uv_lock(text)
    assert caught.value.diagnostics[0].code == "package-lock-format"


@pytest.mark.parametrize("version", ['"3.0"', '"0.9"', '"2"', "2", '"x"'])
def test_an_unknown_format_of_poetry_is_refused(version: str) -> None:
    with pytest.raises(PackageLockError) as caught:
        poetry_lock(f"[metadata]\nlock-version = {version}\n")
    assert caught.value.diagnostics[0].code == "package-lock-format"


def test_a_syntax_error_is_told_at_its_own_line() -> None:
    text = UV_PACKAGE.replace('gpu = [{ name = "cuda" }]', "gpu = [{ name = cuda }]")
    with pytest.raises(PackageLockError) as caught:
        uv_lock(text)
    span = caught.value.diagnostics[0].span
    assert span is not None
    assert text.splitlines()[span.line - 1].startswith("gpu")


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("https://index.example/a/x-1.0.whl#sha256=0", "x-1.0.whl"),
        ("https://index.example/a/x-1.0%2Bcpu.whl?token=1", "x-1.0+cpu.whl"),
        ("vendor/x.whl", "x.whl"),
        ("x.whl", "x.whl"),
        ("", ""),
    ],
)
def test_the_name_of_a_file_is_the_end_of_its_place(place: str, name: str) -> None:
    assert file_name(place) == name


def test_the_hash_of_poetry_is_over_what_it_reads() -> None:
    poetry = {"dependencies": {"python": "^3.10"}, "group": {"dev": {"dependencies": {"pytest": "*"}}}}
    old = content_hashes({"tool": {"poetry": poetry}})
    assert content_hashes({"tool": {"poetry": {**poetry, "description": "x"}}}) == old
    assert not content_hashes({"tool": {"poetry": {**poetry, "dependencies": {"python": "^3.11"}}}}) & old
    new = content_hashes({"project": {"dependencies": ["x"]}})
    assert not content_hashes({"project": {"dependencies": ["y"]}}) & new


KEYS_OF_BOTH = ("name", "version", "source", "dependencies", "optional-dependencies", "wheels", "sdist")


class TestAnyBytes:
    """Whatever is in a lock, the answer is a lock or a finding."""

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.binary(max_size=200))
    def test_bytes(self, data: bytes) -> None:
        with contextlib.suppress(PackageLockError):
            read_uv(*_loaded(data))

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.lists(st.sampled_from([*UV_PACKAGE.splitlines(), *POETRY_1.splitlines(), "x = [", "[[package]]"]))
    )
    def test_lines_of_real_locks_in_any_order(self, lines: list[str]) -> None:
        for read in (read_uv, read_poetry):
            with contextlib.suppress(PackageLockError):
                read(*_loaded("\n".join(["version = 1", *lines]).encode()))

    JSON = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=6,
    )
    KEYS = st.sampled_from([*KEYS_OF_BOTH, "files", "metadata", "extras"])

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.dictionaries(KEYS, JSON)), st.dictionaries(KEYS, JSON))
    def test_values_of_any_type(self, packages: list[dict[str, object]], metadata: dict[str, object]) -> None:
        document = {"version": 1, "package": [{"name": "x", "version": "1", **p} for p in packages]}
        for read in (read_uv, read_poetry):
            for more in ({}, {"metadata": {"lock-version": "2.1", **metadata}}):
                with contextlib.suppress(PackageLockError):
                    read({**document, **more}, "some.lock", "")


def _loaded(data: bytes) -> tuple[dict[str, object], str, str]:
    document, text = load_toml(data, "some.lock", "uv lock")
    return document, "some.lock", text


def test_the_collector_is_back_after_a_lock_that_cannot_be_read(tmp_path: Path) -> None:
    import gc

    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "uv.lock").write_text("version = ")
    was_enabled = gc.isenabled()
    with pytest.raises(PackageLockError):
        read_locked_project(tmp_path, "uv2nix", ".")
    assert gc.isenabled() is was_enabled

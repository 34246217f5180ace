"""A lock against its pyproject.toml and against env.yaml, as `check` tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyenvspec.diagnostics import PyenvspecError, Severity
from pyenvspec.driver import check_project

if TYPE_CHECKING:
    from pathlib import Path

    from pyenvspec.diagnostics import Diagnostic

HASH = "0" * 64


def check(
    folder: Path, lock: str, pyproject: str, manifest: str = "python: {version: 3.11, manager: uv2nix}"
) -> list[Diagnostic]:
    (folder / "env.yaml").write_text(manifest)
    (folder / "pyproject.toml").write_text(f'[project]\nname = "demo"\n{pyproject}')
    (folder / "uv.lock").write_text(f'version = 1\nrequires-python = ">=3.10"\n{lock}')
    try:
        return list(check_project(folder)[2])
    except PyenvspecError as error:
        return list(error.diagnostics)


def codes(found: list[Diagnostic]) -> list[str]:
    return [one.code for one in found]


def demo(*, requires: str = "", groups: str = "", edges: str = "", more: str = "") -> str:
    return f"""
[[package]]
name = "demo"
source = {{ virtual = "." }}
dependencies = [{edges}]
{more}
[package.metadata]
requires-dist = [{requires}]

[package.metadata.requires-dev]
{groups}
"""


def wheels(name: str, *tags: str, version: str = "1.0", markers: str = "") -> str:
    files = ", ".join(
        f'{{ url = "https://index.example/{name}-{version}-{tag}.whl", hash = "sha256:{HASH}" }}'
        for tag in tags
    )
    forks = f"resolution-markers = [{markers}]\n" if markers else ""
    head = f'\n[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ registry = "i" }}\n'
    return f"{head}{forks}wheels = [{files}]\n"


class TestStale:
    FRESH = (
        ("dependencies = ['numpy>=1,<2']", '{ name = "numpy", specifier = "<2,>=1" }'),
        ("dependencies = ['NumPy']", '{ name = "numpy" }'),
        ("dependencies = ['x[b,a] == 1.0']", '{ name = "x", extras = ["a", "b"], specifier = "==1.0.0" }'),
        ("dependencies = ['x ; os_name == \"nt\"']", '{ name = "x", marker = "os_name == \'nt\'" }'),
        ("dependencies = ['x @ git+https://g.example/x']", '{ name = "x", git = "https://g.example/x" }'),
        ("dependencies = ['x>=1']", '{ name = "x", editable = "libs/x" }'),
        ("requires-python = '>=3.10.0'", ""),
        ("dynamic = ['dependencies']", '{ name = "whatever" }'),
        ("dependencies = ['not a requirement !!']", ""),
        (
            "dependencies = ['x']\n[project.optional-dependencies]\ngpu = ['y']",
            '{ name = "x" }, { name = "y", marker = "extra == \'gpu\'" }',
        ),
    )
    STALE = (
        ("dependencies = ['numpy']", "", "asks for `numpy`"),
        ("dependencies = []", '{ name = "numpy" }', "still holds `numpy`"),
        ("dependencies = ['numpy>=2']", '{ name = "numpy", specifier = ">=1" }', "asks for `numpy>=2`"),
        ("dependencies = ['x[a]']", '{ name = "x" }', "asks for `x`"),
        ("requires-python = '>=3.11'", "", "asks for Python `>=3.11`"),
    )

    @pytest.mark.parametrize(("pyproject", "requires"), FRESH)
    def test_what_says_the_same_is_not_stale(self, tmp_path: Path, pyproject: str, requires: str) -> None:
        assert "package-lock-stale" not in codes(check(tmp_path, demo(requires=requires), pyproject))

    @pytest.mark.parametrize(("pyproject", "requires", "words"), STALE)
    def test_what_differs_is_named(self, tmp_path: Path, pyproject: str, requires: str, words: str) -> None:
        found = [
            d for d in check(tmp_path, demo(requires=requires), pyproject) if d.code == "package-lock-stale"
        ]
        assert len(found) == 1
        assert words in found[0].message
        assert "uv lock" in (found[0].hint or "")

    def test_groups_are_compared_with_what_they_include(self, tmp_path: Path) -> None:
        pyproject = "[dependency-groups]\ntest = ['pytest']\ndev = [{include-group = 'test'}, 'ruff']"
        locked = 'test = [{ name = "pytest" }]\ndev = [{ name = "pytest" }, { name = "ruff" }]'
        assert check(tmp_path, demo(groups=locked), pyproject) == []
        (found,) = check(tmp_path, demo(groups='test = [{ name = "pytest" }]'), pyproject)
        assert (found.code, "group dev" in found.message) == ("package-lock-stale", True)

    def test_groups_that_include_each_next_one_twice_are_walked_once(self, tmp_path: Path) -> None:
        # 2 ** 200 walks otherwise, and a chain of as many as Python's stack is deep.
        rows = [
            f"g{n} = [{{include-group = 'g{n + 1}'}}, {{include-group = 'G{n + 1}'}}]" for n in range(200)
        ]
        pyproject = "\n".join(["[dependency-groups]", *rows, "g200 = ['pytest']"])
        (found,) = check(tmp_path, demo(), pyproject)
        assert (found.code, "asks for `pytest`" in found.message) == ("package-lock-stale", True)

    def test_a_lock_of_another_project_is_told(self, tmp_path: Path) -> None:
        (found,) = check(tmp_path, demo().replace('"demo"', '"other"'), "")
        assert "does not hold the project `demo`" in found.message


class TestWheels:
    """A package without a wheel is an error only where the environment needs it."""

    LINUX = "cp311-cp311-manylinux_2_28_x86_64"
    SYSTEMS = "python: {version: 3.11, manager: uv2nix}\nsystems: [x86_64-linux, aarch64-linux]"

    def one(
        self,
        tmp_path: Path,
        edges: str,
        packages: str,
        manifest: str = SYSTEMS,
        pyproject: str = "",
        more: str = "",
    ) -> list[Diagnostic]:
        return check(tmp_path, demo(edges=edges, more=more) + packages, pyproject, manifest)

    def test_a_system_asked_for_without_a_wheel_is_an_error(self, tmp_path: Path) -> None:
        (found,) = self.one(tmp_path, '{ name = "x" }', wheels("x", self.LINUX))
        assert found.code == "package-lock-no-wheel"
        assert "x 1.0 has no wheel for Python 3.11 on aarch64-linux" in found.message
        assert found.span is not None

    def test_a_marker_that_leaves_the_system_out_is_heard(self, tmp_path: Path) -> None:
        edge = '{ name = "x", marker = "platform_machine == \'x86_64\'" }'
        assert self.one(tmp_path, edge, wheels("x", self.LINUX)) == []

    def test_an_extra_counts_where_it_is_asked_for(self, tmp_path: Path) -> None:
        more = '[package.optional-dependencies]\ngpu = [{ name = "x" }]\n'
        lock, project = wheels("x", self.LINUX), "[project.optional-dependencies]\ngpu = []"
        assert self.one(tmp_path, "", lock, pyproject=project, more=more) == []
        asked = self.SYSTEMS.replace("uv2nix}", "uv2nix, extras: [GPU]}")
        assert codes(self.one(tmp_path, "", lock, asked, project, more)) == ["package-lock-no-wheel"]

    def test_forks_of_the_lock_count_where_their_markers_hold(self, tmp_path: Path) -> None:
        forks = wheels("x", self.LINUX, markers="\"platform_machine == 'x86_64'\"")
        forks += wheels(
            "x",
            "cp311-cp311-manylinux_2_28_aarch64",
            version="0.9",
            markers="\"platform_machine != 'x86_64'\"",
        )
        edges = '{ name = "x", version = "1.0", marker = "platform_machine == \'x86_64\'" }, '
        edges += '{ name = "x", version = "0.9", marker = "platform_machine != \'x86_64\'" }'
        assert self.one(tmp_path, edges, forks) == []

    def test_default_systems_give_way_to_the_lock(self, tmp_path: Path) -> None:
        (tmp_path / "env.yaml").write_text("python: {version: 3.11, manager: uv2nix}")
        assert check(tmp_path, demo(edges='{ name = "x" }') + wheels("x", self.LINUX), "") == []
        plan = check_project(tmp_path)[1]
        assert plan.systems == ("x86_64-linux",)
        assert any("x 1.0 has no wheel" in decision.reason for decision in plan.decisions)

    def test_a_python_without_a_wheel_is_an_error_whatever_the_systems(self, tmp_path: Path) -> None:
        manifest = "python: {version: 3.12, manager: uv2nix}"
        (found,) = self.one(tmp_path, '{ name = "x" }', wheels("x", self.LINUX), manifest)
        assert found.message == "x 1.0 has no wheel for Python 3.12, and no sdist"

    @pytest.mark.parametrize("override", ["{remove: true}", "{from_nixpkgs: true}"])
    def test_a_package_from_elsewhere_needs_no_wheel(self, tmp_path: Path, override: str) -> None:
        manifest = f"{self.SYSTEMS}\noverrides: {{X: {override}}}"
        assert self.one(tmp_path, '{ name = "x" }', wheels("x", self.LINUX), manifest) == []


def test_a_public_index_needs_no_note(tmp_path: Path) -> None:
    index = "https://download.pytorch.org/whl/cu118"
    pyproject = f"[[tool.uv.index]]\nname = 'torch'\nurl = '{index}'"
    lock = demo() + wheels("torch", "py3-none-any").replace('"i"', f'"{index}"')
    assert check(tmp_path, lock, pyproject) == []
    private = "https://user:secret@index.example/simple"
    pyproject = f"[[tool.uv.index]]\nname = 'lab'\nurl = '{private}'"
    (note,) = check(tmp_path, demo() + wheels("x", "py3-none-any").replace('"i"', f'"{private}"'), pyproject)
    assert (note.code, note.severity) == ("package-lock-index", Severity.NOTE)
    assert "machine index.example login" in (note.hint or "")
    assert "secret" not in (note.hint or "") + note.message


def test_other_managers_read_no_lock(tmp_path: Path) -> None:
    assert check(tmp_path, "broken = ", "", "python: {version: 3.11, manager: nixpkgs}") == []


@pytest.mark.parametrize("place", ["../x", "libs/../../x", "/srv/x"])
def test_a_path_outside_is_an_error(tmp_path: Path, place: str) -> None:
    lock = demo() + f'\n[[package]]\nname = "x"\nversion = "1"\nsource = {{ directory = "{place}" }}\n'
    assert codes(check(tmp_path, lock, "")) == ["package-lock-outside"]


CONFLICT = 'conflicts = [[{ package = "demo", extra = "cpu" }, { package = "demo", extra = "gpu" }]]\n'


def test_extras_that_exclude_each_other_are_told_at_the_second(tmp_path: Path) -> None:
    project = "optional-dependencies = {cpu = [], gpu = [], docs = []}\n"
    manifest = "python: {version: 3.11, manager: uv2nix, extras: [docs, cpu, GPU]}"
    found = check(tmp_path, CONFLICT + demo(), project, manifest)
    assert codes(found) == ["package-lock-conflicting-extras"]
    assert found[0].path == ("python", "extras", 2)
    assert found[0].message == "the extra `GPU` and the extra `cpu` exclude each other, says uv.lock"
    for chosen in ("[cpu, docs]", "[docs]"):
        alone = manifest.replace("[docs, cpu, GPU]", chosen)
        assert codes(check(tmp_path, CONFLICT + demo(), project, alone)) == []


@pytest.mark.parametrize(
    "conflicts", ["1", "[1]", "[[1]]", "[[{ package = 1, extra = 2 }]]", '[[{ extra = "a" }]]']
)
def test_conflicts_of_another_shape_say_nothing(tmp_path: Path, conflicts: str) -> None:
    assert codes(check(tmp_path, f"conflicts = {conflicts}\n{demo()}", "")) == []


def test_one_version_of_two_indices_is_two_packages(tmp_path: Path) -> None:
    torch = '{ name = "torch", version = "1.0", source = { registry = "%s" }, marker = "%s" }'
    edges = ", ".join(
        torch % (index, f"sys_platform {how} 'darwin'") for index, how in (("cpu", "=="), ("i", "!="))
    )
    lock = demo(edges=edges) + wheels("torch", "cp311-cp311-manylinux_2_28_x86_64")
    other = wheels("torch", "cp311-none-macosx_11_0_arm64").replace('registry = "i"', 'registry = "cpu"')
    manifest = "python: {version: 3.11, manager: uv2nix}\nsystems: [x86_64-linux, aarch64-darwin]"
    assert codes(check(tmp_path, lock + other, "", manifest)) == []
    # Each index has its own files: without that of macOS it is missing there.
    assert codes(check(tmp_path, lock + other.replace("macosx_11_0_arm64", "win_amd64"), "", manifest)) == [
        "package-lock-no-wheel"
    ]


@pytest.mark.parametrize(
    ("place", "expected"), [("third_party/mylib", True), ("third_party/mylibrary", False), ("src", False)]
)
def test_nix_reads_in_a_submodule_where_a_path_dependency_lies(
    tmp_path: Path, place: str, expected: bool
) -> None:
    (tmp_path / ".gitmodules").write_text(
        '[submodule "mylib"]\n\tpath = third_party/mylib\n\turl = https://git.example/mylib\n'
    )
    package = f'\n[[package]]\nname = "mylib"\nversion = "1"\nsource = {{ directory = "{place}" }}\n'
    lock = demo(edges='{ name = "mylib" }') + package
    assert codes(check(tmp_path, lock, "")) == []
    assert check_project(tmp_path)[1].submodules is expected

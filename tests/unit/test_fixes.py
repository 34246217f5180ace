"""Known fixes: the table is sound, and what applies goes under the user's own overrides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pyenvspec.facts.fixes import fixes_for, known_fixes
from pyenvspec.facts.native import attributes
from pyenvspec.facts.packages import normalise
from pyenvspec.project.locks.locked_project import LockedProject
from pyenvspec.project.locks.toml import load_toml
from pyenvspec.project.locks.uv import read_uv
from pyenvspec.raw import Mapping
from pyenvspec.resolving.fixes import apply_fixes, fix_decisions
from pyenvspec.resolving.shell_systems import served_systems
from pyenvspec.spec.model import LOCK_MANAGERS, ShellSpec, Spec
from pyenvspec.spec.overrides import Override

if TYPE_CHECKING:
    from pyenvspec.facts.fixes import KnownFix
    from pyenvspec.resolving.fixes import Fixed

LINUX = ("x86_64-linux",)
WHEEL = "cp311-cp311-manylinux_2_28_x86_64"


class TestTable:
    @pytest.mark.parametrize("fix", known_fixes(), ids=lambda fix: f"{fix.package}-{fix.built_from}")
    def test_each_row_is_an_override_with_a_reason_and_a_source(self, fix: KnownFix) -> None:
        override = Override.model_validate(fix.override)
        assert override.model_fields_set == fix.override.keys()
        assert override.model_fields_set
        assert fix.why
        assert fix.source
        assert set(fix.managers) <= set(LOCK_MANAGERS)
        assert fix.package == "*" or normalise(fix.package.replace("*", "")) in fix.package

    def test_what_needs_cuda_is_only_in_rows_that_say_so(self) -> None:
        for fix in known_fixes():
            named = (*fix.override.get("libraries", ()), *fix.override.get("build_tools", ()))
            assert any(name.startswith("cuda.") for name in named) <= fix.needs_cuda, fix.package

    def test_libraries_and_tools_are_attributes_of_nixpkgs(self) -> None:
        known = {attribute.name for attribute in attributes()}
        outside = set()
        for fix in known_fixes():
            for name in (*fix.override.get("libraries", ()), *fix.override.get("build_tools", ())):
                if name.split(".")[0] not in ("xorg", "stdenv", "cuda") and name.split(".")[0] not in known:
                    outside.add(name)
        assert outside <= {"autoPatchelfHook"}

    def test_the_fallback_comes_last(self) -> None:
        assert fixes_for("anything", "uv2nix")[-1].is_fallback
        assert not any(fix.is_fallback for fix in fixes_for("torch", "uv2nix")[:-1])


def project(*packages: str, manager: str = "uv2nix") -> LockedProject:
    """A project `demo` that needs each package; `name==version` has a wheel, with `@sdist` only a source."""
    names = [given.split("==")[0] for given in packages]
    edges = "".join(f'    {{ name = "{name}" }},\n' for name in dict.fromkeys(names))
    text = f'version = 1\n\n[[package]]\nname = "demo"\nsource = {{ virtual = "." }}\ndependencies = [\n{edges}]\n'
    for given in packages:
        name, _, version = given.removesuffix("@sdist").partition("==")
        file = f"{name}-{version}.tar.gz" if given.endswith("@sdist") else f"{name}-{version}-{WHEEL}.whl"
        entry = f'{{ url = "https://index.example/{file}", hash = "sha256:0" }}'
        files = f"sdist = {entry}" if given.endswith("@sdist") else f"wheels = [{entry}]"
        text += (
            f'\n[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ registry = "i" }}\n{files}\n'
        )
    document, kept = load_toml(text.encode(), "uv.lock", "uv lock")
    return LockedProject(manager, ".", read_uv(document, "uv.lock", kept), {"project": {"name": "demo"}})


def spec(**more: Any) -> Spec:
    return Spec.model_validate({"python": {"version": "3.11"}, **more})


def apply(*packages: str, manager: str = "uv2nix", **more: Any) -> Fixed:
    return apply_fixes(project(*packages, manager=manager), spec(**more), LINUX)


def test_a_fix_applies_to_a_package_of_the_lock_and_is_told() -> None:
    fixed = apply("numba==0.60.0", "numpy==2.0.0")
    assert set(fixed.overrides) == {"numba"}
    assert fixed.overrides["numba"].ignore_missing_libraries == ("libtbb.so.*",)
    (decision,) = fix_decisions(fixed)
    assert decision.key == "overrides.numba"
    assert "libtbb" in decision.choice
    assert "numba 0.60.0" in decision.reason
    assert decision.source


def test_fixes_for_source_builds_apply_where_the_package_is_built() -> None:
    assert apply("h5py==3.0").overrides == {}
    assert apply("h5py==3.0@sdist").overrides["h5py"].libraries == ("hdf5",)
    assert apply("pillow==11.0").overrides == {}


def test_asking_for_the_source_brings_the_fix_of_source_builds() -> None:
    given = project("pillow==11.0")
    assert given.lock is not None
    assert apply_fixes(given, spec(wheels={"disabled": ["Pillow"]}), LINUX).overrides == {}, (
        "there is no source"
    )
    assert "freetype" in apply("pillow==11.0@sdist").overrides["pillow"].libraries


def test_a_source_build_without_a_row_gets_setuptools_and_a_build_backend_nothing() -> None:
    fixed = apply("some-old-thing==1.0@sdist", "hatchling==1.0@sdist")
    assert {name: one.build_systems for name, one in fixed.overrides.items()} == {
        "some-old-thing": ("setuptools",)
    }


def test_a_package_with_a_row_of_its_own_does_not_get_the_fallback() -> None:
    assert apply("termcolor==2.0@sdist").overrides["termcolor"].build_systems == ("hatchling", "hatch-vcs")


@pytest.mark.parametrize(("version", "backend"), [("1.4.2", "setuptools"), ("1.5.0", "meson-python")])
def test_the_version_decides_between_rows(version: str, backend: str) -> None:
    fixed = apply(f"scikit-learn=={version}@sdist")
    assert fixed.overrides["scikit-learn"].build_systems[0] == backend


def test_libraries_of_cuda_come_with_cuda_only() -> None:
    assert apply("onnxruntime-gpu==1.20").overrides["onnxruntime-gpu"].libraries == ()
    with_cuda = apply("onnxruntime-gpu==1.20", cuda={"version": "12.4"}).overrides["onnxruntime-gpu"]
    assert with_cuda.libraries == ("cuda.cudnn", "cuda.cudatoolkit")
    assert "libcuda.so.1" in with_cuda.ignore_missing_libraries


def test_what_the_user_says_stays_and_the_fix_adds_the_rest() -> None:
    own = {"H5Py": {"libraries": ["mine"]}}
    fixed = apply("h5py==3.0@sdist", overrides=own).overrides["h5py"]
    assert fixed.libraries == ("mine",)
    assert fixed.build_tools == ("pkg-config",)


@pytest.mark.parametrize("own", [{"remove": True}, {"from_nixpkgs": True}])
def test_a_package_that_is_not_built_from_the_lock_needs_no_fix(own: dict[str, bool]) -> None:
    fixed = apply("h5py==3.0@sdist", overrides={"h5py": own})
    assert fixed.overrides["h5py"] == Override.model_validate(own)
    assert fixed.applied == ()


def test_fixes_can_be_turned_off_all_or_one_by_one() -> None:
    packages = ("h5py==3.0@sdist", "numba==0.60.0")
    assert apply(*packages, fixes="none").applied == ()
    assert {one.package for one in apply(*packages, fixes=["H5Py"]).applied} == {"numba"}
    assert {one.package for one in apply(*packages).applied} == {"h5py", "numba"}


def test_a_package_that_the_environment_does_not_need_gets_no_fix() -> None:
    given = project("numba==0.60.0")
    assert given.lock is not None
    alone = LockedProject("uv2nix", ".", given.lock, {"project": {"name": "another"}})
    assert apply_fixes(alone, spec(), LINUX).applied == ()


def test_each_manager_has_its_own_rows() -> None:
    assert apply("typing==3.7@sdist").overrides["typing"].remove
    assert apply("torch==2.5").overrides["torch"].ignore_missing_libraries
    fixed = apply("torch==2.5", manager="poetry2nix")
    assert "torch" not in fixed.overrides, "poetry2nix has such rules of its own"


def test_default_systems_are_those_on_which_everything_can_be_had() -> None:
    shell = ShellSpec("default", spec(), Mapping((), None))  # type: ignore[arg-type]
    asked = ("x86_64-linux", "aarch64-linux")
    systems, (decision,) = served_systems(shell, project("torch==2.5"), asked)
    assert systems == LINUX
    assert decision.reason == "torch 2.5 has no wheel for aarch64-linux, and no source"
    assert served_systems(shell, project("h5py==3.0@sdist"), asked) == (asked, ())

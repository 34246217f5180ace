"""Names of packages against the release that is used, and what nixpkgs is told to permit."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypeVar

import pytest

from pyenvspec.diagnostics import MOST_FINDINGS, PyenvspecError
from pyenvspec.driver import check_tree, compile_project
from pyenvspec.facts.native import attributes, find_attribute, find_native_name, native_names
from pyenvspec.names import is_native
from pyenvspec.reading.source import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pyenvspec.diagnostics import Diagnostic

Item = TypeVar("Item")


def check(root: Path, text: str) -> tuple[Diagnostic, ...]:
    """All findings about an env.yaml, errors too."""
    try:
        return check_tree(root, read_text(text.encode(), "env.yaml"))[2]
    except PyenvspecError as error:
        return error.diagnostics


def codes(root: Path, text: str) -> list[str]:
    return [finding.code for finding in check(root, text)]


def with_native(names: Iterable[str], more: str = "") -> str:
    return f"python: 3.12\n{more}native: {json.dumps(list(names))}\n"


def test_every_package_that_nixpkgs_has_is_taken(tmp_path: Path) -> None:
    plain = [
        one.name
        for one in attributes()
        if one.is_package and one.gone is None and not (one.insecure or one.is_broken or one.not_for_linux)
    ]
    assert len(plain) > 20_000
    told = {finding.message.split("`")[1] for finding in check(tmp_path, with_native(plain))}
    # What people mean by a few of them is something else, and rows by hand say so.
    assert {name for name in told if find_native_name(name) is None} == set()


def _parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """As many at once as are told."""
    return (items[at : at + MOST_FINDINGS] for at in range(0, len(items), MOST_FINDINGS))


def test_every_package_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = [one.name for one in attributes() if one.gone is not None and "." not in one.name]
    told = {
        finding.message.split("`")[1]
        for some in _parts(gone)
        for finding in check(tmp_path, with_native(some, "nixpkgs: nixos-unstable\n"))
    }
    assert {name for name in gone if name not in told} == set()


def test_every_curated_name_is_told_and_what_it_tells_to_write_is_taken(tmp_path: Path) -> None:
    rows = [row for row in native_names() if row.kind == "attr" and not row.is_attribute and row.attr]
    # What only older releases have (OSMesa) is asked for by what says which.
    rows = [row for row in rows if not ((older := find_attribute(row.attr or "")) and older.gone)]
    for row in rows:
        assert is_native(row.attr or ""), row
    findings = [
        finding for some in _parts(rows) for finding in check(tmp_path, with_native(row.name for row in some))
    ]
    for row, finding in zip(rows, findings, strict=True):
        if finding.code == "native-unknown":
            assert finding.expected == f"did you mean `{row.attr}`?", row


@pytest.mark.parametrize(
    ("more", "name", "expected"),
    [
        # there then, gone now
        ("nixpkgs: nixos-25.11\n", "neofetch", []),
        ("nixpkgs: nixos-26.05\n", "neofetch", ["native-gone"]),
        # two spellings of one package
        ("nixpkgs: nixos-25.05\n", "libx11", []),
        ("nixpkgs: nixos-26.05\n", "xorg.libX11", []),
        # an older nixpkgs may not know of the vulnerability yet
        ("nixpkgs: {release: nixos-26.05, insecure: [minio]}\n", "minio", []),
        ("nixpkgs: nixos-26.05\n", "minio", ["native-insecure"]),
        ("", "mkl", []),
        ("nixpkgs: {unfree: false}\n", "mkl", ["native-unfree"]),
    ],
)
def test_a_name_depends_on_the_release(tmp_path: Path, more: str, name: str, expected: list[str]) -> None:
    assert codes(tmp_path, with_native([name], more)) == expected


def compiled(root: Path, text: str) -> str:
    (root / "env.yaml").write_text(text)
    return compile_project(root).files["nix/pyenvspec/default.nix"].decode()


def test_only_the_unfree_packages_asked_for_are_permitted(tmp_path: Path) -> None:
    module = compiled(tmp_path, with_native(["mkl", "terraform"]))
    assert "builtins.elem (inputs.nixpkgs.lib.getName package) [" in module
    assert '"mkl"' in module
    assert "allowUnfree = true" not in module
    assert "allowUnfree" not in compiled(tmp_path, with_native(["ffmpeg"]))


def test_a_service_may_be_unfree(tmp_path: Path) -> None:
    module = compiled(tmp_path, "python: 3.12\nservices: {mongodb: {enable: true}}\n")
    assert 'inputs.nixpkgs.lib.getName package == "mongodb-ce"' in module


def test_an_insecure_package_is_permitted_by_name(tmp_path: Path) -> None:
    module = compiled(tmp_path, with_native(["minio"], "nixpkgs: {insecure: [minio]}\n"))
    assert "allowInsecurePredicate" in module
    assert '"minio"' in module


def test_a_package_is_lowered_as_its_release_calls_it(tmp_path: Path) -> None:
    assert "pkgs.libx11" in compiled(tmp_path, with_native(["xorg.libX11"], "nixpkgs: nixos-26.05\n"))
    assert "pkgs.xorg.libX11" in compiled(tmp_path, with_native(["libx11"], "nixpkgs: nixos-25.05\n"))
    both = compiled(tmp_path, with_native(["libx11", "xorg.libX11"], "nixpkgs: nixos-25.05\n"))
    assert "native = [ pkgs.xorg.libX11 ]" in both


def test_a_package_in_a_text_is_called_so_too(tmp_path: Path) -> None:
    module = compiled(
        tmp_path,
        "python: 3.12\nnixpkgs: nixos-25.05\npreload: [libx11/lib/libX11.so]\n"
        'env: {X: "${pkgs.libx11}/lib:${pkgs.libx11}/lib"}\nscripts: {go: "ls ${pkgs.libx11}"}\n'
        'on_enter: "ls ${pkgs.libx11}"\nprocesses: {p: "ls ${pkgs.libx11}"}\n'
        'containers: {default: {env: {X: "${pkgs.libx11}/lib"}}}\n',
    )
    assert module.count("pkgs.xorg.libX11") == 7
    assert "pkgs.libx11" not in module
    text = 'python: 3.12\nnixpkgs: nixos-25.05\nenv: {X: "${pkgs.libx11}/lib"}\n'
    assert codes(tmp_path, text) == []


def test_a_name_of_a_script_is_checked_too(tmp_path: Path) -> None:
    text = 'python: 3.12\nscripts: {go: "${pkgs.gperftols}/bin/x"}\n'
    assert codes(tmp_path, text) == ["native-unknown"]


CUDA_SETS = (
    "python: {version: 3.12, manager: pip}\nnixpkgs: {release: %s}\ncuda: {version: 12.8, packages: [%s]}\n"
)


@pytest.mark.parametrize(
    ("release", "name", "words"),
    [
        ("nixos-unstable", "nvidia_driver", "the packages of CUDA have no `nvidia_driver` in nixos-unstable"),
        ("nixos-25.05", "nvidia_driver", ""),
        ("nixos-unstable", "cutensor", ""),  # taken by the name of today
    ],
)
def test_packages_of_cuda_that_newer_releases_have_no_more(
    tmp_path: Path, release: str, name: str, words: str
) -> None:
    told = [one.message for one in check(tmp_path, CUDA_SETS % (release, name)) if one.code == "cuda-unknown"]
    assert told == ([words] if words else [])


@pytest.mark.parametrize(
    ("release", "name"), [("nixos-unstable", "libcutensor"), ("nixos-25.05", "cutensor")]
)
def test_a_package_of_cuda_is_called_as_its_release_calls_it(tmp_path: Path, release: str, name: str) -> None:
    text = CUDA_SETS % (release, "cutensor") + 'env: {HERE: "${cuda.cutensor}/include"}\n'
    (tmp_path / "env.yaml").write_text(text)
    (tmp_path / "requirements.txt").write_text("")
    module = compile_project(tmp_path).files["nix/pyenvspec/default.nix"].decode()
    assert len(re.findall(rf"cudaPackages_12_8\.{name}\b", module)) == 2

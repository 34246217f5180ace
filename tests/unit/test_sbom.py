"""The document of an image: valid by its own validator, the same bytes each time, what the store and locks say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from pyenvspec.commands.sbom.contents import (
    LockedFile,
    StorePath,
    ask_store,
    paths_of_image,
    read_locked_files,
    read_paths,
)
from pyenvspec.commands.sbom.document import format_sbom
from pyenvspec.tools import Result

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HASH = "a" * 64
UV = f"""
[[package]]
name = "Tiny_Pkg"
version = "1.0"
sdist = {{ url = "https://x.example/tiny_pkg-1.0.tar.gz", hash = "sha256:{"b" * 64}" }}
wheels = [
  {{ url = "https://x.example/tiny_pkg-1.0-cp311-cp311-win_amd64.whl", hash = "sha256:{"c" * 64}" }},
  {{ url = "https://x.example/tiny_pkg-1.0-cp311-cp311-manylinux_2_17_x86_64.whl", hash = "sha256:{HASH}" }},
]
"""
POETRY = f"""
[[package]]
name = "tiny-pkg"
version = "1.0"
files = [{{file = "tiny_pkg-1.0-cp311-cp311-manylinux_2_17_x86_64.whl", hash = "sha256:{HASH}"}}]
"""
PYLOCK = f"""
[[packages]]
name = "tiny-pkg"
version = "1.0"
wheels = [{{ path = "wheels/tiny_pkg-1.0-cp311-cp311-manylinux_2_17_x86_64.whl", hashes = {{ sha256 = "{HASH}" }} }}]
"""


def make_store(folder: Path) -> dict[str, Any]:
    """What Nix would say of two paths, one of which holds a Python package and is linked to by the other."""
    site = folder / "0-tiny-pkg-1.0" / "lib" / "python3.11" / "site-packages"
    info = site / "Tiny_Pkg-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: Tiny_Pkg\nVersion: 1.0\nLicense-Expression: MIT\n\n"
    )
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_17_x86_64\n")
    links = folder / "1-python-env" / "lib" / "python3.11"
    links.mkdir(parents=True)
    (links / "site-packages").symlink_to(site)
    return {
        str(folder / "0-tiny-pkg-1.0"): {
            "narHash": "sha256-x",
            "references": [str(folder / "0-tiny-pkg-1.0")],
        },
        str(folder / "1-python-env"): {"narHash": "sha256-y", "references": [str(folder / "0-tiny-pkg-1.0")]},
    }


@pytest.mark.parametrize(
    ("lock", "text"), [("uv.lock", UV), ("poetry.lock", POETRY), ("pylock.toml", PYLOCK)]
)
def test_a_package_is_told_with_its_file_of_the_lock(tmp_path: Path, lock: str, text: str) -> None:
    (tmp_path / lock).write_text(text)
    locked = read_locked_files(tmp_path)
    paths = read_paths(make_store(tmp_path / "store"), locked)
    document = json.loads(format_sbom("lab/speech", "v1", f"sha256:{HASH}", paths))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)) is None
    (package,) = [c for c in document["components"] if c.get("purl", "").startswith("pkg:pypi/")]
    assert package["purl"] == "pkg:pypi/tiny-pkg@1.0"
    assert package["hashes"] == [{"alg": "SHA-256", "content": HASH}]
    assert package["licenses"] == [{"expression": "MIT"}]
    needed = {d["ref"]: d.get("dependsOn", []) for d in document["dependencies"]}
    first, second = (str(tmp_path / "store" / name) for name in ("0-tiny-pkg-1.0", "1-python-env"))
    assert needed[second] == [first]
    assert needed[first] == [package["bom-ref"]]
    assert needed[document["metadata"]["component"]["bom-ref"]] == [second]
    assert ("externalReferences" in package) == (lock == "uv.lock")


def test_the_same_image_gives_the_same_bytes(tmp_path: Path) -> None:
    paths = read_paths(make_store(tmp_path), {})
    assert format_sbom("a", "1", f"sha256:{HASH}", paths) == format_sbom("a", "1", f"sha256:{HASH}", paths)


@pytest.mark.parametrize(
    ("path", "name", "version"),
    [
        ("glibc-2.40-66-bin", "glibc", "2.40-66"),
        ("gcc-14.2.1.20250322-lib", "gcc", "14.2.1.20250322"),
        ("image-root", "image-root", None),
        ("python3-3.12.1", "python3", "3.12.1"),
        ("source", "source", None),
    ],
)
def test_names_and_versions_are_parted_as_nix_does(path: str, name: str, version: str | None) -> None:
    found = StorePath(f"/nix/store/{'0' * 32}-{path}", "", ())
    assert found.name_and_version == (name, version)


def test_the_layers_of_an_image_say_which_paths_they_hold(tmp_path: Path) -> None:
    layer = tmp_path / "layer" / "blobs" / "sha256"
    layer.mkdir(parents=True)
    (layer / "one").write_text("")
    (tmp_path / "layer" / "paths").write_text("/nix/store/b\n/nix/store/a\n")
    blobs = tmp_path / "image" / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    (blobs / "one").symlink_to(layer / "one")
    (blobs / "config").write_text("{}")
    assert paths_of_image(tmp_path / "image") == ["/nix/store/a", "/nix/store/b"]


class OldNix:
    """A Nix of before `--json-format`."""

    def run(self, argv: Sequence[str], **more: object) -> Result:
        assert more["input"] == "/nix/store/a\n/nix/store/b\n"
        if "--json-format" in argv:
            return Result(tuple(argv), 1, stderr="error: unrecognised flag '--json-format'\n")
        return Result(tuple(argv), 0, "{}")


def test_an_older_nix_is_asked_without_the_form() -> None:
    assert ask_store(["/nix/store/a", "/nix/store/b"], OldNix()).stdout == "{}"


@pytest.mark.parametrize(
    "text", ["package = 3\n", 'package = ["x"]\n', '[[package]]\nname = "a"\nversion = "1"\nwheels = 7\n']
)
def test_a_lock_of_another_form_names_no_files(tmp_path: Path, text: str) -> None:
    (tmp_path / "uv.lock").write_text(text)
    assert not any(read_locked_files(tmp_path).values())


def test_a_lock_that_is_broken_or_strange_names_no_files(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text("[[package")
    (tmp_path / "poetry.lock").write_text(
        '[[package]]\nname = "a"\nversion = "1"\nfiles = [1, {file = "x"}]\n'
    )
    assert read_locked_files(tmp_path) == {("a", "1"): []}
    assert LockedFile("x", None, HASH).url is None

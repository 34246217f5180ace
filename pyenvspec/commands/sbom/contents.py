"""What an image holds: its store paths, the Python packages in them, and the locked files that those came from.

The image is the witness: its layers say which store paths they hold, and each Python package says its own name.
"""

from __future__ import annotations

import json
import re
import tarfile
from email import message_from_string
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name, parse_wheel_filename

from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.project.files import read_project_file
from pyenvspec.project.locks.toml import load_toml
from pyenvspec.records import dataclass
from pyenvspec.tools import nix_argv

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pyenvspec.tools import Result, Runner

_LOCKS = ("uv.lock", "poetry.lock", "pylock.toml")
# Outputs of nixpkgs' derivations besides `out`, which are no part of a package's name: glibc-2.40-66-bin.
_OUTPUT = re.compile(r"-(bin|dev|lib|out|man|doc|info|debug|static|dist|data)$")
# `glibc-2.40`, as builtins.parseDrvName parts it: at a dash before a digit
_VERSION = re.compile(r"-(?=[0-9])")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class LockedFile:
    """A file of a lock: its name, its address where the lock has one, its SHA-256."""

    name: str
    url: str | None
    sha256: str


@dataclass(frozen=True)
class Distribution:
    """A Python package that is installed in a store path; `file` is the one of the lock that it came from."""

    name: str
    version: str
    license: str | None
    file: LockedFile | None


@dataclass(frozen=True)
class StorePath:
    """A path of Nix' store: what it refers to, the hash that Nix knows of it, Python packages in it."""

    path: str
    hash: str
    references: tuple[str, ...]
    distributions: tuple[Distribution, ...] = ()

    @property
    def name_and_version(self) -> tuple[str, str | None]:
        """Name and version as Nix parts them: at the first dash before a digit."""
        name = _OUTPUT.sub("", PurePosixPath(self.path).name.split("-", 1)[-1])
        parts = _VERSION.split(name, maxsplit=1)
        return parts[0], parts[1] if len(parts) > 1 else None


def paths_of_image(layout: Path) -> list[str]:
    """Return the store paths in the layers of an image; its blobs are links into the layers' own folders."""
    paths: set[str] = set()
    for blob in (layout / "blobs" / "sha256").iterdir():
        # An image made by an engine has plain files here, and is read by `read_layers`.
        # LAYER/blobs/sha256/DIGEST, with the store paths of the layer in LAYER/paths (nix/modules/oci-layers.py).
        listing = blob.resolve().parents[2] / "paths" if blob.is_symlink() else None
        if listing is not None and listing.is_file():
            paths.update(listing.read_text(encoding="utf-8").split())
    return sorted(paths)


def digest_of_layout(layout: Path) -> str:
    """Return the digest of the manifest in an OCI layout, which holds a single image here."""
    digest: str = json.loads((layout / "index.json").read_text(encoding="utf-8"))["manifests"][0]["digest"]
    return digest


def blob_path(layout: Path, digest: str) -> Path:
    """Return where a layout has the blob `sha256:HEX`."""
    return layout / "blobs" / digest.replace(":", "/")


def read_blob(layout: Path, digest: str) -> dict[str, Any]:
    """Return a manifest or configuration of a layout."""
    document: dict[str, Any] = json.loads(blob_path(layout, digest).read_text(encoding="utf-8"))
    return document


# With `./` or without: engines write the names in a layer either way.
_OF_STORE = re.compile(r"(?:\./)?(nix/store/[^/]+)")
_OF_ENVIRONMENT = re.compile(
    r"(?:\./)?(opt/env/lib/python3[^/]*/site-packages/[^/]+\.dist-info/(?:METADATA|WHEEL))"
)


def read_layers(layout: Path, folder: Path) -> list[str]:
    """Return the store paths in the layers of an image that an engine made; what its packages say goes to `folder`."""
    store_paths: set[str] = set()
    for layer in read_blob(layout, digest_of_layout(layout))["layers"]:
        # As a stream and with whatever compression: layers are gigabytes, and an engine chooses it.
        with tarfile.open(blob_path(layout, layer["digest"]), "r|*") as archive:
            for member in archive:
                if match := _OF_STORE.match(member.name):
                    store_paths.add(f"/{match[1]}")
                elif member.isfile() and (match := _OF_ENVIRONMENT.fullmatch(member.name)):
                    place = folder / match[1]
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(content.read() if (content := archive.extractfile(member)) else b"")
    return sorted(store_paths)


def ask_store(paths: Iterable[str], runner: Runner) -> Result:
    """Return what `nix path-info --json` says of store paths, which are too many for a command line."""
    # Newer releases of Nix want to be told the form, and older ones have this one only and do not know the option.
    for form in (("--json-format", "1"), ()):
        argv = nix_argv("path-info", "--json", *form, "--stdin")
        answer = runner.run(argv, input="".join(f"{path}\n" for path in paths))
        if "unrecognised" not in answer.stderr:
            break
    return answer


def read_paths(
    answer: Mapping[str, Any], locked: Mapping[tuple[str, str], list[LockedFile]]
) -> list[StorePath]:
    """Return the rows of `ask_store` by path, with the Python packages that lie in each."""
    return [
        StorePath(
            path,
            str(info["narHash"]),
            # A path may name itself, which is no dependency.
            tuple(sorted(set(info["references"]) - {path})),
            tuple(distributions(Path(path), locked)),
        )
        for path, info in sorted(answer.items())
    ]


def distributions(path: Path, locked: Mapping[tuple[str, str], list[LockedFile]]) -> Iterator[Distribution]:
    """Yield the Python packages that are installed below a path, by their own metadata."""
    for metadata in sorted(path.glob("lib/python3*/site-packages/*.dist-info/METADATA")):
        # An environment links to the packages that it is made of.
        if metadata.is_symlink() or metadata.parent.is_symlink() or metadata.parent.parent.is_symlink():
            continue
        fields = message_from_string(metadata.read_text(encoding="utf-8", errors="replace"))
        name, version = str(fields["Name"] or ""), str(fields["Version"] or "")
        if not name or not version:
            continue
        files = locked.get((canonicalize_name(name), version), [])
        # Of the wheels of one release the one whose tags are those that the installed package was made with.
        wheel = metadata.with_name("WHEEL")
        tags = _tags(wheel.read_text(encoding="utf-8", errors="replace")) if wheel.is_file() else set()
        file = next((file for file in files if _tags_of_name(file.name) & tags), None)
        yield Distribution(name, version, fields["License-Expression"], file)


def _tags(text: str) -> set[str]:
    return {line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("Tag:")}


def _tags_of_name(name: str) -> set[str]:
    try:
        return {str(tag) for tag in parse_wheel_filename(name)[3]}
    except ValueError:  # as what packaging raises is, and what Python does for numbers too long
        return set()


def read_locked_files(folder: Path) -> dict[tuple[str, str], list[LockedFile]]:
    """Return the files that the locks in a folder name, by package and version; of a broken lock none."""
    files: dict[tuple[str, str], list[LockedFile]] = {}
    for lock in _LOCKS:
        try:
            document, _ = load_toml(read_project_file(folder, lock) or b"", lock, "")
        except PyenvspecError:  # the image is made already, and its document can do without
            continue
        # uv and poetry write [[package]], pylock.toml has [[packages]].
        for package in _tables(document, "package", "packages"):
            # By both: a lock may have two versions of one name, for two Pythons.
            key = (canonicalize_name(str(package.get("name", ""))), str(package.get("version", "")))
            files.setdefault(key, []).extend(_files(package))
    return files


def _tables(table: Mapping[str, Any], *keys: str) -> Iterator[dict[str, Any]]:
    """Yield the tables in the lists at these keys, or at them; a lock is anybody's text."""
    for key in keys:
        value = table.get(key)
        items = value if isinstance(value, list) else [value]
        yield from (item for item in items if isinstance(item, dict))


def _files(package: Mapping[str, Any]) -> Iterator[LockedFile]:
    """Yield the files of one package: poetry's have a name, uv's and pylock's an address or a path.

    The source of a package (`sdist`) is left out: what is installed is a wheel, which says nothing of it.
    """
    for entry in _tables(package, "files", "wheels", "archive"):
        hashes = entry.get("hashes")
        digest = hashes.get("sha256") if isinstance(hashes, dict) else entry.get("hash")
        sha256 = str(digest).removeprefix("sha256:")
        url = entry.get("url")
        name = PurePosixPath(
            str(entry.get("file") or entry.get("name") or url or entry.get("path") or "")
        ).name
        if _SHA256.fullmatch(sha256) and name:
            yield LockedFile(name, url, sha256)

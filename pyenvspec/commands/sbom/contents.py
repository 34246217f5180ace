"""What an image holds: its store paths, the Python packages in them, and the locked files that those came from.

The image is the witness: its layers say which store paths they hold, and each Python package says its own name.
"""

from __future__ import annotations

import json
import re
import tarfile
import tomllib
from email import message_from_string
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LOCKS = ("uv.lock", "poetry.lock", "pylock.toml")
_OUTPUT = re.compile(r"-(bin|dev|lib|out|man|doc|info|debug|static|dist|data)$")
_VERSION = re.compile(r"-(?=[0-9])")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class LockedFile:
    """A file of a lock: its name, its address where the lock has one, its SHA-256."""

    name: str
    url: str | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """A Python package that is installed in a store path; `file` is the one of the lock that it came from."""

    name: str
    version: str
    license: str | None
    file: LockedFile | None


@dataclass(frozen=True, slots=True)
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
        listing = blob.resolve().parents[2] / "paths" if blob.is_symlink() else None
        if listing is not None and listing.is_file():
            paths.update(listing.read_text(encoding="utf-8").split())
    return sorted(paths)


_OF_STORE = re.compile(r"(?:\./)?(nix/store/[^/]+)")
_OF_ENVIRONMENT = re.compile(
    r"(?:\./)?(opt/env/lib/python3[^/]*/site-packages/[^/]+\.dist-info/(?:METADATA|WHEEL))"
)


def read_layers(layout: Path, folder: Path) -> list[str]:
    """Return the store paths in the layers of an image that an engine made; what its packages say goes to `folder`."""
    store_paths: set[str] = set()

    def read(digest: str) -> Any:
        return json.loads((layout / "blobs" / digest.replace(":", "/")).read_text(encoding="utf-8"))

    manifest = read(json.loads((layout / "index.json").read_text(encoding="utf-8"))["manifests"][0]["digest"])
    for layer in manifest["layers"]:
        with tarfile.open(layout / "blobs" / layer["digest"].replace(":", "/"), "r|*") as archive:
            for member in archive:
                if match := _OF_STORE.match(member.name):
                    store_paths.add(f"/{match[1]}")
                elif member.isfile() and (match := _OF_ENVIRONMENT.fullmatch(member.name)):
                    place = folder / match[1]
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(content.read() if (content := archive.extractfile(member)) else b"")
    return sorted(store_paths)


def read_installed(
    environment: Path, locked: Mapping[tuple[str, str], list[LockedFile]]
) -> list[Distribution]:
    """Return the Python packages of an environment."""
    return list(_distributions(environment, locked))


def read_paths(
    known: Mapping[str, Any], locked: Mapping[tuple[str, str], list[LockedFile]]
) -> list[StorePath]:
    """Return what `nix path-info --json` says, with the Python packages that lie in each path."""
    return [
        StorePath(
            path,
            str(info["narHash"]),
            tuple(sorted(set(info["references"]) - {path})),
            tuple(_distributions(Path(path), locked)),
        )
        for path, info in sorted(known.items())
    ]


def _distributions(path: Path, locked: Mapping[tuple[str, str], list[LockedFile]]) -> Iterator[Distribution]:
    for metadata in sorted(path.glob("lib/python3*/site-packages/*.dist-info/METADATA")):
        # An environment links to the packages that it is made of.
        if metadata.is_symlink() or metadata.parent.is_symlink() or metadata.parent.parent.is_symlink():
            continue
        fields = message_from_string(metadata.read_text(encoding="utf-8", errors="replace"))
        name, version = str(fields["Name"] or ""), str(fields["Version"] or "")
        if not name or not version:
            continue
        files = locked.get((canonicalize_name(name), version), [])
        wheel = metadata.with_name("WHEEL")
        tags = _tags(wheel.read_text(encoding="utf-8", errors="replace")) if wheel.is_file() else set()
        file = next((file for file in files if _tags_of_name(file.name) & tags), None)
        yield Distribution(name, version, fields["License-Expression"], file)


def _tags(text: str) -> set[str]:
    return {line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("Tag:")}


def _tags_of_name(name: str) -> set[str]:
    try:
        return {str(tag) for tag in parse_wheel_filename(name)[3]}
    except InvalidWheelFilename:
        return set()


def read_locked_files(folder: Path) -> dict[tuple[str, str], list[LockedFile]]:
    """Return the files that the locks in a folder name, by package and version; of a broken lock none."""
    files: dict[tuple[str, str], list[LockedFile]] = {}
    for lock in (folder / name for name in _LOCKS):
        if not lock.is_file() or lock.is_symlink():
            continue
        try:
            document = tomllib.loads(lock.read_text(encoding="utf-8", errors="replace"))
        except tomllib.TOMLDecodeError:
            continue
        for package in document.get("package", document.get("packages", [])):
            key = (canonicalize_name(str(package.get("name", ""))), str(package.get("version", "")))
            files.setdefault(key, []).extend(_files(package))
    return files


def _files(package: Mapping[str, Any]) -> Iterator[LockedFile]:
    """Yield the files of one package: poetry's have a name, uv's and pylock's an address or a path."""
    for entry in (*package.get("files", []), *package.get("wheels", []), *package.get("archive", [])):
        if not isinstance(entry, dict):
            continue
        sha256 = str(entry.get("hashes", {}).get("sha256") or entry.get("hash", "")).removeprefix("sha256:")
        url = entry.get("url")
        name = PurePosixPath(
            str(entry.get("file") or entry.get("name") or url or entry.get("path") or "")
        ).name
        if _SHA256.fullmatch(sha256) and name:
            yield LockedFile(name, url, sha256)

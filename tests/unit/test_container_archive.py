"""An image as one program: it opens its own layers, in their order, and the same image gives the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from pyenvspec.commands.container.archive import pack

if TYPE_CHECKING:
    from pathlib import Path


def make_layer(text: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("etc/which")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(packed.getvalue(), mtime=0)


def make_layout(folder: Path) -> Path:
    """Write a layout of two layers with one file in both."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def add(content: bytes) -> dict[str, str]:
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {"digest": f"sha256:{digest}"}

    config = add(json.dumps({"config": {"Env": ["A=it's", "HOME=/app"], "Cmd": ["bash"]}}).encode())
    layers = [add(make_layer("below")), add(make_layer("above"))]
    manifest = add(json.dumps({"config": config, "layers": layers}).encode())
    (folder / "index.json").write_text(json.dumps({"manifests": [manifest]}))
    return folder


def test_it_opens_its_layers_in_their_order(tmp_path: Path) -> None:
    layout, program = make_layout(tmp_path / "layout"), tmp_path / "lab.run"
    pack(layout, "lab:latest", program)
    env = {**os.environ, "PYENVSPEC_ARCHIVES": str(tmp_path / "archives"), "PYENVSPEC_ONLY_OPEN": "1"}
    done = subprocess.run([program], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (root,) = (tmp_path / "archives").iterdir()
    assert (root / "etc" / "which").read_text() == "above"
    enter = (root / ".pyenvspec-enter").read_text()
    assert "export A='it'\"'\"'s'\n" in enter
    assert "HOME=/app" not in enter  # inside it is still this user
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archives", "lab.run", "layout"]


def test_the_same_image_gives_the_same_bytes(tmp_path: Path) -> None:
    layout = make_layout(tmp_path / "layout")
    for name in ("first", "second"):
        pack(layout, "lab:latest", tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_half_of_it_does_not_stay(tmp_path: Path) -> None:
    layout = make_layout(tmp_path / "layout")
    manifest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
    layers = json.loads((layout / "blobs" / manifest.replace(":", "/")).read_text())["layers"]
    (layout / "blobs" / layers[1]["digest"].replace(":", "/")).unlink()
    with pytest.raises(FileNotFoundError):
        pack(layout, "lab:latest", tmp_path / "lab.run")
    assert [path.name for path in tmp_path.iterdir()] == ["layout"]

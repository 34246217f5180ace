#!/usr/bin/env python3
"""What a changed source file costs an image: layers, their sizes and digests before and after, and what a push moves.

Needs Nix, the sources of the inputs, uv and a package index. The packages and the layout are what users get; programs
and libraries of the base layers are links to those of this machine (tests/hostpkgs), so their sizes are not the users'.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from evaluation import find_nix
from measure import ROOT, keep, parse_arguments, print_table, workspace

sys.path.insert(0, str(ROOT / "tests" / "unit"))
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from harness import Shells
from inputs import find_inputs
from labs import MINOR, Lab

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = ("numpy==2.2.6", "scipy==1.15.3", "pyarrow==20.0.0", "rich==14.0.0")
SOURCE = 'def main() -> None:\n    print("{}")\n'
PYPROJECT = f"""[project]
name = "lab"
version = "0.1.0"
requires-python = "=={MINOR}.*"
dependencies = {json.dumps(list(PACKAGES))}
"""


def lay_project(shells: Shells, folder: Path, packages: bool) -> Lab:
    """Write a project whose packages are wheels of the index."""
    lab = Lab.__new__(Lab)
    lab.shells, lab.root, lab.kind = shells, folder, "native"
    (folder / "src" / "lab").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / "src" / "lab" / "__init__.py").write_text(SOURCE.format("before"))
    (folder / "pyproject.toml").write_text(
        PYPROJECT if packages else PYPROJECT.replace(json.dumps(list(PACKAGES)), "[]")
    )
    uv = shutil.which("uv") or "uv"
    subprocess.run([uv, "lock", "--quiet", "--directory", str(folder)], check=True)
    lab.describe(
        "systems: [x86_64-linux]",
        "containers: {default: {image: lab}}",
        python=f"{{version: {MINOR}, manager: uv}}",
    )
    return lab


def build(lab: Lab) -> tuple[float, str, dict[str, tuple[str, int]]]:
    """Return the seconds of a build, the image's digest, and its layers: digest → title and bytes."""
    start = time.monotonic()
    nix = str(lab.shells.nix.program)
    done = lab.run(nix, "build", ".#container-default", "--no-link", "--print-out-paths").check()
    seconds = time.monotonic() - start
    blobs = lab.root.parent.joinpath(done.stdout.strip(), "blobs", "sha256")

    def read(digest: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((blobs / digest[7:]).read_text())
        return document

    digest = json.loads((blobs.parents[1] / "index.json").read_text())["manifests"][0]["digest"]
    manifest = read(digest)
    titles = [
        entry["created_by"].removeprefix("pyenvspec: ")
        for entry in read(manifest["config"]["digest"])["history"]
    ]
    layers = {
        layer["digest"]: (title, layer["size"])
        for title, layer in zip(titles, manifest["layers"], strict=True)
    }
    return seconds, digest, layers


def main() -> int:
    """Build, change one file, build again; print and keep."""
    options = parse_arguments(__doc__)
    program = find_nix()
    inputs = find_inputs(program) if program else None
    if program is None or not inputs or shutil.which("uv") is None:
        print("nothing measured: needs Nix, the flake inputs (see CONTRIBUTING.md) and uv")
        return 0
    with workspace() as folder:
        shells = Shells.prepare(program, inputs, folder / "host")
        lab = lay_project(shells, folder / "lab", packages=not options.quick)
        first_seconds, first, before = build(lab)
        source = lab.root / "src" / "lab" / "__init__.py"
        source.write_text(SOURCE.format("after"))
        again_seconds, second, after = build(lab)
        source.write_text(SOURCE.format("before"))
        _, third, _ = build(lab)
    rows = [
        (title, f"{size:,}", digest[7:19], "same" if digest in before else "new")
        for digest, (title, size) in after.items()
    ]
    print_table(("layer after the change", "bytes", "digest", ""), rows)
    moved = sum(size for digest, (_, size) in after.items() if digest not in before)
    whole = sum(size for _, size in after.values())
    print(
        f"\nimage {first[:19]} in {first_seconds:.1f} s, after the change {second[:19]} in {again_seconds:.1f} s"
    )
    print(
        f"a push moves {moved:,} of {whole:,} bytes; with the file as it was the digest is {third[:19]} again"
    )
    results = {
        "packages": list(PACKAGES),
        "digests": [first, second, third],
        "seconds": [first_seconds, again_seconds],
        "layers": [
            {"title": title, "bytes": size, "digest": digest, "new": digest not in before}
            for digest, (title, size) in after.items()
        ],
        "moved": moved,
        "whole": whole,
    }
    keep("images", results, quick=options.quick)
    return 0


if __name__ == "__main__":
    sys.exit(main())

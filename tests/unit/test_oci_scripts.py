"""What makes the layers of an image and joins them: plain Python that a build of Nix runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

MODULES = Path(__file__).parents[2] / "nix" / "modules"
MOST_LAYERS = 127


def run(script: str, folder: Path, **attributes: Any) -> subprocess.CompletedProcess[str]:
    """Run a script as Nix does a structured build; what it makes is in `folder`/out."""
    folder.mkdir(exist_ok=True)
    (folder / "attrs.json").write_text(json.dumps({"outputs": {"out": str(folder / "out")}, **attributes}))
    return subprocess.run(
        (sys.executable, "-I", "-B", str(MODULES / script)),
        env={"NIX_ATTRS_JSON_FILE": str(folder / "attrs.json"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def layers(folder: Path, closure: list[tuple[Path, int]], *below: Path) -> list[dict[str, Any]]:
    """Return the layers of paths, each with the size that Nix says."""
    done = run(
        "oci-layers.py",
        folder,
        title="native",
        closure=[{"path": str(path), "narSize": size} for path, size in closure],
        below=[str(one) for one in below],
        compress=["gzip", "--no-name", "--stdout"],
    )
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads((folder / "out" / "layers.json").read_text())
    return rows


def store(folder: Path, amount: int) -> list[Path]:
    """Folders as the store has them, with a file each."""
    for number in range(amount):
        (folder / f"{number:032}-lib{number}").mkdir(parents=True)
        (folder / f"{number:032}-lib{number}" / "data").write_text(str(number))
    return sorted(folder.iterdir())


def test_only_the_largest_paths_have_a_layer_of_their_own(tmp_path: Path) -> None:
    paths = store(tmp_path / "store", 30)
    rows = layers(tmp_path / "made", [(path, (32 << 20) + at) for at, path in enumerate(paths)])
    assert len(rows) == 11
    assert {row["title"] for row in rows[:-1]} == {f"native: lib{at}" for at in range(20, 30)}
    assert rows[-1]["title"] == "native"


def test_the_same_content_gives_the_same_bytes_and_what_is_below_is_left_out(tmp_path: Path) -> None:
    paths = store(tmp_path / "store", 3)
    first = layers(tmp_path / "first", [(path, 1) for path in paths])
    (paths[0] / "data").touch()
    assert layers(tmp_path / "again", [(path, 1) for path in reversed(paths)]) == first
    assert layers(tmp_path / "above", [(path, 1) for path in paths], tmp_path / "first" / "out") == []


def test_an_image_of_more_layers_than_engines_take_is_told(tmp_path: Path) -> None:
    (path,) = store(tmp_path / "store", 1)
    layers(tmp_path / "made", [(path, 1)])

    def join(amount: int) -> subprocess.CompletedProcess[str]:
        return run(
            "oci-image.py",
            tmp_path / f"image-{amount}",
            layers=[str(tmp_path / "made" / "out")] * amount,
            config={"Env": [["PATH", "/usr/bin"]]},
            architecture="amd64",
            tag="v1",
        )

    assert join(MOST_LAYERS).returncode == 0
    done = join(MOST_LAYERS + 1)
    assert done.returncode == 1
    assert done.stderr.startswith("pyenvspec: the image has 128 layers, and engines take 127")

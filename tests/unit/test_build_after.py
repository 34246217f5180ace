"""nix/modules/build-after.py: what is taken out of a requirements file or poetry.lock, and what is left."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

SOURCE = Path(__file__).parents[2] / "nix" / "modules" / "build-after.py"


@pytest.fixture
def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_after", SOURCE)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("flash_attn==2.5.8", "flash-attn"),
        ("Flash.Attn [x] >= 2 ; python_version > '3'", "flash-attn"),
        ("  apex", "apex"),
        ("detectron2 @ git+https://github.com/facebookresearch/detectron2.git@v0.6", "detectron2"),
        ("git+https://github.com/facebookresearch/detectron2.git@v0.6", "detectron2"),
        ("-e git+https://github.com/NVIDIA/apex#egg=apex", "apex"),
        ("git+https://example.org/r.git#subdirectory=x&egg=simple_knn", "simple-knn"),
        # Nothing of a wheel is built.
        ("https://example.org/flash_attn-2.5.8-cp310-cp310-linux_x86_64.whl", ""),
        ("--index-url https://example.org/flash-attn", ""),
        ("", ""),
    ],
)
def test_the_name_that_a_line_is_about(module: ModuleType, line: str, name: str) -> None:
    assert module.named(line) == name


def test_requirements_are_split_with_what_they_include(module: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "sub dir").mkdir()
    (tmp_path / "wheels").mkdir()
    (tmp_path / "requirements.txt").write_text(
        "--extra-index-url https://example.org/simple\n"
        "torch==2.3.0 \\\n    --hash=sha256:aa\n"
        "-r 'sub dir/gpu.txt'\n"
        "-c limits.txt\n"
        "-f wheels  # ours\n"
        "numpy\n"
    )
    (tmp_path / "sub dir" / "gpu.txt").write_text(
        "Flash_Attn==2.5.8 \\\n    --hash=sha256:bb\n-r ../requirements.txt\n"
    )
    (tmp_path / "limits.txt").write_text("flash-attn<3\n")
    out = tmp_path / "out"
    names = {"flash-attn": "flash-attn", "apex": "apex"}
    out.mkdir()
    module.split_requirements(tmp_path / "requirements.txt", out, names)
    escaped = str(out / "rest-1.txt").replace(" ", "\\ ")
    assert (out / "rest.txt").read_text().splitlines() == [
        "--extra-index-url https://example.org/simple",
        "torch==2.3.0      --hash=sha256:aa",
        f"-r {escaped}",
        f"-c {tmp_path}/limits.txt",
        f"-f {tmp_path}/wheels",
        "numpy",
    ]
    assert (out / "rest-1.txt").read_text().splitlines() == [f"-r {out}/rest.txt"]
    assert (out / "flash-attn.txt").read_text().splitlines() == [
        "--extra-index-url https://example.org/simple",
        f"-c {tmp_path}/limits.txt",
        f"-f {tmp_path}/wheels",
        "Flash_Attn==2.5.8      --hash=sha256:bb",
    ]
    assert (out / "apex.txt").read_text() == ""


@pytest.mark.skipif(sys.version_info < (3, 11), reason="reads TOML by the standard library")
def test_a_lock_gives_versions_hashes_and_where_from(
    module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setattr(module, "site_packages", lambda: site)
    (tmp_path / "poetry.lock").write_text("""
[[package]]
name = "Flash_Attn"
version = "2.5.8"
files = [{file = "flash_attn-2.5.8.tar.gz", hash = "sha256:bb"}]
markers = "sys_platform == 'linux'"
[[package]]
name = "apex"
version = "0.1"
files = []
[package.source]
type = "git"
url = "https://github.com/NVIDIA/apex"
reference = "main"
resolved_reference = "0123abcd"
[[package]]
name = "torch"
version = "2.3.0"
files = []
[package.source]
type = "legacy"
url = "https://example.org/whl"
reference = "torch"
""")
    out = tmp_path / "out"
    out.mkdir()
    module.split_lock(tmp_path / "poetry.lock", out, {"flash-attn": "flash-attn", "apex": "apex"})
    index = "--extra-index-url https://example.org/whl"
    assert (out / "flash-attn.txt").read_text().splitlines() == [
        index,
        "Flash_Attn==2.5.8 ; sys_platform == 'linux' --hash=sha256:bb",
    ]
    assert (out / "apex.txt").read_text().splitlines() == [
        index,
        "apex @ git+https://github.com/NVIDIA/apex@0123abcd",
    ]
    assert {path.name for path in module.stand_ins()} == {
        "Flash_Attn-2.5.8.dist-info",
        "apex-0.1.dist-info",
    }
    module.clear_stand_ins()
    assert not list(site.iterdir())

"""Programs of wheels where the system has no loader for them, as on NixOS: a loader that is missing here too."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from labs import MINOR, Lab

if TYPE_CHECKING:
    from harness import Shells

pytestmark = [pytest.mark.nix, pytest.mark.inputs, pytest.mark.slow]

LOADERS = (Path("/lib64/ld-linux-x86-64.so.2"), Path("/lib/ld-linux-aarch64.so.1"))
CODE = '#include <iostream>\nint main(int count, char **words) { std::cout << words[count - 1] << "\\n"; }\n'


@pytest.fixture(scope="module")
def loader() -> Path:
    if shutil.which("g++") is None:
        pytest.skip("needs g++")
    return next(path for path in LOADERS if path.exists())


def build(folder: Path, loader: Path) -> bytes:
    """A program in C++ that says its last word, and names this loader."""
    folder.mkdir(exist_ok=True)
    command = ["g++", "-x", "c++", "-", f"-Wl,--dynamic-linker={loader}", "-o", str(folder / "built")]
    subprocess.run(command, input=CODE, text=True, check=True)
    return (folder / "built").read_bytes()


def make_wheel(folder: Path, name: str, programs: dict[str, bytes]) -> Path:
    """A wheel of executable files: those in `bin/` are put on PATH, others lie in the package."""
    info = f"{name}-1.dist-info"
    files: dict[str, bytes] = {
        f"{name}-1.data/scripts/{path[4:]}" if path.startswith("bin/") else f"{name}/{path}": data
        for path, data in programs.items()
    }
    files |= {
        f"{name}/__init__.py": b"",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"]).encode()
    folder.mkdir(exist_ok=True)
    wheel = folder / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = (0o100644 if ".dist-info" in path else 0o100755) << 16
            archive.writestr(entry, data)
    return wheel


@pytest.mark.parametrize("manager", ["pip", "uv"])
def test_they_start_with_the_loader_of_this_python(
    shells: Shells, tmp_path: Path, loader: Path, manager: str
) -> None:
    notice = tmp_path / "abc-stub-ld" / "notice"
    notice.parent.mkdir()
    shutil.copy("/bin/false", notice)
    told = tmp_path / "lib64" / loader.name
    told.parent.mkdir()
    told.symlink_to(notice)
    nowhere = tmp_path / "nowhere" / loader.name
    programs = {
        "bin/tool": build(tmp_path / "build", nowhere),
        "deep/inside": build(tmp_path / "build", told),
        "fine": build(tmp_path / "build", loader),
        "foreign": b"\x7fELF\x02\x01 and no more",
    }
    lab = Lab(shells, tmp_path / "lab", "native", python=f"{{version: {MINOR}, manager: {manager}}}")
    wheel = make_wheel(lab.root / "wheels", "programs", programs)
    cache = {"UV_CACHE_DIR": str(tmp_path / "cache"), "UV_LINK_MODE": "hardlink", "UV_OFFLINE": "1"}
    if manager == "pip":
        (lab.root / "requirements.txt").write_text(f"./wheels/{wheel.name}\n")
    else:
        (lab.root / "pyproject.toml").write_text(
            f'[project]\nname = "lab"\nversion = "0"\nrequires-python = ">={MINOR}"\ndependencies = ["programs"]\n'
            f'[tool.uv.sources]\nprograms = {{ path = "wheels/{wheel.name}" }}\n'
        )
        lab.enter("uv", "lock", "-q", env=cache).check()
    entered = lab.enter("tool", "it starts", env=cache).check()
    assert entered.stdout == "it starts\n"
    assert "they start with Python's own: inside, tool\n" in entered.stderr
    package = lab.root / ".venv" / "lib" / f"python{MINOR}" / "site-packages" / "programs"
    # And outside of the shell, as an editor starts them.
    assert lab.run(str(package / "deep" / "inside"), "x").check().stdout == "x\n"
    for name in ("fine", "foreign"):
        assert (package / name).read_bytes() == programs[name]
    kept = [path for path in (tmp_path / "cache").rglob("inside") if path.is_file()]
    assert [path.read_bytes() == programs["deep/inside"] for path in kept] == [True] * len(kept)
    assert len(kept) == (manager == "uv")
    assert lab.enter("tool", "again", env=cache).check().stderr == ""


def test_what_is_installed_in_the_shell_is_looked_at_by_the_next_entry(
    shells: Shells, tmp_path: Path, loader: Path
) -> None:
    lab = Lab(shells, tmp_path / "lab", "native")
    lab.require("1.0")
    wheel = make_wheel(
        lab.root / "wheels", "later", {"bin/late": build(tmp_path / "b", tmp_path / loader.name)}
    )
    options = ("-q", "--no-index", "--disable-pip-version-check")
    shown = lab.enter("bash", "-c", f"pip install {' '.join(options)} wheels/{wheel.name} && late x")
    assert shown.code == 127, shown.stderr
    assert lab.enter("late", "x").check().stdout == "x\n"
    program = lab.root / ".venv" / "bin" / "late"
    assert os.access(program, os.X_OK)
    assert program.stat().st_nlink == 1

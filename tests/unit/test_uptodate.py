"""The quick answer is never wrong: whatever changes, the full compile runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from pyenvspec.shortcuts import uptodate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENV = """\
name: lab
python: {version: 3.11, manager: pip, requirements: requirements.txt}
nixpkgs: {overlays: [./nix/overlay.nix]}
containers: {default: {}}
"""


def compile_lab(root: Path, *words: str, cache: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own; `cache` is where records are kept."""
    env = {**os.environ, "XDG_CACHE_HOME": str(cache or root.parent / "cache"), "NO_COLOR": "1"}
    argv = [sys.executable, "-X", "importtime", "-m", "pyenvspec", "compile", "-C", str(root), *words]
    done = subprocess.run(argv, capture_output=True, text=True, env=env, check=False)
    imports = [line for line in done.stderr.splitlines(keepends=True) if line.startswith("import time:")]
    told = [line for line in done.stderr.splitlines(keepends=True) if line not in imports]
    assert "Traceback" not in done.stderr
    return subprocess.CompletedProcess(argv, done.returncode, "".join(imports), "".join(told))


def was_quick(done: subprocess.CompletedProcess[str]) -> bool:
    return "pydantic" not in done.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a compiled project and the record of it; `lab` reads both."""
    root = tmp_path_factory.mktemp("made") / "lab"
    (root / "nix").mkdir(parents=True)
    (root / "env.yaml").write_text(ENV)
    (root / "requirements.txt").write_text("six\n")
    (root / "nix" / "overlay.nix").write_text("final: prev: { }\n")
    time.sleep(0.1)
    assert compile_lab(root).returncode == 0
    return root


@pytest.fixture
def lab(made: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The project, put back as it was after each test."""
    root, cache = made, made.parent / "cache"
    shutil.copytree(root, root.parent / "kept", symlinks=True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    (record,) = (cache / "pyenvspec" / "compiled").iterdir()
    content = record.read_bytes()
    # This process looks for modules in other places than the one that made the record.
    monkeypatch.setattr(uptodate, "_tool", lambda: content.split(b"\n")[2].decode())
    monkeypatch.setattr(uptodate, "_tell", lambda *words, **more: None)
    yield root
    shutil.rmtree(root)
    (root.parent / "kept").rename(root)
    record.write_bytes(content)


def answer(root: Path, *words: str) -> int | None:
    return uptodate.skip_compile(["compile", "-C", str(root), *words])


def test_nothing_changed(lab: Path) -> None:
    assert answer(lab) == 0
    assert answer(lab, "--check") == 0
    assert answer(lab, "-q") == 0
    for path in lab.rglob("*"):
        os.utime(path, (1, 1))
    assert answer(lab) == 0


def _gone(path: Path) -> Path:
    path.unlink()
    return path


def _make(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.touch()


def _link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


CHANGES: dict[str, Callable[[Path], object]] = {
    "env.yaml differs": lambda p: (p / "env.yaml").write_text(ENV.replace("lab", "lob")),
    "env.yaml is gone": lambda p: (p / "env.yaml").unlink(),
    "an output differs": lambda p: (p / "flake.nix").write_text((p / "flake.nix").read_text() + "\n"),
    "an output is gone": lambda p: (p / "nix/pyenvspec/default.nix").unlink(),
    "an output is a link": lambda p: _link(p / "flake.nix"),
    "an output is a folder": lambda p: _make(_gone(p / ".envrc") / "x"),
    "a folder is a link": lambda p: _link(p / "nix"),
    "the folder of the modules is a link": lambda p: _link(p / "nix/pyenvspec"),
    "a file more among the modules": lambda p: (p / "nix/pyenvspec/old.nix").touch(),
    "a folder more among the modules": lambda p: (p / "nix/pyenvspec/old").mkdir(),
    "an output that is not asked for": lambda p: _make(p / ".vscode/settings.json"),
    "a lock of uv": lambda p: (p / "uv.lock").touch(),
    "a lock of poetry": lambda p: (p / "poetry.lock").touch(),
    "a pyproject": lambda p: (p / "pyproject.toml").touch(),
    "no requirements": lambda p: (p / "requirements.txt").unlink(),
    "no overlay": lambda p: (p / "nix/overlay.nix").unlink(),
    "a lock of inputs": lambda p: (p / "env.lock.json").write_text("{}"),
    "a file more among the copies": lambda p: (p / "nix/pyenvspec/vendor/old.nix").touch(),
    "a checkout": lambda p: (p / ".git").mkdir(),
    "a checkout further up": lambda p: (p.parent / ".git").mkdir(),
}


@pytest.mark.parametrize("name", CHANGES)
def test_any_change_is_for_the_full_compile(lab: Path, name: str) -> None:
    CHANGES[name](lab)
    try:
        assert answer(lab) is None
        assert answer(lab, "--check") is None
    finally:
        shutil.rmtree(lab.parent / ".git", ignore_errors=True)


def test_another_pyenvspec_compiles_anew(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uptodate, "_tool", lambda: "another")
    assert answer(lab) is None


def test_the_stamp_of_the_tool_knows_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyenvspec/_assets/modules").mkdir(parents=True)
    (tmp_path / "pyenvspec/facts/__pycache__").mkdir(parents=True)
    monkeypatch.setattr(uptodate, "_PACKAGE", str(tmp_path / "pyenvspec"))
    stamps = [uptodate._tool()]
    for name in ("cli.py", "_assets/modules/devenv.nix", "facts/cuda.json"):
        (tmp_path / "pyenvspec" / name).write_text("a")
        stamps.append(uptodate._tool())
    (tmp_path / "pyenvspec/facts/cuda.json").write_text("bb")
    stamps.append(uptodate._tool())
    assert len(set(stamps)) == len(stamps)
    (tmp_path / "pyenvspec/facts/__pycache__/x.pyc").write_text("a")
    assert uptodate._tool() == stamps[-1]
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    assert uptodate._tool() != stamps[-1]


def test_a_record_that_is_not_whole_is_none(lab: Path) -> None:
    (record,) = (lab.parent / "cache/pyenvspec/compiled").iterdir()
    content = record.read_bytes()
    assert answer(lab) == 0
    for broken in (b"", b"\n", b"\xff" * 90, content[:-1], content[:200], content + b" ", content[1:]):
        record.write_bytes(broken)
        assert answer(lab) is None
    for at in range(0, len(content), 7):
        record.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert answer(lab) is None, at
    record.unlink()
    record.mkdir()
    assert answer(lab) is None
    record.rmdir()


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["check"],
        ["--help"],
        ["compile", "--diff"],
        ["compile", "--force"],
        ["compile", "--json"],
        ["compile", "--locked"],
        ["compile", "--emit", "nix"],
        ["compile", "--color", "always"],
        ["compile", "-C"],
        ["compile", "extra"],
    ],
)
def test_other_command_lines_are_for_the_full_one(
    lab: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lab)
    assert uptodate.skip_compile(["compile"]) == 0
    assert uptodate.skip_compile(words) is None


def test_the_quick_answer_says_what_the_full_one_says(made: Path, tmp_path: Path) -> None:
    for words in ([], ["-q"], ["--check"], ["--check", "-q"]):
        full, quick = compile_lab(made, *words, cache=tmp_path), compile_lab(made, *words)
        assert was_quick(quick), words
        assert not was_quick(full) or words != [], words
        assert (quick.returncode, quick.stderr) == (full.returncode, full.stderr)
        shutil.rmtree(tmp_path / "pyenvspec", ignore_errors=True)
    assert "container-installs" in compile_lab(made).stderr


def test_a_file_written_while_it_is_read_is_not_trusted(made: Path, tmp_path: Path) -> None:
    (made / "env.yaml").write_text(
        ENV
    )  # as fresh as can be: it could change again within a tick of the clock
    future = time.time() + 60
    os.utime(made / "env.yaml", (future, future))
    compile_lab(made, cache=tmp_path)
    assert not was_quick(compile_lab(made, cache=tmp_path))
    os.utime(made / "env.yaml", (1, 1))


def test_in_a_checkout_the_index_decides(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("needs git")
    root = tmp_path / "lab"
    root.mkdir()
    (root / "env.yaml").write_text("python: 3.11\n")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    compile_lab(root)
    time.sleep(0.1)
    compile_lab(root)
    assert was_quick(compile_lab(root))
    subprocess.run(["git", "rm", "-q", "--cached", "-f", "flake.nix"], check=True, cwd=root)
    done = compile_lab(root)
    assert not was_quick(done)
    listed = subprocess.run(["git", "ls-files"], check=True, cwd=root, capture_output=True, text=True)
    assert "flake.nix" in listed.stdout


def test_without_a_place_for_records_it_compiles(made: Path) -> None:
    (made.parent / "file").touch()
    for _ in range(2):
        done = compile_lab(made, cache=made.parent / "file")
        assert done.returncode == 0
        assert not was_quick(done)


def test_what_has_no_end_is_no_record(tmp_path: Path) -> None:
    (tmp_path / "flake.nix").touch()
    os.truncate(tmp_path / "flake.nix", 3 * 2**30)
    with pytest.raises(ValueError):
        uptodate.state_at(str(tmp_path), "flake.nix", "o")

"""Locks, recovery and undoing (crashes: e2e/test_write_crash)."""

from __future__ import annotations

import os
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from pyenvspec.writing import journal, projectfs
from pyenvspec.writing.journal import STAGING, is_interrupted
from pyenvspec.writing.projectfs import project_lock
from pyenvspec.writing.write import WriteError, WriteOptions, apply, plan_writes, recover

if TYPE_CHECKING:
    from pathlib import Path

HEAD = b"# Written by pyenvspec from env.yaml; edit that instead.\n"
FILES = {
    "flake.nix": HEAD + b"{ }\n",
    "nix/pyenvspec/default.nix": HEAD + b"{ ... }: { }\n",
    ".envrc": HEAD + b"use flake\n",
}
FORCE = WriteOptions(force=True)
DEFAULT = "nix/pyenvspec/default.nix"


def write(root: Path, files: dict[str, bytes], options: WriteOptions | None = None) -> None:
    apply(plan_writes(root, files, options))


def look(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_a_second_write_waits_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    waiting = threading.Event()

    def on_wait() -> None:
        said.append("waiting")
        waiting.set()

    def second() -> None:
        apply(plan_writes(tmp_path, FILES), on_wait)

    with project_lock(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(5)
        assert look(tmp_path) == {}
    thread.join()
    assert said == ["waiting"]
    assert look(tmp_path) == FILES


def test_a_lock_that_is_never_let_go_is_an_error(tmp_path: Path) -> None:
    with (
        project_lock(tmp_path),
        pytest.raises(WriteError, match="another pyenvspec"),
        project_lock(tmp_path, patience=0.1),
    ):
        pass


def test_a_file_is_locked_where_folders_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    acquire = projectfs._acquire

    def only_files(handle: int, waiting: projectfs._Patience) -> bool:
        return not stat.S_ISDIR(os.fstat(handle).st_mode) and acquire(handle, waiting)

    monkeypatch.setattr(projectfs, "_acquire", only_files)
    with project_lock(tmp_path), pytest.raises(WriteError), project_lock(tmp_path, patience=0.1):
        pass
    write(tmp_path, FILES)
    assert look(tmp_path) == FILES


def test_two_writes_at_once_do_not_mix(tmp_path: Path) -> None:
    paths = (*FILES, "nix/pyenvspec/x.nix")
    sets = [dict.fromkeys(paths, HEAD + b"%d" % number) for number in range(4)]

    def repeat(files: dict[str, bytes]) -> None:
        for _ in range(5):
            write(tmp_path, files)

    threads = [threading.Thread(target=repeat, args=(files,)) for files in sets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert look(tmp_path) in sets


def test_staged_files_without_a_journal_are_thrown_away(tmp_path: Path) -> None:
    (tmp_path / STAGING).mkdir()
    (tmp_path / STAGING / "0.new").write_text("half")
    assert recover(tmp_path) is None
    assert look(tmp_path) == {} and not (tmp_path / STAGING).exists()


def test_a_committed_journal_is_finished_and_told(tmp_path: Path) -> None:
    (tmp_path / STAGING).mkdir()
    (tmp_path / STAGING / "0.new").write_bytes(HEAD)
    (tmp_path / STAGING / "journal").write_text("pyenvspec journal 1\ncreate flake.nix\n")
    assert is_interrupted(tmp_path)
    changes = plan_writes(tmp_path, {"flake.nix": HEAD}, WriteOptions(check=True))
    assert changes.stale_findings()[0].file == STAGING
    note = recover(tmp_path)
    assert note is not None and note.code == "write-recovered"
    assert look(tmp_path) == {"flake.nix": HEAD}


def test_recovery_leaves_a_file_that_became_the_users(tmp_path: Path) -> None:
    (tmp_path / STAGING).mkdir()
    (tmp_path / STAGING / "0.new").write_bytes(HEAD)
    (tmp_path / STAGING / "journal").write_text("pyenvspec journal 1\ncreate flake.nix\n")
    (tmp_path / "flake.nix").write_text("by hand")
    recover(tmp_path)
    assert look(tmp_path) == {"flake.nix": b"by hand"}


@pytest.mark.parametrize(
    "text",
    ["create ../x\n", "create .git/hooks/post-commit\n", "keep README.md.orig\n", "run flake.nix\n", "x", ""],
)
def test_a_forged_journal_does_nothing(tmp_path: Path, text: str) -> None:
    project = tmp_path / "project"
    (project / STAGING).mkdir(parents=True)
    (project / STAGING / "0.new").write_text("evil")
    (project / STAGING / "journal").write_text(f"pyenvspec journal 1\n{text}" if text else "")
    before = look(tmp_path)
    with pytest.raises(WriteError) as caught:
        recover(project)
    assert caught.value.diagnostics[-1].code == "write-interrupted"
    assert look(tmp_path) == before


def test_an_interrupt_between_two_renames_undoes_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, FILES)
    (tmp_path / "flake.nix").write_text("mine")
    before = look(tmp_path)
    make_parents = journal._make_parents

    def interrupt(root: Path, path: str) -> None:
        if path == DEFAULT:
            raise KeyboardInterrupt
        make_parents(root, path)

    monkeypatch.setattr(journal, "_make_parents", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, {"flake.nix": HEAD, DEFAULT: HEAD, "nix/pyenvspec/new.nix": HEAD}, FORCE)
    assert look(tmp_path) == before
    assert not (tmp_path / STAGING).exists()

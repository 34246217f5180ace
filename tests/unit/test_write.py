"""Plans, conflicts, copies and diffs of the writing pass and what is left when it is stopped."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyenvspec.cli import run
from pyenvspec.writing import projectfs
from pyenvspec.writing.atomic import DRAFT
from pyenvspec.writing.projectfs import GENERATED_PATHS, is_writable_path, os_diagnostic
from pyenvspec.writing.write import Kind, WriteError, WriteOptions, apply, bundle, plan_writes

if TYPE_CHECKING:
    from collections.abc import Callable

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


def conflict_codes(root: Path, options: WriteOptions | None = None) -> list[tuple[str, str]]:
    return [(found.code, found.file) for found in plan_writes(root, FILES, options).conflicts]


def test_a_first_write_creates_all_files_and_leaves_nothing_else(tmp_path: Path) -> None:
    outcome = apply(plan_writes(tmp_path, FILES))
    assert outcome.changes.of(Kind.CREATED) == (".envrc", "flake.nix", DEFAULT)
    assert look(tmp_path) == FILES
    assert sorted(path.name for path in tmp_path.iterdir()) == [".envrc", "flake.nix", "nix"]


def test_new_files_follow_the_umask_and_old_ones_keep_their_mode(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path, FILES)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "flake.nix").stat().st_mode) == 0o640
    (tmp_path / "flake.nix").chmod(0o444)
    write(tmp_path, {**FILES, "flake.nix": HEAD})
    assert stat.S_IMODE((tmp_path / "flake.nix").stat().st_mode) == 0o444


def test_unchanged_files_are_not_touched(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    before = (tmp_path / "flake.nix").stat()
    assert not plan_writes(tmp_path, FILES).is_stale
    write(tmp_path, {**FILES, DEFAULT: HEAD})
    after = (tmp_path / "flake.nix").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_line_ends_count_as_a_change(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "flake.nix").write_bytes(FILES["flake.nix"].replace(b"\n", b"\r\n"))
    assert plan_writes(tmp_path, FILES).of(Kind.CHANGED) == ("flake.nix",)


def test_files_of_ours_that_are_not_needed_go_with_their_empty_folders(tmp_path: Path) -> None:
    vscode = {".vscode/settings.json": b'{"$comment": "Written by pyenvspec",\n"a": 1}\n'}
    write(tmp_path, {**FILES, **vscode, "nix/pyenvspec/sub/cuda.nix": HEAD})
    (tmp_path / "nix/pyenvspec/mine.nix").write_text("{ }")
    outcome = apply(plan_writes(tmp_path, FILES))
    assert outcome.changes.of(Kind.REMOVED) == (".vscode/settings.json", "nix/pyenvspec/sub/cuda.nix")
    assert look(tmp_path) == {**FILES, "nix/pyenvspec/mine.nix": b"{ }"}
    assert not (tmp_path / ".vscode").exists() and not (tmp_path / "nix/pyenvspec/sub").exists()


def test_a_partial_set_removes_nothing(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    lock = {"env.lock.json": b'{"$comment": "Written by pyenvspec lock",\n"x": 1}\n'}
    write(tmp_path, lock, WriteOptions(partial=True))
    assert look(tmp_path) == {**FILES, **lock}
    write(tmp_path, FILES)
    assert look(tmp_path) == {**FILES, **lock}


def test_a_file_that_differs_only_in_case_from_a_wanted_one_is_not_removed(tmp_path: Path) -> None:
    # One file under two names: what a case-insensitive file system shows.
    write(tmp_path, FILES)
    (tmp_path / "nix/pyenvspec/Default.nix").hardlink_to(tmp_path / DEFAULT)
    assert not plan_writes(tmp_path, FILES).is_stale


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"README.md": HEAD}, "not a path"),
        ({"../flake.nix": HEAD}, "not a path"),
        ({"nix/pyenvspec/../x.nix": HEAD}, "not a path"),
        ({"nix/pyenvspec/x.orig": HEAD}, "not a path"),
        ({"flake.nix": b"{ }\n"}, "first line"),
        ({"nix/pyenvspec/a.nix": HEAD, "nix/pyenvspec/A.nix": HEAD}, "only in case"),
    ],
)
def test_a_set_that_could_never_be_rewritten_is_a_bug(
    tmp_path: Path, files: dict[str, bytes], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        plan_writes(tmp_path, files)


# The user's own files


def test_a_users_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".envrc").write_text("use nix\n")
    changes = plan_writes(tmp_path, FILES)
    assert conflict_codes(tmp_path) == [("write-conflict", ".envrc")]
    assert changes.conflicts[0].hint == (
        "Move it away, or run `pyenvspec compile --force`, which keeps it as `.envrc.orig`,"
        " or set `generate: {direnv: false}` to keep only yours."
    )
    with pytest.raises(WriteError):
        apply(changes)
    assert look(tmp_path) == {".envrc": b"use nix\n"}


def test_force_keeps_every_earlier_copy(tmp_path: Path) -> None:
    for text in ("one", "two", "three"):
        (tmp_path / "flake.nix").unlink(missing_ok=True)
        (tmp_path / "flake.nix").write_text(text)
        (tmp_path / "flake.nix").chmod(0o600)
        outcome = apply(plan_writes(tmp_path, FILES, FORCE))
    kept = {name: (tmp_path / name).read_text() for name in ("flake.nix.orig", "flake.nix.orig.1")}
    assert kept == {"flake.nix.orig": "one", "flake.nix.orig.1": "two"}
    assert [note.message for note in outcome.notes] == ["your `flake.nix` is kept as `flake.nix.orig.2`"]
    assert stat.S_IMODE((tmp_path / "flake.nix.orig.2").stat().st_mode) == 0o600
    assert not plan_writes(tmp_path, FILES).is_stale


def test_force_works_where_hard_links_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "flake.nix").write_text("mine")
    os.utime(tmp_path / "flake.nix", (1, 1))
    write(tmp_path, FILES, FORCE)
    assert (tmp_path / "flake.nix.orig").read_text() == "mine"
    assert (tmp_path / "flake.nix.orig").stat().st_mtime == 1


@pytest.mark.parametrize("target", ["flake.nix", "nix", "nix/pyenvspec", DEFAULT])
def test_a_symlink_in_the_way_is_an_error_even_with_force(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, target: str
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (tmp_path / target).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / target).symlink_to(outside)
    assert ("write-blocked", target) in conflict_codes(tmp_path, FORCE)
    with pytest.raises(WriteError):
        write(tmp_path, FILES, FORCE)
    assert list(outside.iterdir()) == []
    assert not (tmp_path / ".envrc").exists()


@pytest.mark.parametrize(("target", "kind"), [("flake.nix", "dir"), ("nix", "file"), (DEFAULT, "fifo")])
def test_other_things_in_the_way_are_errors(tmp_path: Path, target: str, kind: str) -> None:
    (tmp_path / target).parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([{"dir": "mkdir", "file": "touch", "fifo": "mkfifo"}[kind], tmp_path / target], check=True)
    assert conflict_codes(tmp_path, FORCE) == [("write-blocked", target)]


def test_a_missing_project_folder_is_a_diagnostic(tmp_path: Path) -> None:
    codes = conflict_codes(tmp_path / "gone")
    assert {code for code, _ in codes} == {"write-failed"}


@pytest.mark.parametrize(
    ("number", "words"),
    [(28, "space"), (13, "writable"), (30, "read-only"), (36, "shorter"), (122, "quota"), (71, "Look at")],
)
def test_system_errors_say_what_to_do(number: int, words: str) -> None:
    found = os_diagnostic("flake.nix", OSError(number, os.strerror(number)))
    assert found.file == "flake.nix" and words in (found.hint or "")


def test_a_path_that_is_too_long_is_a_diagnostic(tmp_path: Path) -> None:
    long = f"nix/pyenvspec/{'x' * 300}.nix"
    with pytest.raises(WriteError) as caught:
        write(tmp_path, {**FILES, long: HEAD})
    assert [(found.code, found.file) for found in caught.value.diagnostics] == [("write-failed", long)]
    assert list(tmp_path.iterdir()) == []
    write(tmp_path, FILES)
    changes = plan_writes(tmp_path, {**FILES, long: HEAD})
    assert [(found.code, found.file) for found in changes.conflicts] == [("write-failed", long)]


def test_what_is_larger_than_anything_generated_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "nix/pyenvspec/gone.nix": HEAD})
    for path in ("flake.nix", "nix/pyenvspec/gone.nix"):
        os.truncate(tmp_path / path, 3 * 2**30)
    changes = plan_writes(tmp_path, FILES)
    assert [(found.code, found.message) for found in changes.conflicts] == [
        ("write-blocked", "`flake.nix` is larger than 64 MiB, and is not read")
    ]
    assert [change.path for change in changes.items if change.kind is Kind.REMOVED] == []


# --check, --diff, --stdout


def test_check_and_diff_write_nothing_and_tell_what_is_stale(tmp_path: Path) -> None:
    write(tmp_path, {"flake.nix": HEAD + b"old\n", "nix/pyenvspec/gone.nix": HEAD})
    before = look(tmp_path)
    for options in (WriteOptions(check=True), WriteOptions(diff=True)):
        changes = apply(plan_writes(tmp_path, FILES, options)).changes
        assert look(tmp_path) == before
    assert [found.message for found in changes.stale_findings()] == [
        "`.envrc` does not exist yet",
        "`flake.nix` is not what env.yaml says",
        "`nix/pyenvspec/default.nix` does not exist yet",
        "`nix/pyenvspec/gone.nix` is no longer needed",
    ]


def test_git_applies_the_diff(tmp_path: Path) -> None:
    odd = HEAD + b"form\x0cfeed\r\nno end"
    write(tmp_path, {"flake.nix": odd, "nix/pyenvspec/gone.nix": HEAD, DEFAULT: HEAD + b"a\n"})
    files = {**FILES, DEFAULT: HEAD + b"a\nno end"}
    text = plan_writes(tmp_path, files).diff()
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=text.encode(), check=True)
    assert look(tmp_path) == files
    assert plan_writes(tmp_path, files).diff() == ""


def test_the_bundle_names_each_file() -> None:
    text = bundle({"flake.nix": b"{ }\n", ".envrc": b"use flake\n"})
    assert text == "# ==> .envrc <==\nuse flake\n\n# ==> flake.nix <==\n{ }\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("folder", [".", "nix/pyenvspec"])
def test_a_read_only_folder_changes_nothing(tmp_path: Path, folder: str) -> None:
    write(tmp_path, FILES)
    (tmp_path / folder).chmod(0o555)
    try:
        with pytest.raises(WriteError) as caught:
            write(tmp_path, {path: content + b"#\n" for path, content in FILES.items()})
    finally:
        (tmp_path / folder).chmod(0o755)
    assert caught.value.diagnostics[0].code == "write-failed"
    assert look(tmp_path) == FILES


PATHS = st.sampled_from([*GENERATED_PATHS, *(f"nix/pyenvspec/{name}.nix" for name in "abcd")])
OURS = st.binary(max_size=20).map(lambda tail: HEAD + tail)
THEIRS = st.binary(max_size=20)


def _stop_at(patch: pytest.MonkeyPatch, count: int, stop: Callable[[], None]) -> None:
    """Call `stop` before the call of that number, among those that change the disk."""
    left = count

    def counted(call: Callable[..., object]) -> Callable[..., object]:
        def instead(*arguments: object, **more: object) -> object:
            nonlocal left
            left -= 1
            if left == -1:
                stop()
            return call(*arguments, **more)

        return instead

    for place, name in ((os, "write"), (os, "fsync"), (os, "link"), (Path, "replace"), (Path, "unlink")):
        patch.setattr(place, name, counted(getattr(place, name)))


def _no_space() -> None:
    raise OSError(28, "No space left on device")


@settings(max_examples=60, deadline=None)
@given(
    old=st.dictionaries(PATHS, OURS | THEIRS),
    new=st.dictionaries(PATHS, OURS, min_size=1),
    breaks_at=st.none() | st.integers(0, 12),
)
def test_any_old_set_becomes_the_new_one(
    old: dict[str, bytes], new: dict[str, bytes], breaks_at: int | None
) -> None:
    assert all(map(is_writable_path, old))
    root = Path(tempfile.mkdtemp())
    for path, content in old.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    users = {path: content for path, content in old.items() if projectfs.MARKER not in content}
    expected = {**users, **{f"{path}.orig": content for path, content in users.items() if path in new}, **new}
    with pytest.MonkeyPatch.context() as patch:
        if breaks_at is not None:
            _stop_at(patch, breaks_at, _no_space)
        try:
            write(root, new, FORCE)
        except WriteError:
            # Each file is the old or the new one, and what the user had is there under one of its two names.
            there = look(root)
            assert all(there[path] in (old.get(path), new[path]) for path in new if path in there)
            assert all(
                content in (there.get(path), there.get(f"{path}.orig")) for path, content in users.items()
            )
            assert not [path for path in there if path.endswith(DRAFT)]
    write(root, new, FORCE)
    assert {path: content for path, content in look(root).items() if path in expected} == expected
    assert not plan_writes(root, new).is_stale
    shutil.rmtree(root)


def test_a_killed_compile_is_healed_by_the_next(tmp_path: Path) -> None:
    old = {"flake.nix": HEAD + b"old\n", DEFAULT: HEAD + b"old\n", "nix/pyenvspec/gone.nix": HEAD}
    new = {"flake.nix": HEAD + b"new\n", DEFAULT: HEAD + b"new\n", "nix/pyenvspec/vendor/more.nix": HEAD}
    for count in range(100):
        root = tmp_path / str(count)
        root.mkdir()
        write(root, old)
        pid = os.fork()
        if pid == 0:
            with pytest.MonkeyPatch.context() as patch:
                _stop_at(patch, count, lambda: os.kill(os.getpid(), signal.SIGKILL))
                write(root, new)
            os._exit(0)
        killed = os.waitpid(pid, 0)[1] != 0
        there = {path: content for path, content in look(root).items() if not path.endswith(DRAFT)}
        assert all(content in (old.get(path), new.get(path)) for path, content in there.items())
        if there["flake.nix"] == new["flake.nix"]:
            assert {path: there[path] for path in new} == new, "flake.nix is the last that Nix reads"
        write(root, new)
        assert look(root) == new
        if not killed:
            break
    assert count > 10


def test_two_writers_at_once_leave_one_whole_set(tmp_path: Path) -> None:
    sets = [
        {"flake.nix": HEAD + text, DEFAULT: HEAD + text, ".envrc": HEAD + text}
        for text in (b"one\n", b"two\n")
    ]
    pids = []
    for files in sets * 4:
        pid = os.fork()
        if pid == 0:
            write(tmp_path, files)
            os._exit(0)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * len(pids)
    assert look(tmp_path) in sets


@pytest.mark.parametrize("words", [["compile"], ["compile", "--check"]])
@pytest.mark.parametrize("name", ["flake.nix", "nix/pyenvspec/default.nix", "nix/pyenvspec/vendor/x.nix"])
def test_a_file_without_an_end_is_not_read_to_its_end(
    name: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "env.yaml").write_text("python: 3.12\n")
    assert run(["compile", "-q", "-C", str(tmp_path)]) == 0
    with (tmp_path / name).open("ab") as stream:
        if stream.tell() == 0:
            stream.write(b"# Written by pyenvspec\n")
        stream.truncate(3 * 1024**3)
    # What nobody asks for any more is left where it is.
    is_needed = "vendor" not in name
    assert run([*words, "-C", str(tmp_path)]) == is_needed
    assert (f"`{name}` is larger than 64 MiB" in capsys.readouterr().err) == is_needed
    assert (tmp_path / name).stat().st_size == 3 * 1024**3

"""Brings generated files to the project: paths and bytes in, files on the disk.

`plan_writes` only reads and says what would happen; `apply` makes it happen. Every new content is on the disk
beside its place before the first file is replaced; each is replaced by one rename, flake.nix last of what Nix
reads. Whatever stops it leaves complete files, old or new, and the next compile, which compares all of them,
does the rest. What Nix must see is then made known to git: `checkout`.

A file is ours when its first line holds `Written by pyenvspec`. Anything else is the user's and is never
overwritten; `--force` keeps it beside ours as `NAME.orig`.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import field
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, Severity
from pyenvspec.records import dataclass
from pyenvspec.writing.atomic import DRAFT, fsync_folder, write_draft
from pyenvspec.writing.projectfs import (
    FLAKE_LOCK,
    GENERATED_PATHS,
    MODULE_FOLDER,
    MOST_BYTES,
    WriteError,
    blocked,
    blocked_parent,
    describe_mode,
    explained,
    has_marker,
    is_generated,
    is_writable_path,
    keep_copy,
    project_lock,
    too_large,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = [
    "Change",
    "Changes",
    "Kind",
    "Outcome",
    "WriteError",
    "WriteOptions",
    "apply",
    "bundle",
    "plan_writes",
]

_GENERATE_KEYS = {
    ".envrc": "direnv",
    ".devcontainer/devcontainer.json": "devcontainer",
    ".vscode/settings.json": "vscode",
    ".vscode/extensions.json": "vscode",
    ".github/workflows/pyenvspec.yml": "github_actions",
    ".gitlab-ci.yml": "gitlab_ci",
}


@dataclass(frozen=True)
class WriteOptions:
    """How the command line asks for the files; `check` and `diff` write nothing."""

    check: bool = False
    diff: bool = False
    force: bool = False  # replace the user's own files, each kept as a copy
    partial: bool = False  # the files given are not the whole set: nothing is removed (`pyenvspec lock`)


class Kind(StrEnum):
    """What becomes of one file."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REMOVED = "removed"


@dataclass(frozen=True)
class Change:
    """One file before and after; None where there is none. `kept_as` is the copy of a user's file."""

    path: str
    kind: Kind
    old: bytes | None
    new: bytes | None
    kept_as: str | None = None


@dataclass(frozen=True)
class Changes:
    """All that a compile would do to `root`, sorted by path. With conflicts nothing of it may be done."""

    root: Path
    files: Mapping[str, bytes] = field(repr=False)
    options: WriteOptions
    items: tuple[Change, ...]
    conflicts: tuple[Diagnostic, ...]

    @property
    def is_stale(self) -> bool:
        """Whether the disk differs from what env.yaml says."""
        differs = any(change.kind is not Kind.UNCHANGED for change in self.items)
        return differs or bool(self.conflicts)

    def of(self, *kinds: Kind) -> tuple[str, ...]:
        """The paths with one of these fates."""
        return tuple(change.path for change in self.items if change.kind in kinds)

    def diff(self) -> str:
        """A unified diff from the disk to the new files, as `git apply` reads it."""
        return "".join(_diff_of(change) for change in self.items if change.kind is not Kind.UNCHANGED)

    def stale_findings(self) -> tuple[Diagnostic, ...]:
        """What `--check` reports: one error per file that is not what env.yaml says."""
        words = {
            Kind.CREATED: "does not exist yet",
            Kind.CHANGED: "is not what env.yaml says",
            Kind.REMOVED: "is no longer needed",
        }
        hint = "Run `pyenvspec compile` (`pyenvspec compile --diff` shows what it changes)."
        stale = [(c.path, f"`{c.path}` {words[c.kind]}") for c in self.items if c.kind in words]
        findings = (
            Diagnostic(code="stale-output", message=text, file=path, hint=hint) for path, text in stale
        )
        return (*self.conflicts, *findings)


@dataclass(frozen=True)
class Outcome:
    """What `apply` did, and the notes for the user (copies kept)."""

    changes: Changes
    notes: tuple[Diagnostic, ...] = ()


def plan_writes(root: Path, files: Mapping[str, bytes], options: WriteOptions | None = None) -> Changes:
    """Compare `files` (relative POSIX path to bytes) with the disk, whatever state that is in; only reads."""
    options = options or WriteOptions()
    _check_input(files)
    items: list[Change] = []
    conflicts: list[Diagnostic] = []
    for path in sorted(files):
        try:
            items.append(_plan_file(root, path, files[path], force=options.force))
        except WriteError as error:
            # One link in place of nix/pyenvspec stands in the way of twenty files, and is told once.
            conflicts += (finding for finding in error.diagnostics if finding not in conflicts)
    try:
        items += [] if options.partial or conflicts else _plan_removals(root, files)
    except WriteError as error:
        conflicts += error.diagnostics
    items.sort(key=lambda change: change.path)
    return Changes(root, files, options, tuple(items), tuple(conflicts))


def apply(changes: Changes, on_wait: Callable[[], None] | None = None) -> Outcome:
    """Write what differs, or raise `WriteError`; `on_wait`: see `project_lock`."""
    options = changes.options
    # Without anything to write there is no lock to wait for, and a read-only project compiles.
    if options.check or options.diff or not changes.is_stale:
        return Outcome(changes)
    if changes.conflicts:
        raise WriteError(*changes.conflicts)
    with project_lock(changes.root, on_wait):
        # Read again: another compile may have written since, and only now is nobody else writing.
        fresh = plan_writes(changes.root, changes.files, options)
        if fresh.conflicts:
            raise WriteError(*fresh.conflicts)
        _switch(fresh)
    return Outcome(fresh, tuple(_kept_note(c.path, c.kept_as) for c in fresh.items if c.kept_as is not None))


def _switch(changes: Changes) -> None:
    root = changes.root
    todo = [change for change in changes.items if change.kind is not Kind.UNCHANGED]
    folders = {(root / change.path).parent for change in todo}
    _remove_drafts(folders)
    try:
        # All of them first: a full disk or a folder that cannot be written is met before anything is replaced.
        drafts = {c.path: _draft(root, c, c.new) for c in todo if c.new is not None}
        for change in sorted(todo, key=_turn):
            with explained(change.path):
                if change.kept_as is not None:
                    # Before the rename, which takes the name away from the user's file.
                    keep_copy(root / change.path, root / change.kept_as)
                if change.kind is Kind.REMOVED:
                    (root / change.path).unlink()
                else:
                    drafts[change.path].replace(root / change.path)
    finally:
        _remove_drafts(folders)
        for change in todo:
            _prune(root, change.path)
    with explained("."):
        for folder in filter(Path.is_dir, folders):
            fsync_folder(folder)


def _remove_drafts(folders: Iterable[Path]) -> None:
    """Remove what was never put in place, of this compile or of one that was killed; the project is ours alone."""
    for folder in folders:
        for draft in folder.glob(f".*{DRAFT}"):
            with suppress(OSError):
                draft.unlink()


def _draft(root: Path, change: Change, content: bytes) -> Path:
    path = root / change.path
    with explained(change.path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Who made a generated file unreadable for others, or writable for a group, finds it so again.
        mode = stat.S_IMODE(path.lstat().st_mode) if change.old is not None else None
        return write_draft(path, content, mode=mode)


def _turn(change: Change) -> tuple[int, str]:
    """Place in the switch: at any moment before the last, what Nix reads first still fits the rest."""
    if change.kind is Kind.REMOVED:
        return 4, change.path
    # direnv loads as soon as .envrc changes: by then flake.nix, which it evaluates, is the new one.
    late = {"flake.nix": 2, ".envrc": 3}
    return late.get(change.path, 0 if change.kind is Kind.CREATED else 1), change.path


def _prune(root: Path, path: str) -> None:
    """Remove the folders above `path` that nothing is left in."""
    for parent in (root / path).parents:
        if parent == root:
            break
        try:
            parent.rmdir()
        except OSError:  # not empty, or not there
            continue


def bundle(files: Mapping[str, bytes]) -> str:
    """All files as one text for `--stdout`, each under a line with its path."""
    return "\n".join(f"# ==> {path} <==\n{_text(files[path])}" for path in sorted(files))


def _check_input(files: Mapping[str, bytes]) -> None:
    """Hold the earlier stages to their part: a file written without our line could never be rewritten."""
    # On macOS the second of them would replace the first.
    if len({path.casefold() for path in files}) != len(files):
        raise ValueError("two generated paths differ only in case")
    for path, content in files.items():
        if not is_writable_path(path):
            raise ValueError(f"not a path that pyenvspec generates: {path!r}")
        if not is_generated(path, content):
            raise ValueError(f"the first line of {path} does not say that pyenvspec wrote it")


def _plan_file(root: Path, path: str, new: bytes, *, force: bool) -> Change:
    old = _read(root, path)
    if old is None:
        return Change(path, Kind.CREATED, None, new)
    if old == new:
        return Change(path, Kind.UNCHANGED, old, new)
    # flake.lock cannot say whose it is: beside a flake.nix of ours it was made for that one.
    if has_marker(old) or (path == FLAKE_LOCK and _is_flake_ours(root)):
        return Change(path, Kind.CHANGED, old, new)
    copy = _free_copy_name(root, path)
    if not force:
        raise WriteError(_users_file(path, copy))
    return Change(path, Kind.CHANGED, old, new, kept_as=copy)


def _is_flake_ours(root: Path) -> bool:
    flake = _read(root, "flake.nix")
    return flake is not None and has_marker(flake)


def _read(root: Path, path: str) -> bytes | None:
    with explained(path):
        if (parent := blocked_parent(root, path)) is not None:
            raise WriteError(parent)
        try:
            mode = (root / path).lstat().st_mode
        except FileNotFoundError:
            if not root.is_dir():  # the project itself is gone, not one file of it
                raise
            return None
        if not stat.S_ISREG(mode):
            raise WriteError(blocked(path, describe_mode(mode)))
        with (root / path).open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise WriteError(too_large(path, MOST_BYTES))
    return content


def _free_copy_name(root: Path, path: str) -> str:
    names = (f"{path}.orig.{number}" if number else f"{path}.orig" for number in count())
    return next(name for name in names if not os.path.lexists(root / name))


def _users_file(path: str, copy: str) -> Diagnostic:
    key = _GENERATE_KEYS.get(path)
    without = f", or set `generate: {{{key}: false}}` to keep only yours" if key else ""
    return Diagnostic(
        code="write-conflict",
        message=f"`{path}` is yours: its first line does not say that pyenvspec wrote it",
        file=path,
        hint=f"Move it away, or run `pyenvspec compile --force`, which keeps it as `{copy}`{without}.",
    )


def _kept_note(path: str, copy: str) -> Diagnostic:
    return Diagnostic(
        code="write-kept-copy",
        message=f"your `{path}` is kept as `{copy}`",
        file=path,
        severity=Severity.NOTE,
    )


def _plan_removals(root: Path, files: Mapping[str, bytes]) -> list[Change]:
    # Where `Flake.nix` and `flake.nix` are one file, the listing may spell a wanted file differently.
    with explained(MODULE_FOLDER):
        wanted = {None, *(_identity(root / path) for path in files)}
        present = (*GENERATED_PATHS, *_module_files(root))
        unwanted = [path for path in present if path not in files and _identity(root / path) not in wanted]
    removals = []
    for path in unwanted:
        try:
            old = _read(root, path)
        except WriteError as error:
            # A disk that fails, not a file that is somebody's.
            if isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, PermissionError):
                raise
            continue  # a link or folder, or somebody's that we may not read: not ours to remove
        if old is not None and has_marker(old):
            removals.append(Change(path, Kind.REMOVED, old, None))
    return removals


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    return status.st_dev, status.st_ino


def _module_files(root: Path) -> Iterator[str]:
    """Plain paths of all files in nix/pyenvspec/; symlinked folders are not entered."""
    if blocked_parent(root, f"{MODULE_FOLDER}/x") is not None or not (root / MODULE_FOLDER).is_dir():
        return
    for folder, _, names in os.walk(root / MODULE_FOLDER, onerror=_raise):
        for name in names:
            path = (Path(folder) / name).relative_to(root).as_posix()
            if is_writable_path(path) and not name.endswith(DRAFT):
                yield path


def _raise(error: OSError) -> None:
    # os.walk skips a folder that it cannot list, and files of ours in it would stay for good.
    raise error


def _diff_of(change: Change) -> str:
    import difflib  # 3 ms that a compile without `--diff` does not pay

    before = f"a/{change.path}" if change.old is not None else "/dev/null"
    after = f"b/{change.path}" if change.new is not None else "/dev/null"
    old, new = (_lines(content or b"") for content in (change.old, change.new))
    lines = difflib.unified_diff(old, new, before, after)
    no_end = "\n\\ No newline at end of file\n"
    return "".join(line if line.endswith("\n") else line + no_end for line in lines)


def _lines(content: bytes) -> list[str]:
    # Not splitlines, which also splits at carriage returns, form feeds and the like.
    *lines, last = content.split(b"\n")
    return [_text(line) + "\n" for line in lines] + ([_text(last)] if last else [])


def _text(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")

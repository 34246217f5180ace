"""Switches a set of files in one step: steps in, the old or the new set on disk.

POSIX renames one file at a time, so the set is switched with a journal:

1. *stage*: every new content goes to `.pyenvspec-staging/N.new`, a hard link to what it replaces to `N.old`;
   all of it is fsynced. Up to here nothing that the user or Nix reads has changed.
2. *commit*: `journal`, the list of steps, appears by one rename. From here on the new set is decided.
3. *switch*: one rename per file, back to back. New files come first (nothing refers to them yet), then what
   is changed, `flake.nix` after the module that it imports. Removals come last, as renames to `N.old`.
4. *clean up*: the journal goes first, then the rest of the folder.

What that guarantees:

- With recovery (`recover`, which every compile runs first): always exactly the old or the new set. A
  committed journal is finished, anything less is thrown away. An error in the switch (full disk, no
  permission, ^C) is undone on the spot, and the undoing is journalled in the same way.
- Without recovery, the process killed at any moment: exactly the old or the new set. While more than one
  rename is due, a forked copy of this process waits, and makes the remaining ones if its parent dies.
- Without recovery, the machine (or all the copies at once) gone between two adjacent renames: each file is
  complete, old or new; none is torn or missing; the journal is there whenever the set is mixed. A single
  changed file, the usual case, has no such moment.

Exchanging the whole of nix/pyenvspec/ with one renameat2 would not remove that last moment, since `flake.nix`
lies outside it; and it fails on overlayfs and moves the folder away under whoever stands in it.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, Severity
from pyenvspec.writing.projectfs import (
    COPY_SUFFIX,
    WriteError,
    blocked_parent,
    explained,
    fsync_folder,
    is_ours,
    is_writable_path,
    link_or_copy,
    project_lock,
    write_new,
)
from pyenvspec.writing.survivor import survivor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STAGING = ".pyenvspec-staging"
_COMMITTED = "journal"
_UNDOING = "undo"
_FIRST_LINE = "pyenvspec journal 1"
_STAGED_NAME = re.compile(r"[0-9]+\.(new|old)|journal|journal\.tmp|undo")


class Action(StrEnum):
    """What a step does to its path."""

    KEEP = "keep"  # the user's own file, kept beside the one that takes its place (`PATH.orig`)
    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Step:
    """One file of a switch; `content` is given for CREATE and CHANGE only, `path` is relative and POSIX."""

    action: Action
    path: str
    content: bytes = b""

    @property
    def origin(self) -> str:
        """For KEEP: the path whose file is kept."""
        return COPY_SUFFIX.sub("", self.path)

    def rank(self) -> tuple[int, str]:
        """Place in the switch: at any moment before the last, what Nix reads first still fits the rest."""
        if self.action is Action.REMOVE:
            return 6, self.path
        late = {"flake.nix": 4, ".envrc": 5}
        return late.get(self.path, ["keep", "create", "change"].index(self.action)), self.path


def commit(root: Path, steps: Sequence[Step]) -> None:
    """Switch to the new set, or raise `WriteError` and leave the old one; the caller holds the lock."""
    ordered = sorted(steps, key=Step.rank)
    staging = root / STAGING
    with explained(STAGING):
        staging.mkdir(mode=0o700)
    try:
        _stage(root, staging, ordered)
        with explained(STAGING):
            (staging / "journal.tmp").rename(staging / _COMMITTED)
            fsync_folder(staging)
            fsync_folder(root)
    except BaseException:
        with suppress(OSError, WriteError):
            _clean_up(staging)
        raise
    # As many lives as steps: whatever kills one copy after another, each gets a step further.
    with survivor(lambda: recover_locked(root, lives=len(ordered)), needed=len(ordered) > 1):
        try:
            _go_forward(root, ordered)
        except BaseException as error:
            _undo_after(error, root, ordered)
            raise
        _finish(root, ordered)


def is_interrupted(root: Path) -> bool:
    """Whether an earlier switch was cut off after its commit; reads only."""
    return any(os.path.lexists(root / STAGING / name) for name in (_COMMITTED, _UNDOING))


def recover(root: Path, on_wait: Callable[[], None] | None = None) -> Diagnostic | None:
    """Bring the project to the old or the new set after a crash; a note says when that changed a file."""
    if not os.path.lexists(root / STAGING):
        return None
    with project_lock(root, on_wait):
        return recover_locked(root)


def recover_locked(root: Path, lives: int = 1) -> Diagnostic | None:
    """`recover` for a caller that holds the lock; `lives` copies of this process may be killed in it."""
    staging = root / STAGING
    try:
        again = lives > 0 and is_interrupted(root)
        with explained(STAGING), survivor(lambda: recover_locked(root, lives - 1), needed=again):
            return _resume(root, staging)
    except WriteError as error:
        reasons = error.diagnostics
    raise WriteError(
        *reasons,
        Diagnostic(
            code="write-interrupted",
            message="an earlier compile was cut off, and what it left cannot be finished",
            file=STAGING,
            hint=f"Remove the cause above, or delete `{STAGING}`; then run `pyenvspec compile` again.",
        ),
    )


def _resume(root: Path, staging: Path) -> Diagnostic | None:
    try:
        if not stat.S_ISDIR(staging.lstat().st_mode):
            raise WriteError(_damaged("is not a folder"))
    except FileNotFoundError:
        return None
    # `undo` before `journal`: renaming one to the other leaves no moment with both, and none is older.
    for name, message in (
        (_UNDOING, "an earlier compile failed and was cut off: its files are put back as they were"),
        (_COMMITTED, "an earlier compile was cut off: its files are now all in place"),
    ):
        if _exists(staging / name):
            steps = _read_journal(staging / name)
            if name == _UNDOING:
                _undo(root, steps)
            else:
                _go_forward(root, steps, forgiving=True)
                _finish(root, steps)
            return Diagnostic(code="write-recovered", message=message, file=STAGING, severity=Severity.NOTE)
    _clean_up(staging)
    return None


def _undo_after(error: BaseException, root: Path, steps: Sequence[Step]) -> None:
    try:
        _undo(root, steps)
    except WriteError as second:
        first = error.diagnostics if isinstance(error, WriteError) else ()
        stuck = _damaged("holds a switch of files that could be neither finished nor undone")
        hint = "Remove the cause above and run `pyenvspec compile` again: it goes on from there."
        raise WriteError(*first, *second.diagnostics, replace(stuck, hint=hint)) from error


def _stage(root: Path, staging: Path, steps: Sequence[Step]) -> None:
    kept = {step.origin for step in steps if step.action is Action.KEEP}
    for number, step in enumerate(steps):
        target, new, old = root / step.path, staging / f"{number}.new", staging / f"{number}.old"
        with explained(step.path):
            if step.action is Action.KEEP:
                link_or_copy(root / step.origin, new)
            elif step.action is Action.CREATE:
                write_new(new, step.content)
            elif step.action is Action.CHANGE:
                write_new(new, step.content, mode=stat.S_IMODE(target.lstat().st_mode))
                link_or_copy(target, old)
                if not _is_file(old) or not (step.path in kept or is_ours(step.path, old.read_bytes())):
                    raise WriteError(_edited_meanwhile(step.path))
    lines = [_FIRST_LINE, *(f"{step.action} {step.path}" for step in steps), ""]
    with explained(STAGING):
        write_new(staging / "journal.tmp", "\n".join(lines).encode())
        fsync_folder(staging)


def _read_journal(path: Path) -> list[Step]:
    """The steps of a journal, checked as foreign data: a cloned project may bring a forged one."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise WriteError(_damaged("holds a journal that is not a file"))
    first, *lines = path.read_text("utf-8", "replace").split("\n")
    if first != _FIRST_LINE or not lines or lines.pop():
        raise WriteError(_damaged("holds a journal that pyenvspec did not write"))
    steps = []
    for line in lines:
        action, _, target = line.partition(" ")
        if action not in list(Action):
            raise WriteError(_damaged(f"holds a journal with an unknown step `{action}`"))
        step = Step(Action(action), target)
        if not is_writable_path(step.origin) or (step.action is not Action.KEEP and step.origin != target):
            raise WriteError(_damaged(f"holds a journal that names `{target}`"))
        steps.append(step)
    return steps


def _damaged(what: str) -> Diagnostic:
    return Diagnostic(code="write-interrupted", message=f"`{STAGING}` {what}", file=STAGING)


def _go_forward(root: Path, steps: Sequence[Step], *, forgiving: bool = False) -> None:
    """Make every step that is not made yet. A file that became the user's meanwhile stops it, or is left."""
    for number, step in enumerate(steps):
        new, old = (root / STAGING / f"{number}.{kind}" for kind in ("new", "old"))
        with explained(step.path):
            if (parent := blocked_parent(root, step.path)) is not None:
                raise WriteError(parent)
            if not _may_touch(root / step.path, step.action, old):
                if forgiving:
                    continue
                raise WriteError(_edited_meanwhile(step.path))
            if step.action is Action.REMOVE:
                if _exists(root / step.path):
                    (root / step.path).rename(old)
            elif _is_file(new):
                _make_parents(root, step.path)
                new.rename(root / step.path)


def _undo(root: Path, steps: Sequence[Step]) -> None:
    """Take back every step that was made, the last one first, and clean up."""
    staging = root / STAGING
    with explained(STAGING):
        if _exists(staging / _COMMITTED):
            (staging / _COMMITTED).rename(staging / _UNDOING)
    for number, step in reversed(list(enumerate(steps))):
        target, new, old = root / step.path, staging / f"{number}.new", staging / f"{number}.old"
        with explained(step.path):
            if _exists(new) or blocked_parent(root, step.path) is not None:
                continue
            if step.action is Action.REMOVE:
                if _is_file(old) and not _exists(target):
                    _make_parents(root, step.path)
                    old.rename(target)
            elif step.action is Action.CHANGE:
                if _is_file(old) and _may_touch(target, step.action, old):
                    old.rename(target)
            elif _is_file(target) and _may_take_away(root, step):
                target.unlink()
                _remove_empty_parents(root, step.path)
    with explained(STAGING):
        _sync_parents(root, steps)
        _clean_up(staging)


def _finish(root: Path, steps: Sequence[Step]) -> None:
    """Make the switch durable, then forget how it was made. Past the last rename nothing is undone."""
    with suppress(OSError):
        _sync_parents(root, steps)
    with suppress(OSError):
        _clean_up(root / STAGING)
    for step in steps:
        if step.action is Action.REMOVE:
            _remove_empty_parents(root, step.path)


def _may_touch(target: Path, action: Action, old: Path) -> bool:
    """Whether the file at `target` is still the one that the plan saw, or at least one of ours."""
    if not _exists(target):
        return True
    if action is Action.KEEP or not _is_file(target):
        return False
    content = target.read_bytes()
    is_as_planned = action is Action.CHANGE and _is_file(old) and old.read_bytes() == content
    return is_as_planned or is_ours(target.name, content)


def _may_take_away(root: Path, step: Step) -> bool:
    content = (root / step.path).read_bytes()
    if step.action is Action.KEEP:
        # Never the last copy of the user's file: the original must be back first.
        return _is_file(root / step.origin) and (root / step.origin).read_bytes() == content
    return is_ours(step.path, content)


def _edited_meanwhile(path: str) -> Diagnostic:
    return Diagnostic(
        code="write-conflict",
        message=f"`{path}` was written by another program just now",
        file=path,
        hint="Look at that file, then run `pyenvspec compile` again.",
    )


def _exists(path: Path) -> bool:
    # Not os.path.lexists: a disk that reports an error must not pass for one without the file.
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _make_parents(root: Path, path: str) -> None:
    parent = (root / path).parent
    if not parent.is_dir():
        parent.mkdir(parents=True, exist_ok=True)


def _remove_empty_parents(root: Path, path: str) -> None:
    for parent in (root / path).parents:
        if parent == root:
            return
        try:
            parent.rmdir()
        except OSError:  # it holds something else
            return


def _sync_parents(root: Path, steps: Sequence[Step]) -> None:
    # A folder that was made must itself be known to its parent, hence all of them up to the root.
    folders = {parent for step in steps for parent in Path(step.path).parents}
    for folder in sorted(folders):
        if (root / folder).is_dir():
            fsync_folder(root / folder)


def _clean_up(staging: Path) -> None:
    """Delete what we put into the staging folder: the journal first, so that nothing is replayed twice."""
    if not _exists(staging):
        return
    for name in (_COMMITTED, _UNDOING):
        (staging / name).unlink(missing_ok=True)
    for entry in sorted(staging.iterdir()):
        if _STAGED_NAME.fullmatch(entry.name):
            entry.unlink()
    staging.rmdir()

"""Makes generated files known to git, since Nix sees of a checkout only what git knows.

Paths in, warnings out: whatever git says, the files themselves are written and stay. Git is only started
when a `.git` is found upwards by looking.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, Severity
from pyenvspec.writing.projectfs import MODULE_FOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyenvspec.tools import Result, Runner

_TIMEOUT = 30.0

# A hook, or a shell within one, sets these for another repository or another index than ours. Nix ignores
# them and looks for `.git` upwards; so do we. Paths are names, never patterns; messages are read, so English.
_ENV: dict[str, str | None] = {
    **dict.fromkeys(
        (
            "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            "GIT_COMMON_DIR",
            "GIT_DIR",
            "GIT_GLOB_PATHSPECS",
            "GIT_ICASE_PATHSPECS",
            "GIT_INDEX_FILE",
            "GIT_NAMESPACE",
            "GIT_NOGLOB_PATHSPECS",
            "GIT_OBJECT_DIRECTORY",
            "GIT_PREFIX",
            "GIT_WORK_TREE",
        )
    ),
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
}


def is_in_checkout(root: Path) -> bool:
    """Whether `root` or a folder above it holds `.git`: a folder, or a file in a worktree or submodule."""
    absolute = root.resolve()
    return any(os.path.lexists(folder / ".git") for folder in (absolute, *absolute.parents))


def make_known_to_git(root: Path, paths: Sequence[str], runner: Runner) -> tuple[Diagnostic, ...]:
    """`git add --intent-to-add` for those of `paths` that git does not know; warnings where that fails."""
    if not paths or not is_in_checkout(root):
        return ()
    listed = _git(runner, root, "ls-files", "-z", "--", *paths)
    if not listed.ok:
        return (_not_added(paths, listed),)
    unknown = [path for path in paths if path not in listed.stdout.split("\0")]
    if not unknown:
        return ()
    names = "".join(f"{path}\0" for path in unknown)
    checked = _git(runner, root, "check-ignore", "-z", "--stdin", given=names)
    ignored = [path for path in unknown if path in checked.stdout.split("\0")]
    warnings = [_ignored(path) for path in ignored if _is_for_nix(path)]
    if new := [path for path in unknown if path not in ignored]:
        added = _git(runner, root, "add", "--intent-to-add", "--", *new)
        if not added.ok and "must be run in a work tree" not in added.stderr:  # a bare repository
            warnings.append(_not_added(new, added))
    return tuple(warnings)


def _git(runner: Runner, root: Path, *arguments: str, given: str | None = None) -> Result:
    # check-ignore takes names anyway, and refuses to be told so.
    env = {**_ENV, "GIT_LITERAL_PATHSPECS": None} if arguments[0] == "check-ignore" else _ENV
    return runner.run(("git", *arguments), cwd=root, input=given, timeout=_TIMEOUT, env=env)


def _is_for_nix(path: str) -> bool:
    # The others (.envrc, .vscode/…) are read from the disk; that a project ignores them harms nothing.
    return path == "flake.nix" or path.startswith(f"{MODULE_FOLDER}/")


def _ignored(path: str) -> Diagnostic:
    return Diagnostic(
        code="git-ignored",
        message=f"git ignores `{path}`, so Nix does not see it",
        file=path,
        hint=f"Take the pattern out of .gitignore (`git check-ignore -v {shlex.quote(path)}` shows which).",
        severity=Severity.WARNING,
    )


def _not_added(paths: Sequence[str], result: Result) -> Diagnostic:
    if result.missing:
        reason = "git is not installed"
    elif result.timed_out:
        reason = "git took too long"
    else:
        reason = next((line for line in result.stderr.splitlines() if line.strip()), "git failed")
    return Diagnostic(
        code="git-add-failed",
        message=f"Nix does not see new files until git knows them, and git could not be told: {reason}",
        file=paths[0],
        hint=f"Run `{shlex.join(['git', 'add', '--intent-to-add', '--', *paths])}` in the project folder.",
        severity=Severity.WARNING,
    )

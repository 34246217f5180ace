"""Makes generated files known to git, since Nix sees of a checkout only what git knows.

Paths in, warnings out: whatever git says, the files themselves are written and stay. Git is only started
when a `.git` is found upwards by looking. What .gitignore says of a generated file does not count: somebody's
`*.c` must not break a shell.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, Severity
from pyenvspec.project.git import add_command, explain_failure, find_checkout, list_known, make_known

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyenvspec.project.git import Checkout
    from pyenvspec.tools import Result, Runner


def make_known_to_git(root: Path, paths: Sequence[str], runner: Runner) -> tuple[Diagnostic, ...]:
    """Let git know those of `paths` that it does not know yet; a warning where that fails."""
    checkout = find_checkout(root) if paths else None
    if checkout is None:
        return ()
    listed = list_known(runner, checkout, paths)
    if not listed.ok:
        return () if _is_bare(listed) else (_not_added(checkout, paths, listed),)
    # Names as they are, with `-z`: git would put one with an umlaut into quotes.
    known_to_git = set(listed.stdout.split("\0"))
    unknown = [path for path in paths if path not in known_to_git]
    added = make_known(runner, checkout, unknown) if unknown else listed
    return () if added.ok or _is_bare(added) else (_not_added(checkout, unknown, added),)


def _is_bare(result: Result) -> bool:
    return "must be run in a work tree" in result.stderr


def _not_added(checkout: Checkout, paths: Sequence[str], result: Result) -> Diagnostic:
    reason, mend = explain_failure(checkout, result)
    commands = [shlex.join(command) for command in (mend, add_command(paths)) if command]
    return Diagnostic(
        code="git-add-failed",
        message=f"Nix does not see new files until git knows them, and git could not be told: {reason}",
        file=paths[0],
        hint=f"Run `{' && '.join(commands)}` in the project folder.",
        severity=Severity.WARNING,
    )

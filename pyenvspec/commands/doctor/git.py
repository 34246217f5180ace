"""Git: Nix sees of a checkout only what git knows, and copies a folder that is none as a whole."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pyenvspec.commands.doctor.model import Check, Mark
from pyenvspec.project.git import add_command, explain_failure, find_checkout, list_known
from pyenvspec.reporter import some_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.commands.doctor.model import Context

GROUP = "git"
_LARGE = 50 * 1024 * 1024
"""A file that git knows, or a folder without git, that Nix copies at each change is worth a word from here on."""
_MOST_FILES = 50_000
"""As many are looked at; more of them are a data folder, whatever their sizes."""
_MOST_SHOWN = 3


def check_git(context: Context, generated: tuple[str, ...]) -> Iterator[Check]:
    """Yield the findings on the checkout; `generated` are the files that a compile gives."""
    checkout = find_checkout(context.root)
    if checkout is None:
        yield from _check_plain_folder(context)
        return
    listed = list_known(context.runner, checkout)
    if not listed.ok:
        reason, mend = explain_failure(checkout, listed)
        fix = ("install git: Nix needs it to read a checkout",) if listed.missing else ()
        yield Check(GROUP, Mark.BAD, reason, (shlex.join(mend),) if mend else fix)
        return
    known = set(listed.stdout.split("\0"))
    # A file that was deleted, or never written, is `compile`'s to tell.
    written = [path for path in generated if context.host.exists(str(context.root / path))]
    yield _check_generated(written, known)
    yield _check_large(context, sorted(known - {""}))


def _check_plain_folder(context: Context) -> Iterator[Check]:
    files = context.host.files(str(context.root), _MOST_FILES)
    size = sum(length for _, length in files)
    if size < _LARGE and len(files) < _MOST_FILES:
        yield Check(GROUP, Mark.GOOD, "not a git checkout; Nix copies the folder, which is small")
        return
    text = f"not a git checkout: Nix copies all of it ({_megabytes(size)}) whenever something changes"
    yield Check(GROUP, Mark.WARN, text, ("git init, and list data folders in .gitignore",))


def _check_generated(written: list[str], known: set[str]) -> Check:
    if not written:
        return Check(GROUP, Mark.WARN, "nothing is compiled yet", ("pyenvspec compile",))
    unknown = [path for path in written if path not in known]
    if not unknown:
        return Check(GROUP, Mark.GOOD, f"git knows all {len(written)} generated files")
    text = f"git does not know {some_of(unknown, _MOST_SHOWN)}, so Nix does not see it"
    return Check(GROUP, Mark.BAD, text, (shlex.join(add_command(unknown)),))


def _check_large(context: Context, known: list[str]) -> Check:
    sizes = dict(context.host.files(str(context.root), _MOST_FILES))
    large = sorted(((sizes.get(path, 0), path) for path in known), reverse=True)
    total = sum(size for size, _ in large)
    big = [path for size, path in large if size >= _LARGE]
    # Many middling files cost as much as a large one.
    if not big and total < 10 * _LARGE:
        return Check(GROUP, Mark.GOOD, f"what Nix copies is small ({_megabytes(total)})")
    shown = f", {some_of(big, _MOST_SHOWN)} above all" if big else ""
    forget = (shlex.join(("git", "rm", "--cached", "--", big[0])),) if big else ()
    fix = (*forget, "list it in .gitignore" if big else "list data in .gitignore")
    return Check(GROUP, Mark.WARN, f"Nix copies {_megabytes(total)} at each change{shown}", fix)


def _megabytes(size: int) -> str:
    return f"{size / 1024**2:.0f} MB"

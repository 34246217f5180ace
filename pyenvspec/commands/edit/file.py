"""Writing an edited env.yaml: only when it still passes the check that it passed before, and all or nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.driver import MANIFEST, check_tree, read_manifest
from pyenvspec.reading.source import read_text
from pyenvspec.reporter import report, say
from pyenvspec.writing.atomic import ChangedMeanwhileError, change_file
from pyenvspec.writing.projectfs import explained, project_lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenvspec.options import Options
    from pyenvspec.raw import RawSpec


# Editors save within moments of each other at most; what writes more often than that is a program in a loop.
_ATTEMPTS = 5


def edit_file(options: Options, change: Callable[[bytes, RawSpec], bytes]) -> None:
    """Apply `change` to the bytes of env.yaml and write the result; raises what keeps it from being written.

    A file that has errors already may be changed: that is how they are repaired.
    """
    root = options.directory
    read_manifest(root)  # that there is one, before it is locked
    with project_lock(root, on_wait=lambda: say("waiting for another pyenvspec in this project …")):
        for _ in range(_ATTEMPTS):
            try:
                findings = _edit(root, change)
                break
            except ChangedMeanwhileError:
                # An editor saved it while this was at work: the edit is made to what it holds now.
                continue
        else:
            hint = "save it in the editor, and run this again"
            message = f"{MANIFEST} changes all the time"
            raise PyenvspecError(Diagnostic("edit-refused", message, MANIFEST, hint=hint))
    if not options.json:
        report(findings, options)


def _edit(root: Path, change: Callable[[bytes, RawSpec], bytes]) -> tuple[Diagnostic, ...]:
    # Where env.yaml is a link, the file that it leads to is changed and the link stays.
    path = Path(os.path.realpath(root / MANIFEST))
    with explained(MANIFEST):
        data = path.read_bytes()
    raw = read_text(data, MANIFEST)
    edited = change(data, raw)
    if edited == data:  # nothing is written, so that no editor asks whether to load it anew
        return ()
    errors, findings = _check(root, read_text(edited, MANIFEST))
    # Only now, as checking takes longer than all the rest: most edits are right.
    if errors and not _check(root, raw)[0]:
        raise PyenvspecError(*errors)
    with explained(MANIFEST):
        change_file(path, data, edited)
    return *errors, *findings


def _check(root: Path, raw: RawSpec) -> tuple[tuple[Diagnostic, ...], tuple[Diagnostic, ...]]:
    """Return the errors of a tree, and what is found besides."""
    try:
        _, _, findings = check_tree(root, raw)
    except PyenvspecError as error:
        return error.diagnostics, ()
    return (), findings

"""What the nixpkgs release that was decided on is worth: newer than what is known, or no longer maintained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, Severity
from pyenvspec.facts import nixpkgs
from pyenvspec.raw import locate

if TYPE_CHECKING:
    import datetime

    from pyenvspec.plan import Plan
    from pyenvspec.spec.model import SpecFile


def check_newer_release(file: SpecFile, release: str) -> tuple[Diagnostic, ...]:
    """Warn of a release that came after those known: what is decided for it is what holds for the newest."""
    if not nixpkgs.is_newer_than_known(release):
        return ()
    path = ("nixpkgs", "release")
    span = locate(file.raw.root, path)
    rolling = nixpkgs.releases()[-1].branch
    return (
        Diagnostic(
            "release-newer",
            f"{release} is newer than the releases that are known here; it is taken for what {rolling} is",
            file.raw.file,
            span,
            file.raw.line(span.line),
            severity=Severity.WARNING,
            hint=f"a newer pyenvspec may know it; or use {nixpkgs.newest_stable()}",
            path=path,
        ),
    )


def check_support(file: SpecFile, plan: Plan, today: datetime.date) -> tuple[Diagnostic, ...]:
    """Note a release that no longer gets fixes on this day, and why it is used all the same."""
    release = plan.nixpkgs.release
    ends = nixpkgs.end_of_support(release)
    # Both are `2025-12-31`, so that texts compare as days do.
    if ends is None or today.isoformat() <= ends:
        return ()
    # Chosen for what is asked, it is no choice of a line under `nixpkgs`: a newer release lacks that.
    is_chosen = file.spec.nixpkgs.release == "auto"
    path = ("python", "version") if is_chosen else ("nixpkgs", "release")
    span = locate(file.raw.root, path)
    reason = next((one.reason for one in plan.decisions if one.key == "nixpkgs.release"), "")
    newest = nixpkgs.newest_stable()
    return (
        Diagnostic(
            "release-ended",
            f"{release} gets no security fixes since {ends}"
            + (f"; it is used as {reason}" if reason else ""),
            file.raw.file,
            span,
            file.raw.line(span.line),
            severity=Severity.NOTE,
            hint=f"take a newer Python or CUDA, where your packages allow it: {newest} gets them;"
            " `pyenvspec explain --plan` shows the ways"
            if is_chosen
            else f"`nixpkgs.release: {newest}` gets them, where it has what is asked for",
            path=path,
        ),
    )

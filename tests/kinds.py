"""The last words of a test run: which kinds of check ran, which did not, and why.

In: pytest's reports, by their markers. Out: a few lines, also in the file that PYENVSPEC_KINDS names, since what calls
pytest has more to say after it.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

# The first whose marker a test has.
KINDS = {
    "inputs": "with the real flake inputs",
    "nix": "with Nix alone",
    "": "without Nix",
}
OUTCOMES = ("passed", "failed", "error", "skipped", "xfailed")


def summarize(stats: dict[str, list[pytest.TestReport]]) -> list[str]:
    """Count the tests of each kind by their outcome, and the reasons of those that were skipped."""
    counts = {kind: Counter[str]() for kind in KINDS}
    reasons = {kind: Counter[str]() for kind in KINDS}
    for outcome in OUTCOMES:
        for report in stats.get(outcome, []):
            kind = next(name for name in KINDS if not name or name in getattr(report, "keywords", {}))
            counts[kind][outcome] += 1
            if outcome == "skipped":
                reasons[kind][_reason(report)] += 1
    lines = ["kinds of check:"]
    for kind, words in KINDS.items():
        told = ", ".join(f"{count} {outcome}" for outcome, count in counts[kind].items())
        ran = sum(counts[kind].values()) - counts[kind]["skipped"]
        lines.append(f"  {words + ':':28}{told or 'none chosen'}{'' if ran or not told else ', so none RAN'}")
        lines += [f"    {count} skipped: {reason}" for reason, count in sorted(reasons[kind].items())]
    return lines


def _reason(report: pytest.TestReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def tell(lines: Iterable[str]) -> None:
    """Write the lines to the file that PYENVSPEC_KINDS names."""
    if place := os.environ.get("PYENVSPEC_KINDS"):
        Path(place).write_text("\n".join(lines) + "\n")

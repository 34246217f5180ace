"""Reading: the bytes of env.yaml in, `RawSpec` out, or every problem of the file at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostics, PyenvspecError
from pyenvspec.raw import Mapping, RawSpec, without_all
from pyenvspec.reading.marks import find_conflicts, find_lookalikes
from pyenvspec.reading.mended import Mended
from pyenvspec.reading.text import decode
from pyenvspec.reading.tree import TreeReading

if TYPE_CHECKING:
    from pyenvspec.diagnostics import Diagnostic
    from pyenvspec.raw import Node

# Each round parses the whole file again.
MOST_ROUNDS = 20
"""How often a file is read again without what was wrong in it."""

_OF_WHAT_IS_LEFT = ("empty-file", "yaml-top-level")  # once lines were taken away


def read_text(data: bytes, file: str) -> RawSpec:
    """Read the bytes of a file; raises PyenvspecError with all its problems, by position."""
    raw = read_partly(data, file)
    if raw.problems:
        raise PyenvspecError(*raw.problems)
    return raw


def read_partly(data: bytes, file: str) -> RawSpec:
    """Read what can be read: the mistakes of the rest are told in the same run as the `problems` of reading.

    Raises PyenvspecError with them where nothing is left.
    """
    source = decode(data, file)
    mended = Mended(source)
    problems: list[Diagnostic] = []
    for conflict in find_conflicts(source):
        problems.append(conflict.finding)
        # The upper version stays: its keys are checked, and do not seem to be missing.
        mended.blank(conflict.begin, conflict.begin)
        mended.blank(conflict.middle, conflict.end)
    root, findings = _read_rounds(mended, problems)
    problems += [
        mended.place(one) for one in findings.items if not problems or one.code not in _OF_WHAT_IS_LEFT
    ]
    bounded = Diagnostics(left_out=findings.left_out)
    for problem in problems:
        bounded.add(problem)
    if not isinstance(root, Mapping) or (problems and not root.entries):
        raise PyenvspecError(*bounded.ordered())
    # Of a key given twice the first value can be checked; what else is wrong has none.
    broken = {one.path for one in findings.items if one.code != "duplicate-key"}
    whole = mended.place_tree(root)
    assert isinstance(whole, Mapping)
    return RawSpec(
        file, source.lines, without_all(whole, broken), bounded.ordered(), frozenset(broken | mended.unread)
    )


def _read_rounds(mended: Mended, problems: list[Diagnostic]) -> tuple[Node | None, Diagnostics]:
    """Read until nothing stops it; return the tree, if there is one, and what is wrong in it.

    What stopped a round goes to `problems`, unless it only follows from what was mended before.
    """
    is_first = True
    for _ in range(MOST_ROUNDS):
        reading = TreeReading(mended.source)
        root = reading.read()
        # What such a character makes of the lines around it is no mistake of its own.
        is_whole = isinstance(root, Mapping) and not reading.findings.has_errors
        lookalikes = find_lookalikes(mended.source, root if is_whole else None) if is_first else ()
        is_first = False
        problems += lookalikes
        for one in lookalikes:
            mended.correct(one)
        if lookalikes:
            continue
        stopped = reading.stopped
        if stopped is not None and (shorter := mended.up_to_culprit(stopped)):
            # A quote left open is told where it was opened, not where the next one seems to close it.
            reading = TreeReading(shorter)
            reading.read()
            stopped = reading.stopped or stopped
        # What follows a second `---` is meant for another program, so it is not read.
        if stopped is None or stopped.code == "yaml-second-document":
            return root, reading.findings
        if mended.is_news(stopped):
            problems.append(mended.place(stopped))
        if not mended.repair(stopped):
            # `stopped` stands in `problems`, or only follows from what does.
            rest = [one for one in reading.findings.items if one != stopped]
            return None, Diagnostics(rest, reading.findings.left_out)
    return None, Diagnostics()

"""Reading of one data file, once per process."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

Status = Literal["verified", "inferred", "unknown"]
"""verified: read in the cited text · inferred: reasoned from dates or design · unknown: no text read."""

Row = dict[str, Any]
"""One row as the file has it; made into a dataclass when it is asked for, since a run asks for few."""

DATA = Path(__file__).parent / "data"


@cache
def read_table(name: str) -> dict[str, Any]:
    """Return the document `data/<name>.json`; its rows are turned into dataclasses by the caller."""
    document: dict[str, Any] = json.loads((DATA / f"{name}.json").read_bytes())
    return document


def find_fact(table: str, subject: str) -> dict[str, Any]:
    """Return the row of `subject` among the single facts of a file."""
    return next(row for row in read_table(table)["facts"] if row["subject"] == subject)

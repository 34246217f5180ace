"""What the managers of a .venv need of Python, and what nixpkgs keeps apart from it."""

from __future__ import annotations

from functools import cache

from pyenvspec.facts._load import read_table


@cache
def oldest_python(manager: str) -> tuple[int, int] | None:
    """Return the oldest Python minor that a .venv manager works with, as (major, minor); None: no limit known."""
    rows = {row["manager"]: row["oldest_python"] for row in read_table("managers")["managers"]}
    if manager not in rows:
        return None
    major, minor = rows[manager].split(".")
    return int(major), int(minor)


@cache
def split_off() -> tuple[str, ...]:
    """Return the parts of the standard library that nixpkgs has as packages of their own."""
    return tuple(row["package"] for row in read_table("managers")["split_off"])

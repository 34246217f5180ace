"""What the pinned devenv offers."""

from __future__ import annotations

from functools import cache

from pyenvspec.facts._load import read_table


@cache
def devenv_services() -> tuple[str, ...]:
    """Return the names of devenv's services, sorted."""
    return tuple(row["name"] for row in read_table("devenv-services")["services"])

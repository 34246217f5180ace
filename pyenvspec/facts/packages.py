"""Names of Python packages: what conda calls differently."""

from __future__ import annotations

from functools import cache

from pyenvspec.facts._load import read_table


@cache
def _conda_names() -> dict[str, str]:
    return {row["conda"]: row["pypi"] for row in read_table("conda-names")["names"]}


def pypi_name(conda: str) -> str:
    """Return the name on PyPI of a package of conda; most have the same."""
    return _conda_names().get(conda, conda)

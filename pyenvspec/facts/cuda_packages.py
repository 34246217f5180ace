"""The packages of the CUDA sets, by version."""

from __future__ import annotations

from functools import cache
from typing import Any

from pyenvspec.facts._load import read_table
from pyenvspec.facts.nixpkgs import branch_day, minor_of
from pyenvspec.records import dataclass


@dataclass(frozen=True)
class CudaPackages:
    """Names in the set of one CUDA, none where no list of it was read, and in that of any."""

    here: frozenset[str]
    anywhere: frozenset[str]


@cache
def cuda_package_names(version: str) -> CudaPackages:
    """Return the packages of a CUDA; an exact version counts as its minor."""
    minor = minor_of(version)
    rows = read_table("cuda-packages")["packages"]
    here = frozenset(row["name"] for row in rows if minor in row["cuda"])
    return CudaPackages(here, frozenset(row["name"] for row in rows))


@dataclass(frozen=True)
class GoneFromSets:
    """A package that newer sets do not have: the last release that does, and what it is called since, if anything."""

    until: str
    now: str | None


@cache
def gone_from_sets(branch: str) -> dict[str, GoneFromSets]:
    """Return the names that the sets of a release have no more; of an unknown release none.

    Up to 25.05 a set had every part of NVIDIA's manifest; since then it has those that nixpkgs has a file for.
    """
    rows: list[dict[str, Any]] = [row for row in read_table("cuda-packages")["packages"] if "until" in row]
    # Days are compared as text: "" is before each of them, "9999" after.
    day = branch_day(branch) or ""
    gone = [row for row in rows if day > (branch_day(row["until"]) or "9999")]
    return {row["name"]: GoneFromSets(row["until"], row.get("now")) for row in gone}

"""The packages of the CUDA sets, by version."""

from __future__ import annotations

from functools import cache

from pyenvspec.facts._load import read_table
from pyenvspec.records import dataclass


@dataclass(frozen=True, slots=True)
class CudaPackages:
    """Names in the set of one CUDA, none where no list of it was read, and in that of any."""

    here: frozenset[str]
    anywhere: frozenset[str]


@cache
def cuda_package_names(version: str) -> CudaPackages:
    """Return the packages of a CUDA; an exact version counts as its minor."""
    minor = ".".join(version.split(".")[:2])
    rows = read_table("cuda-packages")["packages"]
    here = frozenset(row["name"] for row in rows if minor in row["cuda"])
    return CudaPackages(here, frozenset(row["name"] for row in rows))

"""Compute capabilities of NVIDIA's GPUs, and the CUDA versions that compile for them."""

from __future__ import annotations

from functools import cache

from pyenvspec.facts._load import Status, read_table
from pyenvspec.facts.nixpkgs import cuda_versions, version_key
from pyenvspec.records import dataclass


@dataclass(frozen=True)
class GpuCapability:
    """A compute capability: CUDA `first` to `last`, both included, compile for it; "" is open."""

    capability: str
    name: str
    first: str
    last: str
    jetson: bool
    status: Status
    source: str


@cache
def gpu_capabilities() -> dict[str, GpuCapability]:
    """Return the capabilities by their number, the oldest first."""
    rows = read_table("cuda-capabilities")["capabilities"]
    return {
        row["capability"]: GpuCapability(
            row["capability"],
            row["name"],
            row["from"],
            row["until"],
            row["jetson"],
            row["status"],
            row["source"],
        )
        for row in rows
    }


def cuda_of_generation(capability: str) -> str | None:
    """Return a CUDA that some nixpkgs has and that compiles for a GPU generation, None for one that is not known.

    For GPUs that are no longer compiled for it is the newest that does, for the others the oldest from 11.8 on.
    """
    row = gpu_capabilities().get(capability)
    if row is None:
        return None
    if row.last:
        return next((v for v in reversed(cuda_versions()) if version_key(v) <= version_key(row.last)), None)
    least = max(version_key(row.first), (11, 8))
    return next((v for v in cuda_versions() if version_key(v) >= least), None)

"""Compute capabilities of NVIDIA's GPUs, and the CUDA versions that compile for them."""

from __future__ import annotations

from functools import cache

from pyenvspec.facts._load import Status, read_table
from pyenvspec.records import dataclass


@dataclass(frozen=True, slots=True)
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

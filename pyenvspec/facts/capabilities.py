"""Compute capabilities of NVIDIA's GPUs, and the CUDA versions that compile for them."""

from __future__ import annotations

from functools import cache

from pyenvspec.facts._load import Status, read_table
from pyenvspec.facts.nixpkgs import cuda_versions, version_key
from pyenvspec.records import dataclass


@dataclass(frozen=True)
class GpuCapability:
    """A compute capability: CUDA `first` to `last`, both included, compile for it; "" is open.

    `nvcc` is the first whose compiler does, where nixpkgs asks for a later one; `wheels_until` the last that PyTorch's
    wheels for it are made with.
    """

    capability: str
    name: str
    first: str
    last: str
    jetson: bool
    status: Status
    source: str
    nvcc: str = ""
    wheels_until: str = ""


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
            row.get("nvcc", ""),
            row.get("wheels_until", ""),
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


def first_cuda(capability: str) -> str | None:
    """Return the first CUDA whose programs run on a GPU generation, None for one that is not known.

    What is compiled for 8.0 runs on 8.6 and 8.9 as well: a GPU runs the code of the older ones of its major version.
    """
    own = gpu_capabilities().get(capability)
    if own is None:
        return None
    major, minor = version_key(capability)[:2]
    rows = gpu_capabilities().items()
    older = [row for name, row in rows if name[-1].isdigit() and version_key(name)[0] == major]
    firsts = [row.nvcc or row.first for row in older if version_key(row.capability)[1] <= minor]
    return min(firsts, key=version_key, default=own.nvcc or own.first)

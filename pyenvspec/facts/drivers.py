"""NVIDIA drivers: the oldest that a CUDA runs with."""

from __future__ import annotations

import re
from functools import cache

from pyenvspec.facts._load import Status, read_table
from pyenvspec.facts.nixpkgs import minor_of, version_key
from pyenvspec.records import dataclass


@dataclass(frozen=True)
class MinimumDriver:
    """The oldest Linux driver for a CUDA minor, minor-version compatibility counted in."""

    cuda: str
    driver: str | None
    status: Status
    note: str
    source: str


@dataclass(frozen=True)
class TorchWheel:
    """The CUDA tags that wheels of a torch minor exist with; `pythons` is None where not listed."""

    torch: str
    cuda_tags: tuple[str, ...]
    pythons: tuple[str, ...] | None
    status: Status
    source: str


def driver_version(text: str) -> str | None:
    """Return the driver's version from /proc/driver/nvidia/version, None where the text has none.

    Its line is `… UNIX x86_64 Kernel Module  550.54.15  …`, or of the open driver `… Open Kernel Module for x86_64
    570.86.10  …`; the compiler's version follows on a line of its own.
    """
    match = re.search(r"Kernel Module.*?\s(\d+\.\d+(?:\.\d+)?)\s", text)
    return match[1] if match else None


@cache
def _minimum() -> dict[str, MinimumDriver]:
    return {row["cuda"]: MinimumDriver(**row) for row in read_table("cuda-drivers")["minimum"]}


def minimum_driver(cuda: str) -> MinimumDriver | None:
    """Return the oldest driver for a CUDA minor, or None when it has no row."""
    return _minimum().get(cuda)


@cache
def torch_wheels() -> tuple[TorchWheel, ...]:
    """Return the CUDA tags per torch minor, oldest first."""
    rows = read_table("torch-wheels")["torch"]
    return tuple(
        TorchWheel(
            row["torch"],
            tuple(row["cuda_tags"]),
            None if row["pythons"] is None else tuple(row["pythons"]),
            row["status"],
            row["source"],
        )
        for row in rows
    )


def plain_torch_cuda(version: str) -> str | None:
    """Return the CUDA that the wheels of a torch on PyPI bring, or None when that is not known."""
    minor = minor_of(version)
    row = next((row for row in torch_wheels() if row.torch == minor), None)
    # The rows mark one tag: `cu121 (plain PyPI wheel)`; the other tags come from indices of PyTorch's own.
    tags = (re.match(r"cu([0-9]{2})([0-9]) \(plain", tag) for tag in (row.cuda_tags if row else ()))
    return next((f"{match[1]}.{match[2]}" for match in tags if match), None)


@dataclass(frozen=True)
class TorchBuild:
    """A release of torch by its minor, and the CUDA that its wheels are made with."""

    torch: str
    cuda: str

    @property
    def tag(self) -> str:
        """What its version ends in on PyTorch's own index."""
        return "cu" + self.cuda.replace(".", "")


def torch_builds(*, plain: bool = False) -> tuple[TorchBuild, ...]:
    """Return what wheels of torch there are, the oldest first; `plain` for those that PyPI has."""
    # The last figure is the minor: cu92, cu113, cu128.
    tag = re.compile(r"cu([0-9]+)([0-9])( \(plain)?")
    builds: list[TorchBuild] = []
    for row in torch_wheels():
        matches = [match for match in map(tag.match, row.cuda_tags) if match and (match[3] or not plain)]
        cudas = sorted((f"{match[1]}.{match[2]}" for match in matches), key=version_key)
        builds += [TorchBuild(row.torch, cuda) for cuda in cudas]
    return tuple(builds)

"""What the two extra inputs offer: old interpreters (nixpkgs-python), old CUDA (cuda-legacy)."""

from __future__ import annotations

from functools import cache

from pyenvspec.facts._load import Status, find_fact, read_table
from pyenvspec.records import dataclass


@dataclass(frozen=True)
class BuiltMinor:
    """The exact versions of one minor in nixpkgs-python; `works` is None where it was not seen to build."""

    minor: str
    latest: str
    versions: tuple[str, ...]
    works: bool | None
    status: Status
    source: str
    note: str = ""


@dataclass(frozen=True)
class LegacyCudaSet:
    """A CUDA set of the cuda-legacy overlay with its one cuDNN; `present` False: it has no such set.

    `newest_nixpkgs` is the last release over which the set evaluates, None where none is known to break it.
    """

    cuda: str
    attr: str
    full_version: str | None
    cudnn: str | None
    present: bool
    status: Status
    source: str
    newest_nixpkgs: str | None = None


@cache
def _built_minors() -> dict[str, BuiltMinor]:
    rows = read_table("nixpkgs-python")["versions"]
    built = (BuiltMinor(**{**row, "versions": tuple(row["versions"])}) for row in rows)
    return {row.minor: row for row in built}


def built_minor(minor: str) -> BuiltMinor | None:
    """Return what nixpkgs-python has of a minor, or None."""
    return _built_minors().get(minor)


def built_minors() -> tuple[str, ...]:
    """Return the minors of nixpkgs-python, oldest first."""
    return tuple(_built_minors())


def nixpkgs_python_base() -> str:
    """Return the branch whose C library the interpreters of nixpkgs-python are built with."""
    return str(find_fact("nixpkgs-python", "nixpkgs")["value"])


def nixpkgs_python_source(subject: str = "follows_nixpkgs") -> str:
    """Return where a fact about nixpkgs-python was read."""
    return str(find_fact("nixpkgs-python", subject)["source"])


@cache
def _legacy_sets() -> dict[str, LegacyCudaSet]:
    return {row["cuda"]: LegacyCudaSet(**row) for row in read_table("cuda-legacy")["cuda"]}


def legacy_cuda_set(cuda: str) -> LegacyCudaSet | None:
    """Return what cuda-legacy has of a CUDA minor, or None when it has no row."""
    return _legacy_sets().get(cuda)


def cuda_legacy_oldest_nixpkgs() -> str:
    """Return the oldest branch that the cuda-legacy overlay can be put over."""
    return str(find_fact("cuda-legacy", "oldest_nixpkgs")["value"])


def cuda_legacy_systems() -> tuple[str, ...]:
    """Return the systems that cuda-legacy offers packages for."""
    return tuple(find_fact("cuda-legacy", "systems")["value"])

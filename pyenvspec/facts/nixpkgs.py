"""What each nixpkgs release holds: interpreters, CUDA package sets, cuDNN, tools, C libraries."""

from __future__ import annotations

import re
from functools import cache

from pyenvspec.facts._load import Row, Status, read_table
from pyenvspec.records import dataclass


@dataclass(frozen=True)
class Release:
    """One nixpkgs branch; `order` grows with time, the rolling branch is the last and not stable."""

    branch: str
    order: int
    stable: bool
    glibc: str | None
    gcc: str | None
    source: str


@dataclass(frozen=True)
class PythonAttribute:
    """Whether a branch has an interpreter; `present` is None where no text was read."""

    branch: str
    minor: str
    attr: str
    present: bool | None
    status: Status
    source: str
    note: str = ""
    prerelease: bool = False
    insecure: bool = False


@dataclass(frozen=True)
class CudaRow:
    """Whether a branch has a CUDA package set; `only_runfile` sets hold no separate libraries."""

    branch: str
    cuda: str
    attr: str
    present: bool | None
    status: Status
    source: str
    systems: tuple[str, ...] = ()
    full_version: str | None = None
    only_runfile: bool = False
    note: str = ""


@dataclass(frozen=True)
class CudnnTable:
    """cuDNN versions that work in one CUDA set, with their attributes; `versions` None is unknown."""

    branch: str
    cuda: str
    system: str
    versions: tuple[tuple[str, str], ...] | None
    default: str | None
    status: Status
    source: str


@dataclass(frozen=True)
class Availability:
    """Whether a branch has a tool; `present` is None where no text was read."""

    branch: str
    tool: str
    present: bool | None
    status: Status
    source: str
    note: str = ""


@cache
def releases() -> tuple[Release, ...]:
    """Return all known branches, oldest first."""
    table = read_table("releases")
    glibc = {row["branch"]: row["glibc"] for row in table["glibc"]}
    gcc = {row["branch"]: row["gcc"] for row in table["gcc"]}
    # By a number of its own: `nixos-unstable` is the newest, and sorts as none by its name.
    rows = sorted(table["releases"], key=lambda row: int(row["order"]))
    return tuple(
        Release(r["branch"], r["order"], r["stable"], glibc[r["branch"]], gcc[r["branch"]], r["source"])
        for r in rows
    )


@cache
def find_release(branch: str) -> Release | None:
    """Return the branch of that name, or None when it is not known."""
    return next((release for release in releases() if release.branch == branch), None)


def newest_stable() -> str:
    """Return the newest release that is no longer in flux."""
    return [release.branch for release in releases() if release.stable][-1]


@cache
def branch_day(branch: str) -> str | None:
    """Return the day of a release's nixpkgs, `9999` for the rolling one; None for one that no row knows.

    A stable release keeps what nixpkgs had when it branched off; where the table has no day, that is late in its month.
    """
    release = find_release(branch)
    if release is None:
        return None
    if not release.stable:
        return "9999"  # days are compared as text: after each of them
    row = next(row for row in read_table("releases")["releases"] if row["branch"] == branch)
    match = re.search(r"by (\d{4}-\d{2}-\d{2})", row["branch_off"])
    year, month = branch.removeprefix("nixos-").split(".")
    return match[1] if match else f"20{year}-{month}-22"


@cache
def end_of_support(branch: str) -> str | None:
    """Return the last day on which a release gets fixes, as ISO text; None for one that has no such day."""
    rows = read_table("releases")["support"]
    return next((str(row["ends"]) for row in rows if row["branch"] == branch), None)


def is_newer_than_known(branch: str) -> bool:
    """Whether a branch is named like a release that came in the two years after the last that is known."""
    named = re.fullmatch(r"nixos-(\d\d)\.(05|11)", branch)
    newest = newest_stable()
    year = int(newest.removeprefix("nixos-").partition(".")[0])
    # Two years: a later number is more likely a mistake in typing than a pyenvspec that nobody has updated.
    return named is not None and branch > newest and int(named[1]) <= year + 2


@cache
def _defaults() -> dict[tuple[str, str], str]:
    return {(row["branch"], row["subject"]): row["value"] for row in read_table("releases")["defaults"]}


def default_python(branch: str) -> str | None:
    """Return the minor that `python3` is in a branch."""
    return _defaults().get((branch, "python3"))


@cache
def missing_systems(branch: str) -> frozenset[str]:
    """Return the systems that a branch no longer builds for."""
    rows = read_table("releases")["systems"]
    return frozenset(r["system"] for r in rows if r["branch"] == branch and r["present"] is False)


@cache
def _python() -> dict[tuple[str, str], Row]:
    return {(row["branch"], row["minor"]): row for row in read_table("python")["python"]}


@cache
def python_attribute(branch: str, minor: str) -> PythonAttribute | None:
    """Return what is known of an interpreter in a branch; None when the minor has no row."""
    row = _python().get((branch, minor))
    return None if row is None else PythonAttribute(**row)


@cache
def python_minors() -> tuple[str, ...]:
    """Return all minors that have a row in some branch, oldest first."""
    return tuple(sorted({minor for _, minor in _python()}, key=version_key))


@cache
def _cuda() -> dict[tuple[str, str], Row]:
    return {(row["branch"], row["cuda"]): row for row in read_table("cuda")["cuda"]}


@cache
def cuda_set(branch: str, cuda: str) -> CudaRow | None:
    """Return what is known of a CUDA set in a branch; None when that CUDA has no row."""
    row = _cuda().get((branch, cuda))
    return None if row is None else CudaRow(**{**row, "systems": tuple(row["systems"])})


@cache
def cuda_versions() -> tuple[str, ...]:
    """Return all CUDA minors that have a row in some branch, oldest first."""
    return tuple(sorted({cuda for _, cuda in _cuda()}, key=version_key))


def never_released(cuda: str) -> str | None:
    """Return why a CUDA minor never existed, or None when that is not known of it."""
    rows = read_table("cuda")["never_released"]
    return next((row["note"] for row in rows if row["cuda"] == cuda), None)


@cache
def _cudnn() -> dict[tuple[str, str, str], Row]:
    return {(row["branch"], row["cuda"], row["system"]): row for row in read_table("cudnn")["cudnn"]}


@cache
def cudnn_table(branch: str, cuda: str, system: str) -> CudnnTable | None:
    """Return the cuDNN versions of a CUDA set on a system; None when that set has no row."""
    row = _cudnn().get((branch, cuda, system))
    if row is None:
        return None
    listed = row["cudnn"]
    # None and an empty list differ: nobody read that set, or it has no cuDNN.
    versions = None if listed is None else tuple((version, attr) for version, attr in listed)
    return CudnnTable(branch, cuda, system, versions, row["default"], row["status"], row["source"])


@cache
def _tools() -> dict[tuple[str, str], Row]:
    return {(row["branch"], row["tool"]): row for row in read_table("tools")["tools"]}


@cache
def find_tool(branch: str, tool: str) -> Availability | None:
    """Return whether a branch has a tool; None when the tool has no row."""
    row = _tools().get((branch, tool))
    return None if row is None else Availability(**row)


def minor_of(version: str) -> str:
    """Return `3.11` of `3.11.4`; `12` stays as it is."""
    return ".".join(version.split(".")[:2])


def version_key(version: str) -> tuple[int, ...]:
    """Return the numbers of a dotted version, so that 3.10 sorts after 3.9; 9.0a (a GPU generation) counts as 9.0."""
    return tuple(int(part.rstrip("af")) for part in version.split("."))

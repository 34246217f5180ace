"""Shared libraries that wheels expect from the host, and the attributes that hold them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from pyenvspec.facts._load import Status, read_table


@dataclass(frozen=True, slots=True)
class BaseLibrary:
    """A library that every Python with wheels gets; `output` None is the default one."""

    attr: str
    output: str | None
    why: str
    status: Status
    source: str


@dataclass(frozen=True, slots=True)
class SharedLibrary:
    """A soname and the attribute that holds it, in nixpkgs or (`set` is `cuda`) in the CUDA set in use.

    `newer_attr` is the name that nixpkgs prefers today; the older one still resolves everywhere.
    """

    soname: str
    attr: str
    output: str | None
    set: Literal["pkgs", "cuda"]
    status: Status
    source: str
    newer_attr: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class WheelNeeds:
    """What one PyPI package wants beside the base libraries.

    `libraries` and `sdist_tools` are nixpkgs attributes, `cuda` attributes of the CUDA set; the values
    of `env` may hold `${pkgs.X}` and `${cuda.X}`.
    """

    package: str
    libraries: tuple[str, ...]
    cuda: tuple[str, ...]
    sdist_tools: tuple[str, ...]
    status: Status
    source: str
    env: dict[str, str] = field(default_factory=dict, hash=False)
    note: str = ""


@cache
def base_libraries() -> tuple[BaseLibrary, ...]:
    """Return what the interpreter always sees; the C library is never among it."""
    return tuple(BaseLibrary(**row) for row in read_table("wheel-libraries")["base"])


@cache
def shared_libraries() -> tuple[SharedLibrary, ...]:
    """Return all sonames with a known attribute."""
    return tuple(SharedLibrary(**row) for row in read_table("wheel-libraries")["libraries"])


def find_library(soname: str) -> SharedLibrary | None:
    """Return the attribute of a soname: the exact one, else the one of the same library's name.

    A row without a version (`libcublas.so`) stands for every version of that library.
    """
    stem = soname.split(".so")[0] + ".so"
    rows = shared_libraries()
    exact = next((row for row in rows if row.soname == soname), None)
    return exact or next((row for row in rows if row.soname == stem), None)


def is_driver_library(soname: str) -> bool:
    """Return whether the library belongs to the host's driver and must never come from nixpkgs."""
    return any(row["soname"] == soname for row in read_table("wheel-libraries")["host"])


def is_libc_library(soname: str) -> bool:
    """Return whether the library is part of the C library, of which a process has exactly one."""
    return any(row["soname"] == soname for row in read_table("wheel-libraries")["never"])


@cache
def _needs() -> dict[str, WheelNeeds]:
    rows = read_table("wheel-libraries")["packages"]
    return {row["package"]: _read_needs(row) for row in rows}


def _read_needs(row: dict[str, Any]) -> WheelNeeds:
    lists = {key: tuple(row[key]) for key in ("libraries", "cuda", "sdist_tools")}
    return WheelNeeds(**{**row, **lists})


def wheel_needs(package: str) -> WheelNeeds | None:
    """Return what a PyPI package (normalised name) wants from the host, or None when it has no row."""
    return _needs().get(package)

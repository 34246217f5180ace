"""Shared libraries that wheels expect from the host, and the attributes that hold them."""

from __future__ import annotations

from dataclasses import field
from functools import cache
from typing import Any, Literal

from pyenvspec.facts._load import Status, read_table
from pyenvspec.facts.debian import attribute_of_library
from pyenvspec.facts.packages import normalise, wheel_contents, wheels_looked_into
from pyenvspec.records import dataclass


@dataclass(frozen=True)
class SharedLibrary:
    """A soname and the attribute that holds it, in nixpkgs or (`set` is `cuda`) in the CUDA set in use."""

    soname: str
    attr: str
    output: str | None
    set: Literal["pkgs", "cuda"]
    status: Status
    source: str
    note: str = ""


@dataclass(frozen=True)
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
def shared_libraries() -> tuple[SharedLibrary, ...]:
    """Return all sonames with a known attribute."""
    return tuple(SharedLibrary(**row) for row in read_table("wheel-libraries")["libraries"])


def find_library(soname: str) -> SharedLibrary | None:
    """Return the attribute of a soname: the exact one, else the one of the same library's name.

    A row without a version (`libcublas.so`) stands for every version of that library.
    """
    # The base name last: `libcudart.so.11.0` and `libcudart.so.12` are the same attribute of two sets.
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


def attribute_of_soname(soname: str) -> str | None:
    """Return what to write under `native` for a shared library, `cuda.X` for one of the CUDA set; None if unknown.

    Nothing of the driver and of the C library has an attribute: both must come from where they are.
    """
    if is_driver_library(soname) or is_libc_library(soname):
        return None
    library = find_library(soname)
    if library is None:
        return attribute_of_library(soname)
    return f"cuda.{library.attr}" if library.set == "cuda" else library.attr


def is_always_visible(soname: str) -> bool:
    """Return whether every Python of a shell sees a library already: the base and what `manylinux` promises."""
    return soname in _always_visible() or is_libc_library(soname) or is_driver_library(soname)


@cache
def _always_visible() -> frozenset[str]:
    return frozenset(row["soname"] for row in read_table("wheel-libraries")["manylinux"])


def libraries_of_wheel(name: str) -> tuple[str, ...]:
    """Return what a PyPI package's wheel needs from `native`, beyond what every shell's Python sees.

    What people found out (the table's `packages`) goes before what the wheel is linked with: a plug-in that
    nobody loads is linked too. Nothing for a package that is not known.
    """
    package = normalise(name)
    curated = _needs().get(package)
    if curated is not None:
        wanted: tuple[str | None, ...] = curated.libraries
        # A curated row lists all that was found to lack, also what every Python of a shell sees by now.
        visible = {attribute_of_soname(soname) for soname in _always_visible()}
    else:
        contents = wheel_contents(package)
        # coal is linked with libboost_graph.so, which the wheel of cmeel-boost brings: nothing for `native`.
        brought = _brought_by_wheels()
        needs = contents.needs if contents else ()
        wanted = tuple(
            attribute_of_soname(soname)
            for soname in needs
            if not is_always_visible(soname) and soname not in brought
        )
        visible = set()
    return tuple(sorted({attr for attr in wanted if attr and attr not in visible}))


@cache
def _brought_by_wheels() -> frozenset[str]:
    """Return the libraries that some wheel brings: another one that is linked with them depends on it."""
    return frozenset(soname for wheel in wheels_looked_into() for soname in wheel.brings)

"""Families of failures of Nix, of installs and of what runs: how they look, what they mean, what fixes them."""

from __future__ import annotations

import re
from dataclasses import field
from functools import cache
from typing import Any, Literal

from pyenvspec.facts._load import Status, read_table
from pyenvspec.records import dataclass


@dataclass(frozen=True)
class Family:
    """One kind of failure.

    Texts, and the keys and values of `yaml`, hold `{names}` of the pattern's groups, or of what `resolve`
    adds to them; `commands` are lines to run, or one sentence where there is no single command. `shown` is the
    group whose line is shown, the first line of the match where there is none.
    """

    id: str
    pattern: str
    finding: str
    status: Status
    source: str
    yaml: dict[str, Any] = field(default_factory=dict, hash=False)
    commands: tuple[str, ...] = ()
    resolve: str | None = None
    shown: str | None = None

    def compiled(self) -> re.Pattern[str]:
        """Return the pattern, line by line."""
        return re.compile(self.pattern, re.MULTILINE)


@dataclass(frozen=True)
class CudaLibrary:
    """A library of CUDA with the version in its name, and the CUDA and cuDNN that have it."""

    library: str
    major: str
    cuda: str
    cudnn: str | None
    status: Status
    source: str


@dataclass(frozen=True)
class NeededProgram:
    """A program that a Python package calls; `package` says which, in words."""

    program: str
    attr: str
    package: str
    status: Status
    source: str


@dataclass(frozen=True)
class CmakePackage:
    """What CMake's `find_package` looks for.

    By its `kind`: an attribute of nixpkgs, a Python package whose folder `command` tells CMake, CUDA's, or what each
    shell has.
    """

    package: str
    attr: str | None
    status: Status
    source: str
    kind: Literal["attr", "pypi", "cuda", "shell"] = "attr"
    command: str | None = None


@cache
def families() -> tuple[Family, ...]:
    """Return all families, in the order in which they are tried: those of builds by Nix first."""
    rows = (*read_table("build-failures")["families"], *read_table("run-failures")["families"])
    return tuple(Family(**{**row, "commands": tuple(row.get("commands", ()))}) for row in rows)


@cache
def _build_systems() -> dict[str, str]:
    return {row["module"]: row["package"] for row in read_table("build-failures")["build_systems"]}


def build_system_of(module: str) -> str | None:
    """Return the Python package that holds a build module (`hatchling.build`), or None when it is none."""
    return _build_systems().get(module) or _build_systems().get(module.split(".")[0])


@cache
def _programs() -> dict[str, str]:
    return {row["program"]: row["attr"] for row in read_table("build-failures")["programs"]}


def package_of_program(program: str) -> str | None:
    """Return the nixpkgs attribute that holds a program that builds call, or None when it is not listed."""
    return _programs().get(program)


@cache
def _table(name: str, key: str, value: str) -> dict[str, str]:
    return {row[key]: row[value] for row in read_table("run-failures")[name]}


def attribute_of_header(header: str) -> str | None:
    """Return the attribute that holds a C header; `cuda` for the toolkit's, `python` for CPython's own."""
    return _table("headers", "header", "attr").get(header)


def attribute_of_pkg_config(name: str) -> str | None:
    """Return the attribute whose `NAME.pc` pkg-config looks for, or None when it is not listed."""
    return _table("pkg_config", "name", "attr").get(name)


def find_cmake_package(name: str) -> CmakePackage | None:
    """Return what `find_package(NAME)` is about, in any case of its letters; None when it is not listed."""
    rows = read_table("run-failures")["cmake_packages"]
    return next((CmakePackage(**row) for row in rows if row["package"].lower() == name.lower()), None)


def cuda_of_library(soname: str) -> CudaLibrary | None:
    """Return which CUDA and cuDNN have a library of CUDA (`libcublas.so.11`), None for any other.

    Libraries that are parts of another one (`libcudnn_ops_infer`, `libcublasLt`) are that one's.
    """
    stem, _, version = soname.partition(".so.")
    for row in read_table("run-failures")["cuda_libraries"]:
        # libcudnn_ops_infer, libcublasLt, libcusolverMg, libcufftw, libnppicc
        is_part = re.match(rf"{row['library']}(_|Lt$|Mp|w$|[a-z]+$)", stem)
        # With a dot behind both, so that 1 is not taken for the beginning of 11.
        if (stem == row["library"] or is_part) and f"{version}.".startswith(f"{row['major']}."):
            return CudaLibrary(**row)
    return None


def needed_program(word: str) -> NeededProgram | None:
    """Return the program that a message of a Python package is about, or None when it is not listed."""
    rows = read_table("run-failures")["programs"]
    return next((NeededProgram(**row) for row in rows if row["program"].lower() == word.lower()), None)

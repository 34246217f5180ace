"""Names of native packages: what other package managers call them, and the nixpkgs catalogue."""

from __future__ import annotations

from functools import cache
from typing import Literal

from pyenvspec.facts._load import DATA, Status, read_table
from pyenvspec.record import dataclass

NameKind = Literal["attr", "key", "python", "present", "refused", "service"]


@dataclass(frozen=True, slots=True)
class NativeName:
    """What a name that is not (or should not be) a nixpkgs attribute stands for.

    attr: use `attr` · key: another key of env.yaml · python: a Python package · present: in every
    shell already · refused: does harm · service: a service, or its programs from `attr`. The name may
    be an attribute as well (`is_attribute`), of this or of another thing.
    """

    name: str
    kind: NameKind
    attr: str | None
    is_attribute: bool
    status: Status
    source: str
    hint: str = ""


@cache
def _native_names() -> dict[str, NativeName]:
    return {row["name"]: NativeName(**row) for row in read_table("native-names")["names"]}


def find_native_name(name: str) -> NativeName | None:
    """Return the curated row of a name, as written or in lower case."""
    names = _native_names()
    return names.get(name) or names.get(name.lower())


def native_names() -> tuple[NativeName, ...]:
    """Return all curated rows, by name."""
    return tuple(_native_names().values())


@cache
def catalogue() -> dict[str, str]:
    """Return the description of each nixpkgs attribute listed."""
    return {line.split("\t", 1)[0]: line.rsplit("\t", 1)[1] for line in _catalogue_lines()}


@cache
def catalogue_names() -> frozenset[str]:
    """Return the attributes listed, without their descriptions."""
    return frozenset(line[: line.index("\t")] for line in _catalogue_lines())


def catalogue_sources() -> dict[str, str]:
    """Return what each source word of the file's rows stands for, with its revision."""
    words = (line.removeprefix("# source ") for line in _read_catalogue() if line.startswith("# source "))
    return dict(word.split(": ", 1) for word in words)


def _catalogue_lines() -> list[str]:
    return [line for line in _read_catalogue() if not line.startswith("#")]


def _read_catalogue() -> list[str]:
    return (DATA / "catalogue.tsv").read_text(encoding="utf-8").splitlines()

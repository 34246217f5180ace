"""Names of native packages: what other package managers call them, and the nixpkgs catalogue."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pyenvspec.facts._load import DATA, Row, Status, read_table

CATALOGUE_HEADER = "# Attributes of nixpkgs with one line of description each"
"""How a catalogue starts; a file that does not is none."""

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
def _rows() -> dict[str, Row]:
    return {row["name"]: row for row in read_table("native-names")["names"]}


@cache
def _rows_bytes() -> bytes:
    return (DATA / "native-names.json").read_bytes()


def find_native_name(name: str) -> NativeName | None:
    """Return the curated row of a name, as written or in lower case."""
    quoted = (f'"{spelling}"'.encode() for spelling in {name, name.lower()} if name.isprintable())
    if not any(word in _rows_bytes() for word in quoted):
        return None  # as for most names; taking the file apart takes longer
    rows = _rows()
    row = rows.get(name) or rows.get(name.lower())
    return None if row is None else NativeName(**row)


def native_names() -> tuple[NativeName, ...]:
    """Return all curated rows, by name."""
    return tuple(NativeName(**row) for row in _rows().values())


@cache
def catalogue() -> dict[str, str]:
    """Return the description of each nixpkgs attribute listed."""
    return {line.split("\t", 1)[0]: line.rsplit("\t", 1)[1] for line in _catalogue_lines()}


@cache
def catalogue_names() -> tuple[str, ...]:
    """Return the attributes listed, sorted, without their descriptions."""
    names = re.findall(rb"^([^#\t][^\t\n]*)\t", _catalogue_bytes(), re.MULTILINE)
    return tuple(sorted(b"\n".join(names).decode().split("\n")))


def is_catalogued(name: str) -> bool:
    """Return whether an attribute is listed.

    A few names are looked for in the file's bytes, which takes a hundredth of the time of taking it apart.
    """
    global _searches
    _searches += 1
    if _searches > _MANY:
        return name in _catalogue_set()
    return name.isprintable() and b"\n%s\t" % name.encode() in _catalogue_bytes()


_MANY = 30
_searches = 0


@cache
def _catalogue_set() -> frozenset[str]:
    return frozenset(catalogue_names())


def catalogue_sources() -> dict[str, str]:
    """Return what each source word of the file's rows stands for, with its revision."""
    words = (line.removeprefix("# source ") for line in _read_catalogue() if line.startswith("# source "))
    return dict(word.split(": ", 1) for word in words)


def _catalogue_lines() -> list[str]:
    return [line for line in _read_catalogue() if not line.startswith("#")]


def _read_catalogue() -> list[str]:
    return _catalogue_bytes().decode().splitlines()


def own_catalogue() -> Path:
    """Return where `pyenvspec catalog --update` puts a catalogue of the user's own."""
    cache_home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 -- never raises
    return Path(cache_home) / "pyenvspec" / "catalogue.tsv"


@cache
def _catalogue_bytes() -> bytes:
    """Read the user's own catalogue where there is one: it is of a nixpkgs that they use."""
    try:
        data = own_catalogue().read_bytes()
        data.decode()
    except (OSError, UnicodeDecodeError):
        data = b""
    return data if data.startswith(CATALOGUE_HEADER.encode()) else (DATA / "catalogue.tsv").read_bytes()


def forget_catalogue() -> None:
    """Read the catalogue again at the next look-up: it was written anew."""
    for known in (_catalogue_bytes, _catalogue_set, catalogue, catalogue_names):
        known.cache_clear()

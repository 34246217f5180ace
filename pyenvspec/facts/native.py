"""Names of native packages: the attributes of nixpkgs, and what other package managers call them."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from pyenvspec.facts._load import DATA, Row, Status, read_table
from pyenvspec.facts._sorted import SortedTable
from pyenvspec.facts.nixpkgs import branch_day
from pyenvspec.records import dataclass

NameKind = Literal["attr", "key", "python", "present", "refused", "service"]
Standing = Literal["there", "gone", "not yet", "uncertain"]
"""there: the release has it · gone: it stops there · not yet: it came later · uncertain: no text says so."""

CATALOGUE_DAY = "2026-07-14"
"""The day of the nixpkgs that the catalogue lists; a test holds it to the file's own word."""


@dataclass(frozen=True)
class NativeName:
    """What a name that is not (or should not be) a nixpkgs attribute stands for.

    attr: use `attr` · key: another key of env.yaml · python: a Python package · present: in every
    shell already · refused: does harm · service: a service, or its programs from `attr`. The name may be an
    attribute as well, of this or of another thing; `harmless` is one of a key that does nothing bad in a shell.
    """

    name: str
    kind: NameKind
    attr: str | None
    status: Status
    source: str
    hint: str = ""
    harmless: bool = False

    @property
    def is_attribute(self) -> bool:
        """Whether today's nixpkgs has an attribute of this name."""
        attribute = find_attribute(self.name)
        return attribute is not None and attribute.gone is None


@dataclass(frozen=True)
class Attribute:
    """One attribute of nixpkgs as the catalogue has it.

    `text` is its description, or, where it is gone, why. `unfree` and `insecure` are the names that have to
    be permitted before Nix evaluates it, its own or those of packages that it is made of. `gone` and `new`
    are days, or `unknown`; `before` is what held it until `new`.
    """

    name: str
    version: str
    text: str
    is_set: bool = False
    is_function: bool = False
    alias: str | None = None
    gone: str | None = None
    new: str | None = None
    before: str | None = None
    unfree: tuple[str, ...] = ()
    insecure: tuple[str, ...] = ()
    is_broken: bool = False
    not_for_linux: bool = False
    only_older: bool = False

    def standing(self, branch: str) -> Standing:
        """Return whether a release of nixpkgs, or a revision of it, has this attribute."""
        day = branch_day(branch)
        if self.gone is None and self.new is None:
            return "there"
        # A revision whose day no table has: the check says nothing instead of something wrong.
        if day is None:
            return "uncertain"
        # Today's nixpkgs is known not to have it; of an older one nothing is claimed.
        if self.gone == "unknown":
            return "gone" if day >= CATALOGUE_DAY else "uncertain"
        if self.gone is not None:
            return "gone" if day >= self.gone else "there"
        assert self.new is not None
        return "there" if day >= self.new else "not yet"

    @property
    def is_package(self) -> bool:
        """Whether it can be put into a shell."""
        return not (self.is_set or self.is_function)


@cache
def _rows() -> dict[str, Row]:
    return {row["name"]: row for row in read_table("native-names")["names"]}


@cache
def _rows_bytes() -> bytes:
    return (DATA / "native-names.json").read_bytes()


def find_native_name(name: str) -> NativeName | None:
    """Return the curated row of a name, as written or, where it is no attribute, in lower case."""
    # Names are asked for by the hundred (a lock, a README): almost all are in no row.
    quoted = (f'"{spelling}"'.encode() for spelling in {name, name.lower()} if name.isprintable())
    if not any(word in _rows_bytes() for word in quoted):
        return None  # as for most names; taking the file apart takes longer
    rows = _rows()
    # An attribute stands for itself in its own letters: `R` is not the `r` of a row.
    row = rows.get(name) or (None if is_catalogued(name) else rows.get(name.lower()))
    return None if row is None else NativeName(**row)


def native_names() -> tuple[NativeName, ...]:
    """Return all curated rows, by name."""
    return tuple(NativeName(**row) for row in _rows().values())


@cache
def _catalogue() -> SortedTable:
    return SortedTable.read(DATA / "catalogue.tsv")


@cache
def find_attribute(name: str) -> Attribute | None:
    """Return what is known of an attribute of nixpkgs, or None when it is in no list."""
    cells = _catalogue().find(name)
    return None if cells is None else _read(cells)


def _read(cells: list[str]) -> Attribute:
    name, version, facts, text = cells
    marks = dict(fact.partition("=")[::2] for fact in facts.split())
    return Attribute(
        name,
        version,
        text,
        is_set="set" in marks,
        is_function="function" in marks,
        alias=marks.get("alias"),
        gone=marks.get("gone"),
        new=marks.get("new"),
        before=marks.get("before"),
        unfree=_names(marks.get("unfree")),
        insecure=_names(marks.get("insecure")),
        is_broken="broken" in marks,
        not_for_linux="other" in marks,
        only_older="older" in marks,
    )


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def attributes() -> tuple[Attribute, ...]:
    """Return all attributes listed, sorted."""
    return tuple(_read(cells) for cells in _catalogue().rows())


@cache
def names_there() -> tuple[str, ...]:
    """Return the names of the attributes that today's nixpkgs has, sorted."""
    # One pass over the bytes: making all 29,000 attributes only to ask for their names takes ten times as long.
    # Name, version, then the facts without `gone`: `ffmpeg_4\t\tgone=2026-01-02 …` is left out.
    pattern = rb"^([^#\t\n][^\t\n]*)\t[^\t\n]*\t(?![^\t\n]*\bgone=)"
    return tuple(name.decode() for name in re.findall(pattern, _catalogue().data, re.MULTILINE))


def is_catalogued(name: str) -> bool:
    """Return whether an attribute is listed, be it that it is gone."""
    return find_attribute(name) is not None


def versions_of(name: str) -> tuple[Attribute, ...]:
    """Return the attributes that hold versions of one thing (`ffmpeg`, `ffmpeg_4`), the plain name first."""
    stem = re.sub(r"[_-]?\d[\d_]*$", "", name) or name
    # `gcc` and `gcc13`, `llvmPackages_17`, `postgresql_16`, `openssl_1_1`, `nodejs-slim_20`
    pattern = rb"^(%s(?:[_-]?\d[\d_]*)?)\t" % re.escape(stem).encode()
    # The whole file: `ffmpeg-full` and many more stand between `ffmpeg` and `ffmpeg_4`.
    names = re.findall(pattern, _catalogue().data, re.MULTILINE)
    candidates = (find_attribute(candidate.decode()) for candidate in names)
    return tuple(attribute for attribute in candidates if attribute is not None and attribute.is_package)


def former_name(name: str) -> str | None:
    """Return the name that became an alias of `name`, or None: what it was called before."""
    pattern = rb"^([^\t\n]+)\t[^\t\n]*\t(?:[^\t\n]* )?alias=%s[ \t]" % re.escape(name).encode()
    formers = [former.decode() for former in re.findall(pattern, _catalogue().data, re.MULTILINE)]
    # Spellings like `libX11` came after the set that they were in.
    return max(formers, key=lambda former: former.startswith("xorg."), default=None)


def spelled_for(name: str, branch: str) -> str:
    """Return what a release calls an attribute: a new name from when it is there, the former one before.

    So `xorg.libX11` and `libx11` are the same wherever one of them is, and `libpq` is what it was a part of.
    """
    attribute = find_attribute(name)
    if attribute is None:
        # An output (`libpq.pg_config`): what it was a part of had no such one.
        head = find_attribute(name.split(".")[0])
        if head is not None and head.before and head.standing(branch) == "not yet":
            return head.before
        return name
    if attribute.alias:
        target = find_attribute(attribute.alias)
        return attribute.alias if target and target.standing(branch) == "there" else name
    if attribute.standing(branch) == "not yet":
        return attribute.before or former_name(name) or name
    return name


def may_be_unlisted(branch: str) -> bool:
    """Whether a nixpkgs may have names that the catalogue lacks: it is newer, or of a day that is not known."""
    day = branch_day(branch)
    return day is None or day > CATALOGUE_DAY


def catalogue_source() -> str:
    """Return which nixpkgs the catalogue lists."""
    lines = _catalogue().comments()
    source = next(line.removeprefix("source: ") for line in lines if line.startswith("source: "))
    return source.split(" (")[0]

"""uv.lock, version 1 in every revision: tables in, `PackageLock` out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.facts.packages import normalise
from pyenvspec.project.locks.model import Edge, LockedPackage, PackageLock, PackageSource, Requirement
from pyenvspec.project.locks.problem import Reading, problem
from pyenvspec.project.locks.toml import file_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.project.locks.model import Edges, SourceKind
    from pyenvspec.project.tables import Table

_KINDS: tuple[SourceKind, ...] = ("registry", "git", "url", "path", "directory", "editable", "virtual")
# A requirement with one of these takes its version from there.
_OTHER_SOURCES = ("git", "url", "path", "directory", "editable", "virtual")


def read_uv(document: Table, file: str, text: str) -> PackageLock:
    """Return the lock; an unknown version is an error, since what it means is not known."""
    reading = Reading(file)
    version = document.get("version")
    if version != 1:
        shown = "no version" if version is None else f"version {version}"
        hint = "make it anew with the uv of this project's shell: `uv lock`"
        raise problem("package-lock-format", f"{file} has {shown}, and 1 is known", file, hint=hint)
    tables = reading.tables(document, "package")
    metadata = {
        normalise(reading.text(t, "name")): reading.table(t, "metadata") for t in tables if "metadata" in t
    }
    return PackageLock(
        tool="uv",
        file=file,
        format=f"1.{document.get('revision', 0)}",
        python=reading.text(document, "requires-python", ""),
        packages=tuple(_package(reading, table) for table in tables),
        requires={name: _requirements(reading, table, "requires-dist") for name, table in metadata.items()},
        requires_groups={
            name: {
                group: _requirements(reading, reading.table(table, "requires-dev"), group)
                for group in reading.table(table, "requires-dev")
            }
            for name, table in metadata.items()
        },
        members=reading.texts(reading.table(document, "manifest"), "members"),
        conflicts=tuple(_conflicts(document)),
        text=text,
    )


def _package(reading: Reading, table: Table) -> LockedPackage:
    sdist = table.get("sdist")
    return LockedPackage(
        name=normalise(reading.text(table, "name")),
        version=reading.text(table, "version", ""),
        source=_source(reading, reading.table(table, "source")),
        wheels=tuple(_file(reading, wheel) for wheel in reading.items(table, "wheels")),
        sdist=None if sdist is None else _sdist(reading, table),
        dependencies=_edges(reading, table, "dependencies"),
        extras=_named_edges(reading, table, "optional-dependencies"),
        groups=_named_edges(reading, table, "dev-dependencies"),
        markers=reading.texts(table, "resolution-markers"),
    )


def _conflicts(document: Table) -> Iterator[frozenset[tuple[str, str, str]]]:
    """Yield the sets that exclude each other; one of a shape that is not known says nothing."""
    sets = document.get("conflicts")
    for items in sets if isinstance(sets, list) else ():
        yield frozenset(
            (kind, normalise(str(item.get("package", ""))), normalise(item[kind]))
            for item in (items if isinstance(items, list) else ())
            if isinstance(item, dict)
            for kind in ("extra", "group")
            if isinstance(item.get(kind), str)
        )


def _source(reading: Reading, table: Table) -> PackageSource:
    # `{ registry = "https://…" }`, `{ git = "https://…#<commit>" }`: the one key is the kind.
    for kind in _KINDS:
        if kind in table:
            return PackageSource(kind, reading.text(table, kind))
    raise reading.wrong("source", f"one of {', '.join(_KINDS)}")


def _sdist(reading: Reading, table: Table) -> str:
    # An sdist that is the source itself has a hash and no address.
    return _file(reading, table["sdist"]) or file_name(_source(reading, reading.table(table, "source")).place)


def _file(reading: Reading, value: object) -> str:
    if not isinstance(value, dict):
        raise reading.wrong("wheels", "a list of tables")
    # `url` of an index, `path` of a folder of wheels, `filename` where the package itself is that file.
    key = next((key for key in ("url", "filename", "path") if key in value), None)
    return file_name(reading.text(value, key)) if key else ""


def _edges(reading: Reading, table: Table, key: str) -> Edges:
    return tuple(
        Edge(
            normalise(reading.text(edge, "name")),
            reading.text(edge, "version") if "version" in edge else None,
            reading.text(edge, "marker") if "marker" in edge else None,
            # Which of `extra` and `extras` it is depends on the version of uv.
            reading.texts(edge, "extra" if "extra" in edge else "extras"),
            source=_source(reading, reading.table(edge, "source")) if "source" in edge else None,
        )
        for edge in reading.tables(table, key)
    )


def _named_edges(reading: Reading, table: Table, key: str) -> tuple[tuple[str, Edges], ...]:
    named = reading.table(table, key)
    return tuple((normalise(name), _edges(reading, named, name)) for name in named)


def _requirements(reading: Reading, table: Table, key: str) -> tuple[Requirement, ...]:
    return tuple(
        Requirement(
            normalise(reading.text(requirement, "name")),
            tuple(sorted(reading.texts(requirement, "extras"))),
            None
            if any(k in requirement for k in _OTHER_SOURCES)
            else reading.text(requirement, "specifier", ""),
        )
        for requirement in reading.tables(table, key)
    )

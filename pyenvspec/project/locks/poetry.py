"""poetry.lock, formats 1.x and 2.x: tables in, `PackageLock` out; and the hash that ties it to its pyproject.toml."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from pyenvspec.facts.packages import normalise
from pyenvspec.project.locks.model import Edge, LockedPackage, PackageLock, PackageSource
from pyenvspec.project.locks.problem import Reading, problem
from pyenvspec.project.tables import table_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.project.locks.model import Edges, SourceKind
    from pyenvspec.project.tables import Table

# poetry's words for sources; `legacy` is any index but PyPI, `file` an archive in the project.
_KINDS: dict[str, SourceKind] = {
    "legacy": "registry",
    "git": "git",
    "url": "url",
    "file": "path",
    "directory": "directory",
}
# The parts of [tool.poetry] and of [project] that poetry hashes, by its own names for them.
_POETRY_KEYS = ("dependencies", "source", "extras", "dev-dependencies", "group")
_OLD_KEYS = _POETRY_KEYS[:-1]
_PROJECT_KEYS = ("requires-python", "dependencies", "optional-dependencies")


def read_poetry(document: Table, file: str, text: str) -> PackageLock:
    """Return the lock; a format other than 1.x and 2.x is an error, since what it means is not known."""
    reading = Reading(file)
    metadata = reading.table(document, "metadata")
    version = reading.text(metadata, "lock-version", "none")
    if not re.fullmatch(r"[12]\.[0-9]+", version):
        hint = "make it anew with the poetry of this project's shell: `poetry lock`"
        shown = "no lock-version" if version == "none" else f"lock-version {version}"
        raise problem(
            "package-lock-format", f"{file} has {shown}, and 1.x and 2.x are known", file, hint=hint
        )
    # Up to format 1.1 all files stood in one table under [metadata].
    old_files = {normalise(name): files for name, files in reading.table(metadata, "files").items()}
    return PackageLock(
        tool="poetry",
        file=file,
        format=version,
        python=reading.text(metadata, "python-versions", "*"),
        packages=tuple(_package(reading, table, old_files) for table in reading.tables(document, "package")),
        content_hash=reading.text(metadata, "content-hash", "") or None,
        text=text,
    )


def _package(reading: Reading, table: Table, old_files: dict[str, Any]) -> LockedPackage:
    name, version = normalise(reading.text(table, "name")), reading.text(table, "version")
    rows = reading.items(table, "files") if "files" in table else old_files.get(name, [])
    if not isinstance(rows, list):
        raise reading.wrong("files", "a list")
    files = [_file(reading, value) for value in rows]
    if "files" not in table:
        # That table lists the files of every version of a name together.
        files = [file for file in files if _is_of_version(file, version)]
    extras = reading.table(table, "extras")
    return LockedPackage(
        name=name,
        version=version,
        source=_source(reading, reading.table(table, "source")),
        wheels=tuple(file for file in files if file.endswith(".whl")),
        sdist=next(
            (file for file in files if file.endswith((".tar.gz", ".zip", ".tar.bz2", ".tar.xz"))), None
        ),
        dependencies=tuple(_edges(reading, table)),
        extras=tuple((normalise(extra), _extra_edges(reading, extras, extra)) for extra in extras),
        markers=_markers(table.get("markers")),
        python=reading.text(table, "python-versions", ""),
    )


def _markers(value: object) -> tuple[str, ...]:
    """Return when poetry 2 takes a release, of which it locks several: one marker, or one for each group."""
    markers = tuple(value.values()) if isinstance(value, dict) else (value,)
    # A group without a marker takes it always.
    texts = tuple(marker for marker in markers if isinstance(marker, str) and marker)
    return texts if len(texts) == len(markers) else ()


def _is_of_version(file: str, version: str) -> bool:
    # `torch-1.13.1-cp310-cp310-manylinux1_x86_64.whl`, `tqdm-4.66.tar.gz`
    return re.search(rf"-{re.escape(version)}(-|\.tar|\.zip|$)", file) is not None


def _file(reading: Reading, value: object) -> str:
    if not isinstance(value, dict):
        raise reading.wrong("files", "a list of tables")
    return reading.text(value, "file")


def _source(reading: Reading, table: Table) -> PackageSource:
    if not table:  # PyPI is not named
        return PackageSource("registry")
    kind, place = reading.text(table, "type"), reading.text(table, "url")
    if kind not in _KINDS:
        raise reading.wrong("type", f"one of {', '.join(_KINDS)}")
    return PackageSource(_KINDS[kind], place)


def _edges(reading: Reading, table: Table) -> Iterator[Edge]:
    dependencies = reading.table(table, "dependencies")
    for name, value in dependencies.items():
        # Which of several locked versions is meant follows from all constraints together (`needed.py`).
        for constraint in value if isinstance(value, list) else [value]:
            if isinstance(constraint, dict):
                optional = constraint.get("optional") is True
                marker = reading.text(constraint, "markers") if "markers" in constraint else None
                version = reading.text(constraint, "version", "*")
                yield Edge(
                    normalise(name),
                    marker=marker,
                    extras=reading.texts(constraint, "extras"),
                    optional=optional,
                    constraint=version,
                )
            elif isinstance(constraint, str):
                yield Edge(normalise(name), constraint=constraint)
            else:
                raise reading.wrong("dependencies", "a table of constraints")


def _extra_edges(reading: Reading, extras: Table, extra: str) -> Edges:
    # `uvicorn (>=0.20)`, `httptools (>=0.5); sys_platform != "win32"`: the name only
    names = (re.match(r"[A-Za-z0-9._-]+", text) for text in reading.texts(extras, extra))
    return tuple(Edge(normalise(name[0])) for name in names if name)


def content_hashes(pyproject: Table) -> frozenset[str]:
    """Return every hash that some poetry writes for this pyproject.toml.

    Which parts are hashed has grown: groups came in 1.2, `[project]` in 2.0, `[dependency-groups]` in 2.3.
    """
    project = table_at(pyproject, "project")
    hashed = {key: project[key] for key in _PROJECT_KEYS if project.get(key) is not None}
    groups = table_at(pyproject, "dependency-groups")
    poetry = table_at(pyproject, "tool", "poetry")
    # poetry hashes `null` for those of the old keys that are missing, and leaves a missing `group` out.
    full = {key: poetry.get(key) for key in _POETRY_KEYS if key in _OLD_KEYS or poetry.get(key) is not None}
    short = {key: value for key, value in full.items() if value is not None}
    # Read by poetry 2, a project without anything of poetry's own is hashed in its new form only.
    forms = [full, {key: full[key] for key in _OLD_KEYS}] if short or not (hashed or groups) else []
    for hashed_groups in ({}, groups):
        new = {"project": hashed} if hashed else {}
        new |= {"dependency-groups": hashed_groups} if hashed_groups else {}
        if new:
            forms.append({**new, "tool": {"poetry": short}})
    return frozenset(_hash(form) for form in forms)


def _hash(content: Table) -> str:
    # As poetry does it, to the byte; dates of TOML are what `default` is for.
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()

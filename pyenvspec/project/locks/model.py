"""What a lock says, the same for poetry.lock and uv.lock. Data only.

Names are normalised as PEP 503 says. Files are kept as names; their tags are parsed where they are asked for,
since a lock of 5,000 packages names more than 100,000 files and a compile asks for few.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import Literal

from pyenvspec.facts.packages import normalise
from pyenvspec.records import dataclass

Tool = Literal["poetry", "uv"]
SourceKind = Literal["registry", "git", "url", "path", "directory", "editable", "virtual"]

LOCAL_KINDS = ("path", "directory", "editable", "virtual")
"""Sources that lie in the project's own tree; `path` is a file, the others are folders."""
SOURCE_TREES = ("git", "directory", "editable", "virtual")
"""Sources that are built from as they are, without an archive."""

# `name = "torch"` alone on its line, as in all locks of TOML; within a list of dependencies it stands between braces.
_NAME_LINE = r'(?m)^name = "([^"\n]+)"[ \t\r]*$'


@dataclass(frozen=True, slots=True)
class PackageSource:
    """Where a package comes from; `place` is the index, the repository, the address or the path.

    An empty `place` is the default index of the tool.
    """

    kind: SourceKind
    place: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """One dependency: the version and the source where several are locked, the marker, the extras asked for.

    `constraint` is what poetry has instead of a version, in its own words.
    """

    name: str
    version: str | None = None
    marker: str | None = None
    extras: tuple[str, ...] = ()
    optional: bool = False
    source: PackageSource | None = None
    constraint: str | None = None


Edges = tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """One package of a lock; `wheels` and `sdist` are file names, `version` is "" where it is dynamic.

    `markers` say when this entry is the one of its name (uv's forks, poetry 2); empty means always.
    `python` are the Pythons that the release itself allows, in poetry's words; "" where the lock has none.
    """

    name: str
    version: str
    source: PackageSource
    wheels: tuple[str, ...] = ()
    sdist: str | None = None
    dependencies: Edges = ()
    extras: tuple[tuple[str, Edges], ...] = ()
    groups: tuple[tuple[str, Edges], ...] = ()
    markers: tuple[str, ...] = ()
    python: str = ""

    @property
    def identity(self) -> tuple[str, str, PackageSource]:
        """What tells entries of one lock apart: the same version may be locked from two indices."""
        return self.name, self.version, self.source

    @property
    def has_source(self) -> bool:
        """Whether it can be built: it has an sdist, or its source is not an archive of wheels."""
        return self.sdist is not None or self.source.kind in SOURCE_TREES

    @property
    def is_local(self) -> bool:
        """Whether it is a folder or file of the project."""
        return self.source.kind in LOCAL_KINDS


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement of the project as uv.lock repeats it; `specifier` None where another source decides."""

    name: str
    extras: tuple[str, ...] = ()
    specifier: str | None = None


@dataclass(frozen=True, slots=True)
class PackageLock:
    """A whole lock. `file` is its name as the user knows it, `text` what it was read from.

    `python` is a PEP 440 specifier for uv and a constraint of poetry's for poetry. `content_hash` is poetry's;
    `conflicts` are uv's sets of ("extra" or "group", package, name) of which at most one can be installed.
    `requires` and `requires_groups` are what uv read in the project's pyproject.toml, None where it says nothing.
    """

    tool: Tool
    file: str
    format: str
    python: str
    packages: tuple[LockedPackage, ...]
    content_hash: str | None = None
    requires: dict[str, tuple[Requirement, ...]] = field(default_factory=dict)
    requires_groups: dict[str, dict[str, tuple[Requirement, ...]]] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    conflicts: tuple[frozenset[tuple[str, str, str]], ...] = ()
    text: str = field(default="", repr=False)
    _by_name: dict[str, tuple[LockedPackage, ...]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    _lines: dict[str, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        entries: dict[str, list[LockedPackage]] = {}
        for package in self.packages:
            entries.setdefault(package.name, []).append(package)
        # Filled, not set: the class is frozen.
        self._by_name.update((name, tuple(of_name)) for name, of_name in entries.items())

    def find(self, name: str) -> tuple[LockedPackage, ...]:
        """Return the entries of a package; several where the lock forks."""
        return self._by_name.get(normalise(name), ())

    def names(self) -> frozenset[str]:
        """Return the names of all packages."""
        return frozenset(self._by_name)

    def line_of(self, name: str) -> int | None:
        """Return the line, counted from 1, where a package's entry says its name."""
        # At the first question, for all names: only a finding asks, and then often more than one.
        if not self._lines:
            self._lines.update(lines_of_names(self.text))
        return self._lines.get(normalise(name))


def lines_of_names(text: str) -> dict[str, int]:
    """Return the line, counted from 1, where each package of a lock of TOML first says its name.

    In one walk: a search for each name reads a lock of megabytes hundreds of times.
    """
    lines: dict[str, int] = {}
    number, at = 1, 0
    for match in re.finditer(_NAME_LINE, text):
        number += text.count("\n", at, match.start())
        at = match.start()
        lines.setdefault(normalise(match[1]), number)
    return lines

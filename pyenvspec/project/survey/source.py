"""What one file of a project says. Data only; the readers beside this module make it."""

from __future__ import annotations

import re
from dataclasses import field
from typing import Literal

from pyenvspec.facts.packages import normalise
from pyenvspec.records import dataclass

Kind = Literal[
    "version",
    "lock",
    "pyproject",
    "requirements",
    "setup",
    "pipenv",
    "conda",
    "pixi",
    "devbox",
    "container",
    "imports",
    "readme",
]
"""version: .python-version and its like. container: Dockerfile, devcontainer.json. imports: where nothing else says.
readme: what a README tells to type."""

# `==2.1.0`, `===2.1.0`; not `==2.1.*`, nor two clauses
_PINNED = re.compile(r"\s*={2,3}\s*([0-9][A-Za-z0-9.!+_-]*)\s*")


@dataclass(frozen=True)
class Wanted:
    """A Python package that a file asks for; `text` is what pip would take, `specifier` a PEP 440 one.

    `line` is counted from 1, and 0 where the format has none. `wheels` are the names of locked files. `below` is the
    folder that a text has been led to when it tells to install `.`; it may be the project's own, by another name.
    `is_prose` is a version that a sentence names and no command installs. `file` is where it stands, if not in the file
    that has it among its packages.
    """

    name: str
    text: str
    specifier: str = ""
    extras: tuple[str, ...] = ()
    line: int = 0
    wheels: tuple[str, ...] = ()
    marker: str = ""
    below: str = ""
    is_prose: bool = False
    file: str = ""

    @property
    def version(self) -> str | None:
        """The one release asked for, None where there is a choice."""
        pinned = _PINNED.fullmatch(self.specifier)
        return pinned[1] if pinned else None

    @property
    def is_bounded(self) -> bool:
        """Whether something keeps the newest release out, which is newer than any table."""
        return any(sign in self.specifier for sign in ("<", "==", "~="))


@dataclass(frozen=True)
class Claim:
    """A value that a line of a file gives, in the file's own words; `file` as for a package."""

    value: str
    line: int = 0
    note: str = ""
    file: str = ""


@dataclass()
class Source:
    """One file that was looked at and all that was taken from it; `left_out` is what has no place in env.yaml.

    Of setup.py `imported_to_build` are packages that it imports itself, and `cuda_extension` the line of one in CUDA.
    Of a lock `optional` are the names that only a group or an extra installs which nobody has asked for.
    `includes` are requirements files whose lines stand among the packages.
    """

    file: str
    kind: Kind
    summary: str = ""
    name: str | None = None
    tool: str | None = None
    python: list[Claim] = field(default_factory=list)
    packages: list[Wanted] = field(default_factory=list)
    options: list[Claim] = field(default_factory=list)
    native: list[Claim] = field(default_factory=list)
    cuda: list[Claim] = field(default_factory=list)
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    left_out: list[Claim] = field(default_factory=list)
    imported_to_build: tuple[str, ...] = ()
    cuda_extension: int = 0
    optional: frozenset[str] = frozenset()
    includes: tuple[str, ...] = ()

    @property
    def installed_cuda(self) -> Claim | None:
        """The first CUDA that the file installs; one that it only wants of the driver is none."""
        return next((claim for claim in self.cuda if claim.note != "driver"), None)

    def where(self, claim: Claim | Wanted) -> str:
        """`file:line` of something that this file says."""
        file = claim.file or self.file
        return f"{file}:{claim.line}" if claim.line else file

    def find(self, name: str) -> Wanted | None:
        """The package of that name, if the file asks for it."""
        return next((wanted for wanted in self.packages if wanted.name == normalise(name)), None)


@dataclass(frozen=True)
class Below:
    """A folder below that is a project of its own, and the files that say so."""

    folder: str
    files: tuple[str, ...]


@dataclass()
class Survey:
    """All files that were looked at, the most telling first, the folders below that are projects of
    their own, and the first file of the project's own CUDA code.

    `framework` is the one of torch, tensorflow and jax that most scripts import, with the first of them;
    `beside` are modules that go with it and are often listed nowhere, each with the first script and how many do
    outside of folders with a README of their own;
    `python_2` is a place of code that no Python 3 reads; `tensorflow_1` one that uses what tensorflow 2 no longer
    has; `mpi` one that imports mpi4py; `imported` are the first scripts that import each module; `skipped` says of the
    first files that could not be read, and that nobody named, why.
    """

    sources: list[Source] = field(default_factory=list)
    projects_below: tuple[Below, ...] = ()
    has_manifest_of_conda: bool = False
    cuda_code: str | None = None
    framework: tuple[str, str] | None = None
    tensorflow_1: str | None = None
    beside: tuple[tuple[str, str, int], ...] = ()
    python_2: str | None = None
    mpi: str | None = None
    imported: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def of(self, *kinds: Kind) -> list[Source]:
        """The sources of these kinds, in their order."""
        return [source for kind in kinds for source in self.sources if source.kind == kind]

    def get(self, file: str) -> Source | None:
        """The source that a file became, None where it was not read."""
        return next((source for source in self.sources if source.file == file), None)

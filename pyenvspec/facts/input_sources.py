"""Where our flake inputs come from, which revision was tested, and the inputs that they have themselves."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pyenvspec.facts._load import read_table
from pyenvspec.records import dataclass

REVISION = re.compile(r"[0-9a-f]{40}")
"""A commit's whole name: the only ref that nobody can move."""


@dataclass(frozen=True)
class OwnInput:
    """An input that an input declares: where it comes from, or what of its own flake it follows."""

    name: str
    url: str | None = None
    follows: str | None = None
    flake: bool = True


@dataclass(frozen=True)
class InputSource:
    """One standard input. `ref` is the branch of its development, None where the release decides.

    `inputs` was read at `rev`. Where `settled`, it has been the same for more than a year and holds for
    newer revisions too. `lock` has the nodes of its own flake.lock, where it keeps inputs of its own.
    """

    name: str
    owner: str
    repo: str
    ref: str | None
    flake: bool
    rev: str | None
    nar_hash: str | None
    last_modified: int | None
    inputs: tuple[OwnInput, ...]
    settled: bool
    lock: dict[str, Any]
    source: str

    @property
    def url(self) -> str:
        """The flake reference of the revision that was tested, or of the repository without one."""
        # Without both Nix takes the default branch: an input of a release's own (`nixpkgs`) gets its branch later.
        at = self.rev or self.ref
        return f"github:{self.owner}/{self.repo}" + (f"/{at}" if at else "")


@cache
def _sources() -> dict[str, InputSource]:
    return {row["name"]: _read_row(row) for row in read_table("flake-inputs")["inputs"]}


def _read_row(row: dict[str, Any]) -> InputSource:
    inputs = tuple(OwnInput(name, **fields) for name, fields in sorted(row["inputs"].items()))
    return InputSource(**{**row, "inputs": inputs})


def input_source(name: str) -> InputSource | None:
    """Return what is known of a standard input, or None: it is one of the user's."""
    return _sources().get(name)


def input_sources() -> tuple[InputSource, ...]:
    """Return all standard inputs by name."""
    return tuple(_sources().values())


def read_at(owner: str, repo: str, rev: str) -> InputSource | None:
    """Return the row that was read at exactly this revision, or None."""
    # GitHub takes names in any case: NixOS/nixpkgs and nixos/nixpkgs are one repository.
    wanted = (owner.lower(), repo.lower(), rev)
    rows = (row for row in _sources().values() if row.rev)
    return next((row for row in rows if (row.owner.lower(), row.repo.lower(), row.rev) == wanted), None)


def known_hash(owner: str, repo: str, rev: str) -> str | None:
    """Return the hash of a revision that the table holds, or None."""
    row = read_at(owner, repo, rev)
    return row.nar_hash if row else None

"""Known fixes: what single Python packages need to build with Nix, per manager and version."""

from __future__ import annotations

import re
from dataclasses import field
from functools import cache
from typing import Any, Literal

from pyenvspec.facts._load import Status, read_table
from pyenvspec.records import dataclass

BuiltFrom = Literal["any", "wheel", "sdist"]


@dataclass(frozen=True)
class KnownFix:
    """One fix. `package` is a normalised name, `*` in it stands for any letters.

    `versions` is a PEP 440 specifier, "" for all; `built_from` says whether it is for wheels or for source
    builds; `needs_cuda` that it is only for shells with `cuda`. `override` has the keys of env.yaml's own.
    """

    package: str
    managers: tuple[str, ...]
    versions: str
    built_from: BuiltFrom
    needs_cuda: bool
    # A dict has no hash; the other fields tell the rows apart.
    override: dict[str, Any] = field(hash=False)
    why: str
    status: Status
    source: str

    @property
    def is_fallback(self) -> bool:
        """Whether it is for every package, and so gives way to any other."""
        return self.package == "*"


@cache
def known_fixes() -> tuple[KnownFix, ...]:
    """Return all fixes in the order of the table."""
    rows = read_table("known-fixes")["fixes"]
    return tuple(KnownFix(**{**row, "managers": tuple(row["managers"])}) for row in rows)


@cache
def _by_name() -> tuple[dict[str, tuple[KnownFix, ...]], tuple[tuple[re.Pattern[str], KnownFix], ...]]:
    exact: dict[str, tuple[KnownFix, ...]] = {}
    patterns: list[tuple[re.Pattern[str], KnownFix]] = []
    for fix in known_fixes():
        if "*" in fix.package:
            # Names in the table are normalised: letters, digits and `-`, none of which a pattern takes otherwise.
            patterns.append((re.compile(fix.package.replace("*", ".*")), fix))
        else:
            exact[fix.package] = (*exact.get(fix.package, ()), fix)
    return exact, tuple(patterns)


def fixes_for(package: str, manager: str) -> tuple[KnownFix, ...]:
    """Return the fixes of a package (normalised name), exact names first, the fallback last."""
    exact, patterns = _by_name()
    named = [*exact.get(package, ()), *(fix for pattern, fix in patterns if pattern.fullmatch(package))]
    return tuple(fix for fix in named if manager in fix.managers)

"""Versions, specifiers and requirements as the standards have them (PEP 440 and 508), or None where a text is none.

The one place that reads them with `packaging`, imported at the first question: most compiles have none.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

Parsed = TypeVar("Parsed")

# Python refuses to read a number of more than 4,300 digits, and packaging may first try when two versions are compared.
_NO_NUMBER = re.compile(r"[0-9]{1000}")


@cache
def parse_version(text: str) -> Version | None:
    """Return a version."""
    from packaging.version import Version

    return _parse(Version, text)


@cache
def parse_specifier(text: str) -> SpecifierSet | None:
    """Return a set of comparisons: `>=1,<2`; of an empty text the one that every version meets."""
    from packaging.specifiers import SpecifierSet

    return _parse(SpecifierSet, text)


def parse_requirement(text: str) -> Requirement | None:
    """Return a requirement, as lists of packages write it: `torch[x]>=2; python_version < "3.13"`."""
    from packaging.requirements import Requirement

    return _parse(Requirement, text)


def _parse(kind: Callable[[str], Parsed], text: str) -> Parsed | None:
    try:
        return None if _NO_NUMBER.search(text) else kind(text)
    except ValueError:  # as all that packaging raises is
        return None

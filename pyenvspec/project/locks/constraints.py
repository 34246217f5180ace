"""Versions and markers of locks: whether a constraint allows a Python, whether a marker holds on a system."""

from __future__ import annotations

import re
from dataclasses import field
from functools import cache

from pyenvspec.facts.nixpkgs import minor_of
from pyenvspec.records import dataclass
from pyenvspec.versions import parse_specifier, parse_version

# sys_platform, platform_system and platform_machine; Apple and Linux name one processor differently.
_MACHINES = {
    "x86_64-linux": ("linux", "Linux", "x86_64"),
    "aarch64-linux": ("linux", "Linux", "aarch64"),
    "x86_64-darwin": ("darwin", "Darwin", "x86_64"),
    "aarch64-darwin": ("darwin", "Darwin", "arm64"),
}
# `^1.2`, `~=3.9`, `>=3.8`, `3.10.*`; poetry's `~1.2` too. Nine digits: Python refuses numbers of thousands.
_TERM = re.compile(r"(\^|~=|~|>=|<=|==|!=|>|<|=|)\s*([0-9]{1,9}(?:\.[0-9]{1,9})*)(\.\*)?")
# A minor stands for its patch releases; no CPython has had more.
_PATCHES = range(41)
# `extra == 'extra-3-app-cpu'`, with the length of the project's name before it
_CONFLICT = r"extra\s*(==|!=)\s*'((?:extra|group)-[0-9]+-[^']*)'"


def allows_python(constraint: str, python: str) -> bool | None:
    """Return whether a constraint allows a Python (3.10 or 3.10.14); None where it cannot be read."""
    specifiers = _specifiers(constraint)
    if specifiers is None:
        return None
    versions = [python] if python.count(".") > 1 else [f"{python}.{patch}" for patch in _PATCHES]
    # One patch release that fits is enough: nixpkgs' own of that minor is not chosen yet.
    return any(contains(specifier, version) for specifier in specifiers for version in versions)


def allows_version(constraint: str, version: str) -> bool | None:
    """Return whether a constraint of poetry's allows a release; None where it cannot be read."""
    specifiers = _specifiers(constraint)
    if specifiers is None:
        return None
    return any(not specifier or contains(specifier, version) for specifier in specifiers)


def same_pythons(left: str, right: str) -> bool | None:
    """Return whether two constraints allow the same releases of Python 3; None where one cannot be read."""
    if _specifiers(left) is None or _specifiers(right) is None:
        return None
    # Two specifiers cannot be compared by what they allow, except by asking both: `>=3.9,<4` is `^3.9`.
    releases = [f"3.{minor}.{patch}" for minor in range(6, 20) for patch in _PATCHES]
    return all(allows_python(left, release) == allows_python(right, release) for release in releases)


@cache
def contains(specifier: str, version: str) -> bool:
    """Return whether a PEP 440 specifier holds for a version; one that is no specifier holds for none."""
    allowed, parsed = parse_specifier(specifier), parse_version(version)
    return allowed is not None and parsed is not None and allowed.contains(parsed, prereleases=True)


def same_specifier(left: str, right: str) -> bool:
    """Return whether two PEP 440 specifiers say the same."""
    parsed = parse_specifier(left), parse_specifier(right)
    if None in parsed:
        return left.replace(" ", "") == right.replace(" ", "")
    return parsed[0] == parsed[1]  # packaging compares sets: `<2,>=1` is `>=1,<2`


# From the first blank only: from each of a hundred thousand the next comma would be looked for anew.
_BETWEEN_TERMS = r",\s*|(?<!\s)\s+(?:,\s*|(?=[\^~<>=!]))"


@cache
def _specifiers(constraint: str) -> tuple[str, ...] | None:
    """Turn poetry's `^`, `~`, `*` and `||` into PEP 440, one specifier per alternative."""
    choices: list[str] = []
    for choice in re.split(r"\|\|?", constraint):
        # Terms stand apart by commas, or as poetry allows it by spaces: `>=3.8 <4.0`.
        terms = [] if choice.strip() in ("", "*") else re.split(_BETWEEN_TERMS, choice.strip())
        parts = [_term(term) for term in terms if term]
        if None in parts:
            return None
        choices.append(",".join(part for part in parts if part))
    return tuple(choices)


def _term(term: str) -> str | None:
    match = _TERM.fullmatch(term.strip())
    if match is None:
        return None
    operator, version, wildcard = match.groups()
    numbers = [int(part) for part in version.split(".")]
    if operator == "^":
        # Up to the next of the first number that is not zero: `^1.2` ends at 2, `^0.2` at 0.3.
        at = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
        return f">={version},<{_bumped(numbers[: at + 1])}"
    if operator == "~":
        # `~1.2.3` and `~1.2` end at 1.3, `~1` at 2.
        return f">={version},<{_bumped(numbers[:2])}"
    if operator in ("", "=", "=="):
        # One that stops at a minor is taken for all of its patch releases.
        return f"=={version}.*" if wildcard or len(numbers) < 3 else f"=={version}"
    return f"{operator}{version}{wildcard or ''}"


def _bumped(numbers: list[int]) -> str:
    return ".".join(str(number) for number in [*numbers[:-1], numbers[-1] + 1])


@dataclass()
class Surroundings:
    """A Python on a system, as markers see it; `conflicts` are uv's names of the extras and groups chosen."""

    python: str
    system: str
    conflicts: frozenset[str] = frozenset()
    answers: dict[tuple[str, str], bool] = field(default_factory=dict)

    def holds(self, marker: str | None, extra: str = "") -> bool:
        """Return whether a marker holds; one that cannot be read does."""
        if not marker:
            return True
        # Hundreds of packages of a lock share a dozen markers, and packaging parses each anew.
        key = (marker, extra)
        if key not in self.answers:
            self.answers[key] = self._evaluate(marker, extra)
        return self.answers[key]

    def _evaluate(self, marker: str, extra: str) -> bool:
        from packaging.markers import Marker

        platform, name, machine = _MACHINES[self.system]
        minor = minor_of(self.python)
        # nixpkgs has the newest patch release: a marker like `python_full_version < "3.11.4"` does not hold there.
        full = self.python if self.python.count(".") > 1 else f"{minor}.{_PATCHES[-1]}"
        environment = {
            "implementation_name": "cpython",
            "implementation_version": full,
            "os_name": "posix",
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",  # the kernel's: not known before the shell is opened
            "platform_system": name,
            "platform_version": "",
            "python_full_version": full,
            "python_version": minor,
            "sys_platform": platform,
            "extra": extra,
        }
        try:
            return Marker(re.sub(_CONFLICT, self._choose, marker)).evaluate(environment)
        except ValueError:  # as all that packaging raises is, and what Python does for numbers too long
            return True  # rather a package too many than one that is missing

    def _choose(self, match: re.Match[str]) -> str:
        """uv writes conflicting extras as `extra == 'extra-3-app-cpu'`; say whether that one is chosen."""
        # By a comparison that packaging takes and that is true, or false, on every system here.
        holds = (match[2] in self.conflicts) == (match[1] == "==")
        return "os_name == 'posix'" if holds else "os_name != 'posix'"

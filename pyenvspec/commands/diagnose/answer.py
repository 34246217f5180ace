"""What a look-up behind a pattern gives: `Answer`; and the log that it may look around in."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

Values = dict[str, str]

STORE = r"/nix/store/[a-z0-9]{32}-"
DERIVATION = re.compile(STORE + r"(?P<name>[\w.+?=-]+?)\.drv")
# `python3.11-foo> Traceback …`, as `nix build -L` begins each line
_PREFIX = re.compile(r"^(?P<name>[A-Za-z0-9][\w.+-]*)> ")
# `python3.11-scikit-learn-1.5.0`: the name ends where a dash stands before a digit.
_PYTHON_NAME = re.compile(r"^(?:python[\d.]*-)?(?P<name>.+?)(?:-\d[\w.+!-]*)?$")


@dataclass(frozen=True)
class Answer:
    """Values for the texts of a family; `yaml` and `commands` replace its own where they are given."""

    values: Values
    yaml: dict[str, Any] | None = None
    commands: tuple[str, ...] | None = None


def because(values: Values, why: str, *commands: str, yaml: dict[str, Any] | None = None) -> Answer:
    """Return the answer of a family whose text has a `why`: lines of env.yaml, or else what to type."""
    return Answer({**values, "why": why}, yaml or {}, commands)


def otherwise(**defaults: str) -> Callable[[Values, Log, int], Answer]:
    """Return a look-up that fills in what the line does not have."""
    return lambda values, log, at: Answer({**defaults, **values})


class Log:
    """The output of a failed run, without colours; `numbers` are those that its lines have for the user.

    `present` is what env.yaml has.
    """

    def __init__(
        self, text: str, numbers: list[int] | None = None, present: dict[str, Any] | None = None
    ) -> None:
        self.text = text
        self.present = present or {}
        self._numbers = numbers
        self._named: dict[re.Pattern[str], list[tuple[int, str, str]]] = {}
        self._firsts: dict[str | re.Pattern[str], re.Match[str] | None] = {}

    def first(self, pattern: str | re.Pattern[str]) -> re.Match[str] | None:
        """Return where the whole log first has a pattern.

        Looked for once: a thousand ranks of a training each say what is missing, and each line asks this again.
        """
        if pattern not in self._firsts:
            self._firsts[pattern] = re.search(pattern, self.text)
        return self._firsts[pattern]

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def named(self, pattern: re.Pattern[str]) -> list[tuple[int, str, str]]:
        """Return each place of a pattern, with the group that matched and its text; looked for once as well."""
        if pattern not in self._named:
            matches = pattern.finditer(self.text)
            self._named[pattern] = [(m.start(), m.lastgroup, m[m.lastgroup]) for m in matches if m.lastgroup]
        return self._named[pattern]

    def line_number(self, offset: int) -> int:
        """Return the line of an offset, counted from 1."""
        return bisect_right(self._starts, offset)

    def shown_number(self, number: int) -> int:
        """Return what the user counts for a line: what a progress bar wrote over itself is one."""
        return self._numbers[number - 1] if self._numbers else number

    def line(self, number: int) -> str:
        """Return a line without its end."""
        # By offset: a list of all lines would hold a log of 64 MB a second time.
        start = self._starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start:] if end < 0 else self.text[start:end]

    @cached_property
    def _derivations(self) -> list[tuple[int, str]]:
        return [(match.start(), match["name"]) for match in DERIVATION.finditer(self.text)]

    @cached_property
    def is_of_nix(self) -> bool:
        """Whether a build by Nix is in it: what failed then failed there, and not in a .venv."""
        return bool(DERIVATION.search(self.text)) or any(
            _PREFIX.match(line) for line in self.text.splitlines()
        )

    def package_at(self, offset: int) -> str | None:
        """Return the Python package whose build printed the line at `offset`, or None outside of builds.

        `nix build -L` starts each line with the name. Otherwise Nix quotes the last lines of a build below
        the name of its derivation, and older versions print them above it.
        """
        prefixed = _PREFIX.match(self.line(self.line_number(offset)))
        if prefixed:
            return package_name(prefixed["name"])
        named = self._derivations
        if not named:
            return None
        # Nix marks what it quotes of a build by `> `; nix-output-monitor draws a frame around it.
        line = self.line(self.line_number(offset)).lstrip(" ┃│")
        # The first of them that stands behind the offset; a log of 100,000 lines asks this many times.
        behind = bisect_right(named, offset, key=lambda one: one[0])
        at = behind - 1 if line.startswith(">") else behind
        return package_name(named[min(max(at, 0), len(named) - 1)][1])


def package_name(derivation: str) -> str:
    """Return the package that a derivation's name (`python3.11-foo-1.2`) is about."""
    match = _PYTHON_NAME.match(derivation)
    return match["name"] if match else derivation

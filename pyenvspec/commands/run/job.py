"""What is to run on an engine, and how it is handed over. Data, and what the engines' words have in common."""

from __future__ import annotations

import re
from shlex import quote

from pyenvspec.records import dataclass

_PARTS = re.compile(r"([0-9]+)([dhms])")
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


@dataclass(frozen=True)
class Job:
    """One run of `words`; `image` is an address without docker://, or a file."""

    project: str
    target: str
    image: str
    words: tuple[str, ...]
    env: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """Name that every engine takes: lower case, digits and dashes, at most 50 characters."""
        # Kubernetes adds five signs to it for the Job and again for the pod, and allows 63.
        text = re.sub(r"[^a-z0-9]+", "-", f"{self.project}-{self.target}".lower())
        return re.sub(r"^[0-9-]+", "", text)[:50].strip("-") or "job"

    @property
    def head(self) -> str:
        """First line of each file."""
        return f"Written by `pyenvspec run {quote(self.target)}` from env.yaml; edit run.{self.target} there instead."


@dataclass(frozen=True)
class Submission:
    """A file for an engine: the end of its name, its text, and the command that submits it, `{file}` in it."""

    suffix: str
    text: str
    command: tuple[str, ...]
    needs: str
    """How to get the program, where it is missing."""

    def argv(self, path: str) -> tuple[str, ...]:
        """Return the command for the file at `path`."""
        return tuple(path if word == "{file}" else word for word in self.command)


def seconds(duration: str) -> int:
    """Return how long `1d12h` is."""
    return sum(int(number) * _SECONDS[unit] for number, unit in _PARTS.findall(duration))

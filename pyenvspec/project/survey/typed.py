"""Commands as people write them down: where one ends within a sentence, its words, the folder that it is typed in."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from pyenvspec.facts.gpu_packages import gpu_needs
from pyenvspec.facts.packages import normalise, wheel_contents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BREAK = "\v"
"""Stands where a line break was taken out of a command of several lines, so that lines can be counted."""

# A command within a sentence ends with its backtick, one in HTML with its tag, and any with a comment.
_END = re.compile(r"`|</|(?:^|\s)#")
# `apt-get update && apt-get install -y ffmpeg libsndfile1 && rm …`: the names, up to the next command
_APT_INSTALL = re.compile(
    r"\bapt(?:-get)?\s+(?:-\S+\s+)*install\s+(.*?)(?:&&|;|\||`|</|$)", re.DOTALL | re.IGNORECASE
)
# Where a sentence goes on behind a command that no sign ends.
_PROSE = re.compile(
    "a|after|as|before|by|first|for|from|if|in|is|it|of|on|or|should|so|that|the|then|to|using|via|when|which|will"
    "|with|you|your"
)
_MARKS = ",;:!?)]"
_CLONE = re.compile(r"\bgit\s+clone\b[^`]*?((?:\w+://|git@)[^\s`\"']+)[\"']?(?:\s+([\w./-]+))?")
_CD = re.compile(r"(?:^|[\s`($])cd\s+[\"']?([^\s`\"');&]+)")


def before_end(text: str) -> str:
    """Return what of a text belongs to the command that it begins with."""
    return _END.split(text, maxsplit=1)[0]


def line_at(text: str, position: int, first: int) -> int:
    """Return the line of a place in a command whose first line is `first`."""
    return first + text.count(BREAK, 0, position)


def bare_words(words: Iterable[str]) -> Iterator[str]:
    """Yield the words of a command without the signs of the sentence around them, up to where that goes on."""
    for word in words:
        if word == "and" or _PROSE.fullmatch(word):
            return
        # `.` and `./` are folders, `.[dev]` ends with a bracket of its own.
        bare = word.rstrip(_MARKS if "[" not in word else _MARKS.replace("]", ""))
        if bare.strip("."):
            bare = bare.rstrip(".")
        if bare:
            yield bare
        if bare != word:
            return


def apt_words(text: str, first: int) -> Iterator[tuple[str, int]]:
    """Yield what a text tells to install with apt, each name with its line; `first` is that of the text."""
    for match in _APT_INSTALL.finditer(text):
        listed = before_end(match[1])
        for word in re.finditer(r"\S+", listed):
            # Here a comma may part the names: each of them is looked for in a table afterwards.
            name = word[0].strip("\"'()[]").rstrip(_MARKS + ".\"'")
            if _PROSE.fullmatch(word[0]):
                break
            # `libnccl2=2.18.3-1+cuda12.2`: the version is Debian's; and `$PACKAGES` is known to the builder only.
            if re.match(r"[a-z0-9][a-z0-9.+-]*(?:[=:/]|$)", name):
                yield re.split(r"[=:/]", name)[0], line_at(text, match.start(1) + word.start(), first)
            if word[0].rstrip("\"'").endswith((".", "!", "?", ":", ")")):
                break


class Place:
    """The folder in which a text has its reader type, as far as `git clone` and `cd` tell.

    `below` is that folder as the text calls it, "" for where it starts; None in another project's.
    """

    def __init__(self) -> None:
        """Start at the top of the project, of which nothing is known yet."""
        self._path: list[str] = []
        self._own: str | None = None
        self._others: set[str] = set()

    @property
    def below(self) -> str | None:
        """Where a command would be typed now."""
        if any(part in self._others for part in self._path):
            return None
        return "/".join(self._path)

    def leave(self) -> None:
        """Be at the top again: the next block of commands starts there."""
        self._path = []

    def follow(self, command: str) -> None:
        """Go where a command leads."""
        for match in _CLONE.finditer(command):
            repository = posixpath.basename(match[1].rstrip("/").rstrip(".,)")).removesuffix(".git")
            folder = posixpath.basename((match[2] or repository).rstrip("/."))
            # The first one that a README has cloned is mostly the project itself.
            if self._own is None and not _is_known(repository):
                self._own = folder
            elif folder != self._own:
                self._others.add(folder)
        for match in _CD.finditer(command):
            self._change(match[1].rstrip(".,/") or match[1])

    def _change(self, target: str) -> None:
        name = posixpath.basename(target)
        if target.startswith("..") or target == "-":
            self._path = self._path[:-1]
        elif name in self._others:
            self._path = [name]
        elif name == self._own or target.startswith(("/", "~", "$", "<")):
            self._path = []
        elif target != ".":
            self._path += [part for part in target.split("/") if part not in ("", ".")]


def _is_known(repository: str) -> bool:
    """Whether a repository is one of a package that many projects build."""
    return gpu_needs(normalise(repository), None) is not None or wheel_contents(repository) is not None

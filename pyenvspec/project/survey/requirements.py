"""requirements files of pip: their lines, those that they include, and the options between them."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from pyenvspec import versions
from pyenvspec.facts.packages import normalise
from pyenvspec.project.survey.source import Claim, Source, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# `-r base.txt`, `-rbase.txt`, `--constraint=limits.txt`
_INCLUDES = re.compile(r"(?:-r|-c|--requirement|--constraint)(?:\s+|=)?(.+)")
# `-e .[dev]`, `--editable=git+https://…#egg=name`
_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s+|=)(.+)")
_OPTION = re.compile(r"-{1,2}[A-Za-z]")
# `pip-compile --generate-hashes` and `uv export` put them behind each requirement, on lines of their own.
_HASH = re.compile(r"\s--hash[=\s]\S+")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)")
# `torch-scatter -f https://…`
_PAGE = re.compile(r"(\S.*?)\s+(-f|--find-links|-i|--index-url|--extra-index-url)[ =]+(\S+)")
READ_OVER = "ignored"
"""The note of an option that pip does not heed where it stands."""
_MOST_FILES = 100
"""More than a project has; a stranger's files could name each other without an end."""


def read_requirements(file: str, text: str, read: Callable[[str], str | None]) -> Source:
    """Return what a requirements file asks for, with all that it includes; `read` gives the text of a file."""
    source = Source(file, "requirements", tool="pip")
    _Reader(source, read).take(file, text, constraints=False)
    amount = len(source.packages)
    source.summary = f"requirements for pip: {amount} package{'' if amount == 1 else 's'}"
    return source


class _Reader:
    """Reads one file and those that it includes into one source."""

    def __init__(self, source: Source, read: Callable[[str], str | None]) -> None:
        self._source = source
        self._read = read
        # Files may include each other; pip reads each once as well.
        self._seen = {posixpath.normpath(source.file)}

    def take(self, file: str, text: str, *, constraints: bool) -> None:
        """Add the lines of a file; of constraints only what they include, since they ask for nothing."""
        source = self._source
        for number, line in _requirement_lines(text):
            # A claim names the file that was asked about, in which lines of an included one are not to be found.
            place = number if file == source.file else 0
            if included := _INCLUDES.fullmatch(line):
                self._include(file, included[1].strip().strip("\"'"), line, place)
            elif editable := _EDITABLE.fullmatch(line):
                folder = editable[1].strip()
                source.packages.append(_local(folder, f"-e {folder}", place))
            elif _OPTION.match(line):
                source.options.append(Claim(line, place))
            elif not constraints:
                wanted = parse_requirement(line, place) or self._with_page(line, place)
                if wanted is None:
                    source.left_out.append(Claim(line, place, "not understood as a requirement"))
                else:
                    source.packages.append(wanted)

    def _with_page(self, line: str, place: int) -> Wanted | None:
        """A requirement and where its wheels are, as both stand behind `pip install`."""
        match = _PAGE.fullmatch(line)
        wanted = parse_requirement(match[1], place) if match else None
        if match is None or wanted is None:
            return None
        name = {"-f": "--find-links", "-i": "--index-url"}.get(match[2], match[2])
        # pip itself reads over an option that stands behind a name in a file.
        self._source.options.append(Claim(f"{name} {match[3]}", place, READ_OVER))
        return wanted

    def _include(self, file: str, name: str, line: str, place: int) -> None:
        """Read a file by the name that a line of `file` has for it, counted from its folder."""
        target = posixpath.normpath(posixpath.join(posixpath.dirname(file), name))
        # pip reads requirements from addresses too; nothing is fetched here.
        if target in self._seen or len(self._seen) > _MOST_FILES or "://" in name:
            return
        self._seen.add(target)
        text = self._read(target)
        if text is None:
            self._source.left_out.append(Claim(line, place, f"there is no file {target}"))
        else:
            self.take(target, text, constraints=line.startswith(("-c", "--c")))


def _requirement_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, without comments; `#` within an address is none."""
    # Notepad puts a byte order mark before the first name.
    plain = (re.sub(r"(^|\s)#.*$", "", line) for line in text.lstrip("\ufeff").splitlines())
    for number, line in join_lines(plain):
        if line.strip():
            yield number, line.strip()


def join_lines(lines: Iterable[str], joint: str = " ") -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers, those that a backslash continues as one with the number of the first."""
    waiting, start = "", 0
    for number, line in enumerate(lines, start=1):
        start = start or number
        if line.endswith("\\"):
            waiting += line[:-1] + joint
            continue
        yield start, waiting + line
        waiting, start = "", 0
    if waiting:  # the last line ends with a backslash
        yield start, waiting


def parse_requirement(line: str, number: int = 0) -> Wanted | None:
    """Return one requirement as pip takes it, None where it is none."""
    text = _HASH.sub("", line).strip()
    if text.startswith((".", "/", "file:")) or re.fullmatch(r"\S+\.(whl|zip|tar\.gz)", text):
        return _local(text, text, number)
    if re.match(r"(git|hg|svn|bzr)\+|https?://", text):
        # `git+ssh://git@host/owner/name.git@some/branch#egg=name`: a user before the host, a revision last.
        egg = _EGG.search(text)
        path = re.sub(r"^.*?://[^/]*", "", text.split("#")[0]).partition("@")[0]
        name = egg[1] if egg else posixpath.basename(path)
        return Wanted(normalise(name.removesuffix(".git")), text, line=number)
    parsed = versions.parse_requirement(text)
    if parsed is None:
        return None
    # The text stays as typed, the specifier in packaging's form: one is shown and written, the other compared.
    return Wanted(
        normalise(parsed.name),
        text,
        specifier=str(parsed.specifier),
        extras=tuple(sorted(map(normalise, parsed.extras))),
        line=number,
        marker=str(parsed.marker or ""),
    )


def _local(path: str, text: str, number: int) -> Wanted:
    """A folder or file of the project; its name is not known without building it."""
    plain = re.sub(r"\[.*\]$", "", path)  # `.[dev]`
    egg = _EGG.search(path)
    name = egg[1] if egg else posixpath.basename(posixpath.normpath(plain)) or "."
    return Wanted(normalise(name) if re.match(r"[A-Za-z0-9]", name) else ".", text, line=number)

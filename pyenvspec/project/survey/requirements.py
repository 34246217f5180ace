"""requirements files of pip: their lines, those that they include, and the options between them."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from pyenvspec import versions
from pyenvspec.facts.packages import normalise
from pyenvspec.project.survey.source import Claim, Source, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_INCLUDES = re.compile(r"(?:-r|-c|--requirement|--constraint)(?:\s+|=)?(.+)")
_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s+|=)(.+)")
_OPTION = re.compile(r"-{1,2}[A-Za-z]")
_HASH = re.compile(r"\s--hash[=\s]\S+")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)")
_MOST_FILES = 100


def read_requirements(file: str, text: str, read: Callable[[str], str | None]) -> Source:
    """Return what a requirements file asks for, with all that it includes; `read` gives the text of a file."""
    source = Source(file, "requirements", tool="pip")
    _take(source, file, text, read, {posixpath.normpath(file)}, constraints=False)
    amount = len(source.packages)
    source.summary = f"requirements for pip: {amount} package{'' if amount == 1 else 's'}"
    return source


def _take(  # noqa: PLR0913 -- what an included file is read with
    source: Source,
    file: str,
    text: str,
    read: Callable[[str], str | None],
    seen: set[str],
    *,
    constraints: bool,
) -> None:
    for number, line in _logical_lines(text):
        place = number if file == source.file else 0
        included = _INCLUDES.fullmatch(line)
        if included:
            _include(source, file, line, read, seen, place)
        elif editable := _EDITABLE.fullmatch(line):
            source.packages.append(_local(editable[1].strip(), f"-e {editable[1].strip()}", place))
        elif _OPTION.match(line):
            source.options.append(Claim(line, place))
        elif not constraints:
            wanted = parse_requirement(line, place)
            if wanted is None:
                source.left_out.append(Claim(line, place, "not understood as a requirement"))
            else:
                source.packages.append(wanted)


def _include(  # noqa: PLR0913 -- as `_take`
    source: Source, file: str, line: str, read: Callable[[str], str | None], seen: set[str], place: int
) -> None:
    match = _INCLUDES.fullmatch(line)
    assert match is not None
    name = match[1].strip().strip("\"'")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(file), name))
    if target in seen or len(seen) > _MOST_FILES or "://" in name:
        return
    seen.add(target)
    text = read(target)
    if text is None:
        source.left_out.append(Claim(line, place, f"there is no file {target}"))
        return
    _take(source, target, text, read, seen, constraints=line.startswith(("-c", "--c")))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines without comments, those that a backslash continues as one, with the number of the first."""
    waiting, start = "", 0
    for number, raw in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        line = re.sub(r"(^|\s)#.*$", "", raw)
        start = start or number
        if line.endswith("\\"):
            waiting += line[:-1] + " "
            continue
        whole = (waiting + line).strip()
        if whole:
            yield start, whole
        waiting, start = "", 0
    if waiting.strip():
        yield start, waiting.strip()


def parse_requirement(line: str, number: int = 0) -> Wanted | None:
    """Return one requirement as pip takes it, None where it is none."""
    text = _HASH.sub("", line).strip()
    if text.startswith((".", "/", "file:")) or re.fullmatch(r"\S+\.(whl|zip|tar\.gz)", text):
        return _local(text, text, number)
    if re.match(r"(git|hg|svn|bzr)\+|https?://", text):
        egg = _EGG.search(text)
        name = (
            egg[1] if egg else posixpath.basename(text.split("#")[0].split("@")[0 if "@" not in text else -2])
        )
        return Wanted(normalise(name.removesuffix(".git")), text, line=number)
    parsed = versions.parse_requirement(text)
    if parsed is None:
        return None
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
    plain = re.sub(r"\[.*\]$", "", path)
    egg = _EGG.search(path)
    name = egg[1] if egg else posixpath.basename(posixpath.normpath(plain)) or "."
    return Wanted(normalise(name) if re.match(r"[A-Za-z0-9]", name) else ".", text, line=number)

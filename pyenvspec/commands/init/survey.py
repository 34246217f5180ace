"""What a project without env.yaml says of itself: its files in, a `Survey` with the reason of each finding out.

Reads and never writes. A file that cannot be read is an error; what is in it and not understood is left out.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyenvspec.commands.init.conda import read_conda
from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.facts.nixpkgs import python_minors, version_key
from pyenvspec.project.files import read_project_file
from pyenvspec.project.locks.constraints import allows_python

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

DEFAULT_PYTHON = "3.12"
_LOCKS = ("uv.lock", "poetry.lock")
_CONDA = ("environment.yml", "environment.yaml", "conda.yml", "conda.yaml")
_CUDA_TAG = re.compile(r"(?:\+|%2B|/whl/)cu([0-9]{2,3})\b")
_MINOR = re.compile(r"(?:cpython-?)?(3\.[0-9]+)(\.[0-9]+)?$")


@dataclass(frozen=True, slots=True)
class Seen:
    """One file that was looked at, and what was taken from it."""

    file: str
    said: str


@dataclass(slots=True)
class Survey:
    """What was found. `python`, `cuda` and `manager` come with the file that says so."""

    seen: list[Seen] = field(default_factory=list)
    name: str | None = None
    manager: str | None = None
    python: tuple[str, str] | None = None
    cuda: tuple[str, str] | None = None
    native: tuple[str, ...] = ()
    requirements: str | None = None
    is_poetry: bool = False
    is_project: bool = False
    python_packages: tuple[str, ...] = ()
    left_out: list[str] = field(default_factory=list)

    def saw(self, file: str, said: str) -> None:
        """Remember what a file said."""
        self.seen.append(Seen(file, said))

    def has(self, file: str) -> bool:
        """Whether a file was there."""
        return any(one.file == file for one in self.seen)


def survey_project(root: Path, source: str | None = None) -> Survey:
    """Look at `root`; with `source` only that file decides on the manager, the others still tell the Python."""
    found = Survey()
    if source is not None and not (root / source).is_file():
        hint = "name a file of the project: pyproject.toml, uv.lock, poetry.lock, requirements.txt, environment.yml"
        raise PyenvspecError(
            Diagnostic("init-source", f"there is no file `{source}` here", source, hint=hint)
        )
    _look_at_version(root, found)
    locks = _look_at_locks(root, found)
    _look_at_pyproject(root, found)
    _look_at_requirements(root, found, source)
    _look_at_conda(root, found, source)
    found.manager = _manager(found, locks, source)
    return found


def _manager(found: Survey, locks: list[str], source: str | None) -> str:
    by_name = {"uv.lock": "uv", "poetry.lock": "poetry"}
    if source is not None:
        if source in by_name:
            return by_name[source]
        if source == found.requirements:
            return "pip"
        if found.has(source) and source != "pyproject.toml":
            return "uv"
    if locks:
        return by_name[locks[0]]
    if found.is_poetry:
        return "poetry"
    if found.is_project or not found.requirements:
        return "uv"
    return "pip"


def _look_at_version(root: Path, found: Survey) -> None:
    text = _read(root, ".python-version")
    if text is None:
        return
    versions = [m for line in text.splitlines() if (m := _MINOR.match(line.strip()))]
    if versions:
        found.python = (versions[0][1], ".python-version")
        found.saw(".python-version", f"Python {versions[0][1]}")
    else:
        found.saw(".python-version", "no version of CPython")


def _look_at_locks(root: Path, found: Survey) -> list[str]:
    """Look for locks: each is one manager's, and names the CUDA that torch was locked for."""
    locks = []
    for name in _LOCKS:
        text = _read(root, name)
        if text is not None:
            locks.append(name)
            _take_cuda(found, text, name)
            found.saw(name, f"locked with {name.removesuffix('.lock')}")
    return locks


def _look_at_pyproject(root: Path, found: Survey) -> None:
    text = _read(root, "pyproject.toml")
    if text is None:
        return
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"pyproject.toml is not valid TOML: {error}"
        raise PyenvspecError(Diagnostic("package-lock-project", message, "pyproject.toml")) from None
    project, poetry = _table(document, "project"), _table(_table(document, "tool"), "poetry")
    found.is_project = "name" in project
    found.is_poetry = "dependencies" in poetry or ("name" in poetry and not found.is_project)
    given = project.get("name") or poetry.get("name")
    found.name = (
        given if isinstance(given, str) and re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", given) else None
    )
    wanted = project.get("requires-python") or _python_of(_table(poetry, "dependencies").get("python"))
    said = "a project of poetry" if found.is_poetry else "a project"
    if isinstance(wanted, str) and found.python is None:
        version = choose_python(wanted)
        if version:
            found.python = (version, f"pyproject.toml asks for `{wanted}`")
            said += f" for Python `{wanted}`"
    _take_cuda(found, text, "pyproject.toml")
    found.saw("pyproject.toml", said)


def _python_of(value: object) -> object:
    return value.get("version") if isinstance(value, dict) else value


def choose_python(constraint: str) -> str | None:
    """Return the minor to take where a constraint leaves a choice: the usual one, else the newest before it."""
    allowed = [minor for minor in python_minors() if allows_python(constraint, minor)]
    older = [minor for minor in allowed if version_key(minor) <= version_key(DEFAULT_PYTHON)]
    return older[-1] if older else allowed[0] if allowed else None


def _look_at_requirements(root: Path, found: Survey, source: str | None) -> None:
    names = ["requirements.txt", *sorted(p.name for p in root.glob("requirements*.txt"))]
    names += sorted(p.relative_to(root).as_posix() for p in root.glob("requirements/*.txt"))
    if source is not None and source in names:
        names.insert(0, source)
    for name in dict.fromkeys(names):
        text = _read(root, name)
        if text is None:
            continue
        _take_cuda(found, text, name)
        found.requirements = found.requirements or name
        found.saw(name, "requirements for pip" if name == found.requirements else "more requirements")


def _look_at_conda(root: Path, found: Survey, source: str | None) -> None:
    names = [*([source] if source and source.endswith((".yml", ".yaml")) else []), *_CONDA]
    for name in names:
        text = _read(root, name)
        if text is None:
            continue
        conda = read_conda(text, name)
        if conda.python and found.python is None:
            found.python = (conda.python, name)
        if conda.cuda and found.cuda is None:
            found.cuda = (conda.cuda, name)
        found.name = found.name or conda.name
        found.native, found.python_packages = conda.native, conda.packages
        found.left_out += conda.left_out
        counts = f"{len(conda.packages)} Python packages, {len(conda.native)} others"
        found.saw(name, f"a conda environment: {counts}")
        return


def _take_cuda(found: Survey, text: str, file: str) -> None:
    tag = _CUDA_TAG.search(text)
    if tag and found.cuda is None:
        found.cuda = (f"{int(tag[1][:-1])}.{tag[1][-1]}", f"{file} names cu{tag[1]}")


def _read(root: Path, name: str) -> str | None:
    content = None if (root / name).is_dir() else read_project_file(root, name)
    return None if content is None else content.decode("utf-8", "replace")


def _table(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}

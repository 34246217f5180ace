"""Asks uv, where it and the network are there, whether it could lock a pyproject.toml; nothing of the project is run.

`uv lock` wants one answer for every Python that `requires-python` allows, with all extras and groups. Where some of
them do not go together for a Python that nobody here uses, it refuses what pip installs.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import tomli
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from pyenvspec.commands.host.python import find_uv
from pyenvspec.commands.init.ask_uv import NO_WHEEL, in_haste
from pyenvspec.facts.gpu_packages import gpu_needs
from pyenvspec.facts.nixpkgs import python_minors
from pyenvspec.project.locks.constraints import allows_python
from pyenvspec.project.tables import table_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenvspec.project.survey.source import Source
    from pyenvspec.project.tables import Table
    from pyenvspec.tools import Runner

_ASK = (
    *("pip", "compile", "pyproject.toml"),
    # As `uv lock` does it: for every Python and system, with everything that anybody may want to install.
    *("--universal", "--all-extras"),
    "--no-config",
    # tool.uv.sources may name folders and repositories, which are not here.
    "--no-sources",
    "--no-build",
    "--no-python-downloads",
    *("--quiet", "--no-header", "--no-annotate"),
)
_PATIENCE = 45.0
"""Seconds for all questions together; without an answer the lock is left to uv itself."""
_MOST_SOURCES = 12
"""Packages without wheels that are left out, each with another question to uv."""
# `… for split (markers: python_full_version >= '3.12')`: uv parts what it resolves where markers differ.
_SPLIT = re.compile(
    r"No solution found when resolving dependencies for split \(markers: ([^)\n]*python[^)\n]*)\)"
)
# uv's hint: `Consider using a more restrictive `requires-python` value (like >=3.10).`
_LIKE = re.compile(r"more restrictive `requires-python` value \(like ([^)\n]+)\)")
# Tables of tool.uv with which the answer is another one.
_OWN_WAY = frozenset(
    {
        "conflicts",
        "dependency-metadata",
        "extra-build-dependencies",
        "no-build-isolation",
        "no-build-isolation-package",
    }
)
_NAME = re.compile(r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*")


def why_not_locked(text: str, source: Source, minor: str, runner: Runner) -> str | None:
    """Return why `uv lock` would refuse the text of a pyproject.toml, and what to write there.

    None where uv would lock it, or could not be asked. `minor` is the Python that the project will have.
    """
    try:
        question = _question(tomli.loads(text), source.groups)
    except (ValueError, RecursionError):  # no TOML, which `check` tells, or more than an index knows
        return None
    groups = [word for group in source.groups for word in ("--group", group)]
    argv = [find_uv() or "uv", *_ASK, *groups, "--python-version", _oldest(source, minor)]
    deadline = time.monotonic() + _PATIENCE
    excluded: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").write_text(question, encoding="utf-8")
        while len(excluded) < _MOST_SOURCES and (left := deadline - time.monotonic()) > 0:
            Path(folder, "excluded.txt").write_text("\n".join(excluded))
            command = [*argv, "--excludes", "excluded.txt"]
            done = runner.run(command, cwd=Path(folder), timeout=left, env=in_haste())
            if done.ok or done.timed_out:
                return None
            # A lock may hold sources; here they would have to be built to be known.
            lacking = NO_WHEEL.search(done.stderr)
            if lacking is None or lacking[1] in excluded:
                split = _SPLIT.search(done.stderr)
                # Any other refusal may be of the network or of an older uv, which says nothing of the project.
                return _told(split[1], _LIKE.search(done.stderr), minor) if split else None
            if _imports_torch(lacking[1]):
                return _built_with_torch(lacking[1])
            excluded.add(lacking[1])
    return None


def _question(document: Table, groups: Iterable[str]) -> str:
    """Return a pyproject.toml of our own with what is asked for, so that uv reads nothing else that a stranger wrote.

    Raises ValueError where that is left to uv itself: packages of a repository, address or folder, where nobody is
    asked, what only a build can tell, and what the project says of builds and of extras that exclude each other.
    """
    project = table_at(document, "project")
    named = [project.get("name"), *groups, *table_at(document, "dependency-groups")]
    odd = [name for name in named if not (isinstance(name, str) and _NAME.fullmatch(name))]
    if (
        odd
        or project.get("dynamic", []) not in ([], ["version"])
        or _OWN_WAY & {*table_at(document, "tool", "uv")}
    ):
        raise ValueError
    rows = {"name": _toml(project["name"]), "version": _toml("0")}
    if "requires-python" in project:
        rows["requires-python"] = _toml(str(SpecifierSet(str(project["requires-python"]))))
    rows["dependencies"] = _wanted(project.get("dependencies", []))
    extras, grouped = table_at(project, "optional-dependencies"), table_at(document, "dependency-groups")
    tables = {
        "project": rows,
        "project.optional-dependencies": {_toml(name): _wanted(entries) for name, entries in extras.items()},
        "dependency-groups": {_toml(name): _wanted(entries) for name, entries in grouped.items()},
    }
    lines = []
    for title, table in tables.items():
        lines += [f"[{title}]", *(f"{key} = {value}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _wanted(entries: object) -> str:
    if not isinstance(entries, list):
        raise ValueError  # noqa: TRY004 -- one of several ways in which it is left to uv
    listed = []
    for entry in entries:
        if isinstance(entry, dict):
            listed.append(f"{{ include-group = {_toml(entry.get('include-group'))} }}")
        elif not isinstance(entry, str) or (requirement := Requirement(entry)).url is not None:
            raise ValueError
        else:
            listed.append(_toml(str(requirement)))
    return f"[{', '.join(listed)}]"


def _toml(text: object) -> str:
    if not (isinstance(text, str) and text.isascii() and text.isprintable()):
        raise ValueError
    return json.dumps(text)


def _oldest(source: Source, minor: str) -> str:
    """The first Python that the project allows; uv takes the one that runs where nothing is said."""
    constraints = [claim.value for claim in source.python]
    fitting = [
        m for m in python_minors() if constraints and all(allows_python(value, m) for value in constraints)
    ]
    return fitting[0] if fitting else minor


def _imports_torch(package: str) -> bool:
    needs = gpu_needs(package, None)
    return needs is not None and needs.needs == "compiles" and "torch" in needs.built_with


def _built_with_torch(package: str) -> str:
    reason = f"to know what {package} needs, its build is started, which imports torch"
    return (
        f'{reason}; to lock it, write `{package} = ["torch"]` below [tool.uv.extra-build-dependencies] there'
    )


def _told(markers: str, like: re.Match[str] | None, minor: str) -> str:
    pythons = re.sub(r"python(?:_full)?_version ", "Python ", markers).replace("'", "")
    narrow = like[1] if like else f"=={minor}.*"
    reason = f"what it asks for does not go together for {pythons}"
    return f'{reason}; to lock it, write `requires-python = "{narrow}"` there'

"""Locks: uv.lock and poetry.lock as the compiler reads them; pdm.lock, pylock.toml, Pipfile.lock for their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.facts.nixpkgs import python_minors
from pyenvspec.facts.packages import normalise
from pyenvspec.project.locks import poetry, uv
from pyenvspec.project.locks.constraints import allows_python
from pyenvspec.project.locks.locked_project import read_locked_project
from pyenvspec.project.locks.model import lines_of_names
from pyenvspec.project.locks.needed import needed_packages
from pyenvspec.project.locks.toml import file_name, load_toml
from pyenvspec.project.survey.pyproject import line_of, load
from pyenvspec.project.survey.source import Claim, Source, Wanted
from pyenvspec.project.tables import load_json, table_at, tables_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pyenvspec.project.locks.locked_project import LockedProject
    from pyenvspec.project.locks.model import LockedPackage
    from pyenvspec.project.tables import Table


def read_lock(file: str, text: str) -> Source:
    """Return the packages of uv.lock or poetry.lock; raises PyenvspecError where it cannot be read."""
    tool = "uv" if file.endswith("uv.lock") else "poetry"
    document, whole = load_toml(text.encode(), file, f"{tool} lock")
    lock = (uv.read_uv if tool == "uv" else poetry.read_poetry)(document, file, whole)
    source = Source(file, "lock", tool=tool, summary=f"locked with {tool}")
    if lock.python.strip() not in ("", "*"):
        if tool == "uv":
            line = line_of(whole, r"^requires-python\s*=")
        else:
            # Each package of poetry.lock has `python-versions` too; the lock's own stands last, under [metadata].
            line = whole.count("\n", 0, whole.rfind("\npython-versions") + 1) + 1
        source.python.append(Claim(lock.python, line))
    source.packages = [
        _locked(package, lock.line_of(package.name) or 0) for package in lock.packages if not package.is_local
    ]
    return source


def optional_names(root: Path, file: str) -> frozenset[str]:
    """Return the names in a lock that only groups and extras install which are not installed by themselves."""
    manager = file.removesuffix(".lock")
    project = read_locked_project(root, manager, ".")
    if project.lock is None or project.name is None:
        return frozenset()
    # What groups bring hardly depends on the Python: the newest one that the lock allows stands for all.
    python = next(
        (m for m in reversed(python_minors()) if allows_python(project.lock.python or "*", m) is not False),
        "3.12",
    )
    groups = project.part("tool", "poetry", "group")
    taken = [
        name for name, group in groups.items() if not (isinstance(group, dict) and group.get("optional"))
    ]
    extras = {**project.part("project", "optional-dependencies"), **project.part("tool", "poetry", "extras")}
    all_groups = {**groups, **project.part("dependency-groups")}
    needed = _names(project, python, taken, ())
    return _names(project, python, all_groups, extras) - needed


def _names(
    project: LockedProject, python: str, groups: Iterable[str], extras: Iterable[str]
) -> frozenset[str]:
    return frozenset(p.name for p in needed_packages(project, python, "x86_64-linux", groups, extras))


def _locked(package: LockedPackage, line: int) -> Wanted:
    specifier = f"=={package.version}" if package.version else ""
    text = f"{package.name}{specifier}"
    return Wanted(
        package.name,
        text,
        specifier,
        line=line,
        wheels=package.wheels,
        marker=" or ".join(f"({marker})" for marker in package.markers),
    )


def read_pdm_lock(file: str, text: str) -> Source:
    """Return the packages of pdm.lock."""
    document = load(file, text)
    source = Source(file, "lock", tool="pdm", summary="locked with PDM")
    lines = lines_of_names(text)
    for row in tables_in(document.get("package")):
        _take_row(source, lines, row, [file.get("file") for file in tables_in(row.get("files"))])
    python = table_at(document, "metadata").get("requires_python")
    if isinstance(python, str) and python:
        source.python.append(Claim(python, line_of(text, r"^requires_python\s*=")))
    return source


def read_pylock(file: str, text: str) -> Source:
    """Return the packages of a pylock.toml (PEP 751)."""
    document = load(file, text)
    source = Source(file, "lock", tool="pylock", summary="a lock of PEP 751")
    lines = lines_of_names(text)
    for row in tables_in(document.get("packages")):
        wheels = tables_in(row.get("wheels"))
        # PEP 751 has the name only where it is not the end of the address or path.
        _take_row(source, lines, row, [w.get("name") or w.get("url") or w.get("path") for w in wheels])
    python = document.get("requires-python")
    if isinstance(python, str) and python:
        source.python.append(Claim(python, line_of(text, r"^requires-python\s*=")))
    return source


def _take_row(source: Source, lines: dict[str, int], row: Table, places: list[object]) -> None:
    """Add one package of a lock; `places` are the names or addresses of its files."""
    name, version = row.get("name"), row.get("version")
    # A folder or a repository may have no version: it is no release that pip could be asked for.
    if not isinstance(name, str) or not isinstance(version, str):
        return
    files = (file_name(place) for place in places if isinstance(place, str))
    source.packages.append(
        Wanted(
            normalise(name),
            f"{name}=={version}",
            f"=={version}",
            line=lines.get(normalise(name), 0),
            wheels=tuple(file for file in files if file.endswith(".whl")),
        )
    )


def read_pipfile_lock(file: str, text: str) -> Source:
    """Return the packages of Pipfile.lock; raises PyenvspecError where it is no JSON."""
    try:
        document = load_json(text)
    except (ValueError, RecursionError) as error:
        raise PyenvspecError(Diagnostic("init-source", f"{file} is not valid JSON: {error}", file)) from None
    source = Source(file, "lock", tool="pipenv", summary="locked with pipenv")
    document = document if isinstance(document, dict) else {}
    for name, row in table_at(document, "default").items():
        version = row.get("version") if isinstance(row, dict) else None
        specifier = version if isinstance(version, str) else ""
        marker = row.get("markers") if isinstance(row, dict) else None
        # A line end would make two requirements of one.
        condition = f" ; {marker}" if isinstance(marker, str) and "\n" not in marker else ""
        source.packages.append(Wanted(normalise(name), f"{name}{specifier}{condition}", specifier))
    requires = table_at(document, "_meta", "requires")
    python = requires.get("python_full_version") or requires.get("python_version")
    if isinstance(python, str):
        source.python.append(Claim(python, line_of(text, r'"python_(full_)?version"')))
    return source

"""Whether a lock is that of its pyproject.toml: poetry's content hash, and what uv repeats in its lock.

Says "stale" only where that is sure; what cannot be compared is taken for right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.facts.packages import normalise
from pyenvspec.project.locks.constraints import same_pythons, same_specifier
from pyenvspec.project.locks.model import Requirement
from pyenvspec.project.locks.poetry import content_hashes
from pyenvspec.project.tables import tables_in, texts_in
from pyenvspec.versions import parse_requirement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenvspec.project.locks.locked_project import LockedProject
    from pyenvspec.project.locks.model import PackageLock


def find_difference(project: LockedProject) -> str | None:
    """Return what pyproject.toml says and the lock does not, in words; None where they agree."""
    lock = project.lock
    assert lock is not None
    if lock.tool == "poetry":
        is_fresh = lock.content_hash is None or lock.content_hash in content_hashes(project.pyproject)
        return None if is_fresh else f"{project.project_file} has changed since {lock.file} was made"
    return _uv_difference(project, lock)


def _uv_difference(project: LockedProject, lock: PackageLock) -> str | None:
    table, name = project.part("project"), project.name
    if name is None or not lock.packages:
        return None
    # uv locks the project itself too: a lock without it is another project's, or this one was renamed.
    if not lock.find(name):
        return f"{lock.file} does not hold the project `{name}`"
    requires_python = table.get("requires-python")
    # The lock of a workspace has the Python that all of its members allow, which no single file says.
    if (
        len(lock.members) < 2
        and isinstance(requires_python, str)
        and same_pythons(requires_python, lock.python) is False
    ):
        return (
            f"{project.project_file} asks for Python `{requires_python}`, {lock.file} is for `{lock.python}`"
        )
    # What a build backend adds at build time is read by uv, by running it; nothing is run here.
    if {"dependencies", "optional-dependencies"} & set(texts_in(table.get("dynamic"))):
        return None
    if name in lock.requires:
        texts = [
            *texts_in(table.get("dependencies")),
            *(
                text
                for texts in project.part("project", "optional-dependencies").values()
                for text in texts_in(texts)
            ),
        ]
        if (difference := _compare(texts, lock.requires[name], project, lock)) is not None:
            return difference
    return _groups_difference(project, lock, name)


def _groups_difference(project: LockedProject, lock: PackageLock, name: str) -> str | None:
    # PEP 735 has names compared as those of packages are.
    typed_groups = project.part("dependency-groups")
    groups = {normalise(typed): items for typed, items in typed_groups.items()}
    locked = {normalise(group): items for group, items in lock.requires_groups.get(name, {}).items()}
    for typed in typed_groups:
        group = normalise(typed)
        # uv merges its older `dev-dependencies` into the group dev.
        more = texts_in(project.part("tool", "uv").get("dev-dependencies")) if group == "dev" else []
        texts = [*_group_texts(groups, group), *more]
        if (difference := _compare(texts, locked.get(group, ()), project, lock)) is not None:
            return f"{difference} (group {typed})"
    return None


def _group_texts(groups: dict[str, object], group: str) -> list[str]:
    """Return the requirements of a group with those that it includes (PEP 735)."""
    texts: list[str] = []
    # Each group once: two may include each other, which uv refuses, or each next one twice, 2 ** n times in all.
    seen, waiting = {group}, [group]
    while waiting:
        items = groups.get(waiting.pop())
        texts += texts_in(items)
        for item in tables_in(items):
            included = item.get("include-group")
            if isinstance(included, str) and (name := normalise(included)) not in seen:
                seen.add(name)
                waiting.append(name)
    return texts


def _compare(
    texts: Iterable[str], locked: Iterable[Requirement], project: LockedProject, lock: PackageLock
) -> str | None:
    wanted = _parse(texts)
    if wanted is None:
        return None
    by_name: dict[str, list[Requirement]] = {}
    for requirement in locked:
        by_name.setdefault(requirement.name, []).append(requirement)
    for requirement in wanted:
        if requirement.name not in by_name:
            return f"{project.project_file} asks for `{requirement.name}`, which {lock.file} does not hold"
        if not any(_agrees(requirement, other) for other in by_name[requirement.name]):
            shown = f"{requirement.name}{requirement.specifier or ''}"
            return f"{project.project_file} asks for `{shown}`, {lock.file} was made for something else"
    gone = sorted(by_name.keys() - {requirement.name for requirement in wanted})
    if gone:
        return f"{lock.file} still holds `{gone[0]}`, which {project.project_file} does not ask for"
    return None


def _agrees(wanted: Requirement, locked: Requirement) -> bool:
    # From git, an address or a folder: what [tool.uv.sources] says of it is not compared.
    if locked.specifier is None or wanted.specifier is None:
        return True
    return wanted.extras == locked.extras and same_specifier(wanted.specifier, locked.specifier)


def _parse(texts: Iterable[str]) -> list[Requirement] | None:
    parsed = []
    for text in texts:
        requirement = parse_requirement(text)
        if requirement is None:
            return None  # what cannot be read cannot be told from what was locked
        parsed.append(requirement)
    return [
        Requirement(
            normalise(requirement.name),
            tuple(sorted(requirement.extras)),
            None if requirement.url else str(requirement.specifier),
        )
        for requirement in parsed
    ]

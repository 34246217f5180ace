"""Whether a lock is that of its pyproject.toml: poetry's content hash, and what uv repeats in its lock.

Says "stale" only where that is sure; what cannot be compared is taken for right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.facts.packages import normalise
from pyenvspec.project.locks.constraints import same_pythons, same_specifier
from pyenvspec.project.locks.model import Requirement
from pyenvspec.project.locks.poetry import content_hashes
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
    if not lock.find(name):
        return f"{lock.file} does not hold the project `{name}`"
    wanted = table.get("requires-python")
    if len(lock.members) < 2 and isinstance(wanted, str) and same_pythons(wanted, lock.python) is False:
        return f"{project.project_file} asks for Python `{wanted}`, {lock.file} is for `{lock.python}`"
    dynamic = table.get("dynamic")
    if isinstance(dynamic, list) and {"dependencies", "optional-dependencies"} & {
        str(key) for key in dynamic
    }:
        return None
    if name in lock.requires:
        texts = [
            *_texts(table.get("dependencies")),
            *_all_texts(project.part("project", "optional-dependencies")),
        ]
        if (difference := _compare(texts, lock.requires[name], project, lock)) is not None:
            return difference
    return _groups_difference(project, lock, name)


def _groups_difference(project: LockedProject, lock: PackageLock, name: str) -> str | None:
    groups = project.part("dependency-groups")
    locked = {normalise(group): items for group, items in lock.requires_groups.get(name, {}).items()}
    for group in groups:
        # uv merges its older `dev-dependencies` into the group dev.
        more = _texts(project.part("tool", "uv").get("dev-dependencies")) if normalise(group) == "dev" else []
        texts = [*_group_texts(groups, group, ()), *more]
        if (difference := _compare(texts, locked.get(normalise(group), ()), project, lock)) is not None:
            return f"{difference} (group {group})"
    return None


def _group_texts(groups: dict[str, object], group: str, above: tuple[str, ...]) -> list[str]:
    """Return the requirements of a group with those that it includes (PEP 735)."""
    name = next((key for key in groups if normalise(key) == normalise(group)), None)
    items = groups.get(name) if name is not None else None
    texts: list[str] = []
    for item in items if isinstance(items, list) else ():
        if isinstance(item, str):
            texts.append(item)
        elif (
            isinstance(item, dict)
            and isinstance(inner := item.get("include-group"), str)
            and inner not in above
        ):
            texts += _group_texts(groups, inner, (*above, group))
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
    names = {requirement.name for requirement in wanted}
    gone = sorted(set(by_name) - names)
    return (
        f"{lock.file} still holds `{gone[0]}`, which {project.project_file} does not ask for"
        if gone
        else None
    )


def _agrees(wanted: Requirement, locked: Requirement) -> bool:
    if locked.specifier is None or wanted.specifier is None:
        return True
    return wanted.extras == locked.extras and same_specifier(wanted.specifier, locked.specifier)


def _parse(texts: Iterable[str]) -> list[Requirement] | None:
    parsed = []
    for text in texts:
        requirement = parse_requirement(text)
        if requirement is None:
            return None
        parsed.append(requirement)
    return [
        Requirement(
            normalise(one.name),
            tuple(sorted(one.extras)),
            None if one.url else str(one.specifier),
        )
        for one in parsed
    ]


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _all_texts(table: dict[str, object]) -> list[str]:
    return [text for value in table.values() for text in _texts(value)]

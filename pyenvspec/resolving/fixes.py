"""Known fixes for a lock: which of them apply to a shell, and the overrides that they and the user give together.

What the user's own override says of a package stays as it is; a fix only adds the keys that it does not have.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyenvspec.facts.fixes import fixes_for
from pyenvspec.facts.packages import normalise
from pyenvspec.plan import Decision
from pyenvspec.project.locks.available import is_built
from pyenvspec.project.locks.needed import needed_packages
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyenvspec.facts.fixes import KnownFix
    from pyenvspec.project.locks.locked_project import LockedProject
    from pyenvspec.project.locks.model import LockedPackage, PackageSource
    from pyenvspec.spec.model import ShellSpec, Spec
    from pyenvspec.spec.overrides import Override

# Build backends are built by themselves; to give them another one would go in a circle.
# fmt: off
_BACKENDS = frozenset({
    "build", "calver", "cython", "editables", "flit-core", "hatch-vcs", "hatchling", "installer", "maturin",
    "meson", "meson-python", "packaging", "pathspec", "pbr", "pdm-backend", "pip", "pluggy", "poetry-core",
    "pyproject-hooks", "scikit-build-core", "setuptools", "setuptools-scm", "tomli", "trove-classifiers",
    "typing-extensions", "uv-build", "wheel",
})
# fmt: on
# A folder of the project is the user's own code, whatever published package has its name.
_FOLDERS = ("directory", "editable", "virtual")


@dataclass(frozen=True)
class AppliedFix:
    """A fix that applies to a package of the lock; `keys` are those of the override that it gives."""

    package: str
    version: str
    keys: tuple[str, ...]
    fix: KnownFix


@dataclass(frozen=True)
class Fixed:
    """The overrides of a shell by normalised name, and which fixes went into them."""

    overrides: dict[str, Override]
    applied: tuple[AppliedFix, ...]


def apply_fixes(project: LockedProject, spec: Spec, systems: tuple[str, ...]) -> Fixed:
    """Return the user's overrides with the fixes that apply under them; without a lock, the user's own."""
    users = {normalise(name): override for name, override in sorted(spec.overrides.items())}
    if project.lock is None or spec.fixes == "none":
        return Fixed(users, ())
    # `fixes: [torch]` names the packages for which none are wanted.
    skipped = {normalise(name) for name in spec.fixes} if isinstance(spec.fixes, tuple) else frozenset[str]()
    merged, applied = dict(users), dict[tuple[str, int], AppliedFix]()
    needed = _Needed(project, spec, systems)
    for package in project.lock.packages:
        own = users.get(package.name)
        # What is taken out, or built by nixpkgs' recipe, is not built from the lock.
        if package.name in skipped or (own is not None and (own.remove or own.from_nixpkgs)):
            continue
        fixes = _fitting(package, project.manager, spec, systems)
        joined = _joined(fixes)
        typed_keys = own.model_fields_set if own is not None else set[str]()
        added = {key: value for key, value in joined.items() if key not in typed_keys}
        # Last, as the question walks through the whole lock.
        if not added or package not in needed:
            continue
        # A forked lock comes here once for each version of the package.
        merged[package.name] = _over(merged.get(package.name), added)
        for number, fix in enumerate(fixes):
            if keys := tuple(sorted(fix.override.keys() & added.keys())):
                applied[package.name, number] = AppliedFix(package.name, package.version, keys, fix)
    return Fixed(dict(sorted(merged.items())), tuple(applied[key] for key in sorted(applied)))


class _Needed:
    """Which packages the environment needs on some of its systems; looked for at the first question.

    A lock also holds what only other groups, extras, systems and Pythons need: no fix of theirs is to be told.
    """

    def __init__(self, project: LockedProject, spec: Spec, systems: tuple[str, ...]) -> None:
        self._project, self._spec, self._systems = project, spec, systems
        self._identities: frozenset[tuple[str, str, PackageSource]] | None = None

    def __contains__(self, package: LockedPackage) -> bool:
        if self._identities is None:
            python = self._spec.python
            self._identities = frozenset(
                reached.identity
                for system in self._systems
                for reached in needed_packages(
                    self._project, python.version, system, python.groups, python.extras
                )
            )
        return package.identity in self._identities


def _over(before: Override | None, added: dict[str, Any]) -> Override:
    """Add keys to an override; lists of two versions of one package (a forked lock) are joined."""
    from pyenvspec.spec.overrides import Override

    # Only what was set: with its defaults in it every key would count as set in the new one.
    set_before = before.model_dump(include=before.model_fields_set) if before is not None else {}
    both = {key: _join(set_before.get(key), value) for key, value in added.items()}
    return Override.model_validate({**set_before, **both})


def _joined(fixes: tuple[KnownFix, ...]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for fix in fixes:
        for key, value in fix.override.items():
            joined[key] = _join(joined.get(key), value)
    return joined


def _join(old: Any, new: Any) -> Any:
    if isinstance(old, list | tuple):
        return [*old, *(item for item in new if item not in old)]
    # Of a single value the last one counts.
    return {**old, **new} if isinstance(old, dict) else new


def _fitting(
    package: LockedPackage, manager: str, spec: Spec, systems: tuple[str, ...]
) -> tuple[KnownFix, ...]:
    known = fixes_for(package.name, manager)
    if not known or package.source.kind in _FOLDERS:
        return ()
    # One that is a wheel on one system and built on another counts as built.
    built = is_built(package, spec, systems)
    fitting = [
        fix
        for fix in known
        if (fix.built_from == "any" or (fix.built_from == "sdist") == built)
        and (not fix.needs_cuda or spec.cuda is not None)
        and _is_version(package, fix)
    ]
    # The fallback gives a source the backend that pip takes where a project names none; with one of its own it has two.
    has_backend = package.name in _BACKENDS or any(
        "build_systems" in f.override for f in fitting if not f.is_fallback
    )
    return tuple(fix for fix in fitting if not (fix.is_fallback and has_backend))


def _is_version(package: LockedPackage, fix: KnownFix) -> bool:
    if not fix.versions or not package.version:
        return True
    # `packaging` is slow to import, and most fixes are for all versions.
    from pyenvspec.project.locks.constraints import contains

    return contains(fix.versions, package.version)


def fix_decisions(fixed: Fixed, prefix: str = "") -> tuple[Decision, ...]:
    """Return one decision per fix, so that explain lists what was applied and why."""
    return tuple(
        Decision(
            f"{prefix}overrides.{applied.package}",
            ", ".join(f"{key}: {_shown(applied.fix.override[key])}" for key in applied.keys),
            f"known fix for {applied.package} {applied.version}: {applied.fix.why}",
            applied.fix.source,
        )
        for applied in fixed.applied
    )


# As it would stand in env.yaml.
def _shown(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(str(item) for item in value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def fix_shells(
    shells: tuple[ShellSpec, ...],
    locks: Mapping[str, LockedProject],
    systems: Mapping[str, tuple[str, ...]],
) -> tuple[tuple[ShellSpec, ...], tuple[Decision, ...]]:
    """Return the shells with the fixes under their overrides, and a decision for each fix."""
    fixed, decisions = [], list[Decision]()
    for shell in shells:
        if shell.name not in locks:
            fixed.append(shell)
            continue
        # Each shell by itself: variants may have another lock, another Python, other groups.
        result = apply_fixes(locks[shell.name], shell.spec, systems[shell.name])
        fixed.append(replace(shell, spec=shell.spec.model_copy(update={"overrides": result.overrides})))
        decisions += fix_decisions(result, "" if shell.name == "default" else f"variants.{shell.name}.")
    return tuple(fixed), tuple(decisions)

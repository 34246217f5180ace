"""Cross-checks of what is said of single Python packages, for the lock-file managers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.checking.interpolated import check_interpolation
from pyenvspec.diagnostics import Severity
from pyenvspec.facts.packages import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenvspec.checking.context import CheckContext
    from pyenvspec.diagnostics import KeyPath
    from pyenvspec.spec.overrides import Override

# What nixpkgs' recipe says itself; patches and build tools are added to those that it has.
_OF_THE_RECIPE = ("source", "build_systems", "dependencies")


def check_overrides(context: CheckContext, manager: str) -> None:
    """Check overrides against each other and against `wheels`."""
    spec = context.shell.spec
    if manager == "poetry2nix":
        context.add(
            "poetry2nix-unmaintained",
            ("python", "manager"),
            "poetry2nix has no maintainer any more; its nixpkgs is the one that it last worked with",
            expected="uv2nix is the way forward",
            hint="run `pyenvspec init --from poetry.lock --manager uv2nix` to move",
            severity=Severity.NOTE,
        )
    _check_spellings(context, "overrides", spec.overrides)
    built = {normalise(name) for name in spec.wheels.disabled}
    for name, override in spec.overrides.items():
        _check_contradictions(context, name, override, normalise(name) in built)
        _check_env(context, name, override)


def _check_spellings(context: CheckContext, key: str, names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(normalise(name), name)
        if first != name:
            context.add(
                "override-conflict",
                (key, name),
                f"`{first}` and `{name}` are one package",
                expected="each package once",
                hint=f"put both under `{normalise(name)}`",
            )


def _check_contradictions(context: CheckContext, name: str, override: Override, is_built: bool) -> None:
    path: KeyPath = ("overrides", name)
    keys = override.model_fields_set
    if override.remove and len(keys) > 1:
        context.add(
            "override-conflict",
            path,
            f"`{name}` is removed, so nothing else applies to it",
            expected="`remove` alone",
        )
        return
    if override.keep_locked_source and not override.from_nixpkgs:
        context.add(
            "override-conflict",
            (*path, "keep_locked_source"),
            "`keep_locked_source` says how `from_nixpkgs` builds",
            expected="with `from_nixpkgs: true`",
        )
    # They would be taken for granted and do nothing.
    for key in _OF_THE_RECIPE:
        if override.from_nixpkgs and getattr(override, key):
            context.add(
                "override-conflict",
                (*path, key),
                f"nixpkgs' recipe of `{name}` has its own {key.replace('_', ' ')}",
                expected=f"`from_nixpkgs` or `{key}`",
            )
    if override.source == "wheel" and (override.patches or is_built):
        context.add(
            "override-conflict",
            (*path, "source"),
            f"`{name}` is to be a wheel, and "
            + ("a wheel cannot be patched" if override.patches else "is under `wheels.disabled`"),
            expected="`source: sdist`" if override.patches else "one of both",
        )


def _check_env(context: CheckContext, name: str, override: Override) -> None:
    for key, text in override.env.items():
        check_interpolation(context, ("overrides", name, "env", key), text, takes_project=False)

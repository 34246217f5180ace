"""The packages of a lock, lowered: the options `uv2nix` and `poetry2nix` of a shell. Nothing is chosen here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.lowering.references import project_path
from pyenvspec.nixexpr import AttrSet, Binding, Expr, Lambda, List, Select, Str, Var, bind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenvspec.lowering.references import Scope
    from pyenvspec.plan import Environment, Package, PackageOverride

# As in `lower`, for the options of a lock; those that are not here are true by default.
_EMPTY: dict[str, Expr] = {
    "groups": List(()),
    "extras": List(()),
    "packages": Lambda("_", List(())),
    "editable": AttrSet(()),
    "folder": Str("."),
    "fromSource": List(()),
    "overrides": AttrSet(()),
}


def lower_locked(environment: Environment, scope: Scope) -> AttrSet:
    """Return the options of an environment from a lock, with the env.yaml key that each comes from."""
    sections: list[tuple[str, Binding]] = []
    if environment.groups:
        sections.append(("python.groups", bind("groups", list(environment.groups))))
    if environment.extras:
        sections.append(("python.extras", bind("extras", list(environment.extras))))
    if environment.packages:
        sections.append(("python.packages", bind("packages", select_packages(environment.packages))))
    if environment.editable:
        sections.append(("python.editable", bind("editable", dict(environment.editable))))
    if not environment.prefer_wheels:
        sections.append(("wheels.prefer", bind("preferWheels", False)))
    if environment.from_source:
        sections.append(("wheels.disabled", bind("fromSource", list(environment.from_source))))
    if environment.overrides:
        overrides = AttrSet(tuple(_lower_override(override, scope) for override in environment.overrides))
        sections.append(("overrides", bind("overrides", overrides)))
    commented = tuple(Binding(b.path, b.value, comment=key, blank_before=True) for key, b in sections)
    return AttrSet((*_lower_folder(environment), *commented))


def _lower_folder(environment: Environment) -> tuple[Binding, ...]:
    folder = project_path(environment.project)
    # poetry2nix wants the folder of pyproject.toml; uv2nix the workspace, and the shell its place below the project.
    if environment.manager == "poetry2nix":
        return (bind("project", folder),)
    named = (bind("folder", environment.project),) if environment.project != "." else ()
    return (bind("workspace", folder), *named)


def change_locked(base: Expr, own: Expr) -> AttrSet:
    """Return the options that a variant gives otherwise than the default shell; what it takes away is emptied."""
    assert isinstance(base, AttrSet)
    assert isinstance(own, AttrSet)
    before, after = _by_name(base), _by_name(own)
    changed = [b for name, b in after.items() if before.get(name) != b]
    gone = [bind(name, _EMPTY.get(name, True)) for name in before if name not in after]
    return AttrSet(tuple(Binding(b.path, b.value, comment=b.comment) for b in (*changed, *gone)))


def _by_name(options: AttrSet) -> dict[str, Binding]:
    return {str(b.path[0]): b for b in options.entries if isinstance(b, Binding)}


def select_packages(packages: Iterable[Package]) -> Lambda:
    """`ps: [ ps.numpy ]`."""
    return Lambda("ps", List(tuple(Select(Var("ps"), package.path) for package in packages)))


def _lower_override(override: PackageOverride, scope: Scope) -> Binding:
    entries = [
        bind(name, value)
        for name, value in (
            ("remove", override.remove),
            ("fromNixpkgs", override.from_nixpkgs),
            ("keepLockedSource", override.keep_locked_source),
        )
        if value
    ]
    if override.source is not None:
        entries.append(bind("source", override.source))
    lists: tuple[tuple[str, List | list[str]], ...] = (
        ("buildSystems", list(override.build_systems)),
        ("buildTools", scope.packages(override.build_tools)),
        ("libraries", scope.packages(override.libraries)),
        ("dependencies", list(override.dependencies)),
        ("ignoreMissingLibraries", list(override.ignore_missing_libraries)),
        ("patches", List(tuple(project_path(path) for path in override.patches))),
    )
    # Written as Python lists and as Nix ones: both count as empty.
    entries += [bind(name, value) for name, value in lists if value not in ([], List(()))]
    if override.env:
        values = AttrSet(tuple(bind(name, scope.text(text)) for name, text in override.env))
        entries.append(bind("env", values))
    if override.post_install is not None:
        entries.append(bind("postInstall", override.post_install))
    # `torch.fromNixpkgs = true;` on one line
    if len(entries) == 1:
        return Binding((override.name, *entries[0].path), entries[0].value)
    return bind(override.name, AttrSet(tuple(entries)))

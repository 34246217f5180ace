"""What nixpkgs calls the packages asked for in the release chosen, and what of them it has to be told to permit."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pyenvspec.facts.devenv import find_service
from pyenvspec.facts.native import find_attribute, spelled_for
from pyenvspec.plan import Decision, Package
from pyenvspec.spec.asked import asked_packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.spec.model import Spec, SpecFile

T = TypeVar("T")


# Lists in which two spellings of one package become one; a text may well hold a package twice.
_LISTS = ("native", "build_tools", "libraries")


def spell_names(part: T, branch: str) -> tuple[T, tuple[Decision, ...]]:
    """Return a part of the plan with each package called as the release calls it, and what was changed."""
    # nixpkgs moves names to the top (`xorg.libX11` → `libx11`): an older release has only the old one.
    changed: dict[str, str] = {}

    def spell(node: Any) -> Any:
        if isinstance(node, tuple):
            return tuple(map(spell, node))
        if isinstance(node, Package):
            if node.scope != "pkgs":
                return node
            name = ".".join(node.path)
            new = spelled_for(name, branch)
            if new != name:
                changed[name] = new
            return Package("pkgs", tuple(new.split(".")))
        if not is_dataclass(node) or isinstance(node, type):
            return node
        values = {field.name: spell(getattr(node, field.name)) for field in fields(node)}
        return replace(node, **values | {name: _distinct(values[name]) for name in _LISTS if name in values})

    spelled = spell(part)
    decisions = (
        Decision("native", new, f"{branch} calls `{name}` so") for name, new in sorted(changed.items())
    )
    return spelled, tuple(decisions)


def _distinct(packages: tuple[Package, ...]) -> tuple[Package, ...]:
    return tuple(dict.fromkeys(packages))


def permitted_unfree(file: SpecFile, branch: str, *, has_cuda: bool) -> tuple[bool, tuple[str, ...]]:
    """Return whether all unfree packages are permitted, else the names of those asked for and of their parts.

    A CUDA set is a hundred unfree packages, which differ from release to release.
    """
    setting = file.spec.nixpkgs.unfree
    if setting != "auto":
        return setting, ()
    if has_cuda:
        return True, ()
    # By name, so that nothing unfree comes in that nobody asked for.
    return False, tuple(sorted({name for shell in file.shells for name in _unfree(shell.spec, branch)}))


def _unfree(spec: Spec, branch: str) -> Iterator[str]:
    # What its dependencies have that is unfree stands in the table with it: nixpkgs asks for each by its own name.
    for package in asked_packages(spec):
        attribute = find_attribute(spelled_for(package.name, branch)) if package.scope == "pkgs" else None
        if attribute is not None:
            yield from attribute.unfree
    if spec.shell == "devenv":
        for name, options in spec.services.items():
            service = find_service(name)
            if service is not None and options.get("enable") is not False:
                yield from service.unfree

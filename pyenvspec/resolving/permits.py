"""What nixpkgs calls the packages asked for in the release chosen, and what of them it has to be told to permit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyenvspec.facts.devenv import find_service
from pyenvspec.facts.native import find_attribute, spelled_for
from pyenvspec.plan import Decision
from pyenvspec.spec.asked import asked_packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.spec.model import ShellSpec, Spec, SpecFile
    from pyenvspec.spec.overrides import Override


def spell_names(file: SpecFile, branch: str) -> tuple[SpecFile, tuple[Decision, ...]]:
    """Return the file with each package called as the release calls it, and what was changed."""
    # nixpkgs moves names to the top (`xorg.libX11` → `libx11`): an older release has only the old one.
    changed: dict[str, str] = {}

    def spell(names: tuple[str, ...]) -> tuple[str, ...]:
        spelled = {name: name if name.startswith("cuda.") else spelled_for(name, branch) for name in names}
        changed.update((name, new) for name, new in spelled.items() if name != new)
        return tuple(spelled.values())

    def spell_override(override: Override) -> Override:
        update = {"build_tools": spell(override.build_tools), "libraries": spell(override.libraries)}
        return override.model_copy(update=update)

    def spell_shell(shell: ShellSpec) -> ShellSpec:
        spec = shell.spec
        overrides = {name: spell_override(override) for name, override in spec.overrides.items()}
        return replace(
            shell, spec=spec.model_copy(update={"native": spell(spec.native), "overrides": overrides})
        )

    shells = tuple(map(spell_shell, file.shells))
    if not changed:
        return file, ()
    decisions = (
        Decision("native", new, f"{branch} calls `{name}` so") for name, new in sorted(changed.items())
    )
    return replace(file, shells=shells), tuple(decisions)


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
    for package in asked_packages(spec):
        attribute = find_attribute(spelled_for(package.name, branch)) if package.scope == "pkgs" else None
        if attribute is not None:
            yield from attribute.unfree
    if spec.shell == "devenv":
        for name, options in spec.services.items():
            service = find_service(name)
            if service is not None and options.get("enable") is not False:
                yield from service.unfree

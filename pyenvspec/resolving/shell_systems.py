"""The systems of each shell: those asked for, less those where its lock or its CUDA has nothing to offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.facts.systems import ALL, default_systems, has_cuda
from pyenvspec.plan import Decision
from pyenvspec.resolving.releases.candidates import cuda_systems

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyenvspec.project.locks.locked_project import LockedProject, LockedProjects
    from pyenvspec.resolving.releases.model import CudaChoice, ReleaseChoice
    from pyenvspec.spec.model import ShellSpec, SpecFile

ShellSystems = dict[str, tuple[str, ...]]
"""Systems by the name of the shell."""


def wanted_systems(file: SpecFile, locks: LockedProjects) -> tuple[ShellSystems, tuple[Decision, ...]]:
    """Return the systems asked for, or those of the default that the shell's lock serves."""
    wanted: ShellSystems = {}
    decisions: list[Decision] = []
    for shell in file.shells:
        cuda = shell.spec.cuda is not None
        if shell.spec.systems is not None:
            # Where the others go on; a system on which every shell has CUDA is an error of its own.
            wanted[shell.name] = tuple(
                s for s in dict.fromkeys(shell.spec.systems) if not cuda or has_cuda(s)
            )
            continue
        wanted[shell.name] = default_systems(cuda=cuda)
        if shell.name in locks:
            # The default is a guess, which the lock may narrow; systems that are named have to be served, or are told.
            wanted[shell.name], lacking = served_systems(shell, locks[shell.name], wanted[shell.name])
            decisions += lacking
    return wanted, tuple(decisions)


def served_systems(
    shell: ShellSpec, project: LockedProject, systems: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[Decision, ...]]:
    """Return those of the default systems on which everything in the lock can be had, and why not the others."""
    # Slow to import, and most projects have no lock that Nix reads.
    from pyenvspec.project.locks.available import usable_systems

    if project.lock is None:
        return systems, ()
    usable, lacking = usable_systems(project, shell.spec, systems)
    if len(usable) == len(systems):
        return systems, ()
    left_out = ", ".join(system for system in systems if system not in usable)
    reason = f"{lacking} has no wheel for {left_out}, and no source"
    return usable, (Decision(_key(shell), ", ".join(usable), reason, project.lock_file),)


def all_systems(wanted: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return every system that a shell is made for; as asked for by the first, then in our order."""
    first, *others = wanted
    return tuple(dict.fromkeys((*first, *(s for s in ALL if any(s in systems for systems in others)))))


def systems_without_cuda(file: SpecFile, wanted: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the systems that stay where the CUDA asked for is not there, since some shell has none.

    A Linux that is named has to have it: its user would look for the shell in vain.
    """
    plain = {s for shell in file.shells if shell.spec.cuda is None for s in wanted[shell.name]}

    return tuple(s for s in ALL if s in plain and (file.spec.systems is None or not has_cuda(s)))


def served_systems_of_shells(
    file: SpecFile, wanted: ShellSystems, choice: ReleaseChoice, cuda: Mapping[str, CudaChoice]
) -> tuple[ShellSystems, tuple[Decision, ...]]:
    """Return what is left of `wanted` with this choice of releases, and why; `cuda` by the name of the shell."""
    served: ShellSystems = {}
    for shell in file.shells:
        with_cuda: tuple[str, ...] = ALL
        if shell.name in cuda:
            with_cuda = cuda_systems(cuda[shell.name], choice.release, choice.cuda_release)
        served[shell.name] = tuple(s for s in wanted[shell.name] if s in choice.systems and s in with_cuda)
    everything = all_systems(served.values())
    decisions = (_decide(shell, served[shell.name], everything) for shell in file.shells)
    return served, tuple(filter(None, decisions))


def _decide(shell: ShellSpec, systems: tuple[str, ...], everything: tuple[str, ...]) -> Decision | None:
    """Say why a shell is not made for every system of the file."""
    # Without CUDA it has the systems that it asks for, or that its lock serves, and that is told already.
    if set(systems) == set(everything) or shell.spec.cuda is None:
        return None
    left_out = ", ".join(system for system in everything if system not in systems)
    return Decision(
        _key(shell), ", ".join(systems), f"there is no CUDA {shell.spec.cuda.version} for {left_out}"
    )


def _key(shell: ShellSpec) -> str:
    return "systems" if shell.name == "default" else f"variants.{shell.name}.systems"

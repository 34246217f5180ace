"""Cross-checks of `containers`."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from pyenvspec.checking.shell_keys import check_value
from pyenvspec.diagnostics import Severity
from pyenvspec.facts.nixpkgs import minor_of
from pyenvspec.names import closest
from pyenvspec.project.folder import effective_manager
from pyenvspec.spec.model import VENV_MANAGERS

if TYPE_CHECKING:
    from pyenvspec.checking.context import CheckContext
    from pyenvspec.project.folder import ProjectFolder
    from pyenvspec.spec.model import ShellSpec, SpecFile

# By manager the lock that an image is made from, and how it comes to be; pip has no lock that every version writes.
_LOCK_OF_IMAGE = {
    "uv": ("uv.lock", "run `uv lock` in the shell"),
    "poetry": ("poetry.lock", "run `poetry lock` in the shell"),
}


def check_containers(file: SpecFile, context: CheckContext, project: ProjectFolder) -> None:
    """Tell of a variant that is not there, and of an image that will lack the Python packages."""
    shells = {shell.name: shell for shell in file.shells}
    for name, container in context.shell.spec.containers.items():
        if container.variant not in shells:
            near = closest(container.variant, shells)
            context.add(
                "container-unknown-variant",
                ("containers", name, "variant"),
                f"there is no variant `{container.variant}`",
                expected=f"did you mean `{near}`?" if near else "one of " + ", ".join(shells),
            )
            continue
        shell = shells[container.variant]
        for variable, text in container.env.items():
            # The CUDA is that of the variant; where it stands is known to the tree of the default shell alone.
            of_variant = replace(context, shell=replace(shell, tree=context.shell.tree))
            check_value(of_variant, ("containers", name, "env", variable), text)
        manager = effective_manager(shell, project)
        # Other managers have their packages from Nix, in the image too. `project` is what lies in the folder of the
        # default shell; what lies in that of another one is not known here.
        if manager not in VENV_MANAGERS or shell.spec.python.project != file.spec.python.project:
            continue
        if manager == "pip":
            _check_requirements(name, shell, context, project)
            continue
        lock, how = _LOCK_OF_IMAGE[manager]
        if lock not in project.files:
            context.add(
                "container-without-packages",
                ("containers", name),
                f"the image will hold Python and `native`, but no Python packages: there is no {lock}",
                expected=f"a {lock}, which names every file by its hash",
                hint=how,
                severity=Severity.WARNING,
            )


def pylock_command(python: str, requirements: str) -> str:
    """Return what makes a pylock.toml of a requirements file, for a version of Python."""
    # Without it uv takes any Python that it finds, and leaves out what only another one needs.
    minor = minor_of(python)
    lock = ("uv", "pip", "compile", "--python-version", minor, "--format", "pylock.toml", "-o", "pylock.toml")
    return shlex.join((*lock, requirements))


def _check_requirements(name: str, shell: ShellSpec, context: CheckContext, project: ProjectFolder) -> None:
    """Tell of requirements that Nix cannot fetch: a file of pip's names packages, and not their files."""
    default = "requirements.txt" if "requirements.txt" in project.files else None
    named = shell.spec.python.requirements or default
    # A pylock.toml beside requirements is what the image is made from.
    if named is None or named.endswith(".toml") or "pylock.toml" in project.files:
        return
    context.add(
        "container-installs",
        ("containers", name),
        f"{named} names no files by their hash, which Nix needs: `pyenvspec container` has Docker, Podman or Buildah "
        "install it",
        expected="a pylock.toml, which names every file by its hash",
        hint=f"run `{pylock_command(shell.spec.python.version, named)}`, or leave it so",
        severity=Severity.NOTE,
    )

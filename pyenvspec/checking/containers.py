"""Cross-checks of `containers`."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from pyenvspec.checking.interpolated import check_interpolation, check_literal
from pyenvspec.checking.secrets import check_secret
from pyenvspec.diagnostics import Severity
from pyenvspec.names import closest
from pyenvspec.project.folder import effective_manager
from pyenvspec.spec.model import VENV_MANAGERS

if TYPE_CHECKING:
    from pyenvspec.checking.place import Place
    from pyenvspec.project.folder import ProjectFolder
    from pyenvspec.spec.model import ShellSpec, SpecFile

# By manager the lock that an image is made from, and how it comes to be.
_LOCK_OF_IMAGE = {
    "uv": ("uv.lock", "run `uv lock` in the shell"),
    "poetry": ("poetry.lock", "run `poetry lock` in the shell"),
}


def check_containers(file: SpecFile, place: Place, project: ProjectFolder) -> None:
    """Tell of a variant that is not there, and of an image that will lack the Python packages."""
    shells = {shell.name: shell for shell in file.shells}
    for name, container in place.shell.spec.containers.items():
        if container.variant not in shells:
            near = closest(container.variant, shells)
            place.say(
                "container-unknown-variant",
                ("containers", name, "variant"),
                f"there is no variant `{container.variant}`",
                expected=f"did you mean `{near}`?" if near else "one of " + ", ".join(shells),
            )
            continue
        shell = shells[container.variant]
        for variable, text in container.env.items():
            # Where it stands is known to the tree of the default shell alone.
            seen = replace(place, shell=replace(shell, tree=place.shell.tree))
            check_interpolation(seen, ("containers", name, "env", variable), text)
            check_literal(seen, ("containers", name, "env", variable), text)
            check_secret(seen, ("containers", name, "env", variable), text)
        manager = effective_manager(shell, project)
        if manager not in VENV_MANAGERS or shell.spec.python.project != file.spec.python.project:
            continue
        if manager == "pip":
            _check_requirements(name, shell, place, project)
            continue
        lock, how = _LOCK_OF_IMAGE[manager]
        if lock not in project.files:
            place.say(
                "container-without-packages",
                ("containers", name),
                f"the image will hold Python and `native`, but no Python packages: there is no {lock}",
                expected=f"a {lock}, which names every file by its hash",
                hint=how,
                severity=Severity.WARNING,
            )


def pylock_command(python: str, requirements: str) -> str:
    """Return what makes a pylock.toml of a requirements file, for a version of Python."""
    minor = ".".join(python.split(".")[:2])
    lock = ("uv", "pip", "compile", "--python-version", minor, "--format", "pylock.toml", "-o", "pylock.toml")
    return shlex.join((*lock, requirements))


def _check_requirements(name: str, shell: ShellSpec, place: Place, project: ProjectFolder) -> None:
    """Tell of requirements that Nix cannot fetch: a file of pip's names packages, and not their files."""
    default = "requirements.txt" if "requirements.txt" in project.files else None
    named = shell.spec.python.requirements or default
    if named is None or named.endswith(".toml") or "pylock.toml" in project.files:
        return
    place.say(
        "container-installs",
        ("containers", name),
        f"{named} names no files by their hash, which Nix needs: `pyenvspec container` has Docker, Podman or Buildah "
        "install it",
        expected="a pylock.toml, which names every file by its hash",
        hint=f"run `{pylock_command(shell.spec.python.version, named)}`, or leave it so",
        severity=Severity.NOTE,
    )

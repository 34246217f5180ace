"""What every exported file says: what made it, and what only Nix has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.plan import Package
from pyenvspec.project.files import read_project_file

if TYPE_CHECKING:
    from pathlib import Path

    from pyenvspec.plan import Environment, Shell

INSTALLERS = {"poetry2nix": "poetry", "uv2nix": "uv", "nixpkgs": "pip"}
"""Who installs where Nix does not build."""


def head(form: str) -> str:
    """Return the first lines."""
    return (
        f"# Written by `pyenvspec export {form}` from env.yaml; edit env.yaml instead, and export again.\n"
        "# Not reproducible to the byte, as the shell of Nix is: versions of what is not Python are those of today.\n"
    )


def manager_of(environment: Environment) -> str:
    """Return who installs the Python packages."""
    return INSTALLERS.get(environment.manager, environment.manager)


def names_of(packages: tuple[Package, ...]) -> list[str]:
    """Return packages as env.yaml names them."""
    return [".".join(package.path) for package in packages]


def only_in_nix(shell: Shell) -> list[str]:
    """Return what the file cannot hold, by its key, with the reason."""
    lines = []
    texts = [("env", shell.env), ("scripts", shell.scripts)]
    for key, variables in texts:
        for name, text in variables:
            if any(isinstance(part, Package) for part in text):
                lines.append(f"{key}.{name}: it names a package by its place in Nix's store")
    lines += ["preload: no name of the file elsewhere is known"] if shell.preload else []
    lines += ["processes, services: they are started by hand"] if shell.processes or shell.services else []
    lines += ["devenv: options of devenv"] if shell.devenv else []
    lines += ["dotenv: it is for secrets of a machine"] if shell.dotenv else []
    lines += ["on_enter: there is no shell to enter"] if shell.on_enter is not None else []
    return lines


def needs_whole_project(root: Path, requirements: str) -> bool:
    """Whether a requirements file names more than packages of an index: another file, or a folder.

    Raises ProjectFileError where it is there and cannot be read.
    """
    # `-r base.txt`, `-e .`, `./libs/x`, `x @ file:libs/x`
    pattern = rb"^[ \t]*(-r|-c|-e|--requirement|--constraint|--editable|\.|file:)|@ file:"
    return bool(re.search(pattern, read_project_file(root, requirements) or b"", re.MULTILINE))

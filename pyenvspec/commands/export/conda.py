"""conda's environment.yml, which `pyenvspec init` reads back: Python, toolkit, `native` by conda-forge's names, pip."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from pyenvspec.commands.export.common import head, manager_of, names_of, only_in_nix
from pyenvspec.facts.host_packages import conda_candidates, conda_looked_at, plain_name
from pyenvspec.facts.nixpkgs import minor_of, version_key
from pyenvspec.project.survey.conda import read_conda
from pyenvspec.spec.flow import quote_text

if TYPE_CHECKING:
    from pathlib import Path

    from pyenvspec.plan import CudaSet, Plan, Shell


def format_conda(plan: Plan, shell: Shell, root: Path) -> tuple[str, list[str]]:
    """Return the file, and what is left out."""
    left_out = only_in_nix(shell)
    left_out += [f"scripts.{name}: conda has no commands" for name, _ in shell.scripts]
    left_out += [f"env.{name}: conda keeps variables by `conda env config vars set`" for name, _ in shell.env]
    lines = [f"python={shell.interpreter.version}", *_cuda(shell.cuda)]
    for name in names_of(shell.native):
        channel_name = conda_name(name)
        if channel_name is None:
            left_out.append(f"native: {name}: no name of it on conda-forge is known")
        else:
            lines.append(channel_name)
    pip = _pip(shell, root)
    text = f"{head('conda')}name: {quote_text(plan.name)}\nchannels:\n"
    text += "".join(f"  - {channel}\n" for channel in _channels(shell.cuda))
    text += "dependencies:\n" + "".join(f"  - {line}\n" for line in lines)
    if pip:
        # conda warns where `pip:` is there and pip itself is not listed. Quoted, as a line may begin with `-e` or `-r`.
        text += "  - pip\n  - pip:\n" + "".join(
            f"    - {json.dumps(line, ensure_ascii=False)}\n" for line in pip
        )
    return text, left_out


def conda_name(attribute: str) -> str | None:
    """Return a name on conda-forge that `init` takes for this attribute, or one with the same program, or None."""
    if name := conda_looked_at(attribute):
        return name
    # Asked of `init` itself, so that what is exported comes back as it was.
    for name in conda_candidates(attribute):
        read = read_conda("environment.yml", f"dependencies:\n  - {json.dumps(name)}\n")
        # What newer releases call libxcb is `xorg.libxcb` in the others.
        if [plain_name(claim.value).lower() for claim in read.native] == [plain_name(attribute).lower()]:
            return name
    # What is a package of Python as well (cmake, ninja) is taken for that one, and has the same program.
    plain = conda_candidates(attribute)[0]
    read = read_conda("environment.yml", f"dependencies:\n  - {json.dumps(plain)}\n")
    return plain if [wanted.name for wanted in read.packages] == [attribute] else None


def _cuda(cuda: CudaSet | None) -> list[str]:
    if cuda is None:
        return []
    # conda-forge has the toolkit under its own name from CUDA 12 on; NVIDIA's channel has 11.8.
    old = version_key(cuda.version) < version_key("11.8")
    minor = minor_of(cuda.version)
    return [f"{'cudatoolkit-dev' if old else 'cuda-toolkit'}={minor}"]


def _channels(cuda: CudaSet | None) -> list[str]:
    of_nvidia = cuda is not None and version_key("11.8") <= version_key(cuda.version) < version_key("12.0")
    return ["nvidia/label/cuda-11.8.0", "conda-forge"] if of_nvidia else ["conda-forge"]


def _pip(shell: Shell, root: Path) -> list[str]:
    """Return the lines of the pip section: the requirements file itself, or what the lock has pinned."""
    environment = shell.environment
    # nixpkgs' names of Python's packages are PyPI's in all but a few; their versions are not known here.
    if environment.manager == "nixpkgs":
        return sorted(package.path[-1] for package in environment.packages)
    if manager_of(environment) == "pip":
        return [f"-r {shlex.quote(environment.requirements)}"] if environment.requirements else []
    return _locked(shell, root)


def _locked(shell: Shell, root: Path) -> list[str]:
    from pyenvspec.project.locks.locked_project import read_locked_project
    from pyenvspec.project.locks.needed import needed_packages

    environment = shell.environment
    # `uv2nix` and `poetry2nix` name the kind of lock here, whoever installs from it.
    project = read_locked_project(root, f"{manager_of(environment)}2nix", environment.project)
    if project.lock is None:
        return [f"-e {environment.project}"]
    # For one system: the file has no markers by platform that conda would read.
    needed = needed_packages(
        project, shell.interpreter.version, "x86_64-linux", environment.groups, environment.extras
    )
    lines = [
        f"{package.name}=={package.version}"
        for package in sorted(needed, key=lambda package: package.name)
        if package.source.kind == "registry"
    ]
    others = {
        package.source.place
        for package in needed
        if package.is_local and package.source.place not in ("", ".")
    }
    # Without a build system there is nothing to install of the project itself.
    own = "project" in project.pyproject and "build-system" in project.pyproject
    lines += [f"./{place.removeprefix('./')}" for place in sorted(others)]
    return [*lines, *([f"-e {environment.project}"] if own else [])]

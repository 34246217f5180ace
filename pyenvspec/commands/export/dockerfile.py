"""A Dockerfile: the Python, apt's names of `native`, the packages from the same lock, variables and scripts."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from typing import TYPE_CHECKING

import tomli

from pyenvspec.commands.export.common import head, manager_of, names_of, needs_whole_project, only_in_nix
from pyenvspec.facts.host_packages import debian_name
from pyenvspec.facts.images import cuda_image
from pyenvspec.plan import Package, ProjectRoot
from pyenvspec.project.files import read_project_file
from pyenvspec.project.tables import table_at
from pyenvspec.reporter import make_visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyenvspec.plan import Container, Environment, Plan, Shell, Text

# Beside the project's folder: what is copied into that does not hide it, and a mounted checkout neither.
HOME = "/app"
VENV = "/env"
_SEVERAL_LINES = "a Dockerfile has no values of several lines"


def format_dockerfile(plan: Plan, shell: Shell, root: Path) -> tuple[str, list[str]]:
    """Return the file, and what is left out."""
    left_out = only_in_nix(shell)
    container = next((c for c in plan.containers if c.variant == shell.name), None)
    private = (".git", ".venv", *shell.dotenv)
    parts = [
        head("dockerfile") + f"# Keep out of it, in .dockerignore: {make_visible(', '.join(private))}",
        _base(shell, left_out),
        _packages(shell, left_out),
        _python(shell),
        _install(shell.environment, root),
        _scripts(shell),
        *_settings(shell, container, left_out),
    ]
    left_out += _without_lock(shell.environment, root)
    return "\n\n".join(part for part in parts if part) + "\n", left_out


def _base(shell: Shell, left_out: list[str]) -> str:
    python = shell.interpreter.version
    if shell.cuda is None:
        # Debian's release of the names below; Python 3.6 ended before it.
        suite = "bullseye" if python.startswith("3.6") else "bookworm"
        return f"FROM python:{python}-slim-{suite}"
    image = cuda_image(shell.cuda.version, cudnn=shell.cuda.cudnn is not None)
    if image is None:
        left_out.append(
            f"cuda: no image with a toolkit of {shell.cuda.version} is known; name your own after FROM"
        )
        return f"FROM nvidia/cuda:{shell.cuda.version}-devel"
    return f"FROM {image}"


def _packages(shell: Shell, left_out: list[str]) -> str:
    known = {name: debian_name(name) for name in names_of(shell.native)}
    left_out += [
        f"native: {name}: no name of it in Debian is known" for name, own in known.items() if not own
    ]
    names = dict.fromkeys(own for own in known.values() if own)
    # Images of NVIDIA's have neither: pip needs certificates, and Ubuntu keeps `venv` apart from Python.
    if shell.cuda is not None:
        names = dict.fromkeys(["ca-certificates", "python3-venv", *names])
    if not names:
        return ""
    listed = " \\\n      ".join(names)
    return (
        "RUN apt-get update && apt-get install --yes --no-install-recommends \\\n"
        f"      {listed} \\\n    && rm -rf /var/lib/apt/lists/*"
    )


def _python(shell: Shell) -> str:
    """Make the environment; on an image of NVIDIA's uv brings the Python."""
    lines = [f"ENV VIRTUAL_ENV={VENV} PATH={VENV}/bin:$PATH"]
    if shell.cuda is None:
        return "\n".join([*lines, f"RUN python -m venv {VENV}"])
    version = shell.interpreter.version
    return "\n".join(
        [
            *lines,
            "RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir uv \\",
            f"    && UV_PYTHON_INSTALL_DIR=/opt/python /opt/uv/bin/uv venv --seed --python {version} {VENV}",
        ]
    )


def _without_lock(environment: Environment, root: Path) -> list[str]:
    """Say that the file copies a lock that is not there yet."""
    manager = manager_of(environment)
    lock = posixpath.normpath(posixpath.join(environment.project, f"{manager}.lock"))
    if manager == "pip" or (root / lock).exists():
        return []
    return [f"python: there is no {lock}, which the image copies: run `{manager} lock` first"]


def _install(environment: Environment, root: Path) -> str:
    manager = manager_of(environment)
    if manager == "pip":
        return _install_pip(environment, root)
    folder = posixpath.normpath(environment.project)
    inside = HOME if folder == "." else f"{HOME}/{folder}"
    files = [
        posixpath.normpath(posixpath.join(folder, name)) for name in ("pyproject.toml", f"{manager}.lock")
    ]
    options = "".join(
        f" {option} {shlex.quote(name)}" for option, names in _options(manager, environment) for name in names
    )
    # In two steps: the layer with the packages stays while only the project's own files change.
    if manager == "uv":
        program = "uv sync --locked --active --inexact"
        deps, own = f"{program} --no-install-project --no-install-workspace", f"{program}{options}"
    else:
        program = "poetry install --no-interaction"
        deps, own = f"{program} --no-root", f"{program} --only-root" if is_package(root, folder) else ""
    return "\n".join(
        [
            f"RUN python3 -m venv /opt/{manager} && /opt/{manager}/bin/pip install --no-cache-dir {manager} \\",
            f"    && ln -s /opt/{manager}/bin/{manager} /usr/local/bin/",
            f"WORKDIR {inside}",
            f"COPY {_names(*files)}",
            f"RUN {deps}{options}",
            f"COPY {_names(folder)}",
            *([f"RUN {own}"] if own else []),
            *([f"WORKDIR {HOME}", f"COPY {_names('.')}"] if folder != "." else []),
        ]
    )


def is_package(root: Path, folder: str) -> bool:
    """Whether poetry finds a package of the project's own; without one it says so and fails."""
    try:
        content = read_project_file(root, posixpath.join(folder, "pyproject.toml")) or b""
        document = tomli.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):  # poetry says itself what is wrong with it
        return False
    poetry = table_at(document, "tool", "poetry")
    if poetry.get("package-mode") is False:
        return False
    name = str(table_at(document, "project").get("name") or poetry.get("name") or "").replace("-", "_")
    at = root / folder
    places = (at / name, at / "src" / name, at / f"{name}.py")
    return "packages" in poetry or (bool(name) and any(place.exists() for place in places))


def _options(manager: str, environment: Environment) -> list[tuple[str, tuple[str, ...]]]:
    if manager == "uv":
        return [("--group", environment.groups), ("--extra", environment.extras)]
    # `--with` adds to what poetry installs anyway; groups that are not optional are among that.
    return [("--with", environment.groups), ("--extras", environment.extras)]


def _install_pip(environment: Environment, root: Path) -> str:
    lines = [f"WORKDIR {HOME}"]
    requirements = environment.requirements
    if environment.manager == "nixpkgs":
        names = sorted(package.path[-1] for package in environment.packages)
        lines += [f"RUN pip install --no-cache-dir {shlex.join(names)}"] if names else []
    elif requirements and not needs_whole_project(root, requirements):
        name = posixpath.basename(requirements)
        lines.append(f"COPY {_names(requirements)}")
        lines.append(f"RUN pip install --no-cache-dir -r {shlex.quote(name)}")
    elif requirements:
        lines.append(f"COPY {_names('.')}")
        return "\n".join([*lines, f"RUN pip install --no-cache-dir -r {shlex.quote(requirements)}"])
    return "\n".join([*lines, f"COPY {_names('.')}"])


def _json(words: list[str]) -> str:
    """The form of a command that takes names with spaces."""
    return json.dumps(words, ensure_ascii=False)


def _names(*files: str) -> str:
    """What COPY takes: it fills variables in."""
    return _json([*(name.replace("$", r"\$") for name in files), "./"])


def _scripts(shell: Shell) -> str:
    blocks = []
    for name, text in shell.scripts:
        if any(isinstance(part, Package) for part in text):
            continue  # `only_in_nix` has told it
        # A word a line, each quoted by itself: RUN is one line for the shell, in which none of them is code.
        code = ["#!/usr/bin/env bash", *"".join(map(str, text)).splitlines()]
        lines = " \\\n      ".join(map(shlex.quote, code))
        # `printf` and not a heredoc, which docker build without BuildKit does not know.
        path = f"/usr/local/bin/{name}"
        blocks.append(f"RUN printf '%s\\n' \\\n      {lines} \\\n      > {path} && chmod +x {path}")
    return "\n".join(blocks)


def _settings(shell: Shell, container: Container | None, left_out: list[str]) -> Iterator[str]:
    variables = [("PYENVSPEC_ROOT", HOME)]
    for name, text in (*shell.env, *(container.env if container else ())):
        if any(isinstance(part, Package) for part in text):
            continue
        value = _fill_in(text)
        if "\n" in value:
            left_out.append(f"env.{name}: {_SEVERAL_LINES}")
        else:
            variables.append((name, value))
    yield "\n".join(f"ENV {name}={_quote(value)}" for name, value in variables)
    if container is not None:
        lines = []
        for name, value in container.labels:
            if "\n" in value:
                left_out.append(f"containers.{container.name}.labels.{name}: {_SEVERAL_LINES}")
            else:
                lines.append(f"LABEL {_quote(name)}={_quote(value)}")
        lines += [f"EXPOSE {port}" for port in container.ports]
        yield "\n".join(lines)
    command = list(container.command) if container and container.command else ["bash"]
    yield f"CMD {_json(command)}"


def _fill_in(text: Text) -> str:
    return "".join(HOME if isinstance(part, ProjectRoot) else str(part) for part in text)


def _quote(value: str) -> str:
    """A value in the double quotes of a Dockerfile."""
    return '"' + re.sub(r'([\\"$])', r"\\\1", value) + '"'

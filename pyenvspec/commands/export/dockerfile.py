"""A Dockerfile: the Python, apt's names of `native`, the packages from the same lock, variables and scripts."""

from __future__ import annotations

import json
import os
import posixpath
import re
import shlex
from typing import TYPE_CHECKING

import tomli

from pyenvspec.commands.export.building import look_at_builds
from pyenvspec.commands.export.common import head, manager_of, names_of, needs_whole_project, only_in_nix
from pyenvspec.facts.host_packages import debian_name
from pyenvspec.facts.images import cuda_image
from pyenvspec.facts.nixpkgs import minor_of
from pyenvspec.plan import Package, ProjectRoot
from pyenvspec.project.files import read_project_file
from pyenvspec.project.tables import table_at
from pyenvspec.records import dataclass
from pyenvspec.reporter import make_visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyenvspec.commands.export.building import Builds
    from pyenvspec.plan import Container, Environment, Plan, Shell, Text

# Beside the project's folder: what is copied into that does not hide it, and a mounted checkout neither.
HOME = "/app"
VENV = "/env"
# The shell's own, which splits what is built at the end from the rest, in each form that pip and poetry have for it.
_SPLIT = "nix/pyenvspec/vendor/build-after.py"
_IN_IMAGE = "/opt/build-after.py"
_COPY_SPLIT = f'COPY ["{_SPLIT}", "{_IN_IMAGE}"]'
_PARTS = "/opt/build-after"
# What an isolated build would fetch, and few locks have.
_TOOLS = "setuptools wheel packaging psutil"
_SEVERAL_LINES = "a Dockerfile has no values of several lines"


def format_dockerfile(plan: Plan, shell: Shell, root: Path) -> tuple[str, list[str]]:
    """Return the file, and what is left out."""
    left_out = only_in_nix(shell)
    container = next((c for c in plan.containers if c.variant == shell.name), None)
    private = (".git", ".venv", *shell.dotenv)
    image = cuda_image(shell.cuda.version, cudnn=shell.cuda.cudnn is not None) if shell.cuda else None
    builds = look_at_builds(shell, root)
    parts = [
        head("dockerfile") + f"# Keep out of it, in .dockerignore: {make_visible(', '.join(private))}",
        f"FROM {image or _python_image(shell, left_out)}",
        _packages(shell, builds, left_out, of_nvidia=image is not None),
        _python(shell, of_nvidia=image is not None),
        _install(shell.environment, root),
        _scripts(shell),
        *_settings(shell, container, left_out),
    ]
    left_out += _missing_files(shell.environment, root)
    return "\n\n".join(part for part in parts if part) + "\n", left_out


def _python_image(shell: Shell, left_out: list[str]) -> str:
    """Return the image of a Python; for a CUDA without an image of NVIDIA's as well, since wheels bring their own."""
    version = shell.interpreter.version
    minor = minor_of(version)
    if shell.cuda is not None:
        left_out.append(
            f"cuda: no image with a toolkit of {shell.cuda.version} is known: this one has none. Wheels that bring"
            " CUDA (torch) need none; what is compiled against it does not build in it"
        )
    if version != minor:
        # An older release has images of the Debian of its time only, whose packages are gone or called otherwise.
        left_out.append(f"python: the image has the newest {minor}, and not {version}")
    # Debian's release of apt's names; Python 3.6 ended before it.
    suite = "bullseye" if minor == "3.6" else "bookworm"
    return f"python:{minor}-slim-{suite}"


def _packages(shell: Shell, builds: Builds, left_out: list[str], *, of_nvidia: bool) -> str:
    known = {name: debian_name(name) for name in names_of(shell.native)}
    left_out += [
        f"native: {name}: no name of it in Debian is known" for name, own in known.items() if not own
    ]
    names = dict.fromkeys(own for own in known.values() if own)
    names |= dict.fromkeys(builds.debian(shell))
    # Images of NVIDIA's have neither: pip needs certificates, and Ubuntu keeps `venv` apart from Python.
    if of_nvidia:
        names = dict.fromkeys(["ca-certificates", "python3-venv", *names])
    elif "git" in names:
        names = dict.fromkeys(["ca-certificates", *names])
    if not names:
        return ""
    listed = " \\\n      ".join(names)
    return (
        "RUN apt-get update && apt-get install --yes --no-install-recommends \\\n"
        f"      {listed} \\\n    && rm -rf /var/lib/apt/lists/*"
    )


def _python(shell: Shell, *, of_nvidia: bool) -> str:
    """Make the environment; on an image of NVIDIA's uv brings the Python."""
    lines = [f"ENV VIRTUAL_ENV={VENV} PATH={VENV}/bin:$PATH"]
    if not of_nvidia:
        return "\n".join([*lines, f"RUN python -m venv {VENV}"])
    version = shell.interpreter.version
    return "\n".join(
        [
            *lines,
            "RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir uv \\",
            f"    && UV_PYTHON_INSTALL_DIR=/opt/python /opt/uv/bin/uv venv --seed --python {version} {VENV}",
        ]
    )


def _missing_files(environment: Environment, root: Path) -> list[str]:
    """Say that the file copies what is not there yet."""
    manager = manager_of(environment)
    if environment.build_after and manager != "uv" and not (root / _SPLIT).exists():
        return [
            f"python.build_after: there is no {_SPLIT}, which the image copies: run `pyenvspec compile` first",
            *_without_lock(environment, root),
        ]
    return _without_lock(environment, root)


def _without_lock(environment: Environment, root: Path) -> list[str]:
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
    steps = _steps_uv(environment, options) if manager == "uv" else _steps_poetry(environment, options)
    own = f"RUN {steps.own}" if manager == "uv" or is_package(root, folder) else ""
    return "\n".join(
        [
            f"RUN python3 -m venv /opt/{manager} && /opt/{manager}/bin/pip install --no-cache-dir {manager} \\",
            f"    && ln -s /opt/{manager}/bin/{manager} /usr/local/bin/",
            f"WORKDIR {inside}",
            f"COPY {_names(*files)}",
            *steps.packages,
            f"COPY {_names(folder)}",
            *([own] if own else []),
            *([f"WORKDIR {HOME}", f"COPY {_names('.')}"] if folder != "." else []),
        ]
    )


@dataclass(frozen=True)
class _Steps:
    """How the packages are installed, and how the project's own."""

    packages: tuple[str, ...]
    own: str


def _steps_uv(environment: Environment, options: str) -> _Steps:
    program, after = "uv sync --locked --active --inexact", environment.build_after
    rest = f"{program} --no-install-project --no-install-workspace"
    left = "".join(f" --no-install-package {shlex.quote(name)}" for name in after)
    alone = "".join(f" --no-build-isolation-package {shlex.quote(name)}" for name in after)
    packages = [f"RUN {rest}{left}{options}"]
    if after:
        packages += [f"RUN uv pip install {_TOOLS} \\", f"    && {rest}{alone}{options}"]
    return _Steps(tuple(packages), f"{program}{alone}{options}")


def _steps_poetry(environment: Environment, options: str) -> _Steps:
    program, after = "poetry install --no-interaction", environment.build_after
    own = f"{program} --only-root"
    if not after:
        return _Steps((f"RUN {program} --no-root{options}",), own)
    # poetry takes what is named for installed already, until the script says otherwise.
    split = f"{_script('poetry', 'poetry.lock', after)} && {program} --no-root{options}"
    lines = (_COPY_SPLIT, f"RUN {split} \\", f"    && python {_IN_IMAGE} clear")
    return _Steps((*lines, *_after(after, "--no-deps")), own)


def _script(kind: str, file: str, after: tuple[str, ...]) -> str:
    return f"python {_IN_IMAGE} {kind} {shlex.quote(file)} {_PARTS} {shlex.join(after)}"


def _after(after: tuple[str, ...], *options: str) -> Iterator[str]:
    """Yield the lines that build what `build_after` names with what is installed by then."""
    builds = [
        shlex.join(
            (
                "pip",
                "install",
                "--no-cache-dir",
                "--no-build-isolation",
                *options,
                "-r",
                f"{_PARTS}/{name}.txt",
            )
        )
        for name in after
    ]
    yield " \\\n    && ".join([f"RUN pip install --no-cache-dir {_TOOLS}", *builds])


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
    # What is no name of a module would lead out of the project.
    is_name = re.fullmatch(r"[\w.]*\w[\w.]*", name, re.ASCII) is not None
    return "packages" in poetry or (is_name and any(map(os.path.exists, places)))


def _options(manager: str, environment: Environment) -> list[tuple[str, tuple[str, ...]]]:
    if manager == "uv":
        return [("--group", environment.groups), ("--extra", environment.extras)]
    # `--with` adds to what poetry installs anyway; groups that are not optional are among that.
    return [("--with", environment.groups), ("--extras", environment.extras)]


def _install_pip(environment: Environment, root: Path) -> str:
    lines = [f"WORKDIR {HOME}"]
    requirements, after = environment.requirements, environment.build_after
    if environment.manager == "nixpkgs":
        names = sorted(package.path[-1] for package in environment.packages)
        lines += [f"RUN pip install --no-cache-dir {shlex.join(names)}"] if names else []
    elif requirements and not needs_whole_project(root, requirements):
        lines.append(f"COPY {_names(requirements)}")
        lines += _run_pip(root, requirements, posixpath.basename(requirements), after)
    elif requirements:
        lines.append(f"COPY {_names('.')}")
        return "\n".join([*lines, *_run_pip(root, requirements, requirements, after)])
    return "\n".join([*lines, f"COPY {_names('.')}"])


def _run_pip(root: Path, requirements: str, name: str, after: tuple[str, ...]) -> Iterator[str]:
    if not after:
        yield f"RUN pip install --no-cache-dir -r {shlex.quote(name)}"
        return
    yield _COPY_SPLIT
    yield f"RUN {_script('requirements', name, after)} \\"
    yield f"    && pip install --no-cache-dir -r {_PARTS}/rest.txt"
    # With hashes everything must have one, also what it depends on: that is there by now.
    has_hashes = b"--hash" in (read_project_file(root, requirements) or b"")
    yield from _after(after, *(["--no-deps"] if has_hashes else []))


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

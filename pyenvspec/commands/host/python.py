"""The interpreter of a shell without Nix: the one that uv finds or brings, or one on PATH."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.facts.nixpkgs import minor_of
from pyenvspec.records import dataclass
from pyenvspec.reporter import say
from pyenvspec.tools import find_program, user_folder

if TYPE_CHECKING:
    from pyenvspec.tools import Runner

# One that cannot make a .venv with pip in it is none: Debian splits that off.
# What is on PATH may be a script that finds one (pyenv's shims): the .venv is held against the interpreter itself.
_LOOK = (
    "import ensurepip, sys, venv; print(*sys.version_info[:3], sys.prefix == sys.base_prefix, sys.executable)"
)


@dataclass(frozen=True)
class HostPython:
    """An interpreter of this machine, and its version in three numbers."""

    program: str
    version: str


def find_uv() -> str | None:
    """Return uv: on PATH, or installed beside pyenvspec."""
    try:
        return find_program("uv")
    except FileNotFoundError:
        # `pip install uv` into the environment of pyenvspec, which `uv tool` and pipx do not put on PATH.
        beside = Path(sys.executable).parent / "uv"
        return str(beside) if os.access(beside, os.X_OK) else None


def install_uv() -> str:
    """Return the command that installs uv where `find_uv` looks; a system's own pip refuses to install anything."""
    is_own = sys.prefix != sys.base_prefix
    return shlex.join((sys.executable, "-m", "pip", "install", "uv")) if is_own else "pipx install uv"


def find_python(version: str, runner: Runner) -> HostPython:
    """Return an interpreter of a minor, or of an exact version if there is one.

    Raises PyenvspecError where there is none and uv brings none.
    """
    uv, minor = find_uv(), minor_of(version)
    interpreter = _find(version, uv, runner)
    if interpreter or uv is None:
        return interpreter or _fail(version, minor, _others(runner), tried_uv=False)
    say(f"there is no Python {version} here; uv brings one")
    # Not captured: it shows how far the download is. Whether it worked is seen by what is there then.
    runner.run((uv, "python", "install", version), capture=False)
    interpreter = _find(version, uv, runner)
    # One of another patch level is told, and better than none.
    return (
        interpreter
        or (_find(minor, uv, runner) if minor != version else None)
        or _fail(version, minor, _others(runner), tried_uv=True)
    )


def _find(version: str, uv: str | None, runner: Runner) -> HostPython | None:
    minor = minor_of(version)
    programs = []
    if uv is not None:
        # --no-project: a .python-version in the folder would take the place of the version asked for; --system: not the
        # .venv of the project, which is to be made of what is found.
        of_uv = runner.run(
            (uv, "python", "find", "--no-project", "--system", "--no-python-downloads", version)
        )
        programs += [of_uv.stdout.strip()] if of_uv.ok else []
    programs += _of_pyenv(version)
    for name in (f"python{minor}", "python3"):
        try:
            programs.append(find_program(name))
        except FileNotFoundError:
            continue
    for program in dict.fromkeys(programs):
        # -I and -S: neither PYTHONPATH nor a sitecustomize may change what it says.
        result = runner.run((program, "-I", "-S", "-c", _LOOK))
        # `3 11 2 True /usr/bin/python3.11`; False is that of a virtual environment, which may go at any time.
        match = re.fullmatch(r"(\d+) (\d+) (\d+) True (/.+)\n", result.stdout)
        if result.ok and match and f"{'.'.join(match.groups()[:3])}.".startswith(f"{version}."):
            return HostPython(match[4], ".".join(match.groups()[:3]))
    return None


def _of_pyenv(version: str) -> list[str]:
    """Return the interpreters that pyenv has, the newest first: its shims run those alone that were chosen."""
    folder = user_folder("PYENV_ROOT", ".pyenv") / "versions"
    interpreters = [*folder.glob(f"{version}.*/bin/python3"), *folder.glob(f"{version}/bin/python3")]
    return [str(path) for path in sorted(interpreters, key=_patch_level, reverse=True)]


def _patch_level(path: Path) -> list[int]:
    # ~/.pyenv/versions/3.11.10/bin/python3
    return [int(part) for part in re.findall(r"\d+", path.parts[-3])]


def _others(runner: Runner) -> tuple[str, ...]:
    """Return the minors of the Pythons that are here, the newest first."""
    minors = set()
    for name in ("python3", *(f"python3.{minor}" for minor in range(8, 20))):
        try:
            result = runner.run((find_program(name), "-I", "-S", "-c", _LOOK))
        except FileNotFoundError:
            continue
        if result.ok and (match := re.match(r"3 (\d+) \d+ True /", result.stdout)):
            minors.add(int(match[1]))
    return tuple(f"3.{minor}" for minor in sorted(minors, reverse=True))


def _fail(version: str, minor: str, others: tuple[str, ...], *, tried_uv: bool) -> HostPython:
    ways = [f"install python{minor} with its venv module (Debian, Ubuntu: python{minor}-venv)"]
    if not tried_uv:
        ways.insert(0, f"install uv, which brings any Python: {install_uv()}")
    if others:
        listed = " and ".join(others)
        here = f"Python {listed} are here" if len(others) > 1 else f"Python {listed} is here"
        ways.insert(0, f"write `python: {{version: {others[0]}}}` where your packages allow it: {here}")
    raise PyenvspecError(
        Diagnostic(
            "host-python-missing",
            f"this machine has no Python {version} that can make a .venv",
            expected=f"python{minor} on PATH, or one that uv finds",
            hint="\nor: ".join(ways),
            path=("python", "version"),
        )
    )

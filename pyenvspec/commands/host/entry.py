"""The bash code of entering a shell without Nix: the same variables, .venv hook, dotenv, on_enter."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pyenvspec.lowering.vendored import modules_folder
from pyenvspec.plan import Package, ProjectRoot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pyenvspec.plan import Shell, Text

# The words of a command are put aside, since files that are sourced would see them as their own; ~/.bashrc is read
# here, because --rcfile takes its place.
_BEFORE = """\
_pyenvspec_words=("$@")
set --
if [[ $- == *i* && -e ~/.bashrc ]]; then source ~/.bashrc; fi
"""
# A command takes the shell's place; otherwise this was the rcfile of one that is typed into.
_AFTER = """\
[[ ${#_pyenvspec_words[@]} -eq 0 ]] || exec -- "${_pyenvspec_words[@]}"
unset _pyenvspec_words
PS1="(host) ${PS1-}"
"""
# What venv.sh takes away, as other environments leave it behind; from env.yaml it is meant.
_CLEARED = ("PYTHONHOME", "PYTHONPATH", "SOURCE_DATE_EPOCH", "UV_PYTHON")


def venv_variables(shell: Shell, python: str, requirements: str) -> dict[str, str]:
    """Return what the hook is told; a manager whose packages Nix would build is the one whose lock it reads."""
    environment = shell.environment
    manager = {"poetry2nix": "poetry", "uv2nix": "uv", "nixpkgs": "pip"}.get(
        environment.manager, environment.manager
    )
    variables = {
        "PYENVSPEC_PYTHON": python,
        "PYENVSPEC_MANAGER": manager,
        "PYENVSPEC_VENV": environment.venv,
        "PYENVSPEC_PROJECT": environment.project,
        "PYENVSPEC_REQUIREMENTS": requirements,
        "PYENVSPEC_GROUPS": "\n".join(environment.groups),
        "PYENVSPEC_EXTRAS": "\n".join(environment.extras),
        "PYENVSPEC_INSTALL": "on_lock_change" if environment.install else "never",
        "PYENVSPEC_HOST": "1",
    }
    if environment.build_after:
        variables["PYENVSPEC_AFTER"] = "\n".join(environment.build_after)
        variables["PYENVSPEC_BUILD_AFTER"] = str(modules_folder() / "build-after.py")
    return variables


def needs_nix(text: Text) -> bool:
    """Whether a text names a package by its place in Nix's store."""
    return any(isinstance(part, Package) for part in text)


def fill_in(text: Text, root: Path) -> str:
    """Return a text with the project's folder in it."""
    return "".join(str(root) if isinstance(part, ProjectRoot) else str(part) for part in text)


def entry_script(shell: Shell, root: Path, folder: Path, venv: Mapping[str, str], driver: str | None) -> str:
    """Return the code; `folder` holds the commands, in `bin`."""
    env = {name: fill_in(text, root) for name, text in shell.env if not needs_nix(text)}
    return "".join(_lines(shell, root, folder, dict(venv), driver, env))


def _lines(  # noqa: PLR0913 -- one step each
    shell: Shell, root: Path, folder: Path, venv: dict[str, str], driver: str | None, env: dict[str, str]
) -> Iterator[str]:
    yield _BEFORE
    yield _export({"PYENVSPEC_ROOT": str(root)})
    yield f"PATH={shlex.quote(str(folder / 'bin'))}:$PATH\n"
    # Before env.yaml's own, which may add to it.
    if driver is not None:
        yield f"export LD_LIBRARY_PATH={shlex.quote(driver)}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}\n"
    yield _export(env)
    # Not exported: they are for the hook, and what is started from the shell has no use for them.
    yield "".join(f"{name}={shlex.quote(value)}\n" for name, value in venv.items())
    yield f"source {shlex.quote(str(modules_folder() / 'venv.sh'))}\nunset {' '.join(venv)}\n"
    yield _export({name: value for name, value in env.items() if name in _CLEARED})
    if shell.dotenv:
        yield f"PYENVSPEC_DOTENV={shlex.quote(chr(10).join(shell.dotenv))}\n"
        yield f"source {shlex.quote(str(modules_folder() / 'dotenv.sh'))}\nunset PYENVSPEC_DOTENV\n"
    if shell.on_enter is not None and not needs_nix(shell.on_enter):
        yield f"source {shlex.quote(str(folder / 'on-enter'))}\n"
    yield _AFTER


def _export(variables: Mapping[str, str]) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())

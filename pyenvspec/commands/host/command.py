"""Opening a shell without Nix: the pieces are put into the user's cache folder, and bash is started with them."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from pyenvspec.commands.host.entry import entry_script, fill_in, needs_nix, venv_variables
from pyenvspec.commands.host.machine import find_absent, hidden_driver, linker_libraries
from pyenvspec.commands.host.python import find_python, find_uv, install_uv
from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.project.locks.locked_project import LOCK_OF_MANAGER
from pyenvspec.reporter import say, some_of
from pyenvspec.shortcuts import uptodate
from pyenvspec.spec.model import LOCK_MANAGERS
from pyenvspec.tools import exec_or_run, find_program, has_program, user_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyenvspec.commands.host.machine import Absent
    from pyenvspec.commands.host.python import HostPython
    from pyenvspec.plan import Plan, Shell
    from pyenvspec.tools import Runner

_MANY = 8
"""Names in one line."""


def open_host(  # noqa: PLR0913 -- what `shell` was told
    plan: Plan,
    shell: Shell,
    directory: Path,
    command: tuple[str, ...],
    runner: Runner,
    *,
    stay: bool,
    quiet: bool,
) -> int:
    """Make or update the .venv and become the shell, or the command in it.

    Raises PyenvspecError where there is no Python or manager for it.
    """
    root = directory.resolve()
    bash = _find_bash()
    python = find_python(shell.interpreter.version, runner)
    # Of this user alone: what lies in it is run, with the values of `env`.
    folder = _place(root, shell.name)
    (folder / "bin").mkdir(parents=True, exist_ok=True, mode=0o700)
    # For `pyenvspec clean`, which takes away what is kept of projects that are gone.
    _write(folder / "project", str(root))
    libraries = linker_libraries(runner)
    driver = hidden_driver(libraries) if shell.driver else None
    _write_commands(shell, root, folder, driver)
    venv = venv_variables(shell, python.program, _requirements(shell, root, folder))
    _give_manager(venv["PYENVSPEC_MANAGER"], folder)
    entry = _write(folder / "entry", entry_script(shell, root, folder, venv, driver))
    # Looked up only to be told: apt is slow.
    if not quiet:
        missing = find_absent((".".join(package.path) for package in shell.native), libraries, runner)
        _tell(tuple(describe_host(plan, shell, python, missing, driver)), folder, again=bool(command))
    words = (str(entry), *command) if command else ("--rcfile", str(entry))
    # A program that asks for this variable wants to know whether Nix made the environment.
    return exec_or_run((bash, *words), cwd=directory, env={"IN_NIX_SHELL": None}, stay=stay)


def _tell(lines: tuple[str, ...], folder: Path, *, again: bool) -> None:
    """Say it; a further command in the same shell is told the first line of what was told before."""
    message_file, text = folder / "told", "\n".join(lines)
    is_known = (
        again and message_file.exists() and message_file.read_text(encoding="utf-8", errors="replace") == text
    )
    say(lines[0] if is_known else text)
    _write(message_file, text)


def describe_host(
    plan: Plan, shell: Shell, python: HostPython, missing: Absent, driver: str | None
) -> Iterator[str]:
    """Yield what is told before the shell opens: what it is, what is not here, what is not reproducible about it."""
    environment, interpreter = shell.environment, shell.interpreter
    yield f"without Nix: {environment.venv} with Python {python.version} of this machine ({python.program})"
    if missing.attributes:
        yield f"not on this machine, of `native`: {', '.join(missing.attributes)}"
        yield f"  {missing.command}" if missing.command else "  install them with its package manager"
    if driver is not None:
        yield f"the NVIDIA driver is in {driver}, which this system's loader does not search: LD_LIBRARY_PATH names it"
    yield "not reproducible here, and the same everywhere with Nix:"
    exact = len(interpreter.version.split(".")) > 2
    if exact and python.version != interpreter.version:
        yield f"  - Python is {python.version}, and env.yaml asks for {interpreter.version}"
    elif not exact:
        yield f"  - Python's patch level: {python.version} here"
    yield "  - the C library, compilers, and libraries that a wheel does not bring: this machine's"
    if shell.native:
        yield f"  - `native`: this machine's versions of {some_of(['.'.join(p.path) for p in shell.native], _MANY)}"
    yield from _describe_packages(shell)
    yield from _describe_left_out(plan, shell)


def _describe_packages(shell: Shell) -> Iterator[str]:
    environment = shell.environment
    if environment.manager == "nixpkgs":
        yield "  - the Python packages: the newest of their names from the index, since nixpkgs is their only lock"
    elif environment.manager in LOCK_MANAGERS:
        lock = LOCK_OF_MANAGER[environment.manager]
        yield f"  - the packages come from {lock} as wheels, and are not built by Nix; `overrides` change nothing"
    elif environment.manager == "pip" and (environment.requirements or "").endswith((".txt", ".in")):
        yield f"  - packages that {environment.requirements} does not pin with =="


def _describe_left_out(plan: Plan, shell: Shell) -> Iterator[str]:
    if shell.cuda is not None:
        yield f"  - the toolkit of CUDA {shell.cuda.version}: wheels bring their own, nvcc is this machine's or none"
    texts = [f"env.{name}" for name, text in shell.env if needs_nix(text)]
    texts += [f"scripts.{name}" for name, text in shell.scripts if needs_nix(text)]
    texts += ["on_enter"] if shell.on_enter is not None and needs_nix(shell.on_enter) else []
    texts += ["preload"] if shell.preload else []
    texts += ["processes"] if shell.processes else []
    texts += ["services"] if shell.services else []
    texts += ["devenv"] if shell.devenv else []
    texts += ["python.packages"] if shell.split_off else []
    if texts:
        yield f"  - left out, as only Nix has them: {some_of(texts, _MANY)}"


def _find_bash() -> str:
    try:
        return find_program("bash")
    except FileNotFoundError:
        hint = "install bash with this machine's package manager"
        raise PyenvspecError(Diagnostic("host-program-missing", "bash is not installed", hint=hint)) from None


def _place(root: Path, variant: str) -> Path:
    # One for each variant, as shells may be open side by side.
    digest = uptodate.digest(os.fsencode(f"{root}\0{variant}"))[:32]
    return user_folder("XDG_CACHE_HOME", ".cache") / "pyenvspec" / "host" / digest


def _write(path: Path, text: str, mode: int = 0o600) -> Path:
    """Replace a file as a whole: another shell may be reading it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8", errors="surrogateescape")
    draft.chmod(mode)
    return draft.replace(path)


def _write_commands(shell: Shell, root: Path, folder: Path, driver: str | None) -> None:
    """Write the scripts, and `with-driver`, which has nothing to do where the loader knows the driver."""
    search = "" if driver is None else f"LD_LIBRARY_PATH={shlex.quote(driver)}:${{LD_LIBRARY_PATH-}} "
    code = {"with-driver": f'{search}exec "$@"'}
    code |= {name: fill_in(text, root) for name, text in shell.scripts if not needs_nix(text)}
    # A script that was taken out of env.yaml is no command any more; the shims of managers are made apart.
    for stale in (folder / "bin").iterdir():
        if stale.name not in code and stale.name not in ("poetry", "uv"):
            stale.unlink()
    for name, text in code.items():
        _write(folder / "bin" / name, f"#!/usr/bin/env bash\n{text}\n", 0o700)
    if shell.on_enter is not None:
        _write(folder / "on-enter", fill_in(shell.on_enter, root) + "\n")


def _requirements(shell: Shell, root: Path, folder: Path) -> str:
    """Return the requirements file from the root; for packages of nixpkgs, which has no other lock, one of names."""
    environment = shell.environment
    if environment.manager != "nixpkgs":
        return environment.requirements or ""
    # `python3Packages.numpy` is numpy: most names of nixpkgs are those of the index.
    names = sorted(package.path[-1] for package in environment.packages)
    path = _write(folder / "requirements.txt", "".join(f"{name}\n" for name in names))
    return os.path.relpath(path, root)


def _give_manager(manager: str, folder: Path) -> None:
    """Make the manager a command; uv runs a poetry that is not installed.

    Raises PyenvspecError where neither is there.
    """
    shim = folder / "bin" / manager
    # It would be found before one that was installed meanwhile.
    shim.unlink(missing_ok=True)
    if manager == "pip" or has_program(manager):
        return
    uv = find_uv()
    if uv is None:
        hint = f"install uv{'' if manager == 'uv' else ', which runs poetry too'}: {install_uv()}"
        raise PyenvspecError(
            Diagnostic(
                "host-program-missing",
                f"{manager} is not installed",
                expected=f"{manager} on PATH",
                hint=hint,
            )
        )
    words = (uv,) if manager == "uv" else (uv, "tool", "run", manager)
    _write(shim, f'#!/usr/bin/env bash\nexec {shlex.join(words)} "$@"\n', 0o700)

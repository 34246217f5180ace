"""Checks of pip's requirements: pins that have no wheel for the Python asked for, by the table of much used packages.

It has x86_64 Linux; what is newer than it, or never had a wheel, is not told.
"""

from __future__ import annotations

from contextlib import suppress
from shlex import quote
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, PyenvspecError, Severity, Span
from pyenvspec.project.files import read_project_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyenvspec.diagnostics import Diagnostics
    from pyenvspec.spec.model import ShellSpec, SpecFile

_SYSTEM = "x86_64-linux"


def check_requirements(root: Path, file: SpecFile, managers: dict[str, str], found: Diagnostics) -> None:
    """Tell of old pins in the requirements of each shell of pip, and in what these include."""
    for shell in file.shells:
        systems = shell.spec.systems
        if managers[shell.name] != "pip" or (systems is not None and _SYSTEM not in systems):
            continue
        name = shell.spec.python.requirements or "requirements.txt"
        for diagnostic in _check_file(root, shell, name) if name.endswith(".txt") else ():
            found.add(diagnostic)


def _check_file(root: Path, shell: ShellSpec, name: str) -> Iterator[Diagnostic]:
    from pyenvspec.project.survey.requirements import read_requirements

    texts: dict[str, str] = {}

    def read(name: str) -> str | None:
        # What lies elsewhere, or is no plain file, is not looked into; pip will.
        with suppress(PyenvspecError):
            data = read_project_file(root, name)
            if data is not None:
                texts[name] = data.decode("utf-8", "replace")
        return texts.get(name)

    text = read(name)
    if text is None or ("==" not in text and "-r" not in text):
        return
    read_requirements(name, text, read)
    for one, content in texts.items():
        yield from _check_pins(shell, one, content)


def _check_pins(shell: ShellSpec, name: str, text: str) -> Iterator[Diagnostic]:
    from pyenvspec.facts.wheel_pythons import pythons_of_wheels
    from pyenvspec.project.locks.constraints import Surroundings
    from pyenvspec.project.survey.requirements import read_requirements

    python = shell.spec.python
    minor = ".".join(python.version.split(".")[:2])
    around = Surroundings(python.version, _SYSTEM)
    lines = text.splitlines()
    for wanted in read_requirements(name, text, lambda _: None).packages:
        if wanted.version is None or wanted.name in python.build_after or not around.holds(wanted.marker):
            continue
        pythons = pythons_of_wheels(wanted.name, wanted.version)
        if not pythons or minor in pythons:
            continue
        line = lines[wanted.line - 1] if 0 < wanted.line <= len(lines) else ""
        yield Diagnostic(
            "requirement-no-wheel",
            f"{wanted.name} {wanted.version} has no wheel for Python {minor}; pip can only build it from source, where"
            " there is one",
            name,
            Span(wanted.line, 1, wanted.line, len(line) + 1) if line else None,
            line or None,
            expected=f"Python {_range(pythons)}, for which it has wheels",
            hint="change `python.version`, or take another release:"
            f" `pip index versions {quote(wanted.name)}` lists them",
            severity=Severity.WARNING,
        )


def _range(minors: tuple[str, ...]) -> str:
    return minors[0] if len(minors) == 1 else f"{minors[0]} to {minors[-1]}"

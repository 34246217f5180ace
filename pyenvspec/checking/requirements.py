"""Checks of pip's requirements: pins that have no wheel for the Python asked for, by the table of much used packages.

It has x86_64 Linux; what is newer than it, or never had a wheel, is not told.
"""

from __future__ import annotations

from contextlib import suppress
from shlex import quote
from typing import TYPE_CHECKING

from pyenvspec.checking.build_after import ISOLATED, UNKNOWN, message, needs_others, unknown_names
from pyenvspec.diagnostics import Diagnostic, PyenvspecError, Severity, Span
from pyenvspec.facts.nixpkgs import minor_of
from pyenvspec.project.files import read_project_file
from pyenvspec.raw import locate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyenvspec.diagnostics import Diagnostics
    from pyenvspec.spec.model import ShellSpec, SpecFile

_SYSTEM = "x86_64-linux"


def check_requirements(root: Path, file: SpecFile, managers: dict[str, str], findings: Diagnostics) -> None:
    """Tell of old pins in the requirements of each shell of pip, and in what these include."""
    for shell in file.shells:
        systems = shell.spec.systems
        if managers[shell.name] != "pip" or (systems is not None and _SYSTEM not in systems):
            continue
        name = shell.spec.python.requirements or "requirements.txt"
        for diagnostic in _check_file(root, file, shell, name) if name.endswith(".txt") else ():
            findings.add(diagnostic)


def _check_file(root: Path, file: SpecFile, shell: ShellSpec, name: str) -> Iterator[Diagnostic]:
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
    if text is None or not (
        shell.spec.python.build_after or any(sign in text for sign in ("==", "-r", "torch"))
    ):
        return
    packages = read_requirements(name, text, read).packages
    for one, content in texts.items():
        yield from _check_pins(shell, one, content)
        yield from _check_builds(shell, one, content)
    yield from _check_build_after(file, shell, name, [wanted.name for wanted in packages])


def _check_build_after(file: SpecFile, shell: ShellSpec, name: str, known: list[str]) -> Iterator[Diagnostic]:
    """Tell of names to be built later that no file asks for; a repository may hold a package of another name."""
    for index, what, expected in unknown_names(shell, known, name):
        path = ("python", "build_after", index)
        span = locate(shell.tree, path)
        line = file.raw.line(span.line)
        yield Diagnostic(
            UNKNOWN, what, file.raw.file, span, line, expected, path=path, severity=Severity.WARNING
        )


def _check_builds(shell: ShellSpec, name: str, text: str) -> Iterator[Diagnostic]:
    from pyenvspec.project.survey.requirements import read_requirements

    lines = text.splitlines()
    for wanted in read_requirements(name, text, lambda _: None).packages:
        imported = None if wanted.wheels else needs_others(shell, wanted.name, wanted.version)
        if imported:
            what, hint = message(wanted.name, wanted.version, imported)
            line = lines[wanted.line - 1] if 0 < wanted.line <= len(lines) else ""
            span = Span(wanted.line, 1, wanted.line, len(line) + 1) if line else None
            yield Diagnostic(ISOLATED, what, name, span, line or None, hint=hint, severity=Severity.WARNING)


def _check_pins(shell: ShellSpec, name: str, text: str) -> Iterator[Diagnostic]:
    from pyenvspec.facts.wheel_pythons import pythons_of_wheels
    from pyenvspec.project.locks.constraints import Surroundings
    from pyenvspec.project.survey.requirements import read_requirements

    python = shell.spec.python
    minor = minor_of(python.version)
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

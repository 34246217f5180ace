"""Checks of pip's requirements: pins that have no wheel for the Python asked for, by the table of much used packages.

It has x86_64 Linux; what is newer than it, or never had a wheel, is not told.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

from pyenvspec.checking.build_after import ISOLATED, UNKNOWN, imported_to_build, message, unknown_names
from pyenvspec.checking.context import CheckContext
from pyenvspec.diagnostics import Diagnostic, PyenvspecError, Severity, Span
from pyenvspec.facts.nixpkgs import minor_of
from pyenvspec.facts.packages import normalise
from pyenvspec.project.files import read_project_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyenvspec.diagnostics import Diagnostics
    from pyenvspec.project.survey.source import Wanted
    from pyenvspec.spec.model import ShellSpec, SpecFile

_SYSTEM = "x86_64-linux"


def check_requirements(root: Path, file: SpecFile, managers: dict[str, str], findings: Diagnostics) -> None:
    """Tell of old pins in the requirements of each shell of pip, and in what these include."""
    for shell in file.shells:
        systems = shell.spec.systems
        if managers[shell.name] != "pip" or (systems is not None and _SYSTEM not in systems):
            continue
        name = shell.spec.python.requirements or "requirements.txt"
        # pip takes a pylock.toml too, which says itself what each Python gets.
        if name.endswith(".txt"):
            _check_file(root, CheckContext(file, shell, findings), name)


def _check_file(root: Path, context: CheckContext, name: str) -> None:
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
    # The reader is slow to import, and without one of these there is nothing to tell.
    signs = ("==", "-r", "torch")
    if text is None or not (context.shell.spec.python.build_after or any(sign in text for sign in signs)):
        return
    packages = read_requirements(name, text, read).packages
    for included, content in texts.items():
        lines = content.splitlines()
        # Each file by itself, so that a line is told with its own number.
        for wanted in read_requirements(included, content, lambda _: None).packages:
            for finding in _findings(context.shell, wanted):
                context.findings.add(_at_line(finding, included, lines, wanted.line))
    for index, problem, expected in unknown_names(context.shell, [wanted.name for wanted in packages], name):
        # A warning: a repository (`git+https://…`) may hold a package of another name than its own.
        path = ("python", "build_after", index)
        context.add(UNKNOWN, path, problem, expected=expected, severity=Severity.WARNING)


def _at_line(finding: Diagnostic, file: str, lines: list[str], number: int) -> Diagnostic:
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    span = Span(number, 1, number, len(line) + 1) if line else None
    return replace(finding, file=file, span=span, source_line=line or None)


def _findings(shell: ShellSpec, wanted: Wanted) -> Iterator[Diagnostic]:
    imported = imported_to_build(shell, wanted.name, wanted.version)
    if not wanted.wheels and imported is not None:
        problem, hint = message(wanted.name, wanted.version, imported)
        yield Diagnostic(ISOLATED, problem, hint=hint, severity=Severity.WARNING)
    minor = minor_of(shell.spec.python.version)
    pythons = _pythons_of_pin(shell, wanted)
    if pythons and minor not in pythons:
        yield Diagnostic(
            "requirement-no-wheel",
            f"{wanted.name} {wanted.version} has no wheel for Python {minor}; pip can only build it from source, where"
            " there is one",
            expected=f"Python {_range(pythons)}, for which it has wheels",
            hint="change `python.version`, or take another release:"
            f" `pip index versions {quote(wanted.name)}` lists them",
            severity=Severity.WARNING,
        )


def _pythons_of_pin(shell: ShellSpec, wanted: Wanted) -> tuple[str, ...]:
    """Return the Pythons that a pin has wheels for; none where it is not known, or it is not installed here."""
    from pyenvspec.facts.wheel_pythons import pythons_of_wheels
    from pyenvspec.project.locks.constraints import Surroundings

    python = shell.spec.python
    # What `build_after` names is to be built.
    is_to_be_built = wanted.name in map(normalise, python.build_after)
    if wanted.version is None or is_to_be_built:
        return ()
    if not Surroundings(python.version, _SYSTEM).holds(wanted.marker):
        return ()
    return pythons_of_wheels(wanted.name, wanted.version) or ()


def _range(minors: tuple[str, ...]) -> str:
    return minors[0] if len(minors) == 1 else f"{minors[0]} to {minors[-1]}"

"""Cross-checks of `$` and `${…}`, wherever env.yaml takes texts: values of variables, and bash code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Severity
from pyenvspec.plan import Package
from pyenvspec.spec.bash import parse_bash
from pyenvspec.spec.interpolation import parse_interpolation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenvspec.checking.place import Place
    from pyenvspec.diagnostics import KeyPath

EXPECTED = "${project}, ${pkgs.X} or ${cuda.X}"
_LOOKS_FILLED_IN = re.compile(r"~(?:/|$)|.*?\$[A-Za-z_]", re.DOTALL)


def check_interpolation(place: Place, path: KeyPath, text: str, *, takes_project: bool = True) -> None:
    """Tell of `${…}` in the value at `path` that is nothing of ours, and of CUDA that is not asked for."""
    parts, wrong = parse_interpolation(text)
    foreign = ["${project}"] if not takes_project and "${project}" in text else []
    for token in [*wrong, *foreign]:
        literal = f"for the text itself write `${token}`"
        place.say(
            "env-interpolation",
            path,
            f"`{token}` is no value that is known here",
            expected=EXPECTED if takes_project else "${pkgs.X} or ${cuda.X}",
            hint=f"{literal}; for a variable of the machine see `on_enter`" if takes_project else literal,
        )
    _check_cuda(place, path, parts)


def check_bash(place: Place, path: KeyPath, text: str) -> None:
    """Tell of `${…}` in bash code that is neither ours nor bash's."""
    parts, wrong = parse_bash(text)
    for token in wrong:
        place.say(
            "env-interpolation",
            path,
            f"`{token}` is no value that is known here, and no variable of bash",
            expected=EXPECTED,
            hint=f"for the text itself write `${token}`",
        )
    _check_cuda(place, path, parts)


def check_literal(place: Place, name: str, text: str) -> None:
    """Warn of a variable's value that looks as if a shell would still fill it in."""
    if not _LOOKS_FILLED_IN.match(text):
        return
    place.say(
        "env-literal",
        ("env", name),
        f"`{text}` stays as it is: `$` and `~` mean nothing in a value",
        expected=EXPECTED,
        hint=f'write it into `on_enter`, where bash fills it in: `export {name}="{_for_bash(text)}"`',
        severity=Severity.WARNING,
    )


def _for_bash(text: str) -> str:
    return re.sub(r'(["`\\])', r"\\\1", re.sub(r"^~(?=/|$)", "$HOME", text))


def _check_cuda(place: Place, path: KeyPath, parts: Iterable[object]) -> None:
    if place.shell.spec.cuda is None and any(isinstance(p, Package) and p.scope == "cuda" for p in parts):
        place.say(
            "cuda-not-asked",
            path,
            f"`{path[-1]}` uses ${{cuda.…}}, and CUDA is not asked for",
            expected="`cuda: 11.8` at the top level",
        )

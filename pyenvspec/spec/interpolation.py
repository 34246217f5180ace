"""`${project}`, `${pkgs.X}` and `${cuda.X}` in texts of env.yaml; `$${` is a literal `${`."""

from __future__ import annotations

import re

from pyenvspec.plan import Package, ProjectRoot

TOKEN = re.compile(r"\$\$\{|\$\{([^}\n]*)\}?")
"""One `$${` or `${…}`."""

# `pkgs.ffmpeg`, `pkgs.xorg.libX11`, `cuda.cudnn`: Nix's names, without those that need quotes.
_REFERENCE = re.compile(r"(pkgs|cuda)\.([A-Za-z_][A-Za-z0-9_'-]*(?:\.[A-Za-z_][A-Za-z0-9_'-]*)*)")


def read_reference(token: re.Match[str]) -> Package | None:
    """Return the package that a token names, if it names one."""
    match = _REFERENCE.fullmatch(token.group(1) or "") if token.group().endswith("}") else None
    return Package(match.group(1), tuple(match.group(2).split("."))) if match else None


def parse_interpolation(text: str) -> tuple[tuple[str | Package | ProjectRoot, ...], tuple[str, ...]]:
    """Split `text` into literal parts, package references and the project's folder.

    Returns the parts, and the `${…}` that are none of the three forms.
    """
    parts: list[str | Package | ProjectRoot] = []
    wrong: list[str] = []
    literal = ""
    position = 0
    for token in TOKEN.finditer(text):
        literal += text[position : token.start()]
        position = token.end()
        if token.group() == "$${":
            # As in the files of Docker Compose.
            literal += "${"
            continue
        reference = ProjectRoot() if token.group() == "${project}" else read_reference(token)
        if reference is None:
            wrong.append(token.group())
            continue
        if literal:
            parts.append(literal)
        literal = ""
        parts.append(reference)
    literal += text[position:]
    if literal or not parts:
        parts.append(literal)
    return tuple(parts), tuple(wrong)

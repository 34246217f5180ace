"""`${pkgs.X}` and `${cuda.X}` in texts of env.yaml; `$${` is a literal `${`."""

from __future__ import annotations

import re

from pyenvspec.plan import Package

_TOKEN = re.compile(r"\$\$\{|\$\{([^}\n]*)\}?")
_REFERENCE = re.compile(r"(pkgs|cuda)\.([A-Za-z_][A-Za-z0-9_'-]*(?:\.[A-Za-z_][A-Za-z0-9_'-]*)*)")


def parse_interpolation(text: str) -> tuple[tuple[str | Package, ...], tuple[str, ...]]:
    """Split `text` into literal parts and package references.

    Returns the parts, and the `${…}` that are neither of the two forms.
    """
    parts: list[str | Package] = []
    wrong: list[str] = []
    literal = ""
    position = 0
    for token in _TOKEN.finditer(text):
        literal += text[position : token.start()]
        position = token.end()
        if token.group() == "$${":
            literal += "${"
            continue
        reference = _REFERENCE.fullmatch(token.group(1)) if token.group().endswith("}") else None
        if reference is None:
            wrong.append(token.group())
            continue
        if literal:
            parts.append(literal)
        literal = ""
        parts.append(Package(reference.group(1), tuple(reference.group(2).split("."))))
    literal += text[position:]
    if literal or not parts:
        parts.append(literal)
    return tuple(parts), tuple(wrong)

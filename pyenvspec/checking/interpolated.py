"""Cross-check of `${pkgs.X}` and `${cuda.X}`, wherever env.yaml takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.plan import Package
from pyenvspec.spec.interpolation import parse_interpolation

if TYPE_CHECKING:
    from pyenvspec.checking.place import Place
    from pyenvspec.diagnostics import KeyPath


def check_interpolation(place: Place, path: KeyPath, text: str) -> None:
    """Tell of `${…}` in the text at `path` that is no package, and of CUDA that is not asked for."""
    parts, wrong = parse_interpolation(text)
    for token in wrong:
        place.say(
            "env-interpolation",
            path,
            f"`{token}` is not a package",
            expected="${pkgs.X} or ${cuda.X}",
            hint=f"for the text itself write `${token}`",
        )
    if place.shell.spec.cuda is None and any(isinstance(p, Package) and p.scope == "cuda" for p in parts):
        place.say(
            "cuda-not-asked",
            path,
            f"`{path[-1]}` uses ${{cuda.…}}, and CUDA is not asked for",
            expected="`cuda: 11.8` at the top level",
        )

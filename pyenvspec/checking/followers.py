"""Findings of the cross-checks that only follow from a mistake elsewhere: what was wrong is not there to be found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostics

if TYPE_CHECKING:
    from pyenvspec.diagnostics import Diagnostic, KeyPath
    from pyenvspec.spec.model import SpecFile

_RELEASE: tuple[KeyPath, ...] = (("python", "version"), ("cuda",), ("nixpkgs",))
_BUILDS_ON: dict[str, tuple[KeyPath, ...]] = {
    "container-unknown-variant": (("variants",),),
    "container-without-packages": tuple(("python", key) for key in ("manager", "project", "requirements")),
    "cuda-not-asked": (("cuda",),),
    "cuda-on-darwin": (("variants",),),
    "cuda-unknown": (("cuda",),),
    "key-not-for-manager": (("python", "manager"),),
    "manager-ambiguous": (("python", "manager"),),
    "native-broken": _RELEASE,
    "native-gone": _RELEASE,
    "native-insecure": _RELEASE,
    "native-unfree": (("nixpkgs", "unfree"),),
    "native-unknown": (("nixpkgs", "overlays"),),
    "process-unknown": (("processes",),),
    "run-container": (("containers",),),
    "run-no-image": (("containers",),),
    "run-wants-base": (("containers",),),
}
"""By code the keys of which a finding says what they lack: the key itself, or what stands just below it."""


def drop_followers(file: SpecFile, findings: Diagnostics) -> Diagnostics:
    """Return the findings that hold whatever the values that are wrong were meant to be."""
    if not file.unsure:
        return findings
    remaining = Diagnostics(left_out=findings.left_out)
    for diagnostic in findings.items:
        if not _follows(file, diagnostic):
            remaining.add(diagnostic)
    return remaining


def _follows(file: SpecFile, diagnostic: Diagnostic) -> bool:
    # Of what stands there only for what was wrong; in a list the item behind it has moved into its place.
    is_item = any(isinstance(step, int) for step in diagnostic.path)
    if diagnostic.path and not is_item and diagnostic.path in file.unsure:
        return True
    deep = 2 if diagnostic.code.startswith("run-") else 1  # a target looks into its container
    # `cuda: x` and `cuda: {version: x}` both leave open whether there is CUDA; `cuda: {packages: [1]}` does not.
    return any(
        wrong[: len(key)] == key[: len(wrong)] and len(wrong) <= len(key) + deep
        for key in _BUILDS_ON.get(diagnostic.code, ())
        for wrong in file.unsure
    )

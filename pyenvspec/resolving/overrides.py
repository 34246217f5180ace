"""Overrides of single packages as the plan holds them: names as PEP 503 spells them, packages with their set.

They are the user's own, with known fixes put under them.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from pyenvspec.facts.packages import normalise
from pyenvspec.plan import Package, PackageOverride
from pyenvspec.spec.interpolation import parse_interpolation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenvspec.plan import CudaSet, Text
    from pyenvspec.spec.overrides import Override


def plan_overrides(
    overrides: Iterable[tuple[str, Override]], cuda: CudaSet | None
) -> tuple[PackageOverride, ...]:
    """Return the overrides ordered by name."""
    # Two spellings of one name are an error of the cross-checks, so that each is there once.
    by_name = {normalise(name): override for name, override in overrides}
    return tuple(_plan_override(name, override, cuda) for name, override in sorted(by_name.items()))


def _plan_override(name: str, override: Override, cuda: CudaSet | None) -> PackageOverride:
    # A wheel is installed as it is: only a source can be patched.
    source = override.source or ("sdist" if override.patches else None)
    return PackageOverride(
        name=name,
        remove=override.remove,
        from_nixpkgs=override.from_nixpkgs,
        keep_locked_source=override.keep_locked_source,
        source=source,
        build_systems=_names(override.build_systems),
        build_tools=_packages(override.build_tools, cuda),
        libraries=_packages(override.libraries, cuda),
        # As typed: it may be an attribute of nixpkgs, which is not spelled as PEP 503 has it.
        dependencies=tuple(dict.fromkeys(override.dependencies)),
        ignore_missing_libraries=tuple(dict.fromkeys(override.ignore_missing_libraries)),
        env=tuple((key, plan_text(text, cuda)) for key, text in sorted(override.env.items())),
        patches=tuple(posixpath.normpath(path) for path in override.patches),
        post_install=override.post_install,
    )


def _names(written: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(normalise(name) for name in written))


def _packages(written: Iterable[str], cuda: CudaSet | None) -> tuple[Package, ...]:
    return tuple(dict.fromkeys(_package(name, cuda) for name in written))


def _package(written: str, cuda: CudaSet | None) -> Package:
    head, *rest = written.split(".")
    # `cuda.cudnn` is of the CUDA set in use, `gst_all_1.gstreamer` of a set in nixpkgs.
    if head == "cuda":
        return choose_package(Package("cuda", tuple(rest)), cuda)
    return Package("pkgs", (head, *rest))


def plan_text(text: str, cuda: CudaSet | None) -> Text:
    """Split a value at its packages."""
    parts, _ = parse_interpolation(text)
    return tuple(choose_package(part, cuda) if isinstance(part, Package) else part for part in parts)


def choose_package(package: Package, cuda: CudaSet | None) -> Package:
    """Return the package as the CUDA set calls it; `cuda.cudnn` is the cuDNN chosen for this shell."""
    if package.scope != "cuda" or cuda is None:
        return package

    # Without `cuda` a reference to it was refused already; behind the package may stand an output (`cuda_cudart.dev`).
    names = dict(cuda.renamed) | ({"cudnn": cuda.cudnn} if cuda.cudnn else {})
    head, *rest = package.path
    return Package("cuda", (names.get(head, head), *rest))

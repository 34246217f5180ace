"""The packages that one shell of env.yaml names, each with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pyenvspec.plan import Package
from pyenvspec.records import dataclass
from pyenvspec.spec.bash import parse_bash
from pyenvspec.spec.interpolation import parse_interpolation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyenvspec.diagnostics import KeyPath
    from pyenvspec.spec.model import Spec


@dataclass(frozen=True)
class Asked:
    """A package of nixpkgs or (`scope` is `cuda`) of the CUDA set; `is_reference` where a text holds `${…}`."""

    path: KeyPath
    scope: Literal["pkgs", "cuda"]
    name: str
    is_reference: bool = False


def asked_packages(spec: Spec) -> Iterator[Asked]:
    """Yield every package that a shell names, in the order of the keys."""
    yield from _listed(("native",), spec.native)
    if spec.cuda is not None:
        for index, name in enumerate(spec.cuda.packages):
            yield Asked(("cuda", "packages", index), "cuda", name)
    for index, name in enumerate(spec.preload):
        yield Asked(("preload", index), "pkgs", name.partition("/")[0], is_reference=True)
    for package, override in spec.overrides.items():
        yield from _listed(("overrides", package, "build_tools"), override.build_tools)
        yield from _listed(("overrides", package, "libraries"), override.libraries)
        for name, text in override.env.items():
            yield from _referred(("overrides", package, "env", name), parse_interpolation(text)[0])
    for name, text in spec.env.items():
        yield from _referred(("env", name), parse_interpolation(text)[0])
    yield from _in_commands(spec)
    yield from _in_images(spec)


def _in_commands(spec: Spec) -> Iterator[Asked]:
    for name, code in spec.scripts.items():
        yield from _referred(("scripts", name), parse_bash(code)[0])
    for name, process in spec.processes.items():
        yield from _referred(("processes", name, "run"), parse_bash(process.run)[0])
        if process.ready is not None and process.ready.run is not None:
            yield from _referred(("processes", name, "ready", "run"), parse_bash(process.ready.run)[0])
        for variable, text in process.env.items():
            yield from _referred(("processes", name, "env", variable), parse_interpolation(text)[0])
    if spec.on_enter is not None:
        yield from _referred(("on_enter",), parse_bash(spec.on_enter)[0])


def _in_images(spec: Spec) -> Iterator[Asked]:
    for name, container in spec.containers.items():
        for variable, text in container.env.items():
            # The CUDA of an image is that of its variant, which may be another one than this.
            for reference in _referred(("containers", name, "env", variable), parse_interpolation(text)[0]):
                if reference.scope == "pkgs":
                    yield reference


def _listed(path: KeyPath, names: tuple[str, ...]) -> Iterator[Asked]:
    for index, name in enumerate(names):
        # Only there: under `native` CUDA has a key of its own.
        if path[0] == "overrides" and name.startswith("cuda."):
            yield Asked((*path, index), "cuda", name.removeprefix("cuda."))
        else:
            yield Asked((*path, index), "pkgs", name)


def _referred(path: KeyPath, parts: Iterable[object]) -> Iterator[Asked]:
    for part in parts:
        if isinstance(part, Package) and part.scope in ("pkgs", "cuda"):
            scope: Literal["pkgs", "cuda"] = "cuda" if part.scope == "cuda" else "pkgs"
            yield Asked(path, scope, ".".join(part.path), is_reference=True)

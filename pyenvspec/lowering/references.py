"""What the plan names, as Nix expressions: packages, texts with packages in them, paths of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.nixexpr import Expr, InterpolatedStr, List, Path, Select, Str, Var

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenvspec.plan import CudaSet, Package, Text


class Scope:
    """Where package references of one shell point to."""

    def __init__(self, cuda: CudaSet | None) -> None:
        self._cuda = cuda

    def package(self, package: Package) -> Expr:
        """The package as an expression of `pkgs`, or of the CUDA set in use."""
        if package.scope == "cuda":
            assert self._cuda is not None
            return Select(cuda_packages(self._cuda), package.path)
        return Select(Var("pkgs"), package.path)

    def packages(self, packages: Iterable[Package]) -> List:
        """A list of packages."""
        return List(tuple(self.package(package) for package in packages))

    def text(self, parts: Text) -> Expr:
        """A text with package paths in it."""
        if all(isinstance(part, str) for part in parts):
            return Str("".join(part for part in parts if isinstance(part, str)))
        return InterpolatedStr(tuple(part if isinstance(part, str) else self.package(part) for part in parts))


def cuda_packages(cuda: CudaSet) -> Expr:
    """The CUDA package set."""
    return Select(Var("cudaPkgs" if cuda.origin == "nixpkgs-cuda" else "pkgs"), (cuda.attribute,))


def project_path(path: str) -> Path:
    """A path of the project as seen from nix/pyenvspec/."""
    return Path(f"../../{path}")

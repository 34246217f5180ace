"""What the plan names, as Nix expressions: packages, texts with packages in them, paths of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.nixexpr import Expr, InterpolatedStr, List, Path, Select, Str, Var, call, ref
from pyenvspec.plan import ProjectRoot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenvspec.plan import CudaSet, Package, Text


# `${pkgs.X}` is the default output, most often `bin` or `out`: there is no lib/ or include/ in it where X has several.
_OUTPUTS = {"/lib": "getLib", "/include": "getDev"}


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
        """A text with paths in it: of packages, of the project's folder."""
        # One string where nothing stands in it: `Str` escapes `${`, which a text of the user's may hold.
        if all(isinstance(part, str) for part in parts):
            return Str("".join(part for part in parts if isinstance(part, str)))
        # What stands behind a package, as `/lib` in `${pkgs.X}/lib`, says which of its outputs is meant.
        following = (*parts[1:], "")
        return InterpolatedStr(
            tuple(self._part(part, after) for part, after in zip(parts, following, strict=True))
        )

    def _part(self, part: str | Package | ProjectRoot, after: str | Package | ProjectRoot) -> str | Expr:
        if isinstance(part, str):
            return part
        if isinstance(part, ProjectRoot):
            return ref("config.pyenvspec.project")
        return self.output(part, after if isinstance(after, str) else "")

    def output(self, package: Package, file: str) -> Expr:
        """The output of a package that holds a file: nixpkgs keeps libraries and headers apart from programs."""
        # `lib.getLib` takes the output that has the libraries, whatever it is called, and the package where it has
        # only one.
        name = next((get for start, get in _OUTPUTS.items() if file.startswith(start)), None)
        expression = self.package(package)
        return expression if name is None else call(f"pkgs.lib.{name}", expression)


def cuda_packages(cuda: CudaSet) -> Expr:
    """The CUDA package set."""
    return Select(Var("cudaPkgs" if cuda.origin == "nixpkgs-cuda" else "pkgs"), (cuda.attribute,))


def project_path(path: str) -> Path:
    """A path of the project as seen from nix/pyenvspec/."""
    return Path(f"../../{path}")

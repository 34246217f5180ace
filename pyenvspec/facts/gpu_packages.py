"""What Python packages need to use a GPU: nothing besides the driver, a toolkit, or a compiler for CUDA."""

from __future__ import annotations

from functools import cache
from typing import Literal

from pyenvspec.facts._load import Status, read_table
from pyenvspec.facts.packages import normalise
from pyenvspec.records import dataclass
from pyenvspec.versions import parse_version


@dataclass(frozen=True)
class GpuPackage:
    """What the releases of a package between `first` and `last` need; `extra` is the extra that brings CUDA.

    `wheels_at` is a part of the address of the page that has wheels of what the index has as a source only.
    """

    package: str
    first: str
    last: str
    needs: Literal["own", "toolkit", "compiles"]
    extra: str | None
    cuda: str | None
    cudnn: str | None
    built_with: tuple[str, ...]
    status: Status
    source: str
    wheels_at: str = ""


@cache
def _rows() -> dict[str, tuple[GpuPackage, ...]]:
    packages: dict[str, tuple[GpuPackage, ...]] = {}
    for row in read_table("gpu-packages")["packages"]:
        fields = {**row, "first": row["from"], "last": row["until"], "built_with": tuple(row["built_with"])}
        del fields["from"], fields["until"]
        packages[row["package"]] = (*packages.get(row["package"], ()), GpuPackage(**fields))
    return packages


@cache
def _beside() -> dict[str, str]:
    return {row["module"]: row["requirement"] for row in read_table("gpu-packages")["beside"]}


def modules_beside_torch() -> tuple[str, ...]:
    """Return the modules that go with torch and that projects import without listing them."""
    return tuple(_beside())


def requirement_of(module: str) -> str:
    """Return what pip is told for such a module: a name of the index, or a repository where it is on none."""
    return _beside()[module]


@dataclass(frozen=True)
class WheelPage:
    """A page of wheels that no index has, of `built`, which a package asks for by its extras for CUDA."""

    built: str
    page: str


def wheel_page(package: str, version: str | None, extras: tuple[str, ...]) -> WheelPage | None:
    """Return the page that a release needs for its extras, None where an index has all that it asks for."""
    wanted = parse_version(version.split("+")[0]) if version else None
    for row in read_table("gpu-packages")["pages"]:
        last = parse_version(row["until"])
        if wanted is None or last is None or wanted > last:
            continue
        of_cuda = [extra for extra in extras if extra.startswith("cuda") and extra not in row["not_of"]]
        # Whoever asks for the build itself names it by a local version: jaxlib 0.4.14+cuda11.cudnn86.
        is_built = normalise(package) == row["built"] and "+cuda" in (version or "")
        if is_built or (normalise(package) == row["package"] and of_cuda):
            return WheelPage(row["built"], row["page"])
    return None


def gpu_needs(package: str, version: str | None) -> GpuPackage | None:
    """Return what a release needs, the newest known where `version` is None; None for a package without a row."""
    rows = _rows().get(normalise(package), ())
    if version is None:
        # The table has the newest releases of a package first.
        return rows[0] if rows else None
    # 2.1.0+cu118 needs what 2.1.0 does, and sorts after it.
    wanted = parse_version(version.split("+")[0])
    if wanted is None:
        return None
    for row in rows:
        first, last = parse_version(row.first), parse_version(row.last)
        if (first is None or first <= wanted) and (last is None or wanted <= last):
            return row
    return None

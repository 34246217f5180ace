"""`python.build_after` against what is installed: names that are not there, and builds that are to be named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.facts.gpu_packages import gpu_needs
from pyenvspec.facts.packages import normalise
from pyenvspec.facts.wheel_pythons import unsaid_imports
from pyenvspec.names import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyenvspec.checking.lock_check import LockCheck
    from pyenvspec.project.locks.model import PackageLock
    from pyenvspec.spec.model import ShellSpec

UNKNOWN, ISOLATED = "package-lock-unknown-name", "build-isolated"
# flash-attn and its like ask `torch.utils.cpp_extension` for the compiler in their setup.py, and do not say so under
# `build-system`: pip and uv build them where there is no torch.
_TORCH = "torch"


def unknown_names(shell: ShellSpec, packages: Iterable[str], file: str) -> Iterator[tuple[int, str, str]]:
    """Yield the index, message and what is expected for each name that `file` does not have."""
    names = {normalise(name) for name in packages}
    for index, name in enumerate(shell.spec.python.build_after):
        if normalise(name) not in names:
            near = closest(normalise(name), names)
            expected = f"did you mean `{near}`?" if near else f"one of the packages in {file}"
            yield index, f"{file} has no package `{name}`, which is to be built after the others", expected


def imported_to_build(shell: ShellSpec, name: str, version: str | None) -> str | None:
    """Return what the build of a package is known to import, None for nothing or where `build_after` names it."""
    if normalise(name) in map(normalise, shell.spec.python.build_after):
        return None
    needs = gpu_needs(name, version)
    if needs is not None and needs.needs == "compiles" and _TORCH in needs.built_with:
        return _TORCH
    return next(iter(unsaid_imports(name, version)), None)


def message(name: str, version: str | None, imported: str) -> tuple[str, str]:
    """Return what is told of a build that is isolated from what it imports, and what to write."""
    shown = f"{name} {version}" if version else name
    return (
        f"{shown} is built from source, and its build imports {imported}, which an isolated build does not have",
        f"write `build_after: [{name}]` under `python`",
    )


def check_build_after(check: LockCheck, lock: PackageLock) -> None:
    """Tell it of the lock of a .venv of poetry or uv."""
    shell = check.shell
    for index, problem, expected in unknown_names(shell, lock.names(), lock.file):
        check.context.add(UNKNOWN, ("python", "build_after", index), problem, expected=expected)
    handled = _handled_by_uv(check)
    for package in lock.packages:
        # A wheel of one system is enough: which one is installed here is not known.
        if package.wheels or package.name in handled:
            continue
        if imported := imported_to_build(shell, package.name, package.version):
            problem, hint = message(package.name, package.version, imported)
            check.warn_of_package(ISOLATED, package.name, problem, hint)


def _handled_by_uv(check: LockCheck) -> set[str]:
    """Return the packages whose builds pyproject.toml already lets import others."""
    uv = check.project.part("tool", "uv")
    listed = uv.get("no-build-isolation-package")
    # What uv itself would refuse is uv's to tell.
    names = listed if isinstance(listed, list) else []
    if uv.get("no-build-isolation") is True and check.project.lock is not None:
        names = [*names, *check.project.lock.names()]
    extra_dependencies = check.project.part("tool", "uv", "extra-build-dependencies")
    return {normalise(str(name)) for name in (*names, *extra_dependencies)}

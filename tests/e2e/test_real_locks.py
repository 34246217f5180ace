"""Locks as uv and poetry make them today: each compiles without a hand-written override, and Nix evaluates it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import real_locks
from harness import Nix
from real_locks import CannotLockError, Case

from pyenvspec.diagnostics import PyenvspecError, Severity
from pyenvspec.driver import check_project

if TYPE_CHECKING:
    from pathlib import Path

    from inputs import Inputs

CASES = [Case(name, "3.12", "uv2nix") for name in real_locks.SETS]
CASES += [
    Case(name, "3.11", "poetry2nix") for name in ("numpy, pandas", "pyside", "speech", "fastapi, sqlalchemy")
]


@pytest.mark.slow
@pytest.mark.nix
@pytest.mark.inputs
@pytest.mark.parametrize("case", CASES, ids=[case.folder for case in CASES])
def test_a_lock_made_today_compiles_and_evaluates(
    case: Case, nix_bin: Path, inputs: Inputs, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    try:
        real_locks.make_project(case, folder)
    except CannotLockError as missing:
        pytest.skip(str(missing))
    compiled = real_locks.compile_case(folder)
    assert [one for one in compiled.findings if one.severity is not Severity.NOTE] == []
    failure = real_locks.evaluate(Nix(nix_bin / "nix", tmp_path), inputs, folder)
    release = compiled.plan.nixpkgs.release.removeprefix("nixos-")
    if failure is not None and "not supported for interpreter" in failure and release not in inputs.nixpkgs:
        pytest.skip(f"needs nixpkgs {release}; of the newer one at hand: {failure.splitlines()[-1].strip()}")
    assert failure is None


VENV = [Case(name, "3.12", "uv2nix") for name in ("numpy, pandas", "torch", "speech", "pyqt")]
VENV += [Case(name, "3.11", "poetry2nix") for name in ("numpy, pandas", "fastapi, sqlalchemy")]


@pytest.mark.slow
@pytest.mark.parametrize("case", VENV, ids=[case.folder for case in VENV])
def test_a_lock_made_today_is_right_for_a_venv(case: Case, tmp_path: Path) -> None:
    """Nothing is told of a right lock; another Python and a changed project are."""
    folder = tmp_path / "project"
    try:
        real_locks.make_project(case, folder)
    except CannotLockError as missing:
        pytest.skip(str(missing))
    manager = case.manager.removesuffix("2nix")

    def told(python: str) -> list[str]:
        (folder / "env.yaml").write_text(f"python: {{version: {python}, manager: {manager}}}\n")
        try:
            return [one.code for one in check_project(folder)[2]]
        except PyenvspecError as error:
            return [one.code for one in error.diagnostics]

    assert told(case.python) == []
    assert told("3.13") == ["package-lock-python"]
    text = (folder / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(text.replace("dependencies = [", 'dependencies = ["six", '))
    assert told(case.python) == ["package-lock-stale"]

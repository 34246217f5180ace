"""`nix flake init -t` with the real Nix: each of the article's templates, and what is in it afterwards."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from labs import Lab, git

from pyenvspec.cli import run as run_pyenvspec
from pyenvspec.commands.init.templates import PROJECTS
from pyenvspec.facts.systems import this_system

if TYPE_CHECKING:
    from harness import Shells

pytestmark = [pytest.mark.nix, pytest.mark.inputs, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
PACKAGED = ("pyenvspec", "schema", "scripts", "docs")


@pytest.fixture(scope="module")
def repository(shells: Shells, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """What a template is taken from: this repository, its inputs local ones."""
    root = tmp_path_factory.mktemp("repository") / "pyenvspec"
    root.mkdir()
    for name in ("flake.nix", "nix", "examples", *("pyproject.toml", "README.md", "LICENSE"), *PACKAGED):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, root / name)
    lab = Lab.__new__(Lab)
    lab.shells, lab.root, lab.kind = shells, root, "devenv"
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    shells.lock(root)
    git(root, "add", "--all")
    return lab


def test_nix_run_from_a_checkout_has_what_the_wheel_has(repository: Lab, tmp_path: Path) -> None:
    nix = str(repository.shells.nix.program)
    package = f"git+file://{repository.root}#packages.{this_system()}.default"
    # Not its derivation: over programs of this machine nix-prefetch-github has no Nix to be built with.
    tell = "package: [ package.meta.mainProgram package.src.outPath (map (one: one.pname) package.dependencies) ]"
    done = repository.run(nix, "eval", "--json", package, "--apply", tell, cwd=tmp_path)
    assert done.code == 0, done.stderr
    program, source, dependencies = json.loads(done.stdout)
    assert program == "pyenvspec"
    assert {"pydantic", "nix-prefetch-github"} <= set(dependencies)
    for file in ("pyproject.toml", "examples/ml-ops/uv.lock", "scripts/get-nix", "docs/man/pyenvspec.1"):
        listed = repository.run(nix, "store", "cat", f"{source}/{file}", cwd=tmp_path)
        assert listed.code == 0, listed.stderr


@pytest.mark.parametrize("template", PROJECTS)
def test_a_template_is_a_project_that_is_compiled(repository: Lab, tmp_path: Path, template: str) -> None:
    nix = str(repository.shells.nix.program)
    address = f"git+file://{repository.root}#{template}"
    done = repository.run(nix, "flake", "init", "--template", address, cwd=tmp_path)
    assert done.code == 0, done.stderr
    assert (tmp_path / "flake.nix").exists()
    assert run_pyenvspec(["compile", "--check", "-C", str(tmp_path)]) == 0
    listed = subprocess.run(
        ["find", ".", "-type", "f"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    for name in PROJECTS[template][2]:
        assert f"./{name}" in listed.stdout.splitlines()

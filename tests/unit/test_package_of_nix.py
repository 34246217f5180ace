"""flake.nix builds what pyproject.toml says: the same dependencies, and every file that the wheel holds."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FLAKE = (ROOT / "flake.nix").read_text()


def test_the_package_has_the_dependencies_of_the_project() -> None:
    wanted = {re.split(r"[\[<>=]", one)[0].lower() for one in PROJECT["project"]["dependencies"]}
    listed = FLAKE.split("dependencies = [")[1].split("]")[0]
    assert set(re.findall(r"python\.pkgs\.([\w-]+)", listed)) == wanted


def test_the_source_of_the_package_has_every_file_of_the_wheel() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    files = [*wheel["packages"], *wheel["force-include"], *wheel["shared-data"], "LICENSE", "README.md"]
    given = re.findall(r"^ *\./(\S+)$", FLAKE.split("fileset.unions [")[1].split("]")[0], re.MULTILINE)
    for file in files:
        assert (ROOT / file).exists()
        assert any(file == one or file.startswith(f"{one}/") for one in given), file

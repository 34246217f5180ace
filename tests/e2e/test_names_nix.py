"""A sample of the names that are said to be there, evaluated by the real Nix on the real nixpkgs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyenvspec.facts.native import attributes, find_attribute, native_names, spelled_for

if TYPE_CHECKING:
    from inputs import Inputs

pytestmark = pytest.mark.inputs

# Stand-ins for what some copies of nixpkgs lack.
CUT = Path(__file__).parent.parent.parent / "scripts/without-haskell.nix"
EXPRESSION = """
{ path, cut, names, unfree }:
let
  pkgs = import path {
    system = "x86_64-linux";
    overlays = [ (import cut) ];
    config.allowUnfreePredicate = package: builtins.elem (pkgs.lib.getName package) unfree;
  };
  at = name: pkgs.lib.getAttrFromPath (pkgs.lib.splitString "." name) pkgs;
in
map (name: (builtins.tryEval (at name).drvPath).success) names
"""


def evaluate(nix_bin: Path, path: Path, names: list[str], unfree: list[str]) -> list[bool]:
    words = {"names": names, "unfree": unfree}
    args = [word for name, value in words.items() for word in ("--arg", name, _to_nix(value))]
    command = [str(nix_bin / "nix-instantiate"), "--eval", "--strict", "--json", "--expr", EXPRESSION]
    answer = subprocess.run(
        [*command, "--arg", "path", path, "--arg", "cut", CUT, *args],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    found: list[bool] = json.loads(answer.stdout)
    return found


def _to_nix(names: list[str]) -> str:
    return "[ " + " ".join(map(json.dumps, names)) + " ]"


def test_names_are_there_or_gone_as_the_catalogue_says(nix_bin: Path, inputs: Inputs) -> None:
    release = f"nixos-{inputs.newest}"
    path = inputs.path("nixpkgs")
    curated = sorted({row.attr for row in native_names() if row.kind == "attr" and row.attr})[::12]
    every = [one.name for one in attributes() if one.is_package and not one.only_older][::400]
    known = [one for name in (*curated, *every) if (one := find_attribute(spelled_for(name, release)))]
    sample = [one for one in known if not (one.insecure or one.is_broken or one.not_for_linux)]
    unfree = sorted({name for one in sample for name in one.unfree})
    found = evaluate(nix_bin, path, [one.name for one in sample], unfree)
    wrong = {one.name for one, there in zip(sample, found, strict=True) if there != (one.gone is None)}
    assert len(sample) > 80
    assert wrong == set()

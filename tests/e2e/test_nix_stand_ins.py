"""The stand-ins of tests/nix, held to the real inputs: what they say of a project is what the real ones say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from harness import Nix
from lock_labs import make_lab
from nix_stand_ins import STAND_INS, evaluate, lay
from test_lock_managers import PACKAGES
from test_nix_code import FILES, check_tests
from test_nix_modules import LOCK_MANAGERS, everything_of

if TYPE_CHECKING:
    from pathlib import Path

    from inputs import Inputs

pytestmark = [pytest.mark.nix, pytest.mark.inputs]


@pytest.fixture
def real_lib(inputs: Inputs) -> Path:
    name = "nixpkgs-lib" if inputs.has("nixpkgs-lib") else "nixpkgs"
    return inputs.path(name) / "lib"


@pytest.mark.parametrize("kind", ["native", "devenv", "poetry2nix", "uv2nix"])
def test_the_small_lib_is_as_the_real_one(nix_bin: Path, real_lib: Path, tmp_path: Path, kind: str) -> None:
    if kind in ("native", "devenv"):
        files = {"env.yaml": everything_of(kind), "pyproject.toml": "[project]\nname = 'lab'\n"}
        project = lay(tmp_path / "lab", files)
    else:
        direct = [package.name for package in PACKAGES if package.name != "only-for-gone"]
        project = make_lab(tmp_path / "lab", LOCK_MANAGERS % kind, direct, PACKAGES)
    assert evaluate(nix_bin, project) == evaluate(nix_bin, project, lib=real_lib)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_tests_in_nix_hold_over_the_real_lib(nix_bin: Path, real_lib: Path, file: Path) -> None:
    check_tests(nix_bin, file, f"lib = import {real_lib};")


# Each option of the stand-in, as text.
_OPTIONS = """
let
  lib = import %s;
  walk = path: node:
    if node._type or "" == "option" then [ (lib.concatStringsSep "." path) ]
    else lib.concatLists (lib.mapAttrsToList (name: walk (path ++ [ name ])) node);
in
walk [ ] (import %s { inherit lib; }).options
"""


_ASK = """
{ inputs, lib, ... }: {
  perSystem = { pkgs, ... }:
    let
      config = inputs.devenv.lib.mkConfig {
        inherit pkgs;
        inputs = { git-hooks = null; } // inputs;
        modules = [ { devenv.root = "/x"; processes.p.exec = "x"; containers.c = { }; } ];
      };
      # `*` stands for any name.
      has = path: set:
        path == [ ]
        || (if lib.head path == "*" then lib.any (has (lib.tail path)) (lib.attrValues set)
            else set ? ${lib.head path} && has (lib.tail path) set.${lib.head path});
    in
    {
      legacyPackages.asked =
        lib.filter (name: !has (lib.splitString "." name) config) (lib.importJSON ./names.json);
    };
}
"""


def test_devenv_has_every_option_of_its_stand_in(
    nix_bin: Path, inputs: Inputs, real_lib: Path, tmp_path: Path
) -> None:
    nix = Nix(nix_bin / "nix", tmp_path)
    expression = _OPTIONS % (real_lib, STAND_INS / "devenv.nix")
    names = json.loads(
        nix.run("eval", "--impure", "--json", "--expr", expression, cwd=tmp_path).check().stdout
    )
    assert len(names) > 15
    project = lay(
        tmp_path / "lab", {"env.yaml": "python: {version: 3.12, manager: pip}\nsystems: [x86_64-linux]\n"}
    )
    (project / "nix/ask.nix").write_text(_ASK)
    (project / "nix/names.json").write_text(json.dumps(names))
    manifest = (project / "env.yaml").read_text()
    lay(project, {"env.yaml": manifest + "modules: [./nix/ask.nix]\n"})
    overrides = ["--no-write-lock-file", *inputs.overrides(nix.input_names(project))]
    answer = nix.run("eval", "--json", ".#legacyPackages.x86_64-linux.asked", *overrides, cwd=project)
    assert json.loads(answer.check().stdout) == []

"""What evaluating a shell costs, by Nix's own counters, which repeat exactly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from harness import Nix
from test_locked_packages import evaluate as evaluate_packages

from pyenvspec.cli import run as run_pyenvspec

if TYPE_CHECKING:
    from pathlib import Path

    from inputs import Inputs

pytestmark = [pytest.mark.nix, pytest.mark.inputs]

# The same packages and the libraries that wheels expect, as written by hand.
BARE = """
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = { nixpkgs, ... }: let pkgs = nixpkgs.legacyPackages.x86_64-linux; in {
    devShells.x86_64-linux.default = pkgs.mkShell {
      packages = [ %(packages)s ];
      LD_LIBRARY_PATH = pkgs.lib.makeLibraryPath (
        [ pkgs.stdenv.cc.cc pkgs.zlib ] ++ pkgs.pythonManylinuxPackages.manylinux2014
      );
    };
  };
}
"""
SHELLS = {
    "a Python alone": ("{version: 3.12, manager: pip}", "[]", "pkgs.python312"),
    "a project": (
        "{version: 3.12, manager: uv}",
        "[libsndfile, ffmpeg]",
        "pkgs.python312 pkgs.uv pkgs.libsndfile pkgs.ffmpeg",
    ),
}
COUNTERS = ("nrThunks", "nrFunctionCalls")
MOST = 1.15


@pytest.mark.parametrize("name", SHELLS)
def test_the_light_shell_costs_little_more_than_mkshell(
    nix_bin: Path, inputs: Inputs, tmp_path: Path, name: str
) -> None:
    python, native, packages = SHELLS[name]
    ours, bare = tmp_path / "ours", tmp_path / "bare"
    for folder in (ours, bare):
        folder.mkdir()
    (ours / "env.yaml").write_text(f"shell: native\npython: {python}\nnative: {native}\n")
    assert run_pyenvspec(["compile", "-q", "-C", str(ours)]) == 0
    (bare / "flake.nix").write_text(BARE % {"packages": packages})
    nix = Nix(nix_bin / "nix", tmp_path)
    costs = [evaluate(nix, inputs, folder) for folder in (ours, bare)]
    for counter, most in zip(costs[0], costs[1], strict=True):
        assert counter < MOST * most


def evaluate(nix: Nix, inputs: Inputs, folder: Path) -> list[int]:
    """The counters and the bytes of one evaluation."""
    overrides = inputs.overrides(nix.input_names(folder))
    target = ".#devShells.x86_64-linux.default.drvPath"
    stats = folder / "stats.json"
    env = {"NIX_SHOW_STATS": "1", "NIX_SHOW_STATS_PATH": str(stats)}
    nix.run(
        "eval", "--no-eval-cache", "--no-write-lock-file", target, *overrides, cwd=folder, env=env
    ).check()
    told = json.loads(stats.read_text())
    return [*(told[counter] for counter in COUNTERS), told["gc"]["totalBytes"]]


def test_nvcc_accepts_the_compiler_of_every_cuda_whatever_the_release_has(nix_bin: Path) -> None:
    """Why no release is left out for its compiler: each CUDA brings its own, which shells take (shell-parts.nix)."""
    expression = """
    let
      names = lib.filter (name: lib.hasPrefix "cudaPackages_" name && has name) (lib.attrNames pkgs);
      has = name: (builtins.tryEval (pkgs.${name} ? backendStdenv && pkgs.${name}.cudaMajorMinorVersion != "")).value;
      newest = name: pkgs._cuda.db.nvccCompatibilities.${pkgs.${name}.cudaMajorMinorVersion}.gcc.maxMajorVersion;
    in {
      own = lib.versions.major pkgs.stdenv.cc.version;
      sets = lib.genAttrs names (name: [ (lib.versions.major pkgs.${name}.backendStdenv.cc.version) (newest name) ]);
    }
    """
    found = evaluate_packages(nix_bin, expression)
    assert len(found["sets"]) > 5
    for name, (compiler, newest) in found["sets"].items():
        assert int(compiler) <= int(newest), name
    assert any(int(newest) < int(found["own"]) for _, newest in found["sets"].values())

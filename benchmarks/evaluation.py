#!/usr/bin/env python3
"""What evaluating a shell costs, by Nix's own counters: Python, uv and libsndfile in several ways, and Python with pip.

Needs Nix and the sources of the inputs in the cache folder (or PYENVSPEC_INPUTS), as the tests with real Nix do.
The counters depend on the package set: only their ratios are worth keeping.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from measure import ROOT, keep, parse_arguments, print_table, workspace

sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from harness import Nix
from inputs import Inputs, cache_folder, find_inputs

from pyenvspec.cli import run as run_pyenvspec

FLAKES = Path(__file__).parent / "flakes"
ENV = """\
name: lab
shell: {shell}
systems: [x86_64-linux]
python: {{version: 3.12, manager: {manager}}}
native: [{native}]
"""
BARE, BARE_PIP, BY_HAND = (
    "a bare mkShell",
    "mkShell with the libraries of manylinux2014",
    "flake-parts and devenv, by hand",
)
# A folder of flakes/, or the manager and kind of a shell of ours.
SHELLS: dict[str, str | tuple[str, str]] = {
    BARE: "mkshell",
    "pyenvspec, shell: native": ("uv", "native"),
    "pyenvspec, shell: devenv": ("uv", "devenv"),
    "flake-parts and devenv, by hand": "by-hand",
    "devenv's flake-parts template": "devenv-template",
    "mkShell with a Python alone": "mkshell-python",
    BARE_PIP: "mkshell-pip",
    "pyenvspec, manager: pip, shell: native": ("pip", "native"),
    "pyenvspec, manager: pip, shell: devenv": ("pip", "devenv"),
}
# Inputs of inputs that a flake without our `follows` would fetch, and what stands in for a second nixpkgs.
NESTED = {
    "by-hand": {
        "nixpkgs-stable": "nixpkgs",
        "flake-parts/nixpkgs-lib": "nixpkgs",
        "devenv/git-hooks": "git-hooks",
    },
    "devenv-template": {"devenv/git-hooks": "git-hooks", "devenv/nixpkgs": "nixpkgs"},
}
TARGET = ".#devShells.x86_64-linux.default.drvPath"


def find_nix() -> Path | None:
    """Return the Nix on PATH, or the one that the tests use."""
    found = shutil.which("nix") or shutil.which("nix", path=str(cache_folder() / "nix" / "bin"))
    return Path(found) if found else None


def lay_project(kind: str | tuple[str, str], folder: Path) -> None:
    """Write the flake of one shell: one of ours compiled, or one kept beside this file."""
    if isinstance(kind, str):
        shutil.copytree(FLAKES / kind, folder)
        return
    manager, shell = kind
    folder.mkdir()
    (folder / "requirements.txt").write_text("")
    native = "libsndfile" if manager == "uv" else ""
    (folder / "env.yaml").write_text(ENV.format(shell=shell, manager=manager, native=native))
    if run_pyenvspec(["compile", "-q", "-C", str(folder)]) != 0:
        raise SystemExit(f"the {shell} shell with {manager} does not compile")


def count(nix: Nix, inputs: Inputs, folder: Path) -> dict[str, int]:
    """Return the counters of one evaluation without a cache."""
    nested = {name: inputs.path(place) for name, place in NESTED.get(folder.name, {}).items()}
    overrides = inputs.overrides(nix.input_names(folder) | set(nested), places=nested)
    stats = folder / "stats.json"
    env = {"NIX_SHOW_STATS": "1", "NIX_SHOW_STATS_PATH": str(stats)}
    # devenv asks for the project's folder, which only an impure evaluation knows; ours need not.
    impure = ["--impure"] if folder.name in NESTED else []
    asked = ["eval", *impure, "--no-eval-cache", "--no-write-lock-file", TARGET, *overrides]
    nix.run(*asked, cwd=folder, env=env).check()
    told = json.loads(stats.read_text())
    return {
        "thunks": told["nrThunks"],
        "function calls": told["nrFunctionCalls"],
        "bytes": sum(told[part]["bytes"] for part in ("envs", "list", "sets", "values")),
    }


def main() -> int:
    """Measure, print and keep."""
    options = parse_arguments(__doc__)
    program = find_nix()
    inputs = find_inputs(program) if program else None
    if program is None or not inputs:
        print("nothing measured: needs", "the flake inputs, see CONTRIBUTING.md" if program else "Nix")
        return 0
    results = {}
    with workspace() as folder:
        nix = Nix(program, folder)
        for name, kind in SHELLS.items():
            project = folder / (kind if isinstance(kind, str) else "-".join(kind))
            lay_project(kind, project)
            results[name] = count(nix, inputs, project)
            if not options.quick and results[name] != count(nix, inputs, project):
                print(f"{name}: the counters did not repeat")
        version = nix.run("--version", cwd=folder).stdout.strip()
    of_pip = [
        name for name, kind in SHELLS.items() if kind[0] == "pip" or kind in ("mkshell-python", "mkshell-pip")
    ]
    beside = {name: BARE_PIP if name in of_pip else BARE for name in SHELLS}
    rows = []
    for name, one in results.items():
        counts = (
            f"{one['thunks'] / 1e3:.0f} k",
            f"{one['function calls'] / 1e3:.0f} k",
            f"{one['bytes'] / 1e6:.0f} MB",
        )
        rows.append((name, *counts, f"{one['thunks'] / results[beside[name]]['thunks']:.2f}"))
    print_table(("", *results[BARE], "thunks of mkShell's"), rows)
    print(
        "\nThose by others build devenv's task runner from a nixpkgs that is fetched meanwhile; that is taken out."
    )
    data = {"nix": version, "nixpkgs": inputs.newest, "beside": beside, "results": results}
    keep("evaluation", data, quick=options.quick)
    return 0


if __name__ == "__main__":
    sys.exit(main())

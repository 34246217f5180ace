#!/usr/bin/env python3
"""What the second entry costs: `nix develop` into a shell that is built, against a bare mkShell of the same set.

Needs Nix and the sources of the inputs, and opens the shells with a package set of this machine's own programs
(tests/hostpkgs), as the tests do. With direnv installed, `direnv exec` too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

from evaluation import find_nix
from measure import ROOT, keep, parse_arguments, print_table, workspace

sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from harness import Shells
from inputs import find_inputs

from pyenvspec.cli import run as run_pyenvspec

ENV = "name: lab\nshell: {shell}\npython: {{version: 3.12, manager: pip}}\n"
BARE = """\
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = { nixpkgs, ... }: let pkgs = nixpkgs.legacyPackages.x86_64-linux; in {
    devShells.x86_64-linux.default = pkgs.mkShell { packages = [ pkgs.python312 ]; };
  };
}
"""


def lay_project(kind: str, folder: Path) -> None:
    """Write one of ours, or the bare shell; in a checkout, since Nix copies a folder outside of one each time."""
    folder.mkdir()
    if kind == "bare":
        (folder / "flake.nix").write_text(BARE)
    else:
        (folder / "env.yaml").write_text(ENV.format(shell=kind))
        (folder / "requirements.txt").write_text("")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    if kind != "bare" and run_pyenvspec(["compile", "-q", "-C", str(folder)]) != 0:
        raise SystemExit(f"the {kind} shell does not compile")


def enter(shells: Shells, folder: Path) -> float:
    """Return the seconds of one entry that does nothing inside."""
    return shells.nix.run("develop", ".", "-c", "true", cwd=folder).check().seconds


def enter_by_direnv(shells: Shells, folder: Path, direnv: str) -> float:
    """Return the seconds of `direnv exec` in an allowed folder whose environment is known already."""
    env = {**shells.nix.environment(), **shells.nix.configuration()}
    start = time.monotonic()
    subprocess.run(
        [direnv, "exec", str(folder), "true"], cwd=folder, env=env, check=True, capture_output=True
    )
    return time.monotonic() - start


def main() -> int:
    """Measure, print and keep."""
    options = parse_arguments(__doc__)
    program = find_nix()
    inputs = find_inputs(program) if program else None
    if program is None or not inputs:
        print("nothing measured: needs", "the flake inputs, see CONTRIBUTING.md" if program else "Nix")
        return 0
    kinds = {"a bare mkShell": "bare", "shell: native": "native", "shell: devenv": "devenv"}
    rounds = 1 if options.quick else min(options.rounds, 7)
    times: dict[str, list[float]] = {name: [] for name in kinds}
    first: dict[str, float] = {}
    with workspace() as folder:
        shells = Shells.prepare(program, inputs, folder / "host")
        for name, kind in kinds.items():
            lay_project(kind, folder / kind)
            subprocess.run(["git", "add", "--all"], cwd=folder / kind, check=True)
            shells.lock(folder / kind)
            subprocess.run(["git", "add", "--all"], cwd=folder / kind, check=True)
            first[name] = enter(shells, folder / kind)
        for _ in range(rounds):
            for name, kind in kinds.items():
                times[name].append(enter(shells, folder / kind))
        kept = measure_kept(shells, {n: folder / k for n, k in kinds.items() if k != "bare"}, rounds)
        quiet = measure_venv({n: folder / k for n, k in kinds.items() if k != "bare"}, rounds)
        direnv = measure_direnv(shells, {name: folder / kind for name, kind in kinds.items()}, rounds)
    results = {
        name: {
            "first": first[name],
            "again": median(found),
            "again_least": min(found),
            "direnv": direnv.get(name),
            "kept": kept.get(name),
            "venv": quiet.get(name),
        }
        for name, found in times.items()
    }
    bare = results["a bare mkShell"]["again_least"]
    rows = []
    for name, one in results.items():
        by_direnv = f"{one['direnv']:.2f} s" if one["direnv"] is not None else "-"
        again = one["again_least"]
        by_us = f"{one['kept']:.2f} s" if one["kept"] is not None else "-"
        by_venv = f"{one['venv'] * 1000:.0f} ms" if one["venv"] is not None else "-"
        rows.append(
            (
                name,
                f"{one['first']:.2f} s",
                f"{again:.2f} s",
                f"{again / bare:.2f}",
                by_direnv,
                by_us,
                by_venv,
            )
        )
    head = (
        "by the clock",
        "first",
        "again, least",
        "of mkShell's",
        "direnv, again",
        "pyenvspec shell, again",
        "of it .venv, CPU time",
    )
    print_table(head, rows)
    if not direnv:
        print("\nwithout direnv: not installed, or its environment could not be made here")
    keep("entering", {"results": results}, quick=options.quick)
    return 0


def measure_venv(folders: dict[str, Path], rounds: int) -> dict[str, float]:
    """Return the least CPU time that the .venv's part adds to a bash, where nothing is to be done."""
    hook = ROOT / "nix" / "modules" / "venv.sh"
    found: dict[str, float] = {}
    for name, folder in folders.items():
        made = (folder / ".venv" / ".pyenvspec-made").read_text().splitlines()[0].removeprefix("python ")
        variables = {
            "PYENVSPEC_PYTHON": made,
            "PYENVSPEC_MANAGER": "pip",
            "PYENVSPEC_REQUIREMENTS": "requirements.txt",
            "PATH": os.environ["PATH"],
        }
        times: dict[str, list[float]] = {":": [], f'. "{hook}"': []}
        for _ in range(rounds * 5):
            for code, one in times.items():
                before = getrusage(RUSAGE_CHILDREN)
                argv = ["bash", "--norc", "-c", code]
                done = subprocess.run(argv, cwd=folder, env=variables, check=True, capture_output=True)
                after = getrusage(RUSAGE_CHILDREN)
                one.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
                if done.stderr:
                    raise SystemExit(f"the .venv was not current: {done.stderr.decode()}")
        without, with_it = (min(one) for one in times.values())
        found[name] = with_it - without
    return found


def measure_kept(shells: Shells, folders: dict[str, Path], rounds: int) -> dict[str, float]:
    """Return the least time of `pyenvspec shell -- true` once the environment is kept."""
    program = shutil.which("pyenvspec", path=str(Path(sys.executable).parent))
    if program is None:
        return {}
    environment = {**shells.nix.environment(), **shells.nix.configuration()}
    times: dict[str, list[float]] = {}
    for turn in range(rounds + 2):
        for name, folder in folders.items():
            start = time.monotonic()
            argv = [program, "shell", "-q", "--", "true"]
            subprocess.run(argv, cwd=folder, env=environment, check=True, capture_output=True)
            # The first makes the environment, the second writes it out.
            times.setdefault(name, []).extend([time.monotonic() - start] if turn > 1 else [])
    return {name: min(found) for name, found in times.items()}


def measure_direnv(shells: Shells, folders: dict[str, Path], rounds: int) -> dict[str, float]:
    """Return the least time of each folder; nothing where direnv or nix-direnv is missing."""
    direnv = shutil.which("direnv")
    if direnv is None or not shells.inputs.has("nix-direnv"):
        return {}
    script = shells.inputs.path("nix-direnv") / "direnvrc"
    place = shells.nix.home / ".config" / "direnv" / "lib"
    place.mkdir(parents=True)
    (place / "nix-direnv.sh").write_text(script.read_text())
    times: dict[str, list[float]] = {}
    for folder in folders.values():
        (folder / ".envrc").write_text("use flake\n") if not (folder / ".envrc").exists() else None
        environment = os.environ | shells.nix.environment()
        subprocess.run([direnv, "allow", str(folder)], env=environment, check=True, capture_output=True)
        try:
            enter_by_direnv(shells, folder, direnv)
        except subprocess.CalledProcessError as error:
            print(error.stderr.decode(errors="replace")[-600:])
            return {}
    for _ in range(rounds):
        for name, folder in folders.items():
            times.setdefault(name, []).append(enter_by_direnv(shells, folder, direnv))
    return {name: min(found) for name, found in times.items()}


if __name__ == "__main__":
    sys.exit(main())

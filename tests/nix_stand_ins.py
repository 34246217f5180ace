"""Evaluates compiled projects where no flake input is at hand, with small stand-ins for the inputs (tests/nix).

In: a folder with env.yaml. Out: shells, packages and locked packages as data. `lib` may be the real one of nixpkgs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from pyenvspec.driver import compile_project
from pyenvspec.writing.write import apply, plan_writes

STAND_INS = Path(__file__).parent / "nix"
# Any word may be the name of a package, in one set or another.
_WORD = re.compile(r"[A-Za-z_][\w-]*")


def lay(folder: Path, files: dict[str, str]) -> Path:
    """Write the files of a project, compile it, and return its folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    apply(plan_writes(folder, compile_project(folder).files))
    return folder


def evaluate(nix_bin: Path, project: Path, *, system: str = "x86_64-linux", lib: Path | None = None) -> Any:
    """What Nix says of a compiled project; raises AssertionError with Nix' own words.

    Besides what evaluate.nix gives, `contents`: the texts of all packages that were used, by their name.
    """
    module = (project / "nix/pyenvspec/default.nix").read_text()
    names = set(_WORD.findall(module))
    options = ["--store", "dummy://", "--readonly-mode", "--eval", "--strict", "--json"]
    arguments = ["--arg", "project", str(project.resolve()), "--argstr", "system", system]
    if lib is not None:
        arguments += ["--arg", "lib", f"import {lib}"]
    done = subprocess.run(
        [str(nix_bin / "nix-instantiate"), *options, str(STAND_INS / "evaluate.nix"), *arguments],
        env=os.environ | {"PYENVSPEC_NAMES": json.dumps(sorted(names))},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    told = [line for line in done.stderr.splitlines() if not line.startswith("trace: PACKAGE")]
    assert done.returncode == 0, "\n".join(told[-60:])
    answer: dict[str, Any] = json.loads(done.stdout)
    contents: dict[str, list[str]] = {}
    for line in sorted(re.findall(r"^trace: PACKAGE (.*)$", done.stderr, re.MULTILINE)):
        package = json.loads(line)
        contents.setdefault(package["name"], []).append(package["text"])
    return answer | {"contents": contents}

"""Locks as Nix reads them, beside what uv itself would install; the functions one by one are in nix/tests."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from harness import find_pythons, install_tools
from inputs import find_inputs

pytestmark = [pytest.mark.nix, pytest.mark.inputs]
MODULES = Path(__file__).parents[2] / "nix" / "modules"


def evaluate(nix_bin: Path, expression: str, **given: object) -> Any:
    """The value of an expression over `lib`, `pkgs`, `modules` and `given`."""
    nixpkgs = find_inputs(nix_bin / "nix").path("nixpkgs")
    whole = (
        f"given: let pkgs = import {nixpkgs} {{ system = given.system; config = {{ }}; overlays = [ ]; }};\n"
        f"inherit (pkgs) lib; modules = {MODULES}; in {expression}"
    )
    command = [
        str(nix_bin / "nix-instantiate"),
        "--eval",
        "--strict",
        "--json",
        "--expr",
        f"({whole}) (builtins.fromJSON",
    ]
    command[-1] += (
        f" {json.dumps(json.dumps({'system': 'x86_64-linux', **given})).replace('${', chr(92) + '${')})"
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


PYPROJECT = """[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.10"
dependencies = ["requests[socks]; sys_platform != 'win32'", "rich", "tomli; python_version < '3.11'"]
[project.optional-dependencies]
old = ["click<8.1"]
new = ["click>=8.1"]
[dependency-groups]
dev = ["iniconfig"]
docs = ["markupsafe", {include-group = "lint"}]
lint = ["colorama"]
[tool.uv]
package = false
conflicts = [[{extra = "old"}, {extra = "new"}]]
"""


@pytest.mark.slow
@pytest.mark.parametrize(("groups", "extras"), [((), ()), (("docs",), ("old",)), (("lint",), ("new",))])
def test_a_uv_lock_gives_what_uv_itself_would_install(
    nix_bin: Path, tmp_path: Path, groups: tuple[str, ...], extras: tuple[str, ...]
) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    uv, python = str(install_tools() / "uv"), next(iter(find_pythons().values()))
    made = subprocess.run(
        [uv, "lock", "-q", "--python", python["executable"]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"`uv lock` needs the package index: {made.stderr.strip()}")
    words = [*(f"--group={g}" for g in groups), *(f"--extra={e}" for e in extras)]
    dry = [
        "--frozen",
        "--dry-run",
        "--no-install-project",
        "--python",
        python["executable"],
        "--python-platform",
        "linux",
    ]
    shown = subprocess.run(
        [uv, "sync", *dry, *words], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stderr
    wanted = {f"{name} {version}" for name, version in re.findall(r"^ \+ (\S+)==(\S+)", shown, re.MULTILINE)}
    found = evaluate(
        nix_bin,
        "let read = import (modules + /locked-packages.nix) "
        "{ inherit lib pkgs; python.version = given.python; reader = modules + /lock-uv.nix; } "
        '{ folder = /. + given.folder; file = "uv.lock"; inherit (given) groups extras; }; '
        'in map (package: "${package.name} ${package.version}") (read.wheels ++ read.missing)',
        folder=str(tmp_path),
        python=python["version"],
        groups=groups,
        extras=extras,
    )
    assert set(found) == wanted
    assert len(wanted) >= 5

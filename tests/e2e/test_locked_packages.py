"""Locks as Nix reads them, beside what the tools of Python themselves say: packaging, and where they are at hand uv."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from harness import find_pythons, install_tools
from inputs import find_inputs
from packaging.markers import Marker
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.nix, pytest.mark.inputs]
MODULES = Path(__file__).parents[2] / "nix" / "modules"

MARKERS = [
    "",
    "python_version >= '3.10'",
    "python_version < '3.9' or python_version == '3.11'",
    "python_full_version >= '3.11.4' and sys_platform == 'linux'",
    "python_full_version < '3.11'",
    "python_full_version == '3.11.*'",
    "python_full_version != '3.11.*'",
    "python_version ~= '3.10'",
    "python_version > '3.10' and python_version <= '3.11'",
    "python_version == '3.11.0'",
    "python_version not in '3.9, 3.10'",
    "python_version in '3.10 3.11'",
    "(sys_platform == 'win32' or os_name == 'posix') and platform_machine != 'arm64'",
    "sys_platform == 'win32' or os_name == 'posix' and platform_machine == 'arm64'",
    "platform_python_implementation != 'PyPy' and implementation_name == \"cpython\"",
    "platform_system in 'Linux,Darwin'",
    "'linux' in sys_platform",
    "'3.11' == python_version",
    "extra == 'gpu'",
    "extra != 'gpu'",
    "extra == 'cpu' or (extra == 'gpu' and sys_platform == 'linux')",
    "platform_machine == 'x86_64' and (python_version < '3.12' or extra == 'x')",
]
WHEELS = [
    "a-1-py3-none-any.whl",
    "a-1-py2.py3-none-any.whl",
    "a-1-py2-none-any.whl",
    "a-1-py310-none-any.whl",
    "a-1-py312-none-any.whl",
    "a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "a-1-cp311-cp311-manylinux_2_28_x86_64.whl",
    "a-1-cp311-cp311-manylinux_2_99_x86_64.whl",
    "a-1-cp311-cp311-musllinux_1_2_x86_64.whl",
    "a-1-cp311-cp311-manylinux_2_28_aarch64.whl",
    "a-1-cp311-cp311-win_amd64.whl",
    "a-1-cp311-cp311-macosx_11_0_arm64.whl",
    "a-1-cp313-cp313t-manylinux_2_28_x86_64.whl",
    "a-1-cp310-cp310-manylinux_2_28_x86_64.whl",
    "a-1-cp38-abi3-manylinux_2_28_x86_64.whl",
    "a-1-cp39-abi3-manylinux1_x86_64.whl",
    "a-1-cp312-abi3-manylinux_2_28_x86_64.whl",
    "a-1-py3-none-manylinux1_x86_64.manylinux_2_28_x86_64.whl",
    "a-1-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.whl",
    "a-1-cp311-none-any.whl",
    "a-1-2-cp311-cp311-linux_x86_64.whl",
    "a-1-pp310-pypy310_pp73-manylinux_2_28_x86_64.whl",
]
ENVIRONMENT: dict[str, str | set[str]] = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.9",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_release": "",
    "platform_system": "Linux",
    "platform_version": "",
    "python_full_version": "3.11.9",
    "platform_python_implementation": "CPython",
    "python_version": "3.11",
    "sys_platform": "linux",
}


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


def test_markers_hold_as_packaging_says(nix_bin: Path) -> None:
    for extra in ("", "gpu"):
        environment = {**ENVIRONMENT, "extra": [extra] if extra else []}
        found = evaluate(
            nix_bin,
            "map (import (modules + /markers.nix) { inherit lib; } given.environment) given.markers",
            environment=environment,
            markers=MARKERS,
        )
        wanted = [not text or Marker(text).evaluate({**ENVIRONMENT, "extra": extra}) for text in MARKERS]
        assert dict(zip(MARKERS, found, strict=True)) == dict(zip(MARKERS, wanted, strict=True))


def _tags() -> Iterator[object]:
    """The tags of a CPython 3.11 on a Linux with glibc 2.36, best first."""
    named = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    platforms = []
    for minor in range(36, 4, -1):
        platforms += [f"manylinux_2_{minor}_x86_64", *([f"{named[minor]}_x86_64"] if minor in named else [])]
    platforms.append("linux_x86_64")
    yield from cpython_tags((3, 11), ["cp311"], platforms)
    yield from compatible_tags((3, 11), "cp311", platforms)


def test_the_wheel_is_chosen_that_packaging_ranks_first(nix_bin: Path) -> None:
    order = {tag: rank for rank, tag in enumerate(_tags())}
    ranks = {
        name: min((order[t] for t in parse_wheel_filename(name)[3] if t in order), default=None)
        for name in WHEELS
    }
    # Each is in turn the best of the rest.
    left, wanted = list(WHEELS), []
    while left:
        fitting = [name for name in left if ranks[name] is not None]
        best = min(fitting, key=lambda name: ranks[name]) if fitting else None  # type: ignore[arg-type,return-value]
        wanted.append(best)
        left = [name for name in left if name != best] if best else []
    remaining = [[n for n in WHEELS if n not in wanted[:index]] for index in range(len(wanted))]
    found = evaluate(
        nix_bin,
        "map (import (modules + /wheel-tags.nix) { inherit lib; } "
        '{ pythonVersion = "3.11"; platform = pkgs.stdenv.hostPlatform; glibc = "2.36"; }) given.lists',
        lists=remaining,
    )
    assert found == wanted


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
        "let read = import (modules + /locked-packages.nix) { inherit lib pkgs; python.version = given.python; } "
        '{ folder = /. + given.folder; file = "uv.lock"; inherit (given) groups extras; }; '
        'in map (package: "${package.name} ${package.version}") (read.wheels ++ read.missing)',
        folder=str(tmp_path),
        python=python["version"],
        groups=groups,
        extras=extras,
    )
    assert set(found) == wanted
    assert len(wanted) >= 5

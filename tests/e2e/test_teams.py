"""`cache push` and `ship` with the real Nix: stores in folders stand for the team's cache and for another machine."""

from __future__ import annotations

import re
import shlex
import sys
from typing import TYPE_CHECKING

import pytest
from labs import KINDS, Lab

from pyenvspec.facts.systems import this_system

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Result, Shells

pytestmark = [pytest.mark.nix, pytest.mark.inputs, pytest.mark.slow]


@pytest.fixture(scope="module", params=KINDS)
def lab(request: pytest.FixtureRequest, shells: Shells, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A project of both kinds of shell, in a folder with a space."""
    root = tmp_path_factory.mktemp(request.param) / "a lab"
    cache = root.parent / "cache"
    return Lab(
        shells,
        root,
        request.param,
        "systems: [x86_64-linux]",
        "native: [ffmpeg]",
        "env: {SEED: 42}",
        "variants: {cpu: {env: {SEED: 7}}}",
        f"caches: [{{url: 'file://{cache}', key: 'x-1:AAAA', push: true}}]",
    )


def pyenvspec(lab: Lab, *words: str) -> Result:
    """A verb, as typed in the project."""
    return lab.run(sys.executable, "-m", "pyenvspec", *words)


def test_a_cache_is_filled_with_every_shell(lab: Lab) -> None:
    done = pyenvspec(lab, "cache", "push").check()
    cache = lab.root.parent / "cache"
    assert f"copy --to file://{cache}" in done.stderr
    nix = str(lab.shells.nix.program)
    for shell in ("default", "cpu"):
        output = f".#devShells.{this_system()}.{shell}"
        path = lab.run(nix, "eval", "--raw", output).check().stdout
        info = lab.run(nix, "path-info", "--recursive", "--store", f"file://{cache}", path).check()
        assert any("ffmpeg" in line for line in info.stdout.split())


def test_a_shell_is_copied_and_entered_as_printed(lab: Lab, tmp_path: Path) -> None:
    nix = str(lab.shells.nix.program)
    output = f".#devShells.{this_system()}.cpu"
    lab.run(nix, "build", "--no-link", output).check()
    seen = lab.run(nix, "store", "verify", "--no-trust", "--recursive", output).stderr
    if modified := re.findall(r"path '(.*)' was modified", seen):
        pytest.skip(
            f"needs a store that root's programs did not write to: nix store repair {' '.join(modified)}"
        )
    store = f"local?root={tmp_path}/elsewhere"
    done = pyenvspec(lab, "ship", store, "cpu").check()
    command = shlex.split(done.stdout)
    assert command[-4:-1] == ["develop", "--store", store]
    assert (tmp_path / "elsewhere" / command[-1].lstrip("/")).exists()
    entered = lab.run(*command, "--command", "sh", "-c", 'echo "$SEED"; command -v ffmpeg').check()
    seed, program = entered.stdout.splitlines()[-2:]
    assert seed == "7"
    assert program.startswith("/nix/store/")

"""What `doctor --online` counts, against what the real Nix then does; and Nix's own words, which it reads."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING

import pytest
from labs import Lab

from pyenvspec.commands.doctor import builds
from pyenvspec.commands.doctor.command import DoctorOptions, examine
from pyenvspec.commands.doctor.host import SystemHost
from pyenvspec.facts.systems import this_system
from pyenvspec.tools import SystemRunner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness import Shells

pytestmark = [pytest.mark.nix, pytest.mark.inputs, pytest.mark.slow]

# A package, as far as Nix can tell: it has a source.
FLAKE = """
{
  outputs = _: {
    packages.SYSTEM.default = derivation {
      name = "made-1.0";
      system = "SYSTEM";
      builder = "/bin/sh";
      args = [ "-c" "echo made > $out" ];
      src = builtins.toFile "source" "x";
    };
  };
}
"""


class NoAnswer(SystemHost):
    """The machine, without a network."""

    def fetch(self, url: str) -> str | None:
        return "no network here"


@contextlib.contextmanager
def environment(lab: Lab) -> Iterator[None]:
    """What the lab's own commands get, for those that we start ourselves."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(lab.environment())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def count(lab: Lab, capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    """What doctor says of builds."""
    capsys.readouterr()
    with environment(lab):
        examine(DoctorOptions("doctor", lab.root, json=True, online=True), NoAnswer(), SystemRunner())
    checks = json.loads(capsys.readouterr().out)["checks"]
    return [check for check in checks if check["group"] == builds.GROUP]


def test_what_is_counted_is_what_is_built(
    shells: Shells, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A name that no other test has: nothing of it is in the store.
    name = f"counted{os.getpid()}"
    lab = Lab(shells, tmp_path / "lab", "native", f"name: {name}", f"scripts: {{{name}: echo here}}")
    before = count(lab, capsys)
    assert [check["mark"] for check in before] == ["ok", "ok"], before
    assert "small files to make here" in before[0]["text"]
    assert before[1]["text"] == "nothing is compiled here"
    lab.enter("true").check()
    plain = shells.nix.run("build", "--no-link", f".#devShells.{this_system()}.default", cwd=lab.root)
    plain.check()
    assert [check["text"] for check in count(lab, capsys)] == [
        "the shell is in the store: nothing is fetched or built"
    ]


def test_an_error_of_the_users_own_module_is_told(
    shells: Shells, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = Lab(shells, tmp_path / "lab", "native")
    (lab.root / "extra.nix").write_text('{ perSystem = _: throw "the reason is here"; }\n')
    lab.describe("modules: [./extra.nix]", python="{version: 3.11, manager: pip}")
    (check,) = count(lab, capsys)
    assert check["mark"] == "problem"
    assert "the reason is here" in check["text"]


def test_what_nix_says_of_a_build_and_of_a_cache_is_read(shells: Shells, tmp_path: Path) -> None:
    """The sentences that a dry run prints, of this Nix: to build, then to fetch from a cache that has it."""
    (tmp_path / "flake.nix").write_text(FLAKE.replace("SYSTEM", this_system()))
    nix = shells.nix
    dry = ("build", "--dry-run", "--no-write-lock-file", f"{tmp_path}#packages.{this_system()}.default")
    alone = ("--store", f"local?root={tmp_path}/alone")
    asked = nix.run(*dry, *alone, cwd=tmp_path).check()
    listed = builds._BUILT.search(asked.stderr)
    assert listed, asked.stderr
    assert len(listed[1].split()) == 1
    shown = nix.run("derivation", "show", *listed[1].split(), *alone, cwd=tmp_path).check()
    assert builds.sort_out(shown.stdout).compiled == ("made-1.0",)

    built = nix.run("build", "--no-link", "--print-out-paths", *dry[3:], cwd=tmp_path).check().stdout.strip()
    cache = f"file://{tmp_path}/cache"
    nix.run("copy", "--to", cache, built, cwd=tmp_path).check()
    words = ("--option", "substituters", cache, "--option", "require-sigs", "false")
    asked = nix.run(*dry, *alone, *words, cwd=tmp_path).check()
    fetched = builds._FETCHED.search(asked.stderr)
    assert fetched, asked.stderr
    assert fetched[2].endswith("iB")
    assert not builds._BUILT.search(asked.stderr)

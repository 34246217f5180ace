"""`pyenvspec shell` a second time: from the kept environment, without Nix, for as long as nothing changed."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from labs import KINDS, VERSION, Lab

if TYPE_CHECKING:
    from harness import Result, Shells

pytestmark = [pytest.mark.nix, pytest.mark.inputs, pytest.mark.slow]

WITHOUT_NIX = {"PATH": "/usr/bin:/bin"}


@pytest.fixture(params=KINDS)
def lab(request: pytest.FixtureRequest, shells: Shells, tmp_path: Path) -> Lab:
    made = Lab(shells, tmp_path / "R&D lab", request.param, "env: {SEED: 42}", "on_enter: echo entered")
    made.require("1.0")
    return made


def shell(lab: Lab, *words: str, env: dict[str, str] | None = None) -> Result:
    argv = [str(Path(sys.executable).with_name("pyenvspec")), "shell", "-q", *words]
    return lab.run(*argv, env={"XDG_CACHE_HOME": str(lab.root.parent / "cache"), **(env or {})})


SHOW = (
    "--",
    "python",
    "-c",
    f"import os; {VERSION}; print(os.environ['SEED'], os.environ['PYENVSPEC_ROOT'])",
)


def test_it_opens_again_without_nix_and_the_same(lab: Lab) -> None:
    names = ("--", "bash", "-c", 'compgen -e | sort; echo "$PATH"; echo "$0|$-|$#"')
    expected = f"entered\n1.0\n42 {lab.root}\n"
    assert shell(lab, *SHOW).check().stdout == expected
    first = shell(lab, *names).check().stdout
    assert shutil.which("nix", path=WITHOUT_NIX["PATH"]) is None
    again = shell(lab, *SHOW, env=WITHOUT_NIX).check()
    assert (again.stdout, again.stderr) == (expected, "")
    assert shell(lab, *names).check().stdout == first
    assert shell(lab, "--", "bash", "-c", "exit 7", env=WITHOUT_NIX).code == 7
    asked = shell(lab, "--", "printf", "%s|", "a b", "", "$HOME", env=WITHOUT_NIX).check()
    assert asked.stdout == "entered\na b||$HOME|"
    # What entering does, it does: the lock is installed when it changes.
    lab.require("2.0")
    changed = shell(lab, *SHOW, env=WITHOUT_NIX).check()
    assert changed.stdout == f"entered\n2.0\n42 {lab.root}\n"


def test_it_is_nix_again_when_what_it_came_from_changes(lab: Lab) -> None:
    for _ in range(2):
        shell(lab, *SHOW).check()
    text = (lab.root / "env.yaml").read_text()
    (lab.root / "env.yaml").write_text(text.replace("42", "43"))
    assert shell(lab, *SHOW).check().stdout.endswith(f"43 {lab.root}\n")
    for _ in range(2):
        assert shell(lab, *SHOW).check().stdout.endswith(f"43 {lab.root}\n")
    module = lab.root / "nix" / "pyenvspec" / "vendor" / "venv.sh"
    kept = module.read_text()
    module.write_text(kept + "\necho another\n")
    assert "compiled env.yaml" not in shell(lab, *SHOW, env=WITHOUT_NIX).stdout
    assert shell(lab, *SHOW, env=WITHOUT_NIX).code == 127


def test_nix_keeps_it_from_its_garbage_collector(lab: Lab) -> None:
    for _ in range(2):
        shell(lab, *SHOW).check()
    (profile,) = (lab.root.parent / "cache" / "pyenvspec" / "shells").glob("*/profile")
    store = str(lab.shells.nix.program.with_name("nix-store"))
    roots = lab.run(store, "--query", "--roots", os.path.realpath(profile)).check().stdout
    assert str(profile.parent) in roots


def test_its_variables_are_printed_for_editors(lab: Lab) -> None:
    for _ in range(2):
        shown = json.loads(shell(lab, "--print-env", "--json").check().stdout)
        assert shown["SEED"] == "42"
        assert shown["VIRTUAL_ENV"] == f"{lab.root}/.venv"
        assert not {"PYENVSPEC_KEPT", "PYENVSPEC_KEEP", "PYENVSPEC_ELSEWHERE"} & set(shown)
    code = shell(lab, "--print-env").check().stdout
    there = lab.run("bash", "-c", f'{code}\necho "$SEED|$VIRTUAL_ENV"').check()
    assert there.stdout == f"42|{lab.root}/.venv\n"

"""Extras and groups that exclude each other, under uv2nix: one chosen, or none, in the lock as uv writes it.

uv2nix alone ends as "Infinite recursion: Could not resolve dependencies" where none is chosen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from lock_labs import lay_lab
from test_lock_managers import CONFLICTS, ENV, PROJECT, TORCH, _closure, labs

if TYPE_CHECKING:
    from pathlib import Path

    from lock_labs import Lab

__all__ = ["labs"]  # a fixture

pytestmark = [pytest.mark.nix, pytest.mark.inputs, pytest.mark.slow]

BOTH = TORCH % ("2.1.0", "https://files.example/simple", "2.1.0", "0" * 64) + TORCH % (
    "2.1.0+cpu",
    "https://whl.example/cpu",
    "2.1.0%2Bcpu",
    "1" * 64,
)
PLAIN = '{ name = "torch", version = "2.1.0", source = { registry = "https://files.example/simple" } }'
WRAPPED = '{ name = "wrap", version = "1.0", source = { registry = "https://files.example/simple" } }'
WRAP = f"""
[[package]]
name = "wrap"
version = "1.0"
source = {{ registry = "https://files.example/simple" }}
dependencies = [{PLAIN}]
wheels = [{{ url = "https://whl.example/wrap-1.0-py3-none-any.whl", hash = "sha256:{"2" * 64}" }}]
"""
GROUPS = (
    CONFLICTS.replace("extra =", "group =").replace("optional-dependencies", "dev-dependencies")
    + '[package.metadata.requires-dev]\ncpu = [{ name = "torch" }]\ngpu = [{ name = "torch" }]\n'
)
EXTRAS_OF = '[project.optional-dependencies]\ncpu = ["torch"]\ngpu = ["torch"]\n'
GROUPS_OF = '[dependency-groups]\ncpu = ["torch"]\ngpu = ["torch"]\n'
LOCKS = {
    "extras": (CONFLICTS + BOTH, EXTRAS_OF),
    # the second version by way of another package
    "extras, deeper": (CONFLICTS.replace(PLAIN, WRAPPED) + WRAP + BOTH, EXTRAS_OF),
    "groups": (GROUPS + BOTH, GROUPS_OF),
}


@pytest.mark.parametrize("kind", LOCKS)
@pytest.mark.parametrize("chosen", ["", "cpu", "gpu"])
def test_one_or_none_is_chosen(labs: dict[str, Lab], tmp_path: Path, kind: str, chosen: str) -> None:
    lock, of = LOCKS[kind]
    key = f", {kind.split(',')[0]}: [{chosen}]" if chosen else ""
    files = {
        "env.yaml": f"python: {{version: 3.12, manager: uv2nix{key}}}\nsystems: [x86_64-linux]\nfixes: none\n",
        "pyproject.toml": PROJECT + of,
        "uv.lock": lock,
    }
    lab = replace(labs["uv2nix"], folder=lay_lab(tmp_path / "lab", files))
    torch = [name for name in _closure(lab, ENV) if "torch-2.1.0" in name]
    assert bool(torch) == bool(chosen)
    assert all(("+cpu" in name) == (chosen == "cpu") for name in torch)

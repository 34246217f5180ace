"""Every file of facts is claimed: by a test over the real thing, or by a reason why there is none."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from claims import HELD, OF_ANOTHER_WORLD

from pyenvspec.facts._load import DATA

E2E = Path(__file__).parent.parent / "e2e"


def test_each_file_of_facts_is_claimed_once() -> None:
    files = {path.name for path in DATA.iterdir() if path.suffix in (".json", ".tsv")}
    assert files == HELD.keys() | OF_ANOTHER_WORLD.keys(), (
        "say in tests/claims.py what holds it to the real thing"
    )
    assert not HELD.keys() & OF_ANOTHER_WORLD.keys()


@pytest.mark.parametrize("name", sorted({name for names in HELD.values() for name in names}))
def test_the_test_that_is_named_is_there(name: str) -> None:
    file, _, function = name.partition("::")
    tree = ast.parse((E2E / file).read_text())
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}

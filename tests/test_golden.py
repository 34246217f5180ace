"""Golden cases: folders with an env.yaml and what it must give, side by side.

`ok/` cases hold the expected flake.nix and default.nix, `bad/` cases the expected messages in errors.txt.
`pytest --update-golden` writes them again; the difference is to be read.
"""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from pyenvspec.diagnostics import CODES, PyenvspecError
from pyenvspec.driver import compile_project, compile_tree, read_manifest
from pyenvspec.nixexpr import render
from pyenvspec.raw import Mapping, Node, Sequence
from pyenvspec.reporter import format_text

GOLDEN = Path(__file__).parent / "golden"
OK = sorted(path for path in (GOLDEN / "ok").iterdir() if path.is_dir())
BAD = sorted(path for path in (GOLDEN / "bad").iterdir() if path.is_dir())


def _names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def _generated(files: dict[str, bytes]) -> dict[str, str]:
    return {
        "flake.nix": files["flake.nix"].decode(),
        "default.nix": files["nix/pyenvspec/default.nix"].decode(),
        **({".envrc": files[".envrc"].decode()} if ".envrc" in files else {}),
    }


@pytest.mark.parametrize("case", OK, ids=_names(OK))
def test_a_valid_file_gives_exactly_these_files(case: Path, update_golden: bool) -> None:
    given = _generated(compile_project(case).files)
    for name, text in given.items():
        expected = (
            case / f"expected{name.removeprefix('.')}" if name == ".envrc" else case / f"expected-{name}"
        )
        if update_golden:
            expected.write_text(text)
        assert text == expected.read_text()


@pytest.mark.parametrize("case", OK, ids=_names(OK))
def test_a_second_run_gives_the_same_bytes(case: Path) -> None:
    assert compile_project(case).files == compile_project(case).files


@pytest.mark.parametrize("case", OK, ids=_names(OK))
def test_the_order_of_keys_does_not_matter(case: Path) -> None:
    raw = read_manifest(case)
    root = _shuffled(raw.root, random.Random(7))
    assert isinstance(root, Mapping)
    assert compile_tree(case, replace(raw, root=root)).files == compile_project(case).files


def _shuffled(node: Node, order: random.Random) -> Node:
    if isinstance(node, Sequence):
        return replace(node, items=tuple(_shuffled(item, order) for item in node.items))
    if isinstance(node, Mapping):
        entries = [replace(entry, value=_shuffled(entry.value, order)) for entry in node.entries]
        order.shuffle(entries)
        return replace(node, entries=tuple(entries))
    return node


@pytest.mark.parametrize("case", OK, ids=_names(OK))
def test_a_width_of_one_still_prints(case: Path) -> None:
    for tree in compile_project(case).trees.values():
        assert render(tree, width=1)


@pytest.mark.parametrize("case", BAD, ids=_names(BAD))
def test_mistakes_are_told_like_this(case: Path, update_golden: bool) -> None:
    with pytest.raises(PyenvspecError) as caught:
        compile_project(case)
    text = format_text(caught.value.diagnostics, color=False)
    expected = case / "errors.txt"
    if update_golden:
        expected.write_text(text)
    assert text == expected.read_text()


def test_every_code_of_reading_and_validating_has_a_golden_case() -> None:
    told = "\n".join((case / "errors.txt").read_text() for case in BAD)
    elsewhere = (
        "write-",
        "git-",
        "lock-",
        "pin-",
        "stale-",
        "tool-",
        "file-",
        "prefetch-",
        "yaml-",
        "init-",
        "release-",
        "build-",  # warnings
        "native-on-macos",  # a note
    )
    # Told by commands; tests/unit/test_command_*.py has their whole messages.
    commands = (
        "edit-",
        "nix-missing",
        "nix-unasked",
        "container-base",
        "container-unknown",
        "container-no-registry",
        "engine-missing",
        "cache-not-filled",
        "variant-unknown",
        "ship-",
        "run-",
        "host-",
        "clean-",
    )
    missing = [
        code for code in CODES if f"[{code}]" not in told and not code.startswith((*elsewhere, *commands))
    ]
    assert missing == []

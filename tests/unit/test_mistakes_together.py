"""Several mistakes in one env.yaml: each is told as if it stood alone, and nothing besides.

The files are put together from those of `test_mistakes`, where they have no key in common.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from test_mistakes import MISTAKES, P, told

if TYPE_CHECKING:
    from pathlib import Path

# A file that is another tool's, has no Python at all, or two of it, says nothing of the rest.
ALONE = ("conda's file", "no python", "marks of git", "marks of git with the common ancestor")
NAMES = [name for name in MISTAKES if name not in ALONE]
_PYTHON = "py"


def blocks(text: str) -> dict[str, str]:
    """Return the lines of a file by the key of the top level that they belong to; a key twice stays together."""
    found: dict[str, str] = {}
    for line in text.replace("\r\n", "\n").splitlines(keepends=True):
        if line != P:
            start = re.match(r"[\w-]+", line)
            key = start[0] if start else list(found)[-1]
            found[key] = found.get(key, "") + line
    return found


def joined(*texts: str) -> str | None:
    """Return one file with the mistakes of several, or None where two are about one key."""
    parts = [blocks(text) for text in texts]
    keys = [_PYTHON if key.startswith(_PYTHON) else key for part in parts for key in part]
    if len(set(keys)) < len(keys):
        return None
    return ("" if _PYTHON in keys else P) + "".join(text for part in parts for text in part.values())


def summary(root: Path, text: str) -> Counter[tuple[str, str]]:
    return Counter((one.code, re.sub(r"lines? \d+", "line", one.message)) for one in told(root, text))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Counter[tuple[str, str]]]:
    root = tmp_path_factory.mktemp("alone")
    return {name: summary(root, MISTAKES[name][0]) for name in NAMES}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [2, 3])
def test_no_mistake_hides_another(
    count: int, seed: int, alone: dict[str, Counter[tuple[str, str]]], tmp_path: Path
) -> None:
    choose = random.Random(f"{count} {seed}")
    for names in (choose.sample(NAMES, count) for _ in range(60)):
        text = joined(*(MISTAKES[name][0] for name in names))
        if text is not None:
            assert summary(tmp_path, text) == sum((alone[name] for name in names), Counter()), text


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        # one block, line by line; a line that was no YAML does not make others wrong
        (
            "python: 3.12\nscripts:\n  a: x: y\n  b: it: 'is'\n  c: 'don't'\n  d: @x\n  e: ok\n",
            ["yaml-syntax"] * 4,
        ),
        (
            "python: 3.12\nenv:\n    A: 1\n  B: 2\n  C: 3\nshell: zsh\n",
            ["yaml-syntax", "invalid-choice"],
        ),
        ("name lab\npython: 3.12\nnative: [ffmpge]\n", ["yaml-syntax", "native-unknown"]),
        (" name: l/b\npython: 3.12\nnative: [ffmpge]\n", ["yaml-syntax", "invalid-value", "native-unknown"]),
        # a dotted key is none, and stands for the one that was meant
        ("python.version: 3.12\ncuda.version: 12.8\nenv: {A: '${cuda.nccl}'}\n", ["unknown-key"] * 2),
        # in one block, and a value that could not be read beside others
        ("python: 3.12\nenv:\n  A: b: c\n  HF_TOKEN: hf_x\n", ["yaml-syntax", "env-secret"]),
        (
            "python: 3.12\nnative: [ffmpeg=4, ffmpge, pytorch]\n",
            ["invalid-value", "native-unknown", "native-refused"],
        ),
        ("python：3.1\n", ["yaml-lookalike", "python-version"]),
        (
            "python: 3.12\ncuda:\n\tversion: 11.9\n\tcuddn: 8\nnative: [ffmpge\nshell: zsh\n",
            ["yaml-tab", "unknown-key", "yaml-syntax", "invalid-choice"],
        ),
        ("python: 3.12\ndescription: \"a\nname: 'x'\nnative: [ffmpge]\n", ["yaml-syntax", "native-unknown"]),
        # versions: each with what works once the others are right
        ("python: 3.99\ncuda: 11.9\nnative: [ffmpge]\n", ["no-release", "no-release", "native-unknown"]),
        ("python: 3.12\ncuda: 13.9\nvariants: {a: {python: 3.99}, b: {cuda: 9.1}}\n", ["no-release"] * 3),
        ("python: 3.12\nnixpkgs: nixos-19.03\ncuda: 9.9\n", ["no-release", "no-release"]),
        # a misspelt key is not also missing, and what it would have held is not asked for
        ("python: {verison: 3.12}\ncuda: {verion: 12.4}\n", ["unknown-key", "unknown-key"]),
        (
            "python: 3.12\ncontaniers: {a: {}}\nrun: {x: {slurm: {partition: a}, container: a}}\n",
            ["unknown-key"],
        ),
        ("python: 3.12\ncdua: 12.4\nenv: {A: '${cuda.nccl}'}\n", ["unknown-key"]),
        ("python: 3.12\nvariant: {a: {}}\ncontainers: {a: {variant: a}}\n", ["unknown-key"]),
        # git's marks: what stands above is read on
        (
            "<<<<<<< HEAD\npython: 3.1\n=======\npython: 3.12\n>>>>>>> b\nnative: [ffmpge]\n",
            ["yaml-conflict", "python-version", "native-unknown"],
        ),
        # and with merge.conflictStyle zdiff3 what both were made from
        (
            "<<<<<<< HEAD\npython: 3.1\n||||||| 1a\npython: 3.11\n=======\npython: 3.12\n>>>>>>> b\nnative: [ffmpge]\n",
            ["yaml-conflict", "python-version", "native-unknown"],
        ),
        # nothing is concluded from a Python that is not known
        ("python: [3.12]\nnative: [ffmpge]\ncuda: 9.9\n", ["wrong-type", "native-unknown", "no-release"]),
        ("python: {version: x, manager: nixpkgs, packages: [numpy]}\n", ["invalid-value"]),
    ],
)
def test_what_is_told_of_a_file(text: str, codes: list[str], tmp_path: Path) -> None:
    found = told(tmp_path, text)
    assert [one.code for one in found] == codes
    assert "no single change" not in " ".join(one.hint or "" for one in found)


def test_a_caret_stays_where_it_was_typed(tmp_path: Path) -> None:
    _, wrong = told(tmp_path, "python：3.1\n")
    assert wrong.source_line == "python：3.1"
    assert wrong.span is not None
    assert wrong.source_line[wrong.span.column - 1 : wrong.span.end_column - 1] == "3.1"

"""The schema and the compiler say the same yes or no, for documents that are right and for thousands that are not.

The compiler's answer is that of its structural stage. What it finds beyond the schema is listed in
`CROSS_CHECKS`; a file that it cannot read as env.yaml (`no` for false, duplicate keys) has no answer to compare.
"""

from __future__ import annotations

import json
import math
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from pyenvspec.checks import CROSS_CHECKS
from pyenvspec.diagnostics import PyenvspecError, Severity
from pyenvspec.raw import Mapping, Node, Scalar, Sequence
from pyenvspec.schema import build_schema
from pyenvspec.source import read_text
from pyenvspec.validate import validate_spec

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
SCHEMA = build_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


@dataclass(frozen=True)
class Plain:
    """An unquoted scalar other than a word."""

    text: str


Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | Plain"
Path_: TypeAlias = "tuple[str | int, ...]"

EVERY_KEY = """
spec: 1
name: lab
description: a lab
systems: [x86_64-linux, aarch64-linux, aarch64-darwin, x86_64-darwin]
python:
  version: 3.10
  manager: uv2nix
  project: .
  requirements: requirements.txt
  groups: [dev]
  extras: [gpu]
  packages: [numpy, a.b]
  editable: {my-app: ./src}
  install: never
wheels: {prefer: true, disabled: [torch]}
fixes: [torch]
overrides:
  one:
    remove: true
    from_nixpkgs: true
    keep_locked_source: true
    source: sdist
    build_systems: [setuptools]
    build_tools: [mecab]
    libraries: [cuda.cudnn]
    dependencies: [libtensorflow]
    ignore_missing_libraries: [libcuda.so.1]
    env: {MAX_JOBS: 4, A: "b", C: true}
    patches: [./x.patch]
    post_install: rm
cuda: {version: 11.8, cudnn: 8.9, packages: [nccl], capabilities: [8.0, "9.0"], driver: none}
native: [ffmpeg, xorg.libX11]
env: {SEED: 42, RATE: 1.10, ON: false, TEXT: a}
scripts: {train: python}
processes: {web: python}
services: {postgres: {enable: true, port: 1, list: [1, {a: null}], none: null}}
on_enter: echo
containers:
  default: {image: lab, tag: v1, command: [bash], copy: [./src], registry: "docker://x/y/"}
caches: [nix-community, {url: "https://x.example", key: "x-1:AAAA"}]
nixpkgs: {release: nixos-24.11, unfree: auto, overlays: [./o.nix]}
inputs: {mylib: {github: owner/repo, ref: main, flake: true}}
modules: [./m.nix]
shell: devenv
variants: {empty: {}}
generate: {flake: true, direnv: true, devcontainer: false, vscode: false, github_actions: false}
"""

PLAIN = [
    *(
        "null",
        "~",
        "true",
        "false",
        "0",
        "1",
        "-1",
        "2",
        "01",
        "1.0",
        "1.50",
        "3",
        "3.10",
        "11.8",
        "0.5",
        "-0.5",
    ),
    *("999", "1000", "12345678901234567890", "0.0000001", "1000000000000000000000000000000"),
]
# The schema sees the value, the compiler the text, which is no version.
ODDLY_TYPED = ["1e2", "1E0", "3.", ".5", "+3", "0x10", "0o17", "-0", "-0.0"]
TEXTS = [
    *(
        "",
        " ",
        "a",
        "A",
        "1",
        "3.10",
        "3.10\n",
        "3..1",
        "a b",
        "a\nb",
        "a\n",
        "\n",
        "\t",
        "-",
        "_",
        ".",
        "..",
        "/",
    ),
    *(
        "null",
        "true",
        "auto",
        "none",
        "default",
        "poetry",
        "devenv",
        "x86_64-linux",
        "nixos-24.11\n",
        "nixos-24.11",
    ),
    *(
        "a.b",
        "a..b",
        ".a",
        "a.",
        "a-",
        "-a",
        "1a",
        "a'b",
        "a+b",
        "a/b",
        "a//b",
        "a/b/c",
        "a:b",
        "é",
        "a\u00a0b",
        "😀",
    ),
    *(
        "https://x",
        "https://x y",
        "ftp://x",
        "k:AA==",
        "k:",
        ":AA",
        "k:AA=A",
        "0" * 40,
        "a" * 40,
        "a" * 41,
        "g" * 40,
    ),
]
KEYS = [
    "",
    "a",
    "x",
    "Version",
    "cuDNN",
    "on-enter",
    "onEnter",
    "python",
    "version",
    "1",
    "a b",
    "é",
    "a\n",
    "env",
    "X",
]

# ---- what the two say ---------------------------------------------------------------------------


def write(tree: Tree) -> str:
    """As YAML in one line; texts are quoted as in JSON, which YAML reads alike."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{write(key)}: {write(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(write, tree)) + "]"
    return tree.text if isinstance(tree, Plain) else json.dumps(tree, ensure_ascii=False)


def see(tree: Tree) -> Any:
    """As an editor does: by YAML 1.2, all numbers in floating point."""
    if isinstance(tree, dict):
        return {key: see(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [see(item) for item in tree]
    if isinstance(tree, str):
        return tree
    known = {"null": None, "~": None, "true": True, "false": False}
    if tree.text in known:
        return known[tree.text]
    based = re.fullmatch("0([xo])([0-9a-f]+)", tree.text)
    return float(int(based[2], 16 if based[1] == "x" else 8)) if based else float(tree.text)


def says_schema(tree: Tree) -> bool:
    return bool(VALIDATOR.is_valid(see(tree)))


def says_compiler(tree: Tree) -> bool | None:
    """None where env.yaml cannot be read, or where only what the schema cannot tell is wrong."""
    try:
        raw = read_text(write(tree).encode(), "env.yaml")
    except PyenvspecError:
        return None
    _, found = validate_spec(raw)
    codes = {finding.code for finding in found.items if finding.severity is Severity.ERROR}
    return None if codes and codes <= set(CROSS_CHECKS) else not codes


def compare(tree: Tree) -> bool | None:
    compiler = says_compiler(tree)
    if compiler is not None:
        assert says_schema(tree) == compiler, f"the compiler says {compiler}: {write(tree)}"
    return compiler


# ---- documents ----------------------------------------------------------------------------------


def to_tree(node: Node) -> Tree:
    match node:
        case Mapping():
            return {entry.key: to_tree(entry.value) for entry in node.entries}
        case Sequence():
            return [to_tree(item) for item in node.items]
        case Scalar():
            return node.value if isinstance(node.value, str) else Plain(node.text or "null")


def load(text: str) -> dict[str, Tree]:
    tree = to_tree(read_text(text.encode(), "env.yaml").root)
    assert isinstance(tree, dict)
    return tree


def with_variant(document: dict[str, Tree]) -> dict[str, Tree]:
    """The same with all that may vary said again in a variant."""
    allowed = SCHEMA["$defs"]["Variant"]["properties"]
    same = {key: value for key, value in document.items() if key in allowed}
    return {**document, "variants": {"same": same}}


FULL = load(EVERY_KEY)
RIGHT = {
    str(path.relative_to(ROOT).parent): load(path.read_text())
    for path in sorted([*ROOT.glob("examples/*/env.yaml"), *ROOT.glob("tests/golden/ok/*/env.yaml")])
} | {"every key": FULL, "every key in a variant": with_variant(FULL)}


def walk(tree: Tree, path: Path_ = ()) -> Iterator[tuple[Path_, Tree]]:
    yield path, tree
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, child in children:
        yield from walk(child, (*path, step))


def at(tree: Tree, path: Path_) -> Any:
    for step in path:
        tree = tree[step]  # type: ignore[index]
    return tree


def change(tree: Tree, path: Path_, value: Tree) -> Tree:
    """The tree with `value` at `path`."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(tree, dict):
        return {key: change(child, rest, value) if key == step else child for key, child in tree.items()}
    assert isinstance(tree, list)
    return [change(child, rest, value) if key == step else child for key, child in enumerate(tree)]


def prune(tree: Tree, path: Path_) -> Tree:
    """Only what leads to `path`; all of what is there."""
    if not path:
        return tree
    child = prune(at(tree, path[:1]), path[1:])
    return {str(path[0]): child} if isinstance(tree, dict) else [child]


# ---- tests --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_right_for_both(name: str) -> None:
    assert compare(RIGHT[name]) is True


def test_the_document_with_every_key_has_every_key() -> None:
    named = {tuple("*" if isinstance(step, int) else step for step in path) for path, _ in walk(FULL)}
    assert [path for path in _properties(SCHEMA) if path not in named] == []


def _properties(schema: dict[str, Any], path: Path_ = ()) -> Iterator[Path_]:
    """Where the schema names a key; mappings with names of the user's own are those of `FULL`."""
    if "$ref" in schema:
        yield from _properties(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], path)
    for branch in schema.get("anyOf", ()):
        yield from _properties(branch, path)
    if "items" in schema:
        yield from _properties(schema["items"], (*path, "*"))
    for below in schema.get("patternProperties", {}).values():
        for name in set(_names_at(path)) - {"empty"}:
            yield from _properties(below, (*path, name))
    for key, below in schema.get("properties", {}).items():
        yield (*path, key)
        yield from _properties(below, (*path, key))


def _names_at(path: Path_) -> list[str]:
    found = [tree for where, tree in walk(FULL) if where == path]
    return list(found[0]) if found and isinstance(found[0], dict) else []


def _places(key: str) -> list[Path_]:
    return [path for path, _ in walk(FULL) if path[:1] == (key,)]


@pytest.mark.parametrize("key", [key for key in FULL if key != "variants"])
def test_any_value_at_any_place(key: str) -> None:
    """Each place of the document with every key, alone and in a variant, with each of many values."""
    values: list[Tree] = [*map(Plain, PLAIN), *TEXTS, {}, [], {"a": "b"}, ["a"], [{}], [[]], [Plain("null")]]
    values += [{"version": "1"}, {"url": "https://x"}, {"enable": Plain("true")}]
    said = []
    for path in _places(key):
        pruned = prune(FULL, path)
        shortened = tuple(0 if isinstance(step, int) else step for step in path)
        for value in values:
            changed = change(pruned, shortened, value)
            assert isinstance(changed, dict)
            said.append(compare({"python": Plain("3.10"), **changed}))
            said.append(compare({"python": Plain("3.10"), "variants": {"v": changed}}))
    assert {True, False} <= set(said)


@pytest.mark.parametrize("key", ["", *FULL])
def test_any_key_in_any_mapping(key: str) -> None:
    for path in _places(key) if key else [()]:
        if not isinstance(at(FULL, path), dict):
            continue
        below = at(FULL, path)
        for name in (*below, *KEYS):
            without = {k: v for k, v in below.items() if k != name}
            extra = {**without, name + "x": below.get(name, "a")}
            for changed in (without, without | {name: "a"}, without | {name: Plain("null")}, extra):
                document = change(prune(FULL, path), path, changed)
                assert isinstance(document, dict)
                compare(document)
                compare({"python": Plain("3.10"), **document})
                compare({"python": Plain("3.10"), "variants": {"v": document}})


def mutate(tree: Tree, chance: random.Random) -> Tree:
    """Do one thing to one place of the tree."""
    path, below = chance.choice(list(walk(tree)))
    match chance.randrange(8):
        case 0 if isinstance(below, dict) and below:
            gone = chance.choice(list(below))
            return change(tree, path, {k: v for k, v in below.items() if k != gone})
        case 1 if isinstance(below, dict):
            return change(tree, path, {**below, chance.choice(KEYS): _any_value(chance)})
        case 2 if isinstance(below, dict) and below:
            renamed = chance.choice(list(below))
            return change(
                tree, path, {_misspell(k, chance) if k == renamed else k: v for k, v in below.items()}
            )
        case 3 if isinstance(below, list):
            return change(tree, path, [*below, _any_value(chance)])
        case 4:
            return change(tree, path, [below])
        case 5:
            return change(tree, path, chance.choice(list(walk(FULL)))[1])
        case 6 if isinstance(tree, dict):
            variants: Any = tree.get("variants", {})
            more = {"v": {chance.choice(list(FULL)): _any_value(chance)}}
            merged: Any = {**variants, **more} if isinstance(variants, dict) else more
            return {**tree, "variants": merged}
        case _:
            return change(tree, path, _any_value(chance))


def _any_value(chance: random.Random) -> Tree:
    match chance.randrange(4):
        case 0:
            return Plain(chance.choice(PLAIN))
        case 1:
            return chance.choice(TEXTS)
        case 2:
            return chance.choice(["a", "poetry", "nixos-24.11", "true", "x86_64-linux", "1.0"])
        case _:
            return chance.choice(list(walk(FULL)))[1]


def _misspell(key: str, chance: random.Random) -> str:
    camel = re.sub("_([a-z])", lambda found: found[1].upper(), key)
    return chance.choice(
        [camel, key.replace("_", "-"), key.capitalize(), key + "s", key[:-1], chance.choice(KEYS)]
    )


def mutants(count: int, seed: int) -> Iterator[Tree]:
    """Documents that were right until a few things were done to them; the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        tree: Tree = chance.choice(list(RIGHT.values()))
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            tree = mutate(tree, chance)
        if isinstance(tree, dict):
            yield tree


@pytest.mark.parametrize("seed", range(8))
def test_documents_with_a_few_mistakes(seed: int) -> None:
    said = [compare(tree) for tree in mutants(400, seed)]
    assert min(said.count(True), said.count(False)) > 40


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(sorted(RIGHT)), st.integers(1, 4))
def test_documents_with_a_few_mistakes_made_small(chance: random.Random, name: str, times: int) -> None:
    tree: Tree = RIGHT[name]
    for _ in range(times):
        tree = mutate(tree, chance)
    if isinstance(tree, dict):
        compare(tree)


def test_a_variant_that_only_the_merge_makes_wrong_is_the_cross_check_that_differs() -> None:
    tree = load("python: 3.10\nvariants: {v: {cuda: {cudnn: 8.9}}}")
    _, found = validate_spec(read_text(write(tree).encode(), "env.yaml"))
    assert [finding.code for finding in found.items] == ["variant-invalid"]
    assert says_schema(tree)


@pytest.mark.parametrize("text", ODDLY_TYPED)
def test_a_version_that_is_typed_as_no_version_is_refused_by_the_compiler(text: str) -> None:
    assert says_compiler({"python": Plain(text)}) is False
    assert says_compiler({"python": Plain("3.10"), "cuda": Plain(text)}) is False


def test_an_editor_sees_what_this_test_says_it_does() -> None:
    reader = YAML(typ="safe", pure=True)
    values: list[Tree] = [*map(Plain, PLAIN + ODDLY_TYPED), *TEXTS]
    for tree in [*values, *mutants(40, seed=99)]:
        read = reader.load(write({"value": tree}))["value"]
        assert _as_floats(read) == see(tree)
    assert math.isclose(see(Plain("3.10")), 3.1)


def _as_floats(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _as_floats(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_as_floats(item) for item in data]
    return float(data) if isinstance(data, int) and not isinstance(data, bool) else data

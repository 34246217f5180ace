"""The schema and the compiler say the same yes or no, for documents that are right and for thousands that are not.

The compiler's answer is that of its structural stage. What it finds beyond the schema is listed in
`CROSS_CHECKS`; a file that it cannot read as env.yaml (`no` for false, duplicate keys) has no answer to compare.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import pytest
from documents import (
    FULL,
    KEYS,
    ODDLY_TYPED,
    PLAIN,
    RIGHT,
    TEXTS,
    Plain,
    Route,
    Tree,
    at,
    change,
    load,
    mutants,
    mutate,
    prune,
    walk,
    write,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from pyenvspec.checking.checks import CROSS_CHECKS
from pyenvspec.diagnostics import PyenvspecError, Severity
from pyenvspec.reading.source import read_text
from pyenvspec.spec.schema import build_schema
from pyenvspec.spec.validate import validate_spec

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

SCHEMA = build_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


# ---- what the two say ---------------------------------------------------------------------------


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


# ---- tests --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_right_for_both(name: str) -> None:
    assert compare(RIGHT[name]) is True


def test_the_document_with_every_key_has_every_key() -> None:
    named = {_of_any_target(path) for path, _ in walk(FULL)}
    assert [path for path in _properties(SCHEMA) if _of_any_target(path) not in named] == []


def _of_any_target(path: Route) -> Route:
    """A target of `run` has one engine, so the keys of all engines are in several."""
    steps = tuple("*" if isinstance(step, int) else step for step in path)
    return ("run", "*", *steps[2:]) if steps[:1] == ("run",) and len(steps) > 1 else steps


def _properties(schema: dict[str, Any], path: Route = ()) -> Iterator[Route]:
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


def _names_at(path: Route) -> list[str]:
    found = [tree for where, tree in walk(FULL) if where == path]
    return list(found[0]) if found and isinstance(found[0], dict) else []


def _places(key: str) -> list[Route]:
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

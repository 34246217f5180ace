"""The schema that editors get says the same yes and no as the one of the model."""

from __future__ import annotations

import copy
import json
from typing import Any

from documents import RIGHT, mutants
from jsonschema import Draft202012Validator

from pyenvspec.spec.schema import build_schema, format_schema
from pyenvspec.spec.sharing import share


def test_the_schema_for_editors_says_the_same() -> None:
    model, editors = Draft202012Validator(build_schema()), Draft202012Validator(json.loads(format_schema()))
    for tree in [*RIGHT.values(), *mutants(800, seed=23)]:
        assert editors.is_valid(tree) == model.is_valid(tree), tree


def test_no_definition_is_left_that_nothing_refers_to() -> None:
    text = format_schema()
    assert all(f'"#/$defs/{name}"' in text for name in json.loads(text)["$defs"])


def _as_editors_read(node: Any, definitions: dict[str, Any]) -> Any:
    """Put what references refer to in their place, as yaml-language-server does: what stands beside them wins."""
    if isinstance(node, list):
        return [_as_editors_read(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    while "$ref" in node:
        rest = {key: value for key, value in node.items() if key != "$ref"}
        node = definitions[node["$ref"].removeprefix("#/$defs/")] | rest
    return {key: _as_editors_read(value, definitions) for key, value in node.items() if key != "$defs"}


def test_what_is_shared_reads_as_before() -> None:
    shared = json.loads(format_schema())
    whole = _as_editors_read(shared, shared["$defs"])
    again = copy.deepcopy(whole)
    share(again)
    assert len(json.dumps(again)) < len(json.dumps(whole)) * 0.8
    assert _as_editors_read(again, again["$defs"]) == whole

"""The schema that editors get says the same yes and no as the one of the model."""

from __future__ import annotations

import json

from documents import RIGHT, mutants
from jsonschema import Draft202012Validator

from pyenvspec.spec.schema import build_schema, format_schema


def test_the_schema_for_editors_says_the_same() -> None:
    model, editors = Draft202012Validator(build_schema()), Draft202012Validator(json.loads(format_schema()))
    for tree in [*RIGHT.values(), *mutants(800, seed=23)]:
        assert editors.is_valid(tree) == model.is_valid(tree), tree


def test_no_definition_is_left_that_nothing_refers_to() -> None:
    text = format_schema()
    assert all(f'"#/$defs/{name}"' in text for name in json.loads(text)["$defs"])

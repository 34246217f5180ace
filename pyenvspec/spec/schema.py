"""The JSON Schema of env.yaml, generated from the model; for editors and for `pyenvspec schema`."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from pyenvspec.facts.caches import caches
from pyenvspec.facts.devenv import devenv_services, find_service
from pyenvspec.spec.model import SHORTHAND, VARIANT_KEYS, Spec
from pyenvspec.spec.values import Later

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core.core_schema import PlainValidatorFunctionSchema

    from pyenvspec.spec.sharing import Schema

_COMMENT = (
    "Written by pyenvspec from its model of env.yaml; edit env.yaml instead, and run `pyenvspec compile`."
)


class _Whole(GenerateJsonSchema):
    """Says of a model that is imported later what it says of every other one."""

    def function_plain_schema(self, schema: PlainValidatorFunctionSchema) -> JsonSchemaValue:
        """Return the model's own schema for what checks it."""
        later = getattr(schema["function"]["function"], "__self__", None)
        if not isinstance(later, Later):
            return super().function_plain_schema(schema)
        # Its schema is deferred until then.
        later.type.model_rebuild()
        return self.generate_inner(later.type.__pydantic_core_schema__)


def build_schema() -> Schema:
    """Return the schema (draft 2020-12): what `Spec` takes, shorthands and variants included."""
    schema = Spec.model_json_schema(by_alias=True, schema_generator=_Whole, mode="validation")
    definitions: Schema = schema["$defs"]
    properties: Schema = schema["properties"]
    for key, inner in SHORTHAND.items():
        mapping = definitions[key.capitalize()]
        _accept_scalar(properties[key], mapping["properties"][inner])
        # pydantic leaves out what the mapping says as well; editors look no further than the key.
        properties[key].setdefault("description", mapping["description"])
    _accept_scalar(definitions["Ready"]["properties"]["http"], definitions["HttpProbe"]["properties"]["port"])
    for name, process in properties["processes"]["patternProperties"].items():
        properties["processes"]["patternProperties"][name] = _or_text(process, definitions["Process"], "run")
    builders = properties["builders"]
    builders["items"] = _or_text(builders["items"], definitions["Builder"], "host")
    _close_mappings(schema)
    # The variants come last: they are copies of what is there by then.
    _offer_names(schema)
    properties["variants"]["patternProperties"] = {
        name: _variant_schema(properties, definitions) for name in properties["variants"]["patternProperties"]
    }
    _tidy(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **{k: v for k, v in schema.items() if k != "title"},
    }


def format_schema() -> str:
    """Return the schema as one line, which says what wrote it, since JSON has no comments."""
    from pyenvspec.spec.editors import for_editors

    body = json.dumps(for_editors(build_schema()), separators=(",", ":"), ensure_ascii=False)
    return '{"$comment":' + json.dumps(_COMMENT) + "," + body[1:] + "\n"


def _accept_scalar(target: Schema, scalar: Schema) -> None:
    """Make a reference to a mapping take the single value that stands for one of its keys too."""
    short = {k: v for k, v in scalar.items() if k in ("anyOf", "type", "pattern", "minimum", "maximum")}
    branches = target.pop("anyOf", None) or [{"$ref": target.pop("$ref")}]
    target["anyOf"] = [*branches, *short.get("anyOf", [short])]
    # Editors offer examples as values, and a mapping among them as "[object Object]".
    target["examples"] = scalar["examples"]


def _or_text(target: Schema, mapping: Schema, key: str) -> Schema:
    """Return a reference to a mapping that takes the text of one of its keys too."""
    text = mapping["properties"][key]
    return {
        "anyOf": [{k: v for k, v in text.items() if k in ("type", "pattern")}, target],
        "description": text["description"],
        "examples": text["examples"],
    }


def _offer_names(schema: Schema) -> None:
    """Let editors complete names that are known without refusing others.

    `defaultSnippets` is what yaml-language-server and VS Code read; an enum, or hundreds of examples, would be
    listed in full whenever one points at a value or mistypes it.
    """
    properties, definitions = schema["properties"], schema["$defs"]
    # One definition, since variants name packages too; `editors.py` offers packages and releases with what they are.
    definitions["NixpkgsName"] = properties["native"]["items"]
    properties["native"]["items"] = {"$ref": "#/$defs/NixpkgsName"}
    known = [cache.name for cache in caches() if cache.is_usable]
    properties["caches"]["items"] = _offering(properties["caches"]["items"], known)
    properties["services"]["defaultSnippets"] = [
        {"label": name, "body": {name: {"enable": True}}}
        for name in devenv_services()
        if _can_be_enabled(name)
    ]


def _can_be_enabled(name: str) -> bool:
    service = find_service(name)
    return service is not None and "enable" in service.options and not service.elsewhere


def _offering(target: Schema, names: Iterable[str]) -> Schema:
    return {**target, "defaultSnippets": [{"label": name, "body": name} for name in names]}


def _variant_schema(properties: Schema, definitions: Schema) -> Schema:
    """Return the schema of a variant: the keys that may vary, nothing required, null anywhere a key is."""
    for name in ("Python", "Wheels", "Override", "Cuda", "Process", "Ready", "HttpProbe"):
        partial = copy.deepcopy(definitions[name])
        # The rest comes from the file that the variant is merged over.
        partial.pop("required", None)
        _allow_null(partial)
        definitions["Partial" + name] = partial
    variant: Schema = {
        "type": "object",
        "description": "A shell of its own: merged over the rest, null takes a key away.",
        "properties": {key: copy.deepcopy(properties[key]) for key in VARIANT_KEYS},
        "additionalProperties": False,
    }
    _allow_null(variant)
    definitions["Variant"] = variant
    return {"$ref": "#/$defs/Variant"}


def _allow_null(schema: Schema) -> None:
    properties: Schema = schema.get("properties", {})
    for key, value in properties.items():
        properties[key] = {"anyOf": [_partial_reference(value), {"type": "null"}]} | _notes(value)


def _partial_reference(schema: Schema) -> Schema:
    """Point references at the partial twins; mappings inside take null for a key as well."""
    result: Schema = {}
    for key, value in schema.items():
        if key == "$ref":
            result[key] = value.replace("#/$defs/", "#/$defs/Partial")
        elif key == "anyOf":
            result[key] = [_partial_reference(branch) for branch in value]
        elif key == "patternProperties":
            result[key] = {
                name: {"anyOf": [_partial_reference(v), {"type": "null"}]} for name, v in value.items()
            }
        else:
            result[key] = value
    # `_allow_null` says them once, beside the `anyOf` that this becomes a branch of.
    return {k: v for k, v in result.items() if k not in ("description", "examples", "default", "title")}


def _close_mappings(schema: Any) -> None:
    """Refuse names that do not match: pydantic's `patternProperties` alone lets any other name pass."""
    if isinstance(schema, list):
        for item in schema:
            _close_mappings(item)
    elif isinstance(schema, dict):
        if "patternProperties" in schema:
            schema["additionalProperties"] = False
        for value in schema.values():
            _close_mappings(value)


def _notes(schema: Schema) -> Schema:
    return {k: v for k, v in schema.items() if k in ("description", "examples")}


def _tidy(schema: Any) -> None:
    """Drop pydantic's titles and internal defaults: editors show the description."""
    if isinstance(schema, list):
        for item in schema:
            _tidy(item)
    elif isinstance(schema, dict):
        if isinstance(schema.get("title"), str):
            del schema["title"]
        if schema.get("default") in (None, {}, []) or isinstance(schema.get("default"), dict):
            schema.pop("default", None)
        for key, value in schema.items():
            # These hold data, in which `title` and `default` would be somebody's keys.
            if key not in ("examples", "enum"):
                _tidy(value)

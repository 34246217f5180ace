"""The schema as editors take it: the same yes and no as `schema.build_schema`, told and completed better.

An `anyOf` of a mapping and of what may stand for it becomes one schema of several types: an editor then says what is
wrong, and not that nothing fits. What completes says what it means. yaml-language-server and VS Code read
`defaultSnippets`, `errorMessage` and `patternErrorMessage`; others pass over them.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from pyenvspec.spec.offers import cuda_offers, native_offers, python_versions, release_offers
from pyenvspec.spec.sharing import share
from pyenvspec.spec.words import FORMS

if TYPE_CHECKING:
    from pyenvspec.spec.sharing import Schema

_OFFERED = "offered for the scalar"
"""Where snippets wait until a mapping and what stands for it are one: they are for the second alone."""

_NOTES = ("description", "examples", "default", "title")
_IN_WORDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "nothing",
}


def for_editors(schema: Schema) -> Schema:
    """Return the schema for editors; the one given stays as it is."""
    result = copy.deepcopy(schema)
    _offer(result)
    definitions = result["$defs"]
    for name in definitions:
        definitions[name] = _flatten(definitions[name], definitions)
    for key, value in result["properties"].items():
        result["properties"][key] = _flatten(value, definitions)
    _say(result)
    _drop_unused(result)
    share(result)
    return result


def _flatten(node: Any, definitions: Schema) -> Any:
    if isinstance(node, list):
        return [_flatten(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("anyOf"), list):
        node = {**node, "anyOf": _spliced(node["anyOf"])}
    flat = {
        key: value
        if key in ("examples", "enum", "default", "defaultSnippets")
        else _flatten(value, definitions)
        for key, value in node.items()
    }
    return _merged(flat, definitions) if isinstance(flat.get("anyOf"), list) else flat


def _spliced(branches: list[Schema]) -> list[Schema]:
    """The branches of branches, each once: a variant takes null for a key that may be null by itself."""
    result: list[Schema] = []
    for branch in branches:
        inner = _spliced(branch["anyOf"]) if set(branch) - set(_NOTES) == {"anyOf"} else [branch]
        result += [one for one in inner if one not in result]
    return result


def _merged(node: Schema, definitions: Schema) -> Schema:
    branches = [_branch(branch, definitions) for branch in node["anyOf"]]
    types = [branch.get("type") for branch in branches]
    names: list[Any] = [name for one in types for name in (one if isinstance(one, list) else [one])]
    if None in names or len(set(names)) < len(names):
        return node  # two of one type: only both together say what is allowed
    result: Schema = {key: value for key, value in node.items() if key != "anyOf"}
    closed = [branch for branch in branches if "enum" in branch or "const" in branch]
    if closed:
        others = [branch for branch in branches if branch not in closed]
        if len(closed) > 1 or any(branch.get("type") != "null" for branch in others):
            return node
        values = [*closed[0].get("enum", [closed[0].get("const")]), *([None] if others else [])]
        words = ", ".join(_typed(value) for value in values if value is not None)
        return {
            **result,
            "type": names,
            "enum": values,
            "errorMessage": _sentence(f"expected one of {words}"),
        }
    for branch in branches:
        result |= {key: value for key, value in branch.items() if key not in ("type", *_NOTES)}
    result = {**result, "type": names}
    if (snippets := result.pop(_OFFERED, None)) is not None:
        # Always true, and offered where a value is typed; as a snippet of the whole it would be one among the keys too.
        result["anyOf"] = [{"type": "string", "defaultSnippets": snippets}, {}]
    message = _sentence("expected " + _either(names, result, node))
    if "properties" not in result:
        return {**result, "errorMessage": message}
    # A message beside `properties` would take the place of the one that names a wrong key, and `required` there is
    # offered as an entry of its own, with the types for a name.
    type_alone = {"type": result.pop("type"), "errorMessage": message}
    required = [{"required": result.pop("required")}] if "required" in result else []
    return {**result, "allOf": [type_alone, *required]}


def _either(types: list[str], merged: Schema, node: Schema) -> str:
    examples = [example for example in node.get("examples", ()) if not isinstance(example, dict | list)]
    # An example says more than the name of a type: `11.8`, not "text or a number".
    words = [f"a value like {_typed(examples[0])}"] if examples else []
    words = words or [
        _IN_WORDS[name] for name in types if name in _IN_WORDS and name not in ("null", "array")
    ]
    words += ["a list"] if "array" in types else []
    keys = ", ".join(list(merged.get("properties", ()))[:4])
    words += [f"a mapping with {keys}" if keys else "a mapping"] if "object" in types else []
    return ", or ".join(words)


def _branch(branch: Schema, definitions: Schema) -> Schema:
    if "$ref" not in branch:
        return branch
    return _flatten(copy.deepcopy(definitions[branch["$ref"].rsplit("/", 1)[-1]]), definitions)  # type: ignore[no-any-return]


def _say(node: Any) -> None:
    """Messages of ours, where an editor would show a regular expression or the names of types."""
    if isinstance(node, list):
        for item in node:
            _say(item)
    elif isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            form = FORMS.get(node["pattern"])
            node.setdefault(
                "patternErrorMessage", _sentence(f"expected {form}" if form else _by_example(node))
            )
        for key, value in node.items():
            if key not in ("examples", "enum", "default", "defaultSnippets"):
                _say(value)
        # Editors offer examples too: a second entry of what is offered already, or one of no use.
        node.pop("examples", None)


def _by_example(node: Schema) -> str:
    examples = node.get("examples")
    return (
        f"expected a value like {_typed(examples[0])}"
        if examples
        else "this value has not the form that is expected here"
    )


def _typed(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _offer(schema: Schema) -> None:
    definitions = schema["$defs"]
    pythons, cudas = _snippets(python_versions()), _snippets(cuda_offers())
    for name in ("Python", "PartialPython"):
        definitions[name]["properties"]["version"]["defaultSnippets"] = pythons
    for name in ("Cuda", "PartialCuda"):
        definitions[name]["properties"]["version"]["defaultSnippets"] = cudas
    releases_known = _snippets(release_offers())
    definitions["Nixpkgs"]["properties"]["release"]["defaultSnippets"] = releases_known
    schema["properties"]["nixpkgs"][_OFFERED] = releases_known
    for properties in (schema["properties"], definitions["Variant"]["properties"]):
        properties["python"][_OFFERED] = pythons
        properties["cuda"][_OFFERED] = cudas
    definitions["NixpkgsName"]["defaultSnippets"] = _snippets(native_offers())


def _snippets(offers: Any) -> list[Schema]:
    return [
        {"label": value, "description": text, "body": value} if text else {"label": value, "body": value}
        for value, text in offers
    ]


def _drop_unused(schema: Schema) -> None:
    """Definitions that were put where they are used are no longer referred to."""
    # Again and again: what only an unused definition refers to is unused as well.
    while True:
        used = set(_references(schema))
        unused = [name for name in schema["$defs"] if name not in used]
        if not unused:
            return
        for name in unused:
            del schema["$defs"][name]


def _references(node: Any) -> Any:
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rsplit("/", 1)[-1]
        for value in node.values():
            yield from _references(value)

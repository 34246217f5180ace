"""A schema in fewer bytes: what stands in it several times goes to `$defs` once.

The schema lies in every repository as one line, and much of it is said twice or more: a variant takes most keys again,
and a version offers the same list wherever it is typed. A reference means the same to whoever reads JSON Schema, beside
other keywords too, and editors put what it refers to in its place before they do anything else.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Schema = dict[str, Any]

_MAPS = ("properties", "patternProperties", "$defs")
_LISTS = ("anyOf", "allOf", "oneOf")
_SINGLE = ("items", "additionalProperties")
# What takes the place of a part; two letters are enough for its name.
_REFERENCE = len('{"$ref":"#/$defs/xx"}')


def share(schema: Schema) -> None:
    """Change the schema in place: whole parts first, then offers, then patterns with their messages.

    Descriptions stay where they are: some editors show what stands beside a reference and not what it refers to.
    """
    definitions: Schema = schema.setdefault("$defs", {})
    # Short names, since each stands in the schema as often as it saves something.
    names = (name for number in range(10_000) if (name := _name(number)) not in definitions)
    own = tuple(definitions)
    for take in (_whole, _offers, _form):
        _share(schema, take, names)
    # In the order of use, with what the model names before what only repeats.
    schema["$defs"] = {name: definitions[name] for name in (*own, *(n for n in definitions if n not in own))}


def _name(number: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return letters[number % 26] + (str(number // 26) if number >= 26 else "")


def _whole(node: Schema) -> Schema:
    return {key: value for key, value in node.items() if key != "description"}


def _offers(node: Schema) -> Schema:
    return {key: value for key, value in node.items() if key == "defaultSnippets"}


def _form(node: Schema) -> Schema:
    return {key: node[key] for key in ("type", "pattern", "patternErrorMessage") if key in node}


def _share(schema: Schema, take: Callable[[Schema], Schema], names: Iterator[str]) -> None:
    """Put each part that `take` finds more than once into `$defs`, the largest first: it may hold smaller ones."""
    while True:
        seen = Counter(
            _text(take(node)) for node in _nodes(schema, is_definition=False) if _is_free(node, take(node))
        )
        worth = {
            text: (count - 1) * (len(text) - _REFERENCE) - 12 for text, count in seen.items() if count > 1
        }
        # By length, then by text: the same schema on every machine.
        best = max(worth, key=lambda text: (len(text), text) if worth[text] > 0 else (0, ""), default="")
        if worth.get(best, 0) <= 0:
            return
        name = next(names)
        for node in [*_nodes(schema, is_definition=False)]:
            part = take(node)
            if _is_free(node, part) and _text(part) == best:
                for key in part:
                    del node[key]
                rest = dict(node)
                node.clear()
                node.update({"$ref": f"#/$defs/{name}"} | rest)
        schema["$defs"][name] = json.loads(best)


def _is_free(node: Schema, part: Schema) -> bool:
    return bool(part) and "$ref" not in node


def _text(part: Schema) -> str:
    return json.dumps(part, separators=(",", ":"), ensure_ascii=False)


def _nodes(node: object, *, is_definition: bool = True) -> Iterator[Schema]:
    """Yield every schema below this one, and this one if it is not the whole document."""
    if not isinstance(node, dict):
        return
    if is_definition:
        yield node
    for key in _MAPS:
        for below in node.get(key, {}).values():
            yield from _nodes(below)
    for key in _LISTS:
        for below in node.get(key, ()):
            yield from _nodes(below)
    for key in _SINGLE:
        yield from _nodes(node.get(key))

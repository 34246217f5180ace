"""Dotted keys of env.yaml (`cuda.cudnn`, `native.ffmpeg`): what the schema says of them, where they are typed.

Takes the key as text, gives its path, description, default and example; a key that does not exist is refused
with the nearest that does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.names import closest
from pyenvspec.raw import Mapping, Scalar, Sequence
from pyenvspec.records import dataclass
from pyenvspec.spec.flow import format_flow
from pyenvspec.spec.model import SHORTHAND
from pyenvspec.spec.schema import build_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.diagnostics import KeyPath
    from pyenvspec.raw import Node

Part = dict[str, Any]

SHORT_FORMS: dict[KeyPath, str] = {(key,): inner for key, inner in SHORTHAND.items()}
"""Keys that take one value instead of a mapping, and the key that it stands for."""


class KeyNameError(PyenvspecError):
    """The key asked for does not exist."""


@dataclass(frozen=True)
class Key:
    """A key of env.yaml as the schema has it; `default` is one line of YAML, None where there is none."""

    name: str
    path: KeyPath
    description: str
    default: str | None
    example: str | None


def find_key(name: str, root: Node | None) -> Key:
    """Return the key called `name`; `root` is the user's tree, where names may hold dots."""
    schema = build_schema()
    path: list[str | int] = []
    node, part = root, schema
    rest = name.split(".")
    described = schema
    while rest:
        step, rest, below = _take_step(name, rest, node, part, schema)
        path.append(step)
        node, part = _child(node, step), below
        described = part if part.get("description") else _resolve(part, schema) or described
    own = _with_description(part, described, schema)
    return Key(name, tuple(path), own, _default(part), _example(part))


def _take_step(
    name: str, rest: list[str], node: Node | None, part: Part, schema: Part
) -> tuple[str | int, list[str], Part]:
    """Return the next step of the path, what remains, and the schema below it."""
    fixed, open_ = _children(part, schema)
    # The longest first: a name that the user chose (`ruamel.yaml` under `overrides`) may hold dots.
    for size in range(len(rest), 0, -1):
        word = ".".join(rest[:size])
        if isinstance(node, Sequence) and (index := _index_of(node, word)) is not None:
            return index, rest[size:], _items(part, schema)
        if word in fixed:
            return word, rest[size:], fixed[word]
        known = isinstance(node, Mapping) and node.get(word) is not None
        for pattern, below in open_:
            if re.search(pattern, word) and (known or size == 1):
                return word, rest[size:], below
    raise KeyNameError(_unknown(name, rest, part, schema))


def _index_of(node: Sequence, word: str) -> int | None:
    texts = [item.text if isinstance(item, Scalar) else "" for item in node.items]
    # The text first: an item of `ports` may be a number itself.
    if word in texts:
        return texts.index(word)
    # Python refuses to read a number of more than 4,300 digits.
    is_index = word.isdecimal() and len(word) <= len(str(len(texts))) and int(word) < len(texts)
    return int(word) if is_index else None


def _child(node: Node | None, step: str | int) -> Node | None:
    if isinstance(node, Mapping) and isinstance(step, str):
        entry = node.get(step)
        return entry.value if entry else None
    return node.items[step] if isinstance(node, Sequence) and isinstance(step, int) else None


def _branches(part: Part, schema: Part) -> Iterator[Part]:
    if "$ref" in part:
        yield from _branches(schema["$defs"][part["$ref"].rsplit("/", 1)[-1]], schema)
    for branch in (*part.get("anyOf", ()), *part.get("oneOf", ())):
        yield from _branches(branch, schema)
    yield part


def _children(part: Part, schema: Part) -> tuple[dict[str, Part], list[tuple[str, Part]]]:
    """Return the keys that a part names, and the patterns of names that are free."""
    fixed: dict[str, Part] = {}
    free: list[tuple[str, Part]] = []
    for branch in _branches(part, schema):
        fixed |= branch.get("properties", {})
        free += branch.get("patternProperties", {}).items()
        if isinstance(branch.get("additionalProperties"), dict):
            free.append(("", branch["additionalProperties"]))
        # `{}` takes anything: options of devenv and of engines, whose keys we do not know.
        if branch == {} or branch.get("additionalProperties") is True:
            free.append(("", {}))
    return fixed, free


def _items(part: Part, schema: Part) -> Part:
    return next((b["items"] for b in _branches(part, schema) if "items" in b), {})


def _resolve(part: Part, schema: Part) -> Part | None:
    return next((branch for branch in _branches(part, schema) if branch.get("description")), None)


def _with_description(part: Part, described: Part, schema: Part) -> str:
    source = part if part.get("description") else _resolve(part, schema) or described
    return str(source.get("description", ""))


def _default(part: Part) -> str | None:
    if "default" in part and part["default"] not in ("", None):
        return format_flow(part["default"])
    kind = part.get("type")
    # The schema leaves out empty defaults, which editors would show for each list.
    return {"array": "[]", "object": "{}"}.get(kind) if isinstance(kind, str) else None


def _example(part: Part) -> str | None:
    examples = part.get("examples", [])
    return format_flow(examples[0]) if examples else None


def _unknown(name: str, rest: list[str], part: Part, schema: Part) -> Diagnostic:
    fixed, free = _children(part, schema)
    parent = name.removesuffix(".".join(rest)).rstrip(".")
    where = f"of `{parent}`" if parent else "of env.yaml"
    near = closest(rest[0], fixed)
    if near:
        hint = f"did you mean `{'.'.join([parent, near] if parent else [near])}`?"
    elif fixed:
        hint = f"its keys are {', '.join(fixed)}" if parent else f"the keys are {', '.join(fixed)}"
    else:
        hint = "names are free here" if free else f"`{parent}` has no keys below it"
    return Diagnostic("unknown-key", f"`{rest[0]}` is not a key {where}", "env.yaml", hint=hint)

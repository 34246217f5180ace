"""Dumps of what each stage gives, for `compile --emit` and for golden tests."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyenvspec.driver import Compiled


def emit_stage(compiled: Compiled, stage: str) -> str:
    """Return the spec, plan or tree as JSON, or the Nix text."""
    match stage:
        case "spec":
            shells = {s.name: s.spec.model_dump(mode="json", by_alias=True) for s in compiled.file.shells}
            return _json(shells)
        case "plan":
            return _json(dataclasses.asdict(compiled.plan))
        case "tree":
            return _json({path: _tree(tree) for path, tree in compiled.trees.items()})
        case _:
            return "\n".join(compiled.files[path].decode() for path in sorted(compiled.trees))


def _json(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _tree(node: object) -> object:
    """A node as its name and fields; what is empty is left out."""
    if isinstance(node, tuple):
        return [_tree(item) for item in node]
    if not dataclasses.is_dataclass(node):
        return node
    fields = {f.name: getattr(node, f.name) for f in dataclasses.fields(node)}
    # Without what is empty, or golden files would change with each field that a node gets.
    return {type(node).__name__: {k: _tree(v) for k, v in fields.items() if v not in ("", (), None, False)}}

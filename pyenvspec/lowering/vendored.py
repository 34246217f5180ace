"""The files that every project gets as they are, found beside the code or in the wheel: `nix/modules/`, `schema/`."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.nixexpr import Path as NixPath

if TYPE_CHECKING:
    from pyenvspec.nixexpr import File

_PACKAGE = Path(__file__).parent.parent
_MENTION = re.compile(rb"\./([A-Za-z0-9_-]+\.[a-z]+)")


@cache
def modules_folder() -> Path:
    """Return the folder of the modules: in a checkout `nix/modules`, in an installed package its copy."""
    packed = _PACKAGE / "_assets" / "modules"
    return packed if packed.is_dir() else _PACKAGE.parent / "nix" / "modules"


def read_schema() -> str:
    """Return the JSON Schema of env.yaml as it is committed; to generate it takes as long as a compile.

    `schema.format_schema` makes it, and a test compares both.
    """
    packed = _PACKAGE / "_assets" / "schema"
    folder = packed if packed.is_dir() else _PACKAGE.parent / "schema"
    return (folder / "env.schema.json").read_text(encoding="utf-8")


def vendored_files(module: File) -> dict[str, bytes]:
    """Return the files that the generated module imports, directly or not, and the schema, by file name."""
    return module_closure(_imported(module)) | {"env.schema.json": read_schema().encode()}


def module_closure(names: tuple[str, ...]) -> dict[str, bytes]:
    """Return the named modules and all that they name (`./x.nix`), by file name.

    A name without a module of ours is left out: it is the user's own file.
    """
    found: dict[str, bytes] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        path = modules_folder() / name
        if name in found or not path.is_file():
            continue
        found[name] = path.read_bytes()
        waiting += [match.decode() for match in _MENTION.findall(found[name])]
    return dict(sorted(found.items()))


def _imported(module: File) -> tuple[str, ...]:
    """Return the names of the modules of ours that the generated one imports."""
    names: list[str] = []

    def visit(node: object) -> None:
        if isinstance(node, NixPath):
            names.extend(node.names[-1:] if len(node.names) == 1 else ())
        elif isinstance(node, tuple):
            for item in node:
                visit(item)
        elif is_dataclass(node):
            for field in fields(node):
                visit(getattr(node, field.name))

    visit(module.body)
    return tuple(names)

"""The files that every project gets as they are, found beside the code or in the wheel: `nix/modules/`, `schema/`."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

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

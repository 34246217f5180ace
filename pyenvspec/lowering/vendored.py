"""The files that every project gets as they are, found beside the code or in the wheel: `nix/modules/`, `schema/`."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.nixexpr import Path as NixPath
from pyenvspec.plan import HEADER

if TYPE_CHECKING:
    from pyenvspec.nixexpr import File
    from pyenvspec.plan import Plan

_PACKAGE = Path(__file__).parent.parent
VENDOR = "vendor"
"""The folder beside the generated module that takes what is copied unchanged."""

_ATTRIBUTES = f"""\
# {HEADER}
# Copied unchanged, so a review need not show it; GitHub and GitLab fold it away.
{VENDOR}/** linguist-generated
"""

_DRIVER = "driver.c"
"""Source of what looks for the driver of NVIDIA: the longest of all, and named by a module that every shell has."""

# `./venv.nix`, `./devenv-folders.sh`, in comments too: one file too many does no harm, one too few stops Nix.
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
    # In a wheel everything lies in the package; a checkout has it where its developers look for it.
    packed = _PACKAGE / "_assets" / "schema"
    folder = packed if packed.is_dir() else _PACKAGE.parent / "schema"
    return (folder / "env.schema.json").read_text(encoding="utf-8")


def vendored_files(module: File, plan: Plan) -> dict[str, bytes]:
    """Return what lies beside the generated module: what it imports, directly or not, the schema, and what git is told.

    By path relative to the module's folder.
    """
    copied = module_closure(_imported(module)) | {"env.schema.json": read_schema().encode()}
    # Nix reads a file where it is used: named by a module, and used by no shell, it need not be there.
    if not looks_for_driver(plan):
        del copied[_DRIVER]
    return {f"{VENDOR}/{name}": data for name, data in copied.items()} | {
        ".gitattributes": _ATTRIBUTES.encode()
    }


def looks_for_driver(plan: Plan) -> bool:
    """Whether any shell does, so that Nix comes to read the program's source."""
    return any(shell.driver for shell in plan.shells) and any(
        name.endswith("-linux") for name in plan.systems
    )


def module_closure(names: tuple[str, ...]) -> dict[str, bytes]:
    """Return the named modules and all that they name (`./x.nix`), by file name.

    A name without a module of ours is left out: it is the user's own file.
    """
    modules: dict[str, bytes] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        path = modules_folder() / name
        if name in modules or not path.is_file():
            continue
        modules[name] = path.read_bytes()
        waiting += [match.decode() for match in _MENTION.findall(modules[name])]
    return dict(sorted(modules.items()))


def _imported(module: File) -> tuple[str, ...]:
    """Return the names of the modules of ours that the generated one imports."""
    names: list[str] = []

    def visit(node: object) -> None:
        if isinstance(node, NixPath):
            # `./vendor/venv.nix` is ours; `../../nix/extra.nix` is the user's.
            names.extend(node.names[1:] if node.names[:-1] == (VENDOR,) else ())
        elif isinstance(node, tuple):
            for item in node:
                visit(item)
        elif is_dataclass(node):
            for field in fields(node):
                visit(getattr(node, field.name))

    visit(module.body)
    return tuple(names)

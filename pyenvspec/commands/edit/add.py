"""`pyenvspec add NAME…`: put packages into `native` (`cuda.X`: into `cuda.packages`) of env.yaml."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenvspec.commands.edit.file import edit_file
from pyenvspec.commands.edit.list import add_items
from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.names import suggest_native
from pyenvspec.options import Options, add_json
from pyenvspec.raw import Sequence, to_plain, walk_path
from pyenvspec.reporter import put, say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from pyenvspec.diagnostics import KeyPath
    from pyenvspec.raw import RawSpec

NATIVE: KeyPath = ("native",)
CUDA_PACKAGES: KeyPath = ("cuda", "packages")
_CUDA_DEFAULT = ("cudatoolkit",)


@dataclass(frozen=True, slots=True)
class AddOptions(Options):
    """What this command can be told besides."""

    names: tuple[str, ...] = ()
    force: bool = False


def declare(parser: argparse.ArgumentParser) -> type[AddOptions]:
    """Declare the arguments; return what holds them."""
    add_json(parser)
    parser.add_argument(
        "names", nargs="+", metavar="NAME", help="nixpkgs packages; cuda.X is one of the CUDA set"
    )
    parser.add_argument(
        "--force", action="store_true", help="take names that the offline catalogue does not have"
    )
    return AddOptions


def run(options: AddOptions) -> int:
    """Add what is not there yet; a name that nixpkgs does not have stops all."""
    new: dict[KeyPath, list[str]] = {}

    def change(data: bytes, raw: RawSpec) -> bytes:
        new.update(_missing(raw, options.names))
        _refuse_unknown(raw, new, take_all=options.force)
        for path, names in new.items():
            default = _CUDA_DEFAULT if path == CUDA_PACKAGES else ()
            if names:
                data = add_items(data, raw.file, path, names, default=default)
        return data

    edit_file(options, change)
    added = [shown(path, name) for path, names in new.items() for name in names]
    present = [name for name in dict.fromkeys(options.names) if name not in added]
    if options.json:
        put(json.dumps({"added": added, "present": present}) + "\n")
    elif not options.quiet:
        for name in present:
            say(f"{name} is in env.yaml already.")
        if added:
            say(f"Added {', '.join(added)} to env.yaml. Run `pyenvspec compile` to use it.")
    return 0


def place(name: str) -> tuple[KeyPath, str]:
    """Return the list that a name goes into, and what it is called there."""
    return (CUDA_PACKAGES, name.removeprefix("cuda.")) if name.startswith("cuda.") else (NATIVE, name)


def shown(path: KeyPath, name: str) -> str:
    """Return a name as the command line has it."""
    return f"cuda.{name}" if path == CUDA_PACKAGES else name


def listed(raw: RawSpec, path: KeyPath) -> list[object]:
    """Return the items of a list as env.yaml has it."""
    steps = list(walk_path(raw.root, path))
    node = steps[-1][0]
    if len(steps) != len(path) + 1 or not isinstance(node, Sequence):
        return []
    plain = to_plain(node)
    assert isinstance(plain, list)
    return plain


def _missing(raw: RawSpec, names: Iterable[str]) -> dict[KeyPath, list[str]]:
    missing: dict[KeyPath, list[str]] = {NATIVE: [], CUDA_PACKAGES: []}
    for path, name in map(place, dict.fromkeys(names)):
        if name not in (listed(raw, path) or (_CUDA_DEFAULT if path == CUDA_PACKAGES else ())):
            missing[path].append(name)
    return missing


def _refuse_unknown(raw: RawSpec, new: dict[KeyPath, list[str]], *, take_all: bool) -> None:
    found = [_judge(raw, name) for name in new[NATIVE]]
    refused = [diagnostic for diagnostic, is_sure in found if diagnostic and (is_sure or not take_all)]
    if new[CUDA_PACKAGES] and raw.root.get("cuda") is None:
        refused.append(_without_cuda(raw, new[CUDA_PACKAGES][0]))
    if refused:
        raise PyenvspecError(*refused)


def _judge(raw: RawSpec, name: str) -> tuple[Diagnostic | None, bool]:
    """Return what is wrong with a name, and whether that is sure: the catalogue is not all of nixpkgs."""
    meant = suggest_native(name)
    if meant is None or (meant.is_attribute and meant.kind in ("attr", "service")):
        return None, False
    if meant.kind == "close":
        hint = f"did you mean `{meant.attr}`? If nixpkgs has `{name}`, run `pyenvspec add --force {name}`"
        message = f"`{name}` is not among the nixpkgs names known offline"
        return Diagnostic("native-unknown", message, raw.file, hint=hint), False
    if meant.kind == "attr":
        hint = f"run `pyenvspec add {meant.attr}`"
        return Diagnostic("native-unknown", f"nixpkgs has no `{name}`", raw.file, hint=hint), True
    return Diagnostic(
        "native-refused", f"`{name}` does not belong under `native`", raw.file, hint=meant.hint
    ), True


def _without_cuda(raw: RawSpec, name: str) -> Diagnostic:
    return Diagnostic(
        "cuda-not-asked",
        f"`cuda.{name}` needs CUDA, which is not asked for",
        raw.file,
        hint="write `cuda: 11.8` (or another version) into env.yaml first",
    )

"""`pyenvspec add NAME…`: put packages into `native` (`cuda.X`: into `cuda.packages`) of env.yaml."""

from __future__ import annotations

import json
import re
from shlex import quote
from typing import TYPE_CHECKING

from pyenvspec.commands.edit.file import edit_file
from pyenvspec.commands.edit.list import add_items
from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.facts.meanings import hint_beside
from pyenvspec.facts.native import may_be_unlisted
from pyenvspec.names import is_known, suggest_native
from pyenvspec.next_step import next_step, open_command
from pyenvspec.options import Options, add_json
from pyenvspec.raw import Scalar, Sequence, to_plain, value_at
from pyenvspec.records import dataclass
from pyenvspec.reporter import make_visible, put, say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from pyenvspec.diagnostics import KeyPath
    from pyenvspec.facts.meanings import Suggestion
    from pyenvspec.raw import Node, RawSpec

NATIVE: KeyPath = ("native",)
CUDA_PACKAGES: KeyPath = ("cuda", "packages")
# What `cuda.packages` is where it is not typed: a list that is typed replaces it.
_CUDA_DEFAULT = ("cudatoolkit",)


@dataclass(frozen=True)
class AddOptions(Options):
    """What this command can be told besides."""

    names: tuple[str, ...] = ()


def declare(parser: argparse.ArgumentParser) -> type[AddOptions]:
    """Declare the arguments; return what holds them."""
    add_json(parser)
    text = "packages as nixpkgs or Debian call them, or libraries; cuda.X is one of the CUDA set"
    parser.add_argument("names", nargs="+", metavar="NAME", help=text)
    return AddOptions


def run(options: AddOptions) -> int:
    """Add what is not there yet, each by the name that nixpkgs has for it; what it does not have stops all."""
    new: dict[KeyPath, list[str]] = {}
    meant: dict[str, Suggestion] = {}
    names: list[str] = []

    # Run again from the start where an editor has saved the file meanwhile, so that it fills what was there anew.
    def change(data: bytes, raw: RawSpec) -> bytes:
        meant.update(_translate(raw, options.names))
        names[:] = dict.fromkeys(
            meant[name].attr or name if name in meant else name for name in options.names
        )
        new.update(_missing(raw, names))
        # `cuda:` with nothing behind it asks for none either.
        if new[CUDA_PACKAGES] and _is_empty(value_at(raw.root, ("cuda",))):
            raise PyenvspecError(_without_cuda(raw, new[CUDA_PACKAGES][0]))
        for path, missing in new.items():
            default = _CUDA_DEFAULT if path == CUDA_PACKAGES else ()
            if missing:
                data = add_items(data, raw.file, path, missing, default=default)
        return data

    edit_file(options, change)
    added = [shown(path, name) for path, missing in new.items() for name in missing]
    present = [name for name in names if name not in added]
    if options.json:
        renamed = {name: suggestion.attr for name, suggestion in meant.items()}
        put(json.dumps({"added": added, "present": present, "renamed": renamed}) + "\n")
    elif not options.quiet:
        for name, suggestion in meant.items():
            say(f"`{make_visible(name)}`: {suggestion.hint}.")
        for name in present:
            say(f"{name} is in env.yaml already.")
        if added:
            say(f"Added {', '.join(added)} to env.yaml. {next_step(open_command(options.directory))}")
    return 0


def list_for(name: str) -> tuple[KeyPath, str]:
    """Return the list that a name goes into, and what it is called there."""
    return (CUDA_PACKAGES, name.removeprefix("cuda.")) if name.startswith("cuda.") else (NATIVE, name)


def shown(path: KeyPath, name: str) -> str:
    """Return a name as the command line has it."""
    return f"cuda.{name}" if path == CUDA_PACKAGES else name


def listed(raw: RawSpec, path: KeyPath) -> list[object]:
    """Return the items of a list as env.yaml has it."""
    node = value_at(raw.root, path)
    return [to_plain(item) for item in node.items] if isinstance(node, Sequence) else []


def _is_empty(node: Node | None) -> bool:
    return node is None or (isinstance(node, Scalar) and node.value is None)


def _missing(raw: RawSpec, names: Iterable[str]) -> dict[KeyPath, list[str]]:
    missing: dict[KeyPath, list[str]] = {NATIVE: [], CUDA_PACKAGES: []}
    for path, name in map(list_for, dict.fromkeys(names)):
        if name not in (listed(raw, path) or (_CUDA_DEFAULT if path == CUDA_PACKAGES else ())):
            missing[path].append(name)
    return missing


def _translate(raw: RawSpec, names: Iterable[str]) -> dict[str, Suggestion]:
    """Return what names of other package managers mean; raises for each that nixpkgs does not have."""
    suggestions: dict[str, Suggestion] = {}
    refused: list[Diagnostic] = []
    for name in dict.fromkeys(names):
        if name.startswith("cuda."):  # the set of a CUDA is not in the catalogue; `check` knows its names
            continue
        meant = suggest_native(name)
        # A name that nixpkgs has goes in as it is typed; `check` says what else it could mean.
        if meant is not None and meant.is_attribute and meant.kind in ("attr", "service"):
            continue
        if meant is not None and meant.kind == "attr" and meant.attr:
            suggestions[name] = meant
        elif meant is not None and (meant.kind != "close" or not _may_be_newer(raw)):
            refused.append(_judge(raw, name, meant))
        elif meant is None and not is_known(name) and not _may_be_newer(raw) and _is_plain(name):
            hint = f"look for it with `pyenvspec search {quote(name)}`"
            refused.append(Diagnostic("native-unknown", f"nixpkgs has no `{name}`", raw.file, hint=hint))
    if refused:
        raise PyenvspecError(*refused)
    return suggestions


def _is_plain(name: str) -> bool:
    """Return whether a name could be one: what else there is in env.yaml is told by its check."""
    return re.fullmatch(r"[\w.'+-]+", name) is not None


def _judge(raw: RawSpec, name: str, meant: Suggestion) -> Diagnostic:
    if meant.kind in ("close", "version"):
        hint = (
            f"did you mean `{meant.attr}`? Run `pyenvspec add {quote(meant.attr)}`"
            if meant.attr
            else meant.hint
        )
        return Diagnostic("native-unknown", f"nixpkgs has no `{name}`", raw.file, hint=hint)
    message = f"`{name}` does not belong under `native`"
    return Diagnostic("native-refused", message, raw.file, hint=hint_beside(meant, _python_of(raw)))


def _python_of(raw: RawSpec) -> str | None:
    """Return the Python that env.yaml asks for, as far as it says one."""
    for path in (("python", "version"), ("python",)):
        node = value_at(raw.root, path)
        if isinstance(node, Scalar):
            return node.text
    return None


def _may_be_newer(raw: RawSpec) -> bool:
    """Return whether a name that no list has may be there: by an overlay, or in a nixpkgs newer than the list."""
    whole = to_plain(raw.root)
    plain = whole.get("nixpkgs") if isinstance(whole, dict) else None
    # `nixpkgs: nixos-24.11` is short for its release.
    nixpkgs = plain if isinstance(plain, dict) else {"release": plain or "auto"}
    release = nixpkgs.get("release", "auto")
    return bool(nixpkgs.get("overlays")) or (release != "auto" and may_be_unlisted(str(release)))


def _without_cuda(raw: RawSpec, name: str) -> Diagnostic:
    return Diagnostic(
        "cuda-not-asked",
        f"`cuda.{name}` needs CUDA, which is not asked for",
        raw.file,
        hint="write `cuda: 11.8` (or another version) into env.yaml first",
    )

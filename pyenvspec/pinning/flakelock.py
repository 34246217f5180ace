"""flake.lock without Nix: the text that Nix itself would write for these inputs and pins.

Version 7 of the format. A node lists each input of its flake, as the name of a node or as the path that it
follows from the root; `follows = ""` is the empty path. Nix takes a lock as it is only when it agrees with
flake.nix in every such path, so nothing is written where an input's own inputs are not known.
"""

from __future__ import annotations

import json
from dataclasses import field
from typing import TYPE_CHECKING, Any

from pyenvspec.facts.input_sources import input_source, read_at
from pyenvspec.project.files import read_project_file
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path as Folder

    from pyenvspec.facts.input_sources import InputSource
    from pyenvspec.pinning.pinfile import Pin
    from pyenvspec.plan import FlakeInput

_LOCK_VERSION = 7

Path = tuple[str, ...]


@dataclass()
class _Node:
    """A flake of the lock; `inputs` holds a node, or the path from the root that an input follows."""

    locked: dict[str, Any] | None = None
    original: dict[str, Any] | None = None
    flake: bool = True
    inputs: dict[str, _Node | Path] = field(default_factory=dict)


def read_locked(root: Folder) -> dict[str, str]:
    """Return the revisions that a flake.lock has for the project's own inputs; none where it is broken."""
    content = read_project_file(root, "flake.lock")
    try:
        document = json.loads(content or b"{}")
        nodes = document["nodes"]
        own = nodes[document["root"]]["inputs"]
        return {
            name: nodes[node]["locked"]["rev"] for name, node in own.items() if _has_revision(nodes, node)
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _has_revision(nodes: dict[str, Any], node: object) -> bool:
    # A list is the path of an input that this one follows.
    return isinstance(node, str) and isinstance(nodes[node].get("locked", {}).get("rev"), str)


def find_unknown(inputs: Iterable[FlakeInput], pins: Mapping[str, Pin]) -> tuple[str, ...]:
    """Return the inputs that keep flake.lock from being written: no pin, or own inputs that are unknown."""
    return tuple(i.name for i in inputs if i.name not in pins or not _is_known(i, pins[i.name]))


def _is_known(flake_input: FlakeInput, pin: Pin) -> bool:
    if not flake_input.flake:
        return True
    source = _find_source(flake_input, pin)
    if source is None:
        return False
    followed = dict(flake_input.follows)
    # An own input that follows nothing is locked as the input's flake.lock has it, which was read at one revision.
    has_lock = bool(source.lock) and pin.rev == source.rev
    return all(own.name in followed or own.follows is not None or has_lock for own in source.inputs)


def _find_source(flake_input: FlakeInput, pin: Pin) -> InputSource | None:
    """What is known of an input at the revision of its pin."""
    wanted = pin.source
    if (exact := read_at(wanted.owner, wanted.repo, pin.rev)) is not None:
        return exact
    source = input_source(flake_input.name)
    if source is None or not source.settled:
        return None
    # A fork may have other inputs, and so may a revision from before the one that was read.
    same = (source.owner.lower(), source.repo.lower()) == (wanted.owner.lower(), wanted.repo.lower())
    is_newer = source.last_modified is None or (pin.last_modified or 0) >= source.last_modified
    return source if same and is_newer else None


def format_flake_lock(inputs: Iterable[FlakeInput], pins: Mapping[str, Pin]) -> str:
    """Return the text of flake.lock; `find_unknown` must have found nothing."""
    root = _Node()
    for flake_input in inputs:
        root.inputs[flake_input.name] = _build_input(flake_input, pins[flake_input.name])
    nodes: dict[str, Any] = {}
    name = _dump(root, "root", nodes, {})
    document = {"nodes": nodes, "root": name, "version": _LOCK_VERSION}
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _build_input(flake_input: FlakeInput, pin: Pin) -> _Node:
    # Nix compares `original` with the reference in flake.nix, which names revision and hash of a pinned input.
    where = {"narHash": pin.nar_hash, "owner": pin.source.owner, "repo": pin.source.repo, "rev": pin.rev}
    original = {**where, "type": "github"}
    # A time that is not known is left out: Nix compares one that is there with the commit's.
    time = {"lastModified": pin.last_modified} if pin.last_modified is not None else {}
    node = _Node({**original, **time}, original, flake_input.flake)
    source = _find_source(flake_input, pin) if flake_input.flake else None
    if source is not None:
        followed = dict(flake_input.follows)
        reader = _LockReader(flake_input.name, source)
        for own in source.inputs:
            if own.name in followed:
                node.inputs[own.name] = _split(followed[own.name])
            elif own.follows is not None:
                # What a flake says of its own inputs counts from that flake.
                node.inputs[own.name] = (flake_input.name, *_split(own.follows))
            else:
                node.inputs[own.name] = reader.read(source.lock["root"]["inputs"][own.name])
    return node


# `follows = ""` is the empty path, and `flake-parts/nixpkgs-lib` one of two steps.
def _split(path: str) -> Path:
    return tuple(part for part in path.split("/") if part)


class _LockReader:
    """Reads an input's own flake.lock; paths get the input's name in front, and nodes used twice stay one."""

    def __init__(self, name: str, source: InputSource) -> None:
        self._name = name
        self._rows = source.lock
        self._nodes: dict[str, _Node] = {}

    def read(self, key: str) -> _Node:
        """Return a node with all below it."""
        if key in self._nodes:
            return self._nodes[key]
        row = self._rows[key]
        node = self._nodes[key] = _Node(row["locked"], row["original"], row.get("flake", True))
        for name, target in row.get("inputs", {}).items():
            node.inputs[name] = (self._name, *target) if isinstance(target, list) else self.read(target)
        return node


def _dump(node: _Node, wanted: str, nodes: dict[str, Any], names: dict[int, str]) -> str:
    """Add a node and all below it under names as Nix gives them; return its name."""
    # Two inputs that lead to one node of an input's own lock share it.
    if id(node) in names:
        return names[id(node)]
    # Nix counts from 2: `nixpkgs`, `nixpkgs_2`; names are given on the way down, in the order of the inputs' names.
    name, number = wanted, 2
    while name in nodes:
        name, number = f"{wanted}_{number}", number + 1
    # Taken before the inputs are looked at, which may want the same name.
    row: dict[str, Any] = {}
    nodes[name] = row
    names[id(node)] = name
    if node.inputs:
        row["inputs"] = {
            key: list(target) if isinstance(target, tuple) else _dump(target, key, nodes, names)
            for key, target in sorted(node.inputs.items())
        }
    if node.locked is not None:
        row |= {"locked": node.locked, "original": node.original}
    if not node.flake:
        row["flake"] = False
    return name

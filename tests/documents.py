"""Documents like env.yaml for tests: right ones, one with every key, and mutants of them."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pyenvspec.raw import Mapping, Node, Scalar, Sequence
from pyenvspec.reading.source import read_text
from pyenvspec.spec.model import VARIANT_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Plain:
    """An unquoted scalar other than a word."""

    text: str


Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | Plain"
Route: TypeAlias = "tuple[str | int, ...]"

EVERY_KEY = """
spec: 1
name: lab
description: a lab
systems: [x86_64-linux, aarch64-linux, aarch64-darwin, x86_64-darwin]
python:
  version: 3.10
  manager: uv2nix
  project: .
  requirements: requirements.txt
  groups: [dev]
  extras: [gpu]
  packages: [numpy, a.b]
  editable: {my-app: ./src}
  install: never
  build_after: [flash-attn]
wheels: {prefer: true, disabled: [torch]}
fixes: [torch]
overrides:
  one:
    remove: true
    from_nixpkgs: true
    keep_locked_source: true
    source: sdist
    build_systems: [setuptools]
    build_tools: [mecab]
    libraries: [cuda.cudnn]
    dependencies: [libtensorflow]
    ignore_missing_libraries: [libcuda.so.1]
    env: {MAX_JOBS: 4, A: "b", C: true}
    patches: [./x.patch]
    post_install: rm
cuda: {version: 11.8, cudnn: 8.9, packages: [nccl], capabilities: [8.0, "9.0"]}
driver: none
preload: [gperftools/lib/libtcmalloc.so]
dotenv: [.env]
native: [ffmpeg, xorg.libX11]
env: {SEED: 42, RATE: 1.10, ON: false, TEXT: a}
scripts: {train: python}
processes:
  web:
    run: python
    after: [postgres]
    ready: {http: {port: 8000, path: /a}, run: "true", every: 1, tries: 2}
    ports: [8001]
    restart: always
    env: {A: 1}
    folder: a
devenv: {languages: {go: {enable: true}}}
services: {postgres: {enable: true, port: 1, list: [1, {a: null}], none: null}}
on_enter: echo
containers:
  default:
    image: lab
    tag: v1
    command: [bash]
    copy: [./src]
    registry: "docker://x/y/"
    variant: empty
    project: true
    cuda: runtime
    base: none
    env: {A: 1}
    ports: [8000]
    labels: {a: b}
run:
  a:
    slurm: {partition: gpu, account: a, nodes: 1, tasks: 1, gpus: "a100:1", cpus: 1, memory: 1G, time: 4h, with: pyxis,
      options: {qos: high}}
    container: default
    image: x.sqsh
    command: [python]
    env: {A: 1}
  b: {kubernetes: {namespace: a, gpus: 1, cpus: 1, memory: 1Gi, time: 1d, pull_secret: a, pod: {nodeSelector: {a: b}}}}
  c: {skypilot: {accelerators: "H100:1", cpus: 8+, memory: 64, infra: aws, spot: true, nodes: 1, task: {workdir: .}}}
  d: {dstack: {gpu: 1, cpu: 1, memory: 1G, nodes: 1, time: 1h, task: {spot_policy: auto}}}
caches: [nix-community, {url: "https://x.example", key: "x-1:AAAA", push: true}]
builders: [ssh-ng://a, {host: ssh-ng://b, systems: [x86_64-linux], jobs: 1, speed: 1, features: [kvm]}]
nixpkgs: {release: nixos-24.11, unfree: auto, overlays: [./o.nix], insecure: [minio]}
inputs: {mylib: {github: owner/repo, ref: main, flake: true}}
modules: [./m.nix]
shell: devenv
variants: {empty: {}}
required: ">=0.0.1"
generate: {flake: true, direnv: true, devcontainer: false, vscode: false, github_actions: false, gitlab_ci: false}
"""

PLAIN = [
    *(
        "null",
        "~",
        "true",
        "false",
        "0",
        "1",
        "-1",
        "2",
        "01",
        "1.0",
        "1.50",
        "3",
        "3.10",
        "11.8",
        "0.5",
        "-0.5",
    ),
    *("999", "1000", "12345678901234567890", "0.0000001", "1000000000000000000000000000000"),
]
# The schema sees the value, the compiler the text, which is no version.
ODDLY_TYPED = ["1e2", "1E0", "3.", ".5", "+3", "0x10", "0o17", "-0", "-0.0"]
TEXTS = [
    *(
        "",
        " ",
        "a",
        "A",
        "1",
        "3.10",
        "3.10\n",
        "3..1",
        "a b",
        "a\nb",
        "a\n",
        "\n",
        "\t",
        "-",
        "_",
        ".",
        "..",
        "/",
    ),
    *(
        "null",
        "true",
        "auto",
        "none",
        "default",
        "poetry",
        "devenv",
        "x86_64-linux",
        "nixos-24.11\n",
        "nixos-24.11",
    ),
    *(
        "a.b",
        "a..b",
        ".a",
        "a.",
        "a-",
        "-a",
        "1a",
        "a'b",
        "a+b",
        "a/b",
        "a//b",
        "a/b/c",
        "a:b",
        "é",
        "a\u00a0b",
        "😀",
    ),
    *(
        "https://x",
        "https://x y",
        "ftp://x",
        "k:AA==",
        "k:",
        ":AA",
        "k:AA=A",
        "0" * 40,
        "a" * 40,
        "a" * 41,
        "g" * 40,
    ),
]
KEYS = [
    "",
    "a",
    "x",
    "Version",
    "cuDNN",
    "on-enter",
    "onEnter",
    "python",
    "version",
    "1",
    "a b",
    "é",
    "a\n",
    "env",
    "X",
]


def write(tree: Tree) -> str:
    """As YAML in one line; texts are quoted as in JSON, which YAML reads alike."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{write(key)}: {write(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(write, tree)) + "]"
    return tree.text if isinstance(tree, Plain) else json.dumps(tree, ensure_ascii=False)


def to_tree(node: Node) -> Tree:
    match node:
        case Mapping():
            return {entry.key: to_tree(entry.value) for entry in node.entries}
        case Sequence():
            return [to_tree(item) for item in node.items]
        case Scalar():
            return node.value if isinstance(node.value, str) else Plain(node.text or "null")


def load(text: str) -> dict[str, Tree]:
    tree = to_tree(read_text(text.encode(), "env.yaml").root)
    assert isinstance(tree, dict)
    return tree


def with_variant(document: dict[str, Tree]) -> dict[str, Tree]:
    """The same with all that may vary said again in a variant."""
    same = {key: value for key, value in document.items() if key in VARIANT_KEYS}
    return {**document, "variants": {"same": same}}


FULL = load(EVERY_KEY)
RIGHT = {
    str(path.relative_to(ROOT).parent): load(path.read_text())
    for path in sorted([*ROOT.glob("examples/*/env.yaml"), *ROOT.glob("tests/golden/ok/*/env.yaml")])
} | {"every key": FULL, "every key in a variant": with_variant(FULL)}


def walk(tree: Tree, path: Route = ()) -> Iterator[tuple[Route, Tree]]:
    yield path, tree
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, child in children:
        yield from walk(child, (*path, step))


def at(tree: Tree, path: Route) -> Any:
    for step in path:
        tree = tree[step]  # type: ignore[index]
    return tree


def change(tree: Tree, path: Route, value: Tree) -> Tree:
    """The tree with `value` at `path`."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(tree, dict):
        return {key: change(child, rest, value) if key == step else child for key, child in tree.items()}
    assert isinstance(tree, list)
    return [change(child, rest, value) if key == step else child for key, child in enumerate(tree)]


def prune(tree: Tree, path: Route) -> Tree:
    """Only what leads to `path`; all of what is there."""
    if not path:
        return tree
    child = prune(at(tree, path[:1]), path[1:])
    return {str(path[0]): child} if isinstance(tree, dict) else [child]


def mutate(tree: Tree, chance: random.Random) -> Tree:
    """Do one thing to one place of the tree."""
    path, below = chance.choice(list(walk(tree)))
    match chance.randrange(8):
        case 0 if isinstance(below, dict) and below:
            gone = chance.choice(list(below))
            return change(tree, path, {k: v for k, v in below.items() if k != gone})
        case 1 if isinstance(below, dict):
            return change(tree, path, {**below, chance.choice(KEYS): _any_value(chance)})
        case 2 if isinstance(below, dict) and below:
            renamed = chance.choice(list(below))
            return change(
                tree, path, {_misspell(k, chance) if k == renamed else k: v for k, v in below.items()}
            )
        case 3 if isinstance(below, list):
            return change(tree, path, [*below, _any_value(chance)])
        case 4:
            return change(tree, path, [below])
        case 5:
            return change(tree, path, chance.choice(list(walk(FULL)))[1])
        case 6 if isinstance(tree, dict):
            variants: Any = tree.get("variants", {})
            more = {"v": {chance.choice(list(FULL)): _any_value(chance)}}
            merged: Any = {**variants, **more} if isinstance(variants, dict) else more
            return {**tree, "variants": merged}
        case _:
            return change(tree, path, _any_value(chance))


def _any_value(chance: random.Random) -> Tree:
    match chance.randrange(4):
        case 0:
            return Plain(chance.choice(PLAIN))
        case 1:
            return chance.choice(TEXTS)
        case 2:
            return chance.choice(["a", "poetry", "nixos-24.11", "true", "x86_64-linux", "1.0"])
        case _:
            return chance.choice(list(walk(FULL)))[1]


def _misspell(key: str, chance: random.Random) -> str:
    camel = re.sub("_([a-z])", lambda found: found[1].upper(), key)
    return chance.choice(
        [camel, key.replace("_", "-"), key.capitalize(), key + "s", key[:-1], chance.choice(KEYS)]
    )


def mutants(count: int, seed: int) -> Iterator[Tree]:
    """Documents that were right until a few things were done to them; the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        tree: Tree = chance.choice(list(RIGHT.values()))
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            tree = mutate(tree, chance)
        if isinstance(tree, dict):
            yield tree

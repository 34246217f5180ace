"""flake.lock: its text, and the real Nix that takes it as it is."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from pyenvspec.facts.input_sources import input_source, input_sources
from pyenvspec.pinning.flakelock import find_unknown, format_flake_lock
from pyenvspec.pinning.pinfile import FlakeRef, Pin, parse_flake_ref
from pyenvspec.plan import FlakeInput

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from inputs import Inputs

HASH = "sha256-SvXJcAemihifkTn4BGvyE5K1FJX9bl4U8DQ5pqKvD0s="
REV = "0123456789012345678901234567890123456789"

NIXPKGS = FlakeInput("nixpkgs", "github:NixOS/nixpkgs/nixos-25.11")
MINE = FlakeInput("mine", "github:me/mine", flake=False)


def _standard(name: str, follows: dict[str, str] | None = None, *, flake: bool = True) -> FlakeInput:
    source = input_source(name)
    assert source is not None
    return FlakeInput(name, source.url, tuple(sorted((follows or {}).items())), flake)


def _cut(name: str, **follows: str) -> FlakeInput:
    """An input of which only `follows` is kept."""
    source = input_source(name)
    assert source is not None
    return _standard(name, {own.name: follows.get(own.name.replace("-", "_"), "") for own in source.inputs})


FLAKES = (
    NIXPKGS,
    _standard("flake-parts", {"nixpkgs-lib": "nixpkgs"}),
    _cut("devenv", nixpkgs="nixpkgs", flake_parts="flake-parts"),
    _cut("git-hooks", nixpkgs="nixpkgs"),
    _standard("pyproject-nix", {"nixpkgs": "nixpkgs"}),
    _standard("uv2nix", {"nixpkgs": "nixpkgs", "pyproject-nix": "pyproject-nix"}),
    _standard("pyproject-build-systems", {name: name for name in ("nixpkgs", "pyproject-nix", "uv2nix")}),
    _standard("cuda-legacy"),
    _standard("nixpkgs-python", {"flake-compat": ""}),
    _standard("poetry2nix", flake=False),
)


def _pin(given: FlakeInput, nar_hash: str = HASH) -> Pin:
    source = parse_flake_ref(given.url)
    known = input_source(given.name)
    rev = known.rev if known and known.rev else REV
    return Pin(source, rev, nar_hash, known.last_modified if known else None)


def _lock(inputs: Iterable[FlakeInput]) -> dict[str, Any]:
    inputs = tuple(inputs)
    pins = {given.name: _pin(given) for given in inputs}
    assert find_unknown(inputs, pins) == ()
    document: dict[str, Any] = json.loads(format_flake_lock(inputs, pins))
    return document


def test_the_text_is_the_one_nix_writes() -> None:
    pins = {"mine": Pin(FlakeRef("me", "mine"), REV, HASH, 1700000000)}
    assert format_flake_lock((MINE,), pins) == (
        "{\n"
        '  "nodes": {\n'
        '    "mine": {\n'
        '      "flake": false,\n'
        '      "locked": {\n'
        '        "lastModified": 1700000000,\n'
        f'        "narHash": "{HASH}",\n'
        '        "owner": "me",\n'
        '        "repo": "mine",\n'
        f'        "rev": "{REV}",\n'
        '        "type": "github"\n'
        "      },\n"
        '      "original": {\n'
        f'        "narHash": "{HASH}",\n'
        '        "owner": "me",\n'
        '        "repo": "mine",\n'
        f'        "rev": "{REV}",\n'
        '        "type": "github"\n'
        "      }\n"
        "    },\n"
        '    "root": {\n'
        '      "inputs": {\n'
        '        "mine": "mine"\n'
        "      }\n"
        "    }\n"
        "  },\n"
        '  "root": "root",\n'
        '  "version": 7\n'
        "}\n"
    )


def test_an_input_without_inputs_leaves_a_root_without_any() -> None:
    assert _lock(()) == {"nodes": {"root": {}}, "root": "root", "version": 7}


def test_what_is_cut_off_follows_the_empty_path() -> None:
    nodes = _lock(FLAKES)["nodes"]
    assert nodes["devenv"]["inputs"]["nixd"] == []
    assert nodes["devenv"]["inputs"]["nixpkgs"] == ["nixpkgs"]


def test_what_an_input_cuts_off_itself_follows_that_input() -> None:
    nodes = _lock((NIXPKGS, _standard("cuda-legacy")))["nodes"]
    assert nodes["cuda-legacy"]["inputs"] == {"flake-parts": ["cuda-legacy"], "nixpkgs": ["cuda-legacy"]}


def test_inputs_of_an_input_come_from_its_own_lock_under_names_that_are_free() -> None:
    nodes = _lock((NIXPKGS, _standard("nixpkgs-python")))["nodes"]
    assert nodes["root"]["inputs"] == {"nixpkgs": "nixpkgs", "nixpkgs-python": "nixpkgs-python"}
    inputs = nodes["nixpkgs-python"]["inputs"]
    assert inputs == {"flake-compat": "flake-compat", "nixpkgs": "nixpkgs_2"}
    assert nodes["nixpkgs_2"]["original"]["ref"] == "nixos-25.11"
    assert nodes["flake-compat"]["flake"] is False


def test_deeper_nodes_follow_from_the_root() -> None:
    nodes = _lock((NIXPKGS, _standard("poetry2nix")))["nodes"]
    assert nodes["treefmt-nix"]["inputs"] == {"nixpkgs": ["poetry2nix", "nixpkgs"]}
    assert nodes["flake-utils"]["inputs"] == {"systems": "systems"}
    assert nodes["poetry2nix"]["inputs"]["systems"] == "systems_2"


def test_the_order_of_inputs_does_not_show() -> None:
    assert _lock(FLAKES) == _lock(reversed(FLAKES))


@pytest.mark.parametrize(
    ("given", "rev", "unknown"),
    [
        (NIXPKGS, REV, False),
        (MINE, REV, False),
        (FlakeInput("mine", "github:me/mine"), REV, True),
        (_standard("flake-parts", {"nixpkgs-lib": "nixpkgs"}), REV, False),
        (_standard("flake-parts"), None, True),
        (_cut("devenv", nixpkgs="nixpkgs"), None, False),
        (_cut("devenv", nixpkgs="nixpkgs"), REV, True),
        (_standard("nixpkgs-python"), None, False),
        (_standard("nixpkgs-python"), REV, True),
        (FlakeInput("flake-parts", "github:me/flake-parts"), REV, True),
    ],
)
def test_where_no_lock_can_be_written(given: FlakeInput, rev: str | None, unknown: bool) -> None:
    pin = _pin(given)
    pins = {given.name: Pin(pin.source, rev or pin.rev, HASH, pin.last_modified)}
    assert find_unknown((given,), pins) == ((given.name,) if unknown else ())


def test_inputs_of_an_older_revision_are_unknown_unless_it_was_read_itself() -> None:
    given, read = _cut("git-hooks", nixpkgs="nixpkgs"), input_source("git-hooks")
    assert read is not None
    assert read.rev is not None
    source = FlakeRef(read.owner, read.repo)
    assert find_unknown((given,), {"git-hooks": Pin(source, REV, HASH, 1000000000)}) == ("git-hooks",)
    assert find_unknown((given,), {"git-hooks": Pin(source, read.rev, HASH)}) == ()


def test_an_input_without_a_pin_keeps_the_lock_from_being_written() -> None:
    assert find_unknown((NIXPKGS, MINE), {"nixpkgs": _pin(NIXPKGS)}) == ("mine",)


class Nix:
    """The real Nix with a store of its own that holds the real inputs, and without any network."""

    def __init__(self, folder: Path, program: Path, inputs: Inputs) -> None:
        self.project = folder / "project"
        self.project.mkdir()
        self.inputs = inputs
        self.program = program / "nix"
        settings = (
            "experimental-features = nix-command flakes",
            "substituters =",
            "flake-registry =",
            "connect-timeout = 1",
            "download-attempts = 1",
        )
        self.env = {
            **os.environ,
            **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9"),
            "HOME": str(folder),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "NIX_REMOTE": f"local?root={folder / 'root'}",
            "NIX_CONFIG": "\n".join(settings),
        }

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            (self.program, *arguments),
            cwd=self.project,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def pin(self, given: FlakeInput) -> Pin:
        """Put an input's files into the store as a fetch would, and pin it to them."""
        place = str(self.place(given.name))
        self.run("store", "add", "--name", "source", place)
        return _pin(given, self.run("hash", "path", place))

    def place(self, name: str) -> Path:
        """Where the sources of an input are; of nixpkgs its `lib`, where that is there, a flake without inputs too."""
        is_nixpkgs = name.rpartition("/")[2] == "nixpkgs"
        return self.inputs.path("nixpkgs-lib" if is_nixpkgs and self.inputs.has("nixpkgs-lib") else name)

    def write(self, inputs: Iterable[FlakeInput], pins: dict[str, Pin]) -> None:
        """Write a flake of these inputs; its outputs tell where Nix found each of them."""
        lines = []
        for given in inputs:
            lines.append(f'{given.name} = {{ url = "{pins[given.name].url}";')
            lines += ["flake = false;"] if not given.flake else []
            lines += [f'inputs.{name}.follows = "{path}";' for name, path in given.follows]
            lines.append("};")
        outputs = 'inputs: { found = builtins.mapAttrs (name: input: "${input}") inputs; }'
        text = f"{{ inputs = {{ {' '.join(lines)} }}; outputs = {outputs}; }}"
        (self.project / "flake.nix").write_text(text)


@pytest.fixture
def nix(nix_bin: Path, inputs: Inputs, tmp_path: Path) -> Nix:
    return Nix(tmp_path, nix_bin, inputs)


@pytest.mark.nix
@pytest.mark.inputs
@pytest.mark.slow
@pytest.mark.parametrize("timed", [True, False])
def test_nix_evaluates_from_our_lock_without_network_and_changes_nothing(nix: Nix, timed: bool) -> None:
    pins = {given.name: nix.pin(given) for given in FLAKES}
    if not timed:
        pins = {name: Pin(pin.source, pin.rev, pin.nar_hash) for name, pin in pins.items()}
        assert find_unknown(FLAKES, pins) == ()
    nix.write(FLAKES, pins)
    text = format_flake_lock(FLAKES, pins)
    (nix.project / "flake.lock").write_text(text)
    told = json.loads(nix.run("flake", "metadata", "--json"))
    assert told["locks"] == json.loads(text)
    found = json.loads(nix.run("eval", "--json", ".#found"))
    assert set(found) == {"self", *pins}
    assert (nix.project / "flake.lock").read_text() == text


@pytest.mark.nix
@pytest.mark.inputs
@pytest.mark.slow
def test_our_lock_lists_what_nix_lists_when_it_locks_itself(nix: Nix) -> None:
    pins = {given.name: nix.pin(given) for given in FLAKES}
    nix.write(FLAKES, pins)
    names = [*(given.name for given in FLAKES), "nixpkgs-python/nixpkgs"]
    overrides = [word for name in names for word in ("--override-input", name, f"path:{nix.place(name)}")]
    nix.run("flake", "lock", *overrides)
    theirs = (nix.project / "flake.lock").read_text()
    ours = format_flake_lock(FLAKES, pins)
    assert _without_places(theirs) == _without_places(ours)
    assert json.dumps(json.loads(theirs), indent=2, sort_keys=True) + "\n" == theirs


def _without_places(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    for node in document["nodes"].values():
        node.pop("locked", None)
    return document


def test_the_inputs_under_test_are_all_that_we_know() -> None:
    others = {"nixpkgs-cuda"}
    assert {given.name for given in FLAKES} == {source.name for source in input_sources()} - others

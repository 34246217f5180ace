"""Every example is a flake that the real Nix takes: pure, without import from derivation, and light."""

from __future__ import annotations

import functools
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from harness import Nix
from uv_locks import add_uv_lock

from pyenvspec.driver import load_plan

if TYPE_CHECKING:
    from inputs import Aged, Inputs

EXAMPLES = sorted(path.parent for path in Path(__file__).parents[2].glob("examples/*/env.yaml"))
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=[path.name for path in EXAMPLES])

# What the two renderings need, the root node of flake.lock counted.
MOST_NODES = {"devenv": 6, "native": 3}
# Inputs that only some env.yaml need: an old Python or CUDA, the managers that build from a lock.
WHERE_ASKED_FOR = {
    *("nixpkgs-python", "nixpkgs-cuda", "cuda-legacy"),
    *("poetry2nix", "pyproject-nix", "uv2nix", "pyproject-build-systems"),
}
# Written in Rust or with parts that are: uv, and of poetry's Python packages some. nixpkgs has them built.
BUILT_BY_NIXPKGS = re.compile(r"[a-z0-9]{32}-(uv-[0-9]|poetry-[0-9]|python3[0-9.]*-[a-z])")
RUST = re.compile(r"[a-z0-9]{32}-(rustc|cargo|rust-)")
# One process for all derivations. Their paths must not drag the derivations into the answer.
DRV_PATHS = "builtins.mapAttrs (_: builtins.mapAttrs (_: drv: drv.drvPath))"


@pytest.mark.nix
def test_every_file_parses(nix_bin: Path, tmp_path: Path) -> None:
    files = [str(path) for example in EXAMPLES for path in sorted(example.rglob("*.nix"))]
    assert len(files) > 2 * len(EXAMPLES)
    nix = Nix(nix_bin / "nix-instantiate", tmp_path)
    nix.run("--parse", *files, cwd=tmp_path).check()


@dataclass(frozen=True)
class Evaluated:
    """What Nix says of a copy of an example in `folder`: derivations by system and name, and its flake.lock."""

    folder: Path
    shells: dict[str, dict[str, str]]
    packages: dict[str, dict[str, str]]
    lock: dict[str, Any]

    def derivations(self) -> list[str]:
        return [path for output in (self.shells, self.packages) for path in _flat(output)]


def _flat(output: dict[str, dict[str, str]]) -> list[str]:
    return [path for named in output.values() for path in named.values()]


@dataclass(frozen=True)
class Evaluator:
    """Runs Nix on copies of the examples, their inputs replaced by those in the cache."""

    nix: Nix
    inputs: Inputs
    folder: Path

    def run(self, *arguments: str, example: Path) -> str:
        copied = self.copy(example)
        options = ["--accept-flake-config", *self.overrides(copied)]
        done = self.nix.run(*arguments, *options, cwd=copied, env={"USER": USER, "LOGNAME": USER})
        release = load_plan(copied).nixpkgs.release.removeprefix("nixos-")
        if "not supported for interpreter" in done.stderr and release not in self.inputs.nixpkgs:
            reason = done.stderr.strip().splitlines()[-1].strip()
            pytest.skip(f"needs nixpkgs {release}; of the newer one at hand: {reason}")
        return done.check().stdout

    def copy(self, example: Path) -> Path:
        copied = self.folder / example.name
        if not copied.exists():
            shutil.copytree(example, copied)
            self.add_lock(copied)
        return copied

    def add_lock(self, copied: Path) -> None:
        shell = load_plan(copied).shells[0]
        environment, version = shell.environment, shell.interpreter.version
        project = copied / environment.project
        if environment.manager == "uv2nix" and not (project / "uv.lock").exists():
            add_uv_lock(project, version)

    def nixpkgs(self, copied: Path) -> Aged:
        module = (copied / "nix/pyenvspec/default.nix").read_text()
        aged = self.folder / f"nixpkgs for {copied.name}"
        return self.inputs.nixpkgs_for(self.nix.program, load_plan(copied).nixpkgs.release, module, aged)

    def overrides(self, copied: Path) -> list[str]:
        places = {"nixpkgs": self.nixpkgs(copied).path}
        return self.inputs.overrides(self.nix.input_names(copied), places=places)

    @functools.cache  # noqa: B019 -- lives as long as the tests of this file
    def evaluate(self, example: Path) -> Evaluated:
        self.run("flake", "lock", example=example)
        answers = [
            json.loads(self.run("eval", "--json", f".#{output}", "--apply", DRV_PATHS, example=example))
            for output in ("devShells", "packages")
        ]
        folder = self.copy(example)
        return Evaluated(folder, answers[0], answers[1], json.loads((folder / "flake.lock").read_text()))


USER = "somebody-of-this-machine"


@pytest.fixture(scope="module")
def evaluator(nix_bin: Path, inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Evaluator:
    folder = tmp_path_factory.mktemp("examples of this project")
    home = tmp_path_factory.mktemp("home-of-somebody")
    return Evaluator(Nix(nix_bin / "nix", home), inputs, folder)


def with_inputs(test: Any) -> Any:
    return pytest.mark.nix(pytest.mark.inputs(each_example(test)))


@with_inputs
def test_every_shell_and_container_evaluates(evaluator: Evaluator, example: Path) -> None:
    plan = load_plan(example)
    found = evaluator.evaluate(example)
    assert set(found.shells) == set(plan.systems)
    for named in found.shells.values():
        assert set(named) == {shell.name for shell in plan.shells}
    containers = {f"container-{container.name}" for container in plan.containers}
    for system, named in found.packages.items():
        assert containers <= set(named) or not system.endswith("-linux")
    assert all(path.endswith(".drv") for path in found.derivations())


@with_inputs
def test_flake_check_and_flake_show_pass(evaluator: Evaluator, example: Path) -> None:
    plan = load_plan(example)
    evaluator.run("flake", "check", "--no-build", "--all-systems", example=example)
    shown = json.loads(evaluator.run("flake", "show", "--json", "--all-systems", example=example))
    for system in plan.systems:
        assert {shell.name for shell in plan.shells} == set(shown["devShells"][system])
        assert shown["devShells"][system]["default"]["name"] == plan.name


@with_inputs
def test_flake_lock_is_small(evaluator: Evaluator, example: Path) -> None:
    nodes = evaluator.evaluate(example).lock["nodes"]
    needed = _reach(nodes, without=WHERE_ASKED_FOR)
    assert len(needed) <= MOST_NODES[load_plan(example).renderer]
    assert {name for name in needed if name.startswith("nixpkgs")} == {"nixpkgs"}
    asked_for = {given.name for given in load_plan(example).inputs} & WHERE_ASKED_FOR
    assert set(nodes["root"]["inputs"]) - needed == asked_for


def _reach(nodes: dict[str, Any], *, without: set[str]) -> set[str]:
    """The nodes that the root needs, were it not for the inputs of that name."""
    reached: set[str] = set()
    waiting = ["root"]
    while waiting:
        name = waiting.pop()
        reached.add(name)
        targets = nodes[name].get("inputs", {}).values()
        waiting += [t for t in targets if isinstance(t, str) and t not in reached | without]
    return reached


@with_inputs
def test_nothing_of_this_machine_is_in_a_derivation(evaluator: Evaluator, example: Path) -> None:
    found = evaluator.evaluate(example)
    private = [str(found.folder), str(evaluator.nix.home), USER, str(example.parents[1]), "/proc/self/cwd"]
    for path in _closure(evaluator.nix, found.derivations()):
        text = path.read_bytes() if path.is_file() else b""
        assert [word for word in private if word.encode() in text] == [], path


@with_inputs
def test_no_shell_waits_for_rust(evaluator: Evaluator, example: Path) -> None:
    evaluated = evaluator.evaluate(example)
    if any(name.startswith("cuda") for name in evaluator.nixpkgs(evaluated.folder).lacking):
        pytest.skip(
            f"needs {load_plan(example).nixpkgs.release}: a CUDA made of a newer one is built otherwise"
        )
    reached = _build_graph(_flat(evaluated.shells))
    assert [path for path in reached if RUST.search(path)] == []
    assert any("devenv-tasks" in path for path in reached) == (load_plan(example).renderer == "devenv")


def _closure(nix: Nix, derivations: list[str]) -> list[Path]:
    store = Nix(nix.program.with_name("nix-store"), nix.home)
    listed = store.run("--query", "--requisites", *derivations, cwd=nix.home).check().stdout
    return [Path(line) for line in listed.splitlines()]


def _build_graph(derivations: list[str]) -> set[str]:
    """What building these needs, not looking into programs that come built from nixpkgs."""
    reached: set[str] = set()
    waiting = list(derivations)
    while waiting:
        path = waiting.pop()
        reached.add(path)
        needed = set(re.findall(r'\("(/[^"]+\.drv)",\[', Path(path).read_text()))
        waiting += [other for other in needed - reached if not BUILT_BY_NIXPKGS.search(other)]
    return reached


@with_inputs
def test_no_library_path_is_in_the_environment(evaluator: Evaluator, example: Path) -> None:
    for path in _flat(evaluator.evaluate(example).shells):
        shell = Path(path).read_text()
        assert '("shellHook",' in shell
        assert "LD_LIBRARY_PATH" not in shell

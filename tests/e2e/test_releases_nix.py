"""Old and new Pythons and CUDAs: what is chosen is a flake that the real Nix takes, from each place it can come from.

All inputs are the real ones. A release that is not at hand is replaced by the newest that is, with the Pythons and
CUDAs that this one lacks made of newer ones; a case that needs what else is lacking is skipped, and says its name.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from harness import Nix

from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import compile_project
from pyenvspec.reporter import format_text

if TYPE_CHECKING:
    from pathlib import Path

    from inputs import Aged, Inputs

    from pyenvspec.driver import Compiled

DRV_PATHS = "builtins.mapAttrs (_: builtins.mapAttrs (_: drv: drv.drvPath))"
REVISION = "0123456789abcdef0123456789abcdef01234567"
EVERYWHERE = ("x86_64-linux", "aarch64-linux", "aarch64-darwin")
OURS = {"root", "nixpkgs", "flake-parts", "devenv"}


@dataclass(frozen=True)
class Case:
    """An env.yaml with what it must give.

    `nixpkgs` is the release, `nix` lines of the generated module, `needs` patterns of derivations that the shells
    are made of, `nodes` what flake.lock has besides the inputs that every shell has. `darwin` are the shells for macOS
    where only some are: those without CUDA.
    """

    yaml: str
    nixpkgs: str
    nix: tuple[str, ...]
    needs: tuple[str, ...] = ()
    nodes: frozenset[str] = frozenset()
    systems: tuple[str, ...] = ("x86_64-linux", "aarch64-linux")
    shells: frozenset[str] = field(default=frozenset({"default"}))
    darwin: frozenset[str] = frozenset()


def venv(version: str, *more: str) -> str:
    return "\n".join(["name: lab", f"python: {{version: {version}, manager: pip}}", *more, ""])


CASES = {
    # one release has both
    "article": Case(
        venv("3.10", "cuda: {version: 11.8, cudnn: 8.9}"),
        "nixos-25.05",
        (
            "python = pkgs.python310;",
            "pkgs.cudaPackages_11_8.cudatoolkit",
            "pkgs.cudaPackages_11_8.cudnn_8_9",
        ),
        (r"python3-3\.10\.\d+", r"cudatoolkit-11\.8", r"cudnn-8\.9\.7\.29"),
    ),
    "3.8-and-11.3": Case(
        venv("3.8", "cuda: 11.3"),
        "nixos-23.11",
        ("python = pkgs.python38;", "pkgs.cudaPackages_11_3.cudatoolkit", "pkgs.cudaPackages_11_3.cudnn"),
        (r"cudatoolkit-11\.3",),
        systems=("x86_64-linux",),
    ),
    "3.9-and-11.8": Case(
        venv("3.9", "cuda: 11.8"),
        "nixos-24.11",
        ("python = pkgs.python39;", "pkgs.cudaPackages_11_8.cudatoolkit", "pkgs.cudaPackages_11_8.cudnn"),
        (r"cudatoolkit-11\.8",),
    ),
    "3.12-and-12.4": Case(
        venv("3.12", "cuda: 12.4"),
        "nixos-25.05",
        ("python = pkgs.python312;", "pkgs.cudaPackages_12_4.cudatoolkit", "pkgs.cudaPackages_12_4.cudnn"),
        (r"python3-3\.12\.\d+", r"cudatoolkit-12\.4"),
    ),
    "3.11-and-12.6": Case(
        venv("3.11", "cuda: {version: 12.6, packages: [cuda_nvcc]}"),
        "nixos-26.05",
        ("python = pkgs.python311;", "pkgs.cudaPackages_12_6.cuda_nvcc", "pkgs.cudaPackages_12_6.cudnn"),
        (r"python3-3\.11\.\d+", r"cuda12\.6-cuda_nvcc-12\.6\.\d+", r"cuda12\.6-cudnn-9\.[\d.]+"),
    ),
    "3.13-and-13.0": Case(
        venv("3.13", "cuda: 13.0"),
        "nixos-26.05",
        ("python = pkgs.python313;", "pkgs.cudaPackages_13_0.cudatoolkit", "pkgs.cudaPackages_13_0.cudnn"),
        (r"python3-3\.13\.\d+", r"cuda-merged-13\.0"),
    ),
    # an interpreter that nixpkgs has no more, with a CUDA that it has
    "3.7-and-10.2": Case(
        venv("3.7", "cuda: 10.2"),
        "nixos-24.11",
        (
            """python = inputs'.nixpkgs-python.packages."3.7";""",
            "pkgs.cudaPackages_10_2.cudatoolkit",
            "pkgs.cudaPackages_10_2.cudnn",
        ),
        (r"Python-3\.7\.17\.tgz", r"python3-3\.7\.17", r"cudatoolkit-10\.2"),
        frozenset({"nixpkgs-python", "nixpkgs_2"}),
        systems=("x86_64-linux",),
    ),
    # an exact version
    "3.11.4": Case(
        venv("3.11.4"),
        "nixos-25.11",
        ("""python = inputs'.nixpkgs-python.packages."3.11.4";""",),
        (r"Python-3\.11\.4\.tgz", r"python3-3\.11\.4"),
        frozenset({"nixpkgs-python", "nixpkgs_2"}),
        systems=EVERYWHERE,
    ),
    # a CUDA that aged out: the overlay is what brings it
    "cuda-legacy": Case(
        venv("3.14", "cuda: 12.4"),
        "nixos-26.05",
        (
            "overlays = [ inputs.cuda-legacy.overlays.default ];",
            "pkgs.cudaPackages_12_4.cudatoolkit",
            "pkgs.cudaPackages_12_4.cudnn",
        ),
        (r"cuda-merged-12\.4", r"cuda12\.4-cudnn-9\.14\.0\.\d+"),
        frozenset({"cuda-legacy"}),
    ),
    # a CUDA that is older than what cuda-legacy has
    "second-nixpkgs": Case(
        venv("3.14", "cuda: {version: 11.3, packages: [cudatoolkit, nccl]}"),
        "nixos-25.11",
        (
            "cudaPkgs = import inputs.nixpkgs-cuda {",
            "python = pkgs.python314;",
            "cudaPkgs.cudaPackages_11_3.nccl",
            "cudaPkgs.cudaPackages_11_3.cudnn",
        ),
        (r"python3-3\.14\.\d+", r"cudatoolkit-11\.3", r"nccl-11\.3"),
        frozenset({"nixpkgs-cuda"}),
        systems=("x86_64-linux",),
    ),
    # a Python that nixpkgs refuses unless permitted
    "insecure": Case(
        "name: lab\npython: {version: 2.7, manager: nixpkgs}\n",
        "nixos-25.11",
        (
            'config.allowInsecurePredicate = package: inputs.nixpkgs.lib.getName package == "python";',
            "python = pkgs.python27;",
        ),
        (r"python-2\.7\.18[.\d]*",),
        systems=EVERYWHERE,
    ),
    # several in one file
    "variants": Case(
        venv(
            "3.10",
            "variants:",
            "  gpu: {cuda: {version: 11.8, cudnn: 8.9}}",
            "  gpu-any: {cuda: 11.8}",
            "  gpu-bare: {cuda: {version: 11.8, cudnn: none}}",
            "  gpu12: {cuda: 12.4}",
            "  py311: {python: {version: 3.11}}",
        ),
        "nixos-25.05",
        ("pkgs.cudaPackages_11_8.cudnn_8_9", "pkgs.cudaPackages_11_8.cudnn", "pkgs.cudaPackages_12_4.cudnn"),
        (r"cudatoolkit-11\.8", r"cudatoolkit-12\.4", r"cudnn-8\.9\.7\.29", r"python3-3\.11\.\d+"),
        systems=EVERYWHERE,
        shells=frozenset({"default", "gpu", "gpu-any", "gpu-bare", "gpu12", "py311"}),
        darwin=frozenset({"default", "py311"}),
    ),
    "variants-of-today": Case(
        venv(
            "3.12",
            "variants:",
            "  gpu: {cuda: 12.8}",
            "  gpu-bare: {cuda: {version: 12.8, cudnn: none}}",
            "  gpu13: {cuda: 13.0}",
            "  py313: {python: {version: 3.13}}",
        ),
        "nixos-26.05",
        ("pkgs.cudaPackages_12_8.cudnn", "pkgs.cudaPackages_13_0.cudnn", "python = pkgs.python313;"),
        (r"cuda-merged-12\.8", r"cuda-merged-13\.0", r"cuda12\.8-cudnn-9\.[\d.]+", r"python3-3\.13\.\d+"),
        systems=EVERYWHERE,
        shells=frozenset({"default", "gpu", "gpu-bare", "gpu13", "py313"}),
        darwin=frozenset({"default", "py313"}),
    ),
    # packages of nixpkgs, built for the GPU
    "nixpkgs-packages": Case(
        "name: lab\npython: {version: 3.12, manager: nixpkgs, packages: [numpy]}\n"
        "cuda: {version: 12.6, cudnn: 9.8, capabilities: [9.0, 8.6]}\n",
        "nixos-25.05",
        (
            "config.cudaSupport = true;",
            "overlays = [ (final: _: { cudaPackages = final.cudaPackages_12_6; }) ];",
            "pkgs.cudaPackages_12_6.cudnn_9_8",
        ),
        (r"cudnn-9\.8\.0\.87",),
    ),
    # packages of nixpkgs, in each shell built for its own CUDA
    "nixpkgs-packages-by-variant": Case(
        "name: lab\npython: {version: 3.12, manager: nixpkgs, packages: [numpy]}\n"
        "cuda: {version: 12.6, capabilities: [9.0, 8.6]}\n"
        "variants: {cpu: {cuda: null}, newer: {cuda: {version: 12.8}}}\n",
        "nixos-26.05",
        (
            "python = pkgs.python312;",
            "python = pkgs-cpu.python312;",
            "python = pkgs-newer.python312;",
            "overlays = [ (final: _: { cudaPackages = final.cudaPackages_12_6; }) ];",
            "overlays = [ (final: _: { cudaPackages = final.cudaPackages_12_8; }) ];",
        ),
        systems=EVERYWHERE,
        shells=frozenset({"default", "cpu", "newer"}),
        darwin=frozenset({"cpu"}),
    ),
    # a release that is asked for
    "pinned-release": Case(
        venv("3.12", "cuda: 12.4", "nixpkgs: {release: nixos-24.11}"),
        "nixos-24.11",
        ("python = pkgs.python312;", "pkgs.cudaPackages_12_4.cudnn"),
    ),
    "rolling-release": Case(
        venv("3.13", "nixpkgs: {release: nixos-unstable}"),
        "nixos-unstable",
        ("python = pkgs.python313;",),
        systems=EVERYWHERE,
    ),
    # newer than all that are known here: a warning, and taken for the newest
    "newer-release": Case(
        venv("3.13", "nixpkgs: {release: nixos-26.11}"),
        "nixos-26.11",
        ("python = pkgs.python313;",),
        systems=EVERYWHERE,
    ),
    "revision": Case(
        venv("3.10", "cuda: {version: 11.8, cudnn: 8.9}", f"nixpkgs: {{release: {REVISION}}}"),
        REVISION,
        ("python = pkgs.python310;", "pkgs.cudaPackages_11_8.cudnn_8_9"),
    ),
    "unfree": Case(
        venv("3.12", "nixpkgs: {unfree: true}"),
        "nixos-26.05",
        ("config.allowUnfree = true;",),
        systems=EVERYWHERE,
    ),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))


def compiled(folder: Path, yaml: str) -> Compiled:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "env.yaml").write_text(yaml)
    (folder / "requirements.txt").touch()
    return compile_project(folder)


@each_case
def test_the_release_and_the_nix_are_the_ones_expected(case: Case, tmp_path: Path) -> None:
    result = compiled(tmp_path, case.yaml)
    assert result.plan.nixpkgs.release == case.nixpkgs
    assert result.plan.systems == case.systems
    assert f'nixpkgs.url = "github:NixOS/nixpkgs/{case.nixpkgs}";' in result.files["flake.nix"].decode()
    lines = [line.strip() for line in result.files["nix/pyenvspec/default.nix"].decode().splitlines()]
    assert [line for line in case.nix if line not in lines] == []


def test_capabilities_are_in_the_order_of_the_hardware(tmp_path: Path) -> None:
    plan = compiled(
        tmp_path, venv("3.12", "cuda: {version: 12.8, capabilities: [12.0, 8.6, 10.0, 9.0]}")
    ).plan
    assert plan.nixpkgs.capabilities == ("8.6", "9.0", "10.0", "12.0")


@dataclass(frozen=True)
class Lab:
    """A folder of compiled projects, the real Nix, and the inputs that replace those of the flakes."""

    nix: Nix
    inputs: Inputs
    folder: Path

    def lay(self, name: str, yaml: str) -> Path:
        folder = self.folder / name
        for path, content in compiled(folder, yaml).files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return folder

    def run(self, project: Path, *arguments: str) -> str:
        options = ["--accept-flake-config", *self.overrides(project)]
        return self.nix.run(*arguments, *options, cwd=project, timeout=900).check().stdout

    def overrides(self, project: Path) -> list[str]:
        named = self.nix.input_names(project)
        nested = {"nixpkgs-python/nixpkgs"} if "nixpkgs-python" in named else set()
        second = {"nixpkgs-cuda"} & named
        places = dict.fromkeys({"nixpkgs"} | second, self.nixpkgs_for(project).path)
        return self.inputs.overrides(named | nested, places=places)

    def nixpkgs_for(self, project: Path) -> Aged:
        module = (project / "nix/pyenvspec/default.nix").read_text()
        folder = self.folder / f"nixpkgs-for-{project.name}"
        return self.inputs.nixpkgs_for(self.nix.program, _release(project), module, folder)


def _release(project: Path) -> str:
    found = re.search(r'nixpkgs.url = "github:NixOS/nixpkgs/([^"]+)"', (project / "flake.nix").read_text())
    assert found
    return found[1]


@pytest.fixture(scope="module")
def lab(nix_bin: Path, inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    nix = Nix(nix_bin / "nix", tmp_path_factory.mktemp("home"))
    return Lab(nix, inputs, tmp_path_factory.mktemp("releases"))


@pytest.mark.nix
@pytest.mark.inputs
@pytest.mark.parametrize("name", CASES)
def test_each_evaluates_pure_with_a_small_lock(lab: Lab, name: str) -> None:
    case = CASES[name]
    project = lab.lay(name, case.yaml)
    lab.run(project, "flake", "lock")
    shells = json.loads(lab.run(project, "eval", "--json", ".#devShells", "--apply", DRV_PATHS))
    assert set(shells) == set(case.systems)
    darwin = case.darwin or case.shells
    assert {name: set(named) for name, named in shells.items()} == {
        system: darwin if system.endswith("darwin") else case.shells for system in case.systems
    }
    lock: dict[str, Any] = json.loads((project / "flake.lock").read_text())
    assert set(lock["nodes"]) == OURS | case.nodes
    needed = _closure(lab.nix, list(shells["x86_64-linux"].values()))
    if lab.nixpkgs_for(project).lacking:
        return  # what is made of something newer has its version
    missing = [name for name in case.needs if not any(re.search(f"-{name}\\.drv$", path) for path in needed)]
    assert missing == []


def _closure(nix: Nix, derivations: list[str]) -> list[str]:
    store = Nix(nix.program.with_name("nix-store"), nix.home)
    return store.run("--query", "--requisites", *derivations, cwd=nix.home).check().stdout.splitlines()


GLIBC = (
    "the Python of nixpkgs-python, built with the C library glibc 2.40, cannot load libraries of this release"
)


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        pytest.param(
            venv("3.7", "cuda: 13.2"),
            f"""\
env.yaml:2:19: error[no-release]: no nixpkgs release, alone or with another source, has Python 3.7 and CUDA 13.2
    2 | python: {{version: 3.7, manager: pip}}
      |                   ^^^
      = help: what works: `cuda.version: 13.0` (or 12.9, 12.8); or `python.version: 3.11` (or 3.12, 3.13)
              nixos-unstable: {GLIBC}, built with a newer one
              nixos-26.05: {GLIBC}, built with glibc 2.42
              nixos-25.11, nixos-25.05, nixos-24.11, nixos-24.05, nixos-23.11, nixos-23.05: no CUDA 13.2 \
(newer than this release)
""",
            id="an-old-Python-under-a-newer-C-library",
        ),
        pytest.param(
            venv("3.12", "variants:", "  a: {cuda: 12.4}", "  b: {cuda: 12.7}"),
            """\
env.yaml:5:13: error[no-release]: CUDA 12.7 was never released: NVIDIA went from 12.6 to 12.8
    5 |   b: {cuda: 12.7}
      |             ^^^^
      = help: what works: `cuda.version: 12.8` (or 12.6, 12.9)
""",
            id="the-variant-at-fault",
        ),
        pytest.param(
            venv("3.12", "nixpkgs: {release: nixos-99.05}"),
            """\
env.yaml:3:20: error[no-release]: `nixos-99.05` is not a nixpkgs release that is known here
    3 | nixpkgs: {release: nixos-99.05}
      |                    ^^^^^^^^^^^
      = help: use `auto`, a revision of 40 hex digits, or one of nixos-23.05, nixos-23.11, nixos-24.05, \
nixos-24.11, nixos-25.05, nixos-25.11, nixos-26.05, nixos-unstable
""",
            id="no-such-release",
        ),
        pytest.param(
            venv("3.12", "cuda: 13.0", "nixpkgs: {release: nixos-24.11}"),
            """\
env.yaml:4:20: error[no-release]: nixos-24.11 does not have Python 3.12 and CUDA 13.0: \
no CUDA 13.0 (newer than this release)
    4 | nixpkgs: {release: nixos-24.11}
      |                    ^^^^^^^^^^^
      = help: what works: `nixpkgs.release: auto`; or `cuda.version: 12.4` (or 12.3, 12.2)
""",
            id="a-release-that-lacks-it",
        ),
        pytest.param(
            venv("3.12", "cuda: 12.4", "nixpkgs: {unfree: false}"),
            """\
env.yaml:4:19: error[cuda-unfree]: CUDA is unfree software
    4 | nixpkgs: {unfree: false}
      |                   ^^^^^ true or auto
      = help: remove `unfree: false`, or `cuda`
""",
            id="unfree-refused",
        ),
    ],
)
def test_what_cannot_be_had_is_refused_with_the_reason(yaml: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(PyenvspecError) as refused:
        compiled(tmp_path, yaml)
    assert format_text(refused.value.diagnostics) == message

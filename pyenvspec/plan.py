"""The plan: everything decided, everything sorted, every decision with its reason.

Data only. `resolve` makes it, `lower` translates it without choosing anything, `explain` reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from pyenvspec.resolving.releases.model import Alternative

HEADER = "Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`."
"""The first line of every generated file: what made it, from what, and where to edit instead."""

Data = None | bool | int | float | str | list["Data"] | dict[str, "Data"]
"""Plain data of env.yaml that goes to Nix as it is (options of services)."""


@dataclass(frozen=True)
class Decision:
    """Why something is as it is: the key it answers, what was chosen, the reason, where the fact stands."""

    key: str
    choice: str
    reason: str
    source: str | None = None


@dataclass(frozen=True)
class FlakeInput:
    """An input of flake.nix; `follows` maps the input's own inputs to ours, "" cuts one off."""

    name: str
    url: str
    follows: tuple[tuple[str, str], ...] = ()
    flake: bool = True


@dataclass(frozen=True)
class Cache:
    """A binary cache: its address and public key; `push` is where it is written to, None where it is not."""

    name: str
    url: str
    key: str
    push: str | None = None


@dataclass(frozen=True)
class Builder:
    """A machine that builds for this one."""

    host: str
    systems: tuple[str, ...]
    jobs: int
    speed: int
    features: tuple[str, ...]


@dataclass(frozen=True)
class Package:
    """A package by attribute path in a package set: `pkgs`, or `cuda` for the CUDA set in use."""

    scope: str
    path: tuple[str, ...]


@dataclass(frozen=True)
class Interpreter:
    """Where Python comes from: attribute `attribute` of `origin` (`pkgs` or `nixpkgs-python`)."""

    version: str
    origin: str
    attribute: str


@dataclass(frozen=True)
class ProjectRoot:
    """Stands in a text for the project's folder, which is known when the shell opens."""


Text = tuple[str | Package | ProjectRoot, ...]
"""A text of env.yaml, split at the paths that stand in it: of packages, of the project's folder."""


@dataclass(frozen=True)
class PackageOverride:
    """What one package of the lock needs besides; `name` is spelled as PEP 503 says.

    `dependencies` are packages of the lock, of nixpkgs' Python set or of nixpkgs, looked for in this order.
    """

    name: str
    remove: bool = False
    from_nixpkgs: bool = False
    keep_locked_source: bool = False
    source: str | None = None
    build_systems: tuple[str, ...] = ()
    build_tools: tuple[Package, ...] = ()
    libraries: tuple[Package, ...] = ()
    dependencies: tuple[str, ...] = ()
    ignore_missing_libraries: tuple[str, ...] = ()
    env: tuple[tuple[str, Text], ...] = ()
    patches: tuple[str, ...] = ()
    post_install: str | None = None


@dataclass(frozen=True)
class Environment:
    """How Python packages get into the shell; the fields that the manager has no use for are empty.

    `overrides` is one list, ordered by name: the user's own and the known fixes. What needs no look at the lock is
    no fix but part of `nix/modules/uv2nix-environment.nix`: wheels find the libraries of the `nvidia-*` wheels that
    they depend on, and do without the driver's. poetry2nix has such rules of its own.
    `lock_kind` is the kind of lock from which Nix makes images and `packages.python-env` besides the .venv: `uv`,
    `poetry` or `pylock`; None where there is none to read.
    """

    manager: str
    project: str
    requirements: str | None
    groups: tuple[str, ...]
    extras: tuple[str, ...]
    packages: tuple[Package, ...]
    install: bool
    venv: str
    build_after: tuple[str, ...] = ()
    editable: tuple[tuple[str, str], ...] = ()
    prefer_wheels: bool = True
    from_source: tuple[str, ...] = ()
    overrides: tuple[PackageOverride, ...] = ()
    lock_kind: str | None = None


@dataclass(frozen=True)
class CudaSet:
    """The CUDA package set: attribute `attribute` of the nixpkgs of input `origin`, and what of it is wanted.

    `renamed` are packages that it calls otherwise than older sets do.
    """

    version: str
    origin: str
    attribute: str
    packages: tuple[Package, ...]
    cudnn: str | None
    capabilities: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Ready:
    """How to know that a process is ready: a port and path that answer over HTTP, or bash code that succeeds."""

    http: tuple[int, str] | None
    run: Text | None
    every: int
    tries: int


@dataclass(frozen=True)
class Process:
    """A long-running command; `after` names processes and services, `folder` is from the project's root."""

    name: str
    run: Text
    after: tuple[str, ...]
    ready: Ready | None
    restart: str
    env: tuple[tuple[str, Text], ...]
    folder: str


@dataclass(frozen=True)
class Shell:
    """One shell, described once for both renderings (devenv, native).

    `systems` are those of the plan's that it is made for. `nixpkgs` is there where the packages of its Python are
    built otherwise than the plan's: for another CUDA or none.
    """

    name: str
    systems: tuple[str, ...]
    interpreter: Interpreter
    environment: Environment
    cuda: CudaSet | None
    driver: bool
    native: tuple[Package, ...]
    preload: tuple[tuple[Package, str], ...]
    split_off: tuple[Package, ...]
    env: tuple[tuple[str, Text], ...]
    dotenv: tuple[str, ...]
    scripts: tuple[tuple[str, Text], ...]
    processes: tuple[Process, ...]
    services: tuple[tuple[str, Data], ...]
    devenv: Data
    on_enter: Text | None
    nixpkgs: Nixpkgs | None = None


@dataclass(frozen=True)
class Container:
    """An OCI image of a shell; `base` is None or the image underneath, `ports` are as OCI writes them: 8000/tcp."""

    name: str
    image: str
    tag: str
    command: tuple[str, ...]
    copy: tuple[str, ...]
    registry: str | None
    variant: str = "default"
    project: bool = True
    cuda: str = "runtime"
    base: str | None = None
    env: tuple[tuple[str, Text], ...] = ()
    ports: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def address(self) -> str | None:
        """Where it is pushed to, in skopeo's words."""
        if self.registry is None:
            return None
        between = "" if self.registry.endswith("/") else "/"
        return f"{self.registry}{between}{self.image}:{self.tag}"


@dataclass(frozen=True)
class Nixpkgs:
    """The nixpkgs in use and its configuration; `plain` where it is taken as it comes.

    `unfree` permits all unfree packages, `unfree_packages` those of these names.
    """

    release: str
    unfree: bool
    unfree_packages: tuple[str, ...]
    insecure_python: bool
    insecure_packages: tuple[str, ...]
    cuda_support: bool
    capabilities: tuple[str, ...]
    cuda_set: str | None
    overlays: tuple[str, ...]
    input_overlays: tuple[str, ...]

    @property
    def plain(self) -> bool:
        """Whether nothing about it is configured, so that flake-parts' own `pkgs` will do."""
        configured = self.unfree or self.cuda_support or self.capabilities or self.permitted_names
        return not (configured or self.insecure_python or self.cuda_set or self.all_overlays)

    @property
    def permitted_names(self) -> tuple[str, ...]:
        """Single packages that nixpkgs would refuse."""
        return self.unfree_packages + self.insecure_packages

    @property
    def all_overlays(self) -> tuple[str, ...]:
        """Overlays from inputs, then those of the user."""
        return self.input_overlays + self.overlays


@dataclass(frozen=True)
class Generate:
    """Files for other tools."""

    flake: bool
    direnv: bool
    devcontainer: bool
    vscode: bool
    github_actions: bool
    gitlab_ci: bool


@dataclass(frozen=True)
class Plan:
    """The whole flake; `shells[0]` is the default one. `submodules` says whether Nix reads in git submodules."""

    name: str
    description: str
    systems: tuple[str, ...]
    inputs: tuple[FlakeInput, ...]
    caches: tuple[Cache, ...]
    builders: tuple[Builder, ...]
    nixpkgs: Nixpkgs
    renderer: str
    shells: tuple[Shell, ...]
    containers: tuple[Container, ...]
    modules: tuple[str, ...]
    generate: Generate
    watched: tuple[str, ...]
    submodules: bool
    decisions: tuple[Decision, ...]
    alternatives: tuple[Alternative, ...] = ()

"""The model of env.yaml: every key, its type, a description and an example.

Data only. The JSON Schema (`schema/env.schema.json`) is generated from here, so what is said here is
the reference. What needs more than one key to judge (cross-checks) lives in `checking/`.
"""

# No `from __future__ import annotations`: pydantic would parse each of the hundred types again at every start.

from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Discriminator, Field, Strict, StrictBool, StrictStr, Tag, WithJsonSchema

from pyenvspec.records import dataclass
from pyenvspec.spec.github import GIT_REF, GITHUB_OWNER, GITHUB_REPO
from pyenvspec.spec.packages import Cuda, Fixes, Manager, Python, Wheels
from pyenvspec.spec.values import (
    END,
    RELEASE,
    REQUIRED,
    AttrPath,
    Env,
    JsonData,
    JsonMapping,
    Later,
    Matches,
    Model,
    PackageName,
    PlainName,
    PreloadPath,
    RelPath,
    ShellName,
    System,
    format_version,
    no_number,
    or_scalar,
    or_text,
    typed_text,
)

if TYPE_CHECKING:
    from pyenvspec.diagnostics import KeyPath
    from pyenvspec.raw import Mapping, RawSpec
    from pyenvspec.spec.images import Builder, Container, CustomCache
    from pyenvspec.spec.overrides import Override
    from pyenvspec.spec.processes import Process
    from pyenvspec.spec.targets import Target
else:
    # Types for mypy above; at run time stand-ins that import the part with the first value of it.
    Builder, Container, CustomCache = (
        Annotated[Any, Later("images", name)] for name in ("Builder", "Container", "CustomCache")
    )
    Override = Annotated[Any, Later("overrides", "Override")]
    Process = Annotated[Any, Later("processes", "Process")]
    Target = Annotated[Any, Later("targets", "Target")]


def _cache_kind(value: object) -> str | None:
    if isinstance(value, str):
        return "name"
    return "custom" if isinstance(value, dict | Model) else None


# With a discriminator, since for a plain union pydantic tells the mistakes of every member.
Cache = Annotated[
    Annotated[StrictStr, Tag("name")] | Annotated[CustomCache, Tag("custom")],
    Discriminator(
        _cache_kind, custom_error_type="cache_type", custom_error_message="must be a name or a mapping"
    ),
]

MANAGERS = get_args(Manager)
VENV_MANAGERS = ("poetry", "uv", "pip")
LOCK_MANAGERS = ("poetry2nix", "uv2nix")


class Nixpkgs(Model):
    """Which nixpkgs, and how it is configured."""

    release: Annotated[
        str,
        BeforeValidator(typed_text),
        Matches(RELEASE),
        WithJsonSchema({"type": "string", "pattern": RELEASE}),
    ] = Field(
        "auto",
        description="auto, a release branch (nixos-24.11), nixos-unstable, or a 40-digit revision.",
        examples=["nixos-24.11"],
    )
    unfree: Annotated[Literal["auto", True, False], BeforeValidator(no_number)] = Field(
        "auto",
        description="Allow unfree packages; auto allows those that are asked for, and no others.",
        examples=[True],
    )
    insecure: tuple[PlainName, ...] = Field(
        (),
        description="Packages to take although nixpkgs knows vulnerabilities of them; the message that refuses one "
        "says its name.",
        examples=[["minio"]],
    )
    overlays: tuple[RelPath, ...] = Field(
        (), description="Nix overlays of your own.", examples=[["./nix/overlay.nix"]]
    )


class Input(Model):
    """A flake input of the user's own, for their modules and overlays."""

    github: Annotated[str, Strict(), Matches(f"^{GITHUB_OWNER}/{GITHUB_REPO}{END}")] = Field(
        description="owner/repository on GitHub.", examples=["owner/repo"]
    )
    ref: Annotated[str, Strict(), Matches(f"^{GIT_REF}{END}")] | None = Field(
        None, description="Branch, tag or revision. Default: the default branch.", examples=["main"]
    )
    flake: StrictBool = Field(
        True, description="false for a repository that is not a flake.", examples=[False]
    )


class Generate(Model):
    """Files for other tools, written beside the flake."""

    flake: StrictBool = Field(
        True,
        description="Write flake.nix; false leaves it to you: have your own flake-parts flake import ./nix/pyenvspec.",
        examples=[False],
    )
    direnv: StrictBool = Field(True, description="Write .envrc for direnv.", examples=[True])
    devcontainer: StrictBool = Field(
        False, description="Write .devcontainer/devcontainer.json.", examples=[True]
    )
    vscode: StrictBool = Field(
        False, description="Write .vscode/settings.json and extensions.json.", examples=[True]
    )
    github_actions: StrictBool = Field(
        False,
        description="Write .github/workflows/pyenvspec.yml: checks, `scripts.test` in each shell, images.",
        examples=[True],
    )
    gitlab_ci: StrictBool = Field(
        False, description="Write .gitlab-ci.yml, which does the same.", examples=[True]
    )


SHORTHAND = {"python": "version", "cuda": "version", "nixpkgs": "release"}
"""Keys whose single value stands for one key of their mapping."""

VARIANT_KEYS = (
    "systems",
    "python",
    "wheels",
    "overrides",
    "fixes",
    "cuda",
    "driver",
    "native",
    "preload",
    "env",
    "dotenv",
    "scripts",
    "processes",
    "services",
    "devenv",
    "on_enter",
)
"""The keys that a variant may change: those that describe one shell, not the whole flake."""


class Spec(Model):
    """env.yaml: the Python environment of a project, compiled by pyenvspec into a Nix flake."""

    # The order of the keys is that of docs/spec.md.
    spec: Annotated[Literal[1], BeforeValidator(format_version)] = Field(
        1, description="Version of this format.", examples=[1]
    )
    required: (
        Annotated[
            str,
            BeforeValidator(typed_text),
            Matches(REQUIRED),
            WithJsonSchema({"type": "string", "pattern": REQUIRED}),
        ]
        | None
    ) = Field(
        None,
        description="The versions of pyenvspec that may be used here, so that all of a team write the same files.",
        examples=[">=0.1"],
    )
    name: PlainName | None = Field(
        None,
        description="Name of the project. Default: the folder's name, made valid.",
        examples=["speech-lab"],
    )
    description: StrictStr | None = Field(
        None, description="One line about the project, for `nix flake show`.", examples=["Speech experiments"]
    )
    systems: (
        Annotated[
            tuple[System, ...],
            Field(min_length=1),
        ]
        | None
    ) = Field(
        None,
        description="Systems to support. Default: x86_64-linux, aarch64-linux, plus aarch64-darwin where nothing "
        "asked for is Linux-only. Each shell has its own: one with CUDA is made for Linux alone, a variant without it "
        "for macOS as well.",
        examples=[["x86_64-linux"]],
    )
    python: Annotated[Python, or_scalar("version")] = Field(
        description="The interpreter and where its packages come from.", examples=[{"version": "3.10"}]
    )
    wheels: Wheels = Field(
        # Not validated: to build a model that most documents have no value for would cost at each start.
        default_factory=Wheels.model_construct,
        description="Lock-file managers: wheels or sources.",
        examples=[{"disabled": ["torch"]}],
    )
    overrides: dict[PackageName, Override] = Field(
        {},
        description="Lock-file managers: what single Python packages need.",
        examples=[{"typing": {"remove": True}}],
    )
    fixes: Fixes = Field(
        "all",
        description="Lock-file managers: known fixes for packages in the lock, applied under `overrides`. all, none, "
        "or a list of the packages whose fixes are turned off.",
        examples=[["torch"]],
    )
    cuda: Annotated[Cuda, or_scalar("version")] | None = Field(
        None, description="The CUDA version, or a mapping with more.", examples=["11.8"]
    )
    driver: Literal["auto", "none"] = Field(
        "auto",
        description="The NVIDIA driver of the machine, for every Python on Linux, with or without `cuda`: auto looks "
        "for it when Python starts, and costs nothing where there is none; none does not look. Other programs get it "
        "by `with-driver CMD`.",
        examples=["auto"],
    )
    native: tuple[AttrPath, ...] = Field(
        (),
        description="nixpkgs packages: their programs on PATH, their libraries visible to this Python only.",
        examples=[["ffmpeg", "libsndfile"]],
    )
    preload: tuple[PreloadPath, ...] = Field(
        (),
        description="Libraries loaded into this Python before it starts, and into nothing else: a nixpkgs package and "
        "the file in it.",
        examples=[["gperftools/lib/libtcmalloc.so"]],
    )
    env: Env = Field(
        {},
        description="Environment variables. ${project} is the folder of env.yaml, ${pkgs.X} the path of a nixpkgs "
        "package, ${cuda.X} of one of the CUDA package set; they mean the same in scripts, processes and on_enter. "
        "$${ is a literal ${.",
        examples=[{"HF_HOME": "${project}/.hf", "SEED": 42}],
    )
    dotenv: tuple[RelPath, ...] = Field(
        (),
        description="Files of variables (NAME=value), read when the shell opens, the last one wins; over `env`. They "
        "may be missing, and never reach Nix, its store or an image.",
        examples=[[".env"]],
    )
    scripts: dict[PlainName, StrictStr] = Field(
        {},
        description="Commands of the shell, each a shell script. One plain command hands its arguments on; where there "
        'are more, "$@" says where they go.',
        examples=[{"train": "python -m lab.train"}],
    )
    processes: dict[PlainName, Annotated[Process, or_text("run")]] = Field(
        {},
        description="Long-running commands that `processes-up` starts together: text, or a mapping with what each "
        "waits for.",
        examples=[{"web": {"run": "python -m http.server 8000", "after": ["db"], "ready": {"http": 8000}}}],
    )
    services: dict[PlainName, JsonMapping] = Field(
        {},
        description="Services of devenv (https://devenv.sh/services), with their options.",
        examples=[{"postgres": {"enable": True}}],
    )
    devenv: JsonMapping = Field(
        {},
        description="Options of devenv itself (https://devenv.sh/reference/options), passed on as data: languages, "
        "git-hooks, tasks and others.",
        examples=[{"git-hooks": {"hooks": {"ruff": {"enable": True}}}}],
    )
    on_enter: StrictStr | None = Field(
        None, description="Shell commands run when the shell opens.", examples=["echo ready"]
    )
    containers: dict[ShellName, Container] = Field(
        {}, description="OCI images.", examples=[{"default": {"image": "speech-lab"}}]
    )
    run: dict[ShellName, Target] = Field(
        {},
        description="Where an image runs besides this machine, on engines that exist: `pyenvspec run NAME -- CMD`.",
        examples=[{"cluster": {"slurm": {"partition": "gpu", "gpus": 1, "time": "4h"}}}],
    )
    caches: tuple[Cache, ...] = Field(
        (),
        description="Binary caches besides those that what is asked for needs: names of known ones, or url and key.",
        examples=[["nix-community"]],
    )
    builders: tuple[Annotated[Builder, or_text("host")], ...] = Field(
        (),
        description="Machines that build for this one: addresses, or mappings. Nix asks whether to trust them.",
        examples=[["ssh-ng://builder.example"]],
    )
    nixpkgs: Annotated[Nixpkgs, or_scalar("release")] = Field(
        default_factory=Nixpkgs.model_construct,
        description="Which nixpkgs, and how it is configured.",
        examples=[{"release": "nixos-24.11"}],
    )
    inputs: dict[ShellName, Input] = Field(
        {}, description="Flake inputs of your own.", examples=[{"mylib": {"github": "owner/repo"}}]
    )
    modules: tuple[RelPath, ...] = Field(
        (), description="flake-parts modules of your own, imported last.", examples=[["./nix/extra.nix"]]
    )
    shell: Literal["devenv", "native"] = Field(
        "devenv", description="What builds the shell: devenv, or plain nixpkgs.", examples=["native"]
    )
    variants: dict[ShellName, dict[StrictStr, JsonData]] = Field(
        {},
        description="More shells (`nix develop .#cpu`): each is merged over the rest, null takes a key away.",
        examples=[{"cpu": {"cuda": None}}],
    )
    generate: Generate = Field(
        default_factory=Generate.model_construct,
        description="Files to write for other tools.",
        examples=[{"direnv": True}],
    )


@dataclass(frozen=True)
class ShellSpec:
    """One shell: the default one or a variant with everything merged.

    `tree` is what `spec` was made from; each node keeps the place in env.yaml where it was typed.
    """

    name: str
    spec: Spec
    tree: "Mapping"


@dataclass(frozen=True)
class SpecFile:
    """A valid env.yaml: the default shell first, then the variants in the order of their names.

    Where mistakes were taken out of it, `unsure` has their paths: nothing may be concluded from what is not there.
    """

    raw: "RawSpec"
    shells: tuple[ShellSpec, ...]
    unsure: "frozenset[KeyPath]" = frozenset()

    def is_unsure(self, *path: str | int) -> bool:
        """Whether the value at a path, or a part of it, was wrong and is not there."""
        # Either may lie inside of the other.
        return any(path[: len(wrong)] == wrong[: len(path)] for wrong in self.unsure)

    @property
    def spec(self) -> Spec:
        """The whole file's spec, which is the default shell's."""
        return self.shells[0].spec

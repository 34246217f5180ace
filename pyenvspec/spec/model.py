"""The model of env.yaml: every key, its type, a description and an example.

Data only. The JSON Schema (`schema/env.schema.json`) is generated from here, so what is said here is
the reference. What needs more than one key to judge (cross-checks) lives in `checks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Strict, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from pyenvspec.github import GIT_REF, GITHUB_OWNER, GITHUB_REPO

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenvspec.raw import Mapping, RawSpec

MANAGERS = ("poetry", "uv", "pip", "poetry2nix", "uv2nix", "nixpkgs")
VENV_MANAGERS = ("poetry", "uv", "pip")
LOCK_MANAGERS = ("poetry2nix", "uv2nix")

# `$` alone also matches before a final newline, which must never reach a shell or a path.
_END = "$(?!\\n)"
ATTR_PATH = f"^[A-Za-z_][A-Za-z0-9_+'-]*(\\.[A-Za-z_0-9][A-Za-z0-9_+'-]*)*{_END}"
PRELOAD = ATTR_PATH.removesuffix(_END) + f"(/[A-Za-z0-9._+-]+)+{_END}"
ENV_NAME = f"^[A-Za-z_][A-Za-z0-9_]*{_END}"
PACKAGE_NAME = f"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?{_END}"
PLAIN_NAME = f"^[A-Za-z0-9_][A-Za-z0-9._-]*{_END}"
RELEASE = f"^(auto|nixos-[0-9][0-9]\\.[0-9][0-9]|nixos-unstable|[0-9a-f]{{40}}){_END}"
SHELL_NAME = f"^[A-Za-z_][A-Za-z0-9_-]*{_END}"
# No longer than a version is: Python refuses to read numbers of more than 4,300 digits.
_DOTTED = "[0-9]{1,9}(\\.[0-9]{1,9})*"
CAPABILITY = f"^[0-9]{{1,2}}\\.[0-9]{{1,9}}[af]?{_END}"
_LAST_GPU = 20
VERSION = f"^{_DOTTED}{_END}"


def _typed_text(value: object) -> object:
    """Give back a number as the user typed it: an unquoted 3.10 means "3.10"."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return getattr(value, "text", str(value))
    return value


def _capability_text(value: object) -> object:
    """`9` is what is left of an unquoted 9.0 in some editors; `89` is the name of a compiler's option."""
    text = _typed_text(value)
    is_whole = isinstance(value, int) and isinstance(text, str) and text.isdigit() and int(text) <= _LAST_GPU
    return f"{int(str(text))}.0" if is_whole else text


def _env_text(value: object) -> object:
    """Environment variables are texts: numbers as typed, booleans as `true` and `false`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _typed_text(value)


def _format_version(value: object) -> object:
    """`spec: 1` and nothing else; to JSON Schema 1.0 is the same number, and a boolean is none."""
    if isinstance(value, float) and value == 1:
        return 1
    if isinstance(value, bool) or not isinstance(value, int):
        raise PydanticCustomError("spec_version", "must be the number 1")
    return value


def _no_number(value: object) -> object:
    """To Python 0 and 1 equal `false` and `true`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise PydanticCustomError(
            "literal_error", "must be {expected}", {"expected": "'auto', True or False"}
        )
    return value


def _whole_number(expected: str, largest: int | None) -> Callable[[object], object]:
    """Take a number from 1 on without a fraction; to JSON Schema 8000.0 is 8000."""

    def check(value: object) -> object:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not is_number or not 1 <= value <= (largest or value):  # type: ignore[operator]
            raise PydanticCustomError("literal_error", "must be {expected}", {"expected": expected})
        return value

    return check


def _nothing_but_a_mapping(value: object) -> object:
    if not isinstance(value, dict):
        raise PydanticCustomError("dict_type", "must be a mapping")
    return value


# JSON Schema sees the number and not how it was typed, so that oddities such as 1e2 are left to the compiler.
_VERSION_NUMBER = {"type": "number", "minimum": 0, "exclusiveMaximum": 1e9}


def _version_schema(example: str) -> WithJsonSchema:
    any_of = [{"type": "string", "pattern": VERSION}, _VERSION_NUMBER]
    return WithJsonSchema({"anyOf": any_of, "examples": [example]})


def _or_text(key: str) -> BeforeValidator:
    """Accept `web: CMD` for `web: {run: CMD}`."""

    def expand(value: object) -> object:
        return {key: value} if isinstance(value, str) else value

    return BeforeValidator(expand)


def _or_scalar(key: str) -> BeforeValidator:
    """Accept `cuda: 11.8` for `cuda: {version: 11.8}`."""

    def expand(value: object) -> object:
        return {key: value} if isinstance(value, str | int | float) and not isinstance(value, bool) else value

    return BeforeValidator(expand)


Bool = Annotated[bool, Strict()]
Text = Annotated[str, Strict()]
AttrPath = Annotated[str, Strict(), Field(pattern=ATTR_PATH)]
PackageName = Annotated[str, Strict(), Field(pattern=PACKAGE_NAME)]
PlainName = Annotated[str, Strict(), Field(pattern=PLAIN_NAME)]
ShellName = Annotated[str, Strict(), Field(pattern=SHELL_NAME)]
RelPath = Annotated[str, Strict(), Field(min_length=1)]
PreloadPath = Annotated[str, Strict(), Field(pattern=PRELOAD)]
EnvName = Annotated[str, Strict(), Field(pattern=ENV_NAME)]
EnvValue = Annotated[
    str, BeforeValidator(_env_text), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
Env = dict[EnvName, EnvValue]
PythonVersion = Annotated[str, BeforeValidator(_typed_text), Field(pattern=VERSION), _version_schema("3.10")]
CudaVersion = Annotated[str, BeforeValidator(_typed_text), Field(pattern=VERSION), _version_schema("11.8")]
Capability = Annotated[
    str,
    BeforeValidator(_capability_text),
    Field(pattern=CAPABILITY),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": CAPABILITY},
                {"type": "number", "minimum": 0, "maximum": _LAST_GPU},
            ]
        }
    ),
]


PortNumber = Annotated[
    int,
    BeforeValidator(_whole_number("1 to 65535", 65535)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 65535}),
]
PositiveInt = Annotated[
    int,
    BeforeValidator(_whole_number("1, 2, 3 …", None)),
    WithJsonSchema({"type": "integer", "minimum": 1}),
]


class Model(BaseModel):
    """Base of all parts: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", regex_engine="python-re", defer_build=True)


class Python(Model):
    """The interpreter and where its packages come from."""

    version: PythonVersion = Field(
        description="Python version: a minor (3.10) or an exact one (3.10.14). Quotes are not needed.",
        examples=["3.10"],
    )
    manager: Literal["poetry", "uv", "pip", "poetry2nix", "uv2nix", "nixpkgs"] | None = Field(
        None,
        description="Who installs the Python packages. poetry, uv and pip keep a .venv in the project; poetry2nix "
        "and uv2nix build every package with Nix from the lock; nixpkgs takes them from nixpkgs. "
        "Default: from the lock or project file found, else pip.",
        examples=["poetry"],
    )
    project: RelPath = Field(".", description="Folder of pyproject.toml and its lock.", examples=["."])
    requirements: RelPath | None = Field(
        None,
        description="Requirements file for manager pip. Default: requirements.txt where there is one.",
        examples=["requirements.txt"],
    )
    groups: tuple[PackageName, ...] = Field(
        (), description="Dependency groups to install besides the default.", examples=[["dev"]]
    )
    extras: tuple[PackageName, ...] = Field(
        (), description="Extras of the project to install.", examples=[["gpu"]]
    )
    packages: tuple[AttrPath, ...] = Field(
        (),
        description="Python packages taken from nixpkgs: all of them for manager nixpkgs, in addition for the "
        "lock-file managers; with a .venv only what nixpkgs keeps apart from CPython, which is tkinter.",
        examples=[["numpy"]],
    )
    editable: dict[PackageName, RelPath] = Field(
        {},
        description="Lock-file managers: packages imported from the working tree, with their source folder.",
        examples=[{"my-app": "./src"}],
    )
    install: Literal["on_lock_change", "never"] = Field(
        "on_lock_change",
        description="What entering the shell does for poetry, uv and pip: install when the lock changed, or never.",
        examples=["never"],
    )


class Wheels(Model):
    """Lock-file managers: prebuilt wheels or source distributions."""

    prefer: Bool = Field(True, description="Take wheels where the lock has them.", examples=[True])
    disabled: tuple[PackageName, ...] = Field(
        (), description="Packages to build from source instead.", examples=[["torch", "torchvision"]]
    )


class Override(Model):
    """What one Python package needs to build; data only, for the lock-file managers."""

    remove: Bool = Field(False, description="Leave the package out of the environment.", examples=[True])
    from_nixpkgs: Bool = Field(False, description="Take the package from nixpkgs.", examples=[True])
    keep_locked_source: Bool = Field(
        False, description="With from_nixpkgs: build nixpkgs' recipe from the locked source.", examples=[True]
    )
    source: Literal["wheel", "sdist"] | None = Field(
        None, description="Which of the locked files to use.", examples=["sdist"]
    )
    build_systems: tuple[PackageName, ...] = Field(
        (), description="Python packages needed to build it.", examples=[["setuptools"]]
    )
    build_tools: tuple[AttrPath, ...] = Field(
        (), description="nixpkgs programs needed to build it.", examples=[["mecab"]]
    )
    libraries: tuple[AttrPath, ...] = Field(
        (),
        description="nixpkgs libraries it links to; cuda.X is X of the CUDA package set in use.",
        examples=[["cuda.cudnn", "zlib"]],
    )
    dependencies: tuple[AttrPath, ...] = Field(
        (), description="Further packages it needs at run time.", examples=[["libtensorflow"]]
    )
    ignore_missing_libraries: tuple[Text, ...] = Field(
        (), description="Libraries that may be missing when it is built.", examples=[["libcuda.so.1"]]
    )
    env: Env = Field({}, description="Environment of its build.", examples=[{"MAX_JOBS": 4}])
    patches: tuple[RelPath, ...] = Field(
        (), description="Patches applied to its source.", examples=[["./x.patch"]]
    )
    post_install: Text | None = Field(
        None, description="Shell commands after it is installed.", examples=["rm -f $out/LICENSE"]
    )


class Cuda(Model):
    """The CUDA toolkit and cuDNN."""

    version: CudaVersion = Field(description="CUDA version.", examples=["11.8"])
    cudnn: Annotated[
        str,
        BeforeValidator(_typed_text),
        Field(pattern=f"^(auto|none|{_DOTTED}){_END}"),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "pattern": f"^(auto|none|{_DOTTED}){_END}"},
                    _VERSION_NUMBER,
                ]
            }
        ),
    ] = Field(
        "auto",
        description="cuDNN version (8.9); auto takes the one that nixpkgs has for this CUDA, none leaves it out.",
        examples=["8.9"],
    )
    packages: tuple[AttrPath, ...] = Field(
        ("cudatoolkit",),
        description="Packages of the CUDA package set.",
        examples=[["cudatoolkit", "nccl"]],
    )
    capabilities: tuple[Capability, ...] = Field(
        (),
        description="GPU generations to build for. Narrowing them means building instead of downloading.",
        examples=[["8.6", "9.0"]],
    )


class HttpProbe(Model):
    """An address that answers when a process is ready."""

    port: PortNumber = Field(description="Port of this machine.", examples=[8000])
    path: Annotated[str, Strict(), Field(pattern=f"^/[^\\s]*{_END}")] = Field(
        "/", description="Path of the address.", examples=["/health"]
    )


class Ready(Model):
    """How to know that a process is ready, and how often to ask."""

    http: Annotated[HttpProbe, _or_scalar("port")] | None = Field(
        None, description="A port that answers over HTTP, or a mapping with its path.", examples=[8000]
    )
    run: Text | None = Field(
        None, description="A command that succeeds when it is ready.", examples=["pg_isready"]
    )
    every: PositiveInt = Field(1, description="Seconds between two questions.", examples=[2])
    tries: PositiveInt = Field(
        60, description="Failed questions after which it counts as broken.", examples=[30]
    )


class Process(Model):
    """A long-running command, and what it waits for."""

    run: Text = Field(
        description="Shell commands that stay in the foreground.", examples=["python -m http.server 8000"]
    )
    after: tuple[PlainName, ...] = Field(
        (),
        description="Processes and services that are to be ready before this one starts.",
        examples=[["db"]],
    )
    ready: Ready | None = Field(
        None, description="When it counts as ready. Default: as soon as it runs.", examples=[{"http": 8000}]
    )
    ports: tuple[PortNumber, ...] = Field(
        (),
        description="Ports of this machine that it listens on; without `ready` it is ready when they are open.",
        examples=[[8000]],
    )
    restart: Literal["never", "on_failure", "always"] = Field(
        "never", description="When to start it again after it has ended.", examples=["on_failure"]
    )
    env: Env = Field({}, description="Environment variables of this process.", examples=[{"PORT": 8000}])
    folder: RelPath | None = Field(
        None, description="Folder it runs in. Default: that of env.yaml.", examples=["web"]
    )


BaseImage = Annotated[str, Strict(), Field(pattern=f"^[a-z0-9]+([._/:@-][A-Za-z0-9_][A-Za-z0-9._-]*)*{_END}")]
LabelName = Annotated[str, Strict(), Field(pattern=f"^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?{_END}")]


def _port_text(value: object) -> object:
    """Ports are numbers, of TCP where nothing else is said."""
    if isinstance(value, float) and value.is_integer():  # 8000.0 is a whole number for a schema
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value}/tcp"
    return f"{value}/tcp" if isinstance(value, str) and value.isdigit() else value


# 1 to 65535.
_PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
Port = Annotated[
    str,
    Field(pattern=f"^{_PORT}/(tcp|udp|sctp){_END}"),
    BeforeValidator(_port_text),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 65535},
                {"type": "string", "pattern": f"^{_PORT}(/(tcp|udp|sctp))?{_END}"},
            ]
        }
    ),
]


class Container(Model):
    """An OCI image with the environment in it."""

    image: PlainName | None = Field(None, description="Image name. Default: name.", examples=["speech-lab"])
    tag: PlainName = Field("latest", description="Image tag.", examples=["latest"])
    command: tuple[Text, ...] = Field(
        ("bash",),
        description="What the image starts as its first process, word by word; no shell reads it.",
        examples=[["python", "-m", "speech_lab.train"]],
    )
    variant: ShellName = Field(
        "default", description="The shell whose environment is in it.", examples=["cpu"]
    )
    project: Bool = Field(
        True,
        description="Put the project's files into it, at /app; the commands of its pyproject.toml are on PATH.",
        examples=[False],
    )
    cuda: Literal["runtime", "toolkit", "none"] = Field(
        "runtime",
        description="How much of `cuda.packages` is in it: its libraries, all of it, or nothing.",
        examples=["toolkit"],
    )
    base: BaseImage = Field(
        "none",
        description="An image underneath, for tools that want a distribution; pulled when the image is made.",
        examples=["docker.io/library/debian:12-slim"],
    )
    env: Env = Field(
        {}, description="Variables of the image besides those of the shell.", examples=[{"PORT": 8000}]
    )
    ports: tuple[Port, ...] = Field(
        (), description="Ports that the command serves.", examples=[[8000, "53/udp"]]
    )
    labels: dict[LabelName, Text] = Field(
        {}, description="Labels besides those of the OCI.", examples=[{"team": "speech"}]
    )
    copy_: tuple[RelPath, ...] = Field(
        (), alias="copy", description="Files and folders of the project to put into it.", examples=[["./src"]]
    )
    registry: Annotated[str, Strict(), Field(pattern=f"^[a-z-]+:[^\\s]+{_END}")] | None = Field(
        None, description="Where to push it.", examples=["docker://registry.example/lab/"]
    )


class CustomCache(Model):
    """A binary cache of the user's own."""

    url: Annotated[str, Strict(), Field(pattern=f"^(https?|s3|ssh|file)://[^\\s]+{_END}")] = Field(
        description="Address of the cache.", examples=["https://x.example"]
    )
    key: Annotated[str, Strict(), Field(pattern=f"^[^\\s:]+:[A-Za-z0-9+/]+=*{_END}")] | None = Field(
        None,
        description="Its public key, as `nix-store --generate-binary-cache-key` writes it.",
        examples=["x-1:AAAA"],
    )


def _cache_kind(value: object) -> str | None:
    if isinstance(value, str):
        return "name"
    return "custom" if isinstance(value, dict | CustomCache) else None


Cache = Annotated[
    Annotated[Text, Tag("name")] | Annotated[CustomCache, Tag("custom")],
    Discriminator(
        _cache_kind, custom_error_type="cache_type", custom_error_message="must be a name or a mapping"
    ),
]


def _fixes_kind(value: object) -> str | None:
    if isinstance(value, str):
        return "word"
    return "list" if isinstance(value, list | tuple) else None


Fixes = Annotated[
    Annotated[Literal["all", "none"], Tag("word")] | Annotated[tuple[PackageName, ...], Tag("list")],
    Discriminator(
        _fixes_kind,
        custom_error_type="fixes_type",
        custom_error_message="must be all, none or a list of packages",
    ),
]


class Nixpkgs(Model):
    """Which nixpkgs, and how it is configured."""

    release: Annotated[
        str,
        BeforeValidator(_typed_text),
        Field(pattern=RELEASE),
        WithJsonSchema({"type": "string", "pattern": RELEASE}),
    ] = Field(
        "auto",
        description="auto, a release branch (nixos-24.11), nixos-unstable, or a 40-digit revision.",
        examples=["nixos-24.11"],
    )
    unfree: Annotated[Literal["auto", True, False], BeforeValidator(_no_number)] = Field(
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

    github: Annotated[str, Strict(), Field(pattern=f"^{GITHUB_OWNER}/{GITHUB_REPO}{_END}")] = Field(
        description="owner/repository on GitHub.", examples=["owner/repo"]
    )
    ref: Annotated[str, Strict(), Field(pattern=f"^{GIT_REF}{_END}")] | None = Field(
        None, description="Branch, tag or revision. Default: the default branch.", examples=["main"]
    )
    flake: Bool = Field(True, description="false for a repository that is not a flake.", examples=[False])


class Generate(Model):
    """Files for other tools, written beside the flake."""

    flake: Bool = Field(
        True,
        description="Write flake.nix; false leaves it to you: have your own flake-parts flake import ./nix/pyenvspec.",
        examples=[False],
    )
    direnv: Bool = Field(True, description="Write .envrc for direnv.", examples=[True])
    devcontainer: Bool = Field(False, description="Write .devcontainer/devcontainer.json.", examples=[True])
    vscode: Bool = Field(False, description="Write .vscode/settings.json.", examples=[True])
    github_actions: Bool = Field(False, description="Write .github/workflows/pyenvspec.yml.", examples=[True])


JsonData = Annotated[Any, WithJsonSchema({})]
Service = Annotated[dict[Text, JsonData], BeforeValidator(_nothing_but_a_mapping)]

VARIANT_KEYS = (
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

    spec: Annotated[Literal[1], BeforeValidator(_format_version)] = Field(
        1, description="Version of this format.", examples=[1]
    )
    name: PlainName | None = Field(
        None,
        description="Name of the project. Default: the folder's name, made valid.",
        examples=["speech-lab"],
    )
    description: Text | None = Field(
        None, description="One line about the project, for `nix flake show`.", examples=["Speech experiments"]
    )
    systems: (
        Annotated[
            tuple[Literal["x86_64-linux", "aarch64-linux", "aarch64-darwin", "x86_64-darwin"], ...],
            Field(min_length=1),
        ]
        | None
    ) = Field(
        None,
        description="Systems to support. Default: x86_64-linux, aarch64-linux, plus aarch64-darwin where nothing "
        "asked for is Linux-only.",
        examples=[["x86_64-linux"]],
    )
    python: Annotated[Python, _or_scalar("version")] = Field(
        description="The interpreter and where its packages come from.", examples=[{"version": "3.10"}]
    )
    wheels: Wheels = Field(
        default_factory=Wheels,
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
    cuda: Annotated[Cuda, _or_scalar("version")] | None = Field(
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
    scripts: dict[PlainName, Text] = Field(
        {},
        description="Commands of the shell, each a shell script. One plain command hands its arguments on; where there "
        'are more, "$@" says where they go.',
        examples=[{"train": "python -m lab.train"}],
    )
    processes: dict[PlainName, Annotated[Process, _or_text("run")]] = Field(
        {},
        description="Long-running commands that `processes-up` starts together: text, or a mapping with what each "
        "waits for.",
        examples=[{"web": {"run": "python -m http.server 8000", "after": ["db"], "ready": {"http": 8000}}}],
    )
    services: dict[PlainName, Service] = Field(
        {},
        description="Services of devenv (https://devenv.sh/services), with their options.",
        examples=[{"postgres": {"enable": True}}],
    )
    devenv: Service = Field(
        {},
        description="Options of devenv itself (https://devenv.sh/reference/options), passed on as data: languages, "
        "git-hooks, tasks and others.",
        examples=[{"git-hooks": {"hooks": {"ruff": {"enable": True}}}}],
    )
    on_enter: Text | None = Field(
        None, description="Shell commands run when the shell opens.", examples=["echo ready"]
    )
    containers: dict[ShellName, Container] = Field(
        {}, description="OCI images.", examples=[{"default": {"image": "speech-lab"}}]
    )
    caches: tuple[Cache, ...] = Field(
        (),
        description="Binary caches besides those that what is asked for needs: names of known ones, or url and key.",
        examples=[["nix-community"]],
    )
    nixpkgs: Annotated[Nixpkgs, _or_scalar("release")] = Field(
        default_factory=Nixpkgs,
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
    variants: dict[ShellName, dict[Text, JsonData]] = Field(
        {},
        description="More shells (`nix develop .#cpu`): each is merged over the rest, null takes a key away.",
        examples=[{"cpu": {"cuda": None}}],
    )
    generate: Generate = Field(
        default_factory=Generate, description="Files to write for other tools.", examples=[{"direnv": True}]
    )


@dataclass(frozen=True, slots=True)
class ShellSpec:
    """One shell: the default one or a variant with everything merged.

    `tree` is what `spec` was made from; each node keeps the place in env.yaml where it was typed.
    """

    name: str
    spec: Spec
    tree: Mapping


@dataclass(frozen=True, slots=True)
class SpecFile:
    """A valid env.yaml: the default shell first, then the variants in the order of their names."""

    raw: RawSpec
    shells: tuple[ShellSpec, ...]

    @property
    def spec(self) -> Spec:
        """The whole file's spec, which is the default shell's."""
        return self.shells[0].spec

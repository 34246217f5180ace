"""Keys of env.yaml for images and binary caches: a part of `model.py`."""

# No `from __future__ import annotations`: pydantic would parse each of the hundred types again at every start.

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, Strict, StrictBool, StrictStr, WithJsonSchema

from pyenvspec.spec.values import (
    BASE_IMAGE,
    END,
    IMAGE_NAME,
    IMAGE_TAG,
    LABEL_NAME,
    PORT,
    PORT_AS_TYPED,
    REGISTRY,
    Env,
    Matches,
    Model,
    PlainName,
    PositiveInt,
    RelPath,
    ShellName,
    System,
)

BaseImage = Annotated[str, Strict(), Matches(BASE_IMAGE)]
LabelName = Annotated[str, Strict(), Matches(LABEL_NAME)]


def _port_text(value: object) -> object:
    """Ports are numbers, of TCP where nothing else is said."""
    if isinstance(value, float) and value.is_integer():  # 8000.0 is a whole number for a schema
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value}/tcp"
    return f"{value}/tcp" if isinstance(value, str) and value.isdigit() else value


Port = Annotated[
    str,
    Matches(PORT),
    BeforeValidator(_port_text),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 65535},
                {"type": "string", "pattern": PORT_AS_TYPED},
            ]
        }
    ),
]


class Container(Model):
    """An OCI image with the environment in it."""

    image: Annotated[str, Strict(), Matches(IMAGE_NAME)] | None = Field(
        None, description="Image name. Default: `name` in lower case.", examples=["speech-lab"]
    )
    tag: Annotated[str, Strict(), Matches(IMAGE_TAG)] = Field(
        "latest", description="Image tag.", examples=["latest"]
    )
    command: Annotated[tuple[StrictStr, ...], Field(min_length=1)] = Field(
        ("bash",),
        description="What the image starts as its first process, word by word; no shell reads it.",
        examples=[["python", "-m", "speech_lab.train"]],
    )
    variant: ShellName = Field(
        "default", description="The shell whose environment is in it.", examples=["cpu"]
    )
    project: StrictBool = Field(
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
    labels: dict[LabelName, StrictStr] = Field(
        {}, description="Labels besides those of the OCI.", examples=[{"team": "speech"}]
    )
    copy_: tuple[RelPath, ...] = Field(
        (), alias="copy", description="Files and folders of the project to put into it.", examples=[["./src"]]
    )
    registry: Annotated[str, Strict(), Matches(REGISTRY)] | None = Field(
        None, description="Where to push it.", examples=["docker://registry.example/lab/"]
    )


def _push_text(value: object) -> object:
    """`push: true` is the cache's own address, `push: false` none."""
    if isinstance(value, bool):
        return "" if value else None
    return value


# What is behind `ssh://` becomes an argument of ssh, and with a leading `-` an option: ProxyCommand runs code.
_STORE = "(https?|s3|ssh|ssh-ng|file)://(?!-)[^\\s]+"
# cachix and attic have protocols of their own; to every other cache `nix copy` writes.
_PUSH = f"^(cachix:[A-Za-z0-9._-]+|attic:[A-Za-z0-9._-]+(:[A-Za-z0-9._-]+)?|{_STORE}){END}"


class CustomCache(Model):
    """A binary cache of the user's own."""

    url: Annotated[str, Strict(), Matches(f"^{_STORE}{END}")] = Field(
        description="Address of the cache.", examples=["https://x.example"]
    )
    # A name and base64: `team-1:6NCHdD59X431o0gWypbMrA==`.
    key: Annotated[str, Strict(), Matches(f"^[^\\s:]+:[A-Za-z0-9+/]+=*{END}")] | None = Field(
        None,
        description="Its public key, as `nix-store --generate-binary-cache-key` writes it.",
        examples=["x-1:AAAA"],
    )
    push: Annotated[
        # Empty is what `_push_text` makes of `push: true`.
        Annotated[str, Matches(_PUSH.replace("^(", "^(|", 1))] | None,
        BeforeValidator(_push_text),
        WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": _PUSH}]}),
    ] = Field(
        None,
        description="`pyenvspec cache push` fills it: true at its own address (s3, ssh-ng, file, cachix.org), else say "
        "where it is written to: cachix:NAME, attic:SERVER:CACHE or a store of Nix.",
        examples=[True],
    )


# As a store's address, with or without a user: no `-` at the beginning.
_HOST = "([A-Za-z0-9_][A-Za-z0-9._-]*@)?[A-Za-z0-9][A-Za-z0-9._-]*"


class Builder(Model):
    """A machine that builds for this one."""

    host: Annotated[str, Strict(), Matches(f"^(ssh|ssh-ng)://{_HOST}(:[0-9]+)?{END}")] = Field(
        description="Its address.", examples=["ssh-ng://builder.example"]
    )
    systems: Annotated[tuple[System, ...], Field(min_length=1)] = Field(
        ("x86_64-linux",), description="What it builds for.", examples=[["aarch64-linux"]]
    )
    jobs: PositiveInt = Field(1, description="How much at once.", examples=[8])
    speed: PositiveInt = Field(1, description="How fast it is beside the others.", examples=[2])
    features: tuple[PlainName, ...] = Field(
        (), description="What it can do besides, in Nix's words.", examples=[["big-parallel", "kvm"]]
    )

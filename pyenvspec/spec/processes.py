"""Keys of env.yaml for processes: a part of `model.py`."""

# As in model.py: no `from __future__ import annotations`, so that types are read once.

from typing import Annotated, Literal

from pydantic import Field, Strict, StrictStr

from pyenvspec.spec.values import (
    END,
    Env,
    Matches,
    Model,
    PlainName,
    PortNumber,
    PositiveInt,
    RelPath,
    or_scalar,
)


class HttpProbe(Model):
    """An address that answers when a process is ready."""

    port: PortNumber = Field(description="Port of this machine.", examples=[8000])
    path: Annotated[str, Strict(), Matches(f"^/[^\\s]*{END}")] = Field(
        "/", description="Path of the address.", examples=["/health"]
    )


class Ready(Model):
    """How to know that a process is ready, and how often to ask."""

    http: Annotated[HttpProbe, or_scalar("port")] | None = Field(
        None, description="A port that answers over HTTP, or a mapping with its path.", examples=[8000]
    )
    run: StrictStr | None = Field(
        None, description="A command that succeeds when it is ready.", examples=["pg_isready"]
    )
    every: PositiveInt = Field(1, description="Seconds between two questions.", examples=[2])
    tries: PositiveInt = Field(
        60, description="Failed questions after which it counts as broken.", examples=[30]
    )


class Process(Model):
    """A long-running command, and what it waits for."""

    run: StrictStr = Field(
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

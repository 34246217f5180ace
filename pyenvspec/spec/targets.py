"""Keys of env.yaml for clusters and clouds (`run`): a part of `model.py`.

Their names are those that the engines' own users know; what has no key here goes there as it is, in the engine's words.
"""

# As in model.py: no `from __future__ import annotations`, so that types are read once.

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, Strict, StrictBool, StrictStr, WithJsonSchema

from pyenvspec.spec.values import (
    DURATION,
    END,
    GPUS,
    IMAGE,
    ONE_WORD,
    SIZE,
    Env,
    JsonMapping,
    Matches,
    Model,
    PlainName,
    PositiveInt,
    ShellName,
    typed_text,
)

# Kubernetes names things by RFC 1123: at most 63 characters.
DNS_LABEL = f"^[a-z0-9]([a-z0-9-]{{0,61}}[a-z0-9])?{END}"
# A long option of sbatch without its dashes: `mail-user`.
_OPTION = f"^[a-z][a-z-]*[a-z]{END}"
_NUMBER = {"type": "number", "minimum": 0}


def _count_schema(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"type": "string", "pattern": pattern}, _NUMBER]})


Duration = Annotated[str, BeforeValidator(typed_text), Matches(DURATION)]
Size = Annotated[str, BeforeValidator(typed_text), Matches(SIZE)]


def _number_of_gpus(value: object) -> object:
    """A number however it was typed: to JSON Schema 1.0 and 01 are 1."""
    is_whole = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
    return str(int(value)) if is_whole else typed_text(value)  # type: ignore[call-overload]


Gpus = Annotated[
    str,
    BeforeValidator(_number_of_gpus),
    Matches(GPUS),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": GPUS}, {"type": "integer", "minimum": 1, "maximum": 9999}]}
    ),
]
# `H100`, `H100:8`, and a part of one: `A100:0.5`.
_ACCELERATORS = f"^[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]+(\\.[0-9]+)?)?{END}"
# dstack's lists and ranges: `A100,H100:2`, `24GB..80GB`.
_GPU = f"^[A-Za-z0-9][A-Za-z0-9._:,-]*(\\.\\.[A-Za-z0-9._:,-]*)?{END}"
# SkyPilot's `8` and `8+`, `0.5`; bounded, so that no number is written with an exponent.
_AT_LEAST = f"^[0-9]{{1,6}}(\\.[0-9]{{1,3}})?\\+?{END}"
AtLeast = Annotated[
    str,
    BeforeValidator(typed_text),
    Matches(_AT_LEAST),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": _AT_LEAST},
                {"type": "integer", "minimum": 0, "maximum": 999999},
                {"type": "number", "minimum": 0.001, "maximum": 999999},
            ]
        }
    ),
]
OptionName = Annotated[str, Strict(), Matches(_OPTION)]
OptionValue = Annotated[
    str,
    BeforeValidator(typed_text),
    Matches(ONE_WORD),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": ONE_WORD}, {"type": "number"}]}),
]


class Slurm(Model):
    """A cluster with Slurm, whose nodes have Apptainer or pyxis."""

    partition: PlainName | None = Field(None, description="Partition.", examples=["gpu"])
    account: PlainName | None = Field(None, description="Account that is charged.", examples=["lab"])
    nodes: PositiveInt = Field(1, description="Nodes.", examples=[2])
    tasks: PositiveInt = Field(
        1, description="How often the command runs on each node; Slurm numbers them.", examples=[8]
    )
    gpus: Gpus | None = Field(
        None, description="GPUs of each node: a number, or with a type.", examples=["a100:2"]
    )
    cpus: PositiveInt | None = Field(None, description="Processors of each task.", examples=[8])
    memory: Size | None = Field(None, description="Memory of each node.", examples=["64G"])
    time: Duration | None = Field(None, description="After this it is stopped.", examples=["4h"])
    # `with` is a word of Python's own.
    with_: Literal["apptainer", "pyxis"] = Field(
        "apptainer", alias="with", description="What runs the image on the nodes.", examples=["pyxis"]
    )
    options: dict[OptionName, OptionValue] = Field(
        {}, description="Other options of sbatch, without their dashes.", examples=[{"constraint": "a100"}]
    )


class Kubernetes(Model):
    """A cluster with Kubernetes: a Job."""

    namespace: Annotated[str, Strict(), Matches(DNS_LABEL)] | None = Field(
        None, description="Namespace. Default: that of kubectl.", examples=["lab"]
    )
    gpus: PositiveInt | None = Field(None, description="GPUs of NVIDIA.", examples=[1])
    cpus: PositiveInt | None = Field(None, description="Processors.", examples=[8])
    memory: Size | None = Field(None, description="Memory.", examples=["64Gi"])
    time: Duration | None = Field(None, description="After this it is stopped.", examples=["4h"])
    pull_secret: Annotated[str, Strict(), Matches(DNS_LABEL)] | None = Field(
        None, description="Secret with the credentials of the registry.", examples=["registry"]
    )
    pod: JsonMapping = Field(
        {},
        description="More of the pod's specification, in the words of Kubernetes: nodeSelector, tolerations, volumes …",
        examples=[{"nodeSelector": {"gpu": "a100"}}],
    )


class SkyPilot(Model):
    """A cloud through SkyPilot: a task."""

    accelerators: Annotated[str, Strict(), Matches(_ACCELERATORS)] | None = Field(
        None, description="GPUs, as SkyPilot writes them.", examples=["H100:1"]
    )
    cpus: AtLeast | None = Field(None, description="Processors; 8+ is at least 8.", examples=["8+"])
    memory: AtLeast | None = Field(None, description="GB of memory; 64+ is at least 64.", examples=["64+"])
    infra: Annotated[str, Strict(), Matches(f"^[A-Za-z0-9*][A-Za-z0-9*/._-]*{END}")] | None = Field(
        None, description="Cloud, region and zone. Default: the cheapest.", examples=["aws/us-east-1"]
    )
    spot: StrictBool = Field(False, description="Take spot instances.", examples=[True])
    nodes: PositiveInt = Field(1, description="Nodes.", examples=[2])
    task: JsonMapping = Field(
        {},
        description="More of the task, in SkyPilot's words: file_mounts, resources …",
        examples=[{"resources": {"disk_size": 200}}],
    )


class DStack(Model):
    """Fleets and clouds through dstack: a task."""

    gpu: Annotated[str, BeforeValidator(typed_text), Matches(_GPU), _count_schema(_GPU)] | None = Field(
        None, description="GPUs, as dstack writes them.", examples=["H100:1"]
    )
    cpu: PositiveInt | None = Field(None, description="Processors.", examples=[8])
    memory: Size | None = Field(None, description="Memory.", examples=["64G"])
    nodes: PositiveInt = Field(1, description="Nodes.", examples=[2])
    time: Duration | None = Field(None, description="After this it is stopped.", examples=["4h"])
    task: JsonMapping = Field(
        {},
        description="More of the task, in dstack's words: volumes, spot_policy …",
        examples=[{"spot_policy": "auto"}],
    )


class Target(Model):
    """Where an image runs besides this machine; one engine each."""

    slurm: Slurm | None = Field(None, description="Slurm.", examples=[{"partition": "gpu", "gpus": 1}])
    kubernetes: Kubernetes | None = Field(None, description="Kubernetes.", examples=[{"gpus": 1}])
    skypilot: SkyPilot | None = Field(None, description="SkyPilot.", examples=[{"accelerators": "H100:1"}])
    dstack: DStack | None = Field(None, description="dstack.", examples=[{"gpu": "H100:1"}])
    container: ShellName = Field("default", description="Which of `containers` it runs.", examples=["serve"])
    image: Annotated[str, Strict(), Matches(IMAGE)] | None = Field(
        None,
        description="The image by its address, or a file on the cluster. Default: where `container push` puts it; for "
        "Slurm NAME.sif where there is one.",
        examples=["/scratch/lab/default.sif"],
    )
    command: tuple[StrictStr, ...] | None = Field(
        None,
        description="What runs, word by word. Default: the container's command; what follows `--` wins.",
        examples=[["python", "-m", "speech_lab.train"]],
    )
    env: Env = Field({}, description="Variables, as they are.", examples=[{"SEED": 42}])

"""Keys of env.yaml for Python, its packages and CUDA: a part of `model.py`."""

# As in model.py: no `from __future__ import annotations`, so that types are read once.

from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, StrictBool, Tag, WithJsonSchema

from pyenvspec.spec.values import (
    DOTTED,
    END,
    VERSION_NUMBER,
    AttrPath,
    Capability,
    CudaVersion,
    Matches,
    Model,
    PackageName,
    PythonVersion,
    RelPath,
    typed_text,
)

Manager = Literal["poetry", "uv", "pip", "poetry2nix", "uv2nix", "nixpkgs"]


class Python(Model):
    """The interpreter and where its packages come from."""

    version: PythonVersion = Field(
        description="Python version: a minor (3.10) or an exact one (3.10.14). Quotes are not needed.",
        examples=["3.10"],
    )
    manager: Manager | None = Field(
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
    build_after: tuple[PackageName, ...] = Field(
        (),
        description="poetry, uv, pip: packages of the lock or requirements file that are built without isolation, once "
        "everything else is installed, since their builds import it (flash-attn imports torch).",
        examples=[["flash-attn"]],
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

    prefer: StrictBool = Field(True, description="Take wheels where the lock has them.", examples=[True])
    disabled: tuple[PackageName, ...] = Field(
        (), description="Packages to build from source instead.", examples=[["torch", "torchvision"]]
    )


class Cuda(Model):
    """The CUDA toolkit and cuDNN."""

    version: CudaVersion = Field(description="CUDA version.", examples=["11.8"])
    cudnn: Annotated[
        str,
        BeforeValidator(typed_text),
        Matches(f"^(auto|none|{DOTTED}){END}"),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "pattern": f"^(auto|none|{DOTTED}){END}"},
                    VERSION_NUMBER,
                ]
            }
        ),
    ] = Field(
        "auto",
        description="cuDNN version (8.9); auto takes the one that nixpkgs has for this CUDA, none leaves it out.",
        examples=["8.9"],
    )
    packages: tuple[AttrPath, ...] = Field(
        # Compiler, headers and libraries together, under one name in every set.
        ("cudatoolkit",),
        description="Packages of the CUDA package set.",
        examples=[["cudatoolkit", "nccl"]],
    )
    capabilities: tuple[Capability, ...] = Field(
        (),
        description="GPU generations to build for. Narrowing them means building instead of downloading.",
        examples=[["8.6", "9.0"]],
    )


def _fixes_kind(value: object) -> str | None:
    if isinstance(value, str):
        return "word"
    return "list" if isinstance(value, list | tuple) else None


# As `Cache` in model.py: one message, and not one for each member of the union.
Fixes = Annotated[
    Annotated[Literal["all", "none"], Tag("word")] | Annotated[tuple[PackageName, ...], Tag("list")],
    Discriminator(
        _fixes_kind,
        custom_error_type="fixes_type",
        custom_error_message="must be all, none or a list of packages",
    ),
]

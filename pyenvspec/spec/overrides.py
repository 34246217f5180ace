"""Keys of env.yaml for one package of a lock: a part of `model.py`, which most documents have no use for."""

# As in model.py: no `from __future__ import annotations`, so that types are read once.

from typing import Literal

from pydantic import Field, StrictBool, StrictStr

from pyenvspec.spec.values import AttrPath, Env, Model, PackageName, RelPath


class Override(Model):
    """What one Python package needs to build; data only, for the lock-file managers."""

    remove: StrictBool = Field(
        False, description="Leave the package out of the environment.", examples=[True]
    )
    from_nixpkgs: StrictBool = Field(False, description="Take the package from nixpkgs.", examples=[True])
    keep_locked_source: StrictBool = Field(
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
    ignore_missing_libraries: tuple[StrictStr, ...] = Field(
        (), description="Libraries that may be missing when it is built.", examples=[["libcuda.so.1"]]
    )
    env: Env = Field({}, description="Environment of its build.", examples=[{"MAX_JOBS": 4}])
    patches: tuple[RelPath, ...] = Field(
        (), description="Patches applied to its source.", examples=[["./x.patch"]]
    )
    post_install: StrictStr | None = Field(
        None, description="Shell commands after it is installed.", examples=["rm -f $out/LICENSE"]
    )

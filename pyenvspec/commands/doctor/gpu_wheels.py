"""What the project's packages want of the driver, and whether the shell's own Python reaches it."""

from __future__ import annotations

import json
import os
import posixpath
import re
from typing import TYPE_CHECKING

from pyenvspec.commands.doctor.model import Check, Mark
from pyenvspec.facts.drivers import plain_torch_cuda
from pyenvspec.facts.nixpkgs import version_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.commands.doctor.model import Context

# The runtime of CUDA that wheels bring along: `nvidia-cuda-runtime-cu12` and, from CUDA 13 on, `nvidia-cuda-runtime`.
_LOCKED = re.compile(r'^name = "nvidia-cuda-runtime(?:-cu\d+)?"\nversion = "(\d+\.\d+)', re.MULTILINE)
_REQUIRED = re.compile(r"^nvidia-cuda-runtime(?:-cu\d+)?==(\d+\.\d+)", re.MULTILINE)
# Wheels of a local version, as PyTorch's own index has them: `version = "2.5.1+cu124"`, `torch==2.5.1+cu124`.
_TAGGED = re.compile(r'^(?:version = "[0-9.]+|torch==[0-9.]+)\+cu(\d+)(\d)\b', re.MULTILINE)
# The torch of before 1.13, whose wheels have CUDA inside: `torch==1.4.0`, and in a lock.
_PINNED = re.compile(
    r"^(?:torch==|\[\[package\]\]\nname = \"torch\"\nversion = \")([0-9]+\.[0-9]+)[0-9.]*(?=[\"\s;]|$)",
    re.MULTILINE,
)
# What nix/modules/python-with-libraries.nix makes: in Nix's store, where no project could have put anything.
_OURS = re.compile(r"/nix/store/[0-9a-z]{32}-python3\.\d+-libs/bin/python3\.\d+")

GROUP = "gpu"

# By ctypes and not by nvidia-smi: the shell's Python finds libraries in its own way, and that is what is asked.
_ASK = """
import ctypes, json
try:
    cuda = ctypes.CDLL("libcuda.so.1")
except OSError as error:
    print(json.dumps({"missing": str(error)}))
else:
    count, version = ctypes.c_int(), ctypes.c_int()
    code = cuda.cuInit(0)
    cuda.cuDriverGetVersion(ctypes.byref(version))
    code or cuda.cuDeviceGetCount(ctypes.byref(count))
    print(json.dumps({"code": code, "count": count.value, "version": version.value}))
"""
# Fact: CUresult in cuda.h of the driver API.
_NO_DEVICE, _STUB = 100, 34


def wheels_cuda(context: Context) -> tuple[str, ...]:
    """Return the CUDA versions of the wheels that the project's locks name."""
    versions: set[str] = set()
    # By patterns, not parsed: here only a version is asked for, and a broken lock is told by `check`.
    for text in _texts(context):
        of_runtime = {*_LOCKED.findall(text), *_REQUIRED.findall(text)}
        of_runtime |= {f"{major}.{minor}" for major, minor in _TAGGED.findall(text)}
        # A lock names the runtime beside a newer torch; requirements mostly name torch alone.
        pinned = () if of_runtime else map(plain_torch_cuda, _PINNED.findall(text))
        versions |= {*of_runtime, *(cuda for cuda in pinned if cuda)}
    return tuple(sorted(versions, key=version_key))


def has_packages_listed(context: Context) -> bool:
    """Whether the project has a lock or requirements that could name such wheels."""
    return any(_texts(context))


def _texts(context: Context) -> Iterator[str]:
    for shell in context.plan.shells if context.plan else ():
        environment = shell.environment
        for lock in ("uv.lock", "poetry.lock"):
            yield context.project_text(posixpath.join(environment.project, lock))
        if environment.requirements:
            yield context.project_text(environment.requirements)


def check_reach(context: Context) -> Iterator[Check]:
    """Run the shell's own Python against the driver; only one that Nix made, so that no project's file is run."""
    venvs = (context.plan.shells[0].environment.venv,) if context.plan else ()
    # The second is what entering a shell without a .venv links (nix/modules/link-python.sh).
    for candidate in (*venvs, ".pyenvspec/python"):
        python = os.path.realpath(context.root / candidate / "bin" / "python")
        if _OURS.fullmatch(python):
            break
    else:
        return
    result = context.run(python, "-I", "-S", "-c", _ASK)
    try:
        answer = json.loads(result.stdout)
    except ValueError:  # it did not start: garbage-collected meanwhile, or of another system
        return
    if "missing" in answer:
        text = f"the shell's Python does not find the driver: {answer['missing']}"
        yield Check(
            GROUP, Mark.BAD, text, ("write `driver: auto` into env.yaml, or take `driver: none` away",)
        )
    elif answer["code"] == 0:
        version = f"{answer['version'] // 1000}.{answer['version'] % 1000 // 10}"
        text = f"the shell's Python reaches {answer['count']} GPU(s) by a driver for CUDA up to {version}"
        yield Check(GROUP, Mark.GOOD, text)
    elif answer["code"] == _NO_DEVICE:
        yield Check(GROUP, Mark.WARN, "the shell's Python reaches the driver, and the driver no GPU")
    else:
        why = " (a stub of a toolkit, not the driver)" if answer["code"] == _STUB else ""
        text = f"the driver answers the shell's Python with error {answer['code']}{why}"
        fix = ("after an update of the driver restart the machine; in a container start it with --gpus all",)
        yield Check(GROUP, Mark.BAD, text, fix)

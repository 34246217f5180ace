"""What a log says of CUDA: which version torch was built with, which one a library or a GPU wants."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pyenvspec.commands.diagnose.answer import Answer, because
from pyenvspec.facts.capabilities import cuda_of_generation
from pyenvspec.facts.drivers import plain_torch_cuda
from pyenvspec.facts.failures import cuda_of_library

if TYPE_CHECKING:
    from pyenvspec.commands.diagnose.answer import Log, Values

USUAL_CUDA = "12.4"
"""Written where a log does not say which: nixpkgs has it with compilers that much used extensions take."""

# `torch-2.5.1+cu124`
_TAG = re.compile(r"\+cu(1[0-9])([0-9])\b")
# `nvidia-cuda-runtime-cu12==12.4.127`, `nvidia_cuda_runtime_cu12-12.4.127-py3-none-…`, poetry's `nvidia-… (12.4.127)`
_RUNTIME = re.compile(r"nvidia[-_]cuda[-_]runtime(?:[-_]cu[0-9]+)?[-=@ ]{1,2}\(?([0-9]+\.[0-9]+)")
# `torch==2.5.1`, `torch-2.5.1`, `torch (2.5.1)`; with `+` the tag above says more.
_TORCH = re.compile(r"\btorch(?:==|-| \(?v?)([0-9]+\.[0-9]+)(?:\.[0-9]+)?(?=[\s)+,.;`'\"-]|$)")
# `nvidia-cublas-cu12`, `libcublas.so.12`, nvidia-smi's `CUDA Version: 12.4`
_MAJOR = re.compile(r"\bcu(1[0-9])\b|\.so\.(1[123])\b|CUDA(?: Version:?)? (1[123])\b")


def cuda_in(log: Log) -> str | None:
    """Return the CUDA of the torch that a log names, None where it names none."""
    # The surest first: a release of torch may be a build for another CUDA than PyPI's.
    if match := log.first(_TAG):
        return f"{match[1]}.{match[2]}"
    if match := log.first(_RUNTIME):
        return match[1]
    if match := log.first(_TORCH):
        return plain_torch_cuda(match[1])
    return None


def cuda_of_torch(values: Values, log: Log, at: int) -> Answer | None:
    """Something is compiled against CUDA: write the one of torch."""
    if log.is_of_nix:
        return None
    ask = "python -c 'import torch; print(torch.version.cuda)'"
    if cuda := cuda_in(log):
        return Answer(
            values, {"cuda": cuda}, (ask + f", which says {cuda} as well, if this log is of one torch",)
        )
    return Answer(values, {"cuda": USUAL_CUDA}, (ask + f", and write what it says instead of {USUAL_CUDA}",))


def gpu_generation(values: Values, log: Log, at: int) -> Answer | None:
    """Return a CUDA that knows a GPU."""
    # nvcc writes compute_120 for 12.0: the last digit is the minor.
    dotted = f"{values['arch'][:-1]}.{values['arch'][-1]}"
    cuda = cuda_of_generation(dotted)
    values = {**values, "arch": dotted}
    narrow = f"or compile for other GPUs: write theirs under `cuda.capabilities`, without {dotted}"
    return Answer(values, {"cuda": cuda}, (narrow,)) if cuda else Answer(values, {}, (narrow,))


def library_of_cuda(values: Values, attr: str, log: Log) -> Answer:
    """Return what a missing library of CUDA asks for: it tells by its name of which version it is."""
    soname = values["soname"]
    # torch loads them from the wheels beside it, wherever env.yaml has a toolkit.
    if "torch/__init__.py" in log.text:
        why = "torch's own wheels bring it, and one of them is not installed or was replaced"
        return because(values, why, "rm -rf .venv", "pyenvspec shell, which installs all of them again")
    wanted = cuda_of_library(soname)
    cuda: Any = wanted.cuda if wanted else cuda_in(log) or USUAL_CUDA
    if wanted and wanted.cudnn:
        cuda = {"version": _cuda_besides_cudnn(wanted.cuda, log), "cudnn": wanted.cudnn}
        why = f"it is in cuDNN {wanted.cudnn}, which comes with the toolkit"
    elif wanted and wanted.library == "libcudnn":
        why = "it is in cuDNN, which comes with the toolkit"
    elif wanted:
        why = f"it is in the toolkit of CUDA {wanted.cuda}"
    else:
        why = f"it is in cuda.{attr}"
        cuda = {"version": cuda, "packages": ["cudatoolkit", attr]}
    note = "where `cuda` is there already with another version: this one is what the wheel was made for"
    return because(values, why, note, yaml={"cuda": cuda})


def _cuda_besides_cudnn(cuda: str, log: Log) -> str:
    """cuDNN 8 and 9 are for several majors of CUDA: what else the log names says which."""
    if exact := cuda_in(log):
        return exact
    majors = {group for match in _MAJOR.finditer(log.text) for group in match.groups() if group}
    return USUAL_CUDA if "12" in majors else cuda

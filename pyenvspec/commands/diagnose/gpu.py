"""What a log says of CUDA: which version torch was built with, which one a library or a GPU wants."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pyenvspec.commands.diagnose.answer import Answer, because
from pyenvspec.commands.diagnose.present import RUN_IN_SHELL
from pyenvspec.facts.capabilities import cuda_of_generation, first_cuda, gpu_capabilities
from pyenvspec.facts.drivers import plain_torch_cuda, torch_builds
from pyenvspec.facts.failures import cuda_of_library
from pyenvspec.facts.nixpkgs import minor_of, version_key
from pyenvspec.spec.flow import format_flow

if TYPE_CHECKING:
    from pyenvspec.commands.diagnose.answer import Log, Values
    from pyenvspec.facts.failures import CudaLibrary

USUAL_CUDA = "12.4"
"""Written where a log does not say which: nixpkgs has it with compilers that much used extensions take."""

_OWN = (
    "for what is compiled here: name your GPU's generation under `cuda.capabilities`"
    " (https://developer.nvidia.com/cuda-gpus), and install it again"
)

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
    """Something is compiled against CUDA: write the one of torch, or say that it is there."""
    if log.is_of_nix:
        return None
    wanted = cuda_in(log)
    if version := _version_there(log):
        return _in_the_shell(values, version, log.present["cuda"].get("packages"), wanted)
    ask = "python -c 'import torch; print(torch.version.cuda)'"
    why = "write the CUDA that torch was built with"
    if wanted:
        same = ask + f", which says {wanted} as well, if this log is of one torch"
        return because(values, why, same, yaml={"cuda": wanted})
    usual = ask + f", and write what it says instead of {USUAL_CUDA}"
    return because(values, why, usual, yaml={"cuda": USUAL_CUDA})


def _in_the_shell(values: Values, version: str, packages: object, wanted: str | None) -> Answer:
    """Its shell sets CUDA_HOME: who does not find the toolkit is elsewhere, or lacks a part of it."""
    why = f"the shell of env.yaml has that of CUDA {version}, so this ran outside of it"
    commands = [RUN_IN_SHELL]
    if isinstance(packages, list) and "cudatoolkit" not in packages:
        whole = format_flow([*packages, "cudatoolkit"])
        commands.append(
            f"where it was run in the shell: `cuda.packages` lacks this part; write `packages: {whole}` there"
        )
    if wanted and minor_of(version) != wanted:
        return because(values, why, *commands, yaml={"cuda": {"version": wanted}})
    return because(values, why, *commands)


def toolkit(values: Values, log: Log, at: int) -> Answer:
    """Any toolkit will do: that of env.yaml where it asks for one."""
    return Answer({**values, "cuda": _version_there(log) or USUAL_CUDA})


def _version_there(log: Log) -> str | None:
    there = log.present.get("cuda")
    version = there.get("version") if isinstance(there, dict) else None
    return version if isinstance(version, str) else None


def gpu_generation(values: Values, log: Log, at: int) -> Answer | None:
    """Return a CUDA that knows a GPU."""
    # nvcc writes compute_120 for 12.0: the last digit is the minor.
    dotted = f"{values['arch'][:-1]}.{values['arch'][-1]}"
    cuda = cuda_of_generation(dotted)
    values = {**values, "arch": dotted}
    row, version = gpu_capabilities().get(dotted), _version_there(log)
    if row and version and _is_number(version) and _reaches(version, row.nvcc or row.first) and not row.last:
        other = f"CUDA {version}, which env.yaml asks for, knows it: another nvcc ran, outside of the shell"
        return Answer(values, {}, (other, RUN_IN_SHELL))
    narrow = f"or compile for other GPUs: write theirs under `cuda.capabilities`, without {dotted}"
    return Answer(values, {"cuda": cuda}, (narrow,)) if cuda else Answer(values, {}, (narrow,))


def gpu_of_wheels(values: Values, log: Log, at: int) -> Answer:
    """Return which CUDA first knows a GPU that torch's wheels have no code for, and which torch is made with it."""
    generation = values.get("dotted") or ""
    # sm_80 is 8.0, and sm_120 12.0.
    if digits := values.get("sm"):
        generation = f"{digits[:-1]}.{digits[-1]}"
    first = first_cuda(generation)
    if first is None:
        why = "the wheels have no code for this GPU: it is newer than what they were built for, or much older"
        ask = "python -c 'import torch; print(torch.version.cuda, torch.cuda.get_device_capability())'"
        return because(values, why, ask, *(_known_from(one) for one in ("8.0", "9.0", "12.0")), _OWN)
    name = gpu_capabilities()[generation].name
    if "dotted" in values or _is_older(generation, log, at):
        why = f"this torch no longer has code for GPUs of generation {generation} ({name})"
        return because(values, why, *_last_wheels(generation))
    why = (
        f"GPUs of generation {generation} ({name}) are known from CUDA {first} on, and this torch was built with an"
        " older one"
    )
    plain = next((one for one in torch_builds(plain=True) if _reaches(one.cuda, first)), None)
    yaml: dict[str, Any] = {}
    version = _version_there(log)
    if plain and version and _is_number(version) and not _reaches(version, first):
        # The compiler of the same CUDA that torch comes with.
        yaml = {"cuda": {"version": plain.cuda}}
    own = f"for what is compiled here: write {generation} under `cuda.capabilities`, and install it again"
    return because(values, why, *_first_wheels(first), own, yaml=yaml)


def _known_from(generation: str) -> str:
    name, first = gpu_capabilities()[generation].name, first_cuda(generation) or ""
    build = next(one for one in torch_builds(plain=True) if _reaches(one.cuda, first))
    return f"{name} GPUs ({generation} and on) are known from CUDA {first} on: torch {build.torch} and later"


def _is_older(generation: str, log: Log, at: int) -> bool:
    """Whether all that the wheels were built for, which the next line lists, is newer."""
    listed = [int(number) for number in re.findall(r"\bsm_([0-9]+)", log.text[at : at + 600])[1:]]
    return bool(listed) and int(generation.replace(".", "")) < min(listed)


def _first_wheels(first: str) -> tuple[str, ...]:
    """Say which torch is the first for a CUDA: on PyPI, and before that on PyTorch's own index."""
    plain = next((one for one in torch_builds(plain=True) if _reaches(one.cuda, first)), None)
    other = next((one for one in torch_builds() if _reaches(one.cuda, first)), None)
    lines = [f"lock torch {plain.torch} or newer, whose wheels bring CUDA {plain.cuda}"] if plain else []
    if other and other != plain:
        lines.append(
            f"where it must be an older one: torch {other.torch} is the first with wheels for CUDA {other.cuda}, whose"
            f" version ends in +{other.tag}; they are on PyTorch's own index (--extra-index-url in requirements.txt)"
        )
    return tuple(lines)


def _last_wheels(generation: str) -> tuple[str, ...]:
    until = gpu_capabilities()[generation].wheels_until
    builds = [one for one in torch_builds() if until and version_key(one.cuda) <= version_key(until)]
    if not builds:
        return ("lock an older torch, with the Python that it has wheels for",)
    last = builds[-1]
    return (
        f"lock torch {last.torch} or older as it is for CUDA {last.cuda}: its version ends in +{last.tag}, and it is on"
        " PyTorch's own index (--extra-index-url in requirements.txt)",
    )


def _is_number(version: str) -> bool:
    """Whether it can be compared: env.yaml may have any text there, which `check` refuses."""
    return re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4}){1,3}", version) is not None


def _reaches(version: str, first: str) -> bool:
    return version_key(version) >= version_key(first)


def library_of_cuda(values: Values, attr: str, log: Log) -> Answer:
    """Return what a missing library of CUDA asks for: it tells by its name of which version it is."""
    soname = values["soname"]
    # torch loads them from the wheels beside it, wherever env.yaml has a toolkit.
    if "torch/__init__.py" in log.text:
        why = "torch's own wheels bring it, and one of them is not installed or was replaced"
        return because(values, why, "rm -rf .venv", "pyenvspec shell, which installs all of them again")
    wanted, there = cuda_of_library(soname), _version_there(log)
    cuda: Any = wanted.cuda if wanted else cuda_in(log) or USUAL_CUDA
    if wanted and there and wanted.library == "libcudnn":
        return _cudnn_beside(values, there, wanted, log)
    if wanted and there and _is_of_same(there, wanted.cuda):
        # CUDA 11.3 has libcudart.so.11.0 as 11.8 does: the shell of env.yaml brings it.
        cuda = there
    if wanted and wanted.cudnn:
        cuda = {"version": _cuda_besides_cudnn(wanted.cuda, log), "cudnn": wanted.cudnn}
        why = f"it is in cuDNN {wanted.cudnn}, which comes with the toolkit"
    elif wanted and wanted.library == "libcudnn":
        why = "it is in cuDNN, which comes with the toolkit"
    elif wanted:
        why = f"it is in the toolkit of CUDA {cuda}"
    else:
        why = f"it is in cuda.{attr}"
        cuda = {"version": cuda, "packages": ["cudatoolkit", attr]}
    notes = []
    if not log.present or (_version_there(log) or cuda) != cuda:
        notes = [
            "where `cuda` is there already with another version: this one is what the wheel was made for"
        ]
    return because(values, why, *notes, yaml={"cuda": cuda})


def _is_of_same(there: str, cuda: str) -> bool:
    """Whether the libraries of one CUDA have the names of those of another: since CUDA 11 by its major alone."""
    major = cuda.split(".")[0]
    return there.split(".")[0] == major if int(major) > 10 else minor_of(there) == cuda


def _cudnn_beside(values: Values, cuda: str, wanted: CudaLibrary, log: Log) -> Answer:
    """The toolkit is asked for: its cuDNN may be another one, or this ran outside of the shell."""
    why = f"it is in cuDNN {wanted.major}, and env.yaml asks for CUDA {cuda}"
    own = str(log.present["cuda"].get("cudnn", "auto"))
    if own.split(".")[0] == wanted.major:
        return because(values, why, f"outside of the shell it is not found: {RUN_IN_SHELL}")
    either = (
        f"where the cuDNN of this CUDA is that one already, this ran outside of the shell: {RUN_IN_SHELL}"
    )
    commands = (either,) if own == "auto" else ()
    return because(values, why, *commands, yaml={"cuda": {"cudnn": wanted.major}})


def _cuda_besides_cudnn(cuda: str, log: Log) -> str:
    """cuDNN 8 and 9 are for several majors of CUDA: what else the log names says which."""
    if exact := cuda_in(log):
        return exact
    majors = {group for match in _MAJOR.finditer(log.text) for group in match.groups() if group}
    return USUAL_CUDA if "12" in majors else cuda

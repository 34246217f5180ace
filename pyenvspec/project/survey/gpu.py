"""The GPU by what is really installed: packages with their own CUDA, those that need a toolkit, those that compile.

Judged by the packages that a file asks for and by the indices that it uses, not by any text that looks like CUDA.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pyenvspec.facts.drivers import plain_torch_cuda
from pyenvspec.facts.gpu_packages import gpu_needs
from pyenvspec.facts.nixpkgs import minor_of
from pyenvspec.facts.wheel_pythons import newest_before
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from pyenvspec.project.survey.source import Claim, Source, Wanted

# nvidia-cuda-runtime-cu12, since CUDA 13 without its end
_RUNTIME = re.compile(r"nvidia-cuda-runtime(?:-cu[0-9]+)?")
# nvidia-cudnn-cu12, nvidia-cublas-cu11
_OF_NVIDIA = re.compile(r"nvidia-[a-z0-9-]+-cu([0-9]{2})")
# torch 2.1.0+cu118, jaxlib 0.3.25+cuda11.cudnn82
_LOCAL = re.compile(r"\+(?:cu|cuda)([0-9]{2,3})")
# torch-scatter 2.1.2+pt21cu121: a wheel from the project's own page
_BUILT = re.compile(r"\+(?:pt|cu)[0-9]")
# download.pytorch.org/whl/cu118, data.pyg.org/whl/torch-2.1.0+cu121.html
_INDEX = re.compile(r"/cu([0-9]{2,3})(?:[/\s]|$)|[+/]cu([0-9]{3})\.html|torch-[0-9.]+\+cu([0-9]{3})")
_PAGE = re.compile(r"/torch-[0-9.]+(?:\+|%2B)cu([0-9]{2,3})")
# Extras of jax: cuda12, cuda12_pip, cuda11_cudnn82, cuda12-local; the last takes the CUDA of the machine.
_JAX = re.compile(r"cuda-?([0-9]{2})?\S*?(-local)?$")


@dataclass(frozen=True)
class GpuFinding:
    """What a file's packages say of the GPU.

    `cuda` is the CUDA that its wheels use, None where it is not known which; `toolkit` and `cudnn` what has to be there
    besides. `compiled` are packages that are built against CUDA, `after` those of them that import others while
    they are built.
    """

    why: str
    where: str
    cuda: str | None = None
    toolkit: str | None = None
    cudnn: str | None = None
    compiled: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def find_gpu(source: Source) -> GpuFinding | None:
    """Return what the packages of a file need of a GPU, None where none of them uses one."""
    # In this order: what brings its own CUDA needs nothing, unless something is compiled beside it.
    own = _own_cuda(source)
    compiled = [wanted for wanted in source.packages if _is_compiled(source, wanted)]
    if own is not None and not compiled:
        return own
    needs = _toolkit(source)
    if not compiled:
        return needs
    names = tuple(wanted.name for wanted in compiled)
    cuda = own.cuda if own else None
    return GpuFinding(
        why=f"{', '.join(names)} compiled against CUDA",
        where=source.where(compiled[0]),
        cuda=cuda,
        # The compiler has to be of the CUDA that torch's wheels were made with: torch refuses another one.
        toolkit=cuda or (needs.toolkit if needs else None),
        cudnn=needs.cudnn if needs else None,
        compiled=names,
        after=tuple(name for name in names if (gpu := gpu_needs(name, None)) and gpu.built_with),
    )


def _is_compiled(source: Source, wanted: Wanted) -> bool:
    needs = gpu_needs(wanted.name, wanted.version)
    return needs is not None and needs.needs == "compiles" and not _has_wheel(source, wanted)


def _has_wheel(source: Source, wanted: Wanted) -> bool:
    """Whether it is not compiled here: the lock has a wheel, or its page of wheels for a CUDA is named."""
    needs = gpu_needs(wanted.name, None)
    page = needs.wheels_at if needs else ""
    return bool(wanted.wheels or _BUILT.search(wanted.version or "")) or bool(
        page and any(page in option.value for option in source.options)
    )


def _own_cuda(source: Source) -> GpuFinding | None:
    """Packages whose wheels bring CUDA, the surest sign first."""
    for wanted in source.packages:
        if _RUNTIME.fullmatch(wanted.name) and wanted.version:
            cuda = minor_of(wanted.version)
            why = f"{wanted.name} {wanted.version}: the wheels bring CUDA {cuda}"
            return GpuFinding(why, source.where(wanted), cuda)
    # A wheel from an index of its own may hold CUDA itself, without such a package: its local version names it.
    for wanted in source.packages:
        if local := _LOCAL.search(wanted.version or wanted.text):
            cuda = _dotted(local[1])
            name = f"{wanted.name} {wanted.version}" if wanted.version else wanted.text
            return GpuFinding(f"{name}: its wheel brings CUDA {cuda}", source.where(wanted), cuda)
    torch = source.find("torch")
    if torch is not None:
        return _torch(source, torch)
    for wanted in source.packages:
        gpu = _other(source, wanted)
        if gpu:
            return gpu
    return None


def _torch(source: Source, torch: Wanted) -> GpuFinding | None:
    """torch without a CUDA in its version: the index that it comes from decides, else the one of PyPI."""
    # AMD's and the CPU's: no CUDA at all, whatever index stands beside.
    if "+cpu" in (torch.version or "") or "+rocm" in (torch.version or ""):
        return None
    for option in source.options:
        index = _INDEX.search(option.value)
        # A lock names the wheels that were taken, whatever indices there are.
        if index and not any(wanted.wheels for wanted in source.packages):
            of_index = _dotted(next(group for group in index.groups() if group))
            why = f"torch comes from an index of CUDA {of_index}: its wheels bring it"
            return GpuFinding(why, source.where(option), of_index)
        if re.search(r"/whl/cpu\b", option.value):
            return None
    version = torch.version or (newest_before("torch", torch.specifier) if torch.is_bounded else None)
    cuda = plain_torch_cuda(version) if version else None
    release = f"torch {torch.version}" if torch.version else "torch"
    which = f"CUDA {cuda}" if cuda else "its own CUDA"
    return GpuFinding(f"{release} from PyPI: its wheels bring {which}", source.where(torch), cuda)


def _other(source: Source, wanted: Wanted) -> GpuFinding | None:
    where = source.where(wanted)
    if wanted.name in ("jax", "jaxlib"):
        for extra in wanted.extras:
            if (match := _JAX.match(extra)) and not match[2]:
                which = f"CUDA {match[1]}" if match[1] else "CUDA"
                return GpuFinding(f"{wanted.name}[{extra}]: its wheels bring {which}", where, None)
    needs = gpu_needs(wanted.name, wanted.version)
    # tensorflow[and-cuda]: without the extra the same wheel finds no CUDA.
    if needs and needs.needs == "own" and needs.extra in wanted.extras:
        return GpuFinding(f"{wanted.name}[{needs.extra}]: its wheels bring CUDA", where)
    if _OF_NVIDIA.fullmatch(wanted.name):
        return GpuFinding(f"{wanted.name}: the wheels bring CUDA", where)
    return None


def _toolkit(source: Source) -> GpuFinding | None:
    """Packages whose wheels look for a CUDA that is there."""
    for wanted in source.packages:
        version = wanted.version or newest_before(wanted.name, wanted.specifier)
        needs = gpu_needs(wanted.name, version)
        if needs and needs.needs == "toolkit":
            release = f"{wanted.name} {version}" if version else wanted.name
            cudnn = f" and cuDNN {needs.cudnn}" if needs.cudnn else ""
            why = f"{release} looks for CUDA {needs.cuda}{cudnn}, which its wheel does not bring"
            return GpuFinding(why, source.where(wanted), needs.cuda, needs.cuda, needs.cudnn)
        if wanted.name in ("jax", "jaxlib"):
            local = next((f for extra in wanted.extras if (f := _JAX.match(extra)) and f[2]), None)
            if local:
                cuda = {"11": "11.8", "12": "12.6"}.get(local[1] or "12")
                return GpuFinding(
                    f"{wanted.text} looks for a CUDA that is there", source.where(wanted), cuda, cuda
                )
    return None


def cuda_of_page(source: Source) -> Claim | None:
    """Return the CUDA of a page of wheels that are built for one torch (`torch-1.12.1+cu113.html`)."""
    for option in source.options:
        if page := _PAGE.search(option.value):
            return replace(option, value=_dotted(page[1]))
    return None


def _dotted(tag: str) -> str:
    """cu118 → 11.8, cu92 → 9.2, cu130 → 13.0."""
    return f"{tag[:-1]}.{tag[-1]}"

"""The GPU: the driver's libcuda, whether its version is enough for the CUDA of env.yaml, and glibc."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.commands.doctor.gpu_wheels import GROUP, check_reach, has_packages_listed, wheels_cuda
from pyenvspec.commands.doctor.model import Check, Mark
from pyenvspec.facts.capabilities import first_cuda, gpu_capabilities
from pyenvspec.facts.drivers import driver_version, minimum_driver, torch_builds
from pyenvspec.facts.nixpkgs import cuda_versions, find_release, minor_of, version_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.commands.doctor.model import Context

_NIXOS = "/run/opengl-driver/lib"
_WSL = "/usr/lib/wsl/lib"
_LIBCUDA = "libcuda.so.1"
_VERSION_FILE = "/proc/driver/nvidia/version"


def check_gpu(context: Context) -> Iterator[Check]:
    """Yield the findings; a machine without a GPU is no fault, since the shell opens there too."""
    toolkit, wheels = _asked(context), wheels_cuda(context)
    cudas = tuple(sorted({*toolkit, *wheels}, key=version_key))
    if context.plan and not cudas:
        without = "env.yaml asks for no CUDA"
        if has_packages_listed(context):
            without = "env.yaml asks for no CUDA, and no package that the project lists is known to bring it"
        yield Check(GROUP, Mark.GOOD, without)
        return
    if wheels:
        yield Check(GROUP, Mark.GOOD, f"packages of the project bring CUDA {', '.join(wheels)} themselves")
    place = _find_driver(context)
    version = _read_version(context)
    if place is None:
        yield _without_driver(version, cudas)
        return
    yield Check(GROUP, Mark.GOOD, f"the driver's {_LIBCUDA} is {place}")
    # The device that every program which uses the GPU opens first.
    if context.host.exists("/dev/nvidiactl") and not context.host.is_readable("/dev/nvidiactl"):
        yield Check(GROUP, Mark.BAD, "you may not open /dev/nvidiactl", ("sudo usermod -aG video $USER",))
    yield from _check_version(version, cudas)
    yield from _check_generation(context, toolkit, wheels)
    yield from _check_libc(context)
    yield from check_reach(context)


def _asked(context: Context) -> tuple[str, ...]:
    shells = context.plan.shells if context.plan else ()
    return tuple(sorted({shell.cuda.version for shell in shells if shell.cuda}, key=version_key))


def _find_driver(context: Context) -> str | None:
    """Return where it is, in the order in which the shell's Python looks."""
    for folder, name in ((_NIXOS, "NixOS"), (_WSL, "WSL")):
        if context.host.exists(f"{folder}/{_LIBCUDA}"):
            return f"in {folder} ({name})"
    # By its whole path: /sbin is on few users' PATH.
    for program in ("/sbin/ldconfig", "/usr/sbin/ldconfig"):
        listed = context.run(program, "-p")
        # `libcuda.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libcuda.so.1`; one without a machine is of 32 bits.
        match = re.search(rf"{re.escape(_LIBCUDA)} \([^)]*(?:x86-64|AArch64)[^)]*\) => (\S+)", listed.stdout)
        if match:
            return f"{match[1]} (ldconfig)"
    return None


def _read_version(context: Context) -> str | None:
    if version := driver_version(context.host.read(_VERSION_FILE) or ""):
        return version
    # WSL has no such file.
    result = context.run("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
    match = re.match(r"\d+\.\d+(?:\.\d+)?", result.stdout.strip()) if result.ok else None
    return match[0] if match else None


def _without_driver(version: str | None, cudas: tuple[str, ...]) -> Check:
    # The kernel's half without the user's: a container started without --gpus, or a package that is missing.
    if version:
        text = f"the kernel has NVIDIA driver {version}, and its {_LIBCUDA} is not found"
        fix = (
            "install the driver's libraries (Debian, Ubuntu: libcuda1 or libnvidia-compute)",
            "or say where they are: export PYENVSPEC_DRIVER=/folder/of/libcuda",
        )
        return Check(GROUP, Mark.BAD, text, fix)
    if not cudas:
        return Check(GROUP, Mark.GOOD, "no NVIDIA driver on this machine")
    text = "no NVIDIA driver on this machine: the shell opens, and programs that need the GPU do not run"
    return Check(GROUP, Mark.WARN, text)


def _check_version(version: str | None, cudas: tuple[str, ...]) -> Iterator[Check]:
    if version is None:
        yield Check(GROUP, Mark.WARN, "the version of the driver cannot be read")
        return
    if not cudas:
        yield Check(
            GROUP, Mark.GOOD, f"driver {version} runs CUDA up to {_newest_for(version) or 'none known here'}"
        )
    for cuda in cudas:
        # NVIDIA says it by minor; env.yaml may name 12.4.1.
        row = minimum_driver(minor_of(cuda))
        if row is None or row.driver is None:
            yield Check(
                GROUP, Mark.WARN, f"which driver CUDA {cuda} needs is not known here; this is {version}"
            )
        elif version_key(version) >= version_key(row.driver):
            yield Check(GROUP, Mark.GOOD, f"driver {version} runs CUDA {cuda}, which needs {row.driver}")
        else:
            newest = _newest_for(version)
            fix = [f"install driver {row.driver} or newer"]
            fix += [f"or write `cuda: {newest}` into env.yaml"] if newest else []
            text = f"driver {version} is too old for CUDA {cuda}, which needs {row.driver}"
            yield Check(GROUP, Mark.BAD, text, tuple(fix))


def _check_generation(context: Context, toolkit: tuple[str, ...], wheels: tuple[str, ...]) -> Iterator[Check]:
    """A GPU runs what was compiled by a CUDA that knows it: old papers pin older ones than today's GPUs."""
    answer = context.run("nvidia-smi", "--query-gpu=name,compute_cap", "--format=csv,noheader")
    # `NVIDIA H100 80GB HBM3, 9.0`, a line for each GPU; drivers of before 2021 do not know the second question.
    rows = re.findall(r"^(.+), (\d{1,2}\.\d)$", answer.stdout, re.MULTILINE) if answer.ok else []
    for name, generation in dict.fromkeys(rows):
        first = first_cuda(generation)
        if first is None:
            continue
        for cuda in dict.fromkeys((*toolkit, *wheels)):
            if version_key(cuda) < version_key(first):
                text = (
                    f"{name} (generation {generation}) is known from CUDA {first} on, and not to CUDA {cuda}"
                )
                yield Check(GROUP, Mark.WARN, text, tuple(_newer_cuda(cuda, first, toolkit, wheels)))
        last = gpu_capabilities()[generation].last
        for cuda in toolkit:
            if last and version_key(minor_of(cuda)) > version_key(last):
                text = f"{name} (generation {generation}) is no longer known to CUDA {cuda}"
                yield Check(GROUP, Mark.WARN, text, (f"write `cuda: {last}` or older into env.yaml",))


def _newer_cuda(cuda: str, first: str, toolkit: tuple[str, ...], wheels: tuple[str, ...]) -> Iterator[str]:
    if cuda in wheels:
        plain = next((b for b in torch_builds(plain=True) if version_key(b.cuda) >= version_key(first)), None)
        other = next((b for b in torch_builds() if version_key(b.cuda) >= version_key(first)), None)
        if plain:
            yield f"lock torch {plain.torch} or newer, whose wheels bring CUDA {plain.cuda}"
        if other and other != plain:
            yield f"or torch {other.torch} as it is for CUDA {other.cuda}: its version ends in +{other.tag}"
    if cuda in toolkit:
        yield f"write a `cuda` of {first} or newer into env.yaml, that of the torch which is locked"


def _newest_for(version: str) -> str | None:
    """Return the newest CUDA that a driver runs."""
    rows = [(cuda, minimum_driver(cuda)) for cuda in cuda_versions()]
    runs = [c for c, row in rows if row and row.driver and version_key(version) >= version_key(row.driver)]
    return runs[-1] if runs else None


def _check_libc(context: Context) -> Iterator[Check]:
    """A driver of NixOS is linked to the glibc of that system, which must not be newer than the shell's."""
    release = find_release(context.plan.nixpkgs.release) if context.plan else None
    ours, theirs = context.host.libc(), release.glibc if release else None
    if ours is None or theirs is None:
        return
    if not context.host.exists(f"{_NIXOS}/{_LIBCUDA}") or version_key(ours) <= version_key(theirs):
        yield Check(GROUP, Mark.GOOD, f"glibc: {ours} here, {theirs} in the shell")
        return
    text = (
        f"the driver may need glibc {ours}, and the shell has {theirs} ({release.branch if release else ''})"
    )
    yield Check(GROUP, Mark.WARN, text, ("write a newer `nixpkgs.release` into env.yaml",))

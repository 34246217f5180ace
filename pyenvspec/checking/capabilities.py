"""`cuda.capabilities` against the CUDA that is to compile for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyenvspec.checking.context import CheckContext


def check_capabilities(context: CheckContext) -> None:
    """Tell of GPU generations that no CUDA, or not this one, compiles for."""
    cuda = context.shell.spec.cuda
    if cuda is None or not cuda.capabilities:
        return
    from pyenvspec.facts.capabilities import cuda_of_generation, gpu_capabilities
    from pyenvspec.facts.nixpkgs import version_key

    known = gpu_capabilities()
    version = version_key(cuda.version)[:2]
    served = [
        generation
        for generation in known.values()
        # Without a last one it is compiled for to this day.
        if version_key(generation.first) <= version <= version_key(generation.last or "999")
    ]
    # Left out: boards that hardly anybody has, and 9.0a or 10.0f, which run on one GPU or family only.
    listed = ", ".join(
        generation.capability
        for generation in served
        if not generation.jetson and generation.capability[-1].isdigit()
    )
    for index, capability in enumerate(cuda.capabilities):
        row = known.get(capability)
        if row in served:
            continue
        why = "no GPU that is known here has it"
        hint = f"CUDA {cuda.version} compiles for {listed}"
        if row is not None and version_key(row.first) > version:
            why = f"CUDA {cuda.version} does not know {row.name} GPUs yet"
            hint = (
                f"write `cuda: {cuda_of_generation(capability)}` or newer, or take {capability} away: {hint}"
            )
        elif row is not None:
            why = f"CUDA {cuda.version} no longer compiles for {row.name} GPUs"
            hint = (
                f"write `cuda: {cuda_of_generation(capability)}` or older, or take {capability} away: {hint}"
            )
        context.add(
            "cuda-capability",
            ("cuda", "capabilities", index),
            f"GPU generation {capability}: {why}",
            expected=f"one that CUDA {cuda.version} compiles for",
            hint=hint,
        )

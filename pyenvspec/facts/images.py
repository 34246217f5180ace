"""Images that others publish: NVIDIA's, with a CUDA toolkit and what a compiler needs of it."""

from __future__ import annotations

from pyenvspec.facts._load import read_table
from pyenvspec.facts.nixpkgs import minor_of


def cuda_image(version: str, *, cudnn: bool) -> str | None:
    """Return the image for a CUDA version, by its minor, or None where there is none known."""
    minor = minor_of(version)
    for row in read_table("cuda-images")["images"]:
        if row["cuda"] == minor:
            # nvidia/cuda:11.8.0-cudnn8-devel-ubuntu22.04; `devel` has nvcc and the headers, which builds need.
            part = f"{row['cudnn']}-" if cudnn else ""
            return f"nvidia/cuda:{row['tag']}-{part}devel-ubuntu{row['ubuntu']}"
    return None

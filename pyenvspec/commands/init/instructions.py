"""What a README or an image tells to install besides what the file of the packages lists."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pyenvspec.facts.gpu_packages import gpu_needs
from pyenvspec.facts.packages import normalise

if TYPE_CHECKING:
    from pyenvspec.project.survey.source import Claim, Source, Survey, Wanted

FRAMEWORKS = {
    "torch": ("torch",),
    "tensorflow": ("tensorflow", "tensorflow-gpu", "tensorflow-cpu", "tensorflow-macos"),
    "jax": ("jax", "jaxlib"),
}
ONE_OF = (
    ("mmcv", "mmcv-full", "mmcv-lite"),
    ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"),
)
"""Packages that install the same modules."""
WITH_TORCH = ("torchvision", "torchaudio")
# `jax[cuda12]`, `torch==2.5.1+cu124`, `paddlepaddle-gpu`: what is for a GPU by its name, extra or local version.
OF_CUDA = re.compile(r"\[cuda|\+cu|\[gpu\]|-gpu\b")


def told_for_cuda(survey: Survey, packages: Source) -> list[tuple[str, Wanted]]:
    """Return frameworks for CUDA that a README or Dockerfile installs and the packages do not hold, with the place."""
    builds = []
    for source, wanted in instructions_of(survey):
        names = next((names for names in FRAMEWORKS.values() if wanted.name in names), ())
        if names and OF_CUDA.search(wanted.text) and not _has_cuda(packages, names):
            builds.append((source.where(wanted), wanted))
    return builds


def told_besides(survey: Survey, packages: Source) -> list[tuple[str, Wanted]]:
    """Return what a README installs and neither the packages nor the project itself is, with the place."""
    own = {normalise(source.name) for source in survey.sources if source.name}
    repositories = {_repository_of(wanted.text) for wanted in packages.packages}
    wanted_of = (
        (s.where(w), w) for s in survey.of("readme") for w in s.packages if w.name != "." and not w.is_prose
    )
    return [
        (where, w)
        for where, w in wanted_of
        if not is_listed(packages, w.name)
        and _repository_of(w.text) not in repositories
        and not is_own(w.name, own)
    ]


def is_listed(packages: Source, name: str) -> bool:
    """Whether packages hold one, or another of those that install the same modules; torchvision goes with torch."""
    family = next((names for names in (*FRAMEWORKS.values(), *ONE_OF) if name in names), (name,))
    return any(packages.find(one) for one in (*family, *(("torch",) if name in WITH_TORCH else ())))


def _repository_of(text: str) -> str:
    """The address of a repository that a requirement names, whatever the package in it is called."""
    # `name @ git+https://me@host/owner/name.git@v1#egg=name`: without user, revision and ending
    named = re.search(r"git\+[a-z+]+://(?:[^@/\s]*@)?([^@#\s]+)", text)
    return named[1].rstrip("/").removesuffix(".git").lower() if named else text


def is_own(name: str, own: set[str]) -> bool:
    """Whether a repository is the project's own: its name is often the first part of the package's."""
    return any(project == name or project.startswith(f"{name}-") for project in own)


def _has_cuda(packages: Source, names: tuple[str, ...]) -> bool:
    # By any name of the family: `tensorflow-gpu` is the tensorflow for CUDA.
    packages_held = [wanted for name in names if (wanted := packages.find(name))]
    # A lock has the wheels of CUDA beside a plain `torch`.
    return any(OF_CUDA.search(wanted.text) for wanted in packages_held) or bool(
        packages.find("nvidia-cuda-runtime-cu12")
    )


def instructions_of(survey: Survey) -> list[tuple[Source, Wanted]]:
    """What is told to be installed, the README first, then the image that the project names first."""
    sources = [*survey.of("readme"), *survey.of("container")[:1]]
    return [(source, wanted) for source in sources for wanted in source.packages]


def options_of(source: Source, wanted: Wanted) -> list[Claim]:
    """The indices and pages that the same command names, and the page of wheels that is for this package."""
    needs = gpu_needs(wanted.name, wanted.version)
    page = needs.wheels_at if needs else ""
    # `pip install -r requirements.txt` names a file, which is read by itself.
    options = [o for o in source.options if not o.value.startswith("-r")]
    options = [o for o in options if o.line == wanted.line or (page and page in o.value)]
    return [replace(option, file=source.file) for option in options]


def told_for_file(survey: Survey, primary: Source) -> list[Claim]:
    """Return the indices and pages that a README gives with a requirements file, which does not name them itself."""
    values = {option.value for option in primary.options}
    for source in survey.of("readme"):
        lines = {o.line for o in source.options if o.value == f"-r {primary.file}"}
        beside = [o for o in source.options if o.line in lines and not o.value.startswith("-r")]
        if beside:
            return [replace(option, file=source.file) for option in beside if option.value not in values]
    return []

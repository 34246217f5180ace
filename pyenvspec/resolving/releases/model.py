"""What is asked of the release chooser and what it answers; data only."""

from __future__ import annotations

from typing import Literal

from pyenvspec.facts.systems import LINUX
from pyenvspec.records import dataclass

PythonOrigin = Literal["nixpkgs", "nixpkgs-python"]
CudaOrigin = Literal["nixpkgs", "cuda-legacy", "nixpkgs-cuda"]
Subject = Literal["python", "cuda", "cudnn", "tool", "system", "release", "mix"]

CUDA_INPUT: Literal["nixpkgs-cuda"] = "nixpkgs-cuda"
"""Name of the flake input that is a second, older nixpkgs, taken for its CUDA packages only."""

Changed = Literal["python", "cuda", "cudnn", "release"]


@dataclass(frozen=True)
class CudaRequest:
    """A CUDA minor (`11.8`) or exact version, and the cuDNN wanted (`8`, `8.9`, `8.9.7`) if any."""

    version: str
    cudnn: str | None = None


@dataclass(frozen=True, kw_only=True)
class Request:
    """All that one project needs of nixpkgs, over all its shells.

    `python` holds minors or exact versions, without repetition. With `default_systems` the systems are
    ours and those without the CUDA asked for are left out; otherwise each of them must be served.
    Those in `without_cuda` have shells that ask for none: they stay where the CUDA is not there.
    `release` is None for auto, a branch, or a revision of 40 hex digits; `oldest_release` is the oldest
    branch that the shell's own modules work with.
    """

    python: tuple[str, ...]
    cuda: tuple[CudaRequest, ...] = ()
    systems: tuple[str, ...] = LINUX
    default_systems: bool = False
    without_cuda: tuple[str, ...] = ()
    needs_uv: bool = False
    needs_poetry: bool = False
    needs_poetry2nix: bool = False
    needs_python_packages: bool = False
    release: str | None = None
    oldest_release: str | None = None


@dataclass(frozen=True)
class PythonChoice:
    """Where an interpreter comes from.

    `attr` is a nixpkgs attribute (`python310`) or the quoted key of nixpkgs-python (`3.11.4`). An
    `insecure` one is only built by nixpkgs when the user's configuration permits it.
    """

    version: str
    origin: PythonOrigin
    attr: str
    insecure: bool = False


@dataclass(frozen=True)
class CudaChoice:
    """Where a CUDA set comes from; `cudnn` is its attribute in the set, None when the set has none.

    `cudnn_version` is None where the table does not say. `runfile` sets have `cudatoolkit` only.
    """

    version: str
    origin: CudaOrigin
    attr: str
    cudnn: str | None
    cudnn_version: str | None = None
    runfile: bool = False


@dataclass(frozen=True)
class ReleaseDecision:
    """One thing decided, in the user's words, with where its fact was read."""

    subject: str
    choice: str
    reason: str
    source: str


@dataclass(frozen=True)
class Lack:
    """One thing that a candidate does not offer."""

    subject: Subject
    wanted: str
    reason: str
    source: str


@dataclass(frozen=True)
class Alternative:
    """A candidate that was not taken; `lacks` is empty when it would have worked as well."""

    release: str
    inputs: tuple[str, ...]
    reason: str
    lacks: tuple[Lack, ...] = ()


@dataclass(frozen=True)
class Nearest:
    """A request close to the one refused that works: `before` became `after`, the rest is the same."""

    changed: Changed
    before: str
    after: str
    python: tuple[str, ...]
    cuda: tuple[CudaRequest, ...]
    release: str
    inputs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ReleaseChoice:
    """The release taken and where each thing asked for comes from.

    `python` and `cuda` are in the order of `request`; `cuda_release` is the branch of `nixpkgs-cuda`
    where that input is needed; `inputs` are the flake inputs that this choice brings.
    """

    request: Request
    release: str
    python: tuple[PythonChoice, ...]
    cuda: tuple[CudaChoice, ...]
    cuda_release: str | None
    inputs: tuple[str, ...]
    systems: tuple[str, ...]
    decisions: tuple[ReleaseDecision, ...]
    alternatives: tuple[Alternative, ...]

    def python_for(self, version: str) -> PythonChoice:
        """Return where a Python of the request comes from."""
        return self.python[self.request.python.index(version)]

    def cuda_for(self, wanted: CudaRequest) -> CudaChoice:
        """Return where a CUDA of the request comes from; one CUDA may be asked for with several cuDNN."""
        return self.cuda[self.request.cuda.index(wanted)]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why nothing fits: what each candidate lacks, and the nearest requests that work.

    `culprit` is the one Python version or CUDA that cannot be had, where it is one.
    """

    subject: Subject
    message: str
    hint: str
    alternatives: tuple[Alternative, ...]
    culprit: str | CudaRequest | None = None
    nearest: tuple[Nearest, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to serve a request, complete when `lacks` is empty; `left_out` says why a system is."""

    release: str
    order: int
    stable: bool
    python: tuple[PythonChoice, ...] = ()
    cuda: tuple[CudaChoice, ...] = ()
    cuda_release: str | None = None
    inputs: tuple[str, ...] = ("nixpkgs",)
    systems: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    lacks: tuple[Lack, ...] = ()

"""What the user is told when nothing serves a request: who lacks what, and what would work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.facts import inputs, nixpkgs
from pyenvspec.record import replace
from pyenvspec.release_candidates import TOOLS, minor_of
from pyenvspec.release_model import CudaRequest, Nearest, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pyenvspec.release_model import Alternative, Candidate, Changed, Request, Subject

    Finder = Callable[[Request], Candidate | None]

KEYS = {
    "release": "nixpkgs.release",
    "cudnn": "cuda.cudnn",
    "cuda": "cuda.version",
    "python": "python.version",
}

OFFERED = 3
"""How many nearest requests of a kind are shown."""


def describe_request(request: Request) -> str:
    """Return what is asked for in one phrase: `Python 3.10 and CUDA 11.8 with cuDNN 8.9`."""
    parts = [f"Python {version}" for version in request.python]
    for wanted in request.cuda:
        parts.append(f"CUDA {wanted.version}" + (f" with cuDNN {wanted.cudnn}" if wanted.cudnn else ""))
    parts += [tool for flag, tool in TOOLS if getattr(request, flag)]
    return _join(parts)


def refuse_release(request: Request, message: str | None = None) -> Refusal:
    """Return the refusal of a `nixpkgs.release` that cannot be taken."""
    known = [release.branch for release in nixpkgs.releases()]
    return Refusal(
        subject="release" if message is None else "python",
        message=message or f"`{request.release}` is not a nixpkgs release that is known here",
        hint=f"use `auto`, a revision of 40 hex digits, or one of {', '.join(known)}",
        alternatives=(),
    )


def build_refusal(request: Request, alternatives: tuple[Alternative, ...], find: Finder) -> Refusal:
    """Return why no candidate is complete, with the nearest requests that `find` can serve."""
    subject = _refused_subject(request, find)
    nearest = tuple(_list_nearest(request, find))
    return Refusal(
        subject=subject,
        message=_message(request, subject, alternatives),
        hint=_hint(nearest),
        alternatives=alternatives,
        nearest=nearest,
    )


def _refused_subject(request: Request, find: Finder) -> Subject:
    """Return the part of the request that cannot be had even alone, or `mix` when each part can."""
    alone = replace(request, cuda=(), release=None, needs_uv=False, needs_poetry2nix=False)
    if find(alone) is None:
        return "python"
    for wanted in request.cuda:
        anywhere = replace(alone, python=(_any_python(),), systems=("x86_64-linux",))
        if find(replace(anywhere, cuda=(CudaRequest(wanted.version),))) is None:
            return "cuda"
        if find(replace(anywhere, cuda=(wanted,))) is None:
            return "cudnn"
    if find(replace(request, release=None)) is not None:
        return "release"
    if find(replace(request, systems=("x86_64-linux",))) is not None:
        return "system"
    return "mix"


def _any_python() -> str:
    """Return a minor that nixpkgs-python has, so that no interpreter stands in the way."""
    return nixpkgs.default_python(inputs.nixpkgs_python_base()) or inputs.built_minors()[-1]


def _message(request: Request, subject: Subject, alternatives: tuple[Alternative, ...]) -> str:
    if subject == "python":
        return f"no nixpkgs release and no input has {_join([f'Python {v}' for v in request.python])}"
    if subject == "cuda":
        return "; ".join(_cuda_message(wanted.version) for wanted in request.cuda)
    if subject == "cudnn":
        return f"no release has {_join([_cuda_words(w) for w in request.cuda])}"
    if subject == "release":
        return f"{request.release} does not have {describe_request(request)}" + _because(alternatives)
    if subject == "system":
        return f"{describe_request(request)} is not there for all of {', '.join(request.systems)}"
    return f"no release and no mix of releases has {describe_request(request)} in one process"


def _because(alternatives: tuple[Alternative, ...]) -> str:
    return f": {alternatives[0].reason}" if alternatives else ""


def _cuda_message(version: str) -> str:
    minor = minor_of(version)
    if "." not in version:
        return f"`{version}` names no CUDA release: write major and minor"
    reason = nixpkgs.never_released(minor)
    if reason:
        return f"CUDA {minor} was never released: {reason}"
    known = nixpkgs.cuda_versions()
    if minor in known:
        return f"no release has CUDA {version}"
    if nixpkgs.version_key(minor) < nixpkgs.version_key(known[0]):
        return f"CUDA {minor} is older than any that can be had (the oldest is {known[0]})"
    return f"CUDA {minor} is in no release known (the newest is {known[-1]})"


def _cuda_words(wanted: CudaRequest) -> str:
    return f"CUDA {wanted.version} with cuDNN {wanted.cudnn}" if wanted.cudnn else f"CUDA {wanted.version}"


def _list_nearest(request: Request, find: Finder) -> Iterator[Nearest]:
    """Yield requests with one thing changed that can be served, the nearest first within each kind."""
    if request.release:
        yield from _take("release", request.release, [("auto", replace(request, release=None))], find)
    for index, wanted in enumerate(request.cuda):
        if wanted.cudnn:
            yield from _take("cudnn", wanted.cudnn, _other_cudnn(request, index), find)
        yield from _take("cuda", wanted.version, _other_cuda(request, index), find)
    for index, version in enumerate(request.python):
        yield from _take("python", version, _other_python(request, index), find)


def _take(
    changed: Changed, before: str, offers: Iterable[tuple[str, Request]], find: Finder
) -> Iterator[Nearest]:
    taken = 0
    for after, request in offers:
        if found := find(request):
            yield Nearest(changed, before, after, request.python, request.cuda, found.release, found.inputs)
            taken += 1
        if taken == OFFERED:
            return


def _other_cuda(request: Request, index: int) -> Iterator[tuple[str, Request]]:
    wanted = request.cuda[index]
    for version in _by_distance(minor_of(wanted.version), nixpkgs.cuda_versions()):
        yield version, _with_cuda(request, index, CudaRequest(version, wanted.cudnn))


def _other_cudnn(request: Request, index: int) -> Iterator[tuple[str, Request]]:
    wanted = request.cuda[index]
    minors = set()
    for release in nixpkgs.releases():
        table = nixpkgs.cudnn_table(release.branch, minor_of(wanted.version), "x86_64-linux")
        minors |= {minor_of(version) for version, _ in (table.versions or () if table else ())}
    legacy = inputs.legacy_cuda_set(minor_of(wanted.version))
    if legacy and legacy.cudnn:
        minors.add(minor_of(legacy.cudnn))
    for version in _by_distance(wanted.cudnn or "", minors):
        yield version, _with_cuda(request, index, CudaRequest(wanted.version, version))


def _other_python(request: Request, index: int) -> Iterator[tuple[str, Request]]:
    minors = {*nixpkgs.python_minors(), *inputs.built_minors()}
    version = request.python[index]
    exact = inputs.built_minor(minor_of(version)) if version != minor_of(version) else None
    near = list(_by_distance(version, exact.versions)) if exact else []
    for other in [*near[:1], *_by_distance(minor_of(version), minors)]:
        python = (*request.python[:index], other, *request.python[index + 1 :])
        yield other, replace(request, python=python)


def _with_cuda(request: Request, index: int, wanted: CudaRequest) -> Request:
    return replace(request, cuda=(*request.cuda[:index], wanted, *request.cuda[index + 1 :]))


def _by_distance(version: str, others: Iterable[str]) -> list[str]:
    """Return the other versions, nearest first: those of the same major, then by how many lie between.

    Of two as near the newer comes first.
    """
    ordered = sorted({*others, version}, key=nixpkgs.version_key)
    place = {other: index for index, other in enumerate(ordered)}
    major = nixpkgs.version_key(version)[0]
    return sorted(
        (other for other in ordered if other != version),
        key=lambda o: (
            abs(nixpkgs.version_key(o)[0] - major),
            abs(place[o] - place[version]),
            place[o] < place[version],
        ),
    )


def _hint(nearest: tuple[Nearest, ...]) -> str:
    offers: dict[tuple[str, str], list[str]] = {}
    for near in nearest:
        offers.setdefault((KEYS[near.changed], near.before), []).append(near.after)
    several = len({key for key, _ in offers}) < len(offers)
    words = [
        f"`{key}: {values[0]}`"
        + (f" in place of {before}" if several else "")
        + (f" (or {', '.join(values[1:])})" if values[1:] else "")
        for (key, before), values in offers.items()
    ]
    return f"what works: {'; or '.join(words)}" if words else "nothing near it works either"


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"

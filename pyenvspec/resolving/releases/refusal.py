"""What the user is told when nothing serves a request: who lacks what, and what would work."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from pyenvspec.facts import inputs, nixpkgs
from pyenvspec.resolving.releases.candidates import TOOLS
from pyenvspec.resolving.releases.model import CudaRequest, Nearest, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pyenvspec.resolving.releases.model import Alternative, Candidate, Changed, Request, Subject

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
    parts += dict.fromkeys(_cuda_words(wanted) for wanted in request.cuda)
    parts += [tool for flag, tool in TOOLS if getattr(request, flag)]
    return _join(parts)


def refuse_release(request: Request) -> Refusal:
    """Return the refusal of a `nixpkgs.release` that cannot be taken."""
    oldest = nixpkgs.find_release(request.oldest_release) if request.oldest_release else None
    offered = [r.branch for r in nixpkgs.releases() if oldest is None or r.order >= oldest.order]
    message = f"`{request.release}` is not a nixpkgs release that is known here"
    if request.release and nixpkgs.find_release(request.release):
        # It is in the tables: what keeps it out is its age.
        message = f"{request.release} is too old for the modules of this shell, which need {offered[0]}"
    return Refusal(
        subject="release",
        message=message,
        hint=f"use `auto`, a revision of 40 hex digits, or one of {', '.join(offered)}",
        alternatives=(),
    )


def refuse_at_revision(request: Request) -> Refusal | None:
    """Return the refusal of what no revision of nixpkgs can have, or None: the rest only Nix can tell."""
    for version in request.python:
        if version != nixpkgs.minor_of(version) and not _is_built(version):
            nearest = next(_other_python(request, request.python.index(version)))[0]
            hint = f"what works: `python.version: {nearest}`"
            return Refusal(
                subject="python",
                message=_python_message(version),
                hint=hint,
                alternatives=(),
                culprit=version,
            )
    for wanted in request.cuda:
        # A major version alone (`12`) is no attribute: nixpkgs has a set for each minor.
        if "." not in wanted.version or nixpkgs.never_released(nixpkgs.minor_of(wanted.version)):
            nearest = _by_distance(nixpkgs.minor_of(wanted.version), nixpkgs.cuda_versions())[0]
            return Refusal(
                subject="cuda",
                message=_cuda_message(wanted.version),
                hint=f"what works: `cuda.version: {nearest}`",
                alternatives=(),
                culprit=wanted,
            )
    return None


def _is_built(version: str) -> bool:
    built = inputs.built_minor(nixpkgs.minor_of(version))
    return built is not None and version in built.versions


def build_refusal(request: Request, alternatives: tuple[Alternative, ...], find: Finder) -> Refusal:
    """Return why no candidate is complete, with the nearest requests that `find` can serve."""
    subject, culprit = _find_culprit(request, find)
    nearest = tuple(_list_nearest(request, culprit, find))
    # What no release has is said once; the list of all releases would say it a dozen times.
    is_in_message = subject in ("python", "cuda") or len(alternatives) == 1
    looked_at = [] if is_in_message else _looked_at(_about(alternatives, culprit))
    apart = [SHARED] if subject == "mix" and len(request.python) + len(request.cuda) > LARGEST_PAIR else []
    return Refusal(
        subject=subject,
        message=_message(request, subject, culprit, alternatives),
        hint="\n".join([_hint(nearest), *apart, *looked_at]),
        alternatives=alternatives,
        nearest=nearest,
        culprit=culprit,
    )


SHARED = "all variants share one nixpkgs: what does not go together can be a project of its own"
LARGEST_PAIR = 2
"""One Python and one CUDA; with more, some variant asks for something else."""


def _about(
    alternatives: tuple[Alternative, ...], culprit: str | CudaRequest | None
) -> tuple[Alternative, ...]:
    """Return what the candidates lack of a CUDA that cannot be had, and nothing of what is asked for besides.

    That may be a stand-in for what is wrong itself, which nobody has written.
    """
    if not isinstance(culprit, CudaRequest):
        return alternatives
    own = [
        (other, [lack for lack in other.lacks if lack.subject in ("cuda", "cudnn")]) for other in alternatives
    ]
    return tuple(
        replace(other, reason="; ".join(dict.fromkeys(lack.reason for lack in lacks)), lacks=tuple(lacks))
        for other, lacks in own
        if lacks
    )


def _looked_at(alternatives: tuple[Alternative, ...]) -> list[str]:
    """Return what the candidates lack, one line for all those that lack the same."""
    by_reason: dict[str, list[str]] = {}
    for other in alternatives:
        by_reason.setdefault(_without_name(other), []).append(other.release)
    return [f"{', '.join(names)}: {reason}" for reason, names in by_reason.items()]


def _without_name(other: Alternative) -> str:
    """Return the reason as it reads after the name of its release, the same for every release it holds for."""
    # `nixos-25.05 has no CUDA 9.0` and `nixos-24.11 has no CUDA 9.0` become one line for both. Not in the middle of a
    # reason: `CUDA 12.4 of nixos-25.05 has cuDNN 9.3`.
    reason = re.sub(rf"(^|; |, and ){re.escape(other.release)} (?:has|is) ", r"\1", other.reason)
    return reason.replace(other.release, "this release")


def _find_culprit(request: Request, find: Finder) -> tuple[Subject, str | CudaRequest | None]:
    """Return the part of the request that cannot be had even alone, or `mix` when each part can."""
    # A part is at fault where it cannot be had without the others; where each can, it is the mix.
    alone = replace(
        request, cuda=(), release=None, needs_uv=False, needs_poetry=False, needs_poetry2nix=False
    )
    for version in request.python:
        if find(replace(alone, python=(version,))) is None:
            return "python", version
    for wanted in request.cuda:
        # x86_64 Linux has every CUDA that some system has.
        anywhere = replace(alone, python=(_any_python(),), systems=("x86_64-linux",))
        # First without its cuDNN, which may be all that is wrong.
        if find(replace(anywhere, cuda=(CudaRequest(wanted.version),))) is None:
            return "cuda", wanted
        if find(replace(anywhere, cuda=(wanted,))) is None:
            return "cudnn", wanted
    # Before the systems: who has named a release has a line to change.
    if request.release and find(replace(request, release=None)) is not None:
        return "release", None
    if find(replace(request, systems=("x86_64-linux",))) is not None:
        return "system", None
    return "mix", None


def _any_python() -> str:
    """Return a minor that nixpkgs-python has, so that no interpreter stands in the way."""
    return nixpkgs.default_python(inputs.nixpkgs_python_base()) or inputs.built_minors()[-1]


def _message(
    request: Request,
    subject: Subject,
    culprit: str | CudaRequest | None,
    alternatives: tuple[Alternative, ...],
) -> str:
    if isinstance(culprit, str):
        return _python_message(culprit)
    if culprit is not None:
        return (
            _cuda_message(culprit.version) if subject == "cuda" else f"no release has {_cuda_words(culprit)}"
        )
    wanted = describe_request(request)
    if subject == "release":
        because = f": {_without_name(alternatives[0])}" if alternatives else ""
        return f"{request.release} does not have {wanted}{because}"
    if subject == "system":
        return f"{wanted} is not there for all of {', '.join(request.systems)}"
    return f"no nixpkgs release, alone or with another source, has {wanted}"


def _python_message(version: str) -> str:
    minor = nixpkgs.minor_of(version)
    built = inputs.built_minor(minor)
    if version != minor and not _is_built(version):
        newest = f" (the newest {minor} there is {built.latest})" if built else ""
        return (
            f"nixpkgs-python has no Python {version}{newest}, and nixpkgs has one patch version per release"
        )
    if built and not built.works:
        return (
            f"no nixpkgs release has Python {version}, and nixpkgs-python is not known to build it any more"
        )
    if built:
        return (
            f"Python {version} comes from nixpkgs-python only, without the Python packages of nixpkgs "
            "that are asked for"
        )
    known = sorted({*nixpkgs.python_minors(), *inputs.built_minors()}, key=nixpkgs.version_key)
    if nixpkgs.version_key(minor) > nixpkgs.version_key(known[-1]):
        return f"Python {minor} is in no nixpkgs release known (the newest is {known[-1]})"
    return f"no nixpkgs release and no other source has Python {version}"


def _cuda_message(version: str) -> str:
    minor = nixpkgs.minor_of(version)
    if "." not in version:
        return f"`{version}` names no CUDA release: write major and minor"
    reason = nixpkgs.never_released(minor)
    if reason:
        return f"CUDA {minor} was never released: {reason}"
    known = nixpkgs.cuda_versions()
    if minor in known:
        exact = _exact_cuda(minor)
        return f"no release has CUDA {version}" + (f"; of {minor} there is {_join(exact)}" if exact else "")
    if nixpkgs.version_key(minor) < nixpkgs.version_key(known[0]):
        return f"CUDA {minor} is older than any that can be had (the oldest is {known[0]})"
    return f"CUDA {minor} is in no release known (the newest is {known[-1]})"


def _exact_cuda(minor: str) -> list[str]:
    """Return the patch versions that releases have of a CUDA minor, oldest first."""
    rows = (nixpkgs.cuda_set(release.branch, minor) for release in nixpkgs.releases())
    return sorted({row.full_version for row in rows if row and row.full_version}, key=nixpkgs.version_key)


def _cuda_words(wanted: CudaRequest) -> str:
    return f"CUDA {wanted.version} with cuDNN {wanted.cudnn}" if wanted.cudnn else f"CUDA {wanted.version}"


def _list_nearest(request: Request, culprit: str | CudaRequest | None, find: Finder) -> Iterator[Nearest]:
    """Yield requests with one thing changed that can be served, the nearest first within each kind."""
    # No change of another part brings what cannot be had even alone; and where the others cannot be served without
    # it, none of its own helps. Each offer looks at every release, so with twenty variants this is what counts.
    if culprit is not None and find(_without(request, culprit)) is None:
        return
    if request.release and culprit is None:
        yield from _take("release", request.release, [("auto", replace(request, release=None))], find)
    for index, wanted in enumerate(request.cuda):
        if culprit not in (None, wanted):
            continue
        if wanted.cudnn:
            yield from _take("cudnn", wanted.cudnn, _other_cudnn(request, index), find)
        yield from _take("cuda", wanted.version, _other_cuda(request, index), find)
    for index, version in enumerate(request.python):
        if culprit in (None, version):
            yield from _take("python", version, _other_python(request, index), find)


def _without(request: Request, culprit: str | CudaRequest) -> Request:
    python = tuple(version for version in request.python if version != culprit)
    return replace(request, python=python, cuda=tuple(c for c in request.cuda if c != culprit))


def _take(
    changed: Changed, before: str, offers: Iterable[tuple[str, Request]], find: Finder
) -> Iterator[Nearest]:
    # Lazily: each question looks at every release, and the first few answers are enough.
    served = ((after, request, choice) for after, request in offers if (choice := find(request)))
    for after, request, choice in islice(served, OFFERED):
        yield Nearest(changed, before, after, request.python, request.cuda, choice.release, choice.inputs)


def _other_cuda(request: Request, index: int) -> Iterator[tuple[str, Request]]:
    wanted = request.cuda[index]
    minor = nixpkgs.minor_of(wanted.version)
    own = [minor] if minor != wanted.version else []
    others = _by_distance(minor, nixpkgs.cuda_versions())
    if "." not in wanted.version:  # of a major version the newest is meant, as a driver of it runs them all
        others.sort(key=lambda v: (v.split(".")[0] == wanted.version, nixpkgs.version_key(v)), reverse=True)
    for version in [*own, *others]:
        yield version, _with_cuda(request, index, CudaRequest(version, wanted.cudnn))


def _other_cudnn(request: Request, index: int) -> Iterator[tuple[str, Request]]:
    wanted = request.cuda[index]
    minors = set()
    for release in nixpkgs.releases():
        table = nixpkgs.cudnn_table(release.branch, nixpkgs.minor_of(wanted.version), "x86_64-linux")
        minors |= {nixpkgs.minor_of(version) for version, _ in (table.versions or () if table else ())}
    legacy = inputs.legacy_cuda_set(nixpkgs.minor_of(wanted.version))
    if legacy and legacy.cudnn:
        minors.add(nixpkgs.minor_of(legacy.cudnn))
    for version in _by_distance(wanted.cudnn or "", minors):
        yield version, _with_cuda(request, index, CudaRequest(wanted.version, version))


def _other_python(request: Request, index: int) -> Iterator[tuple[str, Request]]:
    minors = {*nixpkgs.python_minors(), *inputs.built_minors()}
    version = request.python[index]
    exact = inputs.built_minor(nixpkgs.minor_of(version)) if version != nixpkgs.minor_of(version) else None
    # Of 3.11.99: the nearest patch version, 3.11 itself, then the other minors.
    near = list(_by_distance(version, exact.versions)) if exact else []
    own = [nixpkgs.minor_of(version)] if exact else []
    for other in [*near[:1], *own, *_by_distance(nixpkgs.minor_of(version), minors)]:
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
        # CUDA 11.0 is nearer to 11.8 than 12.0 is, whatever lies between: wheels and drivers are for a major version.
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
    # Two variants with the same key: each offer says for which value it is.
    several = len({key for key, _ in offers}) < len(offers)
    words = [
        f"`{key}: {values[0]}`"
        + (f" in place of {before}" if several else "")
        + (f" (or {', '.join(values[1:])})" if values[1:] else "")
        for (key, before), values in offers.items()
    ]
    return f"what works: {'; or '.join(words)}" if words else "no single change of a version makes it work"


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"

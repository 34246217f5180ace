"""Which nixpkgs release, and which extra inputs, give the Python and the CUDA asked for.

Takes a `Request`, gives a `ReleaseChoice` or a `Refusal`. Pure: everything comes from `pyenvspec.facts`.
The order of preference: a stable branch before the rolling one, then the fewest inputs, then the
newest release.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyenvspec.facts import inputs, nixpkgs
from pyenvspec.facts.input_sources import REVISION
from pyenvspec.resolving.releases.candidates import is_version_of, linux_systems, list_candidates
from pyenvspec.resolving.releases.model import (
    CUDA_INPUT,
    Alternative,
    Candidate,
    CudaChoice,
    CudaRequest,
    PythonChoice,
    Refusal,
    ReleaseChoice,
    ReleaseDecision,
    Request,
)
from pyenvspec.resolving.releases.refusal import (
    build_refusal,
    describe_request,
    refuse_at_revision,
    refuse_release,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenvspec.facts.nixpkgs import Release

UNCHECKED = "the name it has in every release; whether this revision has it, Nix finds out"


def choose(request: Request) -> ReleaseChoice | Refusal:
    """Return the best way to serve the request, or why there is none."""
    # Neither a revision nor what came after the tables is in them, so both come before anything is looked up.
    if request.release and REVISION.fullmatch(request.release):
        return _choose_revision(request, request.release)
    if request.release and nixpkgs.is_newer_than_known(request.release):
        return _choose_newer(request, request.release)
    served = _served_releases(request)
    if not served:
        return refuse_release(request)
    candidates = list_candidates(request, served)
    best = _best_of(candidates)
    if best is None:
        return build_refusal(request, _alternatives(candidates, None), find_candidate)
    return _build_choice(request, best, _alternatives(candidates, best))


def _choose_newer(request: Request, release: str) -> ReleaseChoice | Refusal:
    """Take a release that came after all those known for what was the newest of all: the rolling branch."""
    rolling = nixpkgs.releases()[-1].branch
    choice = choose(replace(request, release=rolling))
    if isinstance(choice, Refusal):
        return choice
    reason = f"asked for by `nixpkgs.release`; newer than what is known here, taken for what {rolling} is"
    # The reason is that of the user's own line, and not that this branch is the newest.
    decisions = tuple(
        replace(one, choice=release, reason=reason) if one.subject == "nixpkgs" else one
        for one in choice.decisions
    )
    return replace(choice, request=request, release=release, decisions=decisions)


def find_candidate(request: Request) -> Candidate | None:
    """Return the best complete candidate of a request, without the words."""
    return _best_of(list_candidates(request, _served_releases(request)))


def _served_releases(request: Request) -> tuple[Release, ...]:
    """Return the branches that may be taken, oldest first."""
    oldest = nixpkgs.find_release(request.oldest_release) if request.oldest_release else None
    return tuple(
        release
        for release in nixpkgs.releases()
        if (request.release is None or release.branch == request.release)
        and (oldest is None or release.order >= oldest.order)
    )


def _best_of(candidates: Iterable[Candidate]) -> Candidate | None:
    return min((c for c in candidates if not c.lacks), key=_preference, default=None)


def _preference(candidate: Candidate) -> tuple[bool, int, int, bool, int]:
    """Return what is compared: smaller is better.

    A second nixpkgs doubles what is evaluated and fetched, so it comes after another extra input; the
    newest such release is the nearest to the main one.
    """
    second = nixpkgs.find_release(candidate.cuda_release) if candidate.cuda_release else None
    return (
        not candidate.stable,
        len(candidate.inputs),
        -candidate.order,
        second is not None,
        -second.order if second else 0,
    )


def _alternatives(candidates: list[Candidate], best: Candidate | None) -> tuple[Alternative, ...]:
    """Return the nearest candidate of each other branch, newest first, with why it lost."""
    by_release: dict[str, Candidate] = {}
    for candidate in sorted(candidates, key=lambda c: (len(c.lacks), _preference(c))):
        if best is None or candidate.release != best.release:
            # Sorted by what they lack, so that the first of a branch is the one to show.
            by_release.setdefault(candidate.release, candidate)
    ordered = sorted(by_release.values(), key=lambda c: -c.order)
    return tuple(Alternative(c.release, c.inputs, _losing_reason(c, best), c.lacks) for c in ordered)


def _losing_reason(candidate: Candidate, best: Candidate | None) -> str:
    if candidate.lacks or best is None:
        return "; ".join(dict.fromkeys(lack.reason for lack in candidate.lacks))
    if not candidate.stable:
        return "not a stable release"
    if len(candidate.inputs) > len(best.inputs):
        extra = [name for name in candidate.inputs if name not in best.inputs]
        # Here and below only what `_preference` compares is left: the candidate would have worked.
        return f"needs {'more inputs' if extra[1:] else 'one more input'} ({', '.join(extra)})"
    return f"older than {best.release}"


def _build_choice(request: Request, best: Candidate, alternatives: tuple[Alternative, ...]) -> ReleaseChoice:
    decisions = [_decide_release(request, best)]
    decisions += [_decide_python(choice, best) for choice in best.python]
    for choice in best.cuda:
        decisions += _decide_cuda(choice, best, linux_systems(request))
    if best.left_out:
        # A system is left out for the CUDA mostly: the first one's table says so as well as any.
        source = _cuda_source(best.cuda[0], best) if best.cuda else ""
        decisions.append(
            ReleaseDecision("systems", ", ".join(best.systems), "; ".join(best.left_out), source)
        )
    return ReleaseChoice(
        request=request,
        release=best.release,
        python=best.python,
        cuda=best.cuda,
        cuda_release=best.cuda_release,
        inputs=best.inputs,
        systems=best.systems,
        decisions=tuple(decisions),
        alternatives=alternatives,
    )


def _decide_release(request: Request, best: Candidate) -> ReleaseDecision:
    release = nixpkgs.find_release(best.release)
    source = release.source if release else ""
    wanted = describe_request(request)
    if request.release:
        return ReleaseDecision("nixpkgs", best.release, "asked for by `nixpkgs.release`", source)
    # The first is nixpkgs itself.
    extra = ", ".join(best.inputs[1:])
    if not best.stable:
        reason = f"no stable release has {wanted}"
    elif extra:
        reason = f"no single stable release has {wanted}; this is the newest that does together with {extra}"
    else:
        reason = f"the newest stable release that has {wanted}"
    return ReleaseDecision("nixpkgs", best.release, reason, source)


def _decide_python(choice: PythonChoice, best: Candidate) -> ReleaseDecision:
    subject = f"python {choice.version}"
    minor = nixpkgs.minor_of(choice.version)
    if choice.origin == "nixpkgs":
        row = nixpkgs.python_attribute(best.release, minor)
        reason = f"{best.release} has it"
        if choice.insecure:
            reason += "; nixpkgs marks it insecure (it gets no fixes any more)"
        return ReleaseDecision(subject, choice.attr, reason, row.source if row else "")
    return _decide_built_python(
        choice, f"{best.release} has no Python {minor}; nixpkgs-python still builds it"
    )


def _decide_built_python(choice: PythonChoice, gone: str) -> ReleaseDecision:
    """Return the decision on an interpreter of nixpkgs-python; `gone` tells why a minor comes from there."""
    is_exact = choice.version != nixpkgs.minor_of(choice.version)
    why = "nixpkgs has one patch version per release; nixpkgs-python has this one" if is_exact else gone
    reason = f"{why}. Its own nixpkgs is kept, so that the interpreter is downloaded, not built"
    subject = f"python {choice.version}"
    return ReleaseDecision(subject, f'nixpkgs-python "{choice.attr}"', reason, inputs.nixpkgs_python_source())


def _decide_cuda(choice: CudaChoice, best: Candidate, systems: tuple[str, ...]) -> list[ReleaseDecision]:
    subject = f"cuda {choice.version}"
    source = _cuda_source(choice, best)
    if choice.origin == "nixpkgs":
        reason = f"{best.release} has it"
    elif choice.origin == "cuda-legacy":
        reason = (
            f"{best.release} no longer has it; the cuda-legacy overlay adds it, without support and "
            "without a binary cache"
        )
    else:
        reason = (
            f"{best.release} no longer has it; taken from {best.cuda_release} as the input {CUDA_INPUT}, "
            "which has the same compiler and no newer glibc, so that both load into one process"
        )
    if choice.runfile:
        reason += "; a CUDA this old comes whole, as `cudatoolkit`, without separate libraries"
    decisions = [ReleaseDecision(subject, choice.attr, reason, source)]
    if choice.cudnn is None:
        decisions.append(
            ReleaseDecision(f"{subject} cudnn", "none", "no cuDNN supports this CUDA there", source)
        )
    else:
        # A request for macOS alone has no Linux, and then there is no table: the source of the set serves.
        table = nixpkgs.cudnn_table(
            _cuda_branch(choice, best), nixpkgs.minor_of(choice.version), (*systems, "")[0]
        )
        version = choice.cudnn_version or "of a version that is not known here"
        reason = f"the cuDNN of that set: {version}"
        decisions.append(
            ReleaseDecision(f"{subject} cudnn", choice.cudnn, reason, table.source if table else source)
        )
    return decisions


def _cuda_branch(choice: CudaChoice, best: Candidate) -> str:
    return best.cuda_release if choice.origin == CUDA_INPUT and best.cuda_release else best.release


def _cuda_source(choice: CudaChoice, best: Candidate) -> str:
    minor = nixpkgs.minor_of(choice.version)
    if choice.origin == "cuda-legacy":
        legacy = inputs.legacy_cuda_set(minor)
        return legacy.source if legacy else ""
    row = nixpkgs.cuda_set(_cuda_branch(choice, best), minor)
    return row.source if row else ""


def _choose_revision(request: Request, revision: str) -> ReleaseChoice | Refusal:
    """Take a revision at its word: no table says what it holds, so each name is the usual one."""
    if refusal := refuse_at_revision(request):
        return refusal
    python = tuple(_python_of_revision(version) for version in request.python)
    cuda = tuple(_cuda_of_revision(wanted) for wanted in request.cuda)
    source = "`nixpkgs.release`"
    decisions = [ReleaseDecision("nixpkgs", revision, UNCHECKED, source)]
    for interpreter in python:
        if interpreter.origin == "nixpkgs":
            decisions.append(
                ReleaseDecision(f"python {interpreter.version}", interpreter.attr, UNCHECKED, source)
            )
        else:
            decisions.append(_decide_built_python(interpreter, UNCHECKED))
    for choice in cuda:
        decisions.append(ReleaseDecision(f"cuda {choice.version}", choice.attr, UNCHECKED, source))
        decisions.append(
            ReleaseDecision(f"cuda {choice.version} cudnn", choice.cudnn or "none", UNCHECKED, source)
        )
    return ReleaseChoice(
        request=request,
        release=revision,
        python=python,
        cuda=cuda,
        cuda_release=None,
        inputs=("nixpkgs", *sorted({p.origin for p in python} - {"nixpkgs"})),
        systems=tuple(
            s for s in request.systems if not cuda or s in request.without_cuda or s in linux_systems(request)
        ),
        decisions=tuple(decisions),
        alternatives=(),
    )


def _python_of_revision(version: str) -> PythonChoice:
    if version != nixpkgs.minor_of(version):
        return PythonChoice(version, "nixpkgs-python", version)
    # nixpkgs marks 2.7 insecure wherever it has it; which others a revision marks is not known.
    return PythonChoice(version, "nixpkgs", f"python{version.replace('.', '')}", version == "2.7")


def _cuda_of_revision(wanted: CudaRequest) -> CudaChoice:
    attr = f"cudaPackages_{nixpkgs.minor_of(wanted.version).replace('.', '_')}"
    return CudaChoice(wanted.version, "nixpkgs", attr, _cudnn_of_revision(wanted))


def _cudnn_of_revision(wanted: CudaRequest) -> str:
    """Return the name that this cuDNN has wherever it has one of its own, else the plain name."""
    if wanted.cudnn is None:
        return "cudnn"
    minor = nixpkgs.minor_of(wanted.version)
    # The newest release first, and in it the newest cuDNN that fits.
    for release in reversed(nixpkgs.releases()):
        table = nixpkgs.cudnn_table(release.branch, minor, "x86_64-linux")
        for version, attr in reversed(table.versions or () if table else ()):
            if is_version_of(wanted.cudnn, version):
                return attr
    return "cudnn"

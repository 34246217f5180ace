"""Asking for a nixpkgs release: the shells in, the choice out, or every version that cannot be had."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.project.folder import effective_manager
from pyenvspec.raw import locate
from pyenvspec.resolving.releases.choose import choose
from pyenvspec.resolving.releases.model import CudaRequest, Refusal, Request
from pyenvspec.resolving.shell_systems import all_systems, systems_without_cuda, wanted_systems
from pyenvspec.spec.meant import some_python

if TYPE_CHECKING:
    from collections.abc import Collection

    from pyenvspec.diagnostics import KeyPath
    from pyenvspec.project.folder import ProjectFolder
    from pyenvspec.resolving.releases.model import ReleaseChoice
    from pyenvspec.resolving.shell_systems import ShellSystems
    from pyenvspec.spec.model import Spec, SpecFile
    from pyenvspec.spec.packages import Cuda

# The oldest nixpkgs whose lib the pinned flake-parts and devenv evaluate with: older ones know no `class` in
# evalModules.
OLDEST_RELEASE = "nixos-23.05"

_REFUSED_KEYS: dict[str, KeyPath] = {
    "cuda": ("cuda", "version"),
    "cudnn": ("cuda", "cudnn"),
    "system": ("systems",),
    "release": ("nixpkgs", "release"),
}
_VERSION: KeyPath = ("python", "version")


def choose_release(file: SpecFile, managers: dict[str, str], wanted: ShellSystems) -> ReleaseChoice:
    """Return the release for all shells; raises PyenvspecError with every version that stands in the way."""
    request = _build_request(file, managers, wanted)
    outcome = choose(request)
    if isinstance(outcome, Refusal):
        _, refused = _list_refusals(file, request, outcome)
        raise PyenvspecError(*refused)
    return outcome


def check_release(
    file: SpecFile, project: ProjectFolder, known: Collection[Diagnostic]
) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """Return the release, as far as it can be told, and the versions that cannot be had, of a file with mistakes.

    What is wrong already (`known`) is left out of the question.
    """
    managers = {shell.name: effective_manager(shell, project) for shell in file.shells}
    wrong = {*file.unsure, *(finding.path for finding in known if finding.severity == "error")}
    # Without the locks, of which not all could be read: they take away systems at most.
    request = _build_request(file, managers, wanted_systems(file, {})[0])
    request = _without_wrong(request, wrong)
    outcome = choose(request)
    if not isinstance(outcome, Refusal):
        return outcome.release, ()
    choice, refused = _list_refusals(file, request, outcome)
    # The Python that stood for one that could not be read is nothing that the user wrote.
    is_stand_in = _VERSION in wrong or ("python",) in wrong
    findings = [
        refusal
        for refusal in refused
        if not (is_stand_in and refusal.path == _VERSION) and refusal.path[:1] not in _tops(wrong)
    ]
    return (choice.release if choice else None), tuple(findings)


def refuse_unserved(file: SpecFile, wanted: ShellSystems, served: ShellSystems) -> None:
    """Raise PyenvspecError for systems that a shell names and that it is not made for with what was chosen.

    Of the default ones such a system is left out; who has named one would look for the shell in vain.
    """
    refused = []
    for shell in file.shells:
        lacking = [system for system in wanted[shell.name] if system not in served[shell.name]]
        if shell.spec.systems is None or not lacking:
            continue
        path: KeyPath = ("systems", shell.spec.systems.index(lacking[0]))
        what = [f"Python {shell.spec.python.version}"]
        what += [f"CUDA {shell.spec.cuda.version}"] if shell.spec.cuda is not None else []
        span = locate(shell.tree, path)
        refused.append(
            Diagnostic(
                "no-release",
                f"{' and '.join(what)} is not there for all of {', '.join(shell.spec.systems)}",
                file.raw.file,
                span,
                file.raw.line(span.line),
                hint=f"take {', '.join(lacking)} from `systems`, or another version",
                path=path,
            )
        )
    if refused:
        raise PyenvspecError(*refused)


def _tops(wrong: Collection[KeyPath]) -> set[KeyPath]:
    """Return the keys of which something is wrong that a release is chosen by."""
    return {
        path[:1] for path in wrong if path in (*_REFUSED_KEYS.values(), ("cuda",), ("nixpkgs",), ("systems",))
    }


def _without_wrong(request: Request, wrong: Collection[KeyPath]) -> Request:
    tops = _tops(wrong)
    if _VERSION in wrong or ("python",) in wrong:
        request = replace(request, python=(some_python(),))
    if ("cuda",) in tops:
        request = replace(request, cuda=())
    if ("nixpkgs",) in tops:
        request = replace(request, release=None)
    if any(path[:1] == ("systems",) for path in wrong):
        # It has all that some system has, so that nothing else is refused for its sake.
        request = replace(request, systems=("x86_64-linux",), default_systems=True)
    return request


def _list_refusals(
    file: SpecFile, request: Request, refusal: Refusal
) -> tuple[ReleaseChoice | None, tuple[Diagnostic, ...]]:
    """Return every part of a request that cannot be had for itself, and the release without those parts."""
    # Each part that cannot be had is taken out and the rest asked for again, so that all of them are told in one run.
    refusals = [refusal]
    rest = _without_culprit(request, refusal)
    while isinstance(outcome := choose(rest), Refusal):
        smaller = _without_culprit(rest, outcome)
        # With a part gone, what the others say to each other may hold for what is left alone.
        if smaller == rest or outcome.subject in ("mix", "system"):
            break
        refusals.append(outcome)
        rest = smaller
    findings = []
    for refused in refusals:
        # What works is to be found with the other parts mended.
        alone = request
        for other in refusals:
            alone = alone if other is refused else _without_culprit(alone, other)
        again = choose(alone)
        # Where something else is in the way by now, the first answer is the better one.
        if isinstance(again, Refusal) and again.subject == refused.subject:
            refused = again
        findings.append(_diagnose(file, refused))
    return (None if isinstance(outcome, Refusal) else outcome), tuple(findings)


def _without_culprit(request: Request, refusal: Refusal) -> Request:
    culprit = refusal.culprit
    if refusal.subject == "release":
        return replace(request, release=None)
    if culprit in request.python:
        rest = tuple(version for version in request.python if version != culprit)
        # A request asks for one Python at least: one that every release has stands in nobody's way.
        return replace(request, python=rest or (some_python(),))
    return replace(request, cuda=tuple(wanted for wanted in request.cuda if wanted != culprit))


def _build_request(file: SpecFile, managers: dict[str, str], wanted: ShellSystems) -> Request:
    spec = file.spec
    # Any one shell's need is one of the file: all shells share a nixpkgs.
    used = set(managers.values())
    return Request(
        python=tuple(dict.fromkeys(shell.spec.python.version for shell in file.shells)),
        cuda=tuple(dict.fromkeys(cuda_request(s.spec.cuda) for s in file.shells if s.spec.cuda is not None)),
        systems=all_systems(wanted.values()),
        default_systems=spec.systems is None,
        without_cuda=systems_without_cuda(file, wanted),
        needs_uv=bool(used & {"uv", "uv2nix"}),
        needs_poetry=bool(used & {"poetry", "poetry2nix"}),
        needs_poetry2nix="poetry2nix" in used,
        needs_python_packages="nixpkgs" in used or any(s.spec.python.packages for s in file.shells),
        release=None if spec.nixpkgs.release == "auto" else spec.nixpkgs.release,
        oldest_release=OLDEST_RELEASE,
    )


def cuda_request(cuda: Cuda) -> CudaRequest:
    """Return what is asked of a release for `cuda`."""
    return CudaRequest(cuda.version, None if cuda.cudnn in ("auto", "none") else cuda.cudnn)


def _asks_for(spec: Spec, refusal: Refusal) -> bool:
    requests = (spec.python.version, cuda_request(spec.cuda) if spec.cuda else None)
    return refusal.culprit is None or refusal.culprit in requests


def _diagnose(file: SpecFile, refusal: Refusal) -> Diagnostic:
    """Tell a refusal at the key that it is about, in the shell that asks for it."""
    path = _REFUSED_KEYS.get(refusal.subject, _VERSION)
    asking = [s for s in file.shells if s.tree.get(str(path[0])) is not None and _asks_for(s.spec, refusal)]
    # Where no shell asks for it alone (a system, a release) it is the whole file's.
    at = next(iter(asking), file.shells[0])
    span = locate(at.tree, path)
    return Diagnostic(
        "no-release",
        refusal.message,
        file.raw.file,
        span,
        file.raw.line(span.line),
        hint=refusal.hint,
        path=path,
    )

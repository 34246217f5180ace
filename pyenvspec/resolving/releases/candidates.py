"""All ways to serve a request, each with what it lacks; which one is best is decided in `releases`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.facts import inputs, nixpkgs
from pyenvspec.facts.systems import LINUX
from pyenvspec.resolving.releases.model import CUDA_INPUT, Candidate, CudaChoice, Lack, PythonChoice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.facts.nixpkgs import Release
    from pyenvspec.resolving.releases.model import CudaOrigin, CudaRequest, Request

TOOLS = (("needs_uv", "uv"), ("needs_poetry", "poetry"), ("needs_poetry2nix", "poetry2nix"))


def list_candidates(request: Request, served: tuple[Release, ...]) -> list[Candidate]:
    """Return every way to serve the request from the branches in `served`."""
    return [candidate for release in served for candidate in _release_candidates(request, release)]


def linux_systems(request: Request) -> tuple[str, ...]:
    """Return the systems of the request that could have CUDA at all."""
    return tuple(system for system in request.systems if system.endswith("-linux"))


def _release_candidates(request: Request, release: Release) -> Iterator[Candidate]:
    """Yield the release alone, then with each input that brings the CUDA it has not."""
    own = [_own_cuda(release.branch, wanted, request) for wanted in request.cuda]
    yield _assemble(request, release, own, None)
    if all(isinstance(choice, CudaChoice) for choice in own):
        return
    legacy = _fill(own, [_legacy_cuda(release, wanted, request) for wanted in request.cuda])
    if legacy != own:
        yield _assemble(request, release, legacy, None)
    for other in nixpkgs.releases():
        # Not the rolling branch: what it has of CUDA changes from day to day.
        if other.branch == release.branch or not other.stable:
            continue
        # Older or newer than the first: which of them load into one process is said by `_mix_lacks`.
        second = [_own_cuda(other.branch, wanted, request, CUDA_INPUT) for wanted in request.cuda]
        if (filled := _fill(own, second)) != own:
            yield _assemble(request, release, filled, other)


def _fill(own: list[CudaChoice | Lack], extra: list[CudaChoice | Lack]) -> list[CudaChoice | Lack]:
    """Replace what the release lacks by what an extra input has."""
    return [
        mine if isinstance(mine, CudaChoice) or isinstance(theirs, Lack) else theirs
        for mine, theirs in zip(own, extra, strict=True)
    ]


def _assemble(
    request: Request, release: Release, cuda: list[CudaChoice | Lack], second: Release | None
) -> Candidate:
    python = [_find_python(release, version, request) for version in request.python]
    pythons = tuple(choice for choice in python if isinstance(choice, PythonChoice))
    cudas = tuple(choice for choice in cuda if isinstance(choice, CudaChoice))
    lacks = [lack for lack in (*python, *cuda) if isinstance(lack, Lack)]
    lacks += _missing_tools(request, release)
    # Without a CUDA from it the second nixpkgs loads nothing into the process.
    lacks += _mix_lacks(release, pythons, second if cudas else None)
    needed = {s: () if s in request.without_cuda else cudas for s in request.systems}
    left_out = {s: r for s, c in needed.items() if (r := _system_reason(s, release, c, second))}
    return Candidate(
        release=release.branch,
        order=release.order,
        stable=release.stable,
        python=pythons,
        cuda=cudas,
        cuda_release=second.branch if second else None,
        inputs=_input_names(pythons, cudas),
        systems=tuple(system for system in request.systems if system not in left_out),
        left_out=tuple(left_out.values()),
        lacks=(*lacks, *_system_lacks(request, release, left_out)),
    )


def _input_names(python: tuple[PythonChoice, ...], cuda: tuple[CudaChoice, ...]) -> tuple[str, ...]:
    origins = {choice.origin for choice in python} | {choice.origin for choice in cuda}
    return ("nixpkgs", *sorted(origins - {"nixpkgs"}))


def _find_python(release: Release, version: str, request: Request) -> PythonChoice | Lack:
    minor = nixpkgs.minor_of(version)
    exact = version != minor
    row = nixpkgs.python_attribute(release.branch, minor)
    # nixpkgs has one patch version of a minor, which changes below a branch: an exact one is never taken from there.
    # `present` is None where no text of the release was read: what is not known is not taken.
    if row and row.present and not row.prerelease and not exact:
        return PythonChoice(version, "nixpkgs", row.attr, row.insecure)
    built = inputs.built_minor(minor)
    if not built or not built.works or (exact and version not in built.versions):
        return _python_lack(release, version, exact)
    # Both take packages from `python310.pkgs`, which only interpreters of nixpkgs itself have.
    if request.needs_poetry2nix or request.needs_python_packages:
        reason = (
            f"{release.branch} has no Python {version}, and the interpreters of nixpkgs-python come "
            "without nixpkgs' Python packages"
        )
        return Lack("python", version, reason, inputs.nixpkgs_python_source("python_packages"))
    return PythonChoice(version, "nixpkgs-python", version)


def _python_lack(release: Release, version: str, exact: bool) -> Lack:
    minor = nixpkgs.minor_of(version)
    if exact:
        built = inputs.built_minor(minor)
        newest = f" (the newest {minor} there is {built.latest})" if built else ""
        return Lack(
            "python",
            version,
            f"nixpkgs-python has no Python {version}{newest}, and nixpkgs has one patch version per release",
            built.source if built else inputs.nixpkgs_python_source("revision"),
        )
    row = nixpkgs.python_attribute(release.branch, minor)
    if row is None:
        return Lack("python", version, f"Python {version} is in no release known", release.source)
    if row.prerelease:
        reason = f"{release.branch} has only a pre-release of Python {version}"
    elif row.present is None:
        reason = f"whether {release.branch} has Python {version} is not known"
    else:
        reason = f"{release.branch} has no Python {version}"
    return Lack("python", version, reason, row.source)


def _own_cuda(
    branch: str, wanted: CudaRequest, request: Request, origin: CudaOrigin = "nixpkgs"
) -> CudaChoice | Lack:
    """Return the CUDA set of a branch with the cuDNN asked for, or what is missing."""
    minor = nixpkgs.minor_of(wanted.version)
    row = nixpkgs.cuda_set(branch, minor)
    if row is None:
        reason = nixpkgs.never_released(minor)
        text = (
            f"CUDA {minor} was never released: {reason}" if reason else f"CUDA {minor} is in no release known"
        )
        return Lack("cuda", wanted.version, text, "")
    if not row.present:
        state = "is not known to have" if row.present is None else "has no"
        why = f" ({row.note})" if row.note and row.present is False else ""
        return Lack("cuda", wanted.version, f"{branch} {state} CUDA {minor}{why}", row.source)
    # `11.8` takes whatever patch version is there, `11.8.0` only its own.
    if wanted.version != minor and row.full_version != wanted.version:
        has = f"has {row.full_version}" if row.full_version else "has an unknown patch version"
        return Lack("cuda", wanted.version, f"{branch} {has}, not CUDA {wanted.version}", row.source)
    picked = _pick_cudnn(branch, wanted, request)
    if isinstance(picked, Lack):
        return picked
    attr, version = picked
    return CudaChoice(wanted.version, origin, row.attr, attr, version, row.only_runfile)


def _pick_cudnn(branch: str, wanted: CudaRequest, request: Request) -> tuple[str | None, str | None] | Lack:
    """Return the attribute and version of the cuDNN that serves every system of the request."""
    minor = nixpkgs.minor_of(wanted.version)
    tables = [t for s in linux_systems(request) if (t := nixpkgs.cudnn_table(branch, minor, s))]
    known = [table for table in tables if table.versions]
    if wanted.cudnn is None:
        # `versions` is None where no table was read, and empty where the set has no cuDNN.
        if tables and not known and tables[0].versions is not None:
            return None, None
        return "cudnn", known[0].default if known else None
    if not known:
        state = "has none" if tables and tables[0].versions is not None else "its cuDNN is not known"
        reason = f"CUDA {minor} of {branch}: {state}"
        return Lack("cudnn", wanted.cudnn, reason, tables[0].source if tables else "")
    # One attribute is written for all systems, so that only a cuDNN that each of them has serves.
    offered = [pair for pair in known[0].versions or () if all(pair in (t.versions or ()) for t in known)]
    matching = [(attr, version) for version, attr in offered if is_version_of(wanted.cudnn, version)]
    if not matching:
        has = ", ".join(version for version, _ in offered)
        reason = f"CUDA {minor} of {branch} has cuDNN {has}, not {wanted.cudnn}"
        return Lack("cudnn", wanted.cudnn, reason, known[0].source)
    # `8` and `8.9` name several: the newest of them.
    return max(matching, key=lambda pair: nixpkgs.version_key(pair[1]))


def is_version_of(wanted: str, version: str) -> bool:
    """Return whether `8.9` or `8.9.7` names the version `8.9.7.29`."""
    return f"{version}.".startswith(f"{wanted}.")


def _legacy_cuda(release: Release, wanted: CudaRequest, request: Request) -> CudaChoice | Lack:
    minor = nixpkgs.minor_of(wanted.version)
    row = inputs.legacy_cuda_set(minor)
    if row is None or not row.present:
        return Lack("cuda", wanted.version, f"cuda-legacy has no CUDA {minor}", row.source if row else "")
    # Each of its sets evaluates over a range of releases; the end of it is not known for all.
    oldest = nixpkgs.find_release(inputs.cuda_legacy_oldest_nixpkgs())
    if oldest is None or release.order < oldest.order:
        reason = f"cuda-legacy needs {inputs.cuda_legacy_oldest_nixpkgs()} or newer, not {release.branch}"
        return Lack("cuda", wanted.version, reason, row.source)
    newest = nixpkgs.find_release(row.newest_nixpkgs) if row.newest_nixpkgs else None
    if newest is not None and release.order > newest.order:
        reason = f"cuda-legacy has CUDA {minor} up to {newest.branch} only, not for {release.branch}"
        return Lack("cuda", wanted.version, reason, row.source)
    own = nixpkgs.cuda_set(release.branch, minor)
    if own is None or own.present is not False:
        # The overlay only adds sets that nixpkgs lacks, so its cuDNN would not be the one evaluated.
        return Lack(
            "cuda", wanted.version, f"cuda-legacy leaves CUDA {minor} to {release.branch}", row.source
        )
    if wanted.version not in (minor, row.full_version):
        reason = f"cuda-legacy has {row.full_version}, not CUDA {wanted.version}"
        return Lack("cuda", wanted.version, reason, row.source)
    if wanted.cudnn and not is_version_of(wanted.cudnn, row.cudnn or ""):
        reason = f"CUDA {minor} of cuda-legacy has cuDNN {row.cudnn}, not {wanted.cudnn}"
        return Lack("cudnn", wanted.cudnn, reason, row.source)
    return CudaChoice(wanted.version, "cuda-legacy", row.attr, "cudnn", row.cudnn)


def _missing_tools(request: Request, release: Release) -> Iterator[Lack]:
    for flag, tool in TOOLS:
        if not getattr(request, flag):
            continue
        row = nixpkgs.find_tool(release.branch, tool)
        # `present` of poetry2nix means: the release is one that it works with.
        if row is None or not row.present:
            known = row is not None and row.present is False
            reason = f"{release.branch} {'has no' if known else 'is not known to work with'} {tool}"
            yield Lack("tool", tool, reason, row.source if row else "")


def _mix_lacks(release: Release, python: tuple[PythonChoice, ...], second: Release | None) -> Iterator[Lack]:
    """Yield each pair of origins that cannot be loaded into one process.

    A process has one glibc, the interpreter's: a library built against a newer one does not load. It
    has one libstdc++, whichever is loaded first: an older one, brought by a CUDA library, leaves
    everything built by the newer compiler without its symbols.
    """
    for origin in sorted({choice.origin for choice in python}):
        base = release if origin == "nixpkgs" else nixpkgs.find_release(inputs.nixpkgs_python_base())
        # Of `release` too, under an interpreter from elsewhere: `native` is from there.
        for library in (release, second):
            if base and library and not _loads_under(library, base):
                text = (
                    f"the Python of {base.branch if origin == 'nixpkgs' else origin}, built with the C library "
                    f"glibc {base.glibc or '(unknown)'}, cannot load libraries of {library.branch}, built with "
                    f"{f'glibc {library.glibc}' if library.glibc else 'a newer one'}"
                )
                yield Lack("mix", library.branch, text, library.source)
    if second and not _same_compiler(release, second):
        text = (
            f"CUDA libraries of {second.branch} bring libstdc++ of GCC {second.gcc or '(unknown)'}; with it "
            f"loaded first, what {release.branch} built by GCC {release.gcc or '(unknown)'} does not load"
        )
        yield Lack("mix", second.branch, text, second.source)


def _loads_under(library: Release, base: Release) -> bool:
    """Return whether a glibc of `base` runs what `library` was built with; branches only move forward."""
    if library.order <= base.order:
        return True
    # What is not known is not risked: a wrong guess is a Python that dies at its first import.
    if library.glibc is None or base.glibc is None:
        return False
    return nixpkgs.version_key(library.glibc) <= nixpkgs.version_key(base.glibc)


def _same_compiler(release: Release, second: Release) -> bool:
    return release.gcc is not None and release.gcc == second.gcc


def _system_lacks(request: Request, release: Release, left_out: dict[str, str]) -> Iterator[Lack]:
    """Yield a lack for each system that the user asked for by name, or one when none is served."""
    if request.default_systems and len(left_out) < len(request.systems):
        return
    for system, reason in left_out.items():
        yield Lack("system", system, reason, release.source)


def _system_reason(
    system: str, release: Release, cuda: tuple[CudaChoice, ...], second: Release | None
) -> str | None:
    # nixpkgs gives platforms up: x86_64-darwin for one.
    if system in nixpkgs.missing_systems(release.branch):
        return f"{release.branch} no longer builds for {system}"
    for choice in cuda:
        if system not in cuda_systems(choice, release.branch, second.branch if second else None):
            return f"without {system}, for which CUDA {choice.version} is not there"
    return None


def cuda_systems(choice: CudaChoice, release: str, cuda_release: str | None) -> tuple[str, ...]:
    """Return the systems that a CUDA set is there for; of a revision, of which nothing is known, every Linux."""
    if choice.origin == "cuda-legacy":
        return inputs.cuda_legacy_systems()
    branch = cuda_release if cuda_release and choice.origin == CUDA_INPUT else release
    if nixpkgs.find_release(branch) is None:
        return LINUX
    row = nixpkgs.cuda_set(branch, nixpkgs.minor_of(choice.version))
    return row.systems if row else ()

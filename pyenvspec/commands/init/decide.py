"""Decides on a first env.yaml as an expert would: a `Survey` in, `Decisions` out, each with its reason.

Reads nothing; what cannot be known from the files is said in the notes.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import TYPE_CHECKING

from pyenvspec.commands.init.additions import (
    Additions,
    before_newer_majors,
    bound_to_wheels,
    find_additions,
    pages_wanted,
)
from pyenvspec.commands.init.convert import convert
from pyenvspec.commands.init.instructions import told_besides, told_for_cuda
from pyenvspec.commands.init.primary import ASIDE, choose_primary
from pyenvspec.commands.init.python import choose_python
from pyenvspec.facts.capabilities import first_cuda, gpu_capabilities
from pyenvspec.facts.drivers import plain_torch_cuda, torch_builds
from pyenvspec.facts.native import find_native_name
from pyenvspec.facts.nixpkgs import cuda_versions, version_key
from pyenvspec.facts.wheel_pythons import newest_for, unsaid_imports
from pyenvspec.facts.wheels import libraries_of_wheel
from pyenvspec.project.survey.gpu import GpuFinding, find_gpu
from pyenvspec.project.survey.source import Claim
from pyenvspec.records import dataclass
from pyenvspec.reporter import some_of
from pyenvspec.spec.values import PLAIN_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenvspec.commands.init.python import Decided
    from pyenvspec.project.survey.source import Source, Survey, Wanted


@dataclass()
class Decisions:
    """What env.yaml will say, and why. `new_requirements` is a file that is written beside it, where one is needed."""

    manager: str
    why_manager: str
    python: Decided
    name: str | None = None
    primary: Source | None = None
    requirements: str | None = None
    new_requirements: tuple[str, str] | None = None
    gpu: GpuFinding | None = None
    build_after: tuple[str, ...] = ()
    native: list[tuple[str, str]] = field(default_factory=list)
    choices: list[tuple[str, tuple[str, ...], str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    after: str | None = None


def decide(
    survey: Survey,
    *,
    only: str | None = None,
    manager: str | None = None,
    ask: Callable[[Source, list[str]], tuple[str | None, str]] | None = None,
    ask_lock: Callable[[Source, str], str | None] | None = None,
) -> Decisions:
    """Return the decisions for a project; `only` is the file that the user named, `manager` the one asked for.

    `ask` resolves packages where the files leave a choice (see `choose_python`), `ask_lock` says why uv could not lock
    a pyproject.toml; None keeps offline.
    """
    primary = choose_primary(survey, only)
    chosen, why, refused = *_choose_manager(survey, primary), None
    if manager is not None:
        chosen, why = manager, "asked for"
    elif ask_lock is not None and (refused := _why_not_locked(survey, primary, ask_lock)):
        chosen, why = "pip", "pyproject.toml, which uv cannot lock"
    packages, new_requirements, more = primary, None, Additions()
    whole: Source | None = None
    listed = _with_python_of_name(primary) if primary is not None and chosen == "pip" else None
    if listed is not None:
        more = find_additions(survey, listed)
        packages, new_requirements = _for_pip(survey, listed, more)
    if packages is not None and packages.optional:
        # Groups and extras that nobody asked for must not decide on Python and CUDA.
        wanted = [package for package in packages.packages if package.name not in packages.optional]
        packages, whole = replace(packages, packages=wanted), packages
    python = choose_python(survey, packages, ask)
    # The bounds depend on the Python, so that the file is made once more with them.
    if listed is not None and packages is not None and bound_to_wheels(more, packages, python.value):
        packages, new_requirements = _for_pip(survey, listed, more)
    primary = packages if listed is not None else primary
    done = Decisions(chosen, why, python, primary=primary)
    # Names of setup.py and pixi may be whole sentences; the folder's own is as good.
    names = [s.name for s in (primary, *survey.sources) if s is not None and s.name]
    done.name = next((name for name in names if re.fullmatch(PLAIN_NAME, name)), None)
    done.new_requirements = new_requirements
    done.after, done.notes = more.after, list(more.notes)
    done.notes += [f"uv cannot lock pyproject.toml, so pip installs it: {refused}"] if refused else []
    if new_requirements is not None:
        done.requirements = new_requirements[0]
    elif primary is not None and primary.kind == "requirements":
        done.requirements = primary.file
    if packages is not None:
        done.gpu = _choose_gpu(survey, packages, done.python.value)
        unsaid = (w.name for w in packages.packages if not w.wheels and unsaid_imports(w.name, w.version))
        done.build_after = (*(done.gpu.after if done.gpu else ()), *unsaid)
    done.native = _choose_native(survey, packages)
    if whole is not None and packages is not None:
        _tell_optional(done, whole, packages)
    _tell_old_cuda(done)
    done.choices = _open_choices(survey, primary, chosen)
    _tell(done, survey, primary)
    return done


def _for_pip(survey: Survey, listed: Source, more: Additions) -> tuple[Source, tuple[str, str] | None]:
    """Return the packages, and the name and text of the file that pip needs for them where none that is there does."""
    if listed.kind == "requirements" and not more.is_needed:
        return listed, None
    packages, text = convert(listed, more)
    # What the project has is never written over.
    is_free = all(source.file != "requirements.txt" for source in survey.sources)
    return packages, ("requirements.txt" if is_free else "requirements.pyenvspec.txt", text)


def _with_python_of_name(source: Source) -> Source:
    """A requirements file may say in its name which Python it is for: requirements_cu128_py312.txt."""
    match = (
        re.search(r"[-_.]py(3)\.?([0-9]{1,2})(?![0-9])", source.file)
        if source.kind == "requirements"
        else None
    )
    return replace(source, python=[*source.python, Claim(f"=={match[1]}.{match[2]}.*")]) if match else source


def _choose_manager(survey: Survey, primary: Source | None) -> tuple[str, str]:
    if primary is None:
        return "uv", "no file lists packages yet"
    if primary.kind == "lock" and primary.tool in ("uv", "poetry"):
        return primary.tool, primary.file
    if primary.kind == "pyproject":
        return ("poetry" if primary.tool == "poetry" else "uv"), primary.file
    if primary.kind == "requirements":
        return "pip", primary.file
    if (
        primary.kind in ("lock", "pipenv")
        and (pyproject := survey.get("pyproject.toml"))
        and pyproject.packages
    ):
        return "uv", pyproject.file
    return "pip", f"from {primary.file}"


def _why_not_locked(
    survey: Survey, primary: Source | None, ask: Callable[[Source, str], str | None]
) -> str | None:
    # poetry locks its own projects, and a lock that is there was made by somebody.
    if primary is None or primary.kind != "pyproject" or primary.tool == "poetry":
        return None
    return ask(primary, choose_python(survey, primary).value)


def _choose_gpu(survey: Survey, packages: Source, python: str) -> GpuFinding | None:
    gpu = find_gpu(packages)
    own = _own_extension(survey)
    if gpu is not None and not gpu.compiled and own and packages.find("torch"):
        # The project's own extensions, compiled when it is installed or when they are first used.
        why = f"{own} is compiled against CUDA; {gpu.why}"
        gpu = replace(gpu, why=why, toolkit=gpu.toolkit or gpu.cuda, compiled=(own,))
    # Wheels bring their CUDA along; a toolkit is for what is compiled here.
    if gpu is None:
        return _listed_toolkit(survey) or _toolkit_of_own(survey)
    if not gpu.compiled or gpu.toolkit:
        return gpu
    if (torch := packages.find("torch")) is not None:
        return _with_newest_torch(gpu, torch, python)
    # What is compiled needs a toolkit, and the packages do not say which: a container or conda file may.
    for source in survey.of("container", "conda", "pixi"):
        if (claim := source.installed_cuda) is not None:
            why = f"{gpu.why}; {source.where(claim)} has CUDA {claim.value}"
            return replace(gpu, toolkit=claim.value, why=why)
    return gpu


def _listed_toolkit(survey: Survey) -> GpuFinding | None:
    """No package asks for one, and a file of conda lists the compiler itself."""
    listed = ((s, claim) for s in survey.of("conda", "pixi") for claim in s.cuda if claim.note == "toolkit")
    for source, claim in listed:
        why = f"the toolkit of CUDA {claim.value} is listed"
        return GpuFinding(why, source.where(claim), claim.value, claim.value)
    return None


def _toolkit_of_own(survey: Survey) -> GpuFinding | None:
    """A program in CUDA beside no package that uses a GPU: the toolkit of the image that it is built in."""
    for source in survey.of("container"):
        claim = next((claim for claim in source.cuda if claim.note == "toolkit"), None)
        if claim is not None and survey.cuda_code:
            why = f"{survey.cuda_code} is compiled against CUDA"
            return GpuFinding(why, source.where(claim), claim.value, claim.value)
    return None


def _own_extension(survey: Survey) -> str | None:
    """Where the project has CUDA code of its own that is compiled."""
    setup = next((source for source in survey.of("setup") if source.cuda_extension), None)
    return f"{setup.file}:{setup.cuda_extension}" if setup else survey.cuda_code


def _with_newest_torch(gpu: GpuFinding, torch: Wanted, python: str) -> GpuFinding:
    """Of a torch that is not pinned the newest for this Python is what pip and uv take, with its CUDA."""
    version = newest_for("torch", torch.specifier, python)
    cuda = plain_torch_cuda(version) if version else None
    if cuda is None:
        return gpu
    why = f"{gpu.why}: the newest for Python {python} is {version}, of CUDA {cuda}"
    return replace(gpu, toolkit=cuda, why=why)


def _choose_native(survey: Survey, packages: Source | None) -> list[tuple[str, str]]:
    """Return nixpkgs attributes with the place that asks for each."""
    places: dict[str, str] = {}
    # One image only: those for tests or benchmarks install what the project itself has no need of.
    containers = sorted(survey.of("container"), key=_rank_of_container)[:1]
    of_conda = survey.of("conda", "pixi")
    if packages is not None and packages.kind in ("conda", "pixi"):
        of_conda = [source for source in of_conda if source.file == packages.file]
    for source in (*of_conda, *survey.of("devbox", "readme"), *containers):
        for claim in source.native:
            row = find_native_name(claim.value)
            # Others of the table are keys of their own, Python packages, or in every shell already.
            if row is None or row.kind in ("attr", "service"):
                places.setdefault(claim.value, source.where(claim))
    # Libraries that wheels want from the system and bring not along; CUDA's come by `cuda`, or by other wheels.
    for wanted in packages.packages if packages is not None else ():
        for attribute in libraries_of_wheel(wanted.name):
            if not attribute.startswith("cuda."):
                places.setdefault(attribute, f"for {wanted.name}")
    return sorted(places.items())


def _rank_of_container(source: Source) -> tuple[bool, bool, bool, str]:
    """The project's own image first: others are for benchmarks, tests, or whoever develops it."""
    name = source.file.rpartition("/")[2]
    return source.file.startswith("."), bool(ASIDE.search(source.file)), name != "Dockerfile", source.file


def _open_choices(
    survey: Survey, primary: Source | None, manager: str
) -> list[tuple[str, tuple[str, ...], str]]:
    """Groups and extras are the user's choice: offered as comments."""
    pyproject = survey.get("pyproject.toml")
    if pyproject is None or manager not in ("uv", "poetry", "uv2nix", "poetry2nix") or primary is None:
        return []
    # uv installs the group `dev` by itself, and poetry all that are not optional.
    groups = tuple(group for group in pyproject.groups if group != "dev" and manager.startswith("uv"))
    offers = (("groups", groups), ("extras", pyproject.extras))
    return [(key, names, pyproject.file) for key, names in offers if names]


def _tell(done: Decisions, survey: Survey, primary: Source | None) -> None:
    if primary is not None:
        others = survey.of("conda", "requirements", "pixi", "pipenv")
        used = (primary.file, done.requirements, *primary.includes)
        unused = [s.file for s in others if s.file not in used]
        if unused:
            names, taken = some_of(unused, 3), primary.file
            # Two whole sentences, since each is translated as one.
            done.notes.append(
                f"{names} are not used: the packages come from {taken}"
                if len(unused) > 1
                else f"{names} is not used: the packages come from {taken}"
            )
    sources = [primary] if primary is not None else []
    for source in (
        *sources,
        *survey.of("container", *(() if primary and primary.kind == "setup" else ("setup",))),
    ):
        done.left_out += [f"{source.where(claim)}: {claim.value}: {claim.note}" for claim in source.left_out]
    for source in survey.of("container", "conda", "pixi"):
        claim = source.installed_cuda
        if claim is not None and not (done.gpu and done.gpu.toolkit):
            no_toolkit = f"no toolkit is written, since {_no_toolkit(done)}"
            done.notes.append(f"{source.where(claim)} has CUDA {claim.value}; {no_toolkit}")
    _tell_what_else_is_installed(done, survey, primary)
    # lib2to3 went with Python 3.13.
    if survey.python_2 is not None:
        port = "port it once, in the shell of a Python up to 3.12: `python -m lib2to3 -w -n .`"
        done.notes.append(f"{survey.python_2} is code of Python 2, which no Python here runs: {port}")
    if any(source.kind == "lock" and source.tool == "pdm" for source in survey.sources):
        done.notes.append("the lock of PDM is not used: `uv lock` makes one that pyenvspec can check")


def _tell_what_else_is_installed(done: Decisions, survey: Survey, primary: Source | None) -> None:
    if primary is not None and primary.kind == "pyproject":
        for old, major in before_newer_majors(primary.packages):
            where = primary.where(old)
            reason = f"{where}: {old.text} is older than {major.of} {major.number}, which nothing keeps out"
            done.notes.append(f"{reason}: write `{major.of}{major.bound}` there")
    if primary is not None and primary.kind == "pyproject" and primary.tool == "uv" and done.manager != "pip":
        for wanted, page in pages_wanted(primary.packages, primary.options):
            reason = f"{primary.where(wanted)}: the package index has not what {wanted.text} asks for"
            done.notes.append(f'{reason}: write `find-links = ["{page}"]` below [tool.uv] there')
    if primary is not None and done.manager in ("uv", "poetry"):
        for where, wanted in told_for_cuda(survey, primary)[:1]:
            reason = f"{where} installs {wanted.text}, for the GPU, and {primary.file} does not"
            done.notes.append(f"{reason}: with its index it is to be added there, where that one is wanted")
    if primary is not None and not (done.manager == "pip" and primary.kind == "imports"):
        for where, wanted in told_besides(survey, primary)[:3]:
            done.notes.append(
                f"{where} installs {wanted.text}, and {primary.file} does not: add it there if you use it"
            )


def _tell_optional(done: Decisions, lock: Source, installed: Source) -> None:
    """Packages of groups and extras that are compiled: what to write besides for whoever takes them."""
    gpu = find_gpu(lock)
    if gpu is None or not gpu.compiled or (done.gpu is not None and done.gpu.compiled):
        return
    names = [name for name in gpu.compiled if installed.find(name) is None]
    cuda = f"`cuda: {gpu.toolkit}`" if gpu.toolkit else "`cuda`"
    after = f" and `build_after: [{', '.join(gpu.after)}]`" if gpu.after else ""
    done.notes.append(
        f"{', '.join(names)}, of a group or an extra, compiled against CUDA: where you take it, write {cuda}{after}"
    )


# Ampere: a CUDA that does not know it knows no GPU that has been sold for five years.
_OLDEST_IN_USE = "8.0"


def _tell_old_cuda(done: Decisions) -> None:
    """A paper of 2020 pins a CUDA that no GPU of today's clusters is known to."""
    cuda = (done.gpu.toolkit or done.gpu.cuda) if done.gpu is not None else None
    first = first_cuda(_OLDEST_IN_USE)
    # Of a file's own words (`cudatoolkit=…`): what is no CUDA that there is says nothing.
    if cuda not in cuda_versions() or first is None or version_key(cuda) >= version_key(first):
        return
    name = gpu_capabilities()[_OLDEST_IN_USE].name
    build = next(one for one in torch_builds(plain=True) if version_key(one.cuda) >= version_key(first))
    done.notes.append(
        f"CUDA {cuda} knows no GPU of {name} (A100, RTX 30) or newer: these need CUDA {first}, which the wheels of"
        f" torch {build.torch} and later bring; `pyenvspec doctor` says which GPU is here"
    )


def _no_toolkit(done: Decisions) -> str:
    if done.gpu is not None and done.gpu.cuda:
        return "the wheels bring theirs"
    return "nothing here is compiled against it"

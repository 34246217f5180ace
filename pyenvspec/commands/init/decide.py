"""Decides on a first env.yaml as an expert would: a `Survey` in, `Decisions` out, each with its reason.

Reads nothing; what cannot be known from the files is said in the notes.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import TYPE_CHECKING

from pyenvspec.commands.init.convert import PRIMARY_AS_IS, convert
from pyenvspec.commands.init.python import choose_python
from pyenvspec.facts.wheels import libraries_of_wheel
from pyenvspec.project.survey.gpu import GpuFinding, find_gpu
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenvspec.commands.init.python import Decided
    from pyenvspec.project.survey.source import Source, Survey

_ASIDE = re.compile(
    r"(?:^|[-_./])(dev|tests?|testing|docs?|lint|ci|build|style|optional|extras?|minimal)(?:[-_./]|$)"
)
_TAG = re.compile(r"cu([0-9]{2,3})")


@dataclass(slots=True)
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
    native: list[tuple[str, str]] = field(default_factory=list)
    choices: list[tuple[str, tuple[str, ...], str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def decide(
    survey: Survey,
    *,
    only: str | None = None,
    manager: str | None = None,
    ask: Callable[[Source, list[str]], tuple[str | None, str]] | None = None,
) -> Decisions:
    """Return the decisions for a project; `only` is the file that the user named, `manager` the one asked for.

    `ask` resolves packages where the files leave a choice (see `choose_python`); None keeps offline.
    """
    primary = choose_primary(survey, only)
    chosen, why = _choose_manager(survey, primary)
    if manager is not None:
        chosen, why = manager, "asked for"
    packages, new_requirements = primary, None
    if primary is not None and primary.kind not in PRIMARY_AS_IS and chosen == "pip":
        packages, text = convert(primary)
        primary = packages
        there = {source.file for source in survey.sources}
        name = "requirements.txt" if "requirements.txt" not in there else "requirements.pyenvspec.txt"
        new_requirements = (name, text)
    done = Decisions(chosen, why, choose_python(survey, packages, ask), primary=primary)
    done.name = next((s.name for s in (primary, *survey.sources) if s is not None and s.name), None)
    done.new_requirements = new_requirements
    if primary is not None and primary.kind == "requirements":
        done.requirements = primary.file
    elif new_requirements is not None:
        done.requirements = new_requirements[0]
    if packages is not None:
        done.gpu = _choose_gpu(survey, packages)
    done.native = _choose_native(survey, packages)
    done.choices = _open_choices(survey, primary, chosen)
    _tell(done, survey, primary)
    return done


def choose_primary(survey: Survey, only: str | None) -> Source | None:
    """Return the file that says which packages are installed; never two of them mixed."""
    if only is not None:
        return survey.get(only)
    for source in survey.of("lock"):
        if source.tool in ("uv", "poetry") and "/" not in source.file:
            return source
    projects = [
        s for s in survey.of("pyproject") if s.packages or s.tool == "poetry" or "workspace" in s.said
    ]
    candidates = [
        *projects,
        *sorted(survey.of("requirements"), key=_rank_of_requirements)[:1],
        *[s for s in survey.of("lock") if s.tool == "pipenv"],
        *survey.of("pipenv", "pixi"),
        *sorted(
            survey.of("conda"), key=lambda source: (source.file.count("/"), _TAG.search(source.file) is None)
        )[:1],
        *[s for s in survey.of("lock") if s.tool in ("pdm", "pylock")],
        *survey.of("setup", "pyproject", "imports"),
    ]
    if not candidates:
        return None
    first = candidates[0]
    conda = next((source for source in candidates if source.kind == "conda"), None)
    # A conda file with much more in it is what people install; the other lists what setup.py also needs.
    if first.kind == "requirements" and conda and conda.find("torch") and not first.find("torch"):
        return conda
    return first


def _rank_of_requirements(source: Source) -> tuple[bool, bool, int, int, str]:
    """The plain name first, nothing that is for developers only, of several for CUDA the newest."""
    tag = _TAG.search(source.file)
    newest = -int(tag[1]) if tag else 0
    is_aside = bool(_ASIDE.search(source.file)) or not source.packages
    return is_aside, source.file != "requirements.txt", newest, source.file.count("/"), source.file


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


def _choose_gpu(survey: Survey, packages: Source) -> GpuFinding | None:
    found = find_gpu(packages)
    if found is not None and not found.compiled and survey.cuda_code and packages.find("torch"):
        # The project's own extensions, compiled when it is installed or when they are first used.
        why = f"{survey.cuda_code} is compiled against CUDA; {found.why}"
        found = replace(found, why=why, toolkit=found.toolkit or found.cuda, compiled=(survey.cuda_code,))
    if found is None:
        # No package asks for one, and a file of conda lists the compiler itself.
        return next(
            (
                GpuFinding(
                    f"the toolkit of CUDA {claim.value} is listed", s.where(claim), claim.value, claim.value
                )
                for s in survey.of("conda", "pixi")
                for claim in s.cuda
                if claim.said == "toolkit"
            ),
            None,
        )
    if not found.compiled or found.toolkit:
        return found
    # What is compiled needs a toolkit, and the packages do not say which: a container or conda file may.
    for source in survey.of("container", "conda", "pixi"):
        for claim in source.cuda:
            if claim.said != "driver":
                return replace(
                    found,
                    toolkit=claim.value,
                    why=f"{found.why}; {source.where(claim)} has CUDA {claim.value}",
                )
    return found


def _choose_native(survey: Survey, packages: Source | None) -> list[tuple[str, str]]:
    """Return nixpkgs attributes with the place that asks for each."""
    found: dict[str, str] = {}
    for source in survey.of("conda", "pixi", "devbox", "container"):
        for claim in source.native:
            found.setdefault(claim.value, source.where(claim))
    for wanted in packages.packages if packages is not None else ():
        for attribute in libraries_of_wheel(wanted.name):
            if not attribute.startswith("cuda."):
                found.setdefault(attribute, f"for {wanted.name}")
    return sorted(found.items())


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
        unused = [s.file for s in others if s.file not in (primary.file, done.requirements)]
        if unused:
            names = ", ".join(unused[:3]) + (f" and {len(unused) - 3} more" if len(unused) > 3 else "")
            verb = "is" if len(unused) == 1 else "are"
            done.notes.append(f"{names} {verb} not used: the packages come from {primary.file}")
    told = [primary] if primary is not None else []
    for source in (
        *told,
        *survey.of("container", *(() if primary and primary.kind == "setup" else ("setup",))),
    ):
        done.left_out += [f"{source.where(claim)}: {claim.value}: {claim.said}" for claim in source.left_out]
    for source in survey.of("container", "conda", "pixi"):
        for claim in source.cuda:
            if claim.said != "driver" and not (done.gpu and done.gpu.toolkit):
                done.notes.append(
                    f"{source.where(claim)} has CUDA {claim.value}; no toolkit is written, since {_no_toolkit(done)}"
                )
    if (
        primary is not None
        and primary.kind == "requirements"
        and not any(w.text.startswith("-e") for w in primary.packages)
    ):
        for source in survey.of("setup", "pyproject"):
            done.notes.append(
                f"{source.file} makes the folder a package, and {primary.file} does not install it; a line `-e .` would"
            )
    if any(source.kind == "lock" and source.tool == "pdm" for source in survey.sources):
        done.notes.append("the lock of PDM is not used: `uv lock` makes one that pyenvspec can check")


def _no_toolkit(done: Decisions) -> str:
    if done.gpu is not None and done.gpu.cuda:
        return "the wheels bring theirs"
    return "nothing here is compiled against it"

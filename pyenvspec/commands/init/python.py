"""Which Python: the newest that every file allows and every pinned package has a wheel for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.facts.gpu_packages import wheel_page
from pyenvspec.facts.nixpkgs import python_minors, version_key
from pyenvspec.facts.wheel_pythons import pythons_of_any, pythons_of_wheels
from pyenvspec.project.locks.constraints import allows_python
from pyenvspec.project.locks.wheels import fits
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenvspec.project.survey.source import Claim, Source, Survey, Wanted

DEFAULT_PYTHON = "3.12"
"""Taken where nothing says otherwise: what most packages have wheels for."""

_SYSTEM = "x86_64-linux"
"""Whose wheels count: what most packages for a GPU have, if they have any."""
# Who is asked first: a file that is only for this, then locks and projects, last what only describes a machine.
_ORDER = ("version", "lock", "pyproject", "pipenv", "setup", "conda", "pixi", "devbox", "container")


@dataclass(frozen=True)
class Decided:
    """A value, the reason as a comment, and what disagrees with it."""

    value: str
    why: str
    notes: tuple[str, ...] = ()


def choose_python(
    survey: Survey,
    packages: Source | None,
    ask: Callable[[Source, list[str]], tuple[str | None, str]] | None = None,
) -> Decided:
    """Return the minor to write; `packages` is the source that is installed.

    `ask` is asked for which of several minors pinned packages resolve, where no lock says it.
    """
    allowed, reasons, notes = _narrow_by_claims(survey, packages)
    fitting, limits = _narrow_by_wheels(allowed, packages)
    # Packages that fit no Python together are told, and the files' own word stays.
    if not fitting:
        notes.append("no Python has wheels of all pinned packages: " + "; ".join(limits[:4]))
        fitting, limits = allowed, []
    advice = None if reasons else _told_by_readme(survey, fitting)
    # The newest Python is not the safest: for months many packages have no wheels for it.
    older = [minor for minor in fitting if version_key(minor) <= version_key(DEFAULT_PYTHON)]
    value = older[-1] if older else fitting[0]
    if advice is not None:
        value, reason = advice
        reasons.append(reason)
    newest_allowed = [m for m in allowed if version_key(m) <= version_key(DEFAULT_PYTHON)] or allowed
    if limits and value != newest_allowed[-1]:
        reasons.append(limits[0])
    # Asked last, and only for older ones: each question goes to the network, and the tables know most.
    if ask is not None and packages is not None and _leaves_a_choice(survey, packages, fitting):
        answer, reason = ask(packages, [m for m in fitting if version_key(m) <= version_key(value)])
        if answer is None:
            notes.append(f"whether all packages have wheels for Python {value} is not known: {reason}")
        elif answer != value:
            value = answer
            reasons.append(reason)
    why = "; ".join(reasons) or "no file says which"
    return Decided(value, why, tuple(notes))


def _told_by_readme(survey: Survey, fitting: list[str]) -> tuple[str, str] | None:
    """Where no file says which, the Python that the README was written with is the one that was tried."""
    for source in survey.of("readme"):
        # A command was tried by somebody; a sentence comes after it.
        for claim in sorted(source.python, key=lambda claim: bool(claim.note)):
            if claim.value in fitting and claim.note:
                return claim.value, f"{source.where(claim)} asks for Python {claim.value}"
            if claim.value in fitting:
                return claim.value, f"{source.where(claim)} makes an environment with Python {claim.value}"
    return None


def _leaves_a_choice(survey: Survey, packages: Source, fitting: list[str]) -> bool:
    is_pinned = any(wanted.version for wanted in packages.packages)
    # A lock was made for its Pythons, and .python-version says one: uv would only repeat them.
    return len(fitting) > 1 and is_pinned and packages.kind != "lock" and not survey.of("version")


def _narrow_by_claims(survey: Survey, packages: Source | None) -> tuple[list[str], list[str], list[str]]:
    """Return the minors that the files allow, who says so, and who says something else."""
    allowed = list(python_minors())
    reasons: list[str] = []
    notes: list[str] = []
    for source, claim in _claims(survey, packages):
        narrowed = [minor for minor in allowed if _allows(claim, minor)]
        # Those before it in the order stay right; one that contradicts them is told.
        if not narrowed:
            because = f"; {reasons[0]}" if reasons else ""
            notes.append(
                f"{source.where(claim)} wants Python `{claim.value}`, which cannot be had beside the rest{because}"
            )
        elif narrowed != allowed or not reasons:
            allowed = narrowed
            reasons.append(f"{source.where(claim)}: `{claim.value}`")
    return allowed, reasons, notes


def _claims(survey: Survey, packages: Source | None) -> list[tuple[Source, Claim]]:
    order = {kind: number for number, kind in enumerate(_ORDER)}
    sources = sorted(
        survey.sources, key=lambda s: (s is not packages and s.kind != "version", order.get(s.kind, 99))
    )
    conda = [s for s in sources if s.kind in ("conda", "container")]
    # Of several files for other machines or purposes only the first speaks.
    skipped = {
        id(s)
        for kind in ("conda", "container")
        for s in [c for c in conda if c.kind == kind][1:]
        if s is not packages
    }
    sources = [source for source in sources if id(source) not in skipped and source.kind != "readme"]
    return [(source, claim) for source in sources for claim in source.python]


def _allows(claim: Claim, minor: str) -> bool:
    constraint = claim.value
    # `3.11.4` and `==3.11.*`: a minor is written, so that the patch level is left out of the comparison.
    exact = constraint.removeprefix("==").removesuffix(".*")
    if exact and all(part.isdigit() for part in exact.split(".")) and exact.count(".") >= 1:
        return exact.split(".")[:2] == minor.split(".")
    return allows_python(constraint, minor) is not False  # what cannot be read rules nothing out


def _narrow_by_wheels(allowed: list[str], packages: Source | None) -> tuple[list[str], list[str]]:
    """Return the minors for which all packages have wheels, and what limits them, in words."""
    fitting, limits = list(allowed), []
    for wanted in packages.packages if packages is not None else ():
        pythons = _pythons_of(wanted, allowed)
        # A package that no Python here has a wheel of is one for another system, or one that is always built.
        if not pythons or len(pythons) == len(allowed):
            continue
        narrowed = [minor for minor in fitting if minor in pythons]
        release = f"{wanted.name} {wanted.version or wanted.specifier}".strip()
        if narrowed != fitting:
            limits.append(f"{release} has wheels for Python {_range(pythons)}")
        fitting = narrowed
    # The last that narrowed it is the one that decided, and is told as the reason.
    return fitting, list(reversed(limits)) if fitting else limits


def _pythons_of(wanted: Wanted, allowed: list[str]) -> list[str]:
    if wanted.wheels:
        return [minor for minor in allowed if any(fits(file, minor, _SYSTEM) for file in wanted.wheels)]
    if wanted.version:
        # jax itself is for every Python; what it has its extras bring is a wheel of the same release.
        page = wheel_page(wanted.name, wanted.version, wanted.extras)
        pythons = pythons_of_wheels(page.built if page else wanted.name, wanted.version)
    else:
        # Without an upper bound the newest release is taken, which has wheels for what is current.
        pythons = pythons_of_any(wanted.name, wanted.specifier) if wanted.is_bounded else None
    return [minor for minor in allowed if minor in pythons] if pythons else []


def _range(minors: list[str]) -> str:
    return minors[0] if len(minors) == 1 else f"{minors[0]} to {minors[-1]}"

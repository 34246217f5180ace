"""What a name that someone typed stands for, where it is no attribute of nixpkgs.

Names of apt, conda, `import`, of shared libraries, with a version behind them, and misspelt ones. Pure look-ups in
`pyenvspec.facts`; what is misspelt is guessed last.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from pyenvspec.facts.debian import attribute_of_debian
from pyenvspec.facts.native import find_attribute, find_native_name, names_there, versions_of
from pyenvspec.facts.nixpkgs import minor_of, releases
from pyenvspec.facts.packages import pypi_of_conda, pypi_of_import, wheel_contents
from pyenvspec.facts.wheels import attribute_of_soname, is_driver_library, is_libc_library
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenvspec.facts.native import Attribute, NameKind

CLOSE_ENOUGH = 72.0
"""Similarity in percent from which a word is offered; below it a guess confuses more than it helps."""

MOST_GUESSES = 200
"""As many misspelt words are guessed in one run; no more findings than these are told anyway."""

_LONGEST_WORD = 100
"""Longer than any attribute; comparing takes time by the product of both lengths."""

_guessed: list[str] = []

# `ffmpeg@4`, `gcc=11.2.0`, `ffmpeg=4.4.2=h7f98852_0`, `cmake>=3.20`, `openssl~=1.1.*`
_WITH_VERSION = r"([A-Za-z][\w.+-]*?) *(?:@|={1,3}|[~>^]=?) *v?(\d[\w.]*?)(?:\.?\*)?(?:=[\w.*]+)?"
# `gcc-9`, `llvm-14-dev`, `cuda-toolkit-11-8`, `nvidia-driver-535-server`
_DASHED_VERSION = r"([A-Za-z][\w.+-]*?)-(\d+(?:[.-]\d+)*)(?:-(?:dev|server|open|server-open))?"
# What Debian cuts a program into; nixpkgs has the whole of it under its own name.
_PART = r"([A-Za-z][\w.+-]*?)-(?:all|bin|cli|client|clients|common|complete|core|dev|extra|full|runtime|tools|utils)"
_FROM_NIX = r"(?:nixpkgs[.#]|pkgs\.)(.+)"
# `libGL.so`, `libcudart.so.11.0`, `libgdk_pixbuf-2.0.so.0`
_SONAME = r"lib[\w.+-]*\.so(?:\.[\w.]+)?"
# `python311Packages.numpy` of nixpkgs, `python3-numpy` of Debian
_PYTHON_SET = r"python\d*Packages\.(.+)|python3?-(.+)"
# The hints of curated rows that are about the interpreter: `python3-dev`, `python311`
_ASKS_FOR_PYTHON = r"^write `python:\s\{version:"


@dataclass(frozen=True)
class Suggestion:
    """What to do about a name under `native`.

    `kind` is that of the curated row, `close` for a name that only looks alike, or `version` for one that is
    there in other versions only. `attr` is what to write instead where that is an attribute (`cuda.X` for one
    of the CUDA set); `hint` is one sentence where it is something else. `is_attribute` says that the name, as
    typed, exists in nixpkgs too, `harmless` that it may stay.
    """

    name: str
    kind: NameKind | str
    attr: str | None
    hint: str
    source: str
    is_attribute: bool = False
    harmless: bool = True


def hint_beside(meant: Suggestion, python: str | None) -> str:
    """Return what to do about a name in an env.yaml that asks for a Python already, headers and all.

    An empty version is one that could not be read.
    """
    if python is None or meant.kind != "key" or not re.search(_ASKS_FOR_PYTHON, meant.hint):
        return meant.hint
    version = _python_in(meant.name)
    if not python:
        return "leave it out: the Python that `python` asks for is there with its headers"
    # With a dot behind both, so that 3.1 is not taken for the beginning of 3.11.
    if version is None or f"{python}.".startswith(f"{version}."):
        return f"leave it out: Python {python}, which `python` asks for, is there with its headers"
    return f"leave it out; where Python {version} is meant, write `python: {{version: {version}}}`"


def _python_in(name: str) -> str | None:
    """Return the version that a name of Python has in it: `python3.11-dev`, `python311`, `python=3.11`."""
    match = re.search(r"python[-=@]*([23])\.?(\d{1,2})", name)
    return f"{match[1]}.{match[2]}" if match else None


def understand(name: str) -> Suggestion | None:
    """Return what a name means that is no attribute; None where nothing is near."""
    row = find_native_name(name)
    if row:
        hint = row.hint or f"nixpkgs calls it `{row.attr}`"
        package = pypi_of_import(name) if row.kind == "python" else None
        if package not in (None, name):
            hint = hint.replace("it is a Python package", f"it is the Python package `{package}`")
        if (version := _python_in(name)) and re.search(_ASKS_FOR_PYTHON, hint):
            hint = f"write `python: {{version: {version}}}`"
        harmless = row.harmless or row.kind not in ("key", "refused")
        return Suggestion(name, row.kind, row.attr, hint, row.source, row.is_attribute, harmless)
    # From the narrowest form to the widest: a Debian name may look like a Python package, never the other way round.
    steps = (_from_nix, _library, _with_version, _of_debian, _with_dashed_version, _part, _of_python)
    return next((meant for step in steps if (meant := step(name))), None) or _close(name)


def _from_nix(name: str) -> Suggestion | None:
    """`nixpkgs.ffmpeg`, `nixpkgs#ffmpeg`, `pkgs.ffmpeg`."""
    match = re.fullmatch(_FROM_NIX, name)
    if match is None or not find_attribute(match[1]):
        return None
    return Suggestion(
        name, "attr", match[1], f"write `{match[1]}`: all names are of nixpkgs", "the format of env.yaml"
    )


def _library(name: str) -> Suggestion | None:
    if not re.fullmatch(_SONAME, name):
        return None
    if is_driver_library(name):
        hint = "it belongs to the NVIDIA driver of the machine, and is found there: leave it out"
        return Suggestion(name, "refused", None, hint, "the libraries of the driver")
    if is_libc_library(name):
        hint = "it is part of the C library, which Python brings: leave it out"
        return Suggestion(name, "refused", None, hint, "the libraries of the C library")
    attr = attribute_of_soname(name)
    if attr == "stdenv.cc.cc":
        hint = "the C++ runtime is always visible to this Python: leave it out"
        return Suggestion(name, "present", None, hint, "the libraries that every Python sees")
    if attr is None:
        return None
    return Suggestion(name, "attr", attr, f"the library {name} is in `{attr}`", "libraries by package")


def _with_version(name: str) -> Suggestion | None:
    """`ffmpeg@4`, and conda's `ffmpeg=4.4.2=build`."""
    match = re.fullmatch(_WITH_VERSION, name)
    if match is None:
        return None
    return _of_both(name, match[1], match[2])


def _with_dashed_version(name: str) -> Suggestion | None:
    """`gcc-9`, `cuda-toolkit-11-8`: a name that is known, with the version that Debian and NVIDIA put behind it."""
    match = re.fullmatch(_DASHED_VERSION, name)
    if match is None or not (find_attribute(match[1]) or find_native_name(match[1])):
        return None
    return _of_both(name, match[1], match[2].replace("-", "."))


def _part(name: str) -> Suggestion | None:
    """`mono-complete`, `slurm-client`: a package of Debian that is a part of one, or all parts together."""
    match = re.fullmatch(_PART, name)
    if match is None:
        return None
    row, attribute = find_native_name(match[1]), find_attribute(match[1])
    if row is not None:
        meant = understand(match[1])
        return replace(meant, name=name, is_attribute=False) if meant else None
    if attribute is None or not attribute.is_package or attribute.gone is not None:
        return None
    return Suggestion(
        name, "close", match[1], f"did you mean `{match[1]}`?", "catalogue of nixpkgs attributes"
    )


def _of_both(name: str, base: str, wanted: str) -> Suggestion | None:
    """Return what a name and a version behind it mean."""
    attribute, row = find_attribute(base), find_native_name(base)
    if attribute is None or attribute.gone or (row is not None and row.kind not in ("attr", "service")):
        meant = understand(base)
        if meant is None:
            return None
        if meant.kind not in ("attr", "service") or meant.attr is None:
            return replace(meant, name=name, hint=_with_typed_version(base, meant.hint, wanted))
        base = meant.attr
    return _of_version(name, base, wanted)


def _with_typed_version(name: str, hint: str, wanted: str) -> str:
    """Return a hint with the version that was typed, where it is the version of what the key is about."""
    # A major alone (`cuda@12`) is none that the keys take.
    if "." not in wanted:
        return hint
    # `conda=23.1` and `nccl=2.18` have versions of their own; `cudnn=8.9.2.26` is told by its minor.
    if "python" in name and re.search(_ASKS_FOR_PYTHON, hint):
        return f"write `python: {{version: {wanted}}}`"
    if "cudnn" in name and "cudnn:" in hint:
        return f"write `cudnn: {minor_of(wanted)}` under `cuda`"
    return f"write `cuda: {minor_of(wanted)}`" if "cuda" in name and re.search(r"`cuda: \d", hint) else hint


def _of_version(name: str, base: str, wanted: str) -> Suggestion:
    family = versions_of(base)
    source = "versions in the catalogue"
    there = [attribute for attribute in family if attribute.gone is None]
    fitting = [attribute for attribute in there if f"{attribute.version}.".startswith(f"{wanted}.")]
    if fitting:
        # The plain name, where it has that version today, goes on getting updates.
        best = min(
            fitting, key=lambda attribute: (attribute.name != base, len(attribute.name), attribute.name)
        )
        return Suggestion(name, "attr", best.name, f"nixpkgs has {best.version} as `{best.name}`", source)
    listed = ", ".join(
        f"{attribute.version} (`{attribute.name}`)" for attribute in there[:6] if attribute.version
    )
    has = f"it has {listed}" if listed else "it is there in no version that is known"
    hint = f"nixpkgs has no {base} {wanted}: {has}"
    # Attributes are called by the major: `ffmpeg_4` had any 4.x.
    major = wanted.split(".")[0]
    former = next((old for old in family if old.gone and re.search(rf"(?<!\d){major}$", old.name)), None)
    last = last_release(former) if former else None
    if former and last:
        hint += f"; the last release with `{former.name}` is {last}: write `nixpkgs: {{release: {last}}}`"
    return Suggestion(name, "version", None, hint, source)


def last_release(attribute: Attribute) -> str | None:
    """Return the newest stable release that still has an attribute, or None where that is not known."""
    stable = [release.branch for release in releases() if release.stable]
    return next((branch for branch in reversed(stable) if attribute.standing(branch) == "there"), None)


def _of_debian(name: str) -> Suggestion | None:
    attr = attribute_of_debian(name)
    if attr is None:
        return None
    return Suggestion(name, "attr", attr, f"nixpkgs calls it `{attr}`", "packages of Debian")


def _of_python(name: str) -> Suggestion | None:
    """A module that is imported, a package of PyPI or of conda, or one of nixpkgs' Python sets."""
    match = re.fullmatch(_PYTHON_SET, name)
    if match:
        package = match[1] or match[2]
        # What Debian splits off from Python itself: no package of PyPI is meant.
        if package in ("dev", "pip", "venv", "full", "setuptools", "wheel"):
            return None
    else:
        imported = pypi_of_import(name) if "." not in name else None
        has_wheel = wheel_contents(name) is not None
        package = imported or (name if has_wheel else pypi_of_conda(name)) or name
        # That conda has the same name says nothing: most of its packages are no Python.
        if not (imported or has_wheel) and package == name:
            return None
    statement = "it is a Python package" if package == name else f"it is the Python package `{package}`"
    hint = (
        f"{statement}: put it in your lock file or requirements, "
        "or with `manager: nixpkgs` in `python: {packages: [...]}`"
    )
    return Suggestion(name, "python", None, hint, "packages of PyPI")


def _close(name: str) -> Suggestion | None:
    attr = _same_letters(name) or closest(name, _with_near_beginning(name))
    if attr is None:
        return None
    row = find_native_name(attr)
    # nixpkgs has gcc, and `native` does not take it: what is offered must be what can be written.
    if row is not None and row.kind not in ("attr", "service") and row.hint:
        hint = f"where `{attr}` is meant: {row.hint}"
        return Suggestion(name, row.kind, None, hint, row.source, harmless=row.harmless)
    return Suggestion(name, "close", attr, f"did you mean `{attr}`?", "catalogue of nixpkgs attributes")


def _with_near_beginning(name: str) -> Iterable[str]:
    """Yield the names that a word of several parts may be: those whose first part is near its own.

    `slurm-client` and `lunar-client` have most letters in common, and are two programs.
    """
    first, dash, _ = name.partition("-")
    if not dash:
        return names_there()
    heads = {candidate: re.split("[-_.]", candidate)[0] for candidate in names_there()}
    near = {head for head in set(heads.values()) if _is_near(first, head)}
    return [candidate for candidate, head in heads.items() if head in near or len(head) > len(first)]


def _is_near(one: str, other: str) -> bool:
    from rapidfuzz import fuzz

    return fuzz.ratio(one.lower(), other.lower()) >= CLOSE_ENOUGH


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `word` is probably a misspelling of, or None.

    After `MOST_GUESSES` words no more is guessed: each is held against thousands of names.
    """
    if len(word) > _LONGEST_WORD or len(_guessed) >= MOST_GUESSES:
        return None
    _guessed.append(word)
    # Its import takes 20 ms, which a run without mistakes need not spend; difflib's takes as long.
    from rapidfuzz import fuzz, process, utils

    # Sorted, so that of two as near the same one is offered every time.
    match = process.extractOne(
        word,
        sorted(candidates),
        scorer=fuzz.ratio,
        processor=utils.default_process,
        score_cutoff=CLOSE_ENOUGH,
    )
    return None if match is None else str(match[0])


def renew_guesses() -> None:
    """Begin a run: misspelt words may be guessed again."""
    _guessed.clear()


def _same_letters(name: str) -> str | None:
    """Return the attribute that differs from the name in case, `-`, `_` and `.` only."""
    # All names at once: 20,000 calls take longer than the rest of the message.
    return _names_by_letters().get(_letters(name))


@cache
def _names_by_letters() -> dict[str, str]:
    names = names_there()
    letters = _letters("\n".join(names)).split("\n")
    # Reversed, so that of two names with the same letters the first one stays.
    return dict(zip(reversed(letters), reversed(names), strict=True))


def _letters(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").replace(".", "")

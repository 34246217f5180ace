"""What a value was probably meant to be: a text that its key does not take in, what to write instead out.

Pure text work over the facts; each function returns None where it has no idea.
"""

from __future__ import annotations

import re
from shlex import quote, split
from typing import TYPE_CHECKING, NamedTuple

from pyenvspec.facts import nixpkgs
from pyenvspec.facts.inputs import built_minors
from pyenvspec.facts.mistaken import hint_for_value, meant_by
from pyenvspec.facts.native import find_native_name, is_catalogued
from pyenvspec.reading.lookalikes import find_lookalike, name_lookalike, to_plain_characters
from pyenvspec.spec.flow import format_flow
from pyenvspec.spec.values import DURATION, GPUS, PORT, REGISTRY, SIZE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenvspec.diagnostics import KeyPath

# Longer texts are no mistyped value, and would fill the message that quotes them.
_LONGEST = 200
# Words for "whatever there is", as images and other tools have them.
_ANY = ("latest", "newest", "auto", "any", "stable", "default", "*", "x", "true", "yes")
# `ffmpeg=4.4`, `gcc@12`, `cmake >= 3.20`: as conda, Homebrew and pip have it.
_WITH_VERSION = r"([A-Za-z][\w.+-]*?)\s*(?:[=<>~!@:]=?=?|\s)\s*v?(\d[\w.*]*)"
# `github:owner/repo` of flakes, and the address that a browser shows and that git clones.
_ON_GITHUB = r"(?:github:|(?:https?://)?github\.com/|git@github\.com:)([\w.-]+/[\w.-]+?)(?:\.git)?/?"


class Meant(NamedTuple):
    """What stands beside the caret, and what to do."""

    expected: str | None
    hint: str | None = None


def explain_value(path: KeyPath, value: object) -> Meant | None:
    """Return what a value that does not have the form of its key was meant to be."""
    text = str(getattr(value, "text", value)).strip()
    if not text or len(text) > _LONGEST or not isinstance(value, str | int | float):
        return None
    if wide := find_lookalike(text):
        plain = to_plain_characters(text).strip()
        return Meant("plain characters", f"it holds {name_lookalike(wide)}: write `{plain}`")
    key = ".".join(step for step in path if isinstance(step, str))
    find = _BY_KEY.get(key)
    if find is None and key.startswith("overrides.") and key.endswith((".build_tools", ".libraries")):
        find = _package
    return find(text) if find else None


def explain_choice(path: KeyPath, value: object) -> Meant | None:
    """Return what another tool's word for one of a few values stands for."""
    key = ".".join(step for step in path if isinstance(step, str))
    text = str(value)
    meant, hint = meant_by(key, text), hint_for_value(key, text)
    if meant:
        return Meant(f"did you mean `{meant}`?")
    return Meant(None, hint) if hint else None


def as_list(path: KeyPath, value: object) -> str | None:
    """Return the line to write where one text stands for a list."""
    text = str(getattr(value, "text", value))
    if not isinstance(value, str | int | float) or isinstance(value, bool) or len(text) > _LONGEST:
        return None
    # Words of a command may have blanks and commas in quotes; all other lists are of names.
    items = _split_words(text) if path[-1] == "command" else _split_list(text)
    return f"write `{path[-1]}: {format_flow(items)}`" if items else None


def _split_words(text: str) -> list[str]:
    """Return the words of a command as a shell takes them apart."""
    try:
        return split(text)
    except ValueError:  # a quote that is never closed
        return []


def _split_list(text: str) -> list[str]:
    plain = to_plain_characters(text).strip()
    inner = plain[1:-1] if plain.startswith("[") and plain.endswith("]") else plain
    words = (word.strip("\"'") for word in re.split(r"[\s,;]+", inner))
    return [word for word in words if word not in ("", "-")]


def as_text(path: KeyPath, value: list[object]) -> str | None:
    """Return the line to write where a list stands for one text: a variable's parts, words of a command."""
    words = [str(getattr(item, "text", item)) for item in value]
    if not words or any(isinstance(item, dict | list | None) for item in value):
        return None
    match path[0], len(path):
        case (("native" | "preload"), _):
            return f"write `- {words[0]}`" if len(words) == 1 else None
        # `PATH: [a, b]`: what lists in variables mean is parts between colons.
        case "env", _:
            return f"write `{path[-1]}: {format_flow(':'.join(words))}`"
        case ("scripts", 2) | ("processes", 3):
            return f"write `{path[-1]}: {format_flow(' '.join(map(quote, words)))}`"
    return None


def as_mapping(path: KeyPath, value: object) -> str | None:
    """Return the line to write where a name, names or a switch stand for a mapping."""
    names = [str(item) for item in value] if isinstance(value, list) else [str(getattr(value, "text", value))]
    plain = all(re.fullmatch(r"[\w.-]+", name) for name in names) and bool(names)
    match path:
        case ("services",) if plain:
            return f"write `services: {{{', '.join(f'{name}: {{enable: true}}' for name in names)}}}`"
        case ("services", name) if value is True:
            return f"write `{name}: {{enable: true}}`"
        case ("generate",) if plain:
            return f"write `generate: {{{', '.join(f'{name}: true' for name in names)}}}`"
        case ("wheels",) if isinstance(value, bool):
            return f"write `wheels: {{prefer: {str(value).lower()}}}`"
        case ("inputs", name) if len(names) == 1 and (match := re.fullmatch(_ON_GITHUB, names[0])):
            return f"write `{name}: {{github: {match[1]}}}`"
        # As Docker Compose has it, at the top level and in containers, processes and targets.
        case (*_, "env") if all(re.fullmatch(r"[A-Za-z_]\w*=.*", name) for name in names):
            pairs = (name.partition("=") for name in names)
            return f"write `env: {{{', '.join(f'{key}: {format_flow(text)}' for key, _, text in pairs)}}}`"
    return None


def explain_form(pattern: str, value: object) -> Meant:
    """Return what was meant by a text of almost the form of its key: `04:00:00`, `64 GB`, `8000:80`."""
    text = str(getattr(value, "text", value)).strip()
    find = _BY_FORM.get(pattern)
    form = find(text) if find and len(text) <= _LONGEST else None
    return Meant(f"did you mean `{form}`?" if form and re.match(pattern, form) else None)


def _duration(text: str) -> str | None:
    """Slurm's `1-12:00:00` and `04:00:00`; `4 hours`."""
    if clock := re.fullmatch(r"(?:(\d+)-)?(\d+)(?::(\d\d))?(?::(\d\d))?", text):
        units = "dhms" if clock[1] or clock[4] else "dms"  # sbatch: `90:00` are minutes and seconds
        parts = zip(clock.groups(), units, strict=False)
        return "".join(f"{int(number)}{unit}" for number, unit in parts if int(number or 0))
    spelled = re.fullmatch(
        r"(\d+)\s*(d|h|m|s)(?:ays?|ours?|rs?|in(?:ute)?s?|ec(?:ond)?s?)?", text, re.IGNORECASE
    )
    return f"{spelled[1]}{spelled[2].lower()}" if spelled else None


def _size(text: str) -> str | None:
    match = re.fullmatch(r"(\d+)\s*(?:([kmgt])(i?)b?)?", text, re.IGNORECASE)
    if match is None:
        return None
    unit = match[2] or (
        "G" if int(match[1]) < 1024 else "M"
    )  # sbatch counts in megabytes where no unit is told
    return f"{match[1]}{unit.upper()}{(match[3] or '').lower()}"


def _gpus(text: str) -> str | None:
    match = re.fullmatch(r"(?:gpu:)?([A-Za-z][\w.-]*\d[\w.-]*)(?::(\d+))?", text)
    return f"{match[1]}:{match[2] or 1}" if match else None


def _port(text: str) -> str | None:
    # `8000:80` and `127.0.0.1:8000:80`, as `docker run -p` has it: the last is the port inside.
    match = re.fullmatch(r"(?:[\d.]+:)+(\d+)(/\w+)?", text)
    return f"{match[1]}{match[2] or '/tcp'}" if match else None


def _registry(text: str) -> str | None:
    # `ghcr.io/lab` and `https://ghcr.io/lab/`; a dot parts a host from the name of a user.
    match = re.fullmatch(r"(?:https?://)?([a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?/[a-z0-9._/-]+?)/?", text)
    return f"docker://{match[1]}/" if match else None


def known_pythons() -> list[str]:
    """Return every minor version of Python that can be had, oldest first."""
    return sorted({*nixpkgs.python_minors(), *built_minors()}, key=nixpkgs.version_key)


def some_python() -> str:
    """Return the Python that the newest stable nixpkgs takes itself."""
    stable = [release for release in nixpkgs.releases() if release.stable]
    return nixpkgs.default_python(stable[-1].branch) or known_pythons()[-1]


def _python(text: str) -> Meant | None:
    one = "one version: a minor or an exact one"
    if text.lower() in _ANY:
        return Meant(one, f"write the one that your packages have wheels for, such as `{some_python()}`")
    if text.lower() in ("pypy", "pypy3", "conda", "anaconda"):
        return Meant("a version of CPython", f"write a version, such as `{some_python()}`")
    # `py311`, `cp312`: names of environments and tags of wheels.
    squeezed = re.fullmatch(r"(?:c?python|c?py|cp)[-_ ]?([23])(\d{1,2})", text, re.IGNORECASE)
    match = re.search(r"[23]\.\d+(?:\.\d+)?", text)
    version = f"{squeezed[1]}.{squeezed[2]}" if squeezed else match[0] if match else None
    if version is None:
        return (
            Meant(one, f"write a version, such as `{some_python()}`") if re.match(r"\W*[23]", text) else None
        )
    # `>=3.9,<3.12`, `^3.10`, `3.x`: pyproject.toml's way.
    is_range = bool(re.search(r"[<>^~*|,!]|\.x\b", text))
    return Meant(
        "one version: a minor or an exact one, not a range" if is_range else one,
        f"write `{version}`"
        + (", or the newest that the range takes and your packages have" if is_range else ""),
    )


def _cuda(text: str) -> Meant | None:
    known = nixpkgs.cuda_versions()
    expected = "major and minor, like 12.8"
    if text.lower() in (*_ANY, "none", "false", "no", "off", "cpu"):
        if text.lower() in ("none", "false", "no", "off", "cpu"):
            return Meant(expected, "for no CUDA leave the key out; in a variant write `cuda: null`")
        hint = "write the version that your packages are made for; most wheels bring their own CUDA and need none of it"
        return Meant(expected, hint)
    # `cu124`: what wheels of PyTorch are called after.
    squeezed = re.fullmatch(r"(?:cuda|cu)?[-_ ]?(\d{2})(\d)", text, re.IGNORECASE)
    match = re.search(r"(\d{1,2}\.\d)(?:\.\d+)*", text)
    version = f"{squeezed[1]}.{squeezed[2]}" if squeezed else match[1] if match else None
    if version in known:
        return Meant(f"did you mean `{version}`?")
    return Meant(expected, f"what there is: {', '.join(known)}")


def _release(text: str) -> Meant | None:
    known = [release.branch for release in nixpkgs.releases()]
    if re.search(r"unstable|master|latest|newest|rolling|main", text, re.IGNORECASE):
        return Meant("did you mean `nixos-unstable`?", "`auto` takes the release that has what you ask for")
    # `24.11`, `release-24.11`, `nixpkgs-24_11`, `2411`.
    match = re.search(r"(\d\d)[._]?(\d{1,2})", text)
    branch = f"nixos-{match[1]}.{match[2].rjust(2, '0')}" if match else None
    if branch in known:
        return Meant(f"did you mean `{branch}`?")
    return Meant("auto, or a release branch", f"one of {', '.join(known)}, or a revision of 40 hex digits")


def _capability(text: str) -> Meant | None:
    # `sm_86` and `compute_90a` are nvcc's spellings, `8.6+PTX` is PyTorch's.
    match = re.fullmatch(r"(?:sm|compute|arch)?[-_]?(\d{1,2}?)\.?(\d)([af])?(?:\+PTX)?", text, re.IGNORECASE)
    return Meant(f"did you mean `{match[1]}.{match[2]}`?") if match else Meant("major and minor, like 8.6")


def _native(text: str) -> Meant | None:
    """A name with a version under `native`: what the name itself stands for goes before the version."""
    match = re.fullmatch(_WITH_VERSION, text)
    row = find_native_name(match[1]) if match else None
    if match is None or (is_catalogued(match[1]) and (row is None or row.kind in ("attr", "service"))):
        return _package(text)
    from pyenvspec.facts.meanings import understand  # opens the catalogue, which only mistakes need

    # `python=3.11` is a version for `python`; `gcc=12` is refused, whatever its version.
    has_place = row is None or row.kind in ("key", "python")
    suggestion = understand(f"{match[1]}={match[2]}" if has_place else match[1])
    return _package(text) if suggestion is None else Meant(None, suggestion.hint)


def _package(text: str) -> Meant | None:
    if " - " in text:
        return Meant(
            "one name",
            "start each `- ` in the same column: a deeper one goes on with the line above",
        )
    wrapped = re.fullmatch(r"\$\{(?:pkgs\.|(cuda\.))([\w.+-]+)\}", text)
    if wrapped is not None and wrapped[1]:
        return Meant("a name", f"write `{wrapped[2]}` under `packages` of `cuda`")
    if wrapped is not None:
        return Meant("a name", f"write `{wrapped[2]}`: names of nixpkgs stand here as they are")
    match = re.fullmatch(_WITH_VERSION, text)
    if match is None:
        return None
    name, version = match[1], match[2]
    numbers = re.split(r"[._]", version)
    # nixpkgs has versions in names: `openssl_1_1`, `gcc12`, `ffmpeg_4`.
    spelled = ("_".join(numbers[:2]), "".join(numbers[:2]), numbers[0])
    attrs = (f"{name}{joint}{number}" for number in spelled for joint in ("_", ""))
    attr = next((attr for attr in attrs if is_catalogued(attr)), None)
    if attr:
        return Meant(
            "a name without a version", f"write `{attr}`, the nearest that nixpkgs has beside `{name}`"
        )
    return _without_version(name)


def _of_a_set(text: str) -> Meant | None:
    """A package of the Python or CUDA set: those have no versions in their names."""
    match = re.fullmatch(_WITH_VERSION, text)
    return _without_version(match[1]) if match else None


def _without_version(name: str) -> Meant:
    hint = f"write `{name}`: the version is that of the nixpkgs release (`pyenvspec search {quote(name)}` shows it)"
    return Meant("a name without a version", hint)


_BY_FORM: dict[str, Callable[[str], str | None]] = {
    DURATION: _duration,
    SIZE: _size,
    GPUS: _gpus,
    PORT: _port,
    REGISTRY: _registry,
}
_BY_KEY: dict[str, Callable[[str], Meant | None]] = {
    "python.version": _python,
    "cuda.version": _cuda,
    "cuda": _cuda,
    "nixpkgs.release": _release,
    "cuda.capabilities": _capability,
    "native": _native,
    "python.packages": _of_a_set,
    "cuda.packages": _of_a_set,
    "systems": lambda text: explain_choice(("systems",), text),
}

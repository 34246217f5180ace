"""environment.yml of conda: which Python, which CUDA, which of its packages are Python's and which are not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.facts.native import catalogue_names, find_native_name
from pyenvspec.facts.packages import pypi_name

_SPEC = re.compile(
    r"(?:[\w.-]+(?:/[\w-]+)?::)?([A-Za-z0-9_][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*([=<>!~ ].*)?$"
)
_VERSION = re.compile(r"([0-9]+\.[0-9]+)")
_CUDA = ("cudatoolkit", "pytorch-cuda", "cuda-version", "cuda", "cuda-toolkit", "cudatoolkit-dev")
# Tools of conda itself, and what every shell has.
_OWN = ("pip", "conda", "mamba", "setuptools", "wheel", "cudnn", "cpuonly", "nomkl", "mkl", "_libgcc_mutex")


@dataclass(slots=True)
class CondaFile:
    """What an environment.yml asks for; `packages` are requirements for pip, `left_out` says what has no place."""

    name: str | None = None
    python: str | None = None
    cuda: str | None = None
    native: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    left_out: list[str] = field(default_factory=list)


def read_conda(text: str, file: str) -> CondaFile:
    """Return what the file asks for; raises PyenvspecError where it is no YAML."""
    import yaml

    if len(text) > 1024 * 1024 or re.search(r"[:\-]\s+[&*][A-Za-z]", text):
        raise PyenvspecError(
            Diagnostic("init-source", f"{file} is not a plain environment file of conda", file)
        )
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        line = str(error).splitlines()[0] if str(error) else "nested too deeply"
        raise PyenvspecError(Diagnostic("init-source", f"{file} is not valid YAML: {line}", file)) from None
    found = CondaFile()
    if not isinstance(document, dict):
        return found
    name = document.get("name")
    if isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", name) and name != "base":
        found.name = name
    listed = document.get("dependencies")
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict):
            pip = item.get("pip")
            found.packages += (
                tuple(str(one) for one in pip if isinstance(one, str)) if isinstance(pip, list) else ()
            )
        elif isinstance(item, str):
            _take(found, item)
    return found


def _take(found: CondaFile, text: str) -> None:
    parsed = _SPEC.match(text.strip())
    if parsed is None:
        found.left_out.append(f"`{text}` is not understood")
        return
    name, version = parsed[1].lower(), _VERSION.search(parsed[2] or "")
    if name == "python":
        found.python = version[1] if version else None
    elif name in _CUDA:
        found.cuda = found.cuda or (version[1] if version else None)
    elif name not in _OWN:
        _sort_in(found, name, parsed[2] or "")


def _sort_in(found: CondaFile, name: str, constraint: str) -> None:
    """Put a package among the native ones where nixpkgs knows it as no Python package, else among Python's."""
    row = find_native_name(name)
    if row is not None and row.kind == "attr" and row.attr:
        found.native = tuple(dict.fromkeys((*found.native, row.attr)))
    elif row is not None and row.kind in ("key", "present", "refused"):
        if row.kind != "present":
            found.left_out.append(f"`{name}`: {row.hint}")
    elif row is None and name in catalogue_names() and pypi_name(name) == name:
        found.native = tuple(dict.fromkeys((*found.native, name)))
    elif row is not None and row.kind == "service":
        found.left_out.append(f"`{name}`: {row.hint}")
    else:
        found.packages += (pypi_name(name) + _pip_constraint(constraint),)


def _pip_constraint(text: str) -> str:
    """conda's `=1.2` and `==1.2=build` are pip's `==1.2.*` and `==1.2`."""
    text = text.strip().replace(" ", "")
    exact = re.match(r"==([0-9][A-Za-z0-9.]*)", text)
    near = re.match(r"=([0-9][0-9.]*)(=.*|\.\*)?$", text)
    if exact:
        return f"=={exact[1]}"
    if near:
        return f"=={near[1]}" if (near[2] or "").startswith("=") else f"=={near[1].rstrip('.')}.*"
    return text if re.fullmatch(r"[<>!~]=?[0-9][0-9.*]*(,[<>!~]=?[0-9][0-9.*]*)*", text) else ""

"""What a line of a log alone does not tell: which package was built, which attribute holds a library.

One function per `resolve` of the table; each takes the groups of the pattern and gives the values for its
texts, or None where the line means something else.
"""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING

from pyenvspec.commands.diagnose.answer import DERIVATION, STORE, Answer, because, package_name
from pyenvspec.commands.diagnose.gpu import library_of_cuda
from pyenvspec.facts.caches import find_cache
from pyenvspec.facts.drivers import minimum_driver
from pyenvspec.facts.failures import build_system_of, package_of_program
from pyenvspec.facts.nixpkgs import cuda_versions, version_key
from pyenvspec.facts.packages import wheels_looked_into
from pyenvspec.facts.wheels import attribute_of_soname, is_driver_library, is_libc_library
from pyenvspec.names import suggest_native

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenvspec.commands.diagnose.answer import Log, Values

# Where nixpkgs has libstdc++ and libgcc_s.
_BASE_LIBRARIES = "stdenv.cc.cc"


def _build_system(values: Values, log: Log, at: int) -> Answer | None:
    package, wanted = log.package_at(at), build_system_of(values["module"])
    if package is None or wanted is None:
        return None
    return Answer({**values, "package": package, "wanted": wanted})


def _package(values: Values, log: Log, at: int) -> Answer | None:
    package = log.package_at(at)
    return Answer({**values, "package": package}) if package else None


def _program(values: Values, log: Log, at: int) -> Answer | None:
    program = values.get("name") or values.get("file") or values.get("shell") or ""
    package, wanted = log.package_at(at), package_of_program(program)
    if package is None or wanted is None:
        return None
    return Answer({**values, "package": package, "program": program, "wanted": wanted})


def _wheel_library(values: Values, log: Log, at: int) -> Answer:
    path = re.match(STORE + r"([^/]+)", values["path"])
    package = package_name(path[1]) if path else (log.package_at(at) or "PACKAGE")
    soname = values["soname"]
    attr = attribute_of_soname(soname)
    if is_driver_library(soname):
        key, item, why = (
            "ignore_missing_libraries",
            soname,
            "the driver has it, which is found when Python starts",
        )
    elif attr:
        key, item, why = "libraries", attr, f"it is in {attr}"
    else:
        # Wheels link to far more than most use: plugins for one database, one accelerator.
        key, item = "ignore_missing_libraries", soname
        why = "no package known here holds it; most wheels work without such an optional library"
    return Answer({**values, "package": package, "why": why}, {"overrides": {package: {key: [item]}}})


def _library(values: Values, log: Log, at: int) -> Answer | None:
    soname = values["soname"]
    attr = attribute_of_soname(soname)
    if is_driver_library(soname):
        return because(values, "it belongs to the NVIDIA driver of this machine", "pyenvspec doctor")
    if is_libc_library(soname) or attr == _BASE_LIBRARIES:
        why = "every Python of a pyenvspec shell has it, so this is another Python"
        return because(values, why, "pyenvspec shell", "python -c 'import sys; print(sys.executable)'")
    if attr is not None and attr.startswith("cuda."):
        return library_of_cuda(values, attr.removeprefix("cuda."), log)
    if soname.startswith(("libtorch", "libc10")):
        why = "it is torch's own: what wants it was compiled against another torch"
        return because(values, why, "rm -rf .venv", "pyenvspec shell, which installs all of it again")
    if attr is None:
        # Several bring what they all have a copy of, which says nothing of the one that is missing.
        bringing = [wheel.package for wheel in wheels_looked_into() if soname in wheel.brings]
        if len(bringing) == 1:
            why = f"the Python package {bringing[0]} brings it"
            return because(
                values,
                why,
                f"uv add {quote(bringing[0])}, poetry add {quote(bringing[0])}, or a line in requirements.txt",
            )
        why = "no package known here holds it; a Python package that is not installed may bring it"
        word = re.sub(r"^lib|[-_.]?(?<!\d)\d*\.so.*$", "", soname)
        return because(values, why, f"pyenvspec search {quote(word)}")
    return because(values, f"it is in {attr}", yaml={"native": [attr]})


def _attribute(values: Values, log: Log, at: int) -> Answer:
    attr = values["attr"]
    if python := re.fullmatch(r"python(\d)(\d+)", attr):
        why = f"this nixpkgs has no Python {python[1]}.{python[2]}: `nixpkgs.release` pins one without it"
        return because(values, why, yaml={"nixpkgs": {"release": "auto"}})
    if cuda := re.fullmatch(r"cudaPackages_(\d+)_(\d+)", attr):
        why = f"this nixpkgs has no CUDA {cuda[1]}.{cuda[2]}: `nixpkgs.release` pins one without it"
        return because(values, why, yaml={"nixpkgs": {"release": "auto"}})
    meant = suggest_native(attr)
    # Nix also misses attributes that are no packages (`rev`): a name that only looks alike needs the package's line.
    is_package = meant is not None and (meant.kind != "close" or f"pkgs.{attr}" in log.text)
    if meant and meant.attr and not meant.is_attribute and is_package:
        why = f"this nixpkgs has no `{attr}`; probably `{meant.attr}` is meant"
        return because(values, why, yaml={"native": [meant.attr]})
    why = f"this nixpkgs has no `{attr}`: the name is wrong, or of another release"
    return because(values, why, f"pyenvspec search {quote(attr)}")


def _name(values: Values, log: Log, at: int) -> Answer:
    return Answer({**values, "name": values.get("name") or values.get("newer") or "a package"})


def _collision(values: Values, log: Log, at: int) -> Answer | None:
    names, files = [], []
    for side in ("first", "second"):
        match = re.match(STORE + r"([^/]+)/(.+)", values[side])
        if match is None:
            return None
        names.append(package_name(match[1]))
        files.append(match[2])
    if not re.fullmatch(r"[\w./+@-]+", files[0]):  # it becomes a command, and a log is anybody's text
        return None
    values = {**values, "package": names[0], "other": names[1], "file": files[0]}
    # Two versions of one package: one is in the lock, the other in `python.packages`.
    if names[0] == names[1]:
        values["other"] = "another version of it"
        in_env_yaml = (
            f"take `{names[0]}` out of `python.packages`: the lock, or another package there, brings it"
        )
        from_lock = f"with a lock: overrides: {{{names[0]}: {{from_nixpkgs: true}}}}, so that both are one"
        return Answer(values, {}, (in_env_yaml, from_lock))
    return Answer(values)


def _derivation(values: Values, log: Log, at: int) -> Answer:
    # A path of a derivation where Nix names one, else already a name.
    match = DERIVATION.search(values["what"])
    what = match["name"] if match else values["what"]
    # `python3.11-flash-attn-2.7.4.whl` → flash-attn: parts that begin with a letter are of the name
    wheel = re.match(r"(?:python3[.][0-9]+-)?([A-Za-z][\w.]*(?:-[A-Za-z][\w.]*)*)-[0-9]", what)
    return Answer({**values, "what": what, "package": wheel[1] if wheel else what})


def _input(values: Values, log: Log, at: int) -> Answer:
    # Nix names an input as `github:NixOS/nixpkgs/REV`, or by its attributes as JSON.
    repository = re.search(r"github:[^/]+/([^/?]+)", values["input"])
    owner = re.search(r'"repo":"([^"]+)"', values["input"])
    name = (repository or owner or [None, ""])[1]
    shown = values["input"] if repository else name or values["input"]
    return Answer({**values, "input": shown.split("?")[0], "name": name or ""})


def _shell(values: Values, log: Log, at: int) -> Answer:
    shell, system = values["shell"], values["system"]
    if shell != "default":
        why = f"there is no shell `{shell}` for {system}: `variants` lacks it, or flake.nix is stale"
        return because(values, why, "pyenvspec check", "pyenvspec compile")
    why = "env.yaml does not list this machine's system under `systems`"
    return because(values, why, yaml={"systems": [system]})


def _file(values: Values, log: Log, at: int) -> Answer:
    return Answer({**values, "file": values.get("file") or values.get("store") or "."})


def _url(values: Values, log: Log, at: int) -> Answer:
    url = values.get("url") or values.get("pip") or ""
    # Without what stands before the `@`: that is a password, and what we print is pasted into reports.
    host = re.match(r"https?://(?:[^@/]*@)?([^/:]+)", url)
    return Answer({**values, "at": f": {host[1]}" if host else ""})


def _host(values: Values, log: Log, at: int) -> Answer:
    return Answer({**values, "at": f": {values['host']} is not found" if "host" in values else ""})


def _cache(values: Values, log: Log, at: int) -> Answer:
    """A log is anybody's text: only the address of a known cache becomes a line for nix.conf, with the known key."""
    known = find_cache(values["url"])
    if known is None or not known.is_usable:
        return Answer(values)
    lines = (
        f"add to /etc/nix/nix.conf: extra-trusted-substituters = {known.url}",
        f"add to /etc/nix/nix.conf: extra-trusted-public-keys = {known.key}",
        "restart the daemon: sudo systemctl restart nix-daemon",
        "pyenvspec doctor",
    )
    return Answer(values, commands=lines)


def _driver(values: Values, log: Log, at: int) -> Answer:
    if "found" not in values:
        why = "the driver is older than this CUDA needs"
        return because(values, why, "pyenvspec doctor")
    number = int(values["found"])  # 11040 is CUDA 11.4
    newest = f"{number // 1000}.{number % 1000 // 10}"
    # Within a major version older drivers run newer toolkits, so what runs is every minor of that major.
    runs = [c for c in cuda_versions() if c.split(".")[0] == newest.split(".")[0] and minimum_driver(c)]
    why = f"the driver of this machine knows CUDA up to {newest}, and what is asked for is newer"
    if not runs:
        return because(values, why, "pyenvspec doctor")
    below = [c for c in runs if version_key(c) <= version_key(newest)] or runs[:1]
    commands = (
        "a newer driver, which pyenvspec doctor names",
        f"or wheels made for CUDA {newest.split('.')[0]}: lock a torch that has them (its version ends in +cu…)",
        f"or, where `cuda` is in env.yaml: write {below[-1]} there",
    )
    return because(values, why, *commands)


RESOLVERS: dict[str, Callable[[Values, Log, int], Answer | None]] = {
    "build-system": _build_system,
    "package": _package,
    "program": _program,
    "wheel-library": _wheel_library,
    "library": _library,
    "attribute": _attribute,
    "name": _name,
    "collision": _collision,
    "drv": _derivation,
    "input": _input,
    "shell": _shell,
    "file": _file,
    "url": _url,
    "host": _host,
    "cache": _cache,
    "driver": _driver,
}

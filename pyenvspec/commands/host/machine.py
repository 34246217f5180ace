"""What of `native` this machine lacks, in the words of its own package manager, and where its NVIDIA driver is."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

from pyenvspec.facts.debian import soname_key
from pyenvspec.facts.host_packages import (
    debian_candidates,
    fedora_names,
    homebrew_names,
    library_names,
    plain_name,
)
from pyenvspec.records import dataclass
from pyenvspec.tools import has_program

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyenvspec.tools import Runner

LIBCUDA = "libcuda.so.1"
_DRIVER_FOLDERS = (
    "/run/opengl-driver/lib",
    "/usr/lib/wsl/lib",
    "/usr/local/nvidia/lib64",
    "/usr/local/nvidia/lib",
    "/.singularity.d/libs",
)
"""Where NixOS, WSL, Kubernetes at Google and Apptainer put the driver; nix/modules/driver.c looks there too."""


@dataclass(frozen=True)
class Absent:
    """Packages that are asked for and not here, and the command that installs them; None where nobody knows one."""

    attributes: tuple[str, ...]
    command: str | None


def linker_libraries(runner: Runner) -> frozenset[str]:
    """Return the files that the system's loader finds by itself."""
    for program in ("/sbin/ldconfig", "/usr/sbin/ldconfig"):
        listed = runner.run((program, "-p"))
        if listed.ok:
            # `	libcuda.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libcuda.so.1`
            return frozenset(re.findall(r"^[ \t]+(\S+) \(", listed.stdout, re.MULTILINE))
    return frozenset()


def find_absent(attributes: Iterable[str], libraries: frozenset[str], runner: Runner) -> Absent:
    """Return what is neither a program on PATH, nor a library of the loader, nor an installed package."""
    keys = {soname_key(name) for name in libraries}
    unseen = [attr for attr in attributes if not _is_here(attr, keys)]
    if not unseen:
        return Absent((), None)
    if has_program("apt-get"):
        return _ask_apt(unseen, runner)
    if has_program("dnf"):
        names = {attr: fedora_names(attr) for attr in unseen}
        query = ("rpm", "-q", "--quiet")
        return _ask_each(names, query, "sudo dnf install", runner)
    if has_program("brew"):
        return _ask_each(
            {attr: homebrew_names(attr) for attr in unseen}, ("brew", "list"), "brew install", runner
        )
    return Absent(tuple(unseen), None)


def _is_here(attribute: str, keys: set[str]) -> bool:
    plain = plain_name(attribute)
    if has_program(plain):
        return True
    # `libsndfile` of nixpkgs has libsndfile.so; where a package has several libraries, the one of its name counts.
    own = {key for key, _ in library_names(attribute)}
    named = own & {plain.lower(), f"lib{plain.lower()}"}
    return bool(own) and (named or own) <= keys


def _ask_apt(attributes: list[str], runner: Runner) -> Absent:
    """apt knows what there is, and what is installed, under names that differ between releases."""
    candidates = {attr: debian_candidates(attr) for attr in attributes}
    names = [name for offers in candidates.values() for name in offers]
    # Its words are read, so in English: `ffmpeg:`, then `  Installed: (none)`, then `  Candidate: 7:5.1.6`.
    policy = runner.run(("apt-cache", "policy", *names), env={"LC_ALL": "C"})
    known = {
        name: installed != "(none)"
        for name, installed, offered in re.findall(
            r"^(\S+):\n  Installed: (\S+)\n  Candidate: (\S+)", policy.stdout, re.MULTILINE
        )
        if offered != "(none)" or installed != "(none)"
    }
    missing, packages = [], []
    for attr, offers in candidates.items():
        there = [name for name in offers if name in known]
        # A machine whose lists were never fetched knows none: the first name is most releases' own.
        chosen = (there or list(offers))[0]
        if not known.get(chosen):
            missing.append(attr)
            packages.append(chosen)
    return Absent(tuple(missing), _install("sudo apt-get install", packages))


def _ask_each(
    names: dict[str, tuple[str, ...]], query: tuple[str, ...], install: str, runner: Runner
) -> Absent:
    missing = {attr: own for attr, own in names.items() if not runner.run((*query, *own)).ok}
    return Absent(tuple(missing), _install(install, [name for own in missing.values() for name in own]))


def _install(command: str, packages: list[str]) -> str | None:
    words = shlex.join(dict.fromkeys(packages))
    return f"{command} {words}" if words else None


def hidden_driver(libraries: frozenset[str]) -> str | None:
    """Return the folder of the NVIDIA driver where the system's loader does not look, else None."""
    # The folder of a driver that lies elsewhere; any other word is no folder (nix/modules/driver.c reads it too).
    switch = os.environ.get("PYENVSPEC_DRIVER", "")
    if LIBCUDA in libraries and not switch:
        return None
    folders = (switch, *_DRIVER_FOLDERS) if switch.startswith("/") else _DRIVER_FOLDERS
    return next((folder for folder in folders if os.path.exists(f"{folder}/{LIBCUDA}")), None)  # noqa: PTH110

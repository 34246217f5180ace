"""Which wheels fit: file names in, whether one is for this Python and this system.

Follows PEP 425, 600 and 656. The versions of the C library and of macOS are left to Nix: each nixpkgs that is
chosen has newer ones than wheels ask for, or says so itself.
"""

from __future__ import annotations

import re
from functools import cache

from pyenvspec.records import dataclass

_MACHINES = {
    "x86_64-linux": ("x86_64",),
    "aarch64-linux": ("aarch64",),
    # universal2 has both of today's machines; the last three are of times when there was no arm64.
    "aarch64-darwin": ("arm64", "universal2"),
    "x86_64-darwin": ("x86_64", "universal2", "intel", "fat64", "universal"),
}
# `manylinux_2_17_x86_64`, `manylinux2014_x86_64`, `linux_x86_64`; not `musllinux_…`: nixpkgs' Python is of glibc.
_LINUX = r"(?:manylinux(?:1|2010|2014|_[0-9]+_[0-9]+)|linux)_(.+)$"
_MACOS = r"macosx_[0-9]+_[0-9]+_(.+)$"
# The word in a file's name by which one for another system is told: `…-macosx_11_0_arm64.whl`
_SYSTEM_WORD = {"linux": "linux", "darwin": "macosx"}
# `py3`, `py37`, `cp311`. Three digits at most: names come from locks, and Python refuses numbers of thousands.
_PYTHON = r"(py|cp)([0-9])([0-9]{0,3})$"


@dataclass(frozen=True, slots=True)
class Wheel:
    """The three tags of a wheel's name, each a choice of several."""

    pythons: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[str, ...]


@cache
def parse_wheel(file: str) -> Wheel | None:
    """Return the tags of a wheel, or None where the name is not one of a wheel."""
    parts = file.removesuffix(".whl").split("-")
    # Name, version, perhaps a build number, then the three tags.
    if not file.endswith(".whl") or len(parts) not in (5, 6):
        return None
    python, abi, platform = (tuple(part.split(".")) for part in parts[-3:])
    return Wheel(python, abi, platform)


def fits(file: str, python: str, system: str) -> bool:
    """Return whether a wheel is for CPython `python` (3.10 or 3.10.14) on a Nix system."""
    # Pure Python, as most packages are: told by the end, since a large lock names 100,000 files.
    if file.endswith(("-py3-none-any.whl", "-py2.py3-none-any.whl")):
        return True
    # Most wheels of a lock are for another Python or system; they are told without being parsed.
    if _own_tag(python) not in file and "abi3" not in file and "-none-" not in file:
        return False
    if _SYSTEM_WORD[system.rpartition("-")[2]] not in file and not file.endswith("-any.whl"):
        return False
    wheel = parse_wheel(file)
    return wheel is not None and fits_python(wheel, python) and fits_system(wheel, system)


@cache
def _own_tag(python: str) -> str:
    return "cp" + "".join(python.split(".")[:2])


def fits_python(wheel: Wheel, python: str) -> bool:
    """Return whether a wheel's Python and ABI tags hold for this CPython."""
    major, minor = (int(part) for part in python.split(".")[:2])
    own = _own_tag(python)
    for tag in wheel.pythons:
        match = re.match(_PYTHON, tag)
        if match is None or int(match[2]) != major:
            continue
        tagged = int(match[3]) if match[3] else 0  # `py3` is for every minor
        for abi in wheel.abis:
            # Up to 3.7 the ABI ended in `m`.
            exact = tag == own and abi in (own, f"{own}m")
            # `cp37-abi3` is for 3.7 and all later ones.
            stable = abi == "abi3" and match[1] == "cp" and tagged <= minor
            # `cp311-none` is for that minor alone, `py37-none` for it and all later ones.
            pure = abi == "none" and (tag == own if match[1] == "cp" and match[3] else tagged <= minor)
            if exact or stable or pure:
                return True
    return False


def fits_system(wheel: Wheel, system: str) -> bool:
    """Return whether a wheel's platform tag holds for a Nix system."""
    pattern = _MACOS if system.endswith("-darwin") else _LINUX
    machines = _MACHINES[system]
    return any(
        platform == "any" or ((match := re.match(pattern, platform)) is not None and match[1] in machines)
        for platform in wheel.platforms
    )

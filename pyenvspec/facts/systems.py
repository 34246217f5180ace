"""The systems that env.yaml can name, and those of a shell that names none."""

from __future__ import annotations

import platform

LINUX = ("x86_64-linux", "aarch64-linux")
# Not Macs with Intel: newer nixpkgs no longer build for them.
DEFAULT = (*LINUX, "aarch64-darwin")
ALL = (*DEFAULT, "x86_64-darwin")


def this_system() -> str:
    """Return the system of this machine, as Nix calls it."""
    machine = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    return f"{machine}-{platform.system().lower()}"


def has_cuda(system: str) -> bool:
    """Return whether NVIDIA makes a CUDA for the system; the last for macOS was 10.2."""
    return not system.endswith("-darwin")


def default_systems(*, cuda: bool) -> tuple[str, ...]:
    """Return the systems of a shell that names none, with or without CUDA."""
    return tuple(system for system in DEFAULT if not cuda or has_cuda(system))

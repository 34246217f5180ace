#!/usr/bin/env python3
"""How time and memory of a compile grow with what is in env.yaml and with the lock.

Each size is a whole process; what an empty project costs is taken off before the exponent is fitted (1: linear).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from large_lock import write_project
from measure import (
    Command,
    fit_exponent,
    keep,
    parse_arguments,
    print_table,
    pyenvspec,
    summarize,
    take_turns,
    workspace,
)

from pyenvspec.facts.native import attributes, find_native_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZES = (1, 10, 100, 1000)
LOCKS = (10, 100, 1000, 5000)
PIP = "python: {version: 3.11, manager: pip}\n"


def _mapping(key: str, lines: list[str]) -> str:
    return f"{PIP}{key}:\n" + "".join(f"  {line}\n" for line in lines)


def _natives(count: int) -> str:
    plain = (
        one.name
        for one in attributes()
        if one.is_package
        and one.gone is None
        and one.name.isidentifier()
        and find_native_name(one.name) is None
    )
    return _mapping("native", [f"- {name}" for name, _ in zip(plain, range(count), strict=False)])


KINDS: dict[str, Callable[[int], str]] = {
    "variants": lambda n: _mapping("variants", [f"v{i}: {{env: {{SEED: {i}}}}}" for i in range(n)]),
    "native packages": _natives,
    "env variables": lambda n: _mapping("env", [f"VAR_{i}: ${{pkgs.zlib}}/lib{i}" for i in range(n)]),
    "scripts": lambda n: _mapping("scripts", [f"run-{i}: python -m lab.run {i}" for i in range(n)]),
    "containers": lambda n: _mapping("containers", [f"c{i}: {{image: lab-{i}}}" for i in range(n)]),
}


def write_text(folder: Path, text: str) -> None:
    """Make a project of an env.yaml."""
    folder.mkdir(parents=True)
    (folder / "env.yaml").write_text(text)


def write_overrides(folder: Path, count: int) -> None:
    """Make a project whose lock has a thousand packages, of which so many are overridden."""
    folder.mkdir(parents=True)
    write_project(folder, 1000)
    lines = [f'  package-{i}: {{env: {{JOBS: "{i}"}}}}\n' for i in range(count)]
    manifest = folder / "env.yaml"
    manifest.write_text(manifest.read_text() + ("overrides:\n" + "".join(lines) if lines else ""))


def write_lock(folder: Path, count: int) -> None:
    """Make a project whose lock has so many packages."""
    folder.mkdir(parents=True)
    write_project(folder, count)


def measure_kind(
    folder: Path, write: Callable[[Path, int], None], sizes: tuple[int, ...], rounds: int
) -> dict:
    """Return sizes with time and memory, and both exponents; 0 is the project without any."""
    commands = {}
    for size in (0, *sizes):
        write(folder / str(size), size)
        env = {"XDG_CACHE_HOME": str(folder / "cache"), "HOME": str(folder)}
        argv = [*pyenvspec(), "compile", "--stdout"]
        commands[str(size)] = Command(argv, folder / str(size), env)
    runs = take_turns(commands, rounds)
    points = {int(size): summarize(one) for size, one in runs.items()}
    empty = points[0]
    grown = {
        what: fit_exponent([(size, points[size][what] - empty[what]) for size in sizes])
        for what in ("cpu", "memory")
    }
    return {"sizes": points, "exponents": grown}


def main() -> int:
    """Measure, print and keep."""
    options = parse_arguments(__doc__)
    sizes, locks = ((1, 10), (10,)) if options.quick else (SIZES, LOCKS)
    rounds = 1 if options.quick else min(options.rounds, 5)
    results = {}
    with workspace() as folder:
        for kind, text in KINDS.items():
            place = folder / kind.replace(" ", "-")
            results[kind] = measure_kind(
                place, lambda at, n, text=text: write_text(at, text(n) if n else PIP), sizes, rounds
            )
        results["overrides, of a lock of 1000"] = measure_kind(
            folder / "overrides", write_overrides, sizes, rounds
        )
        results["packages in uv.lock"] = measure_kind(folder / "locks", write_lock, locks, rounds)
    rows = []
    for kind, found in results.items():
        shown = found["sizes"].items()
        times = " ".join(f"{size}: {point['cpu']:.2f}" for size, point in shown)
        peak = max(point["memory"] for _, point in shown) / 2**20
        cpu, memory = (found["exponents"][what] for what in ("cpu", "memory"))
        rows.append((kind, times, f"{cpu:.2f}", f"{peak:.0f} MiB", f"{memory:.2f}"))
    print_table(("", "seconds by size", "exponent", "peak", "exponent"), rows)
    keep("growth", {"results": results}, quick=options.quick)
    return 0


if __name__ == "__main__":
    sys.exit(main())

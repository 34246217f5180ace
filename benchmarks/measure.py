"""What the benchmarks share: commands measured in turns, tables, and results kept as JSON.

CPU time of a process and its children is what is compared: other programs on the machine disturb it less than
the time by the clock. All commands of a comparison take turns, so that what disturbs one disturbs all.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import resource
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True)
class Run:
    """One process from start to end."""

    cpu: float
    memory: int  # bytes at the peak
    code: int


@dataclass(frozen=True)
class Command:
    """What is measured; `before` puts things in order and is not measured."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str] | None = None
    before: Callable[[], object] | None = None
    codes: tuple[int, ...] = (0,)


def run(command: Command) -> Run:
    """Run it to its end; an unexpected exit code ends the benchmark, since then something else was measured."""
    if command.before is not None:
        command.before()
    env = {**os.environ, **(command.env or {})}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command.argv, cwd=command.cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in command.codes:
            output.seek(0)
            text = output.read().decode(errors="replace")
            raise SystemExit(f"{' '.join(map(str, command.argv))} ended with {process.returncode}:\n{text}")
    return Run(used.ru_utime + used.ru_stime, _peak(used), process.returncode)


def _peak(used: resource.struct_rusage) -> int:
    return used.ru_maxrss if sys.platform == "darwin" else used.ru_maxrss * 1024


def take_turns(commands: Mapping[str, Command], rounds: int) -> dict[str, list[Run]]:
    """Run each command once to warm up (bytecode, file cache), then all in turns."""
    for command in commands.values():
        run(command)
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command))
    return runs


def count_instructions(command: Command) -> int | None:
    """Return what valgrind counts, which repeats to a part in a thousand; None where there is no valgrind."""
    if shutil.which("valgrind") is None:
        return None
    if command.before is not None:
        command.before()
    env = {**os.environ, **(command.env or {}), "PYTHONHASHSEED": "0"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    counting = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    program = shutil.which(command.argv[0]) or command.argv[0]
    done = subprocess.run(
        [*counting, program, *command.argv[1:]],
        cwd=command.cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stderr.splitlines() if "refs:" in line]
    return int(lines[0].rsplit(":", 1)[1].replace(",", "")) if lines else None


def summarize(runs: Sequence[Run]) -> dict[str, float]:
    """Return the least and the middle of the CPU time, and the memory."""
    times = [one.cpu for one in runs]
    return {
        "cpu": min(times),
        "cpu_median": statistics.median(times),
        "memory": max(one.memory for one in runs),
    }


def fit_exponent(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the logarithms over the upper half of the points: 1 is linear."""
    upper = [point for point in points if point[1] > 0][-2:]
    if len(upper) < 2:
        return math.nan
    (small, less), (large, more) = upper
    return math.log(more / less) / math.log(large / small)


def pyenvspec() -> list[str]:
    """Return the command as it is installed for this Python."""
    script = Path(sys.executable).parent / "pyenvspec"
    if not script.exists():
        raise SystemExit(f"pyenvspec is not installed for {sys.executable}: pip install -e .")
    return [str(script)]


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder that is gone afterwards, outside of any checkout."""
    with tempfile.TemporaryDirectory(prefix="pyenvspec-benchmark-") as folder:
        yield Path(folder)


def parse_arguments(text: str | None, **options: str) -> argparse.Namespace:
    """Return the options that all benchmarks have, and `options`: name → help of an optional path."""
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--quick", action="store_true", help="few rounds and small sizes; nothing is kept")
    parser.add_argument("--rounds", type=int, default=20)
    for name, meaning in options.items():
        parser.add_argument(f"--{name}", type=Path, help=meaning)
    return parser.parse_args()


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print columns, the first one to the left, the others to the right."""
    texts = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[at]) for row in texts) for at in range(len(head))]
    for row in texts:
        cells = [
            row[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        print("  ".join(cells).rstrip())


def keep(name: str, data: dict[str, Any], *, quick: bool) -> None:
    """Write a result for `report`, with what it was measured on."""
    if quick:
        return
    machine = {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": machine, **data}, indent=2) + "\n")
    print(f"\nkept in {path.relative_to(ROOT)}")

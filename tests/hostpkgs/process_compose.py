"""Stands in for process-compose: runs the processes of its configuration side by side until they end.

Reads `-f FILE`, else PC_CONFIG_FILES, as JSON, which hostpkgs' formats write in place of YAML. Knows no
order, probe or restart.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict


class Process(TypedDict, total=False):
    command: str
    environment: list[str]
    working_dir: str


def main() -> int:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("-f", "--config", action="append", default=[])
    options, _ = parser.parse_known_args()
    files = options.config or os.environ.get("PC_CONFIG_FILES", "").split(",")
    processes: dict[str, Process] = {}
    for file in files:
        processes |= json.loads(Path(file).read_text())["processes"]
    running = {name: _start(process) for name, process in processes.items()}
    signal.signal(signal.SIGTERM, lambda *_: _stop(running.values()))
    codes = {name: process.wait() for name, process in running.items()}
    for name, code in codes.items():
        sys.stderr.write(f"{name}: exit code {code}\n")
    return max(map(abs, codes.values()), default=0)


def _start(process: Process) -> subprocess.Popen[bytes]:
    env = os.environ | dict(setting.split("=", 1) for setting in process.get("environment", []))
    return subprocess.Popen(["bash", "-c", process["command"]], env=env, cwd=process.get("working_dir"))


def _stop(running: Iterable[subprocess.Popen[bytes]]) -> None:
    for process in running:
        process.terminate()


if __name__ == "__main__":
    raise SystemExit(main())

"""Stands in for process-compose: runs the processes of its configuration side by side until they end.

Reads `-f FILE`, else PC_CONFIG_FILES, as JSON, which hostpkgs' formats write in place of YAML. Knows what they wait for
(depends_on, readiness_probe) and the server that `process list`, `process logs NAME` and `down` ask; no restart.
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Process:
    """One process of the configuration; its state is what `process list` shows."""

    def __init__(self, name: str, said: dict[str, Any], others: "dict[str, Process]") -> None:
        self.name, self.said, self.others = name, said, others
        self.state, self.code = "Pending", 0
        self.lines: list[str] = []
        self.running: subprocess.Popen[str] | None = None
        self.is_stopped = False

    def run(self) -> None:
        for other, how in self.said.get("depends_on", {}).items():
            while not self.is_stopped and not self.others[other].has_reached(how["condition"]):
                time.sleep(0.05)
        if self.is_stopped:
            return
        env = os.environ | dict(setting.split("=", 1) for setting in self.said.get("environment", []))
        self.running = subprocess.Popen(
            ["bash", "-c", self.said["command"]],
            env=env,
            cwd=self.said.get("working_dir"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.state = "Running"
        threading.Thread(target=self.ask, daemon=True).start()
        for line in self.running.stdout or ():
            self.lines.append(line)
            sys.stdout.write(line)
            sys.stdout.flush()
        self.code = self.running.wait()
        self.state = "Completed"

    def ask(self) -> None:
        probe = self.said.get("readiness_probe")
        if probe is None:
            return
        time.sleep(probe.get("initial_delay_seconds", 0))
        while self.state == "Running":
            if is_ready(probe):
                self.state = "Ready"
                return
            time.sleep(min(probe.get("period_seconds", 1), 1))

    def has_reached(self, condition: str) -> bool:
        reached = {
            "process_started": self.state != "Pending",
            "process_healthy": self.state == "Ready",
            "process_completed": self.state == "Completed",
            "process_completed_successfully": self.state == "Completed" and self.code == 0,
        }
        return reached[condition]

    def stop(self) -> None:
        self.is_stopped = True
        if self.running is not None:
            number = self.said.get("shutdown", {}).get("signal", signal.SIGTERM)
            with contextlib.suppress(ProcessLookupError):
                # All that it started, as process-compose does.
                os.killpg(self.running.pid, number)


def stop_all(processes: dict[str, Process]) -> None:
    for process in processes.values():
        process.stop()


def is_ready(probe: dict[str, Any]) -> bool:
    if "exec" in probe:
        asked = subprocess.run(
            ["bash", "-c", probe["exec"]["command"]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return asked.returncode == 0
    http = probe["http_get"]
    address = f"{http.get('scheme', 'http')}://{http['host']}:{http['port']}{http.get('path', '/')}"
    try:
        with urllib.request.urlopen(address, timeout=1):
            return True
    except OSError:
        return False


def main() -> int:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("-f", "--config", action="append", default=[])
    parser.add_argument("--unix-socket", default=os.environ.get("PC_SOCKET_PATH", ""))
    parser.add_argument("--output")
    parser.add_argument("--tail")
    options, rest = parser.parse_known_args()
    words = [word for word in rest if not word.startswith("-")]
    if words[:1] != ["up"]:
        return ask(options.unix_socket, words)
    files = options.config or os.environ.get("PC_CONFIG_FILES", "").split(",")
    processes: dict[str, Process] = {}
    for file in files:
        for name, said in json.loads(Path(file).read_text())["processes"].items():
            if not words[1:] or name in words[1:]:
                processes[name] = Process(name, said, processes)
    signal.signal(signal.SIGTERM, lambda *_: stop_all(processes))
    threads = [threading.Thread(target=process.run) for process in processes.values()]
    for thread in threads:
        thread.start()
    with serving(options.unix_socket, processes):
        for thread in threads:
            thread.join()
    for process in processes.values():
        sys.stderr.write(f"{process.name}: exit code {process.code}\n")
    return max((abs(process.code) for process in processes.values()), default=0)


@contextlib.contextmanager
def serving(path: str, processes: dict[str, Process]) -> Iterator[None]:
    if not path:
        yield
        return
    Path(path).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        threading.Thread(target=serve, args=(server, processes), daemon=True).start()
        yield
    Path(path).unlink(missing_ok=True)


def serve(server: socket.socket, processes: dict[str, Process]) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = server.accept()
            with client, client.makefile("rw") as talk:
                match talk.readline().split():
                    case ["process", "list"]:
                        talk.write("".join(f"{one.name} {one.state}\n" for one in processes.values()))
                    case ["process", "logs", name]:
                        talk.write("".join(processes[name].lines))
                    case ["down"]:
                        stop_all(processes)


def ask(path: str, words: list[str]) -> int:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
        except OSError as error:
            sys.stderr.write(f"{path}: {error}\n")
            return 1
        with client.makefile("rw") as talk:
            talk.write(" ".join(words) + "\n")
            talk.flush()
            sys.stdout.write(talk.read())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""debugpy, as editors start it by the link that stays, and gdb, on the Python of a shell."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from labs import Lab
from ports import free_port
from test_shell import index_is_missing

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Shells

pytestmark = [
    pytest.mark.nix,
    pytest.mark.inputs,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("gdb") is None, reason="needs gdb"),
]

PROGRAM = """\
import sys, time
def add(n):
    total = 0
    for i in range(n):
        total += i
        time.sleep(0.01)
    return total
print("started", flush=True)
while "once" not in sys.argv:
    add(3)
print(add(3))
"""
LINE = 5


class Editor:
    """The side of an editor in the Debug Adapter Protocol, as far as a breakpoint needs it."""

    def __init__(self, port: int) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
                break
            except ConnectionRefusedError:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        self.stream = self.socket.makefile("rwb")
        self.number = 0

    def __enter__(self) -> Editor:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()
        self.socket.close()

    def send(self, command: str, **arguments: Any) -> None:
        self.number += 1
        message = {"seq": self.number, "type": "request", "command": command, "arguments": arguments}
        data = json.dumps(message).encode()
        self.stream.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.stream.flush()

    def wait(self, name: str) -> dict[str, Any]:
        """The next event, or answer to a command, of this name."""
        while True:
            length = 0
            while line := self.stream.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            assert length, f"the connection ended before {name}"
            message: dict[str, Any] = json.loads(self.stream.read(length))
            if name in (message.get("event"), message.get("command")):
                assert message.get("success", True), message
                return message

    def stop_at(self, program: Path, line: int) -> str:
        """Attaches, waits at a line, and returns what the variables of the frame there are."""
        self.send("initialize", adapterID="test", clientID="test")
        self.wait("initialize")
        self.send("attach", justMyCode=True)
        self.wait("initialized")
        self.send("setBreakpoints", source={"path": str(program)}, breakpoints=[{"line": line}])
        assert self.wait("setBreakpoints")["body"]["breakpoints"][0]["verified"]
        self.send("configurationDone")
        thread = self.wait("stopped")["body"]["threadId"]
        self.send("stackTrace", threadId=thread)
        frame = self.wait("stackTrace")["body"]["stackFrames"][0]
        assert (frame["name"], frame["line"]) == ("add", line)
        self.send("evaluate", expression="(total, n)", frameId=frame["id"])
        value = str(self.wait("evaluate")["body"]["result"])
        self.send("setBreakpoints", source={"path": str(program)}, breakpoints=[])
        self.wait("setBreakpoints")
        self.send("continue", threadId=thread)
        self.wait("continue")
        return value


@pytest.fixture(scope="module")
def lab(shells: Shells, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    if why := index_is_missing():
        pytest.skip(why)
    made = Lab(shells, tmp_path_factory.mktemp("debug") / "lab", "native", "native: [gdb]")
    (made.root / "requirements.txt").write_text("debugpy\n")
    (made.root / "program.py").write_text(PROGRAM)
    made.timeout = 900
    made.enter("python", "-c", "import debugpy").check()
    return made


def test_an_editor_stops_at_a_line(lab: Lab) -> None:
    port = str(free_port())
    python = str(lab.root / ".venv" / "bin" / "python")
    words = [python, "-m", "debugpy", "--listen", port, "--wait-for-client", "program.py", "once"]
    with subprocess.Popen(
        words, cwd=lab.root, env=lab.environment(), stdout=subprocess.PIPE, text=True
    ) as program:
        try:
            with Editor(int(port)) as editor:
                assert editor.stop_at(lab.root / "program.py", LINE) == "(0, 3)"
            # It ends when its editor has gone.
            assert program.communicate(timeout=60)[0] == "started\n3\n"
        finally:
            program.kill()


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="debugpy needs no gdb there")
def test_an_editor_attaches_to_a_program_that_runs(lab: Lab) -> None:
    python = str(lab.root / ".venv" / "bin" / "python")
    with subprocess.Popen(
        [python, "program.py"], cwd=lab.root, env=lab.environment(), stdout=subprocess.PIPE, text=True
    ) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "started\n"
            port = str(free_port())
            # gdb is that of the shell: it loads debugpy's library into the program.
            lab.enter("python", "-m", "debugpy", "--listen", port, "--pid", str(program.pid)).check()
            with Editor(int(port)) as editor:
                assert editor.stop_at(lab.root / "program.py", LINE).endswith(", 3)")
        finally:
            program.kill()


def test_gdb_stops_in_python_and_in_what_it_loads(lab: Lab) -> None:
    code = "import ctypes; ctypes.CDLL(None).getppid()"
    commands = ("set breakpoint pending on", "break getppid", "run", "backtrace", "info sharedlibrary")
    options = [word for command in commands for word in ("-ex", command)]
    shown = lab.enter("gdb", "-nx", "-q", "-batch", *options, "--args", "python", "-c", code).check().stdout
    assert "Breakpoint 1, " in shown
    assert "_ctypes" in shown
    # The libraries are those of the loader that the interpreter names.
    assert "/lib/pyenvspec/ld-linux" in shown

"""A client of yaml-language-server, which is what editors complete and check env.yaml with.

Speaks the Language Server Protocol over the server's standard input and output.
"""

from __future__ import annotations

import fcntl
import json
import queue
import shutil
import subprocess
import threading
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

VERSION = "1.22.0"
SETTINGS = {
    "yaml": {
        "validate": True,
        "completion": True,
        "hover": True,
        "yamlVersion": "1.2",
        "schemaStore": {"enable": False},
    }
}


def install(folder: Path) -> Path | str:
    """The server's program, installed below `folder` where it is not there yet; why not where it cannot be."""
    if missing := [name for name in ("node", "npm") if shutil.which(name) is None]:
        return f"needs {' and '.join(missing)}"
    home = folder / f"yaml-language-server-{VERSION}"
    home.mkdir(parents=True, exist_ok=True)
    program = home / "node_modules" / ".bin" / "yaml-language-server"
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            package = f"yaml-language-server@{VERSION}"
            command = ["npm", "install", "--prefix", str(home), "--no-audit", "--no-fund", package]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode != 0:
                return f"needs {package} from npm: {done.stderr.strip()[-300:]}"
    return program


class LanguageServer:
    """A running server. Positions are (line, column) from 0."""

    def __init__(self, program: Path, root: Path) -> None:
        self._process = subprocess.Popen(
            [str(program), "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin and self._process.stdout
        self._input: IO[bytes] = self._process.stdin
        self._answers: dict[int, queue.Queue[Any]] = {}
        self._found: dict[str, queue.Queue[list[dict[str, Any]]]] = {}
        self._last_id = 0
        threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()
        can = {
            "workspace": {"configuration": True},
            "textDocument": {
                "completion": {"completionItem": {"snippetSupport": True}},
                "hover": {"contentFormat": ["plaintext"]},
            },
        }
        self.ask("initialize", {"processId": None, "rootUri": root.as_uri(), "capabilities": can})
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": SETTINGS})

    def open(self, path: Path, text: str) -> None:
        """Show the server a file, which need not exist."""
        uri = path.as_uri()
        self._found[uri] = queue.Queue()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})

    def diagnostics(self, path: Path) -> list[str]:
        """What the server complains of in a file that was opened."""
        return [found["message"] for found in self._found[path.as_uri()].get(timeout=60)]

    def check(self, path: Path, text: str) -> list[str]:
        self.open(path, text)
        return self.diagnostics(path)

    def complete(self, path: Path, position: tuple[int, int]) -> dict[str, dict[str, Any]]:
        answer = self.ask("textDocument/completion", _place(path, position))
        items = answer["items"] if isinstance(answer, dict) else answer or []
        return {item["label"]: item for item in items}

    def hover(self, path: Path, position: tuple[int, int]) -> str:
        answer = self.ask("textDocument/hover", _place(path, position))
        contents = answer["contents"] if answer else ""
        return str(contents["value"] if isinstance(contents, dict) else contents)

    def ask(self, method: str, given: dict[str, Any]) -> Any:
        self._last_id += 1
        answer = self._answers[self._last_id] = queue.Queue()
        self._send({"id": self._last_id, "method": method, "params": given})
        return answer.get(timeout=60)

    def stop(self) -> None:
        self.ask("shutdown", {})
        self._tell("exit", {})
        self._input.close()
        self._process.wait(timeout=30)

    def _tell(self, method: str, given: dict[str, Any]) -> None:
        self._send({"method": method, "params": given})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._input.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._input.flush()

    def _listen(self, output: IO[bytes]) -> None:
        while header := output.readline():
            if not header.lower().startswith(b"content-length:"):
                continue
            length = int(header.split(b":")[1])
            while output.readline().strip():
                pass
            self._take(json.loads(output.read(length)))
        output.close()

    def _take(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method is None:
            assert "error" not in message, message
            self._answers[message["id"]].put(message.get("result"))
        elif method == "textDocument/publishDiagnostics":
            uri, found = message["params"]["uri"], message["params"]["diagnostics"]
            if uri in self._found:
                self._found[uri].put(found)
        elif "id" in message:
            result: Any = None
            if method == "workspace/configuration":
                result = [SETTINGS.get(item.get("section")) for item in message["params"]["items"]]
            self._send({"id": message["id"], "result": result})


def _place(path: Path, position: tuple[int, int]) -> dict[str, Any]:
    line, column = position
    return {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": column}}

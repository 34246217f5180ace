"""A stand-in for GitHub on the loopback interface: real git repositories over TLS, behind a proxy.

Programs that are told of the proxy and of the certificate reach it under GitHub's own names; no other
machine is asked for anything.
"""

from __future__ import annotations

import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("github.com", "api.github.com")
TIMES = "--date=format-local:%Y-%m-%dT%H:%M:%SZ"


class LocalGithub:
    """Serves `folder/owner/repo` until it is closed; `env` is what programs need to be told."""

    def __init__(self, folder: Path, repositories: Path) -> None:
        self.folder = folder
        self._make_certificate()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.crt", folder / "server.key")
        handler = type("Handler", (_Handler,), {"repositories": repositories})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._proxy = socket.create_server(("127.0.0.1", 0))
        for work in (self._server.serve_forever, self._accept):
            threading.Thread(target=work, daemon=True).start()
        proxy = f"http://127.0.0.1:{self._proxy.getsockname()[1]}"
        proxies = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        trust = ("NIX_SSL_CERT_FILE", "SSL_CERT_FILE", "GIT_SSL_CAINFO")
        self.env = dict.fromkeys(proxies, proxy) | dict.fromkeys(trust, str(folder / "ca.crt"))
        self.env |= {"no_proxy": "", "NO_PROXY": ""}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._proxy.close()

    def _make_certificate(self) -> None:
        names = ",".join(f"DNS:{name}" for name in NAMES)
        (self.folder / "names").write_text(f"subjectAltName={names}")
        new, days = "-newkey rsa:2048 -nodes", "-days 2"
        for command in (
            f"req -x509 {new} {days} -keyout ca.key -out ca.crt -subj /CN=test -addext "
            "basicConstraints=critical,CA:TRUE",
            f"req {new} -keyout server.key -out server.csr -subj /CN=github.com",
            f"x509 -req {days} -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt "
            "-extfile names",
        ):
            subprocess.run(["openssl", *command.split()], cwd=self.folder, check=True, capture_output=True)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._proxy.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        port = self._server.server_address[1]
        server = socket.create_connection(("127.0.0.1", port))
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        back = threading.Thread(target=_pump, args=(client, server), daemon=True)
        back.start()
        _pump(server, client)
        back.join()
        client.close()
        server.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class _Handler(http.server.BaseHTTPRequestHandler):
    repositories: Path

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests look at what the programs say."""

    def do_GET(self) -> None:
        if found := re.match(r"/(.+)\.git/info/refs\?service=git-upload-pack$", self.path):
            self._answer_refs(found[1])
        elif found := re.match(r"/([^/]+/([^/]+))/archive/(\w{40})\.tar\.gz$", self.path):
            prefix = f"--prefix={found[2]}-{found[3]}/"
            self._answer(self._git(found[1], "archive", "--format=tar.gz", prefix, found[3]))
        elif found := re.match(r"/repos/([^/]+/[^/]+)/commits/(\w{40})$", self.path):
            date = self._git(found[1], "log", "-1", TIMES, "--format=%cd", found[2]).decode().strip()
            self._answer(json.dumps({"commit": {"committer": {"date": date}}}).encode())
        else:
            self.send_error(404)

    def _answer_refs(self, repository: str) -> None:
        if not (self.repositories / repository).is_dir():
            # GitHub does not tell a private repository from one that does not exist.
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="GitHub"')
            self.end_headers()
            return
        refs = self._git(repository, "upload-pack", "--stateless-rpc", "--advertise-refs", ".")
        kind = "application/x-git-upload-pack-advertisement"
        self._answer(b"001e# service=git-upload-pack\n0000" + refs, kind)

    def _git(self, repository: str, *arguments: str) -> bytes:
        folder = self.repositories / repository
        env = {**os.environ, "TZ": "UTC"}
        return subprocess.run(
            ["git", *arguments], cwd=folder, env=env, capture_output=True, check=False
        ).stdout

    def _answer(self, body: bytes, kind: str = "application/octet-stream") -> None:
        if not body:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

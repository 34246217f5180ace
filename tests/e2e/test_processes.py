"""Processes and services behind the shell, with this machine's postgres and redis; process-compose is a stand-in."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from labs import KINDS, Lab, namespaces
from ports import free_port

if TYPE_CHECKING:
    from harness import Result, Shells

pytestmark = [pytest.mark.nix, pytest.mark.inputs, pytest.mark.slow]


class Background:
    """Types the commands in the shell of a lab; `prefix` is what starts Nix."""

    def __init__(self, lab: Lab, prefix: tuple[str, ...] = ()) -> None:
        self.lab = lab
        self.prefix = prefix

    def type(self, *words: str) -> Result:
        return self.lab.enter(*words, prefix=self.prefix)

    def wait(self, path: Path) -> str:
        deadline = time.monotonic() + 120
        while not path.exists() or not path.read_text().endswith("end\n"):
            assert time.monotonic() < deadline, self.type("processes-logs").stdout
            time.sleep(0.2)
        return path.read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_they_run_behind_the_shell_and_are_asked_from_another(
    shells: Shells, tmp_path: Path, kind: str
) -> None:
    port = free_port()
    lab = Lab(
        shells,
        tmp_path / "lab",
        kind,
        "processes:",
        "  web:",
        "    run: 'echo serving; exec python -m http.server $PORT --bind 127.0.0.1'",
        f"    env: {{PORT: {port}}}",
        f"    ready: {{http: {port}}}",
        "  client:",
        "    run: |",
        f"      python -c 'import urllib.request as u; print(u.urlopen(\"http://127.0.0.1:{port}\").status)' >seen",
        "      echo end >>seen",
        "      exec sleep 600",
        "    after: [web]",
    )
    typed = Background(lab)
    assert "start them with: processes-up -d" in typed.type("processes-ps").stderr
    started = typed.type("processes-up", "-d").check()
    assert "processes-down" in started.stderr
    try:
        assert typed.wait(lab.root / "seen") == "200\nend\n"
        shown = typed.type("bash", "-c", "processes-ps; processes-up -d; processes-logs").check()
        assert "web" in shown.stdout
        assert "client" in shown.stdout
        assert "serving" in shown.stdout
        assert "running already" in shown.stderr
    finally:
        typed.type("processes-down").check()
    assert typed.type("processes-ps").code == 1


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server")
@pytest.mark.skipif(
    not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")), reason="needs Debian's postgresql"
)
def test_postgres_and_redis_are_ready_before_what_comes_after_them(shells: Shells, tmp_path: Path) -> None:
    # Postgres refuses root, and Nix' store is root's: the same user, under another number.
    prefix = namespaces("--user", "--map-user=1000", "--map-group=1000")
    if not prefix:
        pytest.skip("needs user namespaces")
    ask = 'psql -tA lab -c "select 6 * 7"; redis-cli -s "$REDIS_UNIX_SOCKET" incr visits'
    lab = Lab(
        shells,
        tmp_path / "lab",
        "devenv",
        "services:",
        "  postgres: {enable: true, initialDatabases: [{name: lab}]}",
        # Its default asks for a later redis than Debian's.
        "  redis: {enable: true, port: 0, extraConfig: ''}",
        "processes:",
        "  work:",
        "    run: |",
        f"      {{ {ask}; echo end; }} >seen 2>&1",
        "      exec sleep 600",
        "    after: [postgres, redis]",
    )
    typed = Background(lab, prefix)
    typed.type("processes-up", "-d").check()
    try:
        assert typed.wait(lab.root / "seen") == "42\n1\nend\n"
        shown = typed.type("bash", "-c", f"devenv processes ps; {ask}; devenv processes logs").check()
        assert {"postgres", "redis", "work"} <= {
            line.split()[0] for line in shown.stdout.splitlines() if line.split()
        }
        assert "42\n2\n" in shown.stdout
        assert "database system is ready to accept connections" in shown.stdout
    finally:
        typed.type("devenv", "down").check()
    gone = typed.type("bash", "-c", ask)
    assert gone.code != 0, gone.stdout
    assert not (lab.root / ".devenv" / "state" / "postgres" / "postmaster.pid").exists()

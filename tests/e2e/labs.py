"""Projects whose shells the real Nix opens: env.yaml in, what happens on entering out.

In: the kind of shell and lines of env.yaml. Each project is a git checkout that finds local flake inputs by its
flake.lock, so `nix develop`, direnv and `pyenvspec shell` run in it exactly as users type them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from harness import Result
from test_venv_hook import make_wheel

from pyenvspec.cli import run as run_pyenvspec

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Shells

KINDS = ("native", "devenv")
MINOR = f"3.{sys.version_info.minor}"
VERSION = "import tiny; print(tiny.version)"


class Lab:
    """A project with its shells. `kind` is the value of `shell` in env.yaml."""

    timeout = 300

    def __init__(self, shells: Shells, root: Path, kind: str, *lines: str, python: str = "") -> None:
        self.shells = shells
        self.root = root
        self.kind = kind
        root.mkdir(parents=True)
        git(root, "init", "--quiet")
        (root / "requirements.txt").write_text("")
        self.describe(*lines, python=python or f"{{version: {MINOR}, manager: pip}}")

    def describe(self, *lines: str, python: str) -> None:
        """Writes env.yaml and compiles it."""
        text = "\n".join([f"python: {python}", f"shell: {self.kind}", *lines])
        (self.root / "env.yaml").write_text(text + "\n")
        assert run_pyenvspec(["compile", "-q", "-C", str(self.root)]) == 0
        git(self.root, "add", "--all")
        self.shells.lock(self.root)
        git(self.root, "add", "--all")

    def require(self, version: str) -> None:
        """Asks for a version of a small package that lies in the project."""
        wheel = make_wheel(self.root / "wheels", version)
        (self.root / "requirements.txt").write_text(f"./wheels/{wheel.name}\n")

    def enter(
        self,
        *command: str,
        shell: str = "default",
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        prefix: tuple[str, ...] = (),
    ) -> Result:
        """`nix develop .#SHELL -c COMMAND…`; `prefix` is what starts Nix, such as unshare."""
        argv = [*prefix, str(self.shells.nix.program), "develop", f".#{shell}", "-c", *command]
        return self.run(*argv, cwd=cwd, env=env)

    def run(self, *argv: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> Result:
        done = subprocess.run(
            argv,
            cwd=cwd or self.root,
            env=self.environment() | (env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=self.timeout,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr, 0)

    def environment(self) -> dict[str, str]:
        return self.shells.nix.environment() | self.shells.nix.configuration()

    def python(self, code: str, **options: str) -> str:
        """What Python code prints in the shell."""
        return self.enter("python", "-c", code, **options).check().stdout.strip()  # type: ignore[arg-type]

    def stamps(self, name: str = ".venv") -> list[tuple[str, int]]:
        """All files of an environment with their times; equal where nothing was made or installed."""
        files = [path for path in (self.root / name).rglob("*") if "__pycache__" not in path.parts]
        return sorted((str(path), path.lstat().st_mtime_ns) for path in files if not path.is_dir())

    def pythons(self) -> list[str]:
        host = json.loads((self.shells.hostpkgs / "host.json").read_text())
        return list(host["pythons"])


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def namespaces(*options: str) -> tuple[str, ...]:
    """A prefix that runs a command in namespaces of its own; empty where this user may not make them."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    prefix = (unshare, *options) if os.geteuid() == 0 else (unshare, "--map-root-user", *options)
    probe = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    return prefix if probe.returncode == 0 else ()

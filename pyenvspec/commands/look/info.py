"""`pyenvspec info`: what a bug report needs, without names of this user or of the machine."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec import __version__
from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import MANIFEST, check_project
from pyenvspec.options import Options, add_json
from pyenvspec.reporter import make_visible, put
from pyenvspec.tools import SystemRunner, nix_argv

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pyenvspec.diagnostics import Diagnostic
    from pyenvspec.tools import Runner

_PROGRAMS = (("git", "--version"), ("uv", "--version"), ("poetry", "--version"), ("direnv", "version"))
_DRIVER = Path("/proc/driver/nvidia/version")


def declare(parser: argparse.ArgumentParser) -> type[Options]:
    """Declare the arguments; return what holds them."""
    add_json(parser)
    return Options


def run(options: Options) -> int:
    """Print it; a broken env.yaml is part of the answer."""
    facts = {**_machine(SystemRunner()), **_project(options.directory)}
    facts = {name: _without_home(value) for name, value in facts.items()}
    if options.json:
        put(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
        return 0
    width = max(map(len, facts))
    for name, value in facts.items():
        put(f"{name:{width}}  {make_visible(value)}\n")
    return 0


def _machine(runner: Runner) -> dict[str, str]:
    facts = {
        "pyenvspec": __version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "distribution": _distribution(),
    }
    # As pyenvspec itself starts it: the one of `get-nix` is not on PATH.
    facts["nix"] = _first_line(runner, nix_argv("--version"))
    for program, word in _PROGRAMS:
        facts[program] = _first_line(runner, (program, word))
    if _DRIVER.exists():
        facts["driver"] = _DRIVER.read_text(errors="replace").splitlines()[0]
    return facts


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "unknown")
    except OSError:  # there is no os-release: on macOS never, in some images of Linux neither
        return "none" if sys.platform == "linux" else " ".join(platform.mac_ver()[:1])


def _first_line(runner: Runner, argv: tuple[str, ...]) -> str:
    # The first start of poetry takes some seconds on a shared file system.
    # Out of the project: poetry loads the plugins that lie in the folder where it is started, whatever it is asked.
    done = runner.run(argv, cwd=Path("/"), timeout=20)
    if done.missing:
        return "not installed"
    return done.stdout.strip().split("\n")[0] if done.ok else f"failed: {done.stderr.strip()[:200]}"


def _project(root: Path) -> dict[str, str]:
    if not (root / MANIFEST).exists():
        return {MANIFEST: "none here"}
    try:
        _, plan, findings = check_project(root)
    except PyenvspecError as error:
        return {MANIFEST: f"not valid: {_codes(error.diagnostics)}"}
    # What decides how things go, and no values: `env`, addresses and names of packages may be nobody else's business.
    shells = (f"{s.name}: Python {s.interpreter.version}, {s.environment.manager}" for s in plan.shells)
    return {
        MANIFEST: f"valid ({_codes(findings)})" if findings else "valid",
        "nixpkgs": plan.nixpkgs.release,
        "shell": plan.renderer,
        "shells": "; ".join(shells),
        "inputs": ", ".join(one.name for one in plan.inputs),
    }


def _codes(findings: Sequence[Diagnostic]) -> str:
    return ", ".join(dict.fromkeys(finding.code for finding in findings))


def _without_home(text: str) -> str:
    home = os.path.expanduser("~")  # noqa: PTH111 -- a text
    return text.replace(home, "~") if len(home) > 1 else text  # in a container HOME may be `/`

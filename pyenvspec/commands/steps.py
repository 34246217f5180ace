"""Commands of other programs, shown and run one after the other; what verbs that hand over to engines share."""

from __future__ import annotations

import platform
import shlex
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.reporter import put, say
from pyenvspec.tools import NOT_FOUND, exec_or_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyenvspec.options import Options

Step = tuple[str, ...]


def show_steps(steps: Sequence[Step]) -> int:
    """Print commands as they would be typed, and run none."""
    put("".join(shlex.join(argv) + "\n" for argv in steps))
    return 0


def run_steps(steps: Sequence[Step], options: Options, *, missing: str = "", stay: bool = False) -> int:
    """Run commands until one fails, and return its exit code; the last one takes our place unless we `stay`.

    Raises PyenvspecError where a program is not there; `missing` is what to do then.
    """
    for number, argv in enumerate(steps, start=1):
        if not options.quiet:
            say(f"$ {shlex.join(argv)}")
        last = number == len(steps)
        code = exec_or_run(argv, cwd=options.directory, stay=stay or not last)
        if code == NOT_FOUND:
            raise PyenvspecError(_missing(argv[0], missing))
        if code != 0:
            return code
    return 0


def _missing(program: str, hint: str) -> Diagnostic:
    message = f"the program `{program}` is not installed, or not on PATH"
    if program == "nix":
        return Diagnostic("nix-missing", message, "nix", hint="run `pyenvspec get-nix`")
    return Diagnostic("engine-missing", message, program, hint=hint or None)


def own_system() -> str:
    """Return what Nix calls this machine."""
    machine = {"arm64": "aarch64", "amd64": "x86_64"}.get(platform.machine(), platform.machine())
    return f"{machine}-{platform.system().lower()}"


def shell_output(variant: str) -> str:
    """Return the flake's output that is a shell: a name alone may be that of a package."""
    return f".#devShells.{own_system()}.{variant}"

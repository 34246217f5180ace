"""Commands of other programs, shown and run one after the other; what verbs that hand over to engines share."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.facts.systems import this_system
from pyenvspec.reporter import put, say, show
from pyenvspec.tools import NOT_FOUND, NOT_STARTED, exec_or_run, has_program, run_overheard
from pyenvspec.writing.atomic import replace_file
from pyenvspec.writing.projectfs import explained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pyenvspec.options import Options
    from pyenvspec.plan import Plan, Shell

Step = tuple[str, ...]

_SIGNALLED = 128
"""From here on an exit code tells of a signal: whoever pressed ^C needs no diagnosis."""


def find_shell(plan: Plan, variant: str) -> Shell | None:
    """Return the shell of a variant; where there is none, say which there are."""
    shell = next((shell for shell in plan.shells if shell.name == variant), None)
    if shell is None:
        say(f"env.yaml has no variant `{variant}`; there is {', '.join(shell.name for shell in plan.shells)}")
    return shell


def show_steps(steps: Sequence[Step]) -> int:
    """Print commands as they would be typed, and run none."""
    put("".join(shlex.join(argv) + "\n" for argv in steps))
    return 0


def run_steps(
    steps: Sequence[Step], options: Options, *, missing: str = "", stay: bool = False, talks: bool = False
) -> int:
    """Run commands until one fails, and return its exit code; the last one takes our place unless we `stay`.

    What a failure means is told below it, where we are still there. What those that only `talk` print goes to stderr.
    Raises PyenvspecError where a program is not there; `missing` is what to do then.
    """
    for number, argv in enumerate(steps, start=1):
        if not options.quiet:
            show(f"$ {shlex.join(argv)}")
        # The last takes our place, so that signals and the terminal are its own.
        if stay or talks or number < len(steps):
            code = run_explained(argv, cwd=options.directory, talks=talks)
        else:
            code = exec_or_run(argv, cwd=options.directory)
        # An engine ends as what it ran in a container did, which may not have been found there.
        if code == NOT_FOUND and not has_program(argv[0]):
            raise PyenvspecError(missing_program(argv[0], missing))
        if code != 0:
            return code
    return 0


def run_explained(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str | None] | None = None,
    talks: bool = False,
) -> int:
    """Wait for a program and return its exit code; where it fails, say what its output means."""
    # Overheard: what it prints is on the terminal as it comes, and the end of it is kept to be explained.
    code, output = run_overheard(argv, cwd=cwd, env=env, talks=talks)
    if code not in (0, NOT_FOUND, NOT_STARTED) and code < _SIGNALLED:
        # Imported where something failed: its tables are large.
        from pyenvspec.commands.diagnose.command import explain

        explain(output)
    return code


def missing_program(program: str, hint: str = "") -> Diagnostic:
    """Return what is told of a program that is not there."""
    message = f"the program `{program}` is not installed, or not on PATH"
    if program == "nix":
        return Diagnostic("nix-missing", message, "nix", hint="run `pyenvspec get-nix`")
    return Diagnostic("engine-missing", message, program, hint=hint or None)


def shell_output(variant: str) -> str:
    """Return the flake's output that is a shell: a name alone may be that of a package."""
    return f".#devShells.{this_system()}.{variant}"


def make_folder(root: Path, path: str) -> None:
    """Make the folder of a file below `.pyenvspec/`, where git does not see it.

    Raises PyenvspecError where a folder there is a link: it may lead out of the project, and is not followed.
    """
    *folders, _ = path.split("/")
    folder = root
    # One by one, and not by mkdir(parents=True), which follows links.
    for part in folders:
        folder /= part
        if folder.is_symlink():
            name = os.path.relpath(folder, root)
            message = f"`{name}` is a link, and a generated file goes there"
            raise PyenvspecError(Diagnostic("write-blocked", message, name, hint=f"remove `{name}`"))
        with explained(path):
            folder.mkdir(exist_ok=True)
    with explained(path):
        # A file that ignores itself too: the project's own .gitignore stays as it is.
        ignore = root / folders[0] / ".gitignore"
        if not ignore.exists():
            replace_file(ignore, b"*\n")


def write_generated(root: Path, path: str, text: str) -> None:
    """Write a file below `.pyenvspec/`; raises PyenvspecError as `make_folder` does."""
    make_folder(root, path)
    with explained(path):
        replace_file(root / path, text.encode())

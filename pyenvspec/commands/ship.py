"""`pyenvspec ship HOST [VARIANT]`: copy a shell with all that it refers to, and say how to enter it there.

The machine needs Nix and no network: nothing is evaluated or downloaded there.
"""

from __future__ import annotations

import re
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.commands.compile import command as compiling
from pyenvspec.commands.steps import Step, run_steps, shell_output, show_steps
from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.driver import MANIFEST, load_plan
from pyenvspec.options import Options
from pyenvspec.records import dataclass
from pyenvspec.reporter import put, say, show
from pyenvspec.tools import SystemRunner, nix_argv

if TYPE_CHECKING:
    import argparse

# `me@host:2222`, never a word that begins with a dash, which ssh would take for an option.
_HOST = re.compile(r"([A-Za-z0-9._-]+@)?[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]+)?")
# `ssh-ng://me@host`, `file:///mnt/disk`, `local?root=/mnt`: addresses of stores, which Nix reads itself
_STORE = re.compile(r"(?:ssh|ssh-ng|file|unix)://[^\s]+|local(?:\?[^\s]+)?")
# `ssh-ng://me@host:2222?compress=true`: the host and the port, for a command of ssh
_BY_SSH = re.compile(r"ssh(?:-ng)?://([^/?:]+)(?::([0-9]+))?")


@dataclass(frozen=True)
class ShipOptions(Options):
    """What this command can be told besides."""

    host: str = ""
    variant: str = "default"
    dry_run: bool = False
    command: tuple[str, ...] = ()


def declare(parser: argparse.ArgumentParser) -> type[ShipOptions]:
    """Declare the arguments; return what holds them."""
    parser.usage = "pyenvspec ship [-h] [-C DIR] [-q] [--dry-run] HOST [VARIANT] [-- OPTION …]"
    parser.add_argument("host", metavar="HOST", help="as ssh knows it, or a store of Nix: ssh-ng://me@host")
    parser.add_argument("variant", nargs="?", default="default", metavar="VARIANT", help="default: default")
    parser.add_argument("--dry-run", action="store_true", help="show the commands, and do not run them")
    return ShipOptions


def run(options: ShipOptions) -> int:
    """Build here, copy, and print the command that enters it there; what followed `--` goes to nix copy."""
    plan = load_plan(options.directory)
    # Both are looked at before anything is built.
    store = store_address(options.host)
    names = [shell.name for shell in plan.shells]
    if options.variant not in names:
        message = f"env.yaml has no variant `{options.variant}`"
        hint = f"there is {', '.join(names)}"
        raise PyenvspecError(Diagnostic("variant-unknown", message, MANIFEST, hint=hint))
    output = shell_output(options.variant)
    build = nix_argv("build", "--no-link", output)
    if options.dry_run:
        # What Nix makes is only known once it is made: its profile stands for it.
        keep = nix_argv("print-dev-env", "--profile", "./environment", output)
        return show_steps(
            [build, keep, _copy(store, options, "./environment"), enter(store, "./environment")]
        )
    # Nix must see env.yaml as it is now; with nothing to do this writes nothing.
    compiling.run(compiling.CompileOptions("compile", options.directory, quiet=True))
    code = run_steps([build], options, stay=True)
    if code != 0:
        return code
    with tempfile.TemporaryDirectory() as folder:
        # Copied is the environment that `nix develop` makes of the shell, since the other machine evaluates nothing;
        # the profile keeps it from the garbage collector meanwhile.
        profile = Path(folder, "environment")
        done = SystemRunner().run(
            nix_argv("print-dev-env", "--profile", str(profile), output), cwd=options.directory
        )
        if not done.ok:
            show(done.stderr)
            return 1
        environment = str(profile.resolve())
        code = run_steps([_copy(store, options, environment)], options, stay=True)
    if code == 0:
        put(shlex.join(enter(store, environment)) + "\n")
        if not options.quiet:
            say("It is entered by the line above, in the project's folder there, which git or rsync brings.")
    return code


def store_address(host: str) -> str:
    """Return Nix's address of a machine; raises PyenvspecError where it is none."""
    if _STORE.fullmatch(host):
        return host
    if _HOST.fullmatch(host):
        return f"ssh-ng://{host}"
    hint = "write it as ssh takes it: host, me@host or me@host:2222"
    raise PyenvspecError(Diagnostic("ship-host", f"`{host}` is no address", "command line", hint=hint))


def _copy(store: str, options: ShipOptions, environment: str) -> Step:
    # What was built here has no signature; the other machine takes our word if this user is trusted there.
    return nix_argv("copy", "--no-check-sigs", "--to", store, *options.command, environment)


def enter(store: str, environment: str) -> Step:
    """Return the command that opens a shell which was copied."""
    match = _BY_SSH.match(store)
    if match is None:
        return nix_argv("develop", "--store", store, environment)
    # By ssh, since `nix develop` starts the shell on this machine, whatever the store; -t, since one types into it.
    port = ("-p", match[2]) if match[2] else ()
    inside = ("nix", "--extra-experimental-features", "nix-command flakes", "develop", environment)
    return ("ssh", "-t", *port, match[1], shlex.join(inside))

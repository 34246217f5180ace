"""`pyenvspec shell [VARIANT] [-- CMD]`: compile what is stale, then become `nix develop`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenvspec.driver import compile_project
from pyenvspec.facts.caches import find_cache
from pyenvspec.options import Options
from pyenvspec.reporter import report, say
from pyenvspec.tools import NOT_FOUND, SystemRunner, exec_or_run, nix_argv
from pyenvspec.writing.checkout import make_known_to_git
from pyenvspec.writing.write import apply, plan_writes

if TYPE_CHECKING:
    import argparse

    from pyenvspec.driver import Compiled
    from pyenvspec.plan import Plan

USAGE = 2


@dataclass(frozen=True, slots=True)
class ShellOptions(Options):
    """What this command can be told besides."""

    variant: str = "default"
    command: tuple[str, ...] = ()


def declare(parser: argparse.ArgumentParser) -> type[ShellOptions]:
    """Declare the arguments; return what holds them."""
    parser.usage = "pyenvspec shell [-h] [-C DIR] [-q] [VARIANT] [-- CMD …]"
    parser.add_argument("variant", nargs="?", default="default", metavar="VARIANT", help="default: default")
    return ShellOptions


def run(options: ShellOptions) -> int:
    """Open the shell, or run a command in it: its exit code is ours."""
    compiled = compile_project(options.directory)
    variant = options.variant
    names = [shell.name for shell in compiled.plan.shells]
    if variant not in names:
        say(f"env.yaml has no variant `{variant}`; there is {', '.join(names)}")
        return USAGE
    _write_stale(compiled, options)
    argv = develop_argv(compiled.plan, variant, options.command)
    if not options.quiet:
        say(f"$ {shlex.join(argv)}")
    code = exec_or_run(argv, cwd=options.directory)
    if code == NOT_FOUND:
        say(
            "`nix` is not installed; run `pyenvspec get-nix`, or take the .venv without Nix: `pyenvspec shell --host`"
        )
    return code


def develop_argv(plan: Plan, variant: str, command: tuple[str, ...]) -> tuple[str, ...]:
    """Return the `nix develop` command of a shell; without `command` it is for typing in."""
    options = ["--accept-flake-config"] if _is_ours(plan) else []
    inside = ["--command", *command] if command else []
    return nix_argv("develop", f".#{variant}", *options, *inside)


def _is_ours(plan: Plan) -> bool:
    """Whether flake.nix names only caches known to us, so that Nix need not ask whether to trust them."""
    known = {(cache.url, cache.key) for cache in map(find_cache, (c.name for c in plan.caches)) if cache}
    return plan.generate.flake and all((cache.url, cache.key) in known for cache in plan.caches)


def _write_stale(compiled: Compiled, options: ShellOptions) -> None:
    changes = plan_writes(options.directory, compiled.files)
    notes = compiled.findings
    if changes.is_stale:
        outcome = apply(changes, on_wait=lambda: say("waiting for another pyenvspec in this project …"))
        notes = (*notes, *outcome.notes)
    notes = (*notes, *make_known_to_git(options.directory, sorted(compiled.files), SystemRunner()))
    report(notes, options)
    if changes.is_stale and not options.quiet:
        say("compiled env.yaml")

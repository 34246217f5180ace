"""`pyenvspec shell [VARIANT] [-- CMD]`: compile what is stale, then become `nix develop`, or the shell that is kept."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.commands.steps import find_shell, run_explained
from pyenvspec.driver import check_project, compile_project
from pyenvspec.facts.caches import is_known_pair
from pyenvspec.facts.systems import ALL, this_system
from pyenvspec.options import USAGE, Options, add_json
from pyenvspec.records import dataclass
from pyenvspec.reporter import emit, is_terminal, report, say, show
from pyenvspec.shortcuts import kept
from pyenvspec.spec.model import LOCK_MANAGERS
from pyenvspec.tools import NOT_FOUND, NOT_STARTED, SystemRunner, exec_or_run, nix_argv
from pyenvspec.writing.checkout import make_known_to_git
from pyenvspec.writing.write import apply, plan_writes

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from pyenvspec.driver import Compiled
    from pyenvspec.plan import Plan, Shell

FAILED = 1


@dataclass(frozen=True)
class ShellOptions(Options):
    """What this command can be told besides."""

    variant: str = "default"
    command: tuple[str, ...] = ()
    print_env: bool = False
    host: bool = False


def declare(parser: argparse.ArgumentParser) -> type[ShellOptions]:
    """Declare the arguments; return what holds them."""
    parser.usage = "pyenvspec shell [-h] [-C DIR] [-q] [--host] [--print-env] [VARIANT] [-- CMD …]"
    parser.add_argument("variant", nargs="?", default="default", metavar="VARIANT", help="default: default")
    parser.add_argument(
        "--print-env", action="store_true", help="print its variables instead, for editors and scripts"
    )
    parser.add_argument(
        "--host",
        action="store_true",
        help="without Nix: the same .venv, on this machine's Python and libraries",
    )
    add_json(parser)
    return ShellOptions


def run(options: ShellOptions) -> int:
    """Open the shell, or run a command in it: its exit code is ours."""
    if options.print_env:
        return _print_env(options)
    # `pyenvspec shell <<EOF`: the bash for typing, which is not interactive then, reads none of what sets it up.
    if not options.command and not is_terminal(sys.stdin):
        options = replace(options, command=kept.READER)
    return _open(options, stay=False)


def _open(options: ShellOptions, *, stay: bool) -> int:
    directory, variant = str(options.directory), options.variant
    if options.host:
        return _open_host(options, stay=stay)
    # The way without a compile; __main__ has tried it already, but only where the script was there. It is made here
    # where only that is missing: Nix has the environment in its store, and need not evaluate anything.
    folder = _find_place(directory, variant)
    if folder and _make_script(directory, folder):
        argv, env = kept.start(folder, options.command)
        return exec_or_run(argv, cwd=options.directory, env=env, stay=stay)
    compiled = compile_project(options.directory)
    shell = find_shell(compiled.plan, variant)
    if shell is None:
        return USAGE
    # On a system that Nix has no shell for (FreeBSD) its own words say more.
    if (here := this_system()) in ALL and here not in shell.systems:
        return _not_made_here(compiled.plan, shell, here)
    _write_stale(compiled, options)
    argv = develop_argv(compiled.plan, variant, options.command)
    if not options.quiet:
        show(f"$ {shlex.join(argv)}")
    if not folder:
        return _told_of_nix(exec_or_run(argv, cwd=options.directory, stay=stay))
    code = _make_kept(compiled, options, folder)
    if code != 0:
        return _told_of_nix(code)
    if not _make_script(directory, folder):  # what it is made from changed meanwhile: nothing is kept
        return exec_or_run(argv, cwd=options.directory, stay=stay)
    argv, env = kept.start(folder, options.command)
    # Used this once, since it is made, but not again without asking Nix.
    if not _is_kept(compiled, directory):
        Path(folder, "stamp").unlink()
    return exec_or_run(argv, cwd=options.directory, env=env, stay=stay)


def _make_kept(compiled: Compiled, options: ShellOptions, folder: str) -> int:
    """Let Nix make what is kept of a shell; return the exit code of the one that failed, what it means told."""
    directory = str(options.directory)
    kept.write_stamp(directory, folder, _sources(compiled.plan))
    # A profile is a root of the garbage collector, so that what is kept stays in the store.
    argv = (*develop_argv(compiled.plan, options.variant, ()), "--profile", f"{folder}/profile")
    env = {"PYENVSPEC_KEEP": folder, "PYENVSPEC_ONLY_KEEP": "1"}
    return run_explained((*argv, "--command", "true"), cwd=options.directory, env=env)


def _told_of_nix(code: int) -> int:
    if code == NOT_FOUND:
        say("`nix` is not installed; run `pyenvspec get-nix`, or go without: `pyenvspec shell --host`")
    if code == NOT_STARTED:
        say("`nix` cannot be started; run `pyenvspec doctor`, or go without: `pyenvspec shell --host`")
    return code


def _open_host(options: ShellOptions, *, stay: bool) -> int:
    from pyenvspec.commands.host.command import open_host

    _, plan, findings = check_project(options.directory)
    report(findings, options)
    shell = find_shell(plan, options.variant)
    if shell is None:
        return USAGE
    runner, quiet = SystemRunner(), options.quiet
    return open_host(plan, shell, options.directory, options.command, runner, stay=stay, quiet=quiet)


def _not_made_here(plan: Plan, shell: Shell, here: str) -> int:
    say(f"the shell `{shell.name}` is made for {', '.join(shell.systems)}; this is {here}")
    others = [shlex.join(("pyenvspec", "shell", s.name)) for s in plan.shells if here in s.systems]
    if others:
        say(f"for {here} there is: {', '.join(others)}")
    else:
        say(f"add {here} to `systems` of env.yaml, where what it asks for is there for it")
    return FAILED


def _find_place(directory: str, variant: str) -> str | None:
    try:
        return kept.folder_of(directory, variant)
    except (ValueError, OSError):  # no cache folder, or no project any more: then Nix is asked each time
        return None


def _make_script(directory: str, folder: str) -> bool:
    """Write a kept environment as bash code; Nix reads it from its store and evaluates nothing."""
    try:
        if not kept.is_current(directory, folder):
            return False
    except (OSError, ValueError):
        return False
    script = Path(folder, "script")
    if not script.exists():
        environment = Path(folder, "profile").resolve()
        done = SystemRunner().run(nix_argv("print-dev-env", str(environment)), cwd=Path(directory))
        if not done.ok:
            return False
        # Named by the process: two shells that are opened at once must not write into one file.
        draft = script.with_suffix(f".{os.getpid()}")
        draft.write_text(done.stdout, encoding="utf-8", errors="surrogateescape")
        draft.replace(script)
    return True


def _is_kept(compiled: Compiled, directory: str) -> bool:
    """Whether all that a shell comes from is known: not where a lock builds packages from folders."""
    for shell in compiled.plan.shells:
        environment = shell.environment
        if environment.manager in LOCK_MANAGERS:
            lock = Path(directory, environment.project, f"{environment.manager.removesuffix('2nix')}.lock")
            text = lock.read_text(encoding="utf-8", errors="replace") if lock.is_file() else ""
            # uv: `source = { editable = "libs/a" }`, where "." is the project itself, which is not built; poetry:
            # `type = "directory"`. What changes in such a folder is in no file that the stamp has.
            if re.search(
                r'(editable|virtual|directory) = "(?!\."|")|^type = "directory"', text, re.MULTILINE
            ):
                return False
    return True


@contextmanager
def _stdout_on_stderr() -> Iterator[None]:
    """What processes print meanwhile is talk: by the descriptor, which they inherit, and not by sys.stdout."""
    sys.stdout.flush()
    kept_open = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept_open, 1)
        os.close(kept_open)


def _sources(plan: Plan) -> tuple[str, ...]:
    """Return the files besides the flake's that Nix makes the shell from: a .venv's lock is read on entry."""
    paths = {*plan.modules, *plan.nixpkgs.overlays}
    for shell in plan.shells:
        if shell.environment.manager in LOCK_MANAGERS:
            paths |= {*plan.watched, *(p for o in shell.environment.overrides for p in o.patches)}
    return tuple(sorted(paths))


# Written to a file: stdout has what entering the shell prints.
_TELL = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"


def _print_env(options: ShellOptions) -> int:
    """Print the variables that the shell sets otherwise than they are here; what entering prints goes to stderr."""
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, "environment")
        # By this interpreter: the shell may have no Python, or one that PYTHONPATH leads astray.
        command = (sys.executable, "-I", "-S", "-c", _TELL, str(written))
        with _stdout_on_stderr():
            code = _open(replace(options, command=command, quiet=True), stay=True)
        if code != 0 or not written.exists():
            return code or 1
        inner: dict[str, str] = json.loads(written.read_text())
    # What bash sets for itself, and LC_CTYPE, which Python sets where there is no locale.
    own = ("_", "SHLVL", "PWD", "OLDPWD", "LC_CTYPE")
    # Only what differs, so that an editor which takes it in keeps its own session's variables.
    changed = {k: v for k, v in sorted(inner.items()) if os.environ.get(k) != v and k not in own}
    if options.json:
        emit(json.dumps(changed, indent=2, ensure_ascii=False) + "\n", sys.stdout)
    else:
        emit("".join(f"export {name}={shlex.quote(value)}\n" for name, value in changed.items()), sys.stdout)
    return 0


def develop_argv(plan: Plan, variant: str, command: tuple[str, ...]) -> tuple[str, ...]:
    """Return the `nix develop` command of a shell; without `command` it is for typing in."""
    # Otherwise Nix asks for each cache of flake.nix, and without a terminal leaves them out and builds for hours.
    options = ["--accept-flake-config"] if _may_be_accepted(plan) else []
    inside = ["--command", *command] if command else []
    return nix_argv("develop", f".#{variant}", *options, *inside)


def _may_be_accepted(plan: Plan) -> bool:
    """Whether flake.nix names only caches known to us and no builders: Nix need not ask then whether to trust them."""
    known = all(is_known_pair(cache.url, cache.key) for cache in plan.caches)
    return plan.generate.flake and not plan.builders and known


def _write_stale(compiled: Compiled, options: ShellOptions) -> None:
    # As `compile` without --force: a file of the user's that is in the way stops it here too.
    changes = plan_writes(options.directory, compiled.files)
    notes = compiled.findings
    if changes.is_stale:
        outcome = apply(changes, on_wait=lambda: say("waiting for another pyenvspec in this project …"))
        notes = (*notes, *outcome.notes)
    notes = (*notes, *make_known_to_git(options.directory, sorted(compiled.files), SystemRunner()))
    report(notes, options)
    if changes.is_stale and not options.quiet:
        say("compiled env.yaml")

"""`pyenvspec outdated`: what has a newer version: the release, pinned inputs, Python packages. Changes nothing."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from pyenvspec.commands.host.python import find_uv
from pyenvspec.commands.look.installed import installed_packages
from pyenvspec.driver import check_project
from pyenvspec.facts import nixpkgs
from pyenvspec.facts.input_sources import REVISION
from pyenvspec.options import Options, add_json
from pyenvspec.pinning.flakelock import read_locked
from pyenvspec.pinning.pins import read_pins, tested_pins, usable_pins, wanted_refs
from pyenvspec.project.git import run_away
from pyenvspec.records import dataclass
from pyenvspec.reporter import align, put, report, say, waiting
from pyenvspec.spec.model import VENV_MANAGERS
from pyenvspec.tools import SystemRunner

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from pyenvspec.plan import Plan, Shell
    from pyenvspec.tools import Runner

# uv asks the index once for each of some hundred packages.
_PATIENCE = 90.0
_OF_VENV = ("pip", "setuptools")  # there before anything is installed


@dataclass(frozen=True)
class OutdatedOptions(Options):
    """What this command can be told besides."""

    offline: bool = False


@dataclass(frozen=True)
class Old:
    """One thing with a newer version, and what moves it."""

    kind: str
    name: str
    now: str
    newest: str
    command: str


def declare(parser: argparse.ArgumentParser) -> type[OutdatedOptions]:
    """Declare the arguments; return what holds them."""
    parser.add_argument("--offline", action="store_true", help="ask neither GitHub nor the package index")
    add_json(parser)
    return OutdatedOptions


def run(options: OutdatedOptions) -> int:
    """Print what is old; what cannot be asked is told, and is no failure."""
    _, plan, findings = check_project(options.directory)
    report(findings, options.as_text())
    runner = SystemRunner()
    untold: list[str] = []
    outdated = list(_release(plan))
    if not options.offline:
        with waiting("asking GitHub and the package index", quiet=options.quiet):
            outdated += _inputs(plan, options.directory, runner, untold)
            outdated += _packages(plan.shells[0], options.directory, runner, untold)
    if options.json:
        put(json.dumps({"outdated": [asdict(one) for one in outdated], "unknown": untold}, indent=2) + "\n")
        return 0
    rows = [(one.kind, one.name, one.now, one.newest, one.command) for one in outdated]
    for kind, name, now, newest, command in align(rows):
        put(f"{kind}  {name}  {now} → {newest}  {command}\n")
    for line in untold:
        say(line)
    if not outdated and not untold and not options.quiet:
        say("nothing is old")
    return 0


def _release(plan: Plan) -> Iterator[Old]:
    now, newest = plan.nixpkgs.release, nixpkgs.newest_stable()
    # One that is not in the table is a branch or commit of the user's, older or newer than which nobody can tell.
    known = [release.branch for release in nixpkgs.releases()]
    if now in known and newest in known and known.index(now) < known.index(newest):
        ends = nixpkgs.end_of_support(now)
        until = f"{now} (security fixes until {ends})" if ends else now
        yield Old("release", "nixpkgs", until, newest, "pyenvspec explain nixpkgs.release")


def _inputs(plan: Plan, root: Path, runner: Runner, untold: list[str]) -> Iterator[Old]:
    # The pin in use: the team's own, else the tested revision; what Nix locked by itself stands in flake.lock alone.
    pinned = tested_pins(plan.inputs) | usable_pins(plan.inputs, read_pins(root))
    revisions = read_locked(root) | {name: pin.rev for name, pin in pinned.items()}
    for name, source in sorted(wanted_refs(plan.inputs).items()):
        ref, revision = source.ref or "HEAD", revisions.get(name)
        if revision is None or REVISION.fullmatch(ref):
            continue
        newest = _newest_revision(f"https://github.com/{source.owner}/{source.repo}", ref, runner)
        if newest is None:
            untold.append(f"inputs: GitHub could not be asked for {source.owner}/{source.repo}")
            return  # without a network each of the others would wait as well
        if newest != revision:
            yield Old("input", name, revision[:12], newest[:12], f"pyenvspec update {quote(name)}")


def _newest_revision(url: str, ref: str, runner: Runner) -> str | None:
    """Return the commit that a branch or tag is now, or None where that cannot be asked."""
    result = run_away(runner, ("git", "ls-remote", url, ref, f"{ref}^{{}}"), timeout=20)
    pairs = [line.split("\t", 1) for line in result.stdout.splitlines() if "\t" in line]
    revisions = {name: revision for revision, name in pairs if REVISION.fullmatch(revision)}
    # `main` matches `refs/heads/next/main` too; a tag with a text of its own is an object, and `^{}` its commit.
    names = (ref, f"refs/heads/{ref}", f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}")
    return next((revisions[name] for name in names if name in revisions), None) if result.ok else None


def _packages(shell: Shell, root: Path, runner: Runner, untold: list[str]) -> Iterator[Old]:
    """Ask uv for the newest of each name, in a folder of its own, so that nothing of the project is run."""
    environment = shell.environment
    if environment.manager not in VENV_MANAGERS:
        return
    have = {n: v for n, v in installed_packages(root / environment.venv).items() if n not in _OF_VENV}
    names = "".join(f"{name}\n" for name in have)
    if not names:
        untold.append(f"packages: there is no {environment.venv} to look at; `pyenvspec shell` makes it")
        return
    minor = nixpkgs.minor_of(shell.interpreter.version)
    # Without a build, so that nothing of the packages is run; without dependencies, as each is asked for by itself.
    argv = (
        find_uv() or "uv",
        "pip",
        "compile",
        "-",
        "--no-config",
        "--no-build",
        "--no-deps",
        "--quiet",
        "--no-header",
    )
    with tempfile.TemporaryDirectory() as folder:
        words = (*argv, "--no-annotate", "--python-version", minor)
        result = runner.run(words, cwd=Path(folder), input=names, timeout=_PATIENCE)
    if not result.ok:
        untold.append(
            f"packages: {'uv is not here' if result.missing else 'uv could not be asked'} for the newest ones"
        )
        return
    # Names as uv prints them are normalised, as ours are.
    newest = dict(re.findall(r"^([\w.-]+)==(\S+)", result.stdout, re.MULTILINE))
    # pip has no lock to move: the pin is changed where it is typed.
    command = {"uv": "uv lock --upgrade-package {}", "poetry": "poetry update {}"}.get(environment.manager)
    for name, now in have.items():
        if name in newest and newest[name] != now:
            how = (
                command.format(name) if command else f"edit {environment.requirements or 'requirements.txt'}"
            )
            yield Old("package", name, now, newest[name], how)

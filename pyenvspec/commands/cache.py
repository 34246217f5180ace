"""`pyenvspec cache push [CACHE]`: build the shells and fill the team's binary cache with them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pyenvspec.commands.compile import command as compiling
from pyenvspec.commands.steps import Step, missing_program, run_steps, shell_output, show_steps
from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.driver import MANIFEST, load_plan
from pyenvspec.names import closest
from pyenvspec.options import Options
from pyenvspec.records import dataclass
from pyenvspec.tools import has_program, nix_argv

if TYPE_CHECKING:
    import argparse

    from pyenvspec.plan import Cache, Plan

# What fills caches that Nix itself does not write to; each takes the cache's name and store paths.
_PROGRAMS = ("cachix", "attic")
_INSTALL = {
    "cachix": "run `nix profile install nixpkgs#cachix`, then `cachix authtoken`",
    "attic": "run `nix profile install nixpkgs#attic-client`, then `attic login`",
}


@dataclass(frozen=True)
class CacheOptions(Options):
    """What this command can be told besides."""

    action: str = "push"
    cache: str | None = None
    secret_key: str | None = None
    dry_run: bool = False
    command: tuple[str, ...] = ()


def declare(parser: argparse.ArgumentParser) -> type[CacheOptions]:
    """Declare the arguments; return what holds them."""
    parser.usage = "pyenvspec cache push [-h] [-C DIR] [--secret-key FILE] [--dry-run] [CACHE] [-- OPTION …]"
    parser.add_argument("action", choices=("push",), help="every shell, with all that it refers to")
    parser.add_argument(
        "cache", nargs="?", metavar="CACHE", help="its address; default: each that says `push`"
    )
    parser.add_argument(
        "--secret-key", metavar="FILE", help="sign with this key, for caches that are files or buckets"
    )
    parser.add_argument("--dry-run", action="store_true", help="show the commands, and do not run them")
    return CacheOptions


def run(options: CacheOptions) -> int:
    """Compile what is stale, then one command a cache."""
    plan = load_plan(options.directory)
    caches = _wanted(options.cache, plan)
    if not options.dry_run:
        _check_ready(caches, options)
    with tempfile.TemporaryDirectory() as folder:
        # The links keep Nix from collecting what is built before it is pushed; with the folder they are gone.
        links = "result" if options.dry_run else f"{folder}/result"
        built = [_build(plan, links)] if any(map(_program, caches)) else []
        if options.dry_run:
            return show_steps([*built, *(_push(cache, plan, options, [f"./{links}"]) for cache in caches)])
        compiling.run(compiling.CompileOptions("compile", options.directory, quiet=True))
        code = run_steps(built, options, stay=True)
        paths = sorted(str(path.resolve()) for path in Path(folder).iterdir())
        for cache in caches:
            if code == 0:
                step = _push(cache, plan, options, paths)
                code = run_steps([step], options, stay=True)
        return code


def _wanted(name: str | None, plan: Plan) -> list[Cache]:
    """Return the caches to fill; raises PyenvspecError where there is none."""
    filled = [cache for cache in plan.caches if cache.push is not None]
    if name is None and filled:
        return filled
    for cache in filled:
        if name in (cache.name, cache.push):
            return [cache]
    names = [cache.name for cache in filled]
    if not names:
        message = "no cache of env.yaml says `push`"
        hint = 'write `caches: [{url: "s3://team-cache", key: "team-1:…", push: true}]`'
    else:
        message = f"env.yaml has no cache `{name}` that says `push`"
        near = closest(name or "", names)
        hint = f"did you mean `{near}`?" if near else f"there is {', '.join(names)}"
    raise PyenvspecError(Diagnostic("cache-not-filled", message, MANIFEST, hint=hint))


def _check_ready(caches: list[Cache], options: CacheOptions) -> None:
    """Raise where a cache could not be filled: told before hours of building."""
    for program in map(_program, caches):
        if program and not has_program(program):
            raise PyenvspecError(missing_program(program, _INSTALL[program]))
    if options.secret_key is not None and not Path(options.secret_key).is_file():
        message = f"there is no file `{options.secret_key}`"
        hint = "name the file that `nix key generate-secret` has written"
        raise PyenvspecError(Diagnostic("file-not-found", message, options.secret_key, hint=hint))


def _program(cache: Cache) -> str:
    """Return the program that fills a cache, "" for Nix itself."""
    # `cachix:team`, `attic:lab`; `s3://…` and `ssh://…` are stores of Nix itself.
    head = (cache.push or "").partition(":")[0]
    return head if head in _PROGRAMS else ""


def _outputs(plan: Plan) -> list[str]:
    return [shell_output(shell.name) for shell in plan.shells]


def _build(plan: Plan, links: str) -> Step:
    return nix_argv("build", "--out-link", links, *_outputs(plan))


def _push(cache: Cache, plan: Plan, options: CacheOptions, paths: list[str]) -> Step:
    target = cache.push or ""
    program = _program(cache)
    if program:
        return (program, "push", *options.command, target.partition(":")[2], *paths)
    if options.secret_key:
        between = "&" if "?" in target else "?"
        # Nix takes the key as a part of the store's address; in a URL a `&` or space of the path needs quoting.
        target += f"{between}secret-key={quote(str(Path(options.secret_key).resolve()))}"
    return nix_argv("copy", "--to", target, *options.command, *_outputs(plan))

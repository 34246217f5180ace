"""What opening the shell will cost here: Nix is asked what it would fetch and what it would build, and builds nothing.

Only with `--online`, and only for a flake that is what we would write: Nix evaluates it purely, without import from
derivation, so that nothing of the project is run. A derivation that no cache has is one of three things: a
package (it has a source), an archive that is only unpacked, or a small file that is made on the spot.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

from pyenvspec.commands.doctor.model import Check, Mark, reason_of
from pyenvspec.commands.steps import shell_output
from pyenvspec.facts.caches import caches_to_try, is_known_pair
from pyenvspec.facts.systems import this_system
from pyenvspec.records import dataclass
from pyenvspec.reporter import some_of
from pyenvspec.writing.write import plan_writes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyenvspec.commands.doctor.model import Context
    from pyenvspec.plan import Cache, Plan, Shell
    from pyenvspec.tools import Result

GROUP = "builds"
_PATIENCE = 600.0
"""Seconds for fetching the flake's inputs and evaluating it."""
_NAMED = 8
"""Packages that are called by name; the rest is counted."""
_ASKED = 24
"""Packages that another cache is asked for: each is a request of its own."""

# What `nix build --dry-run` prints to stderr: `these 3 derivations will be built:`, then their paths, indented.
_BUILT = re.compile(
    r"^(?:these \d+ derivations|this derivation) will be built:\n((?:  \S+\n?)+)", re.MULTILINE
)
# `these 34 paths will be fetched (120.5 MiB download, 600.0 MiB unpacked):`
_FETCHED = re.compile(
    r"^(?:these (\d+) paths|this path) will be fetched \(([^)]*) download, ([^)]*) unpacked\):", re.MULTILINE
)
# Nix then goes on without this cache, and would count everything as built.
_SILENT = re.compile(r"unable to download '([^']+)'|disabling binary cache '([^']+)'")
# Wheels, and what NVIDIA packs: files are copied and patched, nothing is compiled.
_UNPACKED = re.compile(r"\.whl(\.drv)?$|-archive\.tar\.\w+(\.drv)?$")
# What a repository's own .git/config names is not run by the git that Nix starts: variables come before it.
_GIT = {
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "core.fsmonitor",
    "GIT_CONFIG_VALUE_0": "false",
    "GIT_CONFIG_KEY_1": "core.hooksPath",
    "GIT_CONFIG_VALUE_1": "/dev/null",
}
# env.yaml may have modules of the project's own, which are evaluated: without these three Nix would take any cache that
# they name, build while it evaluates, or read files outside of the project.
_SAFELY = (
    *("--option", "accept-flake-config", "false"),
    *("--option", "allow-import-from-derivation", "false"),
    *("--option", "pure-eval", "true"),
)


@dataclass(frozen=True)
class Derivations:
    """What no cache has, sorted by what making it means; `outputs` are the hashes of what is compiled."""

    compiled: tuple[str, ...]
    outputs: tuple[str, ...]
    unpacked: int
    small: int


def check_builds(context: Context, files: Mapping[str, bytes]) -> Iterator[Check]:
    """Yield what `nix develop` fetches and builds; `files` are those that a compile would write now."""
    plan = context.plan
    if not context.online or plan is None or not plan.generate.flake or not context.settings:
        return
    shell = next((shell for shell in plan.shells if this_system() in shell.systems), None)
    if shell is None:
        return
    if plan_writes(context.root, files).is_stale:
        text = "what is to build is counted once env.yaml is compiled"
        yield Check(GROUP, Mark.WARN, text, ("pyenvspec compile", "pyenvspec doctor --online"))
        return
    dry_run = _ask(context, plan, shell)
    if silent := _SILENT.search(dry_run.stderr):
        text = f"what is to build cannot be counted while {silent[1] or silent[2]} does not answer"
        yield Check(GROUP, Mark.WARN, text, ("check the network and the proxy (https_proxy)",))
    elif not dry_run.ok:
        yield _explain_failure(dry_run, shell)
    else:
        yield from _tell(context, plan, shell, dry_run.stderr)


def _ask(context: Context, plan: Plan, shell: Shell) -> Result:
    """Ask for the shell with those caches that `pyenvspec shell` accepts."""
    known = [cache for cache in plan.caches if is_known_pair(cache.url, cache.key)]
    options = _cache_options(known)
    words = ("build", "--dry-run", "--no-write-lock-file", *_SAFELY, *options, shell_output(shell.name))
    return _nix(context, *words)


def _cache_options(caches: list[Cache]) -> tuple[str, ...]:
    if not caches:
        return ()
    urls, keys = (" ".join(words) for words in zip(*((c.url, c.key) for c in caches), strict=True))
    return ("--option", "extra-substituters", urls, "--option", "extra-trusted-public-keys", keys)


def _nix(context: Context, *words: str) -> Result:
    argv = ("nix", "--extra-experimental-features", "nix-command flakes", *words)
    return context.runner.run(argv, cwd=context.root, timeout=_PATIENCE, env={"LC_ALL": "C", **_GIT})


def _explain_failure(dry_run: Result, shell: Shell) -> Check:
    if dry_run.timed_out:
        return Check(GROUP, Mark.WARN, f"not counted: Nix took longer than {_PATIENCE / 60:.0f} minutes")
    # Opening it fails in the same way, and tells what that means.
    fix = (shlex.join(("pyenvspec", "shell", *([] if shell.name == "default" else [shell.name]))),)
    return Check(GROUP, Mark.BAD, f"Nix does not evaluate the shell: {reason_of(dry_run)}", fix)


def _tell(context: Context, plan: Plan, shell: Shell, output: str) -> Iterator[Check]:
    fetched = _FETCHED.search(output)
    if fetched:
        # "this path", of a single one, has no number.
        paths = f"{int(fetched[1] or 1):,} path{'s' if fetched[1] else ''}"
        text = f"{paths} to fetch: {fetched[2]} over the network, {fetched[3]} on the disk"
        yield Check(GROUP, Mark.GOOD, text)
    listed = _BUILT.search(output)
    if not listed:
        text = (
            "nothing is built here" if fetched else "the shell is in the store: nothing is fetched or built"
        )
        yield Check(GROUP, Mark.GOOD, text)
        return
    derivations = listed[1].split()
    shown = _nix(context, "derivation", "show", *derivations)
    try:
        missing = sort_out(shown.stdout)
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
    ):  # the form of this JSON differs between releases of Nix
        yield Check(
            GROUP, Mark.WARN, f"{len(derivations):,} derivations are built, of which no cache has any"
        )
        return
    if missing.unpacked or missing.small:
        text = f"{missing.unpacked:,} archives to unpack and {missing.small:,} small files to make here"
        yield Check(GROUP, Mark.GOOD, text)
    if missing.compiled:
        yield _compiled(context, plan, shell, missing)
    else:
        yield Check(GROUP, Mark.GOOD, "nothing is compiled here")


def sort_out(shown: str) -> Derivations:
    """Sort what `nix derivation show` prints; ValueError and its like where it has another form."""
    answer = json.loads(shown)
    # Newer releases of Nix put the rows under a key, beside the version of this form.
    rows = {str(name): row for name, row in answer.get("derivations", answer).items()}
    compiled: dict[str, str] = {}
    unpacked = small = 0
    for row in rows.values():
        # With structured attributes a derivation has its values in one JSON text, which newer releases show as data.
        env = {**row.get("env", {}), **(row.get("structuredAttrs") or {})}
        if "__json" in env:
            env |= json.loads(env["__json"])
        source = env.get("src") or env.get("srcs")
        if any("hash" in output for output in row["outputs"].values()):
            continue  # a download, counted with what it is for
        if not source or env.get("preferLocalBuild") in ("1", True):
            small += 1
        elif _UNPACKED.search(str(source)):
            unpacked += 1
        else:
            outputs = row["outputs"]
            path = str((outputs.get("out") or next(iter(outputs.values()))).get("path", ""))
            # A cache has the package of the path /nix/store/HASH-NAME at HASH.narinfo.
            compiled[str(row["name"])] = path.rpartition("/")[2].split("-")[0]
    hashes = [digest for _, digest in sorted(compiled.items()) if digest]
    return Derivations(tuple(sorted(compiled)), tuple(hashes), unpacked, small)


def _compiled(context: Context, plan: Plan, shell: Shell, missing: Derivations) -> Check:
    count = len(missing.compiled)
    text = (
        f"{count:,} package{'s' if count > 1 else ''} to compile here, since no cache that is used has"
        f" {'them' if count > 1 else 'it'}: {some_of(missing.compiled, _NAMED)}"
    )
    return Check(GROUP, Mark.WARN, text, tuple(_ways_out(context, plan, shell, missing)))


def _ways_out(context: Context, plan: Plan, shell: Shell, missing: Derivations) -> Iterator[str]:
    """Say what of env.yaml takes packages off the caches, and which cache has them, after asking it."""
    nixpkgs = shell.nixpkgs or plan.nixpkgs
    if shell.cuda and shell.cuda.capabilities:
        yield "leave `cuda.capabilities` out: caches have packages for the generations that nixpkgs takes by itself"
    if nixpkgs.all_overlays:
        yield "what `nixpkgs.overlays` change, and all that needs it, no cache has"
    # Hydra, whose builds caches have, builds the heads of release branches only.
    if not nixpkgs.release.startswith("nixos-"):
        yield "write `nixpkgs: {release: auto}`: caches have what a release branch had, not every revision"
    if shell.cuda:
        used = {cache.url for cache in plan.caches}
        for cache in caches_to_try("cuda"):
            if cache.url in used:
                continue
            sample = missing.outputs[:_ASKED]
            count = sum(context.host.fetch(f"{cache.url}/{digest}.narinfo") is None for digest in sample)
            if count:
                share = f"{count} of {len(sample)} of them" if len(sample) > 1 else "it"
                yield f"the cache `{cache.name}` ({cache.url}) has {share}; to use it, write in env.yaml:"
                yield f"  caches: [{cache.name}]"

"""The one way to start git: for the repository that Nix would take, and nothing that the repository names is run.

A project may come from a stranger: by clone, where a committed folder may look like a bare repository, or as an
archive, where .git/config may name programs (fsmonitor, hooks, filters, a remote's upload-pack).
What asks other machines is started by `run_away`, where git finds no repository at all.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.records import dataclass
from pyenvspec.tools import OUTPUT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pyenvspec.tools import Result, Runner

_SECONDS = 30.0
"""For a repository on a slow network disk; a compile does not hang for git."""

# No program that the repository names is run, whatever its configuration says; git's own command line comes last.
_SETTINGS = {
    "safe.bareRepository": "explicit",  # a folder of the project is no repository, whatever it holds
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,  # post-index-change runs when the index is written
    "core.untrackedCache": "false",
    "core.attributesFile": os.devnull,
    "protocol.allow": "never",
    "submodule.recurse": "false",  # a submodule is a repository with a configuration of its own
}

# A hook, or a shell within one, sets these for another repository or another index than ours. Nix ignores
# them and looks for `.git` upwards; so do we. Paths are names, never patterns; messages are read, so English.
_NO_OTHER: dict[str, str | None] = {
    **dict.fromkeys(
        (
            "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            "GIT_COMMON_DIR",
            "GIT_DIR",
            "GIT_GLOB_PATHSPECS",
            "GIT_ICASE_PATHSPECS",
            "GIT_INDEX_FILE",
            "GIT_NAMESPACE",
            "GIT_NOGLOB_PATHSPECS",
            "GIT_OBJECT_DIRECTORY",
            "GIT_PREFIX",
            "GIT_WORK_TREE",
        )
    ),
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_ENV: dict[str, str | None] = {
    **_NO_OTHER,
    "GIT_ALLOW_PROTOCOL": "none",  # nothing is fetched: `protocol.file.allow` of the repository says otherwise
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
}
# The user's own configuration may send an address through ssh or to a mirror; a command (`ext::`) is nobody's address.
_PROTOCOLS = "https:http:ssh:git:file"

_NO_FILTER = {"clean": "", "process": "", "required": "false"}
_VARIABLE = "PYENVSPEC_FILTER_"

# What git says of a repository that belongs to another user; the second are the words of 2.35.2.
_FOREIGN = ("detected dubious ownership", "unsafe repository")


@dataclass(frozen=True)
class Checkout:
    """The working tree that a project lies in: the folder of `.git`, and the project's own folder below it."""

    top: Path
    prefix: str = ""

    def inside(self, path: str) -> str:
        """Return the path of a project's file as git knows it."""
        return f"{self.prefix}{path}"


def find_checkout(root: Path) -> Checkout | None:
    """Return the checkout of a project as Nix finds it: by the nearest `.git`, which may be a file."""
    absolute = Path(os.path.realpath(root))
    for folder in (absolute, *absolute.parents):
        if os.path.lexists(folder / ".git"):
            below = absolute.relative_to(folder).as_posix()
            return Checkout(folder, "" if below == "." else f"{below}/")
    return None


def run_git(
    runner: Runner,
    checkout: Checkout,
    *arguments: str,
    options: tuple[Sequence[str], Mapping[str, str]] = ((), {}),
) -> Result:
    """Run git in a checkout; `options` are more of git's own, with the variables that they name.

    It starts where `.git` is and looks no further up, so that it finds that one or none.
    """
    words = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
    words += options[0]
    env = {**_ENV, **options[1], "GIT_CEILING_DIRECTORIES": str(checkout.top.parent)}
    return runner.run(("git", *words, *arguments), cwd=checkout.top, timeout=_SECONDS, env=env)


def run_away(runner: Runner, argv: Sequence[str], timeout: float) -> Result:
    """Run git, or a program that starts it, to ask another machine: out of the project, whose configuration sends
    addresses elsewhere (`url.….insteadOf`) and names programs that fetch.
    """
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        away = {"GIT_CEILING_DIRECTORIES": os.path.dirname(os.path.realpath(folder))}  # noqa: PTH120 (a text)
        # Never a question, nor a window that asks it: a private or misspelt repository must fail.
        env = {**_NO_OTHER, **away, "GIT_ALLOW_PROTOCOL": _PROTOCOLS, "GIT_ASKPASS": ""}
        return runner.run(argv, cwd=Path(folder), timeout=timeout, env=env)


def list_known(runner: Runner, checkout: Checkout, paths: Sequence[str] = ()) -> Result:
    """Ask which of the project's files git knows, all of them without `paths`; NUL stands between the names."""
    inside = [checkout.inside(path) for path in paths] or [checkout.prefix or "."]
    listed = run_git(runner, checkout, "ls-files", "-z", "--", *inside)
    names = listed.stdout.split("\0")
    return replace(listed, stdout="\0".join(name.removeprefix(checkout.prefix) for name in names))


def make_known(runner: Runner, checkout: Checkout, paths: Sequence[str]) -> Result:
    """Let git know new files, without their content: `git add --force --sparse --intent-to-add`, filters off."""
    result = run_git(
        runner, checkout, "config", "--null", "--get-regexp", r"^(filter\..*|core\.sparsecheckout)$"
    )
    # 1: there is none. What is cut off may name one more.
    if result.returncode not in (0, 1) or result.timed_out or result.is_cut:
        return result
    settings = dict(entry.partition("\n")[::2] for entry in result.stdout.split("\0") if entry)
    # Writing the index reads files that changed in the same instant, and would filter them.
    names = {name.rpartition(".")[0] for name in settings if name.startswith("filter.")}
    # Shown so is a byte that is no UTF-8, and the name itself is not known any more.
    if odd := [name for name in sorted(names) if re.search(r"\\x[0-9a-f]{2}", name)]:
        return replace(
            result, returncode=1, stderr=f"its configuration has a filter with an odd name: {odd[0]}"
        )
    sparse = ("--sparse",) if "core.sparsecheckout" in settings else ()
    inside = [checkout.inside(path) for path in paths]
    words = ("add", "--force", *sparse, "--intent-to-add", "--", *inside)
    return run_git(runner, checkout, *words, options=_filters_off(names))


def _filters_off(names: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Return the options of git that take the programs from filters, and the variables that they name."""
    options: list[str] = []
    for name in sorted(names):
        for key, value in _NO_FILTER.items():
            # `-c` would end the name at its first `=`; a git that is older than the other way refuses it.
            as_variable = f"--config-env={name}.{key}={_VARIABLE}{key.upper()}"
            options += [as_variable] if "=" in name else ["-c", f"{name}.{key}={value}"]
    return options, {f"{_VARIABLE}{key.upper()}": value for key, value in _NO_FILTER.items()}


def explain_failure(checkout: Checkout, result: Result) -> tuple[str, tuple[str, ...]]:
    """Return why git did not answer, and the command that mends it where there is one."""
    if result.missing:
        return "git is not installed", ()
    if result.timed_out:
        return "git took too long", ()
    if result.is_cut:
        return f"it says more than {OUTPUT_LIMIT // 2**20} MiB, of its configuration or of its files", ()
    if any(words in result.stderr for words in _FOREIGN):
        trust = ("git", "config", "--global", "--add", "safe.directory", str(checkout.top))
        return "the folder belongs to somebody else, whom git does not trust", trust
    return next((line for line in result.stderr.splitlines() if line.strip()), "git failed"), ()


def add_command(paths: Sequence[str]) -> tuple[str, ...]:
    """Return the command that makes files known, to be typed in the project's folder."""
    return ("git", "add", "--force", "--intent-to-add", "--", *paths)

"""Asks uv, where it and the network are there, for which Python a list of packages resolves; nothing of them is run.

In a folder of its own and with wheels only, so that no setup.py of anybody is executed.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from pyenvspec.commands.host.python import find_uv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyenvspec.project.survey.source import Source
    from pyenvspec.tools import Runner

_ASK = (
    *("pip", "compile", "-"),
    # What is asked is the packages' own word, whatever this user's uv.toml says.
    "--no-config",
    # A source would be built to learn what it needs, which runs its setup.py.
    "--no-build",
    *("--quiet", "--no-header", "--no-annotate"),
    # No interpreter is fetched: what it would build with does not matter.
    "--no-python-downloads",
    # The wheels for Linux count, also where this runs on a Mac.
    *("--python-platform", "x86_64-manylinux_2_28"),
)
# uv's own words for an index that it does not reach.
_OFFLINE = re.compile(r"dns error|error sending request|Failed to fetch|tcp connect error", re.IGNORECASE)
# `Because aged[more]>=0.10.1,<=0.10.3 has no usable wheels`, `all versions of flash-attn have no usable wheels`
NO_WHEEL = re.compile(r"\b([a-z0-9-]+)(?:\[[^\]]*\])?([=<>!]\S*)? (?:has|have) no usable wheels")
_PATIENCE = 90.0
"""Seconds for all questions together; `init` goes on without an answer."""
_MOST_TRIES = 5
"""Pythons that are asked for, the newest first: each may take several questions."""
_IN_HASTE = {"UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "15"}
# Lines of a requirements file: `--extra-index-url https://download.pytorch.org/whl/cu121`. A folder is not looked into.
_INDEX = re.compile(r"(--extra-index-url|--index-url|--find-links|-i|-f)[ =]+(https?://\S+)$")


def in_haste() -> dict[str, str]:
    """Return variables with which an index that is not reachable costs seconds, not uv's minute and a half."""
    return {name: os.environ.get(name, value) for name, value in _IN_HASTE.items()}


def newest_that_resolves(source: Source, minors: Sequence[str], runner: Runner) -> tuple[str | None, str]:
    """Return the newest of `minors` for which uv finds wheels of everything, and what it said in words.

    The first is None where uv has no network, or finds nothing for the newest few. Packages that have no
    wheel for any Python are left out of the question.
    """
    lines = {wanted.name: text for wanted in source.packages if (text := _plain(wanted.text))}
    if not lines:
        return None, "none of them is on an index"
    matches = [_INDEX.match(claim.value) for claim in source.options]
    options = [word for match in matches if match for word in _as_uv(match[1], match[2])]
    ask = (find_uv() or "uv", *_ASK)
    deadline = time.monotonic() + _PATIENCE
    refusal, excluded = "", set[str]()
    with tempfile.TemporaryDirectory() as folder:
        for minor in list(reversed(minors))[:_MOST_TRIES]:
            while lines and time.monotonic() < deadline:
                argv = [*ask, "--python-version", minor, *options]
                # uv leaves these out of the answer, whoever needs them.
                if excluded:
                    Path(folder, "excluded.txt").write_text("\n".join(excluded))
                    argv += ["--excludes", "excluded.txt"]
                text = "\n".join(lines.values()) + "\n"
                left = deadline - time.monotonic()
                done = runner.run(argv, cwd=Path(folder), input=text, timeout=left, env=in_haste())
                if done.ok:
                    return minor, f"uv finds wheels for it of the {len(lines)} packages that have any"
                if done.timed_out:
                    return None, f"uv gave no answer in {_PATIENCE:.0f} seconds"
                if _OFFLINE.search(done.stderr):
                    return None, "uv could not reach the package index"
                refusal = _short(done.stderr)
                lacking = NO_WHEEL.search(done.stderr)
                if lacking is None or lacking[1] in excluded:
                    break
                alone = lacking[1] + (lacking[2] or "")
                others = [other for other in minors if other != minor]
                # uv says the same of what has no wheel for this Python and of what is a source for all of them.
                if any(_has_wheel((*ask, *options), alone, other, runner, deadline) for other in others):
                    break
                # What is always built says nothing of wheels, be it asked for or needed by another.
                excluded.add(lacking[1])
                lines.pop(lacking[1], None)
    return None, refusal


def _has_wheel(ask: tuple[str, ...], text: str, minor: str, runner: Runner, deadline: float) -> bool:
    left = deadline - time.monotonic()
    if left <= 0:
        return False
    argv = [*ask, "--no-deps", "--python-version", minor]
    with tempfile.TemporaryDirectory() as folder:
        return runner.run(argv, cwd=Path(folder), input=f"{text}\n", timeout=left, env=in_haste()).ok


def _plain(text: str) -> str:
    """Return a requirement of an index, and nothing for a folder, a repository, or what is none.

    Written anew from what it says: a line end in it would be an option on the next line of what uv reads.
    """
    try:
        requirement = Requirement(text)
    except ValueError:
        return ""
    return "" if requirement.url else str(requirement)


def _as_uv(option: str, value: str) -> tuple[str, str]:
    """Options of pip in the words of `uv pip`, which has no short ones for all."""
    return {"-i": "--index-url", "-f": "--find-links"}.get(option, option), value


def _short(text: str) -> str:
    """What uv said, without the frame that it draws around it."""
    lines = [match[0] for line in text.splitlines() if (match := re.search(r"[A-Za-z].*", line))]
    return " ".join(lines[1:3] or lines[:1])[:300]

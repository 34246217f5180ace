"""Pins from GitHub: what inputs ask for in, revisions and hashes out, through `nix-prefetch-github`.

Either every pin is had or LockError says why each of the others is not. Only reads; writing is the caller's.
"""

from __future__ import annotations

import json
import queue
import re
import threading
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pyenvspec.diagnostics import Diagnostic
from pyenvspec.facts.input_sources import REVISION, known_hash
from pyenvspec.pinning.pinfile import LOCK_FILE, LockError, Pin, is_nar_hash
from pyenvspec.project.git import run_away
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pyenvspec.pinning.pinfile import FlakeRef
    from pyenvspec.tools import Result, Runner

PROGRAM = "nix-prefetch-github"
AT_ONCE = 8
FETCH_SECONDS = 600.0
"""Seconds for one input: nixpkgs is a download of some 50 MB that is unpacked and hashed."""

WITH_ALL = f"nix shell nixpkgs#{PROGRAM} nixpkgs#nix-prefetch-git --command pyenvspec lock"
"""Brings the program and the helper without which it would build an expression of <nixpkgs>."""

_WITHOUT_NAME = {"prefetch-missing", "prefetch-old"}
_OF_MACHINE = {*_WITHOUT_NAME, "prefetch-incomplete", "prefetch-network", "prefetch-rate-limit"}
"""Causes that are no fault of a single input."""

_MOST_LINES = 12
"""Of the program's last words, where no cause is known."""


@dataclass(frozen=True)
class Progress:
    """One more input is done: `pin` is None where it failed."""

    name: str
    done: int
    total: int
    pin: Pin | None


_Got = Pin | BaseException


@dataclass(frozen=True)
class _Failure:
    """A way to fail: what the program's words show it by, and what the user is told."""

    code: str
    shown_by: str
    message: str
    hint: str


_FAILURES = (
    _Failure(
        "prefetch-old",
        r"unrecognized arguments",
        f"`{PROGRAM}` is too old",
        f"Install version 7 or newer (`pip install --upgrade {PROGRAM}`, or `{WITH_ALL}`).",
    ),
    _Failure(
        "prefetch-rate-limit",
        r"rate limit|error:? 429|too many requests|abuse detection",
        "GitHub refuses more requests from here for now",
        "Wait for some minutes and run it again; a token in GITHUB_TOKEN raises GitHub's limit.",
    ),
    _Failure(
        "prefetch-network",
        r"could not resolve|name resolution|name or service not known|network is unreachable|no route to host"
        r"|connection (?:refused|timed out|reset)|failed to connect|couldn't connect|urlopen error"
        r"|operation timed out|gnutls|certificate verif|certificate problem|ssl (?:error|connect|peer)",
        "GitHub cannot be reached",
        "Check the network, proxy and certificates (`git ls-remote {url}` must work), then run it again.",
    ),
    _Failure(
        "prefetch-repository",
        r"repository not found|could not read username|authentication failed|terminal prompts disabled"
        r"|repository '[^']*' not found",
        "GitHub has no public repository {owner}/{repo}",
        "Correct its name in env.yaml; private repositories cannot be pinned.",
    ),
    _Failure(
        "prefetch-ref",
        r"error:? 404",
        "GitHub has no revision {ref} in a public repository {owner}/{repo}",
        "Correct the revision in env.yaml: all 40 digits, of a commit that was pushed.",
    ),
    _Failure(
        "prefetch-incomplete",
        r"file 'nixpkgs' was not found|no such file or directory: '(?:git|nix|which)|command not found",
        f"a program that `{PROGRAM}` needs is not there",
        f"Run `{WITH_ALL}`, which brings them all.",
    ),
    _Failure(
        "prefetch-ref",
        # The program says so after any failure of git; only without one is the ref what is wrong.
        r"(?s)\A(?!.*fatal: ).*unable to locate revision",
        "{owner}/{repo} has no branch or tag {ref}",
        "Correct it in env.yaml (`git ls-remote {url}` lists them all).",
    ),
)
"""Tried in this order: what a cause is shown by comes before what it leads to."""


def fetch_pins(
    wanted: Mapping[str, FlakeRef],
    runner: Runner,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    timeout: float = FETCH_SECONDS,
) -> dict[str, Pin]:
    """Return a pin for each input, several got side by side; `on_progress` is called from this thread."""
    done = _start(wanted, lambda name: fetch_pin(name, wanted[name], runner, timeout=timeout))
    pins: dict[str, Pin] = {}
    failures: list[Diagnostic] = []
    # One answer for each name, in whatever order they come: the loop ends when all threads have.
    for count in range(1, len(wanted) + 1):
        name, got = done.get()
        if isinstance(got, Pin):
            pins[name] = got
        elif isinstance(got, LockError):
            failures += got.diagnostics
        else:
            # No failure of GitHub's: a mistake of ours in that thread, told as such by this one.
            raise got
        if on_progress is not None:
            on_progress(Progress(name, count, len(wanted), pins.get(name)))
    if failures:
        raise LockError(*_merge(failures))
    return dict(sorted(pins.items()))


def _start(names: Iterable[str], fetch: Callable[[str], Pin]) -> queue.SimpleQueue[tuple[str, _Got]]:
    """Work on all names, several at once; what each gave comes out of the queue."""
    waiting = deque(sorted(names))
    done: queue.SimpleQueue[tuple[str, _Got]] = queue.SimpleQueue()

    def work() -> None:
        while True:
            try:
                name = waiting.popleft()
            except IndexError:
                return
            try:
                done.put((name, fetch(name)))
            except BaseException as error:  # whatever it is: who waits for the queue would wait forever
                done.put((name, error))

    # Daemons: an interrupted command does not wait for downloads.
    for _ in range(min(AT_ONCE, len(waiting))):
        threading.Thread(target=work, daemon=True).start()
    return done


def _merge(findings: list[Diagnostic]) -> list[Diagnostic]:
    """Tell what is true of the machine once, and the rest by input."""
    merged = []
    # `groupby` joins neighbours only.
    for code, group in groupby(sorted(findings, key=lambda d: (d.code, d.message)), key=lambda d: d.code):
        first, *others = group
        if code not in _OF_MACHINE:
            merged += [first, *others]
        elif others and code not in _WITHOUT_NAME:
            more = f"{len(others)} more input{'s' if len(others) > 1 else ''}"
            merged.append(replace(first, message=f"{first.message}; the same for {more}"))
        else:
            merged.append(first)
    return merged


def fetch_pin(name: str, source: FlakeRef, runner: Runner, *, timeout: float = FETCH_SECONDS) -> Pin:
    """Return the pin of one input, or raise LockError with what went wrong."""
    result = run_away(runner, _argv(source), timeout)
    if not result.ok:
        raise LockError(_explain(name, source, result, timeout))
    try:
        return _read_answer(source, result.stdout)
    except _AnswerError as error:
        hint = f"Run `{_shown(source)}` to see its whole answer; updating `{PROGRAM}` may help."
        message = f"{_label(name, source)}: `{PROGRAM}` {error}"
        finding = Diagnostic(error.code, message, LOCK_FILE, expected=error.expected, hint=hint)
        raise LockError(finding) from error


def _argv(source: FlakeRef) -> tuple[str, ...]:
    # Its own words (-v) are what tells one failure from another; the time of the commit comes with --meta.
    revision = (f"--rev={source.ref}",) if source.ref else ()
    # `--`: a repository's name may begin with a dash.
    return (PROGRAM, "--meta", "-v", *revision, "--", source.owner, source.repo)


def _shown(source: FlakeRef) -> str:
    return " ".join(_argv(source))


def _label(name: str, source: FlakeRef) -> str:
    return f"`{name}` ({source.url})"


class _AnswerError(Exception):
    def __init__(self, code: str, message: str, expected: str) -> None:
        super().__init__(message)
        self.code = code
        self.expected = expected


def _read_answer(source: FlakeRef, text: str) -> Pin:
    try:
        answer = json.loads(text)
    # Not JSON, or nested without an end.
    except (ValueError, RecursionError) as error:
        printed = repr(text.strip()[:80]) if text.strip() else "nothing"
        raise _AnswerError("prefetch-answer", f"printed no JSON: {printed}", "one JSON object") from error
    row = answer.get("src") if isinstance(answer, dict) else None
    if not isinstance(row, dict):
        raise _AnswerError("prefetch-answer", "printed JSON of another form", "an object with `src`")
    rev, nar_hash = row.get("rev"), row.get("hash")
    if not isinstance(rev, str) or not REVISION.fullmatch(rev):
        raise _AnswerError("prefetch-answer", "printed no revision", "`rev` with 40 digits 0-9 and a-f")
    _check_same(source, row, rev)
    if not isinstance(nar_hash, str) or not is_nar_hash(nar_hash):
        shown = nar_hash[:80] if isinstance(nar_hash, str) else "none"
        raise _AnswerError("prefetch-hash", f"printed a hash of another form: {shown}", "sha256-… in base 64")
    # For a revision that was tested the hash is known: another one from the network is not taken.
    tested = known_hash(source.owner, source.repo, rev)
    if tested not in (None, nar_hash):
        raise _AnswerError("prefetch-mismatch", f"printed {nar_hash} for {rev[:12]}", f"{tested}, as tested")
    return Pin(source, rev, nar_hash, _read_time(answer.get("meta")))


def _check_same(source: FlakeRef, row: dict[str, Any], rev: str) -> None:
    names = (source.owner.lower(), source.repo.lower())
    got = tuple(
        str(row.get(key, wanted)).lower() for key, wanted in zip(("owner", "repo"), names, strict=True)
    )
    # What was hashed must be what was asked for: the pin is written under the names of env.yaml.
    is_other = source.ref is not None and REVISION.fullmatch(source.ref) is not None and rev != source.ref
    if got != names or is_other:
        message = f"answered for {'/'.join(got)} at {rev[:12]}"
        raise _AnswerError("prefetch-mismatch", message, f"an answer for {source.url}")


def _read_time(meta: Any) -> int | None:
    """The time of the commit, in UTC; GitHub may refuse to tell it, and the pin is good without."""
    if not isinstance(meta, dict):
        return None
    try:
        time = datetime.fromisoformat(f"{meta['commitDate']}T{meta['commitTimeOfDay']}")
    except (KeyError, ValueError):
        return None
    return int(time.replace(tzinfo=UTC).timestamp()) or None


def _explain(name: str, source: FlakeRef, result: Result, timeout: float) -> Diagnostic:
    label = _label(name, source)
    if result.missing:
        return Diagnostic(
            "prefetch-missing",
            f"`{PROGRAM}` is not installed",
            LOCK_FILE,
            expected=f"`{PROGRAM}` on PATH, to get revisions and hashes from GitHub",
            hint=f"Run `{WITH_ALL}`, or install it (`pip install {PROGRAM}`).",
        )
    if result.timed_out:
        return Diagnostic(
            "prefetch-timeout",
            f"{label}: `{PROGRAM}` took longer than {timeout:g} seconds and was stopped",
            LOCK_FILE,
            expected="an answer from GitHub in that time",
            hint=f"Run it again, or see where it hangs with `{_shown(source)}`.",
        )
    words = f"{result.stdout}\n{result.stderr}"
    failure = next((f for f in _FAILURES if re.search(f.shown_by, words, re.IGNORECASE)), None)
    if failure is None:
        # The end is where a program says what stopped it.
        last_lines = [line.strip() for line in words.splitlines() if line.strip()][-_MOST_LINES:]
        return Diagnostic(
            "prefetch-failed",
            "\n".join([f"{label}: `{PROGRAM}` ended with {result.returncode}", *last_lines]),
            LOCK_FILE,
            expected="revision and hash",
            hint=f"Run `{_shown(source)}` to see all that it says.",
        )
    parts = {"owner": source.owner, "repo": source.repo, "ref": source.ref or "HEAD"}
    parts["url"] = f"https://github.com/{source.owner}/{source.repo}"
    message = failure.message.format(**parts)
    return Diagnostic(
        failure.code,
        message if failure.code in _WITHOUT_NAME else f"{label}: {message}",
        LOCK_FILE,
        expected="revision and hash from GitHub",
        hint=failure.hint.format(**parts),
    )

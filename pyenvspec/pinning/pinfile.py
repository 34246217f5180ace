"""env.lock.json: every flake input by revision and hash; text in, pins out, and back.

Data and its one form on disk. The text is a function of the pins: sorted, no time, no machine in it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import shlex
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from pyenvspec.diagnostics import Diagnostic, PyenvspecError, Span
from pyenvspec.facts.input_sources import REVISION
from pyenvspec.records import dataclass
from pyenvspec.spec.github import GIT_REF, GITHUB_OWNER, GITHUB_REPO

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCK_FILE = "env.lock.json"
FORMAT = 1
COMMENT = "Written by pyenvspec lock. Do not edit: run `pyenvspec update` to move the pins."

_OWNER = re.compile(GITHUB_OWNER)
_REPO = re.compile(GITHUB_REPO)
_REF = re.compile(GIT_REF)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_HASH = re.compile(r"sha256-[A-Za-z0-9+/]{43}=")
_ALWAYS = {"owner", "repo", "ref", "rev", "narHash", "check"}
_MAYBE = {"lastModified"}
# `<<<<<<< HEAD`, `=======`, `>>>>>>> branch`, and with diff3 `||||||| base`
_CONFLICT = r"(?m)^(?:<{7}|={7}|>{7}|\|{7})(?: .*)?\r?$"
_NOTHING = {bytes(32), hashlib.sha256(b"").digest()}
"""What tools print for a download that did not happen: no bits at all, and the hash of no bytes."""

_START_AGAIN = f"Take it back with `git checkout -- {LOCK_FILE}`, or delete it and run `pyenvspec lock`."


class LockError(PyenvspecError):
    """The pins cannot be read or had."""


@dataclass(frozen=True)
class FlakeRef:
    """What is asked for: a GitHub repository and a branch, tag or revision; None is its default branch."""

    owner: str
    repo: str
    ref: str | None = None

    def __post_init__(self) -> None:
        valid = _OWNER.fullmatch(self.owner) and _REPO.fullmatch(self.repo)
        if not valid or (self.ref is not None and not _REF.fullmatch(self.ref)):
            raise ValueError(f"not a GitHub repository and ref: {self}")

    @property
    def url(self) -> str:
        """The flake reference as the user knows it."""
        return f"github:{self.owner}/{self.repo}" + (f"/{self.ref}" if self.ref else "")


@dataclass(frozen=True)
class Pin:
    """What was got for a `FlakeRef`: a revision, the hash of its files as Nix counts it, its commit's time."""

    source: FlakeRef
    rev: str
    nar_hash: str
    last_modified: int | None = None

    def __post_init__(self) -> None:
        if not REVISION.fullmatch(self.rev) or not is_nar_hash(self.nar_hash):
            raise ValueError(f"not a pin: {self}")

    @property
    def url(self) -> str:
        """The flake reference that names the revision and makes Nix (2.21 and newer) check the hash."""
        # As Nix spells it: `/` stays, `+` and `=` are escaped.
        where = f"github:{self.source.owner}/{self.source.repo}/{self.rev}"
        return f"{where}?narHash={quote(self.nar_hash, safe='/')}"

    @property
    def check(self) -> str:
        """A short sum over all fields; it shows a revision and a hash that do not belong together."""
        # Against merges by hand, which leave one field of each side. It is no signature: Nix compares the hash with
        # the files.
        fields = (*_source_fields(self.source), self.rev, self.nar_hash, self.last_modified)
        return hashlib.sha256(json.dumps(fields).encode()).hexdigest()[:16]


def _source_fields(source: FlakeRef) -> tuple[str, str, str | None]:
    return source.owner, source.repo, source.ref


def is_nar_hash(text: str) -> bool:
    """Whether a text is a SHA-256 in SRI form (`sha256-…=`) that is the hash of anything."""
    if not _HASH.fullmatch(text):
        return False
    try:
        digest = base64.b64decode(text.removeprefix("sha256-"), validate=True)
    except binascii.Error:
        return False
    # 43 characters hold two bits more than the hash: of the spellings that decode to it, tools write one.
    canonical = base64.b64encode(digest).decode() == text.removeprefix("sha256-")
    return canonical and digest not in _NOTHING


def parse_flake_ref(url: str) -> FlakeRef:
    """Return what a flake reference of an input asks for; raises ValueError for one not on GitHub."""
    where, _, query = url.removeprefix("github:").partition("?")
    # Strict: what is no `name=value` raises, and nothing of a reference is passed over.
    parameters = dict(parse_qsl(query, strict_parsing=True)) if query else {}
    parts = where.split("/", 2)
    if not url.startswith("github:") or len(parts) < 2 or parameters.keys() - {"ref", "rev", "narHash"}:
        raise ValueError(f"not a flake reference that can be pinned: {url}")
    return FlakeRef(
        parts[0], parts[1], parts[2] if len(parts) > 2 else parameters.get("rev", parameters.get("ref"))
    )


def format_lock(pins: Mapping[str, Pin]) -> str:
    """Return the text of the lock; its first line says who wrote it."""
    inputs = {name: _format_pin(pins[name]) for name in sorted(pins)}
    body = json.dumps({"version": FORMAT, "inputs": inputs}, indent=2, ensure_ascii=False)
    # The comment on the first line, where the rule for what is ours looks for it.
    return f'{{ "$comment": {json.dumps(COMMENT)},{body[1:]}\n'


def _format_pin(pin: Pin) -> dict[str, str | int | None]:
    owner, repo, ref = _source_fields(pin.source)
    time = {"lastModified": pin.last_modified} if pin.last_modified is not None else {}
    return {
        "owner": owner, "repo": repo, "ref": ref, "rev": pin.rev, "narHash": pin.nar_hash, **time,
        "check": pin.check,
    }  # fmt: skip


def parse_lock(content: bytes, file: str = LOCK_FILE) -> dict[str, Pin]:
    """Return the pins of a lock by input.

    Raises LockError with every finding about its pins, or with the one that keeps it from being read.
    """
    text = _decode(content, file)
    document = _load(text, file)
    reader = _Reader(text, file)
    version = document.get("version") if isinstance(document, dict) else None
    if version != FORMAT or isinstance(version, bool):  # True == 1
        raise LockError(_unknown_format(reader, version))
    pins = reader.read_pins(document)
    if reader.findings:
        raise LockError(*reader.findings)
    return pins


def _decode(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"`{file}` is not text: byte {error.start + 1} is no UTF-8"
        span = Span(line, 1, line, 1)
        raise LockError(Diagnostic("lock-syntax", message, file, span, None, "JSON", _START_AGAIN)) from error


def _load(text: str, file: str) -> Any:
    if mark := re.search(_CONFLICT, text):
        raise LockError(
            Diagnostic(
                "lock-conflict",
                f"`{file}` holds both sides of a git merge",
                file,
                *_at(text, mark.start(), mark.end()),
                expected="one side, without the marks of git",
                hint=f"Take one side (`git checkout --ours -- {shlex.quote(file)}`), then run `pyenvspec lock`.",
            )
        )

    # JSON takes the last of two: a merge by hand that left both would pin what nobody chose.
    def keep_distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        read: dict[str, Any] = {}
        for key, value in pairs:
            if key in read:
                raise LockError(_duplicate(text, file, key))
            read[key] = value
        return read

    try:
        return json.loads(text, object_pairs_hook=keep_distinct)
    except json.JSONDecodeError as error:
        span, line = _at(text, error.pos, error.pos + 1)
        message = f"`{file}` is not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise LockError(Diagnostic("lock-syntax", message, file, span, line, "JSON", _START_AGAIN)) from error
    except (RecursionError, ValueError) as error:  # Python reads no number of more than 4,300 digits
        reason = "is nested too deeply" if isinstance(error, RecursionError) else "holds a number too long"
        message = f"`{file}` {reason} to be a lock"
        raise LockError(Diagnostic("lock-syntax", message, file, None, None, "JSON", _START_AGAIN)) from error


def _duplicate(text: str, file: str, key: str) -> Diagnostic:
    places = list(_key_pattern(key).finditer(text))
    # Keys of the pins stand in each of them: only a name given twice in all can be shown.
    span, line = _at(text, places[1].start(), places[1].end()) if len(places) == 2 else (None, None)
    message = f"`{key}` is given twice in `{file}`"
    return Diagnostic("lock-duplicate-key", message, file, span, line, "each key once", _START_AGAIN)


def _unknown_format(reader: _Reader, version: object) -> Diagnostic:
    newer = isinstance(version, int) and version > FORMAT
    version_typed = "no `version`" if version is None else f"version {json.dumps(version)}"
    hint = "Update pyenvspec: a newer one wrote this file." if newer else _START_AGAIN
    return reader.tell(
        "lock-format", f"`{reader.file}` has {version_typed}", ("version",), f"version {FORMAT}", hint
    )


class _Reader:
    """Reads the pins of one document and keeps what is wrong with them."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.findings: list[Diagnostic] = []

    def read_pins(self, document: dict[str, Any]) -> dict[str, Pin]:
        inputs = document.get("inputs")
        unknown = sorted(document.keys() - {"$comment", "version", "inputs"})
        if unknown or not isinstance(inputs, dict):
            message = f"`{self.file}` has not the form of a lock"
            self.add("lock-invalid", message, tuple(unknown[:1]), "`version` and `inputs`")
            return {}
        pins = {name: self.read_pin(name, row) for name, row in inputs.items()}
        return {name: pin for name, pin in sorted(pins.items()) if pin is not None}

    def read_pin(self, name: str, row: Any) -> Pin | None:
        # Each key and no other: a newer pyenvspec says so by another `version`.
        if not isinstance(row, dict) or not _NAME.fullmatch(name) or row.keys() - _MAYBE != _ALWAYS:
            message = f"the pin of `{name}` is not complete"
            self.add("lock-invalid", message, (name,), ", ".join(sorted(_ALWAYS)))
            return None
        before = len(self.findings)
        source = self._read_source(name, row)
        rev, nar_hash, time = row["rev"], row["narHash"], row.get("lastModified")
        if not isinstance(rev, str) or not REVISION.fullmatch(rev):
            message = f"the revision of `{name}` is not one"
            self.add("lock-revision", message, (name, "rev"), "40 digits 0-9 and a-f")
        if not isinstance(nar_hash, str) or not is_nar_hash(nar_hash):
            message = f"the hash of `{name}` is not one"
            self.add("lock-hash", message, (name, "narHash"), "sha256- and 44 characters of base 64")
        # True is an int in Python.
        if time is not None and (not isinstance(time, int) or isinstance(time, bool) or time <= 0):
            message = f"the time of `{name}` is not one"
            self.add("lock-invalid", message, (name, "lastModified"), "seconds since 1970")
        if source is None or len(self.findings) > before:
            return None
        pin = Pin(source, rev, nar_hash, time)
        if pin.check != row["check"]:
            message = f"revision and hash of `{name}` do not belong together: something changed this pin"
            self.add("lock-mismatch", message, (name, "check"), f"the values that gave {row['check']}")
        return pin

    def _read_source(self, name: str, row: dict[str, Any]) -> FlakeRef | None:
        owner, repo, ref = row["owner"], row["repo"], row["ref"]
        try:
            if isinstance(owner, str) and isinstance(repo, str) and isinstance(ref, str | None):
                return FlakeRef(owner, repo, ref)
        except ValueError:
            pass
        message = f"`{name}` does not name a GitHub repository"
        self.add("lock-invalid", message, (name,), "owner, repo and ref")
        return None

    def add(self, code: str, message: str, keys: tuple[str, ...], expected: str) -> None:
        self.findings.append(self.tell(code, message, keys, expected, _START_AGAIN))

    def tell(self, code: str, message: str, keys: tuple[str, ...], expected: str, hint: str) -> Diagnostic:
        span, line = self._find(keys)
        return Diagnostic(code, message, self.file, span, line, expected, hint)

    def _find(self, keys: tuple[str, ...]) -> tuple[Span | None, str | None]:
        """The place of the last of the keys, each looked for after the one before."""
        start, end = 0, 0
        for key in keys:
            # Only behind the key before: `rev` stands in each of the pins.
            match = _key_pattern(key).search(self.text, end)
            if match is None:
                break
            start, end = match.span()
        return _at(self.text, start, end) if end else (None, None)


def _key_pattern(key: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(json.dumps(key, ensure_ascii=False))}\s*:")


def _at(text: str, start: int, end: int) -> tuple[Span, str]:
    line = text.count("\n", 0, start) + 1
    begin = text.rfind("\n", 0, start) + 1
    # Not `splitlines`: a text of JSON may hold U+2028, at which no editor begins a line.
    stop = text.find("\n", begin)
    shown = text[begin : stop if stop >= 0 else None].rstrip("\r")
    column = start - begin + 1
    return Span(line, column, line, max(column, column + end - start)), shown

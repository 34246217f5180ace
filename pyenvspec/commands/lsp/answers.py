"""What the server answers, in plain data: findings, completions, what a key becomes, fixes.

The findings are those of `check`, for the text as it is in the editor; nothing of the project is run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pyenvspec.commands.explain.consequences import Explanation, explain_key
from pyenvspec.commands.lsp.place import Place, path_at
from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import MANIFEST, check_tree, compile_tree
from pyenvspec.facts.cuda_packages import cuda_package_names
from pyenvspec.facts.native import find_attribute, names_there
from pyenvspec.reading.source import read_text
from pyenvspec.records import dataclass
from pyenvspec.spec.keys import KeyNameError, find_key
from pyenvspec.spec.offers import cuda_offers, native_offers, python_versions, release_offers
from pyenvspec.spec.schema import build_schema

if TYPE_CHECKING:
    from pathlib import Path

    from pyenvspec.diagnostics import Diagnostic

MOST_ITEMS = 200
"""Completions in one answer; what is typed next asks for fewer."""
# Hints of `check`: "did you mean `ffmpeg`?"; and "`python.version: 3.12`", where the key is that of the finding.
_MEANT = re.compile(r"(?:did you mean|write|use) `([^`\s]+)`")
_WORKS = re.compile(r"`(?P<key>[\w.]+): (?P<value>[\w.-]+)`")
# Lists whose items are names of nixpkgs, of which the schema knows only some hundred.
_PACKAGES = {("native",)}


@dataclass(frozen=True)
class Offered:
    """One completion."""

    label: str
    text: str
    about: str = ""
    is_key: bool = False


def findings(root: Path, text: str) -> tuple[Diagnostic, ...]:
    """Return what `check` says to a text that need not be saved."""
    try:
        return check_tree(root, read_text(_bytes(text), MANIFEST))[2]
    except PyenvspecError as error:
        return error.diagnostics


def _bytes(text: str) -> bytes:
    """An editor may send half a character: as bytes it is no UTF-8, and is told as such."""
    return text.encode(errors="surrogatepass")


def fix_of(finding: Diagnostic) -> str | None:
    """Return what the place of a finding should read instead, None where that is not one word."""
    for sentence in (finding.expected, finding.hint):
        if sentence and (meant := _MEANT.search(sentence)):
            return meant[1]
    dotted = ".".join(str(step) for step in finding.path)
    works = _WORKS.search(finding.hint or "")
    return works["value"] if works and works["key"] == dotted else None


def complete(place: Place) -> list[Offered]:
    """Return what may stand at a place, best first."""
    if place.kind == "item" and _without_variant(place.path) in _PACKAGES:
        return _packages(place.word)
    if place.kind == "item" and place.path[-2:] == ("cuda", "packages"):
        names = sorted(cuda_package_names("").anywhere)
        return [Offered(name, name) for name in names if name.startswith(place.word)][:MOST_ITEMS]
    schema = build_schema()
    part = _part(schema, place.path)
    if part is None:
        return []
    if place.kind == "key":
        return _keys(part, schema)
    return _values(_without_variant(place.path), part, schema)


def _without_variant(path: tuple[str, ...]) -> tuple[str, ...]:
    return path[2:] if path[:1] == ("variants",) else path


def _packages(word: str) -> list[Offered]:
    """Names of nixpkgs: those that much used tools need first, then all that begin so, then all that hold it."""
    known = [(name, about) for name, about in native_offers() if name.startswith(word)]
    seen = {name for name, _ in known}
    if word:
        names = [name for name in names_there() if name not in seen]
        begin = [name for name in names if name.startswith(word)]
        # Of 29,000 names most hold any two letters.
        hold = [name for name in names if word in name and not name.startswith(word)] if len(word) > 2 else []
        for name in (*begin, *hold)[: MOST_ITEMS - len(known)]:
            row = find_attribute(name)
            if row is not None and row.is_package:
                known.append((name, f"{row.version}  {row.text}".strip()))
    return [Offered(name, name, about) for name, about in known[:MOST_ITEMS]]


def _keys(part: dict[str, Any], schema: dict[str, Any]) -> list[Offered]:
    properties: dict[str, Any] = {}
    for branch in _branches(part, schema):
        properties |= branch.get("properties", {})
    return [
        Offered(name, f"{name}: ", str(below.get("description", "")), is_key=True)
        for name, below in properties.items()
    ]


def _values(path: tuple[str, ...], part: dict[str, Any], schema: dict[str, Any]) -> list[Offered]:
    # What a pattern of the schema allows and its text does not list: which of them there are is in the facts.
    versions = {
        ("python",): python_versions,
        ("python", "version"): python_versions,
        ("cuda",): cuda_offers,
        ("cuda", "version"): cuda_offers,
        ("nixpkgs",): release_offers,
        ("nixpkgs", "release"): release_offers,
    }
    if path in versions:
        return [Offered(value, value, about) for value, about in versions[path]()]
    offers: list[Offered] = []
    for branch in _branches(part, schema):
        offers += [
            Offered(str(value), str(value)) for value in branch.get("enum", ()) if isinstance(value, str)
        ]
        if branch.get("type") == "boolean":
            offers += [Offered("true", "true"), Offered("false", "false")]
        if isinstance(branch.get("items"), dict):
            offers += _values((), branch["items"], schema)
    return list(dict.fromkeys(offers))


def _part(schema: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any] | None:
    part = schema
    for step in path:
        below = None
        for branch in _branches(part, schema):
            below = below or branch.get("properties", {}).get(step)
            # Mappings whose keys the user names: `variants`, `env`, `containers`.
            patterns = branch.get("patternProperties", {}).items()
            below = below or next((value for pattern, value in patterns if re.search(pattern, step)), None)
        if below is None:
            return None
        part = below
    return part


def _branches(part: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    # A reference, or one of several forms (`cuda: 12.4`, `cuda: {version: 12.4}`), any of which may be meant.
    if "$ref" in part:
        return [part, *_branches(schema["$defs"][part["$ref"].rsplit("/", 1)[-1]], schema)]
    inner = [*part.get("anyOf", ()), *part.get("oneOf", ())]
    return [part, *(one for branch in inner for one in _branches(branch, schema))]


def hover(root: Path, text: str, lines: list[str], line: int) -> str | None:
    """Return what the key of a line is for, and what it becomes, as Markdown."""
    path = path_at(lines, line)
    if not path:
        return None
    name = ".".join(path)
    try:
        raw = read_text(_bytes(text), MANIFEST)
        return _in_words(explain_key(name, raw, lambda tree: compile_tree(root, tree)))
    except KeyNameError:
        return None
    except PyenvspecError:  # a text with mistakes becomes nothing yet
        try:
            return find_key(name, None).description
        except PyenvspecError:
            return None


def _in_words(explanation: Explanation) -> str:
    parts = [f"**{explanation.key.name}**: {explanation.key.description}"]
    if explanation.key.default:
        parts.append(f"Default: `{explanation.key.default}`")
    parts += [f"- {d.key}: **{d.choice}**, {d.reason}" for d in explanation.decisions[:4]]
    if explanation.nix:
        # The first part only, and not all of that: editors show this in a small window over the text.
        shown = explanation.nix[0]
        parts.append(f"What it becomes, in {shown.file}:\n\n```nix\n{shown.text[:1500]}\n```")
    elif explanation.files:
        parts.append("It makes " + ", ".join(f"`{file}`" for file in explanation.files[:6]))
    return "\n\n".join(parts)

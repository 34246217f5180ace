#!/usr/bin/env python3
"""The sentences that the program says, as templates: `{}` stands where the code fills something in.

Read from the code itself (texts and f-strings), and from the tables of facts whose cells are sentences.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from in_japanese import PAGE
from message_catalogue import read_catalogue
from site_hook import read_passes

from pyenvspec.diagnostics import CODES
from pyenvspec.locale.translations import CONTEXT, LABELS, WORDS
from pyenvspec.spec.reference import descriptions

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).resolve().parent.parent / "pyenvspec"

NOT_TOLD = (
    "nixexpr/",  # Nix code, and what would be a bug
    "lowering/",
    "spec/schema.py",
    "spec/reference.py",
    "commands/examples.py",
    "shortcuts/kept.py",
    "records.py",
    "locale/",
    "commands/container/containerfile.py",
    "commands/run/dstack.py",
    "commands/run/job.py",
    "commands/run/kubernetes.py",
    "commands/run/skypilot.py",
    "commands/run/slurm.py",
)
"""Rooms whose texts go into files, or are ends of a program that never come."""

PARTLY_TOLD = ("commands/export/conda.py", "commands/export/dockerfile.py")
"""Rooms that write a file and tell what it cannot hold, by its key."""
_LEFT_OUT = re.compile(r"(?:native|cuda|python|env\.\{\}|scripts\.\{\}): (?!\{\}$)|a Dockerfile has ")

SENTENCES = {
    "build-failures": ("finding", "commands"),
    "caches": ("instead",),
    "known-fixes": ("why",),
    "mistaken-words": ("hint",),
    "native-names": ("hint",),
    "run-failures": ("finding", "commands", "package"),
}
"""Tables of facts, and their columns that hold sentences."""

_NOT_A_SENTENCE = re.compile(r"\(\?|\[\^|\\[wdsS(]|\][*+]|^[^a-zA-Z]*$|^https?://\S+$|^\S*$")
_QUOTED = re.compile(r"`[^`]*`|\{[^}]*\}")
_WORD = re.compile(r"(?<![\w./$-])[a-z]{2,}(?![\w/=(-])")
_NAMED = re.compile(r"(?<!\$)\{[a-z_]+\}")
_CALLS = (
    "compile",
    "match",
    "search",
    "sub",
    "fullmatch",
    "findall",
    "split",
    "first",
    "namedtuple",
    "Field",
)


def is_sentence(text: str) -> bool:
    """Whether a text is one that people read: words outside of quotes, and a blank."""
    return not _NOT_A_SENTENCE.search(text) and bool(_WORD.search(_QUOTED.sub("", text)))


def templates() -> dict[str, str]:
    """Return each template with the place where it is said first."""
    found: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(NOT_TOLD):
            for line, text in _of_code(path.read_text(encoding="utf-8")):
                if name in PARTLY_TOLD and not _LEFT_OUT.match(text):
                    continue
                found.setdefault(text, f"{name}:{line}")
    for table, columns in SENTENCES.items():
        rows = json.loads((PACKAGE / "facts" / "data" / f"{table}.json").read_text(encoding="utf-8"))
        for text in _cells(rows, columns):
            if is_sentence(shown := _NAMED.sub("{}", text)):
                found.setdefault(shown, f"{table}.json")
    return found


def _cells(data: object, columns: tuple[str, ...], key: str = "") -> Iterator[str]:
    if isinstance(data, dict):
        for name, value in data.items():
            yield from _cells(value, columns, name)
    elif isinstance(data, list):
        for value in data:
            yield from _cells(value, columns, key)
    elif isinstance(data, str) and key in columns:
        yield data


def _of_code(code: str) -> Iterator[tuple[int, str]]:
    tree = ast.parse(code)
    passed = {id(node) for node in _passed_over(tree)}
    for node in ast.walk(tree):
        if id(node) in passed or not isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
            continue
        for part in (_template(node) or "").split("\n"):
            if is_sentence(part):
                yield node.lineno, part


def _template(node: ast.expr) -> str | None:
    """Return a text with `{}` for what is filled in; None for what is no text."""
    if isinstance(node, ast.Constant):
        # `{owner}` of a text for str.format; `${project}` is env.yaml's own.
        return _NAMED.sub("{}", node.value) if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(_template(one) or "{}" for one in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = _template(node.left), _template(node.right)
        return None if parts == (None, None) else "".join(one or "{}" for one in parts)
    return None


def _passed_over(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the texts that are parts of others, docstrings, patterns, and the texts of failures that are bugs."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield from (one for one in node.values if isinstance(one, ast.Constant))
        elif isinstance(node, ast.BinOp) and _template(node) is not None:
            yield from (one for one in (node.left, node.right) if _template(one) is not None)
        elif isinstance(node, ast.Assert):
            yield from ast.walk(node)
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in _CALLS:
                yield from ast.walk(node)
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(one, ast.Name) and one.id == "CODES" for one in targets):
                yield from ast.walk(node)


def page_texts() -> list[str]:
    """Return what only the pages say that follow from the code: what these give to `translate`, and the passes."""
    makers = ("pyenvspec/spec/reference.py", "scripts/manual.py", "scripts/site_hook.py")
    found: dict[str, None] = {}
    for name in makers:
        for node in ast.walk(ast.parse((PACKAGE.parent / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "translate":
                text = node.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found[text.value] = None
    found |= dict.fromkeys(what for what, _ in read_passes())
    return list(found)


def main() -> int:
    """Print, as lines for each catalogue, the sentences that it lacks, and name those that nobody says any more."""
    is_complete = True
    for catalogue in sorted(PACKAGE.glob("locale/*/LC_MESSAGES/pyenvspec.po")):
        lacking, left = compare(catalogue)
        for wanted, place in lacking.items():
            context, _, text = wanted.rpartition("\x04")
            before = f'msgctxt "{context}"\n' if context else ""
            print(f'#: {place}\n{before}msgid {json.dumps(text, ensure_ascii=False)}\nmsgstr ""\n')
        for text in left:
            print(f"# no longer said: {json.dumps(text, ensure_ascii=False)}")
        is_complete = is_complete and not lacking and not left
    return 0 if is_complete else 1


def compare(catalogue: Path) -> tuple[dict[str, str], list[str]]:
    """Return what a catalogue lacks, with the place where it is said, and what it has too much."""
    have = read_catalogue(catalogue.read_text(encoding="utf-8"))
    wanted = (
        dict.fromkeys(CODES.values(), "diagnostics.py")
        | dict.fromkeys(WORDS, "translations.py")
        | templates()
    )
    wanted |= {f"{CONTEXT}\x04{one}": "translations.py" for one in LABELS}
    wanted |= dict.fromkeys(descriptions(), "spec/model.py")
    wanted |= {f"{PAGE}\x04{one}": "a page of docs/" for one in page_texts()}
    return {text: at for text, at in wanted.items() if not have.get(text)}, sorted(
        set(have) - set(wanted) - {""}
    )


if __name__ == "__main__":
    sys.exit(main())

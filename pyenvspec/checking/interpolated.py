"""Cross-checks of `$` and `${…}`, wherever env.yaml takes texts: values of variables, and bash code."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Severity
from pyenvspec.plan import Package
from pyenvspec.raw import Mapping, Sequence
from pyenvspec.spec.bash import parse_bash
from pyenvspec.spec.interpolation import parse_interpolation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyenvspec.checking.context import CheckContext
    from pyenvspec.diagnostics import KeyPath
    from pyenvspec.raw import Node

EXPECTED = "${project}, ${pkgs.X} or ${cuda.X}"
# `~/data`, `/opt/lib:~/lib`, `$HOME/data`; not `$5`, nor a `~` inside a word (`file~`).
_LOOKS_FILLED_IN = re.compile(r"(?:.*:)?~(?:/|$)|.*?\$[A-Za-z_]", re.DOTALL)


def check_interpolation(
    context: CheckContext, path: KeyPath, text: str, *, takes_project: bool = True
) -> None:
    """Tell of `${…}` in the value at `path` that is nothing of ours, and of CUDA that is not asked for."""
    parts, wrong = parse_interpolation(text)
    # The build of a package is in Nix's sandbox, where there is no project.
    foreign = ["${project}"] if not takes_project and "${project}" in text else []
    for token in dict.fromkeys([*wrong, *foreign]):
        literal = f"for the text itself write `${token}`"
        context.add(
            "env-interpolation",
            path,
            f"`{token}` is no value that is known here",
            expected=EXPECTED if takes_project else "${pkgs.X} or ${cuda.X}",
            hint=f"{_of_machine(path, text, token)}; {literal}" if takes_project else literal,
        )
    _check_cuda(context, path, parts)


def check_bash(context: CheckContext, path: KeyPath, text: str) -> None:
    """Tell of `${…}` in bash code that is neither ours nor bash's."""
    parts, wrong = parse_bash(text)
    for token in dict.fromkeys(wrong):
        context.add(
            "env-interpolation",
            path,
            f"`{token}` is no value that is known here, and no variable of bash",
            expected=EXPECTED,
            hint=f"for the text itself write `${token}`",
        )
    _check_cuda(context, path, parts)


def _of_machine(path: KeyPath, text: str, token: str) -> str:
    """Return what to write for a variable of the machine: bash knows it, Nix does not."""
    if path[0] == "env" and re.fullmatch(r"\$\{[A-Za-z_]\w*\}", token):
        return f'write it into `on_enter`, where bash fills it in: `export {path[-1]}="{_for_bash(text)}"`'
    return "a variable of the machine goes into `on_enter`"


def check_literal(context: CheckContext, path: KeyPath, text: str) -> None:
    """Warn of a variable's value that looks as if a shell would still fill it in."""
    # With a `${…}` that nothing fills in as well, that is told, with the same line to write.
    if not _LOOKS_FILLED_IN.match(text) or (path[0] == "env" and parse_interpolation(text)[1]):
        return
    hint = f'write it into `on_enter`, where bash fills it in: `export {path[-1]}="{_for_bash(text)}"`'
    if path[0] == "processes":
        hint = f'write it into `run`, where bash fills it in: `export {path[-1]}="{_for_bash(text)}"; …`'
    elif path[0] == "containers":
        hint = "an image knows nobody's home: write a path in it, or give the variable when it is started"
    context.add(
        "env-literal",
        path,
        f"`{text}` stays as it is: `$` and `~` mean nothing in a value",
        expected=EXPECTED,
        hint=hint,
        severity=Severity.WARNING,
    )


# Where `${…}` is filled in, by the keys above it; `*` is any name.
# fmt: off
_FILLED_IN = (
    ("env", "*"), ("scripts", "*"), ("on_enter",), ("overrides", "*", "env", "*"), ("containers", "*", "env", "*"),
    ("processes", "*", "run"), ("processes", "*", "ready", "run"), ("processes", "*", "env", "*"),
)
# fmt: on
# Keys of free texts and data; what else there is takes no `$` at all, which is told by its own check.
_FREE = ("description", "overrides", "containers", "processes", "services", "devenv", "dotenv", "run")
# Without the closing brace as well, since that is a slip of the same kind.
_OURS = re.compile(r"\$\{(?:pkgs\.|cuda\.|project\})[^}\s]*\}?")


def check_elsewhere(context: CheckContext) -> None:
    """Warn of `${pkgs.X}` and its like where nothing fills them in."""
    for key in _FREE:
        entry = context.shell.tree.get(key)
        for path, text in _texts(entry.value, (key,)) if entry is not None else ():
            token = _OURS.search(text)
            if token is None or any(_is_at(path, known) for known in _FILLED_IN):
                continue
            hint = "write it in `env`, `scripts`, `on_enter`, `run` of a process or `env` of a container"
            if token[0].startswith("${project}"):
                hint = f"leave `${{project}}/` out where a path is meant; else {hint}"
            context.add(
                "env-literal",
                path,
                f"`{token[0]}` is not filled in here: it stays as it is",
                expected="a text without `${…}`",
                hint=hint,
                severity=Severity.WARNING,
            )


def _texts(node: Node, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(node, Mapping):
        for entry in node.entries:
            yield from _texts(entry.value, (*path, entry.key))
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from _texts(item, (*path, index))
    elif isinstance(node.value, str):
        yield path, node.value


def _is_at(path: KeyPath, pattern: tuple[str, ...]) -> bool:
    return len(path) == len(pattern) and all(p in ("*", step) for step, p in zip(path, pattern, strict=True))


@lru_cache(maxsize=1)  # each of the thousands of `${…}` that a text may hold is told with the same line
def _for_bash(text: str) -> str:
    """Return a value as it stands between double quotes: bash fills in no `~` there, so that it becomes $HOME."""
    return re.sub(r'(["`\\])', r"\\\1", re.sub(r"(^|:)~(?=/|$)", r"\1$HOME", text))


def _check_cuda(context: CheckContext, path: KeyPath, parts: Iterable[object]) -> None:
    if context.shell.spec.cuda is None and any(isinstance(p, Package) and p.scope == "cuda" for p in parts):
        context.add(
            "cuda-not-asked",
            path,
            f"`{path[-1]}` uses ${{cuda.…}}, and CUDA is not asked for",
            expected="`cuda: 11.8` at the top level",
        )

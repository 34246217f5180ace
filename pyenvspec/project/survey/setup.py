"""setup.py by its syntax tree, never run, and setup.cfg."""

from __future__ import annotations

import ast
import configparser
from typing import TYPE_CHECKING, TypeGuard

from pyenvspec.project.survey.code import parse_code
from pyenvspec.project.survey.pyproject import line_of
from pyenvspec.project.survey.requirements import parse_requirement
from pyenvspec.project.survey.source import Claim, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def read_setup_py(file: str, text: str) -> Source | None:
    """Return what the call of `setup(…)` says as literals, None where there is no such call."""
    tree = parse_code(text)
    if tree is None:
        return Source(file, "setup", summary="cannot be read as Python 3; nothing is taken from it")
    call = next(
        (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name_of(node.func) == "setup"),
        None,
    )
    if call is None:
        return None
    source = Source(file, "setup", summary="a project of setuptools")
    source.imported_to_build = tuple(sorted({n for n in _imported(tree) if n in _NEEDED_BY_BUILDS}))
    source.cuda_extension = next((n.lineno for n in ast.walk(tree) if _is_cuda_extension(n)), 0)
    values = _constants(tree)
    for keyword in call.keywords:
        value = _literal(keyword.value, values)
        node = values.get(keyword.value.id) if isinstance(keyword.value, ast.Name) else None
        node = node or keyword.value
        if keyword.arg == "name" and isinstance(value, str):
            source.name = value
        elif keyword.arg == "python_requires" and isinstance(value, str):
            source.python.append(Claim(value, node.lineno))
        elif keyword.arg == "install_requires":
            _take(source, value, node)
        elif keyword.arg == "extras_require" and isinstance(value, dict):
            source.extras = tuple(sorted(key for key in value if isinstance(key, str)))
    return source


def _with_places(listed: str, lines: list[str], first: int) -> Iterator[tuple[str, int]]:
    """Yield the lines of a key of setup.cfg with the numbers that they have in the file."""
    number = first
    for item in filter(None, map(str.strip, listed.splitlines())):
        number = next((at for at in range(number, len(lines) + 1) if item in lines[at - 1]), number)
        yield item, number


_NEEDED_BY_BUILDS = frozenset({"torch", "numpy", "Cython", "pybind11", "tensorflow"})
"""What a setup.py imports to compile something: pip builds apart from what is installed, where it is not there."""


def _imported(tree: ast.Module) -> Iterator[str]:
    """What the file imports as soon as it is read: not in its functions, nor where a failure is caught."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def _is_cuda_extension(node: ast.AST) -> TypeGuard[ast.expr]:
    return isinstance(node, ast.Name | ast.Attribute) and _name_of(node) == "CUDAExtension"


def _name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Names that the module gives one value at its top."""
    # `requirements = [...]` above, and `install_requires=requirements` in the call, is how many write it.
    return {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    }


def _literal(node: ast.expr, values: dict[str, ast.expr]) -> object:
    if isinstance(node, ast.Name) and node.id in values:
        node = values[node.id]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return None


def _take(source: Source, value: object, node: ast.expr) -> None:
    if not isinstance(value, list | tuple):
        source.left_out.append(Claim("install_requires", node.lineno, "is computed, and setup.py is not run"))
        return
    # Each stands at its own line, mostly; what is added up (`["a"] + more`) at that of the whole.
    places = [item.lineno for item in node.elts] if isinstance(node, ast.List | ast.Tuple) else []
    if len(places) != len(value):
        places = [node.lineno] * len(value)
    _take_lines(
        source, ((item, line) for item, line in zip(value, places, strict=True) if isinstance(item, str))
    )


def _take_lines(source: Source, lines: Iterable[tuple[str, int]]) -> None:
    for item, line in lines:
        wanted = parse_requirement(item.strip(), line)
        if wanted is not None:
            source.packages.append(wanted)
        elif item.strip():
            source.left_out.append(Claim(item.strip(), line, "not understood as a requirement"))


def read_setup_cfg(file: str, text: str) -> Source | None:
    """Return what `[metadata]` and `[options]` say, None where there are none."""
    # Raw, since `%` stands in versions and formats; not strict, since setuptools takes a key twice.
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:  # it is for other tools as well, and none of them may be used here
        return None
    if not parser.has_section("options") and not parser.has_option("metadata", "name"):
        return None
    source = Source(file, "setup", summary="a project of setuptools")
    source.name = parser.get("metadata", "name", fallback=None)
    python = parser.get("options", "python_requires", fallback="")
    if python:
        source.python.append(Claim(python, line_of(text, r"^python_requires\s*=")))
    line = line_of(text, r"^install_requires\s*=")
    listed = parser.get("options", "install_requires", fallback="")
    # `install_requires = file: requirements.txt`: that file is read for itself.
    if not listed.startswith("file:"):
        # The text of a key begins behind its sign, and goes on at the lines below; comments are not in it.
        _take_lines(source, _with_places(listed, text.splitlines(), line))
    if parser.has_section("options.extras_require"):
        source.extras = tuple(sorted(parser.options("options.extras_require")))
    return source

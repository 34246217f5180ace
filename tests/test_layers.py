"""Arrows go one way: who may import whom, read from the syntax trees."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "pyenvspec"
PASSES = {
    "reading.source",
    "spec.validate",
    "checking.checks",
    "checking.package_locks",
    "resolving.resolve",
    "lowering.lower",
    "lowering.companions",
    "writing.write",
}
EDGES = {"__main__", "cli", "driver"}
DATA = {
    "diagnostics",
    "raw",
    "spec.images",
    "spec.model",
    "spec.overrides",
    "spec.packages",
    "spec.processes",
    "spec.targets",
    "spec.values",
    "plan",
    "options",
}


def _modules() -> dict[str, Path]:
    paths = PACKAGE.rglob("*.py")
    return {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in paths}


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("pyenvspec."):
            module = node.module.removeprefix("pyenvspec.")
            # A module may also be taken from its folder: `from pyenvspec.reading import source`.
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
        if isinstance(node, ast.ImportFrom) and node.module == "pyenvspec":
            found |= {alias.name for alias in node.names}
    return found


def test_diagnostics_import_no_other_data() -> None:
    assert _imports(PACKAGE / "diagnostics.py") == {"records", "records.dataclass"}


def test_data_modules_import_no_pass() -> None:
    for name in DATA:
        assert not _imports(PACKAGE / f"{name.replace('.', '/')}.py") & (PASSES | EDGES), name


def test_only_the_driver_and_the_commands_import_passes() -> None:
    for name, path in _modules().items():
        if name.startswith("commands.") or name in EDGES:
            continue
        wrong = (_imports(path) & PASSES) - {name}
        assert not wrong, f"{name} imports {wrong}"


def test_nobody_imports_the_command_line() -> None:
    for name, path in _modules().items():
        assert "cli" not in _imports(path) or name == "__main__", name


def test_only_the_reporter_prints_and_only_tools_starts_processes() -> None:
    for name, path in _modules().items():
        text = path.read_text()
        assert "subprocess" not in text or name == "tools", name
        tree = ast.parse(text)
        prints = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == "print"]
        assert not prints or name == "reporter", name


def _folder_of(module: str) -> str:
    """The room of a module: its folder, or the module itself where it stands at the top."""
    parts = module.split(".")
    return ".".join(parts[:-1]) or module


def test_folders_import_each_other_in_one_direction_only() -> None:
    modules = _modules()
    arrows: dict[str, set[str]] = {}
    for name, path in modules.items():
        targets = {_folder_of(target) for target in _imports(path) if target in modules}
        arrows.setdefault(_folder_of(name), set()).update(targets - {_folder_of(name)})
    waiting, way = dict(arrows), []
    while free := sorted(room for room, targets in waiting.items() if not targets & set(waiting)):
        way += free
        waiting = {room: targets for room, targets in waiting.items() if room not in free}
    assert not waiting, f"these rooms import each other in a circle: {waiting}"

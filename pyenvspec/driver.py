"""The passes in their order; the only importer of passes."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING

from pyenvspec.checking.checks import check_spec, named_paths
from pyenvspec.diagnostics import PyenvspecError, Severity
from pyenvspec.lowering.companions import companion_files
from pyenvspec.lowering.lower import lower_flake, lower_module
from pyenvspec.lowering.vendored import module_closure, read_schema
from pyenvspec.nixexpr import Path as NixPath
from pyenvspec.nixexpr import render
from pyenvspec.pinning.flakelock import find_unknown, format_flake_lock
from pyenvspec.pinning.pins import check_pins, pin_inputs, read_pins, tested_pins, usable_pins
from pyenvspec.project.folder import effective_manager, look_at_project
from pyenvspec.reading.source import read_file
from pyenvspec.resolving.resolve import resolve_plan
from pyenvspec.spec.model import LOCK_MANAGERS
from pyenvspec.spec.validate import validate_spec

if TYPE_CHECKING:
    from pathlib import Path

    from pyenvspec.diagnostics import Diagnostic, Diagnostics
    from pyenvspec.nixexpr import File
    from pyenvspec.plan import Plan
    from pyenvspec.project.folder import Project
    from pyenvspec.project.locks.locked_project import Locks
    from pyenvspec.raw import RawSpec
    from pyenvspec.spec.model import SpecFile

MANIFEST = "env.yaml"
FOLDER = "nix/pyenvspec"


@dataclass(frozen=True, slots=True)
class Compiled:
    """What one run gives: the stages' data, the files to write, and what the user is told besides."""

    file: SpecFile
    plan: Plan
    trees: dict[str, File]
    files: dict[str, bytes]
    findings: tuple[Diagnostic, ...]
    project: Project


def check_project(root: Path) -> tuple[SpecFile, Plan, tuple[Diagnostic, ...]]:
    """Read, validate, check and resolve; raises PyenvspecError with every finding of the stage that failed."""
    # bytes → tree with positions
    return check_tree(root, read_file(root / MANIFEST, MANIFEST))


def check_tree(root: Path, raw: RawSpec) -> tuple[SpecFile, Plan, tuple[Diagnostic, ...]]:
    """Run the passes between the tree of env.yaml and the plan."""
    file, _, plan, findings = _check_tree(root, raw)
    return file, plan, findings


def _check_tree(root: Path, raw: RawSpec) -> tuple[SpecFile, Project, Plan, tuple[Diagnostic, ...]]:
    # tree → model, each shell merged
    file, found = validate_spec(raw)
    if file is None:
        raise PyenvspecError(*found.ordered())
    # what one key alone cannot tell
    project = look_at_project(root, file.spec.python.project, named_paths(file))
    for finding in check_spec(file, project).items:
        found.add(finding)
    # what the locks of Python packages say to it
    locks = _check_locks(root, file, project, found)
    if found.has_errors:
        raise PyenvspecError(*found.ordered())
    # model → decisions
    plan = resolve_plan(file, project, locks)
    return file, project, plan, found.ordered()


def _check_locks(root: Path, file: SpecFile, project: Project, found: Diagnostics) -> Locks:
    """Read and check the locks of the lock-file managers; the other managers pay nothing for it."""
    managers = {shell.name: effective_manager(shell, project) for shell in file.shells}
    if not set(managers.values()) & set(LOCK_MANAGERS):
        return {}
    from pyenvspec.checking.package_locks import check_locks, read_locks

    locks = read_locks(root, file, managers, found)
    check_locks(file, locks, found)
    return locks


def load_plan(root: Path) -> Plan:
    """Return the plan of the project in `root`."""
    return check_project(root)[1]


def compile_project(root: Path, *, locked: bool = False) -> Compiled:
    """Run every pass but the writing; `locked` makes a missing pin an error."""
    return compile_tree(root, read_file(root / MANIFEST, MANIFEST), locked=locked)


def compile_tree(root: Path, raw: RawSpec, *, locked: bool = False) -> Compiled:
    """Run every pass but the reading and the writing."""
    file, project, plan, findings = _check_tree(root, raw)
    # inputs → inputs by revision and hash, as far as env.lock.json and the tested revisions know them
    lock = read_pins(root)
    unpinned = check_pins(plan.inputs, lock, locked=locked)
    if any(finding.severity is Severity.ERROR for finding in unpinned):
        raise PyenvspecError(*findings, *unpinned)
    pins = tested_pins(plan.inputs) | usable_pins(plan.inputs, lock)
    flake_lock = None if find_unknown(plan.inputs, pins) else format_flake_lock(plan.inputs, pins)
    plan = replace(plan, inputs=pin_inputs(plan.inputs, pins))
    # decisions → expressions
    trees = {f"{FOLDER}/default.nix": lower_module(plan)}
    if plan.generate.flake:
        trees["flake.nix"] = lower_flake(plan)
    # expressions → text, and the files that are copied or follow from the plan
    texts = {path: render(tree) for path, tree in trees.items()}
    texts |= companion_files(plan)
    texts[f"{FOLDER}/env.schema.json"] = read_schema()
    files = {path: text.encode() for path, text in texts.items()}
    for name, content in module_closure(_imported(trees[f"{FOLDER}/default.nix"])).items():
        files[f"{FOLDER}/{name}"] = content
    if flake_lock is not None and plan.generate.flake:
        files["flake.lock"] = flake_lock.encode()
    return Compiled(file, plan, trees, files, (*findings, *unpinned), project)


def _imported(module: File) -> tuple[str, ...]:
    """Return the names of the modules of ours that the generated one imports."""
    names: list[str] = []

    def visit(node: object) -> None:
        if isinstance(node, NixPath):
            names.extend(node.names[-1:] if len(node.names) == 1 else ())
        elif isinstance(node, tuple):
            for item in node:
                visit(item)
        elif is_dataclass(node):
            for field in fields(node):
                visit(getattr(node, field.name))

    visit(module.body)
    return tuple(names)

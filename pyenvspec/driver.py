"""The passes in their order; the only importer of passes.

A comment on a line of its own says what the pass below it does: the page on internals draws them one below the other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyenvspec.checking.checks import check_spec, named_paths
from pyenvspec.checking.followers import drop_followers
from pyenvspec.checking.native import check_native_names
from pyenvspec.checking.releases import check_newer_release
from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.facts.meanings import renew_guesses
from pyenvspec.lowering.companions import companion_files
from pyenvspec.lowering.lower import lower_flake, lower_module
from pyenvspec.lowering.vendored import vendored_files
from pyenvspec.nixexpr import render
from pyenvspec.pinning.pin import pin_plan
from pyenvspec.project.files import check_folder, folder_above, read_project_file
from pyenvspec.project.folder import effective_manager, look_at_folder
from pyenvspec.reading.source import read_partly, read_text
from pyenvspec.records import dataclass
from pyenvspec.resolving.release import check_release
from pyenvspec.resolving.resolve import resolve_plan
from pyenvspec.spec.model import LOCK_MANAGERS
from pyenvspec.spec.validate import validate_spec

if TYPE_CHECKING:
    from pathlib import Path

    from pyenvspec.diagnostics import Diagnostics
    from pyenvspec.nixexpr import File
    from pyenvspec.plan import Plan
    from pyenvspec.project.folder import ProjectFolder
    from pyenvspec.project.locks.locked_project import LockedProjects
    from pyenvspec.raw import RawSpec
    from pyenvspec.spec.model import SpecFile

MANIFEST = "env.yaml"
MODULE_FOLDER = "nix/pyenvspec"
_OF_LOCKS = ("version", "manager", "project", "requirements", "groups", "extras")


@dataclass(frozen=True)
class Compiled:
    """What one run gives: the stages' data, the files to write, and what the user is told besides."""

    file: SpecFile
    plan: Plan
    trees: dict[str, File]
    files: dict[str, bytes]
    findings: tuple[Diagnostic, ...]
    project: ProjectFolder


def read_manifest(root: Path, *, partly: bool = False) -> RawSpec:
    """Read env.yaml; raises PyenvspecError with all its problems, `partly` only where nothing could be read."""
    data = read_project_file(root, MANIFEST)
    if data is None:
        check_folder(root)
        message, expected = f"there is no `{MANIFEST}` here", f"a file `{root / MANIFEST}`"
        hint = "run `pyenvspec init` to write one, or name its folder with `-C DIR`"
        if above := folder_above(root, MANIFEST):
            hint = (
                f"the folder {above} has one: add `-C {above}`, or run `pyenvspec init` to write another here"
            )
        raise PyenvspecError(Diagnostic("file-not-found", message, MANIFEST, expected=expected, hint=hint))
    return read_partly(data, MANIFEST) if partly else read_text(data, MANIFEST)


def check_project(root: Path) -> tuple[SpecFile, Plan, tuple[Diagnostic, ...]]:
    """Read, validate, check and resolve; raises PyenvspecError with every finding: a mistake hides no other."""
    # bytes → tree with positions
    return check_tree(root, read_manifest(root, partly=True))


def check_tree(
    root: Path, raw: RawSpec, coming: tuple[str, ...] = ()
) -> tuple[SpecFile, Plan, tuple[Diagnostic, ...]]:
    """Run the passes between the tree of env.yaml and the plan; `coming` are files that will be there with it."""
    file, _, plan, findings = _check_tree(root, raw, coming)
    return file, plan, findings


def _check_tree(
    root: Path, raw: RawSpec, coming: tuple[str, ...] = ()
) -> tuple[SpecFile, ProjectFolder, Plan, tuple[Diagnostic, ...]]:
    renew_guesses()  # a language server checks many times in one process; guesses are counted for one run
    # tree → model, each shell merged
    file, findings = validate_spec(raw)
    if file is None:
        raise PyenvspecError(*findings.ordered())
    # what one key alone cannot tell
    project = look_at_folder(root, file.spec.python.project, named_paths(file))
    project = replace(project, present=project.present | set(coming))
    findings.merge(drop_followers(file, check_spec(file, project)))
    # what the locks of Python packages say to it
    locks = _check_locks(root, file, project, findings)
    plan = None
    if findings.has_errors:
        release, refused = check_release(file, project, findings.items)
        for refusal in refused:
            findings.add(refusal)
    else:
        # model → decisions
        plan = _resolve(file, project, locks, findings)
        release = plan.nixpkgs.release if plan else None
    # a release that came after those known
    for finding in check_newer_release(file, file.spec.nixpkgs.release):
        findings.add(finding)
    # what the release that was decided on has of the packages asked for
    findings.merge(drop_followers(file, check_native_names(file, release)))
    if findings.has_errors or plan is None:
        raise PyenvspecError(*findings.ordered())
    return file, project, plan, findings.ordered()


def _resolve(
    file: SpecFile, project: ProjectFolder, locks: LockedProjects, findings: Diagnostics
) -> Plan | None:
    """Return the plan, or None with the reason among the findings: what is wrong besides is told in the same run."""
    try:
        return resolve_plan(file, project, locks)
    except PyenvspecError as error:
        for diagnostic in error.diagnostics:
            findings.add(diagnostic)
    return None


def _check_locks(root: Path, file: SpecFile, project: ProjectFolder, findings: Diagnostics) -> LockedProjects:
    """Check what Python packages come from; return the locks of the lock-file managers, from which a plan is made."""
    if any(file.is_unsure("python", key) for key in _OF_LOCKS):  # which lock is read follows from these
        return {}
    managers = {shell.name: effective_manager(shell, project) for shell in file.shells}
    used = set(managers.values())
    if used & {"poetry", "uv"}:
        from pyenvspec.checking.venvs import check_venvs

        check_venvs(root, file, managers, findings)
    named = any(shell.spec.python.requirements for shell in file.shells)
    if "pip" in used and (named or "requirements.txt" in project.files):
        from pyenvspec.checking.requirements import check_requirements

        check_requirements(root, file, managers, findings)
    if not used & set(LOCK_MANAGERS):
        return {}
    from pyenvspec.checking.package_locks import check_locks, read_locks

    locks = read_locks(root, file, managers, findings)
    check_locks(file, locks, findings)
    return locks


def load_plan(root: Path) -> Plan:
    """Return the plan of the project in `root`."""
    return check_project(root)[1]


def compile_project(root: Path, *, locked: bool = False) -> Compiled:
    """Run every pass but the writing; `locked` makes a missing pin an error."""
    return compile_tree(root, read_manifest(root, partly=True), locked=locked)


def compile_tree(root: Path, raw: RawSpec, *, locked: bool = False) -> Compiled:
    """Run every pass but the reading and the writing."""
    file, project, plan, diagnostics = _check_tree(root, raw)
    # inputs → inputs by revision and hash, as far as env.lock.json and the tested revisions know them
    plan, flake_lock, unpinned = pin_plan(root, plan, locked=locked)
    # decisions → expressions
    trees = {f"{MODULE_FOLDER}/default.nix": lower_module(plan)}
    if plan.generate.flake:  # else the project has a flake.nix of its own, which imports the module
        trees["flake.nix"] = lower_flake(plan)
    # expressions → text, and what is copied or follows from the plan
    files = {path: render(tree).encode() for path, tree in trees.items()}
    files |= {path: text.encode() for path, text in companion_files(plan).items()}
    beside = vendored_files(trees[f"{MODULE_FOLDER}/default.nix"], plan)
    files |= {f"{MODULE_FOLDER}/{name}": data for name, data in beside.items()}
    if flake_lock is not None and plan.generate.flake:
        files["flake.lock"] = flake_lock.encode()
    return Compiled(file, plan, trees, files, (*diagnostics, *unpinned), project)

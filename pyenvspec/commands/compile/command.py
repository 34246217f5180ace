"""`pyenvspec compile`: env.yaml to files, or `--check`, `--diff`, `--stdout`, `--emit`."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Literal

from pyenvspec.checking.checks import named_paths
from pyenvspec.driver import MODULE_FOLDER, compile_project
from pyenvspec.next_step import next_step, open_command
from pyenvspec.options import Options, add_json
from pyenvspec.project.folder import LOOKED_FOR
from pyenvspec.records import dataclass
from pyenvspec.reporter import format_text, put, report, say, to_json
from pyenvspec.shortcuts import uptodate
from pyenvspec.tools import SystemRunner
from pyenvspec.writing.checkout import make_known_to_git
from pyenvspec.writing.projectfs import GENERATED_PATHS
from pyenvspec.writing.write import Kind, WriteOptions, apply, bundle, plan_writes

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from pyenvspec.diagnostics import Diagnostic
    from pyenvspec.driver import Compiled
    from pyenvspec.writing.write import Changes


@dataclass(frozen=True)
class CompileOptions(Options):
    """What this command can be told besides."""

    check: bool = False
    diff: bool = False
    stdout: bool = False
    force: bool = False
    emit: Literal["spec", "plan", "tree", "nix"] | None = None
    locked: bool = False


def declare(parser: argparse.ArgumentParser) -> type[CompileOptions]:
    """Declare the arguments; return what holds them."""
    add_json(parser)
    parser.add_argument(
        "--check", action="store_true", help="fail when the files are stale, and touch nothing"
    )
    parser.add_argument("--diff", action="store_true", help="show what would change, and touch nothing")
    parser.add_argument("--stdout", action="store_true", help="print the files instead of writing them")
    parser.add_argument("--force", action="store_true", help="replace files of your own; a copy is kept")
    parser.add_argument("--emit", choices=("spec", "plan", "tree", "nix"), help="print what a stage gives")
    parser.add_argument(
        "--locked", action="store_true", help="fail when an input has no pin in env.lock.json"
    )
    return CompileOptions


def run(options: CompileOptions) -> int:
    """Compile the project; 1 where `--check` finds stale files."""
    uptodate.watch()  # before anything is read: a file that changes from here on makes what is remembered void
    compiled = compile_project(options.directory, locked=options.locked)
    if options.emit or options.stdout:
        report(compiled.findings, options.as_text())
        put(_emitted(compiled, options) if options.emit else bundle(compiled.files))
        return 0
    # Planned without the lock of the project, since --check and --diff write nothing; `apply` looks again under it.
    wanted = WriteOptions(check=options.check, diff=options.diff, force=options.force)
    changes = plan_writes(options.directory, compiled.files, wanted)
    if options.check or options.diff:
        return _show(compiled, changes, options)
    return _write(compiled, changes, options)


def _emitted(compiled: Compiled, options: CompileOptions) -> str:
    from pyenvspec.commands.compile.emit import emit_stage

    assert options.emit is not None
    return emit_stage(compiled, options.emit)


def _show(compiled: Compiled, changes: Changes, options: CompileOptions) -> int:
    findings = (*compiled.findings, *(changes.stale_findings() if options.check else ()))
    if options.json:
        _put_json(changes, findings)
    else:
        report(findings, options)
        if options.diff:
            put(changes.diff())
    return int(options.check and changes.is_stale)


def _write(compiled: Compiled, changes: Changes, options: CompileOptions) -> int:
    outcome = apply(changes, on_wait=lambda: say("waiting for another pyenvspec in this project …"))
    done = outcome.changes
    # All of them, not only those that were written: Nix sees no file that git does not know, whoever wrote it.
    notes = make_known_to_git(options.directory, sorted(compiled.files), SystemRunner())
    findings = (*compiled.findings, *outcome.notes, *notes)
    if options.json:
        _put_json(done, findings)
        return 0
    report(findings, options)
    if not options.quiet:
        written = done.of(Kind.CREATED, Kind.CHANGED)
        for verb, paths in (("wrote", written), ("removed", done.of(Kind.REMOVED))):
            for line in _summary(paths):
                say(f"{verb} {line}")
        say(next_step(open_command(options.directory)) if written else "Everything is up to date.")
    # A note is to be told again by the next compile.
    if not outcome.notes and not notes:
        _remember(compiled, options)
    return 0


def _remember(compiled: Compiled, options: CompileOptions) -> None:
    """Let the next compile find that nothing changed without compiling."""
    project, folder = compiled.project, compiled.file.spec.python.project
    looked_for = {
        posixpath.normpath(posixpath.join(folder, name)): name in project.files for name in LOOKED_FOR
    }
    looked_for |= {path: path in project.present for path in named_paths(compiled.file)}
    # One that comes back, by git or by hand, is to be taken away again.
    looked_for |= {path: False for path in GENERATED_PATHS if path not in compiled.files}
    # What was told is told again each time, and the colours depend on where the next one prints.
    texts = (format_text(compiled.findings), format_text(compiled.findings, color=True))
    uptodate.remember(str(options.directory), looked_for, compiled.files, texts)


def _summary(paths: Iterable[str]) -> list[str]:
    """Name the files of the project one by one, and the folder of the modules once."""
    modules = [path for path in paths if path.startswith(f"{MODULE_FOLDER}/")]
    lines = [path for path in paths if path not in modules]
    if len(modules) > 1:
        return [*lines, f"{MODULE_FOLDER}/ ({len(modules)} files)"]
    return [*lines, *modules]


def _put_json(changes: Changes, findings: Iterable[Diagnostic]) -> None:
    import json

    fates = {kind.value: list(changes.of(kind)) for kind in Kind}
    put(json.dumps({**fates, "findings": [to_json(finding) for finding in findings]}, indent=2) + "\n")

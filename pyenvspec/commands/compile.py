"""`pyenvspec compile`: env.yaml to files, or `--check`, `--diff`, `--stdout`, `--emit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.checkout import make_known_to_git
from pyenvspec.driver import compile_project
from pyenvspec.reporter import put, report, say
from pyenvspec.tools import SystemRunner
from pyenvspec.write import Kind, WriteOptions, apply, bundle, plan_writes

if TYPE_CHECKING:
    from pyenvspec.driver import Compiled
    from pyenvspec.options import Options
    from pyenvspec.write import Changes


def run(options: Options) -> int:
    """Compile the project; 1 where `--check` finds stale files."""
    compiled = compile_project(options.directory)
    report(compiled.findings, options)
    if options.emit:
        from pyenvspec.emit import emit_stage

        put(emit_stage(compiled, options.emit))
        return 0
    if options.stdout:
        put(bundle(compiled.files))
        return 0
    wanted = WriteOptions(check=options.check, diff=options.diff, force=options.force)
    changes = plan_writes(options.directory, compiled.files, wanted)
    if options.diff:
        put(changes.diff())
    if options.check:
        report(changes.stale_findings(), options)
    if options.diff or options.check:
        _put_json(changes, options)
        return int(options.check and changes.is_stale)
    return _write(compiled, changes, options)


def _write(compiled: Compiled, changes: Changes, options: Options) -> int:
    outcome = apply(changes, on_wait=lambda: say("waiting for another pyenvspec in this project …"))
    done = outcome.changes
    notes = make_known_to_git(options.directory, sorted(compiled.files), SystemRunner())
    report((*outcome.notes, *notes), options)
    _put_json(done, options)
    if not options.quiet and not options.json:
        written = done.of(Kind.CREATED, Kind.CHANGED)
        for path in written:
            say(f"wrote {path}")
        for path in done.of(Kind.REMOVED):
            say(f"removed {path}")
        say("Now run `nix develop`." if written else "Everything is up to date.")
    return 0


def _put_json(changes: Changes, options: Options) -> None:
    if not options.json:
        return
    import json

    put(json.dumps({kind.value: list(changes.of(kind)) for kind in Kind}, indent=2) + "\n")

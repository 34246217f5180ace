"""`pyenvspec init`: look at the project, decide, say what was seen, write env.yaml and the schema beside it."""

from __future__ import annotations

import errno
import json
import os
import shlex
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.commands.host.python import find_uv
from pyenvspec.commands.init.ask_lock import why_not_locked
from pyenvspec.commands.init.ask_uv import newest_that_resolves
from pyenvspec.commands.init.decide import Decisions, decide
from pyenvspec.commands.init.python import Decided
from pyenvspec.commands.init.scaffold import format_manifest
from pyenvspec.commands.init.start import start_command
from pyenvspec.commands.init.templates import TEMPLATES, Template, find_template
from pyenvspec.diagnostics import Diagnostic, PyenvspecError, Severity
from pyenvspec.driver import MANIFEST, MODULE_FOLDER, check_tree
from pyenvspec.facts.drivers import driver_version, minimum_driver
from pyenvspec.facts.nixpkgs import version_key
from pyenvspec.lowering.vendored import VENDOR, read_schema
from pyenvspec.next_step import next_step
from pyenvspec.options import Options, add_json
from pyenvspec.project.files import check_folder, read_project_file
from pyenvspec.project.locks.locked_project import LOCK_OF_MANAGER
from pyenvspec.project.survey.look import survey
from pyenvspec.reading.source import read_text
from pyenvspec.records import dataclass
from pyenvspec.reporter import make_visible, put, report, say
from pyenvspec.spec.model import LOCK_MANAGERS, MANAGERS
from pyenvspec.tools import SystemRunner, has_program
from pyenvspec.writing.atomic import replace_file
from pyenvspec.writing.projectfs import check_parents, explained, keep_copy, put_file

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from pyenvspec.project.survey.source import Source, Survey

_SCHEMA = f"{MODULE_FOLDER}/{VENDOR}/env.schema.json"
_DRIVER_VERSION = Path("/proc/driver/nvidia/version")
# What is told by the next step that is printed anyway.
_EXPECTED = frozenset({"package-lock-missing"})


@dataclass(frozen=True)
class InitOptions(Options):
    """What this command can be told besides."""

    source: Path | None = None
    manager: str | None = None
    template: str | None = None
    force: bool = False
    dry_run: bool = False
    offline: bool = False


def declare(parser: argparse.ArgumentParser) -> type[InitOptions]:
    """Declare the arguments; return what holds them."""
    add_json(parser)
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="FILE",
        help="take the packages from this file: a lock, requirements, …",
    )
    parser.add_argument("--manager", metavar="M", help="uv, poetry, pip, uv2nix, poetry2nix or nixpkgs")
    parser.add_argument("--template", metavar="T", help=f"{', '.join(TEMPLATES)}, whatever the project has")
    parser.add_argument("--force", action="store_true", help="replace env.yaml; a copy is kept")
    parser.add_argument("--dry-run", action="store_true", help="print env.yaml, and write nothing")
    parser.add_argument(
        "--offline",
        action="store_true",
        help="ask uv neither which Python the packages are for nor whether it can lock them",
    )
    return InitOptions


def run(options: InitOptions) -> int:
    """Write env.yaml for the project, or of a template."""
    root = options.directory
    if not options.dry_run:  # before uv is asked for a minute
        _check_free(root, force=options.force)
    if options.manager is not None and options.manager not in MANAGERS:
        raise _error(
            "init-manager", f"there is no manager `{options.manager}`", f"one of {', '.join(MANAGERS)}"
        )
    seen, template = None, None
    if options.template is not None:
        template = _find_template(options.template)
        done = Decisions(template.manager, f"template {options.template}", Decided(template.python, ""))
    else:
        seen = survey(root, options.source.as_posix() if options.source else None)
        if not seen.sources:
            _tell_below(seen)
        done = _decide(seen, root, options)
        done.notes += seen.skipped
        _check_possible(done, seen)
    text, findings = _settle(root, done, template)
    copy_name = None
    if not options.dry_run:
        requirements = done.new_requirements[:1] if done.new_requirements else ()
        check_parents(root, (_SCHEMA, *(template.names if template else ()), *requirements))
        # Before env.yaml: where one of these cannot be written, `init` can simply be run again.
        if template is not None:
            _write_template(root, template)
        copy_name = _write(root, text, done, force=options.force)
    _tell(options, InitResult(seen, done, text, _next_step(root, done, seen), copy_name))
    # stdout has the JSON already, in which findings would be a second document.
    wanted = (d for d in findings if d.code not in _EXPECTED)
    report(wanted, replace(options, json=False, quiet=options.json or options.quiet))
    return 0


def _decide(seen: Survey, root: Path, options: InitOptions) -> Decisions:
    def ask_lock(source: Source, minor: str) -> str | None:
        if find_uv() is None:
            return None
        say("asking uv whether it can lock pyproject.toml …")
        # As the survey has read it: with `\ufffd` for what is no UTF-8, which `check` tells.
        text = (read_project_file(root, source.file) or b"").decode("utf-8", "replace")
        return why_not_locked(text, source, minor, SystemRunner())

    only = options.source.as_posix() if options.source else None
    if options.offline:
        return decide(seen, only=only, manager=options.manager)
    return decide(seen, only=only, manager=options.manager, ask=_ask, ask_lock=ask_lock)


def _ask(source: Source, minors: list[str]) -> tuple[str | None, str]:
    if find_uv() is None:
        return None, "uv is not here to be asked, and the table of wheels does not have all of them"
    say("asking uv for which Python the pinned packages have wheels …")
    return newest_that_resolves(source, minors, SystemRunner())


@dataclass(frozen=True)
class InitResult:
    """All that is told: what was seen, what was decided, the text, the next command, an older file's new name."""

    survey: Survey | None
    decisions: Decisions
    text: str
    step: str
    copy_name: str | None


def _find_template(name: str) -> Template:
    template = find_template(name)
    if template is None:
        raise _error("init-template", f"there is no template `{name}`", f"one of {', '.join(TEMPLATES)}")
    return template


def _write_template(root: Path, template: Template) -> None:
    """Write the files of a template that the project lacks."""
    for name, content in template.missing(root):
        put_file(root, name, content)
        say(f"wrote {name}")


def _error(code: str, message: str, expected: str) -> PyenvspecError:
    return PyenvspecError(Diagnostic(code, message, "command line", expected=expected))


def _check_possible(done: Decisions, seen: Survey) -> None:
    """Raise where the manager cannot work with what is there."""
    if done.primary is None and seen.projects_below:
        count = len(seen.projects_below)
        message = (
            f"no file here says which packages are needed; {count} folder{'s' if count > 1 else ''} below do"
        )
        hint = f"run `pyenvspec init -C {shlex.quote(seen.projects_below[0].folder)}`"
        raise PyenvspecError(
            Diagnostic("init-below", message, ".", hint=hint + (", or of another" if count > 1 else ""))
        )
    pyproject = seen.get("pyproject.toml")
    if done.manager in LOCK_MANAGERS and pyproject is None:
        lock = LOCK_OF_MANAGER[done.manager]
        message = f"{done.manager} builds from {lock}, which needs a pyproject.toml with a project, and there is none"
        hint = "run `uv init --bare`, then `uv add` for each package, then `pyenvspec init --manager uv2nix`"
        raise PyenvspecError(Diagnostic("init-manager", message, "pyproject.toml", hint=hint))


# A terminal's height; a repository of examples has hundreds.
_MOST_BELOW = 20
_NOT_WRITTEN = frozenset({"native-insecure", "native-refused"})
"""Of what is under `native`: nobody asked for it by that name, so that a warning is enough to leave it out."""


def _tell_below(seen: Survey) -> None:
    """Show the projects below as a table; one of them is to be named."""
    rows = [(below.folder, ", ".join(below.files)) for below in seen.projects_below]
    width = max((len(folder) for folder, _ in rows[:_MOST_BELOW]), default=0)
    for folder, files in rows[:_MOST_BELOW]:
        say(make_visible(f"  {folder:<{width}}  {files}"))
    if len(rows) > _MOST_BELOW:
        say(f"  … and {len(rows) - _MOST_BELOW} more")


def _settle(root: Path, done: Decisions, template: Template | None) -> tuple[str, tuple[Diagnostic, ...]]:
    """Return the text that passes `check`, leaving out what turns out not to be had; raises PyenvspecError else."""
    without: set[str] = set()
    text = ""
    if template is not None:
        # A project is checked with its own files around it.
        root, text = template.folder or root, template.manifest
    findings: tuple[Diagnostic, ...] = ()
    # Each round takes something out; what is left after so many is told as it is.
    for _ in range(8):
        if template is None:
            text = format_manifest(done, without=frozenset(without))
        # Written together with env.yaml, and missed by the checks otherwise.
        coming = (done.new_requirements[0],) if done.new_requirements else ()
        findings = _check(root, text, coming)
        errors = [d for d in findings if d.severity is Severity.ERROR or d.code in _NOT_WRITTEN]
        if not errors or template:
            break
        if not _leave_out(done, without, errors):
            break
    errors = [d for d in findings if d.severity is Severity.ERROR]
    if errors:
        raise PyenvspecError(*errors)
    return text, tuple(d for d in findings if d.severity is not Severity.ERROR)


def _leave_out(done: Decisions, without: set[str], errors: list[Diagnostic]) -> bool:
    """Take away what the errors are about; False where nothing of it is ours to take away."""
    taken = False
    for error in errors:
        # By the words of the message, since what it points at is a line of a text that is not written yet.
        name = next((name for name, _ in done.native if f"`{name}`" in error.message), None)
        if name is not None and name not in without:
            without.add(name)
            done.left_out.append(f"{dict(done.native)[name]}: {name}: {error.message}")
            taken = True
        elif error.code == "no-release" and done.gpu is not None and done.gpu.toolkit:
            # No nixpkgs has this CUDA beside this Python, and the Python is what packages need.
            done.left_out.append(f"{done.gpu.where}: CUDA {done.gpu.toolkit}: {error.message}")
            done.gpu = None
            taken = True
    return taken


def _check(root: Path, text: str, coming: tuple[str, ...]) -> tuple[Diagnostic, ...]:
    """Return what `check` says to the text before it is written."""
    try:
        return check_tree(root, read_text(text.encode(), MANIFEST), coming)[2]
    except PyenvspecError as error:
        return error.diagnostics


def _check_free(root: Path, *, force: bool) -> None:
    check_folder(root)
    path = root / MANIFEST
    if not os.path.lexists(path) or (force and path.is_file()):
        return
    # mamba and others read env.yaml as well.
    if survey(root).has_manifest_of_conda:
        message = (
            f"the {MANIFEST} here is an environment file of conda; pyenvspec needs that name for its own"
        )
        hint = f"run `mv {MANIFEST} environment.yml`, then `pyenvspec init`"
        raise PyenvspecError(Diagnostic("init-exists", message, MANIFEST, hint=hint))
    message = f"there is an {MANIFEST} already"
    hint = f"edit it, or run `pyenvspec init --force`, which keeps it as `{_copy_name(root)}`"
    raise PyenvspecError(Diagnostic("init-exists", message, MANIFEST, hint=hint))


def _copy_name(root: Path) -> str:
    names = (f"{MANIFEST}.orig.{number}" if number else f"{MANIFEST}.orig" for number in count())
    return next(name for name in names if not os.path.lexists(root / name))


def _write(root: Path, text: str, done: Decisions, *, force: bool) -> str | None:
    """Write env.yaml, its schema, and requirements where they are new; return the name of an older env.yaml's copy."""
    copy_name = None
    if done.new_requirements is not None:
        name, content = done.new_requirements
        if not os.path.lexists(root / name):
            put_file(root, name, content.encode())
    with explained(MANIFEST):
        if force and (root / MANIFEST).is_file():
            copy_name = _copy_name(root)
            keep_copy(root / MANIFEST, root / copy_name)
        elif os.path.lexists(root / MANIFEST):  # asking uv takes a minute, in which somebody may write one
            raise FileExistsError(errno.EEXIST, "it came up meanwhile")
        replace_file(root / MANIFEST, text.encode())
    # The first line of env.yaml names it, so that an editor helps before the first compile.
    put_file(root, _SCHEMA, read_schema().encode())
    return copy_name


def _next_step(root: Path, done: Decisions, seen: Survey | None) -> str:
    """Return the command to type next; it makes the lock that the manager needs where there is none."""
    name = LOCK_OF_MANAGER.get(done.manager)
    project = root / "pyproject.toml"
    if name is None or (root / name).is_file():
        return "pyenvspec shell"
    tool = name.removesuffix(".lock")
    return _with_tool(tool, f"{tool} lock" if project.is_file() else start_command(done, seen))


def _with_tool(tool: str, command: str) -> str:
    """A command of a tool that may be missing here: the shell has it."""
    if has_program(tool):
        return command
    # Typed as it stands, `&&` would end the shell's command and run what follows outside.
    if "&&" in command:
        command = shlex.join(("sh", "-c", command))
    return f"pyenvspec shell -- {command}"


def _tell(options: InitOptions, result: InitResult) -> None:
    done = result.decisions
    if options.json:
        seen = result.survey.sources if result.survey else []
        document = {
            "seen": [{"file": source.file, "summary": source.summary} for source in seen],
            "manager": done.manager,
            "python": done.python.value,
            "primary": done.primary.file if done.primary else None,
            "left_out": done.left_out,
            "notes": _notes(done),
            "written": None if options.dry_run else MANIFEST,
            "requirements": done.new_requirements[0] if done.new_requirements else None,
            "kept_as": result.copy_name,
            "text": result.text,
            "next": result.step,
            "after": done.after,
        }
        put(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        return
    if options.dry_run:
        put(result.text)
    if options.quiet:
        return
    for line in _talk(result, dry_run=options.dry_run):
        say(make_visible(line))


def _talk(result: InitResult, *, dry_run: bool) -> Iterable[str]:
    done = result.decisions
    for source in result.survey.sources if result.survey else []:
        yield f"saw {source.file}: {source.summary}"
    for line in _notes(done):
        yield f"note: {line}"
    for line in done.left_out:
        yield f"left out {line}"
    if result.copy_name:
        yield f"your {MANIFEST} is kept as {result.copy_name}"
    written = [f"{MANIFEST}: Python {done.python.value}, {done.manager}"]
    if done.new_requirements:
        written.insert(0, f"{done.new_requirements[0]}, from {done.primary.file if done.primary else ''}")
    for file in written:
        yield f"would write {file}" if dry_run else f"wrote {file}"
    yield next_step(result.step) + (f" In it, once: `{done.after}`." if done.after else "")


def _notes(done: Decisions) -> list[str]:
    return [*done.python.notes, *done.notes, *_driver_note(done)]


def _driver_note(done: Decisions) -> list[str]:
    """Say at once where this machine's driver is too old for the CUDA of the wheels."""
    cuda = (done.gpu.toolkit or done.gpu.cuda) if done.gpu else None
    needed = minimum_driver(cuda) if cuda else None
    try:
        driver = driver_version(_DRIVER_VERSION.read_text())
    except OSError:  # no NVIDIA driver, or WSL, which has no such file
        return []
    if (
        needed is None
        or needed.driver is None
        or driver is None
        or version_key(driver) >= version_key(needed.driver)
    ):
        return []
    return [f"this machine's driver {driver} is too old for CUDA {cuda}, which needs {needed.driver}"]

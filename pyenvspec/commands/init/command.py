"""`pyenvspec init`: look at the project, say what was seen, write env.yaml. Touches no other file, no lock either."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.commands.init.scaffold import TEMPLATES, format_manifest, format_template
from pyenvspec.commands.init.survey import Survey, survey_project
from pyenvspec.diagnostics import Diagnostic, PyenvspecError, Severity
from pyenvspec.driver import MANIFEST, check_tree
from pyenvspec.options import Options, add_json
from pyenvspec.project.locks.locked_project import LOCK_OF_MANAGER
from pyenvspec.reading.source import read_text
from pyenvspec.reporter import make_visible, put, report, say
from pyenvspec.spec.model import LOCK_MANAGERS, MANAGERS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class InitOptions(Options):
    """What this command can be told besides."""

    source: Path | None = None
    manager: str | None = None
    template: str | None = None
    force: bool = False


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
    parser.add_argument(
        "--template", metavar="T", help="minimal, cuda, science or nix-lock, whatever the project has"
    )
    parser.add_argument("--force", action="store_true", help="replace env.yaml; a copy is kept")
    return InitOptions


def run(options: InitOptions) -> int:
    """Write env.yaml for the project, or of a template."""
    root = options.directory
    _check_free(root, force=options.force)
    survey, manager, text = _decide(options)
    findings = _check(root, text)
    if "no-release" in {d.code for d in findings} and survey.cuda:
        # The wheels bring their own CUDA; the toolkit of that version cannot be had beside this Python.
        survey.left_out.append(f"CUDA {survey.cuda[0]}: {findings[0].message}")
        survey = replace(survey, cuda=None)
        text = format_manifest(survey, manager)
        findings = _check(root, text)
    errors = [d for d in findings if d.severity is Severity.ERROR]
    if errors:
        raise PyenvspecError(*errors)
    kept = _write(root, text, force=options.force)
    step = _next_step(root, survey, manager)
    _tell(options, survey, manager, text, step, kept)
    report(
        (d for d in findings if d.code != "package-lock-missing"),
        replace(options, json=False, quiet=options.json),
    )
    return 0


def _decide(options: InitOptions) -> tuple[Survey, str, str]:
    if options.manager is not None and options.manager not in MANAGERS:
        raise _error(
            "init-manager", f"there is no manager `{options.manager}`", f"one of {', '.join(MANAGERS)}"
        )
    if options.template is not None:
        if options.template not in TEMPLATES:
            expected = f"one of {', '.join(TEMPLATES)}"
            raise _error("init-template", f"there is no template `{options.template}`", expected)
        return Survey(manager="uv"), "uv", format_template(options.template)
    survey = survey_project(options.directory, str(options.source) if options.source else None)
    manager = options.manager or survey.manager or "uv"
    if manager in LOCK_MANAGERS and not (survey.is_project or survey.is_poetry):
        lock = LOCK_OF_MANAGER[manager]
        message = f"{manager} builds from {lock}, which needs a pyproject.toml, and there is none"
        hint = f"run `{_make_project(survey)}`, then `pyenvspec init --manager uv2nix`"
        raise PyenvspecError(Diagnostic("init-manager", message, "pyproject.toml", hint=hint))
    return survey, manager, format_manifest(survey, manager)


def _error(code: str, message: str, expected: str) -> PyenvspecError:
    return PyenvspecError(Diagnostic(code, message, "command line", expected=expected))


def _check(root: Path, text: str) -> tuple[Diagnostic, ...]:
    """Return what `check` says to the text before it is written."""
    try:
        return check_tree(root, read_text(text.encode(), MANIFEST))[2]
    except PyenvspecError as error:
        return error.diagnostics


def _check_free(root: Path, *, force: bool) -> None:
    path = root / MANIFEST
    if os.path.lexists(path) and (not force or not path.is_file()):
        message = f"there is an {MANIFEST} already"
        hint = f"edit it, or run `pyenvspec init --force`, which keeps it as `{_copy_name(root)}`"
        raise PyenvspecError(Diagnostic("init-exists", message, MANIFEST, hint=hint))
    if not root.is_dir():
        raise PyenvspecError(Diagnostic("init-source", f"there is no folder `{root}`", MANIFEST))


def _copy_name(root: Path) -> str:
    names = (f"{MANIFEST}.orig.{number}" if number else f"{MANIFEST}.orig" for number in count())
    return next(name for name in names if not os.path.lexists(root / name))


def _write(root: Path, text: str, *, force: bool) -> str | None:
    """Write the file in one step; return the name under which an older one is kept."""
    path, kept = root / MANIFEST, None
    temporary = root / f".{MANIFEST}.{os.getpid()}"
    try:
        with temporary.open("x", encoding="utf-8") as stream:
            stream.write(text)
        try:
            if force and path.is_file():
                kept = _copy_name(root)
                os.link(path, root / kept)
                temporary.replace(path)
            else:
                # Unlike a rename, a link never takes the place of a file that came up meanwhile.
                os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        message = f"{MANIFEST} cannot be written: {error.strerror}"
        raise PyenvspecError(Diagnostic("write-failed", message, MANIFEST)) from None
    return kept


def _next_step(root: Path, survey: Survey, manager: str) -> str | None:
    """Return the one command that makes the lock that the manager needs, None where it is there."""
    lock = {"uv": "uv.lock", "uv2nix": "uv.lock", "poetry": "poetry.lock", "poetry2nix": "poetry.lock"}.get(
        manager
    )
    if lock is None or (root / lock).is_file():
        return None
    if lock == "poetry.lock":
        return "poetry lock"
    if survey.is_poetry and not survey.is_project:
        # Turns [tool.poetry] into [project] and locks the same versions again.
        return "uvx migrate-to-uv"
    return "uv lock" if survey.is_project else _make_project(survey)


def _make_project(survey: Survey) -> str:
    python = f" --python {survey.python[0]}" if survey.python else ""
    start = f"uv init --bare{python}"
    if survey.requirements:
        return f"{start} && uv add -r {shlex.quote(survey.requirements)}"
    if survey.python_packages:
        return f"{start} && uv add {shlex.join(survey.python_packages)}"
    return start


def _tell(  # noqa: PLR0913 -- the parts of the answer
    options: InitOptions, survey: Survey, manager: str, text: str, step: str | None, kept: str | None
) -> None:
    if options.json:
        document = {
            "seen": [{"file": one.file, "said": one.said} for one in survey.seen],
            "manager": manager,
            "left_out": survey.left_out,
            "written": MANIFEST,
            "kept_as": kept,
            "text": text,
            "next": step,
        }
        put(json.dumps(document, indent=2) + "\n")
        return
    if options.quiet:
        return
    for line in _talk(survey, kept, step):
        say(make_visible(line))


def _talk(survey: Survey, kept: str | None, step: str | None) -> Iterable[str]:
    for one in survey.seen:
        yield f"saw {one.file}: {one.said}"
    for line in survey.left_out:
        yield f"left out {line}"
    if kept:
        yield f"your {MANIFEST} is kept as {kept}"
    yield f"wrote {MANIFEST}"
    if step:
        yield f"Now run `{step}`, then `pyenvspec compile`."
    else:
        yield "Now run `pyenvspec compile`."

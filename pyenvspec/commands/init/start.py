"""The command that makes a pyproject.toml where a manager needs one and the project has none."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from pyenvspec.commands.init.additions import Additions
from pyenvspec.commands.init.convert import convert

if TYPE_CHECKING:
    from pyenvspec.commands.init.decide import Decisions
    from pyenvspec.project.survey.source import Source, Survey, Wanted


def start_command(done: Decisions, survey: Survey | None) -> str:
    """Return what to type: a new project of uv or poetry with the packages that the project asks for now."""
    source = done.primary
    setup = next((s for s in survey.of("setup") if s.file == "setup.py"), None) if survey else None
    packages, options = _packages(source, setup)
    name = ["--name", done.name] if done.name and setup is not None else []
    if done.manager == "poetry":
        # `~3.8`: one minor, as env.yaml will have it.
        command = shlex.join(
            ["poetry", "init", "--no-interaction", *name, "--python", f"~{done.python.value}"]
        )
        return f"{command} && poetry add {' '.join(packages)}" if packages else command
    # Of a setup.py the package itself is to be there as well: it stays what is built.
    built = ["--package", "--build-backend", "setuptools", *name] if setup is not None else []
    command = shlex.join(["uv", "init", "--bare", *built, "--python", done.python.value])
    if done.requirements and source is not None and all(wanted.name != "." for wanted in source.packages):
        return f"{command} && uv add -r {shlex.quote(done.requirements)}"
    return f"{command} && uv add {' '.join([*options, *packages])}" if packages else command


def _packages(source: Source | None, setup: Source | None) -> tuple[list[str], list[str]]:
    """Return the packages of a file as words of a shell, and the indices that they need as options of uv."""
    if source is None:
        return [], []
    whole = source if source.kind == "requirements" else convert(source, Additions())[0]
    # `-e .` is the project itself, which needs what its setup.py lists.
    own = setup.packages if setup is not None and source is not setup else []
    wanted: dict[str, Wanted] = {w.name: w for w in (*own, *whole.packages) if _is_addable(w.text)}
    options = []
    for option in whole.options:
        if match := re.match(r"(--extra-index-url|--find-links|-f)[ =]+(\S+)$", option.value):
            word = "--index" if match[1] == "--extra-index-url" else "--find-links"
            options += [word, shlex.quote(match[2])]
    return [shlex.quote(w.text) for w in wanted.values()], options


def _is_addable(text: str) -> bool:
    """Whether it is a package by its name; folders of the project are not added so."""
    return not re.match(r"-e\b|--editable|[./]", text)

"""Which file says what is installed: one decides, and the others are named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.commands.init.instructions import FRAMEWORKS

if TYPE_CHECKING:
    from pyenvspec.project.survey.source import Source, Survey

# Words in the path of a file that is not for everybody: requirements-dev.txt, docs/requirements.txt, Dockerfile.rocm
ASIDE = re.compile(
    r"(?:^|[-_./])(dev|tests?|testing|docs?|lint|ci|build|style|optional|extras?|minimal|min|benchmarks?|examples?|demos?|internal|gitpod|notebooks?|ja|tpu|mac(?:os)?|windows|amd|rocm|xpu)(?:[-_./]|$)"
)
# requirements-cu121.txt, environment_cu118.yml
_TAG = re.compile(r"cu([0-9]{2,3})")


def choose_primary(survey: Survey, only: str | None) -> Source | None:
    """Return the file that says which packages are installed; never two of them mixed."""
    if only is not None:
        return survey.get(only)
    # A lock at the top is exact, and what `uv sync` and `poetry install` take.
    for source in survey.of("lock"):
        if source.tool in ("uv", "poetry") and "/" not in source.file:
            return source
    # Requirements files that the README tells to install.
    files = {
        o.value.removeprefix("-r ") for s in survey.of("readme") for o in s.options if o.value[:2] == "-r"
    }
    requirements = sorted(survey.of("requirements"), key=lambda source: _rank_of_requirements(source, files))[
        :1
    ]
    projects = [
        s for s in survey.of("pyproject") if s.packages or s.tool == "poetry" or "workspace" in s.summary
    ]
    plain = [source for source in requirements if not _is_aside(source)]
    # The README says `pip install -r` and does not install the project: pyproject.toml is then for tools as ruff.
    if plain and plain[0].file in files and not _is_installed_itself(survey):
        projects = []
    # In this order: what is written to be installed, then what a tool keeps, last what only code tells.
    candidates = [
        *projects,
        *plain,
        *[s for s in survey.of("lock") if s.tool == "pipenv"],
        *survey.of("pipenv", "pixi"),
        *sorted(
            survey.of("conda"), key=lambda source: (source.file.count("/"), _TAG.search(source.file) is None)
        )[:1],
        *[s for s in survey.of("lock") if s.tool in ("pdm", "pylock")],
        *survey.of("setup", "pyproject", "imports"),
        *requirements,
    ]
    # A requirements file for developers above several projects is not what anybody runs.
    if not candidates or (survey.projects_below and candidates[0] in requirements and not plain):
        return None
    first = candidates[0]
    conda = next((source for source in candidates if source.kind == "conda"), None)
    # A conda file with much more in it is what people install; the other lists what setup.py also needs.
    if first.kind == "requirements" and conda and _has_more(conda, first):
        return conda
    return first


def _has_more(conda: Source, requirements: Source) -> bool:
    """Whether a conda file is the whole of which the requirements are a part."""
    if requirements.file in conda.includes:
        return any(requirements.find(wanted.name) is None for wanted in conda.packages)
    return any(
        any(conda.find(name) for name in names) and not any(requirements.find(name) for name in names)
        for names in FRAMEWORKS.values()
    )


def _is_installed_itself(survey: Survey) -> bool:
    """Whether the project is installed: a README tells it, or its pyproject.toml is one of a manager with a lock."""
    of_manager = any(source.tool in ("poetry", "pdm") for source in survey.of("pyproject"))
    return of_manager or any(w.name == "." for s in survey.of("readme") for w in s.packages)


def _rank_of_requirements(source: Source, files: set[str]) -> tuple[bool, bool, bool, bool, int, str]:
    """None for developers, at the top, what the README names, the plain name, of several for CUDA the newest."""
    tag = _TAG.search(source.file)
    newest = -int(tag[1]) if tag else 0
    is_below, is_plain = "/" in source.file, source.file == "requirements.txt"
    return _is_aside(source), is_below, source.file not in files, not is_plain, newest, source.file


def _is_aside(source: Source) -> bool:
    """Whether a requirements file is for developers, examples or one kind of machine, or asks for nothing."""
    return bool(ASIDE.search(source.file)) or not source.packages

"""pyproject.toml: PEP 621, poetry, PDM, hatch, uv with its indices; nothing where it only configures tools."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import tomli

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.facts.packages import normalise
from pyenvspec.project.survey.requirements import parse_requirement
from pyenvspec.project.survey.source import Claim, Source, Wanted
from pyenvspec.project.tables import table_at, tables_in, texts_in

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def read_pyproject(file: str, text: str) -> Source | None:
    """Return what the file asks for, None where it is no project; raises PyenvspecError where it is no TOML."""
    document = load(file, text)
    project, tool = table_at(document, "project"), table_at(document, "tool")
    poetry, uv = table_at(tool, "poetry"), table_at(tool, "uv")
    # poetry 2 takes what it can from [project], and [tool.poetry.dependencies] adds to it.
    if "dependencies" in poetry or ("name" in poetry and "name" not in project):
        return _poetry(file, text, project, poetry)
    if not project and "workspace" not in uv and "dev-dependencies" not in uv:
        return None
    return _standard(file, text, document)


def load(file: str, text: str) -> dict[str, Any]:
    """Return the document; raises PyenvspecError where it is no TOML."""
    try:
        return tomli.loads(text)
    except (tomli.TOMLDecodeError, RecursionError, ValueError) as error:
        message = f"{file} is not valid TOML: {error}"
        raise PyenvspecError(Diagnostic("package-lock-project", message, file)) from None


def line_of(text: str, pattern: str) -> int:
    """Return the first line that a pattern matches, 0 where none does."""
    match = re.search(pattern, text, re.MULTILINE)
    return text.count("\n", 0, match.start()) + 1 if match else 0


def _standard(file: str, text: str, document: dict[str, Any]) -> Source:
    project, tool = table_at(document, "project"), table_at(document, "tool")
    uv = table_at(tool, "uv")
    manager = "pdm" if table_at(tool, "pdm") else "hatch" if table_at(tool, "hatch", "envs") else "uv"
    source = Source(file, "pyproject", tool=manager, name=_name(project.get("name")))
    _python(source, text, project.get("requires-python"), r"^[ \t]*requires-python[ \t]*=")
    source.packages += _requirements(text, texts_in(project.get("dependencies")))
    source.extras = tuple(
        sorted({*table_at(project, "optional-dependencies"), *_take_dynamic(source, text, document)})
    )
    source.groups = tuple(sorted(table_at(document, "dependency-groups")))
    # An explicit index serves only what names it, under [tool.uv.sources].
    used = [
        row.get("index")
        for of_package in table_at(uv, "sources").values()
        for row in tables_in(of_package if isinstance(of_package, list) else [of_package])
    ]
    for index in (*tables_in(uv.get("index")), *tables_in(table_at(tool, "pdm").get("source"))):
        if not index.get("explicit") or index.get("name") in used:
            _take_index(source, text, index)
    for page in texts_in(uv.get("find-links")):
        source.options.append(Claim(f"--find-links {page}", line_of(text, re.escape(page))))
    for name in table_at(tool, "pixi"):
        source.left_out.append(Claim(f"tool.pixi.{name}", line_of(text, r"^\[tool\.pixi"), "pixi's own"))
    if "workspace" in uv and "name" not in project:
        source.summary = "a workspace of uv"
    else:
        # Of the standard's tables alone nobody can tell whose project it is: uv is only what is taken then.
        source.summary = f"a project of {manager}" if manager != "uv" or "workspace" in uv else "a project"
    return source


def _take_index(source: Source, text: str, index: dict[str, Any]) -> None:
    url = index.get("url")
    if isinstance(url, str):
        source.options.append(Claim(f"--extra-index-url {url}", line_of(text, re.escape(url))))


def _take_dynamic(source: Source, text: str, document: dict[str, Any]) -> Iterable[str]:
    """Note the files that the dependencies are in, as setuptools and hatch write it; return the extras of files."""
    named = texts_in(table_at(document, "project").get("dynamic"))
    of_setuptools = table_at(document, "tool", "setuptools", "dynamic")
    of_hatch = table_at(document, "tool", "hatch", "metadata", "hooks", "requirements_txt")
    if "dependencies" in named:
        # setuptools: dependencies = {file = ["requirements.txt"]}; hatch-requirements-txt: files = ["requirements.txt"]
        files = table_at(of_setuptools, "dependencies").get("file")
        listed = [files] if isinstance(files, str) else [*texts_in(files), *texts_in(of_hatch.get("files"))]
        line = line_of(text, r"^[ \t]*(?:dependencies|files|dynamic)[ \t]*=")
        source.options += [Claim(f"-r {name}", line) for name in listed]
    if "optional-dependencies" not in named:
        return ()
    return {*table_at(of_setuptools, "optional-dependencies"), *table_at(of_hatch, "optional-dependencies")}


def _poetry(file: str, text: str, project: dict[str, Any], poetry: dict[str, Any]) -> Source:
    source = Source(file, "pyproject", tool="poetry", name=_name(project.get("name") or poetry.get("name")))
    source.summary = "a project of poetry"
    dependencies = table_at(poetry, "dependencies")
    python = dependencies.get("python")
    python = python.get("version") if isinstance(python, dict) else python
    _python(source, text, project.get("requires-python"), r"^[ \t]*requires-python[ \t]*=")
    _python(source, text, python, r"^[ \t]*python[ \t]*=")
    source.packages += _requirements(text, texts_in(project.get("dependencies")))
    source.packages += [
        _of_poetry(text, name, value) for name, value in dependencies.items() if normalise(name) != "python"
    ]
    source.groups = tuple(sorted(table_at(poetry, "group")))
    source.extras = tuple(sorted({*table_at(poetry, "extras"), *table_at(project, "optional-dependencies")}))
    for index in tables_in(poetry.get("source")):
        if index.get("priority") != "explicit":
            _take_index(source, text, index)
    return source


def _of_poetry(text: str, name: str, value: object) -> Wanted:
    """A dependency of poetry; its constraint is turned into PEP 440 where it is a plain version."""
    row = value if isinstance(value, dict) else {"version": value}
    version = row.get("version")
    constraint = version.strip() if isinstance(version, str) else ""
    specifier = ""
    if re.fullmatch(r"[0-9][A-Za-z0-9.+]*", constraint):
        specifier = f"=={constraint}"
    elif constraint[:1] in "<>=!":
        specifier = constraint
    line = line_of(text, rf"^[ \t]*[\"']?{re.escape(name)}[\"']?[ \t]*=")
    return Wanted(normalise(name), f"{name}{specifier}", specifier, tuple(texts_in(row.get("extras"))), line)


def _requirements(text: str, listed: list[str]) -> list[Wanted]:
    lines = (line_of(text, rf"[\"']{re.escape(item)}[\"']") for item in listed)
    parsed = (parse_requirement(item, line) for item, line in zip(listed, lines, strict=True))
    return [wanted for wanted in parsed if wanted is not None]


def _python(source: Source, text: str, value: object, pattern: str) -> None:
    if isinstance(value, str) and value.strip() and value.strip() != "*":
        source.python.append(Claim(value.strip(), line_of(text, pattern)))


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None

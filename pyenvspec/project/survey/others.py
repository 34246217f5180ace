"""Files that say one or two things of the environment: versions, Pipfile, pixi, devbox, containers, imports."""

from __future__ import annotations

import ast
import json
import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyenvspec.facts.debian import attribute_of_debian, is_of_every_machine
from pyenvspec.facts.native import find_native_name, is_catalogued, names_there
from pyenvspec.facts.packages import normalise, pypi_of_import
from pyenvspec.project.survey.code import parse_code
from pyenvspec.project.survey.instructions import instruction_lines, read_instructions, take_line
from pyenvspec.project.survey.pyproject import line_of, load
from pyenvspec.project.survey.source import Claim, Source, Wanted
from pyenvspec.project.survey.typed import BREAK, Place, apt_words
from pyenvspec.project.tables import load_json, table_at, texts_in

if TYPE_CHECKING:
    from collections.abc import Iterable

# `3.11`, `3.11.4`, pyenv's `cpython-3.11.4`, Heroku's `python-3.11.4`; not `pypy3.10` and not a virtualenv's name
_VERSION = re.compile(r"\s*(?:cpython[-@]?|python[-@]?)?(3\.[0-9]+(?:\.[0-9]+)?)\s*$")


_OWN = "the project itself"


def read_python_version(file: str, text: str) -> Source:
    """Return the version that .python-version or runtime.txt names."""
    source = Source(file, "version", summary="no version of CPython")
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _VERSION.match(line):
            source.python.append(Claim(match[1], number))
            source.summary = f"Python {match[1]}"
            break
    return source


def read_tool_versions(file: str, text: str) -> Source | None:
    """Return the Python that .tool-versions (asdf, mise) names, None where it names none."""
    pattern = r"^python\s+(3\.[0-9]+(?:\.[0-9]+)?)"
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        return None
    python = Claim(match[1], line_of(text, pattern))
    return Source(file, "version", summary=f"Python {match[1]}", python=[python])


def read_pipfile(file: str, text: str) -> Source:
    """Return what a Pipfile asks for."""
    document = load(file, text)
    source = Source(file, "pipenv", tool="pipenv", summary="a project of pipenv")
    requires = table_at(document, "requires")
    python = requires.get("python_full_version") or requires.get("python_version")
    if isinstance(python, str):
        source.python.append(Claim(python, line_of(text, r"^python_(full_)?version\s*=")))
    for name, value in table_at(document, "packages").items():
        source.packages.append(_of_table(name, value, line_of(text, _key(name))))
    return source


def _of_table(name: str, value: object, line: int) -> Wanted:
    """A package as Pipfile and pixi write it: a version, or a table with extras, a repository, a folder."""
    options: dict[str, Any] = value if isinstance(value, dict) else {"version": value}
    version = options.get("version")
    # Not `*`, nor a bare version, which pixi takes and pip does not.
    specifier = version if isinstance(version, str) and version[:1] in "<>=!~" else ""
    extras = tuple(sorted(texts_in(options.get("extras"))))
    whole = f"{name}[{','.join(extras)}]" if extras else name
    place = options.get("git") or options.get("url") or options.get("path") or options.get("file")
    if not isinstance(place, str):
        return Wanted(normalise(name), f"{whole}{specifier}", specifier, extras, line)
    if "git" in options:
        at = next(
            (options[key] for key in ("rev", "tag", "branch", "ref") if isinstance(options.get(key), str)),
            None,
        )
        text = f"{whole} @ git+{place.removeprefix('git+')}" + (f"@{at}" if at else "")
    elif "://" in place:
        text = f"{whole} @ {place}"
    else:
        text = f"-e {place}" if options.get("editable") else place
    own = place.rstrip("/") in (".", "")
    return Wanted("." if own else normalise(name), text, extras=extras, line=line)


def read_pixi(file: str, text: str) -> Source:
    """Return what a pixi.toml asks for: its conda packages as a conda file has them, and those of PyPI."""
    from pyenvspec.project.survey.conda import read_conda

    document = load(file, text)
    dependencies = table_at(document, "dependencies")
    listed = [f"{name}{_conda_version(value)}" for name, value in dependencies.items()]
    # Quoted as JSON, which is YAML: a version may hold `*`, `!` and `#`.
    conda = read_conda(file, "dependencies:\n" + "".join(f"  - {json.dumps(item)}\n" for item in listed))
    # Where each line of that file stands in this one; the first is that of `dependencies`.
    lines = [0, 0, *(line_of(text, _key(name)) for name in dependencies)]
    source = Source(file, "pixi", tool="pixi", summary="an environment of pixi")
    names = [table_at(document, key).get("name") for key in ("workspace", "project")]
    source.name = next((name for name in names if isinstance(name, str)), None)
    for claims, target in (
        (conda.python, source.python),
        (conda.native, source.native),
        (conda.cuda, source.cuda),
        (conda.left_out, source.left_out),
    ):
        target += [replace(claim, line=lines[claim.line]) for claim in claims]
    source.packages += [replace(wanted, line=lines[wanted.line]) for wanted in conda.packages]
    cuda = table_at(document, "system-requirements").get("cuda")
    if isinstance(cuda, str):
        source.cuda.append(Claim(cuda, line_of(text, r"^cuda\s*="), "driver"))
    for name, value in table_at(document, "pypi-dependencies").items():
        source.packages.append(_of_table(name, value, line_of(text, _key(name))))
    return source


def _key(name: str) -> str:
    """The pattern of a key of TOML at the start of its line, in quotes or without."""
    return rf"^[\"']?{re.escape(name)}[\"']?[ \t]*="


def _conda_version(value: object) -> str:
    version = value.get("version") if isinstance(value, dict) else value
    if not isinstance(version, str) or version.strip() in ("", "*"):
        return ""
    version = version.strip()
    return f"={version.rstrip('*').rstrip('.')}" if re.fullmatch(r"[0-9][\w.]*\*?", version) else version


def read_devbox(file: str, text: str) -> Source | None:
    """Return the packages of a devbox.json: they are nixpkgs' own names."""
    try:
        # devbox takes comments, which JSON has not; only those on a line of their own can be told from an address.
        document = load_json(re.sub(r"^[ \t]*//.*$", "", text, flags=re.MULTILINE))
    except (ValueError, RecursionError):
        return None
    listed = document.get("packages") if isinstance(document, dict) else None
    items = [f"{k}@{v}" for k, v in listed.items()] if isinstance(listed, dict) else listed
    source = Source(file, "devbox", tool="devbox", summary="an environment of devbox")
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, str):
            continue
        if not item.isprintable():  # a text of JSON may have a line end or a bell in it
            source.left_out.append(Claim(json.dumps(item), 0, "is not understood"))
            continue
        name, _, version = item.partition("@")
        line = line_of(text, re.escape(name))
        # `python@3.10`, `python@latest`, `python310`
        if re.fullmatch(r"python[0-9]*", name):
            number = re.match(r"3\.[0-9]+", version) or re.match(r"3[0-9]+", name.removeprefix("python"))
            if number:
                minor = number[0] if "." in number[0] else f"3.{number[0][1:]}"
                source.python.append(Claim(minor, line))
        elif name not in ("uv", "poetry", "pipenv"):  # the manager is chosen by the project's files
            source.native.append(Claim(name, line))
    return source


def read_dockerfile(file: str, text: str) -> Source:
    """Return the Python, the CUDA and the Debian packages of the image that a Dockerfile ends in, and pip's words."""
    source = Source(file, "container", tool="docker")
    # Docker leaves out comments, within an instruction of several lines too, and goes on over empty lines.
    plain = re.sub(r"^[ \t]*#.*$", "", text, flags=re.MULTILINE)
    # Each line break that goes leaves a sign, by which lines are counted below.
    joined = re.sub(r"\\\s*\n(?:[ \t]*\n)*", lambda match: BREAK * match[0].count("\n"), plain)
    arguments: dict[str, str] = {}
    stages: list[list[tuple[int, str]]] = []
    line = 1
    for raw in joined.split("\n"):
        instruction = raw.strip(" \t\r")
        # `ARG CUDA=11.8` before `FROM nvidia/cuda:${CUDA}…`: what is built without options of its own has the first.
        if match := re.match(r"ARG\s+(\w+)=[\"']?([^\s\"']+)", instruction, re.IGNORECASE):
            arguments.setdefault(match[1], match[2])
        if re.match(r"FROM\s", instruction, re.IGNORECASE):
            stages.append([])
        if stages:
            stages[-1].append((line, _with_arguments(instruction, arguments)))
        line += 1 + raw.count(BREAK)
    for stage in _stages_in_image(stages):
        for number, instruction in stage:
            _take_instruction(source, instruction, number)
    parts = [f"Python {c.value}" for c in source.python] + [f"CUDA {c.value}" for c in source.cuda]
    if source.native:
        parts.append(f"packages of apt that nixpkgs has: {len(source.native)}")
    source.summary = "; ".join(parts) or "nothing of the environment"
    return source


def _with_arguments(instruction: str, arguments: dict[str, str]) -> str:
    return re.sub(r"\$\{?(\w+)\}?", lambda match: arguments.get(match[1], match[0]), instruction)


def _stages_in_image(stages: list[list[tuple[int, str]]]) -> list[list[tuple[int, str]]]:
    """The last stage and those that it is made from: what others install is not in the image."""
    named: dict[str, list[tuple[int, str]]] = {}
    for stage in stages:
        if match := re.search(r"\sAS\s+(\S+)\s*$", stage[0][1], re.IGNORECASE):
            named[match[1].lower()] = stage
    in_image = stages[-1:]
    while in_image and (match := re.match(r"FROM\s+(?:--\S+\s+)*(\S+)", in_image[0][0][1], re.IGNORECASE)):
        below = named.get(match[1].lower())
        if below is None or below in in_image:
            break
        in_image.insert(0, below)
    return in_image


def _take_instruction(source: Source, line: str, number: int) -> None:
    if match := re.match(r"FROM\s+(?:--\S+\s+)*(\S+)", line, re.IGNORECASE):
        _take_image(source, match[1], number)
    _take_apt(source, line, number)
    if re.match(r"RUN\s", line, re.IGNORECASE):  # Docker takes its words in small letters too
        take_line(source, line, number, Place())


def _take_apt(source: Source, text: str, first: int) -> None:
    """What a line tells to install with apt; `first` is its number."""
    for name, number in apt_words(text, first):
        _take_debian(source, name, number)
        if (match := re.fullmatch(r"python(3\.[0-9]+)(?:-\w+)?", name)) and not source.python:
            source.python.append(Claim(match[1], number))


def _take_image(source: Source, image: str, line: int) -> None:
    # python:3.11-slim, nvidia/cuda:11.8.0-cudnn8-devel-ubuntu22.04, pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime,
    # tensorflow/tensorflow:2.12.0-gpu
    if match := re.search(r"(?:^|/)python:(3\.[0-9]+(?:\.[0-9]+)?)", image):
        source.python.append(Claim(match[1], line))
    elif match := re.search(r"nvidia/cuda:([0-9]+\.[0-9]+)[0-9.]*(\S*)", image):
        source.cuda.append(Claim(match[1], line, "toolkit" if "devel" in match[2] else "runtime"))
    elif match := re.search(r"pytorch/pytorch:([0-9.]+)?\S*cuda([0-9]+\.[0-9]+)", image):
        source.cuda.append(Claim(match[2], line, "toolkit" if "devel" in image else "runtime"))
        if match[1]:
            pin = f"=={match[1].strip('.')}"
            source.packages.append(Wanted("torch", f"torch{pin}", pin, line=line))
    elif match := re.search(r"tensorflow/tensorflow:([0-9]+\.[0-9]+\.[0-9]+)(-gpu|-devel-gpu)?", image):
        # Up to 1.15 PyPI had the GPU's tensorflow as a package of its own.
        name = "tensorflow-gpu" if match[2] and match[1].startswith("1.") else "tensorflow"
        source.packages.append(Wanted(name, f"{name}=={match[1]}", f"=={match[1]}", line=line))


def _take_debian(source: Source, name: str, line: int) -> None:
    row = find_native_name(name)
    attribute = row.attr if row is not None and row.kind == "attr" else None
    if is_of_every_machine(name) or (attribute and is_of_every_machine(attribute)):
        return
    if row is None:
        attribute = name if name in names_there() else _library_of_debian(name)
    # A row without an attribute is of what a key of env.yaml stands for, or what nobody needs here.
    if attribute and attribute not in {claim.value for claim in source.native}:
        source.native.append(Claim(attribute, line))


def _library_of_debian(name: str) -> str | None:
    """The attribute of a library that no row of its own names; Debian's packages of Python are wheels here."""
    attribute = attribute_of_debian(name) if name.startswith("lib") else None
    if attribute is None or attribute in ("glibc", "gcc") or not is_catalogued(attribute):
        return None
    curated = find_native_name(attribute)
    return None if curated is not None and curated.kind != "attr" else attribute


def read_readme(file: str, text: str) -> Source | None:
    """Return what a README tells to install with apt and pip, None where it says nothing of it."""
    source = Source(file, "readme", tool="readme")
    for number, line in instruction_lines(text):
        _take_apt(source, line, number)
    read_instructions(source, text)
    summarise_readme(source)
    return source if source.summary else None


def summarise_readme(source: Source) -> None:
    """Say in words what a README tells; nothing where it tells nothing."""
    if not (source.native or source.packages or source.options or source.python):
        source.summary = ""
        return
    words = [claim.value for claim in source.native]
    listed = [_OWN if wanted.name == "." else wanted.text for wanted in source.packages]
    words += [*dict.fromkeys(listed)][:3] + [claim.value for claim in source.options[:2]]
    source.summary = "tells to install " + (", ".join(words) if words else f"Python {source.python[0].value}")


def read_devcontainer(file: str, text: str) -> Source | None:
    """Return the image that a devcontainer.json names, None where it says nothing of use."""
    source = Source(file, "container", tool="devcontainer")
    # By a pattern, since the file is JSON with comments and trailing commas.
    if match := re.search(r'"image"\s*:\s*"([^"]+)"', text):
        line = line_of(text, r'"image"\s*:')
        _take_image(source, match[1], line)
        if python := re.search(r"devcontainers/python:(?:\d+-)?(3\.[0-9]+)", match[1]):
            source.python.append(Claim(python[1], line))
    if not source.python and not source.cuda:
        return None
    source.summary = ", ".join(
        [f"Python {c.value}" for c in source.python] + [f"CUDA {c.value}" for c in source.cuda]
    )
    return source


def read_imports(files: Iterable[tuple[str, str]], own: frozenset[str]) -> Source | None:
    """Return the packages of what scripts and notebooks import; `own` are the project's modules."""
    places: dict[str, tuple[str, int]] = {}
    for file, text in files:
        code = _code_of_notebook(text) if file.endswith(".ipynb") else text
        for module, line in _imports(code):
            places.setdefault(module, (file, line))
    source = Source("*.py, *.ipynb", "imports", summary="imports, since no file lists packages")
    for module, (file, line) in sorted(places.items()):
        # Of the Python that runs this: what a newer one dropped (`imp`) is told as not known.
        if module in own or module in sys.stdlib_module_names:
            continue
        package = pypi_of_import(module)
        if package is None:
            source.left_out.append(
                Claim(f"import {module} ({file})", line, "which package has it is not known")
            )
        elif source.find(package) is None:
            source.packages.append(Wanted(normalise(package), package, line=line))
    return source if source.packages else None


# `print "x"`, `print x`, `except ValueError, error:`: what no Python 3 reads, looked for before a file is parsed
_PRINTED = re.compile(
    r"^[ \t]*print[ \t]+[\"'\w%]|^[ \t]*except[ \t]+\w[\w.]*[ \t]*,[ \t]*\w+[ \t]*:", re.MULTILINE
)


def line_of_python_2(code: str) -> int:
    """Return the first line of what only Python 2 reads, 0 where there is none."""
    match = _PRINTED.search(code)
    # It may stand in a docstring; that no Python 3 reads the file is what decides.
    if match is None or parse_code(code) is not None:
        return 0
    return code.count("\n", 0, match.start()) + 1


def _code_of_notebook(text: str) -> str:
    try:
        cells = load_json(text).get("cells", [])
        code = ["".join(cell["source"]) for cell in cells if cell.get("cell_type") == "code"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
    # Magics of IPython are no Python: `%matplotlib inline`, `!pip install …`.
    return "\n".join(
        line for part in code for line in part.splitlines() if not line.lstrip().startswith(("%", "!"))
    )


def _imports(code: str) -> list[tuple[str, int]]:
    tree = parse_code(code)
    modules = []
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import):
            modules += [(alias.name.split(".")[0], node.lineno) for alias in node.names]
        # One with a level is of the project itself: `from . import model`.
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.append((node.module.split(".")[0], node.lineno))
    return modules

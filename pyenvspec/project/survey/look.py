"""Looks at a folder: finds the files that say something of the environment, and reads each in its own way."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.facts.gpu_packages import modules_beside_torch
from pyenvspec.project.files import ProjectFileError, read_project_file
from pyenvspec.project.survey import conda, locks, others, pyproject, setup
from pyenvspec.project.survey.others import line_of_python_2
from pyenvspec.project.survey.requirements import read_requirements
from pyenvspec.project.survey.source import Source, Survey
from pyenvspec.project.survey.walk import DEPTH, matching, projects_below, walk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SCRIPTS = (".py", ".ipynb")
_MOST_SKIPPED = 5
_MOST_OF_SCRIPT = 4 * 1024 * 1024
"""Of scripts, notebooks and YAML of any name; what is larger is data, or made by a program."""

# At the start of a line: elsewhere a script does without.
_FRAMEWORK = re.compile(r"^(?:import|from) (torch|tensorflow|jax|mpi4py)\b", re.MULTILINE)
_BESIDE = re.compile(rf"^(?:import|from) ({'|'.join(modules_beside_torch())})\b", re.MULTILINE)
# `import a`, `import a.b as c, d`, `from a.b import c`
_IMPORTED = re.compile(r"^[ \t]*(?:import|from)[ \t]+([^\n#;]+)", re.MULTILINE)
_TENSORFLOW_1 = re.compile(r"\b(?:tf|tensorflow)\.contrib\b")

# In the order in which they tell most.
_READERS: tuple[tuple[str, Callable[[str, str], Source | None]], ...] = (
    ("uv.lock", locks.read_lock),
    ("poetry.lock", locks.read_lock),
    ("pdm.lock", locks.read_pdm_lock),
    ("pylock.toml", locks.read_pylock),
    ("pylock.*.toml", locks.read_pylock),
    ("Pipfile.lock", locks.read_pipfile_lock),
    ("pyproject.toml", pyproject.read_pyproject),
    ("setup.py", setup.read_setup_py),
    ("setup.cfg", setup.read_setup_cfg),
    ("Pipfile", others.read_pipfile),
    ("pixi.toml", others.read_pixi),
    ("devbox.json", others.read_devbox),
    (".python-version", others.read_python_version),
    ("runtime.txt", others.read_python_version),
    (".tool-versions", others.read_tool_versions),
    ("Dockerfile*", others.read_dockerfile),
    ("*.Dockerfile", others.read_dockerfile),
    ("docker/Dockerfile*", others.read_dockerfile),
    (".devcontainer/Dockerfile", others.read_dockerfile),
    ("README*", others.read_readme),
    ("INSTALL*", others.read_readme),
    ("docs/INSTALL*", others.read_readme),
    ("docs/install*.md", others.read_readme),
    (".devcontainer/devcontainer.json", others.read_devcontainer),
)
# These overlap with each other; a file is read once.
_REQUIREMENTS = (
    "requirements*.txt",
    "*requirements.txt",
    "requir*.txt",
    "requirements/*.txt",
    "reqs/*.txt",
    "pip_requirements/*.txt",
)
_YAML = (
    "*.yml",
    "*.yaml",
    "env*/*.yml",
    "env*/*.yaml",
    "conda/*.yml",
    "conda/*.yaml",
    "environments/*.y*ml",
    "docs/env*.y*ml",
)


def survey(root: Path, only: str | None = None) -> Survey:
    """Return what the files of `root` say; with `only` that file is read as well, whatever its name.

    Raises PyenvspecError for a file that is there and cannot be read.
    """
    files = list(walk(root))
    result = Survey(projects_below=projects_below(files))
    result.cuda_code = next((file for file in files if file.endswith(".cu") and not _is_aside(file)), None)
    for pattern, read in _READERS:
        for file in matching(files, pattern):
            _add(result, root, file, read)
    # Before the requirements files: those that pyproject.toml takes its dependencies from are part of it.
    _add_dynamic(result, root)
    _mark_optional(result, root)
    for pattern in _REQUIREMENTS:
        for file in matching(files, pattern):
            _add(result, root, file, lambda name, text: _requirements(root, name, text))
    for pattern in _YAML:
        for file in matching(files, pattern):
            _add_conda(result, root, file)
    _add_named_by_readme(result, root)
    _forget_below(result, files)
    if only is not None and result.get(only) is None:
        _add_named(result, root, only)
    # A README and a Dockerfile tell how somebody installs it, mostly not all that it needs.
    if not any(source.packages for source in result.sources if source.kind not in ("readme", "container")):
        _add_imports(result, root, files)
    _add_signs(result, root, files)
    return result


def _is_aside(file: str) -> bool:
    # What only examples and tests import, the project itself does without.
    return bool(re.match(r"(examples?|tests?|docs?|benchmarks?|third_party)/", file))


def _add_named_by_readme(survey: Survey, root: Path) -> None:
    """Read the requirements files that a README names, wherever they are."""
    for readme in survey.of("readme"):
        for option in readme.options:
            if (named := re.fullmatch(r"-r (\S+\.txt)", option.value)) and not named[1].startswith(
                ("/", "..", "http")
            ):
                _add(
                    survey,
                    root,
                    posixpath.normpath(named[1]),
                    lambda name, text: _requirements(root, name, text),
                )


def _forget_below(survey: Survey, files: list[str]) -> None:
    """Take out what was installed in a folder of the project: that is no installation of the project itself."""
    folders = {posixpath.dirname(file) for file in files}
    for source in survey.of("readme", "container"):
        count = len(source.packages)
        # A text may call the project's own folder by a name that it has elsewhere: `cd lab/ops`.
        source.packages = [
            wanted
            for wanted in source.packages
            if not {wanted.below, wanted.below.partition("/")[2]} & (folders - {""})
        ]
        if source.kind == "readme" and len(source.packages) < count:
            others.summarise_readme(source)
    survey.sources = [source for source in survey.sources if source.kind != "readme" or source.summary]


def _mark_optional(survey: Survey, root: Path) -> None:
    for lock in survey.of("lock"):
        if lock.file in ("uv.lock", "poetry.lock"):
            lock.optional = locks.optional_names(root, lock.file)


def _add_dynamic(survey: Survey, root: Path) -> None:
    """Read the files that a pyproject.toml takes its dependencies from."""
    for source in survey.of("pyproject"):
        for option in source.options[:]:  # a copy: the loop takes from it
            if option.value.startswith("-r "):
                source.options.remove(option)
                name = option.value.removeprefix("-r ")
                text = _text(root, posixpath.normpath(name))
                listed = _requirements(root, name, text).packages if text is not None else []
                source.packages += [replace(wanted, line=option.line) for wanted in listed]


def _forget_build_requires(survey: Survey, root: Path) -> None:
    """What `[build-system] requires` lists is there when setup.py is run."""
    text = _text(root, "pyproject.toml") or ""
    listed = re.search(r"^\[build-system\][^\[]*?^requires\s*=\s*\[(.*?)\]", text, re.MULTILINE | re.DOTALL)
    required = set(re.findall(r"[\"']([a-z0-9_-]+)", listed[1].lower())) if listed else set()
    for source in survey.of("setup"):
        missing = (name for name in source.imported_to_build if name.lower() not in required)
        source.imported_to_build = tuple(missing)


def _add_signs(survey: Survey, root: Path, files: list[str]) -> None:
    """Look into the scripts for the framework that they import, and for what only tensorflow 1 has."""
    _forget_build_requires(survey, root)
    counts: dict[str, list[str]] = {}
    beside: dict[str, list[str]] = {}
    # 200 are enough to tell which framework it is; the nearest come first.
    for file in [f for f in files if f.endswith(".py") and f.count("/") < DEPTH and not _is_aside(f)][:200]:
        text = _text_unless_data(survey, root, file) or ""
        for name in set(_FRAMEWORK.findall(text)):
            counts.setdefault(name, []).append(file)
        for name in _modules(text):
            survey.imported.setdefault(name, file)
        for name in set(_BESIDE.findall(text)):
            beside.setdefault(name, []).append(file)
        if survey.python_2 is None and (line := line_of_python_2(text)):
            survey.python_2 = f"{file}:{line}"
        # `tf.compat.v1` is how tensorflow 2 runs old code: a script that has it was moved already.
        if survey.tensorflow_1 is None and (old := _TENSORFLOW_1.search(text)) and "compat.v1" not in text:
            survey.tensorflow_1 = f"{file}:{text.count(chr(10), 0, old.start()) + 1}"
    if (mpi := counts.pop("mpi4py", None)) is not None:
        survey.mpi = mpi[0]
    if counts:
        # The name decides between equals, so that each run says the same.
        name = max(counts, key=lambda name: (len(counts[name]), name))
        survey.framework = (name, counts[name][0])
    # A folder of that name is the project's own module, or a copy that it holds.
    folders = {file.split("/")[0] for file in files if "/" in file}
    # What lies in a folder that explains itself is a part that not everybody uses.
    apart = tuple(f"{posixpath.dirname(file)}/" for file in files if re.search(r"/README[^/]*$", file))
    survey.beside = tuple(
        (name, users[0], sum(not user.startswith(apart) for user in users))
        for name, users in sorted(beside.items())
        if name not in folders
    )


def _modules(text: str) -> set[str]:
    """The modules that a script imports, by their first part; by a pattern, as for a script of any Python."""
    words = (word for listed in _IMPORTED.findall(text) for word in listed.split(","))
    return {match[0] for word in words if (match := re.match(r"[A-Za-z]\w*", word.strip()))}


def _add(survey: Survey, root: Path, file: str, read: Callable[[str, str], Source | None]) -> None:
    if survey.get(file) is not None:
        return
    try:
        text = _text(root, file)
    except ProjectFileError as error:
        # How somebody installs it is told by the way; what lists the packages must not be missed.
        if not any(word in posixpath.basename(file).lower() for word in ("readme", "docker", "container")):
            raise
        _skip(survey, error)
        return
    source = read(file, text) if text is not None else None
    if source is not None:
        survey.sources.append(source)


def _requirements(root: Path, file: str, text: str) -> Source:
    if conda.is_list(text):
        return conda.read_list(file, text)
    return read_requirements(file, text, lambda name: _text(root, name))


def _add_conda(survey: Survey, root: Path, file: str) -> None:
    text = _text_unless_data(survey, root, file)
    if text is None or survey.get(file) is not None or not conda.is_conda(text):
        return
    if file == "env.yaml":  # a name that both use
        survey.has_manifest_of_conda = True
    survey.sources.append(_conda(root, file, text))


def _conda(root: Path, file: str, text: str) -> Source:
    """Read a conda file with the requirements that its pip section includes; they lie beside it."""
    source = conda.read_conda(file, text)
    for option in source.options[:]:  # a copy: the loop takes from it
        match = re.fullmatch(r"(-r|--requirement|-c|--constraint)[ =]*(\S+)", option.value)
        if match is None:
            continue
        name = posixpath.normpath(posixpath.join(posixpath.dirname(file), match[2]))
        included = _text(root, name)
        if included is None:
            continue
        source.options.remove(option)
        if match[1] in ("-c", "--constraint"):
            source.options.append(replace(option, value=f"-c {name}"))
            continue
        part = _requirements(root, name, included)
        source.includes += (name,)
        source.packages += [replace(wanted, file=name) for wanted in part.packages]
        source.options += [replace(one, file=name) for one in part.options]
        source.left_out += [replace(one, file=name) for one in part.left_out]
    conda.summarise(source)
    return source


def _add_named(survey: Survey, root: Path, file: str) -> None:
    """Read the file that the user names; what it is follows from its content where its name does not say."""
    text = _text(root, file)
    if text is None:
        hint = "name a file of the project: pyproject.toml, uv.lock, poetry.lock, requirements.txt, environment.yml"
        raise PyenvspecError(Diagnostic("init-source", f"there is no file `{file}` here", file, hint=hint))
    name = posixpath.basename(file)
    for pattern, read in _READERS:
        if fnmatch.fnmatch(name, pattern) and (source := read(file, text)) is not None:
            survey.sources.append(source)
            return
    if name.endswith((".yml", ".yaml")):
        if not conda.is_conda(text):
            message = f"`{file}` is no environment file of conda: it has no `dependencies`"
            raise PyenvspecError(Diagnostic("init-source", message, file, hint="name another file"))
        survey.sources.append(_conda(root, file, text))
        return
    source = _requirements(root, file, text) if name.endswith((".txt", ".in", ".pip")) else None
    if source is None or not source.packages:
        kinds = "a lock, pyproject.toml, requirements, a conda file, Pipfile, pixi.toml, setup.py"
        message = f"nothing can be taken from `{file}`"
        raise PyenvspecError(
            Diagnostic("init-source", message, file, expected=kinds, hint="name another file")
        )
    survey.sources.append(source)


def _add_imports(survey: Survey, root: Path, files: list[str]) -> None:
    scripts = [file for file in files if file.endswith(_SCRIPTS) and file.count("/") < DEPTH]
    if survey.projects_below and all("/" in file for file in scripts):
        return  # each of the projects below has its own
    own = {posixpath.basename(file).removesuffix(".py") for file in scripts} | {
        part for file in scripts for part in file.split("/")[:-1]
    }
    read = (
        (file, text) for file in scripts[:300] if (text := _text_unless_data(survey, root, file)) is not None
    )
    imported = others.read_imports(read, frozenset(own))
    source = _installed_in_image(survey, imported) or imported
    if source is not None:
        survey.sources.append(source)


def _installed_in_image(survey: Survey, imported: Source | None) -> Source | None:
    """Return the packages that a Dockerfile installs by name, and what scripts import beside them."""
    for image in survey.of("container"):
        listed = [wanted for wanted in image.packages if wanted.name != "."]
        if listed and image.tool == "docker":
            names = {wanted.name for wanted in listed}
            others_too = imported.packages if imported is not None else []
            listed += [replace(wanted, line=0) for wanted in others_too if wanted.name not in names]
            summary = "packages that it installs, since no file lists them"
            options = [option for option in image.options if not option.value.startswith("-r")]
            return Source(image.file, "imports", summary=summary, packages=listed, options=options)
    return None


def _text_unless_data(survey: Survey, root: Path, file: str) -> str | None:
    # Nobody has said that such a file tells anything: one that is large must not keep the others from being read.
    with suppress(OSError):
        if (root / file).stat().st_size > _MOST_OF_SCRIPT:
            return None
    try:
        return _text(root, file)
    except ProjectFileError as error:
        # Scripts are often links to a folder that several projects share; a file of conda is what its name says.
        if posixpath.basename(file).startswith(("env", "conda")) and not file.endswith(_SCRIPTS):
            raise
        _skip(survey, error)
        return None


def _skip(survey: Survey, error: ProjectFileError) -> None:
    """Note what is there and cannot be read, where nobody has said that it tells anything."""
    message = error.diagnostics[0].message
    if message not in survey.skipped and len(survey.skipped) < _MOST_SKIPPED:
        survey.skipped.append(message)


def _text(root: Path, file: str) -> str | None:
    # A file that another one names (`-r ../base.txt`) may be anywhere: none outside of the project is looked for.
    if file.startswith(("/", "..")):
        return None
    content = read_project_file(root, file)
    return None if content is None else content.decode("utf-8", "replace")

"""What a README, an INSTALL or a Dockerfile tells to type: pip's words, and the Python of `conda create`."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from pyenvspec.facts.packages import normalise
from pyenvspec.project.survey.requirements import join_lines, parse_requirement
from pyenvspec.project.survey.source import Claim, Source, Wanted
from pyenvspec.project.survey.typed import BREAK, Place, bare_words, before_end, line_at

if TYPE_CHECKING:
    from collections.abc import Iterator

# `pip install -r requirements.txt`, `pip3.11 install …`, `uv pip install …`: what follows, options and all
_PIP = re.compile(r"\b(?:pip3?(?:\.\d+)?|uv pip)\s+install\s+(.*)")
_CONDA = re.compile(r"\b(?:conda|mamba|micromamba)\s+install\s+(.*)")
_OF_PROJECT = re.compile(r"\b(?:uv sync|poetry install|pdm install|hatch shell)\b")
_SETUP = re.compile(r"\bpython3?\s+setup\.py\s+(?:install|develop|build_ext|build)\b")
# `conda create -n lab python=3.10`, `uv venv --python 3.11`, `python3.8 -m venv .venv`, `virtualenv -p python3.8 lab`,
# `pyenv install 3.8.10`
_PYTHON = re.compile(
    r"\b(?:conda|mamba|uv)\s+(?:create|venv)\b.*?\bpython[ =]=?\s*(3\.[0-9]+)"
    r"|\bpython(3\.[0-9]+)\s+-m\s+(?:venv|virtualenv)\b"
    r"|\bvirtualenv\s.*?(?:-p|--python)[ =]\S*?(3\.[0-9]+)"
    r"|\bpyenv\s+(?:install|local|virtualenv)\s+(?:-\S+\s+)*(3\.[0-9]+)"
)
# Up to the next `;`, `&&` or `||` that is not within quotes: `pip install "tomli; python_version < '3.11'" && make`.
# A quote opens after a blank; the one in `don't` does not.
_COMMAND = re.compile(r"""(?:(?<=\s)"[^"]*"|(?<=\s)'[^']*'|&(?!&)|\|(?!\|)|[^;&|])+""")
_HEADING = re.compile(r"^\s{0,3}#+\s*(.*)$")
# Headings of what not everybody does: "For developers", "Building the docs", "Windows", "Optional: TPU"
_ASIDE = re.compile(
    r"develop|contribut|test|docs|document|troubleshoot|faq|windows|mac ?os|optional|tpu|upgrade", re.I
)
# Options of pip that name where packages come from, which the project needs too.
_INDEX = {"-f", "--find-links", "--extra-index-url", "--index-url", "-i"}
# Those whose next word is no package; of pip, and `-p`, `--python` of uv.
_WITH_VALUE = {
    "-t",
    "--target",
    "-c",
    "--constraint",
    "--python",
    "-p",
    "--global-option",
    "--config-settings",
}
_OF_CONDA_WITH_VALUE = {"-c", "--channel", "-n", "--name", "-p", "--prefix", "--file"}
# `pip install --upgrade pip setuptools` is no wish of the project's.
_INSTALLERS = {
    "pip",
    "setuptools",
    "wheel",
    "uv",
    "poetry",
    "virtualenv",
    "conda",
    "pipx",
    "build",
    "twine",
    "pipenv",
}


def read_instructions(source: Source, text: str) -> None:
    """Add what the lines of a text say to `source`; what stands below a heading for few people is not taken."""
    aside, place = False, Place()
    for number, line in instruction_lines(text):
        if heading := _HEADING.match(line):
            aside = bool(_ASIDE.search(heading[1]))
        if line.lstrip().startswith(("```", "~~~")):
            place.leave()
        if aside:
            continue
        take_line(source, line, number, place)
    take_pins(source, text)
    for number, line in enumerate(text.splitlines(), start=1):
        _take_stated(source, line, number)


# `timm==0.3.2` in a sentence; not a path's or an address's part, and not `name==1.0@…`
_PIN = re.compile(r"(?<![\w./-])([A-Za-z][\w-]{1,40})==([0-9][\w.]*[0-9a-z])(?![\w/]*@)")
# `python==3.8`, `cuda==11.3` in prose are versions of what no pip installs.
_NO_PACKAGES = {"python", "cuda", "cudnn", "ubuntu", "gcc", "cudatoolkit", "conda"}


# `- Python 3.7`, `* **PyTorch** == 1.4.0`, `1. CUDA: 10.1`, with links or without
_STATED = re.compile(
    r"\s*(?:[-*+]|\d+[.)])\s+[*_`]*(python|pytorch|torch|tensorflow|cuda)\b(?:[ *_`]*version\b)?[ :=*_`(v]*"
    r"([0-9]+\.[0-9]+(?:\.[0-9]+)?)(?:\.[x*])?(.*)$",
    re.IGNORECASE,
)
# `3.7+`, `3.7 or higher`, `3.6 - 3.8`, `3.6, 3.7`: no one version
_OPEN = re.compile(
    r"[*_`)]*\s*(?:[+,/~\u2013\u2014-]|\.?[0-9]|(?:or|and|to|above|later|newer|higher|through)\b)",
    re.IGNORECASE,
)
STATED = "stated"
"""The note of what a list of requirements in prose says."""


def _take_stated(source: Source, line: str, number: int) -> None:
    """Add a version of a list in prose (`- PyTorch 1.4`), where no command says one."""
    match = _STATED.match(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line))
    if match is None or _OPEN.match(match[3]):
        return
    name, version = match[1].lower().replace("pytorch", "torch"), match[2]
    minor = ".".join(version.split(".")[:2])
    if name == "python":
        source.python.append(Claim(minor, number, STATED))
    elif name == "cuda":
        source.cuda.append(Claim(minor, number, STATED))
    elif source.find(name) is None:
        pin = f"=={version}" if version.count(".") == 2 else f"=={version}.*"
        source.packages.append(Wanted(name, f"{name}{pin}", pin, line=number, is_prose=True))


def take_pins(source: Source, text: str) -> None:
    """Add the versions that prose names (`timm==0.3.2`) of packages that no command names."""
    for number, line in enumerate(text.splitlines(), start=1):
        for match in _PIN.finditer(line):
            name = normalise(match[1])
            if name not in _NO_PACKAGES and source.find(name) is None:
                pin = f"=={match[2]}"
                source.packages.append(Wanted(name, f"{match[1]}{pin}", pin, line=number, is_prose=True))


def take_line(source: Source, line: str, number: int, place: Place) -> None:
    """Add what one line tells to install; `number` is where it starts, and each command stands at its own line."""
    if (match := _PYTHON.search(line)) and all(claim.note for claim in source.python):
        version = next(group for group in match.groups() if group)
        source.python.append(Claim(version, line_at(line, match.start(), number)))
    for part in _COMMAND.finditer(line):
        command = part[0]
        place.follow(command)

        def at(match: re.Match[str], start: int = part.start()) -> int:
            return line_at(line, start + match.start(), number)

        # `uv sync` and its like install the project from its own files: what counts is that it is installed.
        if match := _SETUP.search(command) or _OF_PROJECT.search(command):
            _take_folder(source, ".", at(match), place)
        if match := _PIP.search(command):
            _take_words(source, _words(match[1]), at(match), place)
        elif match := _CONDA.search(command):
            _take_specs(source, _words(match[1]), at(match))


def instruction_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text that is meant to be typed; blanks behind a backslash are not seen by its writer."""
    return join_lines((line.rstrip() for line in text.splitlines()), joint=BREAK)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(before_end(text.replace(BREAK, " ")))
    except ValueError:  # an open quote, as in prose
        return []


def _take_words(source: Source, words: list[str], number: int, place: Place) -> None:
    waiting = bare_words(words)
    for word in waiting:
        option, _, value = word.partition("=")
        if option in _INDEX:
            address = value or next(waiting, "")
            if re.match(r"https?://", address):
                name = {"-f": "--find-links", "-i": "--index-url"}.get(option, option)
                source.options.append(Claim(f"{name} {address}", number))
        elif word in ("-r", "--requirement"):
            source.options.append(Claim(f"-r {next(waiting, '')}", number))
        elif word in ("-e", "--editable"):
            _take_folder(source, next(waiting, ""), number, place)
        elif word in _WITH_VALUE:
            next(waiting, None)
        elif not word.startswith("-") and not _take_package(source, word, number, place):
            return  # prose begins where requirements end


def _take_specs(source: Source, words: list[str], number: int) -> None:
    """What `conda install` names, up to where prose begins."""
    from pyenvspec.project.survey.conda import take_spec

    waiting = bare_words(words)
    for word in waiting:
        if word in _OF_CONDA_WITH_VALUE:
            next(waiting, None)
        elif not word.startswith("-"):
            # `conda-forge::ffmpeg`, `numpy=1.24`, `"python>=3.9,<3.12"`
            if not re.fullmatch(r"(?:[\w.-]+::)?[A-Za-z][\w.-]*(?:[=<>!]=?[\w.*,<>=!]+)?", word):
                return
            take_spec(source, word, number)


def _take_package(source: Source, word: str, number: int, place: Place) -> bool:
    if re.match(r"\.(/|\[|$)", word):
        _take_folder(source, word, number, place)
        return True
    wanted = parse_requirement(word, number) if re.match(r"[A-Za-z0-9]", word) else None
    if wanted is None:
        return False
    # `<your-package>`, `$PKG`, `{version}` stand for what the reader puts in.
    if wanted.name not in _INSTALLERS and not re.search(r"[<>]\w+>|\$|\{", word):
        source.packages.append(wanted)
    return True


def _take_folder(source: Source, word: str, number: int, place: Place) -> None:
    """The project itself, and none of the folders beside it."""
    below = place.below
    if below is None:  # what was cloned besides
        return
    # `.`, `./`, `.[dev]`; not `./third_party/ops`
    match = re.fullmatch(r"\.(?:/)?(\[[\w,.-]+\])?", word)
    if match:
        source.packages.append(Wanted(".", f"-e .{match[1] or ''}", line=number, below=below))

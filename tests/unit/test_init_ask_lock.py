"""What `init` makes of uv's answer whether it can lock a pyproject.toml."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tomli

from pyenvspec.cli import run
from pyenvspec.commands.init.ask_lock import why_not_locked
from pyenvspec.commands.init.ask_uv import newest_that_resolves
from pyenvspec.commands.init.decide import decide
from pyenvspec.project.survey.look import survey
from pyenvspec.project.survey.pyproject import read_pyproject
from pyenvspec.project.survey.source import Claim, Source, Wanted
from pyenvspec.tools import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT = '[project]\nname = "lab"\nversion = "0"\nrequires-python = ">=3.9"\ndependencies = ["six"]\n'
# As uv says it.
SOURCE_ONLY = """error: No solution found when resolving dependencies for split (markers: python_full_version >= '3.10')
  cause: Because all versions of openai-whisper have no usable wheels and lab depends on openai-whisper, we can …
"""
TOO_WIDE = """error: No solution found when resolving dependencies for split (markers: python_full_version == '3.9.*')
  cause: Because the requested Python version (>=3.9) does not satisfy Python>=3.10.0 and pytest>=9.0.3 depends on …

hint: The `requires-python` value (>=3.9) includes Python versions that are not supported by your dependencies (e.g., \
pytest>=9.0.3 only supports >=3.10). Consider using a more restrictive `requires-python` value (like >=3.10).
"""
NEWER = """error: No solution found when resolving dependencies for split (markers: python_full_version >= '3.12')
  cause: Because jax==0.4.23 depends on scipy{python_full_version >= '3.12'}>=1.11.1 and lab depends on jax==0.4.23, …
"""
FLASH = """error: No solution found when resolving dependencies
  cause: Because all versions of flash-attn have no usable wheels and fschat depends on flash-attn>=2.0, we can …
"""
CONFLICT = (
    "error: No solution found when resolving dependencies\n  cause: Because you require a>2 and a<1, …\n"
)
NO_NETWORK = "error: Failed to fetch: `https://index.example/simple/six/`\n  cause: dns error\n"


class StandInUv:
    """Gives the answers in their order, the last for ever; an empty one is a success."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[Sequence[str]] = []
        self.excluded: list[str] = []
        self.text = ""

    def run(self, argv: Sequence[str], **more: object) -> Result:
        cwd = Path(str(more["cwd"]))
        self.asked.append(argv)
        self.excluded.append((cwd / "excluded.txt").read_text())
        assert {"--no-build", "--no-sources", "--no-config"} <= {*argv}
        self.text = (cwd / "pyproject.toml").read_text()
        assert self.text.startswith("[project]")
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Result(tuple(argv), 1 if said else 0, stderr=said)


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ((TOO_WIDE,), 'Python == 3.9.*; to lock it, write `requires-python = ">=3.10"` there'),
        ((NEWER,), 'Python >= 3.12; to lock it, write `requires-python = "==3.11.*"` there'),
        # what is only a source is left out of the question, since a lock may hold it
        ((SOURCE_ONLY, TOO_WIDE), "Python == 3.9.*"),
        ((SOURCE_ONLY, ""), None),
        ((FLASH,), 'write `flash-attn = ["torch"]` below [tool.uv.extra-build-dependencies] there'),
        (("",), None),
        # pip would not have it either
        ((CONFLICT,), None),
        ((NO_NETWORK,), None),
    ],
)
def test_what_uv_says_of_a_lock(answers: tuple[str, ...], why: str | None) -> None:
    source = read_pyproject("pyproject.toml", PROJECT)
    assert source is not None
    uv = StandInUv(*answers)
    said = why_not_locked(PROJECT, source, "3.11", uv)
    assert (said is None) if why is None else (said is not None and why in said)
    assert uv.asked[0][uv.asked[0].index("--python-version") + 1] == "3.9"
    assert uv.excluded == ["", "openai-whisper"][: len(answers)]


@pytest.mark.parametrize(
    "line",
    [
        '[tool.uv]\nconflicts = [[{ extra = "cpu" }, { extra = "gpu" }]]',
        '[tool.uv.extra-build-dependencies]\nflash-attn = ["torch"]',
        '[project.optional-dependencies]\nmore = ["x @ git+https://git.example/x"]',
    ],
)
def test_what_cannot_be_asked_is_left_to_uv(line: str) -> None:
    text = f"{PROJECT}{line}\n"
    source = read_pyproject("pyproject.toml", text)
    assert source is not None
    assert why_not_locked(text, source, "3.11", StandInUv(TOO_WIDE)) is None


@pytest.mark.parametrize(("refused", "manager"), [("it does not go together", "pip"), (None, "uv")])
def test_pip_installs_what_uv_cannot_lock(tmp_path: Path, refused: str | None, manager: str) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    done = decide(survey(tmp_path), ask_lock=lambda source, minor: refused)
    assert done.manager == manager
    assert (done.new_requirements is not None and "-e ." in done.new_requirements[1]) == bool(refused)
    assert any("uv cannot lock pyproject.toml" in note for note in done.notes) == bool(refused)
    asked = decide(survey(tmp_path), manager="uv", ask_lock=lambda source, minor: refused)
    assert asked.manager == "uv"


@pytest.mark.parametrize(
    "line",
    [
        # TOML has more than one way to write a sign
        'dependencies = ["proj @ file\\u003a///etc/proj"]',
        'dependencies = ["x @ git+https\\u003a//127.0.0.1:9/x.git"]',
        'dependencies = ["x\\u0040file:///etc/proj"]',
        'dependencies = ["file:///etc/proj"]',
        'dependencies = ["./proj"]',
        'dependencies = "six"',
        'dynamic = ["dependencies"]',
        'optional-dependencies = {a = ["x @ file\\u003a///etc/proj"]}',
        '[dependency-groups]\n"/etc/pyproject.toml:a" = ["six"]',
        '[dependency-groups]\na = ["x @ file\\u003a///etc/proj"]',
    ],
)
def test_uv_is_asked_for_nothing_but_names_of_an_index(line: str) -> None:
    text = f'[project]\nname = "lab"\nversion = "0"\n{line}\n'
    source = read_pyproject("pyproject.toml", text)
    assert source is not None
    uv = StandInUv(TOO_WIDE)
    assert why_not_locked(text, source, "3.11", uv) is None
    assert uv.asked == []


def test_uv_reads_a_file_of_ours() -> None:
    text = (
        PROJECT
        + 'urls = { a = "x" }\noptional-dependencies.web = ["lab[cli]", "Flask >=2; python_version>\'3\'"]\n'
    )
    text += "optional-dependencies.cli = []\n"
    text += '[dependency-groups]\na = ["pytest"]\nb = [{ include-group = "a" }]\n'
    text += '[[tool.uv.index]]\nurl = "file:///etc"\n[tool.uv.workspace]\nmembers = ["/etc"]\n'
    source = read_pyproject("pyproject.toml", text)
    assert source is not None
    uv = StandInUv("")
    assert why_not_locked(text, source, "3.11", uv) is None
    project = {"name": "lab", "version": "0", "requires-python": ">=3.9", "dependencies": ["six"]}
    extras = {"web": ["lab[cli]", 'Flask>=2; python_version > "3"'], "cli": []}
    groups = {"a": ["pytest"], "b": [{"include-group": "a"}]}
    assert tomli.loads(uv.text) == {
        "project": {**project, "optional-dependencies": extras},
        "dependency-groups": groups,
    }


def test_what_uv_is_told_has_no_options_in_it() -> None:
    texts = (
        "six==1.0\n--index-url http://127.0.0.1:9",
        "file:///etc/proj",
        "a @ file:///etc",
        "six>=1",
        "-r x",
    )
    packages = [Wanted(f"p{number}", text) for number, text in enumerate(texts)]
    options = [Claim("--find-links /etc"), Claim("--index-url file:///etc")]
    told: list[object] = []

    class Noting:
        def run(self, argv: Sequence[str], **more: object) -> Result:
            told.extend((argv, more["input"]))
            return Result(tuple(argv), 0)

    newest_that_resolves(
        Source("requirements.txt", "requirements", "", packages=packages, options=options), ["3.11"], Noting()
    )
    argv, text = told
    assert text == "six>=1\n"
    assert "/etc" not in " ".join(map(str, argv if isinstance(argv, list) else [argv]))


def test_a_byte_that_is_no_utf_8_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pyenvspec.commands.init.command.find_uv", lambda: "/nonexistent/uv")
    (tmp_path / "pyproject.toml").write_bytes(PROJECT.encode() + b"# \xff\n")
    assert run(["init", "-C", str(tmp_path)]) == 1
    assert "pyproject.toml is not valid TOML" in capsys.readouterr().err

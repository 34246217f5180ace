"""`diagnose`: each log in tests/data/logs gives the text beside it; `--update-golden` writes them again."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from re import _parser as sre  # type: ignore[attr-defined]  # what re itself reads patterns with
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from test_diagnose_running import MESSAGES

from pyenvspec.cli import run
from pyenvspec.commands.diagnose import answer
from pyenvspec.commands.diagnose.answer import Log, package_name
from pyenvspec.commands.diagnose.patterns import diagnose_log, merge_yaml
from pyenvspec.facts.failures import families
from pyenvspec.spec.model import Spec
from pyenvspec.spec.overrides import Override

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.facts.failures import Family

LOGS = Path(__file__).parent.parent / "data" / "logs"
CASES = sorted(path.stem for path in LOGS.glob("*.log"))


def _stdin(monkeypatch: pytest.MonkeyPatch, data: bytes, *, is_terminal: bool = False) -> None:
    stream = SimpleNamespace(buffer=io.BytesIO(data), isatty=lambda: is_terminal)
    monkeypatch.setattr("sys.stdin", stream)


@pytest.mark.parametrize("case", CASES)
def test_a_log_gives_the_text_beside_it(
    case: str,
    capsys: pytest.CaptureFixture[str],
    update_golden: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # an env.yaml that lies there has its word in it
    code = run(["diagnose", str(LOGS / f"{case}.log")])
    streams = capsys.readouterr()
    given = f"exit {code}\n{streams.out}{streams.err}"
    expected = LOGS / f"{case}.expected"
    if update_golden:
        expected.write_text(given)
    assert given == expected.read_text()


@pytest.mark.parametrize("case", CASES)
def test_the_lines_to_paste_are_keys_of_env_yaml(case: str) -> None:
    merged = merge_yaml(diagnose_log((LOGS / f"{case}.log").read_text()))
    Spec.model_validate({"python": "3.12", **merged})


def test_every_family_has_a_log() -> None:
    logs = [
        *((LOGS / f"{case}.log").read_text() for case in CASES),
        *(row["says"] for row in MESSAGES),
    ]
    seen = {advice.family for log in logs for advice in diagnose_log(log)}
    assert seen == {family.id for family in families()}


def test_every_family_names_the_thread_that_it_was_seen_in() -> None:
    for family in families():
        assert family.source.startswith(("https://github.com/", "https://docs.")), family.id
        assert family.compiled().groups >= 0


def test_lines_are_counted_as_they_are_seen() -> None:
    bar = "".join(f"\r\x1b[K[{count}/999 built] building x" for count in range(999))
    flakes = "error: experimental Nix feature 'flakes' is disabled"
    (advice,) = diagnose_log(f"one\r\n{bar}\r\x1b[Kwarning: two\r\n{bar}\r\x1b[K{flakes}\r\r\n{bar}")
    assert (advice.line, advice.text) == (3, flakes)


def test_overrides_in_the_table_are_keys_of_an_override() -> None:
    for family in families():
        for override in family.yaml.get("overrides", {}).values():
            assert override.keys() <= Override.model_fields.keys(), family.id


def test_the_log_is_read_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _stdin(monkeypatch, b"\x1b[31;1merror:\x1b[0m \xff experimental Nix feature 'flakes' is disabled\r\n")
    assert run(["diagnose"]) == 0
    assert capsys.readouterr().out == (
        "line 1: error: \ufffd experimental Nix feature 'flakes' is disabled\n"
        "  the Nix feature flakes is switched off\n"
        "  - mkdir -p ~/.config/nix && echo 'experimental-features = nix-command flakes' "
        ">> ~/.config/nix/nix.conf\n"
        "  see https://github.com/NixOS/nix/issues/3753\n"
    )


def test_a_terminal_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _stdin(monkeypatch, b"", is_terminal=True)
    assert run(["diagnose"]) == 2
    assert capsys.readouterr().err == (
        "usage: pyenvspec diagnose LOG, or: nix develop 2>&1 | pyenvspec diagnose\n"
    )


def test_a_log_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["diagnose", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err == (
        f"{tmp_path}/none: error[file-unreadable]: `{tmp_path}/none` cannot be read: No such file or directory\n"
    )


def test_json_has_the_findings_and_the_lines_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", "--json", str(LOGS / "autopatchelf-torch.log")]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [row["family"] for row in data["findings"]] == ["library-missing"] * 4
    assert data["findings"][0]["line"] == 4
    assert data["yaml"] == {
        "overrides": {
            "onnxruntime-gpu": {
                "ignore_missing_libraries": ["libcuda.so.1", "libnvinfer.so.8"],
                "libraries": ["cuda.cudnn", "cuda.libcublas"],
            }
        }
    }


def test_what_is_to_be_pasted_reads_back_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    run(["diagnose", str(LOGS / "autopatchelf-torch.log")])
    _, pasted = capsys.readouterr().out.split("same keys):\n")
    assert yaml.safe_load(pasted) == merge_yaml(diagnose_log((LOGS / "autopatchelf-torch.log").read_text()))


@pytest.mark.parametrize(
    ("derivation", "package"),
    [
        ("python3.11-foo-1.2.3", "foo"),
        ("python3.11-foo-bar-1.2.3.post4", "foo-bar"),
        ("tokenizers-0.13.3", "tokenizers"),
        ("python310-requests-2", "requests"),
        ("foo", "foo"),
        ("torch-2.0.1+cu118", "torch"),
    ],
)
def test_the_package_is_read_from_the_derivation(derivation: str, package: str) -> None:
    assert package_name(derivation) == package


def test_a_line_outside_of_builds_has_no_package() -> None:
    assert Log("ModuleNotFoundError: No module named 'setuptools'\n").package_at(0) is None


def test_an_attribute_that_is_no_package_is_not_taken_for_one() -> None:
    (advice,) = diagnose_log("error: attribute 'rev' missing\n")
    assert advice.yaml == {}


def test_nothing_of_a_log_becomes_a_command() -> None:
    first, second = (f"/nix/store/{'a' * 32}-python3.11-{name}-1" for name in ("one", "two"))
    log = f"collision between `{first}/LICENSE; curl x|sh #' and `{second}/LICENSE; curl x|sh #'\n"
    assert diagnose_log(log) == ()
    (advice,) = diagnose_log("error: Path 'a; rm b' in the repository \"/x\" is not tracked by Git\n")
    assert advice.commands == ("git add --intent-to-add 'a; rm b'",)


def _beginnings(parsed: list[Any]) -> Iterator[list[Any]]:
    """Yield how a pattern may begin, one list for each of its choices."""
    for at, (kind, what) in enumerate(parsed):
        rest = parsed[at + 1 :]
        if kind is sre.SUBPATTERN:
            yield from _beginnings([*what[-1], *rest])
            return
        if kind is sre.BRANCH:
            for choice in what[1]:
                yield from _beginnings([*choice, *rest])
            return
        if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT) and tuple(what[:2]) == (0, 1):
            yield from _beginnings([*what[2], *rest])
            yield from _beginnings(rest)
            return
        break
    yield parsed


@pytest.mark.parametrize("family", families(), ids=lambda family: family.id)
def test_a_pattern_begins_at_one_place_of_a_word(family: Family) -> None:
    """Where it could begin at each letter of a word of any length, a long line takes the square of its length."""
    compiled = family.compiled()
    for beginning in _beginnings(list(sre.parse(compiled.pattern, compiled.flags))):
        for kind, what in beginning[:2]:
            if kind in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
                break
            assert not (kind in (sre.MAX_REPEAT, sre.MIN_REPEAT) and what[1] == sre.MAXREPEAT), (
                compiled.pattern
            )


def test_a_line_that_a_thousand_ranks_print_is_looked_around_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def search(pattern: str | re.Pattern[str], text: str) -> re.Match[str] | None:
        asked.append(str(pattern))
        return re.compile(pattern).search(text)

    log = Log("no module\n" * 1000)
    monkeypatch.setattr(answer.re, "search", search)  # type: ignore[attr-defined]
    assert [log.first("torch") for _ in range(1000)] == [None] * 1000
    assert len(asked) == 1

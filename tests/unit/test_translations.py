"""Messages in Japanese: none is missing, the patterns are those that the program says, English pays nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from message_catalogue import format_catalogue, read_catalogue

from pyenvspec.cli import run
from pyenvspec.diagnostics import CODES
from pyenvspec.locale.translations import LABELS, PATTERNS, catalogue, translate_text

PACKAGE = Path(__file__).parents[2] / "pyenvspec"
SOURCE = PACKAGE / "locale" / "ja" / "LC_MESSAGES" / "pyenvspec.po"
GOLDEN = Path(__file__).parents[1] / "golden" / "bad"


@pytest.fixture
def japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")


def test_the_compiled_catalogue_is_fresh() -> None:
    compiled = SOURCE.with_suffix(".mo").read_bytes()
    assert compiled == format_catalogue(SOURCE.read_text()), "run scripts/regenerate"


def test_no_code_no_label_and_no_pattern_is_missing() -> None:
    have = read_catalogue(SOURCE.read_text())
    wanted = [*CODES.values(), *(f"message\x04{one}" for one in (*PATTERNS, *LABELS))]
    missing = [one for one in wanted if not have.get(one)]
    assert missing == []
    left = set(have) - set(wanted) - {""}
    assert left == set(), "of messages that are gone"


def test_a_translation_keeps_what_stands_in_the_places() -> None:
    for one in PATTERNS:
        told = catalogue("ja").pgettext("message", one)
        places = re.findall(r"\{(\d)\}", told)
        assert sorted(places) == [str(number) for number in range(one.count("{}"))], one
    assert translate_text("`cudn` is not a key of `cuda`", "ja") == "`cudn` は `cuda` のキーではありません"
    assert translate_text("something else", "ja") == "something else"


def test_the_patterns_are_messages_of_the_program() -> None:
    told = "\n".join(path.read_text() for path in GOLDEN.glob("*/errors.txt"))
    elsewhere = {"run {}", "there is no {} here", "it holds {}: write {}"}  # told by other tests
    for one in set(PATTERNS) - elsewhere:
        assert re.search(re.escape(one).replace(r"\{\}", ".+"), told), one


def test_a_mistake_is_told_in_japanese(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], japanese: None
) -> None:
    (tmp_path / "env.yaml").write_text("python: 3.11\ncuda:\n  version: 11.8\n  cudn: 8.9\n")
    assert run(["check", "-C", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        "env.yaml:4:3: エラー[unknown-key]: `cudn` は `cuda` のキーではありません\n"
        "    4 |   cudn: 8.9\n"
        "      |   ^^^^ `cudnn` ではありませんか?\n"
        "      = 意味: 存在しないキーです\n"
    )


def test_full_width_signs_are_told_in_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], japanese: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "env.yaml").write_text("python: 3.11\nnative：[ffmpeg]\n")
    assert run(["check", "-C", str(tmp_path)]) == 1
    assert "YAML の記号に似た別の文字です" in capsys.readouterr().err
    monkeypatch.setenv("LANG", "C.UTF-8")
    assert run(["check", "-C", str(tmp_path)]) == 1
    assert "full-width" in capsys.readouterr().err


def test_programs_get_english(tmp_path: Path, capsys: pytest.CaptureFixture[str], japanese: None) -> None:
    (tmp_path / "env.yaml").write_text("python: 3.11\nnativ: [x]\n")
    assert run(["check", "--json", "-C", str(tmp_path)]) == 1
    assert '"message": "`nativ` is not a key of env.yaml"' in capsys.readouterr().out


def test_english_imports_no_catalogue(tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text("python: 3.11\nnativ: [x]\n")
    argv = [sys.executable, "-X", "importtime", "-m", "pyenvspec", "check", "-C", str(tmp_path)]
    env = {**os.environ, "LANG": "en_US.UTF-8", "LC_ALL": "", "LC_MESSAGES": ""}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert "error[unknown-key]" in done.stderr
    assert "pyenvspec.locale.translations" not in done.stderr

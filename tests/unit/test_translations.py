"""Messages in Japanese: none is missing, the patterns are those that the program says, English pays nothing."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from message_catalogue import format_catalogue, read_catalogue
from messages import compare, is_sentence, templates
from ruamel.yaml import YAML

from pyenvspec.cli import VERBS, run
from pyenvspec.commands.steps import run_steps
from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.driver import compile_project
from pyenvspec.locale.translations import translate, translate_text
from pyenvspec.options import Options

PACKAGE = Path(__file__).parents[2] / "pyenvspec"
SOURCE = PACKAGE / "locale" / "ja" / "LC_MESSAGES" / "pyenvspec.po"
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
GOLDEN = Path(__file__).parents[1] / "golden" / "bad"


@pytest.fixture
def japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")


def test_the_compiled_catalogue_is_fresh() -> None:
    compiled = SOURCE.with_suffix(".mo").read_bytes()
    assert compiled == format_catalogue(SOURCE.read_text()), "run scripts/regenerate"


def test_no_sentence_of_the_program_is_missing_and_none_is_too_much() -> None:
    lacking, left = compare(SOURCE)
    assert lacking == {}, "scripts/messages.py prints these as lines for the catalogue"
    assert left == [], "nobody says these any more"


def test_sentences_are_taken_from_the_code_as_they_are_said() -> None:
    said = templates()
    assert "`{}` must be {}, not {}" in said  # an f-string
    assert "the line is indented by {}, and no line above is" in said  # one that is added up
    assert "GitHub has no public repository {}/{}" in said  # one for str.format
    assert "{} needs {} to build, which its lock does not say" in said  # of a table of facts
    assert not any("(?:" in one for one in said)  # patterns are none


def test_a_translation_has_no_place_for_what_is_not_filled_in() -> None:
    for one, told in read_catalogue(SOURCE.read_text()).items():
        places = {int(number) for number in re.findall(r"\{(\d)\}", told)}
        assert places <= set(range(one.count("{}"))), one
        assert "{}" not in told, one  # it would be shown so


def test_what_is_filled_in_is_kept_or_translated_itself() -> None:
    assert translate_text("`cudn` is not a key of `cuda`", "ja") == "`cudn` は `cuda` のキーではありません"
    assert translate_text("`{0}` is missing", "ja") == "`{0}` がありません"
    assert translate_text("`a` must be a list with at least one entry, not nothing", "ja") == (
        "`a` は 項目が 1 つ以上あるリスト でなければなりません (空ではなく)"
    )
    assert translate_text("something else with a meaning of its own", "ja") == (
        "something else with a meaning of its own"
    )


FROM_ELSEWHERE = ("uv tool install", "NVIDIA went", "Unterminated string", "removed", "Free, cross-platform")
"""Commands, and the words of nixpkgs, NVIDIA and the standard library, which no catalogue of ours has."""
_QUOTED = re.compile(r"`[^`]*`|\$\{[^}]*\}|\{[^}]*\}|\S*[/._=-]\S*")


@pytest.mark.parametrize("case", sorted(GOLDEN.iterdir()), ids=lambda case: case.name)
def test_no_english_is_left_in_the_messages_of_the_golden_cases(case: Path) -> None:
    try:
        found: tuple[Diagnostic, ...] = compile_project(case).findings
    except PyenvspecError as error:
        found = error.diagnostics
    for one in found:
        told = translate(one, "ja")
        for before, after in (
            (one.message, told.message),
            (one.expected or "", told.expected or ""),
            (one.hint or "", told.hint or ""),
        ):
            for line, shown in zip(before.split("\n"), after.split("\n"), strict=True):
                if is_sentence(line) and not any(words in line for words in FROM_ELSEWHERE):
                    assert JAPANESE.search(shown), line
                    assert not re.search(r"[a-z]{2,} (?:the|is|a|and|of|not|to) ", _QUOTED.sub("", shown)), (
                        shown
                    )


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


def _messages() -> list[dict[str, str]]:
    path = Path(__file__).parents[1] / "data" / "messages.yaml"
    found: list[dict[str, str]] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return found


def test_no_english_is_left_in_what_diagnose_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], japanese: None
) -> None:
    log = tmp_path / "log"
    for row in _messages():
        log.write_text(row["says"])
        run(["diagnose", str(log)])
        for line in capsys.readouterr().out.split("\n"):
            if not re.match(r"\d+ 行目: ", line):  # the log's own
                rest = re.sub(r"\S*[:@]\S*|[A-Z]+", "", _QUOTED.sub("", line))
                assert not re.search(r"\b(?:the|is|are|a|of|not|which|has|or) [a-z]", rest), line


@pytest.mark.parametrize("verb", VERBS)
def test_the_usage_names_the_program_in_any_language(
    verb: str, capsys: pytest.CaptureFixture[str], japanese: None
) -> None:
    assert run([verb, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"使い方: pyenvspec {verb}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("for example `native: [ffmpeg, libsndfile]`", "例: `native: [ffmpeg, libsndfile]`"),
        (
            "note: whether all packages have wheels for Python 3.11 is not known: uv is not here to be asked, "
            "and the table of wheels does not have all of them",
            "注意: すべてのパッケージに Python 3.11 用の wheel があるかは分かりません: "
            "尋ねるための uv がここになく、wheel の表にもすべては載っていません",
        ),
        (
            "saw Dockerfile: CUDA 11.8; packages of apt that nixpkgs has: 1",
            "Dockerfile を読みました: CUDA 11.8; apt のパッケージのうち nixpkgs にあるもの: 1 個",
        ),
        ("wrote nix/pyenvspec/ (18 files)", "nix/pyenvspec/ (18 個のファイル) を書きました"),
        (
            "`numpy`: it is a Python package: put it in your lock file or requirements, or with `manager: nixpkgs` in "
            "`python: {packages: [...]}`.",
            "`numpy`: Python パッケージです。ロックファイルか requirements、または `manager: nixpkgs` とともに "
            "`python: {packages: [...]}` に書いてください。",
        ),
        (
            "left out: env.KEY: a Dockerfile has no values of several lines",
            "含まれないもの: env.KEY: Dockerfile には複数行の値を書けません",
        ),
        (
            "note: environment.yml is not used: the packages come from requirements.txt",
            "注意: environment.yml は使いません。パッケージは requirements.txt から来ます",
        ),
        (
            'write it into `on_enter`, where bash fills it in: `export A="${B}"`; for the text itself write `$${B}`',
            'bash が値を入れる `on_enter` に書いてください: `export A="${B}"`; '
            "文字そのものなら `$${B}` と書いてください",
        ),
        ("requirements for pip: 2 packages", "pip の requirements: パッケージ 2 個"),
        (
            "nixos-25.05 gets no security fixes since 2025-12-31; it is used as "
            "the newest stable release that has Python 3.11 and CUDA 11.8 with cuDNN 8.9",
            "nixos-25.05 は 2025-12-31 からセキュリティ修正を受けていません。"
            "Python 3.11 と CUDA 11.8 と cuDNN 8.9 のある最も新しい安定版リリース (これが使われる理由です)",
        ),
        (
            "`libsndfile1`: nixpkgs calls it `libsndfile`.",
            "`libsndfile1`: nixpkgs では `libsndfile` という名前です。",
        ),
        (
            "what works: `cuda.version: 13.4` (or 13.3, 13.2)",
            "使える組み合わせ: `cuda.version: 13.4` (または 13.3, 13.2)",
        ),
    ],
)
def test_what_stands_before_or_in_quotes_does_not_lead_to_another_sentence(text: str, told: str) -> None:
    assert translate_text(text, "ja") == told


def test_help_and_usage_are_in_japanese(capsys: pytest.CaptureFixture[str], japanese: None) -> None:
    assert run(["shell", "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("使い方: pyenvspec shell")
    left = [line for line in shown.splitlines() if is_sentence(line) and not JAPANESE.search(line)]
    assert all("pyenvspec" in line for line in left), left  # the examples, and the usage itself
    assert run(["shel"]) == 2
    assert (
        "pyenvspec: エラー: コマンド `shel` はありません。`shell` ではありませんか?"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("verb", VERBS)
def test_every_help_is_in_japanese(verb: str, capsys: pytest.CaptureFixture[str], japanese: None) -> None:
    assert run([verb, "--help"]) == 0
    shown = capsys.readouterr().out.split("例:")[0].split("\n\n", 1)[1]
    assert [line for line in shown.splitlines() if re.search(r"[a-z]{2,} (?:the|is|a|and|of) ", line)] == []


def test_what_a_failed_run_says_is_in_japanese(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], japanese: None
) -> None:
    log = tmp_path / "log"
    log.write_text("ModuleNotFoundError: No module named 'pkg_resources'\n")
    assert run(["diagnose", str(log)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("1 行目: ModuleNotFoundError: No module named 'pkg_resources'\n")
    assert "依存に `setuptools<81` を足してください" in shown


def test_what_is_to_be_typed_stays_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], japanese: None
) -> None:
    options = Options("container", tmp_path)
    argv = ("true", "echo nothing; a list", '"wrote x: 3 paths"')
    assert run_steps([argv], options, stay=True) == 0
    assert capsys.readouterr().err == f"$ {shlex.join(argv)}\n"
    (tmp_path / "env.yaml").write_text("python: 3.12\ndescription: it: nothing: a list\n")
    assert run(["check", "-C", str(tmp_path)]) == 1
    assert '"it: nothing: a list"' in capsys.readouterr().err


def test_a_second_compile_says_the_same_in_japanese(tmp_path: Path, japanese: None) -> None:
    (tmp_path / "env.yaml").write_text("python: {version: 3.12, manager: pip}\n")
    program = [str(Path(sys.executable).with_name("pyenvspec")), "compile", "-C", str(tmp_path)]
    env = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    said = [subprocess.run(program, env=env, capture_output=True, text=True, check=True) for _ in range(4)]
    assert said[1].stderr == said[2].stderr == said[3].stderr
    assert JAPANESE.search(said[3].stderr)


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

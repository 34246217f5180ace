"""The site: pages that follow from the code, the picture, links, and the strict build where its tools are there."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import site_hook
from in_japanese import japanese

from pyenvspec.diagnostics import CODES
from pyenvspec.facts.failures import families

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TRANSLATED = sorted(DOCS.rglob("*.ja.md"))
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


def test_every_pass_of_the_driver_is_in_the_picture() -> None:
    passes = site_hook.read_passes()
    assert all(name for _, name in passes), passes
    names = [name for _, name in passes]
    for expected in ("read_manifest", "validate_spec", "check_spec", "pin_plan"):
        assert expected in names
    picture = ElementTree.fromstring(site_hook.draw_passes())
    texts = [node.text for node in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert "validate_spec" in texts


def test_every_message_has_a_page_and_most_an_example() -> None:
    examples = site_hook.read_examples()
    assert set(examples) <= set(CODES)
    assert len(examples) > 40
    page = site_hook.format_code("unknown-key", examples["unknown-key"])
    assert page.startswith("# unknown-key\n\nA key does not exist.\n")
    assert "error[unknown-key]" in page


def test_a_message_has_a_page_in_japanese_with_an_example() -> None:
    examples = site_hook.read_examples_again("ja")
    assert set(examples) == set(site_hook.read_examples())
    page = site_hook.format_code("unknown-key", examples["unknown-key"], japanese)
    assert page.startswith("# unknown-key\n\n存在しないキーです。\n")
    assert "エラー[unknown-key]" in page


def test_a_diagnosis_is_told_in_japanese_with_its_places_filled() -> None:
    text = site_hook.format_diagnoses(japanese)
    assert re.findall(r"^### .*$", text, re.MULTILINE) == re.findall(
        r"^### .*$", site_hook.format_diagnoses(), re.MULTILINE
    )
    assert "*package* のビルドには *wanted* が必要ですが" in text
    assert not re.search(r"\{\d?\}", text)


def test_every_diagnosis_is_told() -> None:
    text = site_hook.format_diagnoses()
    assert {family.id for family in families()} == set(re.findall(r"^### (\S+)$", text, re.MULTILINE))
    assert "{" not in re.sub(r"\$\{[^}]*\}", "", text)


def test_every_page_is_in_the_navigation_and_the_other_way_round() -> None:
    config = (ROOT / "mkdocs.yml").read_text()
    named = set(re.findall(r": ([\w/-]+\.md)$", config, re.MULTILINE))
    there = {
        path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if not path.name.endswith(".ja.md")
    }
    assert named - {"security.md", "changelog.md", "diagnoses.md"} == there
    for path in TRANSLATED:
        assert path.relative_to(DOCS).as_posix().replace(".ja.md", ".md") in named, path


def _english(path: Path) -> str:
    name = path.name.replace(".ja.md", ".md")
    text = (ROOT / "SECURITY.md" if name == "security.md" else path.with_name(name)).read_text()
    return text.replace("](docs/", "](") if name == "security.md" else text


def _blocks(text: str) -> list[list[str]]:
    """Return the blocks of code by lines; what a code means is told in Japanese only."""
    found = re.findall(r"^```.*?^```$", text, re.MULTILINE | re.DOTALL)
    return [[line for line in one.split("\n") if "= 意味: " not in line] for one in found]


def _kept(line: str) -> tuple[str, ...] | str:
    """Return what a translation of a line of code keeps: all but the comment, or what is quoted in a message."""
    code, *comment = re.split(r"\s+# ", line)
    if comment:
        return code
    return tuple(sorted(re.findall(r"`[^`]+`|[./~]*/[\w./-]+|\d[\d.]*\d", line)))


def test_a_translated_page_leads_to_translated_ones() -> None:
    for page in TRANSLATED:
        links = re.findall(r"\]\(([\w./-]+)\.md", page.read_text())
        english = [
            one for one in links if not one.endswith(".ja") and (page.parent / f"{one}.ja.md").exists()
        ]
        assert not english, page


def _parts(text: str) -> list[str]:
    """Return paragraphs, headings, tables and items of lists."""
    return re.split(r"\n{2,}|\n(?=- )", text.strip())


@pytest.mark.parametrize(
    "path", [ROOT / "README.ja.md", *TRANSLATED], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_a_translated_page_says_the_same(path: Path) -> None:
    english = _english(path).replace(".ja.md", ".md")
    text = site_hook.carry_over(path.read_text(), english)  # fails where headings differ
    text = re.sub(r"\.ja\.(md|svg)", r".\1", text)  # README names the files, the site finds them by itself
    for block, original in zip(_blocks(text), _blocks(english), strict=True):
        for told, said in zip(block, original, strict=True):
            assert told == said or (JAPANESE.search(told) and _kept(told) == _kept(said)), said
    rows = [
        [one.count("\n") for one in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE)]
        for page in (text, english)
    ]
    assert rows[0] == rows[1]
    plain, source = (
        re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL) for page in (text, english)
    )
    assert len(_parts(plain)) >= len(_parts(source)), "the English page has more paragraphs or items of lists"
    for pattern in (r"`[^`\n]+`", r"\]\([^)]+\)", r"\d[\d,.]*\d|\d"):  # code, links, numbers
        lacking = set(re.findall(pattern, source)) - set(re.findall(pattern, plain))
        assert not lacking, "the English page has these besides"


def test_lines_of_japanese_are_joined_and_headings_keep_their_anchors() -> None:
    page = "# 題\n\n一行目の\n続きです。\n次も。\n- `a` を、\n  `b` と\n- c\n\n```\n一\n二\n```\n"
    assert site_hook.carry_over(page, "# The title\n") == (
        "# 題 { #the-title }\n\n一行目の続きです。次も。\n- `a` を、`b` と\n- c\n\n```\n一\n二\n```\n"
    )


def test_pictures_and_anchors_of_the_pages_are_there_in_the_repository_too() -> None:
    """As GitHub finds them: a Japanese heading has an anchor of its own words, or one that stands before it."""
    pages = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("README*.md")]
    lacking = []
    for page in pages:
        text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            file = page.parent / name if name else page
            is_page = bool(anchor) and file.suffix == ".md" and file.is_file()
            if (file.suffix == ".svg" and not file.is_file()) or (
                is_page and anchor not in _anchors(file.read_text())
            ):
                lacking.append((page.name, target))
    assert lacking == []


def _anchors(text: str) -> set[str]:
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#{1,6} (.+)$", plain, re.MULTILINE)
    # What GitHub makes of a heading: small letters, no signs, dashes for blanks.
    made = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return made | set(re.findall(r'<a id="([^"]+)"></a>', plain))


@pytest.mark.slow
@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("mkdocs", "material", "mkdocs_static_i18n"))),
    reason="the group `docs` of pyproject.toml is not installed",
)
def test_it_builds_without_a_warning(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "errors" / "unknown-key" / "index.html").is_file()
    assert 'lang="ja"' in (tmp_path / "ja" / "index.html").read_text()
    assert "存在しないキーです" in (tmp_path / "ja" / "errors" / "unknown-key" / "index.html").read_text()

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

from pyenvspec.diagnostics import CODES
from pyenvspec.facts.failures import families

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


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
    for path in DOCS.rglob("*.ja.md"):
        assert path.with_name(path.name.replace(".ja.md", ".md")).exists(), path


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

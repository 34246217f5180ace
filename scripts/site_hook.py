"""Pages of the site that follow from the code: each message, each diagnosis, the picture of the passes; links that leave docs/.

MkDocs calls these functions while it builds (https://www.mkdocs.org/user-guide/configuration/#hooks).
"""

from __future__ import annotations

import ast
import atexit
import html
import json
import os
import re
import shutil
import tempfile
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from in_japanese import fill, japanese

from pyenvspec.diagnostics import CODES, PyenvspecError
from pyenvspec.driver import compile_project
from pyenvspec.reporter import format_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).resolve().parent.parent
_DIALOG = '<div class="md-search" data-md-component="search" role="dialog">'
_PASS = re.compile(r"_?(read|validate|check|resolve|pin|lower)_|_resolve$|render$")
_GOLDEN = ROOT / "tests" / "golden" / "bad"
_FACTS = ROOT / "pyenvspec" / "facts" / "data"
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)
_SOFT_BREAK = re.compile(
    r"(?<=[。、])\n *(?=[^\s|#>-])|(?<=[\u3041-\u30ff\u4e00-\u9fff])\n *(?=[\u3041-\u30ff\u4e00-\u9fff])"
)
"""The end of a line between two signs of Japanese, where a browser would show a blank."""
_ENGLISH_TABLE = "<!-- the table of the English page -->"
"""Stands in a translated page for one of the last tables of the English one: measurements, which are written anew by a command."""
_FAILURES = ("build-failures", "run-failures")
_NAMED = re.compile(r"(?<!\$)\{([a-z_]+)\}")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Build from a copy of docs/ that has the pages that follow from the code."""
    staged = Path(tempfile.mkdtemp(prefix="pyenvspec-site-")) / "docs"
    atexit.register(shutil.rmtree, staged.parent, ignore_errors=True)
    shutil.copytree(config.docs_dir, staged)
    made = {
        "security.md": (ROOT / "SECURITY.md").read_text(encoding="utf-8"),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        "passes.svg": draw_passes(),
        "passes.ja.svg": draw_passes(japanese),
    }
    for ending, translate in ((".md", str), (".ja.md", japanese)):
        examples = read_examples() if translate is str else read_examples_again("ja")
        made[f"diagnoses{ending}"] = format_diagnoses(translate)
        made |= {f"errors/{code}{ending}": format_code(code, examples.get(code), translate) for code in CODES}
    for name, text in made.items():
        (staged / name).parent.mkdir(exist_ok=True)
        (staged / name).write_text(text, encoding="utf-8")
    config.docs_dir = str(staged)
    return config


def on_page_markdown(markdown: str, page: object, config: MkDocsConfig, files: Files) -> str:
    """Lead links out of docs/ to the repository, and the table of codes to their pages."""
    del files
    source = str(page.file.src_uri)  # type: ignore[attr-defined]
    if source.endswith(".ja.md"):
        english = (Path(config.docs_dir) / source.replace(".ja.md", ".md")).read_text(encoding="utf-8")
        # In the repository a page leads to the Japanese ones; on the site that is found by itself.
        markdown = re.sub(r"\.ja\.md(?=[#)\]])", ".md", carry_over(markdown, english))
    at_root = source in ("security.md", "changelog.md")
    blob = f"{config.repo_url.rstrip('/')}/blob/main/"
    if source in ("errors.md", "errors.ja.md"):
        markdown = re.sub(r"^\| `([a-z0-9-]+)` \|", r"| [`\1`](errors/\1.md) |", markdown, flags=re.MULTILINE)
    if at_root:
        markdown = re.sub(r"\]\(docs/([\w-]+\.md)", r"](\1", markdown)
        return re.sub(r"\]\((?!https?:|#|[\w-]+\.md)([^)]+)\)", rf"]({blob}\1)", markdown)
    return (
        re.sub(r"\]\(\.\./((?!libraries|locks|article)[^)]+)\)", rf"]({blob}\1)", markdown)
        if "/" not in source
        else markdown
    )


def headings(markdown: str) -> list[tuple[int, str]]:
    """Return each heading's level and text; a `#` in a block of code is none."""
    found = re.findall(r"^(#{1,6}) (.+)$", _FENCED.sub("", markdown), re.MULTILINE)
    return [(len(signs), text) for signs, text in found]


def slugs(markdown: str) -> list[str]:
    """Return the anchor of each heading, as Python-Markdown's `toc` makes it."""
    found: list[str] = []
    for _, text in headings(markdown):
        plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
        slug = re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())
        seen = [one for one in found if re.fullmatch(rf"{re.escape(slug)}(_\d+)?", one)]
        found.append(f"{slug}_{len(seen)}" if seen else slug)
    return found


def carry_over(markdown: str, english: str) -> str:
    """Give a translated page the anchors of the English one and its long tables of measurements; join its lines."""
    if [level for level, _ in headings(markdown)] != [level for level, _ in headings(english)]:
        raise ValueError(f"the headings are not those of the English page: {headings(markdown)}")
    anchors = iter(slugs(english))
    parts = re.split(f"({_FENCED.pattern})", markdown, flags=_FENCED.flags)
    for at, part in enumerate(parts):
        if not _FENCED.match(part):
            anchored = re.sub(
                r"^(#{1,6} .+)$", lambda line: f"{line[1]} {{ #{next(anchors)} }}", part, flags=re.MULTILINE
            )
            parts[at] = _SOFT_BREAK.sub("", anchored)
    tables = iter(_TABLE.findall(english)[-markdown.count(_ENGLISH_TABLE) :])
    return re.sub(re.escape(_ENGLISH_TABLE), lambda _: next(tables), "".join(parts))


def on_post_page(output: str, page: object, config: MkDocsConfig) -> str:
    """Give the search dialog a name, which the theme leaves out: screen readers say it."""
    del page, config
    said = "検索" if '<html lang="ja"' in output else "Search"
    return output.replace(_DIALOG, _DIALOG.replace('role="dialog"', f'role="dialog" aria-label="{said}"'))


def read_examples() -> dict[str, str]:
    """Return a message for each code, as the tests have it."""
    return _first_of_each(path.read_text(encoding="utf-8") for path in sorted(_GOLDEN.glob("*/errors.txt")))


def read_examples_again(language: str) -> dict[str, str]:
    """Return a message for each code in another language: the same mistakes are made again."""
    kept = os.environ.get("LC_ALL")
    os.environ["LC_ALL"] = language
    try:
        return _first_of_each(map(_mistakes_of, sorted(_GOLDEN.iterdir())))
    finally:
        if kept is None:
            del os.environ["LC_ALL"]
        else:
            os.environ["LC_ALL"] = kept


def _mistakes_of(project: Path) -> str:
    try:
        return format_text(compile_project(project).findings)
    except PyenvspecError as error:
        return format_text(error.diagnostics)


def _first_of_each(texts: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        for message in text.split("\n\n"):
            match = re.search(r"\w\[([a-z0-9-]+)\]: ", message.split("\n")[0])
            if match and len(message) < 1200:
                found.setdefault(match[1], message.strip("\n"))
    return found


def format_code(code: str, example: str | None, translate: Callable[[str], str] = str) -> str:
    """Return the page of one message."""
    text = fill(translate("{}."), translate(CODES[code]))
    shown = f"\n{translate('It looks like this:')}\n\n```\n{example}\n```\n" if example else ""
    more = translate(
        "The message says where it is, what was expected and what to do; one run tells all of a file. [All messages](../errors.md)"
    )
    return f"# {code}\n\n{text[0].upper()}{text[1:]}\n{shown}\n{more}\n"


def format_diagnoses(translate: Callable[[str], str] = str) -> str:
    """Return the page of what `diagnose` knows."""
    about = translate("`pyenvspec diagnose LOG` knows these failures, each from a thread where it was seen.")
    parts = [f"# {translate('Failed builds and runs')}\n\n{about}\n"]
    titles = (translate("Builds by Nix, and evaluations"), translate("Installs, and what runs"))
    for table, title in zip(_FAILURES, titles, strict=True):
        parts.append(f"## {title}\n")
        for row in json.loads((_FACTS / f"{table}.json").read_text(encoding="utf-8"))["families"]:
            # `at` is ` at HOST`, where one is known.
            names = ["" if name == "at" else f"*{name}*" for name in _NAMED.findall(row["finding"])]
            template = _NAMED.sub("{}", row["finding"])
            said = "" if template == "{}" else fill(translate("{}."), fill(translate(template), *names))
            urls = re.findall(r"https://\S+", row["source"])[:1]
            links = [f"[{translate('seen here')}]({url})" for url in urls]
            quoted = re.sub(r"`[^`]*`", lambda code: code[0].replace("*", ""), said)
            parts.append(f"### {row['id']}\n\n{' · '.join([quoted, *links] if quoted else links)}\n")
    return "\n".join(parts)


def read_passes() -> list[tuple[str, str]]:
    """Return the comment before each pass of the driver, and the function that it calls.

    A pass is told in a phrase that begins with a small letter; a sentence is about the code, as elsewhere.
    """
    text = (ROOT / "pyenvspec" / "driver.py").read_text(encoding="utf-8")
    calls: dict[int, list[str]] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and _PASS.match(node.func.id):
            calls.setdefault(node.lineno, []).append(node.func.id)
    found = []
    lines = text.splitlines()
    comments = [number for number, line in enumerate(lines, start=1) if re.match(r"\s+# [a-z]", line)]
    for number, following in zip(comments, [*comments[1:], len(lines)], strict=True):
        # The inner of two calls on one line is made first.
        names = [name for at in range(number + 1, min(following, number + 5)) for name in calls.get(at, ())]
        found.append((lines[number - 1].strip(" #"), names[-1].lstrip("_") if names else ""))
    return found


def draw_passes(translate: Callable[[str], str] = str) -> str:
    """Return the picture of the passes, one box below the other, the function under what it does."""
    ends = (
        ("env.yaml", translate("the only file that you edit")),
        (translate("files"), "flake.nix, nix/pyenvspec/, flake.lock"),
    )
    boxes = [ends[0], *((translate(what), name) for what, name in read_passes()), ends[1]]
    step, width = 78, 640
    height = step * len(boxes)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{translate("The passes from env.yaml to files")}" font-family="sans-serif">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for index, (what, name) in enumerate(boxes):
        y = index * step + 8
        fill = "#c5cae9" if (what, name) in ends else "#e8eaf6"
        shown = html.escape(what if len(what) < 75 else what[: what.rfind(",", 0, 75)])
        middle = width / 2
        parts.append(
            f'<rect x="10" y="{y}" width="{width - 20}" height="56" rx="8" fill="{fill}" stroke="#3949ab"/>'
        )
        parts.append(f'<text x="26" y="{y + 24}" font-size="15" fill="#1a237e">{shown}</text>')
        parts.append(f'<text x="26" y="{y + 44}" font-size="13" fill="#3d3d3d">{html.escape(name)}</text>')
        if index:
            parts.append(f'<path d="M{middle} {y - 21}v18m-5-6l5 6l5-6" stroke="#3949ab" fill="none"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"

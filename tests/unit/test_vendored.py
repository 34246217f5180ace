"""What is copied into a project: the modules that its env.yaml uses, no others; what was copied before goes again."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from pyenvspec.driver import compile_project
from pyenvspec.lowering.vendored import modules_folder
from pyenvspec.writing.write import apply, plan_writes

ROOT = Path(__file__).parents[2]
VENDOR = "nix/pyenvspec/vendor"
SMALLEST = "python: {version: 3.12}\n"
NATIVE = "shell: native\npython: {version: 3.12, manager: nixpkgs}\n"


def write(folder: Path, text: str) -> set[str]:
    """Compile this env.yaml onto the disk; the names of what lies in vendor/ then."""
    folder.mkdir(exist_ok=True)
    (folder / "env.yaml").write_text(text)
    apply(plan_writes(folder, compile_project(folder).files))
    return {path.name for path in (folder / VENDOR).iterdir()}


def test_the_smallest_environment_gets_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    names = write(tmp_path / "lab", SMALLEST)
    assert len(names) <= 20
    others = (
        "lock",
        "oci",
        "image",
        "containers",
        "uv2nix",
        "poetry",
        "processes",
        "tasks",
        "dotenv",
        "apps",
    )
    assert [name for name in names if name.startswith(others)] == []


@pytest.mark.parametrize(
    ("keys", "is_there"),
    [
        ("driver: none", False),
        ("systems: [aarch64-darwin]", False),
        ("{driver: none, variants: {gpu: {driver: auto}}}", True),
        ("{driver: none, containers: {default: {}}}", False),
        ("{}", True),
    ],
)
def test_what_looks_for_the_driver_is_there_where_a_shell_looks_for_it(
    tmp_path: Path, keys: str, is_there: bool
) -> None:
    merged = {"python": {"version": "3.12"}, **yaml.safe_load(keys)}
    names = write(tmp_path / "lab", yaml.safe_dump(merged))
    assert ("driver.c" in names, "driver.nix" in names) == (is_there, True)


# Key of env.yaml → files that come with it, over the smallest devenv shell and a native one of nixpkgs' packages.
ADDED = {
    "dotenv: [.env]": {"dotenv.nix", "dotenv.sh"},
    "processes: {web: serve}": {
        "processes.nix",
        "process-compose.nix",
        "processes-up.nix",
        "processes-up.sh",
    },
    "containers: {default: {}}": {"containers.nix", "image.nix", "oci.nix", "oci-image.py", "oci-layers.py"},
}


@pytest.mark.parametrize("base", [SMALLEST, NATIVE], ids=["devenv", "native"])
@pytest.mark.parametrize("key", ADDED)
def test_a_key_brings_its_modules_and_takes_them_away_again(tmp_path: Path, base: str, key: str) -> None:
    before = write(tmp_path / "lab", base)
    after = write(tmp_path / "lab", f"{base}{key}\n")
    assert before < after
    assert ADDED[key] <= after - before
    assert write(tmp_path / "lab", base) == before


@pytest.mark.parametrize(
    ("python", "wanted", "others"),
    [
        ("{version: 3.12, manager: uv}", {"venv.sh", "lock-uv.nix", "locked.nix"}, {"lock-poetry.nix"}),
        ("{version: 3.12, manager: poetry}", {"venv.sh", "lock-poetry.nix"}, {"lock-uv.nix"}),
        ("{version: 3.12, requirements: a.toml}", {"lock-pylock.nix"}, {"lock-uv.nix", "lock-poetry.nix"}),
        (
            "{version: 3.12, manager: nixpkgs}",
            {"python-env.nix", "link-python.sh"},
            {"venv.sh", "locked.nix"},
        ),
    ],
)
def test_a_manager_brings_its_own_modules(
    tmp_path: Path, python: str, wanted: set[str], others: set[str]
) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab/a.toml").touch()
    names = write(tmp_path / "lab", f"python: {python}\n")
    assert wanted <= names
    assert not others & names


def test_what_is_built_after_brings_what_builds_it(tmp_path: Path) -> None:
    before = write(tmp_path / "lab", SMALLEST)
    after = write(tmp_path / "lab", "python: {version: 3.12, build_after: [flash-attn]}\n")
    assert after - before == {"build-after.nix", "build-after.py"}
    assert write(tmp_path / "lab", SMALLEST) == before


def test_a_pylock_that_is_there_is_read_without_being_asked_for(tmp_path: Path) -> None:
    assert "lock-pylock.nix" not in write(tmp_path / "lab", SMALLEST)
    (tmp_path / "lab/pylock.toml").write_text('lock-version = "1.0"\n')
    assert "lock-pylock.nix" in write(tmp_path / "lab", SMALLEST)


def test_an_image_of_pip_reads_the_lock_that_is_still_to_come(tmp_path: Path) -> None:
    assert "lock-pylock.nix" in write(tmp_path / "lab", f"{SMALLEST}containers: {{default: {{}}}}\n")


def test_what_somebody_put_there_stays(tmp_path: Path) -> None:
    lab = tmp_path / "lab"
    before = write(lab, f"{SMALLEST}dotenv: [.env]\n")
    (lab / VENDOR / "mine.nix").write_text("{ }\n")
    # An old module of ours by a name that no version copies any more.
    shutil.copy(lab / VENDOR / "dotenv.nix", lab / VENDOR / "retired.nix")
    assert write(lab, SMALLEST) == (before - {"dotenv.nix", "dotenv.sh"}) | {"mine.nix"}


def test_a_copy_that_somebody_made_their_own_is_not_removed(tmp_path: Path) -> None:
    lab = tmp_path / "lab"
    write(lab, f"{SMALLEST}dotenv: [.env]\n")
    (lab / VENDOR / "dotenv.sh").write_text("# mine now\n")
    assert "dotenv.sh" in write(lab, SMALLEST)


def _projects() -> list[Path]:
    return sorted(path.parent for path in ROOT.glob("*/*/env.yaml")) + sorted(
        path.parent for path in ROOT.glob("tests/golden/ok/*/env.yaml")
    )


def test_whatever_a_copied_file_names_is_copied_too() -> None:
    named = re.compile(rb"\./([A-Za-z0-9_-]+\.(?:nix|sh|py|c))\b")
    checked = 0
    for project in _projects():
        files = {
            path.removeprefix(f"{VENDOR}/"): content
            for path, content in compile_project(project).files.items()
            if path.startswith(f"{VENDOR}/")
        }
        for name, content in files.items():
            mentioned = {match.decode() for match in named.findall(content)}
            assert mentioned - {"driver.c"} <= set(files), f"{project}: {name}"
            checked += 1
    assert checked > 100


def test_every_module_is_of_use_to_some_project(tmp_path: Path) -> None:
    used = {Path(path).name for project in _projects() for path in compile_project(project).files}
    for more in ("requirements: pylock.toml", "manager: uv", "build_after: [flash-attn]"):
        (tmp_path / "env.yaml").write_text(
            f"python: {{version: 3.12, {more}}}\ncontainers: {{default: {{}}}}\n"
        )
        (tmp_path / "pylock.toml").touch()
        used |= {Path(path).name for path in compile_project(tmp_path).files}
    assert {path.name for path in modules_folder().iterdir() if path.is_file()} - used == set()


# ---- the table of docs/internals.md

ROW = re.compile(
    r"^\| `(?P<text>[^`]+)` \| (?P<files>\d+) \| (?P<lines>[\d,]+) \| (?P<shown>\d+) \| (?P<read>\d+) \|$",
    re.MULTILINE,
)


def _rows() -> list[dict[str, str]]:
    return [row.groupdict() for row in ROW.finditer((ROOT / "docs" / "internals.md").read_text())]


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row["text"])
def test_the_numbers_of_files_and_lines_are_those_of_docs(tmp_path: Path, row: dict[str, str]) -> None:
    names = write(tmp_path, row["text"] + "\n")
    assert len(names) == int(row["files"])
    lines = sum((tmp_path / VENDOR / name).read_bytes().count(b"\n") for name in names)
    told = int(row["lines"].replace(",", ""))
    assert abs(lines - told) <= told / 10, "a tenth more or less is no news"
    shown = _shown_in_a_review(tmp_path)
    assert len(shown) == int(row["shown"]), shown
    assert abs(sum(path.read_bytes().count(b"\n") for path in shown) - int(row["read"])) <= 5


def _shown_in_a_review(folder: Path) -> list[Path]:
    """The generated files that git does not know as generated: GitHub and GitLab ask the same attribute."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("needs git on PATH")
    subprocess.run([git, "init", "-q", folder], check=True)
    paths = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts]
    paths = [path for path in paths if path.name != "env.yaml"]
    words = [
        git,
        "check-attr",
        "-z",
        "linguist-generated",
        "--",
        *(str(p.relative_to(folder)) for p in paths),
    ]
    told = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stdout.split("\0")
    values = dict(zip(told[::3], told[2::3], strict=False))
    return [path for path in paths if values[str(path.relative_to(folder))] == "unspecified"]


def test_docs_tells_of_the_smallest_environment() -> None:
    assert SMALLEST.strip() in [row["text"] for row in _rows()]


def test_each_planted_fault_has_its_place_in_one_module() -> None:
    faults = json.loads((ROOT / "tests/data/planted-faults.json").read_text())
    texts = [path.read_text() for path in modules_folder().iterdir() if path.is_file()]
    assert [fault["what"] for fault in faults if sum(text.count(fault["was"]) for text in texts) != 1] == []
    assert [fault["what"] for fault in faults if fault["was"] == fault["is"]] == []
    assert f"{len(faults)} faults" in (ROOT / "CONTRIBUTING.md").read_text()

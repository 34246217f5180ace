"""Files for CI and dev containers: valid by their engines' schemas, and nothing of env.yaml loose in them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pyenvspec import __version__
from pyenvspec.cli import run
from pyenvspec.driver import compile_project
from pyenvspec.spec.model import Generate

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOW = ".github/workflows/pyenvspec.yml"
MANIFEST = """
name: lab
python: {version: 3.12, manager: uv}
cuda: 12.8
scripts: {test: pytest -q}
variants: {cpu: {cuda: null}}
containers:
  default: {registry: "docker://ghcr.io/lab/"}
  other: {registry: "docker://registry.example:5000/x"}
  third: {}
  fourth: {registry: "docker://a.example/lab/"}
caches:
  - {url: "https://lab.cachix.org", key: "lab.cachix.org-1:AAAA", push: true}
  - {url: "s3://b?region=eu,accept-flake-config=true#${{x}}", key: "x-1:AAA", push: "s3://b"}
  - {url: "https://y.example", key: "y,trusted-users=*:AAA", push: true}
  - {url: "https://stranger.example", key: "z-1:AAA"}
generate: {github_actions: true, gitlab_ci: true, devcontainer: true}
"""


@pytest.fixture(
    params=[MANIFEST, "python: 3.12\ngenerate: {github_actions: true, gitlab_ci: true, devcontainer: true}"]
)
def files(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """What is generated of a large and of a small env.yaml."""
    (tmp_path / "env.yaml").write_text(request.param)
    return {name: text.decode() for name, text in compile_project(tmp_path).files.items()}


@pytest.fixture
def large(tmp_path: Path) -> dict[str, str]:
    """What is generated of the large one."""
    (tmp_path / "env.yaml").write_text(MANIFEST)
    return {name: text.decode() for name, text in compile_project(tmp_path).files.items()}


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        (WORKFLOW, ["vendor.github-workflows"]),
        (WORKFLOW, ["custom.github-workflows-require-timeout"]),
        (".gitlab-ci.yml", ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"]),
    ],
)
def test_it_is_valid_by_the_schema_of_its_engine(
    files: dict[str, str], name: str, schema: list[str], tmp_path: Path
) -> None:
    (tmp_path / "checked.yml").write_text(files[name])
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *schema, "checked.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actions_are_pinned_by_commit(files: dict[str, str]) -> None:
    uses = re.findall(r"uses: (.*)", files[WORKFLOW])
    assert uses
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[0-9.]+", action) for action in uses)


def test_nobody_has_to_accept_whatever_a_flake_says(files: dict[str, str]) -> None:
    for name in (WORKFLOW, ".gitlab-ci.yml", ".devcontainer/devcontainer.json"):
        lines = re.split(r"[\n,]", files[name])
        assert not [line for line in lines if re.match(r"\W*accept-flake-config", line)]
        assert not [line for line in lines if re.match(r"\W*trusted-users", line)]


def test_addresses_stay_addresses(large: dict[str, str]) -> None:
    for name in (WORKFLOW, ".gitlab-ci.yml", ".devcontainer/devcontainer.json"):
        assert "s3://b?region=eu%2Caccept-flake-config=true%23%24%7B%7Bx%7D%7D" in large[name]
        assert "stranger.example" not in large[name]
    assert "a.example" in large[WORKFLOW]


def test_the_jobs_of_a_project(large: dict[str, str]) -> None:
    jobs = yaml.safe_load(large[WORKFLOW])["jobs"]
    runs = [step["run"] for step in jobs["shell"]["steps"] if "run" in step]
    assert runs[0].startswith("sudo rm -rf ")
    assert runs[2:] == [
        "pyenvspec compile --check",
        "nix flake check --no-build",
        'pyenvspec shell "$VARIANT" -- test',
        "pyenvspec cache push",
    ]
    assert jobs["shell"]["strategy"]["matrix"]["shell"] == ["default", "cpu"]
    assert jobs["image"]["permissions"] == {"contents": "read", "packages": "write"}
    assert [image["registry"] for image in jobs["image"]["strategy"]["matrix"]["include"]] == [
        "ghcr.io",
        "a.example",
        "registry.example:5000",
        "",
    ]


def test_a_project_without_tests_and_images_is_told_how(tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text("python: 3.12\ngenerate: {github_actions: true}\n")
    text = compile_project(tmp_path).files[WORKFLOW].decode()
    assert "# With `scripts: {test: pytest}` in env.yaml the tests run here." in text
    assert list(yaml.safe_load(text)["jobs"]) == ["shell"]
    assert "rm -rf" not in text


def test_the_dev_container_asks_for_the_gpu_and_has_direnv(large: dict[str, str]) -> None:
    data: dict[str, Any] = json.loads(large[".devcontainer/devcontainer.json"].split("\n", 1)[1])
    assert data["hostRequirements"] == {"gpu": "optional"}
    (nix,) = data["features"].values()
    assert nix["packages"] == "direnv"
    assert "direnv allow" in data["postCreateCommand"]
    done = subprocess.run(
        ["sh", "-n", "-c", data["postCreateCommand"]], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


def test_all_that_can_be_generated_is_written_and_taken_away_again(tmp_path: Path) -> None:
    every = ", ".join(f"{name}: true" for name in Generate.model_fields)
    (tmp_path / "env.yaml").write_text(f"python: 3.12\ngenerate: {{{every}}}\n")
    assert run(["compile", "-q", "-C", str(tmp_path)]) == 0
    there = {".envrc", ".vscode/settings.json", ".vscode/extensions.json", ".gitlab-ci.yml", WORKFLOW}
    assert [name for name in sorted(there) if not (tmp_path / name).is_file()] == []
    assert run(["compile", "-q", "--check", "-C", str(tmp_path)]) == 0
    (tmp_path / "env.yaml").write_text("python: 3.12\ngenerate: {direnv: false}\n")
    assert run(["compile", "-q", "-C", str(tmp_path)]) == 0
    assert [name for name in sorted(there) if (tmp_path / name).exists()] == []


def test_ci_takes_pyenvspec_by_its_tag_once_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "lab"
    project.mkdir()
    (project / "env.yaml").write_text(MANIFEST)
    written = [WORKFLOW, ".gitlab-ci.yml"]
    for released in (False, True):
        monkeypatch.setattr("pyenvspec.lowering.ci.RELEASED", released)
        assert run(["compile", "-q", "-C", str(project)]) == 0
        texts = [(project / name).read_text() for name in written]
        assert [f"v{__version__}" in text for text in texts] == [released] * 2
        assert ["is not released yet" in text for text in texts] == [not released] * 2


def test_a_shell_without_the_script_does_not_run_the_test_of_bash(tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text(
        "python: 3.12\nscripts: {test: pytest}\ngenerate: {github_actions: true, gitlab_ci: true}\n"
        "variants: {docs: {scripts: {test: null}}, cpu: {native: [sox]}}\n"
    )
    files = compile_project(tmp_path).files
    steps = yaml.safe_load(files[WORKFLOW])["jobs"]["shell"]["steps"]
    commands = {step["run"]: step["if"] for step in steps if "pyenvspec shell" in step.get("run", "")}
    assert commands == {
        'pyenvspec shell "$VARIANT" -- test': """contains(fromJSON('["default", "cpu"]'), matrix.shell)""",
        'pyenvspec shell "$VARIANT" -- python --version': """contains(fromJSON('["docs"]'), matrix.shell)""",
    }
    job = yaml.safe_load(files[".gitlab-ci.yml"])["shell"]
    assert job["parallel"]["matrix"] == [
        {"VARIANT": ["default", "cpu"], "COMMAND": "test"},
        {"VARIANT": ["docs"], "COMMAND": "python --version"},
    ]
    assert job["script"][-1] == 'nix run "$PYENVSPEC" -- shell "$VARIANT" -- $COMMAND'


def test_direnv_watches_all_that_a_shell_is_made_from(tmp_path: Path) -> None:
    for name in ("extra.nix", "overlay.nix", "uv.lock"):
        (tmp_path / name).touch()
    (tmp_path / "uv.lock").write_text('version = 1\nrequires-python = ">=3.12"\n')
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "lab"\nversion = "1"\n')
    (tmp_path / "env.yaml").write_text(
        "python: {version: 3.12, manager: uv}\nmodules: [./extra.nix]\nnixpkgs: {overlays: [overlay.nix]}\n"
        "dotenv: [.env, .env.$USER]\nvariants: {ci: {dotenv: [ci.env]}}\n"
    )
    (line,) = re.findall("(?m)^watch_file (.*)$", compile_project(tmp_path).files[".envrc"].decode())
    watched = {".env", "ci.env", "env.yaml", "extra.nix", "overlay.nix", "pyproject.toml", "uv.lock"}
    assert watched == {path for path in line.split() if not path.startswith("nix/")}

"""What a stranger's project may try, and what grows without an end: one part for each kind, held on today's code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pyenvspec.commands.diagnose.patterns import diagnose_log
from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import check_project, compile_project
from pyenvspec.facts.caches import caches

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "python: 3.12\n"
KNOWN = {cache.name: cache for cache in caches()}
CUDA = KNOWN["nixos-cuda"]


def write(root: Path, text: str, **files: str | bytes) -> Path:
    (root / "env.yaml").write_text(HEAD + text)
    for name, content in files.items():
        (root / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def errors(root: Path) -> list[str]:
    try:
        check_project(root)
    except PyenvspecError as error:
        return [diagnostic.code for diagnostic in error.diagnostics]
    return []


# --- trust in caches


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://cache.nixos.org.evil.example", KNOWN["cache.nixos.org"].key),
        ("https://cache.nixos.org.evil.example", "cache.nixos.org-1:AAAA"),
        ("https://cache.nixos.org@evil.example", "cache.nixos.org-1:AAAA"),
        ("http://10.0.0.1/", CUDA.key),
        (CUDA.url, "mine-1:AAAA"),
        (CUDA.url + "/?priority=1", CUDA.key.replace(":", ":A") if CUDA.key else ""),
    ],
)
def test_a_cache_that_passes_for_another_is_an_error(url: str, key: str, tmp_path: Path) -> None:
    assert errors(write(tmp_path, f"caches: [{{url: '{url}', key: '{key}'}}]")) == ["cache-key-foreign"]


def test_a_cache_of_ones_own_and_a_known_one_with_its_address_are_right(tmp_path: Path) -> None:
    lines = (
        f"caches: [{{url: 's3://team-cache', key: 'x-1:AAAA'}}, {{url: '{CUDA.url}/', key: '{CUDA.key}'}}]"
    )
    assert errors(write(tmp_path, lines)) == []


def test_generated_files_trust_known_caches_and_no_flake(tmp_path: Path) -> None:
    lines = "cuda: 12.4\ncaches: [{url: 'https://x.example', key: 'x-1:AAAA'}]\n"
    lines += "generate: {devcontainer: true, github_actions: true}\n"
    files = compile_project(write(tmp_path, lines)).files
    workflow = files[".github/workflows/pyenvspec.yml"].decode()
    container = files[".devcontainer/devcontainer.json"].decode()
    for text in (workflow, container):
        assert "accept-flake-config" not in text
        assert "x.example" not in text
        assert f"extra-substituters = {CUDA.url}" in text
        assert f"extra-trusted-public-keys = {CUDA.key}" in text
    steps = yaml.safe_load(workflow)["jobs"]["shell"]["steps"]
    named = [step["uses"].partition("@")[2] for step in steps if "uses" in step]
    assert named
    assert all(len(commit) == 40 and set(commit) <= set("0123456789abcdef") for commit in named)
    assert _installing(steps)["with"]["extra_nix_config"].count("\n") == 2


def _installing(steps: list[dict[str, Any]]) -> dict[str, Any]:
    return next(step for step in steps if "install-nix" in step.get("uses", ""))


def test_a_workflow_without_caches_sets_nothing(tmp_path: Path) -> None:
    files = compile_project(write(tmp_path, "generate: {github_actions: true}\n")).files
    steps = yaml.safe_load(files[".github/workflows/pyenvspec.yml"])["jobs"]["shell"]["steps"]
    assert "with" not in _installing(steps)


@pytest.mark.parametrize(
    "url", ["https://evil.example", "https://cache.nixos-cuda.org.evil.example", "x; rm -rf ~"]
)
def test_an_unknown_cache_of_a_log_gets_no_recipe(url: str) -> None:
    (advice,) = diagnose_log(
        f"warning: ignoring untrusted substituter '{url}', you are not a trusted user.\n"
    )
    assert advice.commands == ("pyenvspec doctor",)


def test_a_known_cache_of_a_log_gets_the_key_that_is_known() -> None:
    (advice,) = diagnose_log(
        f"warning: ignoring untrusted substituter '{CUDA.url}', you are not a trusted user.\n"
    )
    assert any(CUDA.key in command for command in advice.commands if CUDA.key)

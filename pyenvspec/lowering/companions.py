"""Files for other tools that `generate` asks for: direnv, dev containers, VS Code, GitHub Actions.

A plan in, texts out. Nothing of env.yaml goes into them unquoted: shell words pass `shlex`, JSON its own writer.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from pyenvspec.facts._load import read_table
from pyenvspec.facts.caches import is_known_pair
from pyenvspec.plan import HEADER

if TYPE_CHECKING:
    from pyenvspec.plan import Plan


def companion_files(plan: Plan) -> dict[str, str]:
    """Return path → text of what this plan asks for."""
    files: dict[str, str] = {}
    if plan.generate.direnv:
        files[".envrc"] = _envrc(plan)
    if plan.generate.devcontainer:
        files[".devcontainer/devcontainer.json"] = _devcontainer(plan)
    if plan.generate.vscode:
        files[".vscode/settings.json"] = _vscode(plan)
    if plan.generate.github_actions:
        files[".github/workflows/pyenvspec.yml"] = _github_actions(plan)
    return files


def _envrc(plan: Plan) -> str:
    loader = read_table("nix-direnv")["nix_direnv"][0]
    watched = " ".join(shlex.quote(path) for path in plan.watched)
    return f"""\
# {HEADER}
if ! has nix_direnv_version || ! nix_direnv_version {loader["version"]}; then
  # Without a network direnv's own, slower `use flake` serves.
  source_url {loader["url"]} {loader["hash"]} || true
fi
watch_file {watched} nix/pyenvspec/default.nix nix/pyenvspec/vendor/*
use flake
"""


def _json(header: str, data: dict[str, object]) -> str:
    """JSON whose first line says what wrote it; VS Code and dev containers read comments."""
    return f"// {header}\n{json.dumps(data, indent=2, ensure_ascii=False)}\n"


def _devcontainer(plan: Plan) -> str:
    # The feature splits at commas; it writes each part as one line of nix.conf.
    config = ",".join(("experimental-features = nix-command flakes", *_cache_lines(plan)))
    feature = {"ghcr.io/devcontainers/features/nix:1": {"extraNixConfig": config}}
    data: dict[str, object] = {
        "name": plan.name,
        "image": "mcr.microsoft.com/devcontainers/base:ubuntu",
        "features": feature,
        "postCreateCommand": "nix develop --command true",
        "customizations": {"vscode": {"extensions": ["ms-python.python", "mkhl.direnv"]}},
    }
    return _json(HEADER, data)


def _cache_lines(plan: Plan) -> tuple[str, ...]:
    """Return nix.conf's lines for the caches that are known.

    `accept-flake-config` would trust every flake with every setting, that of a stranger's pull request too.
    """
    known = [cache for cache in plan.caches if is_known_pair(cache.url, cache.key)]
    if not known:
        return ()
    urls, keys = (" ".join(getattr(cache, part) for cache in known) for part in ("url", "key"))
    return f"extra-substituters = {urls}", f"extra-trusted-public-keys = {keys}"


def _vscode(plan: Plan) -> str:
    environment = plan.shells[0].environment
    settings: dict[str, object] = {"python.terminal.activateEnvironment": False}
    in_venv = environment.manager in ("poetry", "uv", "pip")
    # What Nix makes has a new path with each change; entering the shell keeps a link to it.
    prefix = environment.venv if in_venv else ".pyenvspec/python"
    settings["python.defaultInterpreterPath"] = f"${{workspaceFolder}}/{prefix}/bin/python"
    return _json(HEADER, settings)


def _github_actions(plan: Plan) -> str:
    shells = ["default", *(shell.name for shell in plan.shells[1:])]
    config = "".join(f"            {line}\n" for line in _cache_lines(plan))
    settings = f"        with:\n          extra_nix_config: |\n{config}" if config else ""
    others = sum(not is_known_pair(cache.url, cache.key) for cache in plan.caches)
    note = "      # Caches that pyenvspec does not know are not used here.\n" if others else ""
    return f"""\
# {HEADER}
name: pyenvspec
on: [push, pull_request]
permissions:
  contents: read
jobs:
  shell:
    runs-on: ubuntu-latest
    strategy:
      fail-fast: false
      matrix:
        shell: {json.dumps(shells)}
    steps:
      - uses: {_action("actions/checkout")}
{note}      - uses: {_action("cachix/install-nix-action")}
{settings}      - run: nix flake check --no-build
      - run: nix develop ".#${{{{ matrix.shell }}}}" --command python --version
"""


def _action(name: str) -> str:
    """Return an action by commit: what a tag names may be changed by whoever holds it."""
    row = next(row for row in read_table("github-actions")["actions"] if row["action"] == name)
    return f"{name}@{row['commit']} # {row['version']}"

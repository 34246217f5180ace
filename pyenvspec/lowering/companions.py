"""Files for other tools that `generate` asks for: direnv, dev containers, VS Code, GitHub Actions, GitLab CI.

A plan in, texts out. Nothing of env.yaml goes into them unquoted: shell words pass `shlex`, JSON its own writer.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from pyenvspec.facts._load import read_table
from pyenvspec.lowering.ci import github_actions, gitlab_ci, nix_settings
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
        files[".vscode/extensions.json"] = _json(HEADER, {"recommendations": _EXTENSIONS})
    if plan.generate.github_actions:
        files[".github/workflows/pyenvspec.yml"] = github_actions(plan)
    if plan.generate.gitlab_ci:
        files[".gitlab-ci.yml"] = gitlab_ci(plan)
    return files


def _envrc(plan: Plan) -> str:
    loader = read_table("nix-direnv")["nix_direnv"][0]
    # A path may have blanks in it, and .envrc is bash.
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
    # A comma would begin another line of nix.conf; in addresses and keys there is none.
    # By its attribute path, as `nix-env -iA` has it: by a name Nix would look through all of nixpkgs.
    nix = {"packages": "direnv", "useAttributePath": True, "extraNixConfig": ",".join(nix_settings(plan))}
    data: dict[str, object] = {
        "name": plan.name,
        "image": "mcr.microsoft.com/devcontainers/base:ubuntu",
        "features": {"ghcr.io/devcontainers/features/nix:1": nix},
    }
    if plan.shells[0].driver:
        # The machine's GPUs, where it has some.
        data["hostRequirements"] = {"gpu": "optional"}
    # The image has no hook of direnv, and a rebuilt container may keep its home.
    hook = """grep -qs 'direnv hook bash' ~/.bashrc || echo 'eval "$(direnv hook bash)"' >> ~/.bashrc"""
    allow = ["direnv allow"] if plan.generate.direnv else []
    data["postCreateCommand"] = " && ".join([f"({hook})", *allow, "nix develop --command true"])
    data["customizations"] = {"vscode": {"extensions": ["ms-python.python", "mkhl.direnv"]}}
    return _json(HEADER, data)


_EXTENSIONS = ["redhat.vscode-yaml", "ms-python.python", "mkhl.direnv"]


def _vscode(plan: Plan) -> str:
    environment = plan.shells[0].environment
    # direnv has put the environment on PATH already.
    settings: dict[str, object] = {"python.terminal.activateEnvironment": False}
    in_venv = environment.manager in ("poetry", "uv", "pip")
    # What Nix makes has a new path with each change; entering the shell keeps a link to it.
    prefix = environment.venv if in_venv else ".pyenvspec/python"
    settings["python.defaultInterpreterPath"] = f"${{workspaceFolder}}/{prefix}/bin/python"
    # The YAML extension reads the line at the top of env.yaml too; this holds where it was taken out.
    settings["yaml.schemas"] = {"./nix/pyenvspec/vendor/env.schema.json": "env.yaml"}
    return _json(HEADER, settings)

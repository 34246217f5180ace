"""env.yaml written for a project: a `Survey` or the name of a template in, text out.

Each line that is there because of a file says so, so that whoever reads it can judge it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.commands.init.survey import DEFAULT_PYTHON

if TYPE_CHECKING:
    from pyenvspec.commands.init.survey import Survey

SCHEMA_LINE = "# yaml-language-server: $schema=./nix/pyenvspec/vendor/env.schema.json\n"

TEMPLATES = {
    "minimal": """\
# Python with packages from pyproject.toml through uv.
spec: 1
python:
  version: 3.12
  manager: uv
""",
    "cuda": """\
# A GPU project: wheels through uv, the CUDA toolkit for what is compiled here.
spec: 1
python:
  version: 3.12
  manager: uv
cuda: 12.8
native: [ffmpeg, libsndfile]
""",
    "science": """\
# Everything from nixpkgs, downloaded and never built; no lock of Python packages.
spec: 1
python:
  version: 3.12
  manager: nixpkgs
  packages: [numpy, scipy, pandas, matplotlib, scikit-learn, jupyterlab]
""",
    "nix-lock": """\
# Every package of uv.lock a Nix derivation: images and CI get exactly this environment.
spec: 1
python:
  version: 3.12
  manager: uv2nix
""",
}


def format_manifest(survey: Survey, manager: str) -> str:
    """Return env.yaml for what was found."""
    version, why = survey.python or (DEFAULT_PYTHON, "no file says which")
    lines = ["spec: 1"]
    if survey.name:
        lines.append(f"name: {_scalar(survey.name)}")
    lines += ["python:", _with(f"  version: {version}", why), f"  manager: {manager}"]
    if manager == "pip" and survey.requirements not in (None, "requirements.txt"):
        lines.append(f"  requirements: {_scalar(survey.requirements or '')}")
    if survey.cuda:
        lines.append(_with(f"cuda: {survey.cuda[0]}", survey.cuda[1]))
    if survey.native:
        lines.append(f"native: [{', '.join(survey.native)}]")
    return SCHEMA_LINE + "\n".join(lines) + "\n"


def format_template(name: str) -> str:
    """Return env.yaml of a template."""
    return SCHEMA_LINE + TEMPLATES[name]


def _with(line: str, why: str) -> str:
    return f"{line}  # {' '.join(why.split())}"


def _scalar(text: str) -> str:
    """Quote what YAML would read as something else than this text."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9._/-]*", text)
    is_word = text.lower() in ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
    return text if plain and not is_word else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

"""Templates of `init`: an env.yaml alone, or a small project, which `nix flake init -t` gives too.

The projects have the names of those in the article that started pyenvspec; they lie in `examples/`, and in an installed
package beside its modules.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.commands.init.python import DEFAULT_PYTHON
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA_LINE = "# yaml-language-server: $schema=./nix/pyenvspec/vendor/env.schema.json\n"
_PACKAGE = Path(__file__).parents[2]

# In full, comments and all: they are read by people who see env.yaml for the first time.
ALONE = {
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

PROJECTS = {
    "python-poetry": ("3.10", "poetry", ("pyproject.toml",)),
    "python-poetry2nix": ("3.10", "poetry2nix", ("pyproject.toml", "poetry.lock", "src/my_app/__init__.py")),
    "python-cuda": ("3.9", "pip", ("requirements.txt",)),
    "ml-ops": ("3.11", "uv", ("pyproject.toml", "uv.lock", "src/ml_ops/__init__.py", "src/ml_ops/train.py")),
}
"""By name: Python, manager, and the files besides env.yaml."""

TEMPLATES = (*ALONE, *PROJECTS)


@dataclass(frozen=True)
class Template:
    """One template; `folder` is where a project's files lie together."""

    python: str
    manager: str
    manifest: str
    folder: Path | None = None
    names: tuple[str, ...] = ()

    def missing(self, root: Path) -> Iterator[tuple[str, bytes]]:
        """Yield the files that a project lacks: what it has stays its own."""
        for name in self.names:
            if self.folder is not None and not os.path.lexists(root / name):
                yield name, (self.folder / name).read_bytes()


def find_template(name: str) -> Template | None:
    """Return a template, or None where there is none of that name."""
    if name in ALONE:
        manager = "nixpkgs" if name == "science" else "uv2nix" if name == "nix-lock" else "uv"
        return Template(DEFAULT_PYTHON, manager, SCHEMA_LINE + ALONE[name])
    if name not in PROJECTS:
        return None
    python, manager, names = PROJECTS[name]
    # In a wheel they lie beside the modules (pyproject.toml, force-include), in a checkout among the examples.
    packed = _PACKAGE / "_assets" / "templates"
    folder = (packed if packed.is_dir() else _PACKAGE.parent / "examples") / name
    return Template(python, manager, (folder / "env.yaml").read_text(encoding="utf-8"), folder, names)

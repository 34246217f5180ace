"""Locks of real-life dependency sets, made by the real uv and the real poetry against their package index.

In: the name of a set, a Python, a manager. Out: a project folder with lock and env.yaml, or why there is none.
`python tests/e2e/real_locks.py` makes and evaluates all of them and writes the table in docs/locks.md; with the
start of a row (`"| speech | 3.11 | poetry2nix"`) or several, just these rows of it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(Path(__file__).parent)]

from harness import Nix, find_pythons, install_tools  # noqa: E402
from inputs import Inputs, cache_folder, find_inputs  # noqa: E402

from pyenvspec.diagnostics import PyenvspecError, Severity  # noqa: E402
from pyenvspec.driver import Compiled, compile_project  # noqa: E402
from pyenvspec.project.locks.locked_project import read_locked_project  # noqa: E402
from pyenvspec.writing.write import apply, plan_writes  # noqa: E402

SETS = {
    "numpy, pandas": ["numpy", "pandas", "matplotlib"],
    "scikit-learn, h5py": ["scikit-learn", "scipy", "h5py", "tables"],
    "torch": ["torch", "torchvision", "torchaudio"],
    "tensorflow": ["tensorflow"],
    "jax": ["jax", "flax"],
    "onnxruntime-gpu": ["onnxruntime-gpu"],
    "opencv": ["opencv-python", "pillow"],
    "librosa": ["librosa", "soundfile", "numba"],
    "transformers": ["transformers[torch]", "sentencepiece", "accelerate"],
    "spacy": ["spacy"],
    "pyqt": ["pyqt5", "pyqt6"],
    "pyside": ["pyside6"],
    "speech": ["pyworld", "nnmnkwii", "mecab-python3", "openai-whisper"],
    "jupyter, streamlit": ["jupyterlab", "ipywidgets", "streamlit"],
    "xformers, bitsandbytes": ["bitsandbytes", "xformers"],
    "fastapi, sqlalchemy": ["fastapi[standard]", "sqlalchemy", "psycopg2-binary"],
}
# pyworld 0.3.6 is wheels for Windows and nothing else: poetry locks it all the same, uv takes the version before.
FOR_POETRY = {"speech": ["pyworld!=0.3.6", *SETS["speech"][1:]]}
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
OUTPUTS = ("packages.x86_64-linux.python-env", "devShells.x86_64-linux.default")
_CLEAN = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")


@dataclass(frozen=True)
class Case:
    """One project: a set on a Python for a manager."""

    name: str
    python: str
    manager: str

    @property
    def folder(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", f"{self.name}-{self.python}-{self.manager}")


class CannotLockError(Exception):
    """The tool, the interpreter or the package index is missing; says which."""


def make_project(case: Case, folder: Path) -> Path:
    """Write pyproject.toml and env.yaml and let the tool of the manager make the lock."""
    folder.mkdir(parents=True, exist_ok=True)
    major, minor = case.python.split(".")
    wanted = f">={case.python},<{major}.{int(minor) + 1}"
    chosen = FOR_POETRY if case.manager == "poetry2nix" else {}
    listed = json.dumps(chosen.get(case.name, SETS[case.name]))
    text = f'[project]\nname = "demo"\nversion = "0.1.0"\nrequires-python = "{wanted}"\ndependencies = {listed}\n'
    (folder / "pyproject.toml").write_text(text)
    (folder / "env.yaml").write_text(f"python: {{version: {case.python}, manager: {case.manager}}}\n")
    interpreter = find_pythons().get(case.python)
    if interpreter is None:
        raise CannotLockError(f"needs Python {case.python}")
    _run(["uv", "lock", "--no-python-downloads", "--python", interpreter["executable"]], folder)
    if case.manager == "poetry2nix":
        index = re.search(r'registry = "([^"]+)"', (folder / "uv.lock").read_text())
        (folder / "uv.lock").unlink()
        _lock_with_poetry(folder, text, index[1] if index else None, Path(interpreter["executable"]).parent)
    return folder


def _lock_with_poetry(folder: Path, text: str, index: str | None, python: Path) -> None:
    """Lock with the default index; where poetry cannot read that one, with the plain list that uv used."""
    more = "\n[tool.poetry]\npackage-mode = false\n"
    source = f'\n[[tool.poetry.source]]\nname = "index"\nurl = "{index}/"\npriority = "primary"\n'
    (folder / "pyproject.toml").write_text(text + more)
    try:
        _run(["poetry", "lock", "--no-interaction"], folder, python)
    except CannotLockError:
        if index is None:
            raise
        (folder / "pyproject.toml").write_text(text + more + source)
        _run(["poetry", "lock", "--no-interaction"], folder, python)


def _run(command: list[str], folder: Path, *first: Path) -> None:
    path = os.pathsep.join([str(install_tools()), *map(str, first), os.environ["PATH"]])
    if not shutil.which(command[0], path=path):
        raise CannotLockError(f"needs {command[0]}")
    environment = {name: value for name, value in os.environ.items() if name not in _CLEAN}
    environment |= {"PATH": path, "POETRY_VIRTUALENVS_PATH": str(folder.parent / "virtualenvs")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotLockError(f"{shutil.which(command[0], path=path)}: {(done.stderr or done.stdout)[-400:]}")


def evaluate(nix: Nix, inputs: Inputs, folder: Path) -> str | None:
    """Evaluate environment and shell, pure and without import from derivation; return what failed."""
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    overrides = inputs.overrides(nix.input_names(folder))
    fixed = [
        "--no-write-lock-file",
        "--accept-flake-config",
        "--option",
        "allow-import-from-derivation",
        "false",
    ]
    for output in OUTPUTS:
        asked = ["eval", "--raw", f".#{output}.drvPath", *fixed, *overrides]
        result = nix.run(*asked, cwd=folder)
        if result.code or not result.stdout.endswith(".drv"):
            return f"{output}: {result.stderr}"
    return None


def compile_case(folder: Path) -> Compiled:
    """Compile and write; raises PyenvspecError."""
    compiled = compile_project(folder)
    apply(plan_writes(folder, compiled.files))
    return compiled


def describe(case: Case, nix: Nix, inputs: Inputs, folder: Path) -> str:
    """Return the row of one case for the table."""
    try:
        make_project(case, folder)
    except CannotLockError as error:
        reason = " ".join(str(error).split())[-90:].replace("|", "/")
        return f"{head_of(case)} | | no lock: {reason} |"
    lock = read_locked_project(folder, case.manager, ".").lock
    assert lock is not None
    named = [package.split("[")[0] for package in SETS[case.name]]
    versions = ", ".join(f"{name} {found[0].version}" for name in named if (found := lock.find(name)))
    head = f"{head_of(case)} {versions} ({len(lock.packages)} packages)"
    try:
        plan = compile_case(folder).plan
    except PyenvspecError as error:
        (first, *_) = [one for one in error.diagnostics if one.severity is Severity.ERROR]
        return f"{head} | | refused: {first.message} |"
    fixes = sorted(
        {d.key.removeprefix("overrides.") for d in plan.decisions if d.key.startswith("overrides.")}
    )
    failed = evaluate(nix, inputs, folder)
    reasons = re.findall(r"error: (.*)", failed or "") or ["something else"]
    said = "evaluates" if failed is None else f"fails: {reasons[-1][:100].replace('|', '/')}"
    return f"{head} | {', '.join(fixes)} | {said}, {' '.join(plan.systems)} |"


def cases() -> list[Case]:
    """Return every set on every Python with uv2nix, and on the two that poetry2nix knows best with it."""
    uv = [Case(name, python, "uv2nix") for name in SETS for python in PYTHONS]
    return uv + [Case(name, python, "poetry2nix") for name in SETS for python in ("3.11", "3.12")]


def head_of(case: Case) -> str:
    """Return how the row of a case starts."""
    return f"| {case.name} | {case.python} | {case.manager} |"


def main(wanted: list[str]) -> int:
    """Write the table, or those of its rows that start as wanted."""
    nix = shutil.which("nix") or str(cache_folder() / "nix" / "bin" / "nix")
    inputs = find_inputs(Path(nix))
    if not inputs:
        print(f"needs flake inputs in {inputs.folder}", file=sys.stderr)  # noqa: T201
        return 1
    page = ROOT / "docs" / "locks.md"
    before, _, table = page.read_text().partition("<!-- table -->")
    asked = [c for c in cases() if not wanted or head_of(c).startswith(tuple(wanted))]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with ThreadPoolExecutor(4) as several:
            made = several.map(
                lambda c: describe(c, Nix(Path(nix), folder), inputs, folder / c.folder), asked
            )
            new = dict(zip(map(head_of, asked), made, strict=True))
    old = {head_of(c): row for c in cases() for row in table.splitlines() if row.startswith(head_of(c))}
    rows = [row for c in cases() if (row := (old | new).get(head_of(c)))]
    head = [
        "| set | Python | manager | locked | known fixes | result on x86_64-linux, systems served |",
        "|---" * 6 + "|",
    ]
    page.write_text(before + "<!-- table -->\n\n" + "\n".join([*head, *rows]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

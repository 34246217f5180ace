"""Small projects with locks of both kinds, and what the real Nix says of the packages built from them.

The locks are written here, of packages that exist nowhere: evaluating fetches nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import Nix

from pyenvspec.driver import compile_project
from pyenvspec.writing.write import apply, plan_writes

if TYPE_CHECKING:
    from inputs import Inputs

HOST = "https://files.example"
LINUX = "manylinux_2_17_x86_64.manylinux2014_x86_64"


@dataclass(frozen=True)
class Package:
    """A package of a lock. `files` are `any` (a wheel for all), `linux` (one with libraries) and `sdist`."""

    name: str
    needs: tuple[str, ...] = ()
    files: tuple[str, ...] = ("linux", "sdist")
    version: str = "1.2.3"

    def file_names(self) -> list[str]:
        stem = f"{self.name.replace('-', '_')}-{self.version}"
        kinds = {
            "any": f"{stem}-py3-none-any.whl",
            "linux": f"{stem}-cp312-cp312-{LINUX}.whl",
            "sdist": f"{stem}.tar.gz",
        }
        return [kinds[kind] for kind in self.files]


def _hash(name: str) -> str:
    return f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


def format_uv_lock(direct: list[str], packages: list[Package]) -> str:
    text = 'version = 1\nrevision = 2\nrequires-python = "==3.12.*"\n'
    for package in packages:
        text += f'\n[[package]]\nname = "{package.name}"\nversion = "{package.version}"\n'
        text += f'source = {{ registry = "{HOST}/simple" }}\n'
        text += _list("dependencies", [f'{{ name = "{name}" }}' for name in package.needs])
        entries = {
            name: f'{{ url = "{HOST}/{name}", hash = "{_hash(name)}" }}' for name in package.file_names()
        }
        text += "".join(f"sdist = {entry}\n" for name, entry in entries.items() if name.endswith(".gz"))
        text += _list("wheels", [entry for name, entry in entries.items() if name.endswith(".whl")])
    text += '\n[[package]]\nname = "lab"\nversion = "0.1.0"\nsource = { virtual = "." }\n'
    return text + _list("dependencies", [f'{{ name = "{name}" }}' for name in direct])


def _list(key: str, items: list[str]) -> str:
    return f"{key} = [\n" + "".join(f"    {item},\n" for item in items) + "]\n" if items else ""


def format_poetry_lock(packages: list[Package], *, names_its_index: bool = False) -> str:
    text = "" if packages else "package = []\n\n"
    for package in packages:
        text += f'[[package]]\nname = "{package.name}"\nversion = "{package.version}"\ndescription = ""\n'
        text += 'optional = false\npython-versions = ">=3.8"\n'
        text += _list("files", [f'{{file = "{n}", hash = "{_hash(n)}"}}' for n in package.file_names()])
        if package.needs:
            text += "\n[package.dependencies]\n" + "".join(f'{name} = "*"\n' for name in package.needs)
        if names_its_index:
            text += f'\n[package.source]\ntype = "legacy"\nurl = "{HOST}/simple"\nreference = "index"\n'
        text += "\n"
    return text + '[metadata]\nlock-version = "2.1"\npython-versions = "==3.12.*"\n'


def make_lab(folder: Path, env: str, direct: list[str], packages: list[Package]) -> Path:
    """A compiled project, with a lock of either kind."""
    requirements = json.dumps(direct)
    project = '[project]\nname = "lab"\nversion = "0.1.0"\nrequires-python = "==3.12.*"\n'
    project += f"dependencies = {requirements}\n"
    locks = {"uv.lock": format_uv_lock(direct, packages), "poetry.lock": format_poetry_lock(packages)}
    return lay_lab(folder, {"env.yaml": env, "pyproject.toml": project, **locks})


def lay_lab(folder: Path, files: dict[str, str]) -> Path:
    """A compiled project of these files, and some of its own."""
    own = {"src/of_the_project.py": "MARK = 'of the project'\n", "fix.patch": "a patch\n"}
    for name, text in (own | files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    apply(plan_writes(folder, compile_project(folder).files))
    return folder


@dataclass(frozen=True)
class Lab:
    """Evaluates a project with local inputs, pure and without import from derivation."""

    nix: Nix
    inputs: Inputs
    folder: Path

    def run(self, *arguments: str) -> str:
        overrides = self.inputs.overrides(self.nix.input_names(self.folder))
        answer = self.nix.run(*arguments, "--accept-flake-config", *overrides, cwd=self.folder)
        return answer.check().stdout

    def evaluate(self, attribute: str, function: str = "x: x") -> Any:
        return json.loads(
            self.run("eval", "--json", "--no-write-lock-file", f".#{attribute}", "--apply", function)
        )

    def derivation(self, attribute: str) -> str:
        return str(self.evaluate(attribute, "x: x.drvPath"))

    def requisites(self, derivation: str) -> list[Path]:
        store = Nix(self.nix.program.with_name("nix-store"), self.nix.home)
        listed = store.run("--query", "--requisites", derivation, cwd=self.folder).check().stdout
        return [Path(line) for line in listed.splitlines()]

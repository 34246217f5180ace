"""The text that you put in comes out: env.yaml as a YAML library writes it, compiled, read by the real Nix."""

from __future__ import annotations

import json
import random
import re
import shlex
import string
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import compile_project
from pyenvspec.spec.values import IMAGE_NAME
from pyenvspec.writing.write import apply, plan_writes

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Shells

pytestmark = pytest.mark.nix

PIECES = [
    *"$'{}\"\\@#/*%&!|>?`,:;<=~^()[]a0 -_.\t\n",
    *(
        "${",
        "$${",
        "\\${",
        "''",
        "'''",
        "''${",
        "''\\",
        "''$",
        "${x}",
        "${pkgs.hello}",
        "*/",
        "/*",
        "..",
        "//",
    ),
    *("  ", " \n", "\n  ", "\n\n", "\\n", "\\", "word", "let", "or", "- ", "# ", ": ", "\t\t"),
    *("é", "日本", "😀", "\u200d", "\u00a0", "e\u0301", "\u202e", "\U0010ffff"),
]
# These reach a value by an escape only: editors do not show them.
ESCAPED = ["\u2028", "\u2029", "\ufeff"]
WHOLE = [
    *(
        "",
        " ",
        "\n",
        "\n\n",
        "null",
        "~",
        "true",
        "no",
        "on",
        "1",
        "1.10",
        "0x10",
        "1.5e+3",
        ".5",
        "<<",
        "=",
        "-",
    ),
    *("---", "...", "--- a", "- a", "-a", "# a", "a #b", "a: b", "? a", "%a", "@a", "`a", "!a", "&a", "*a"),
    *("|", ">", "|-\n a", "a\n", "a\n\n", " a", "a ", "\ta", "a\t", "a \n b", "'a'", '"a"', "[a]", "{a: b}"),
    *(
        "''a''",
        "$",
        "$$",
        "${",
        "$${",
        "$$${",
        "''${a}",
        "a${",
        "a$",
        "a'",
        "a\\",
        "\\",
        "2024-01-01",
        "12:30",
    ),
]
STYLES: dict[str, dict[str, Any]] = {
    "plain": {},
    "folded": {"width": 20},
    "single": {"style": "'"},
    "double": {"style": '"', "allow_unicode": False},
    "literal": {"style": "|"},
    "flow": {"default_flow_style": True},
}
EVALUATE = """
let
  module = import ./nix/pyenvspec/default.nix { inputs = { }; };
  flake = import ./flake.nix;
  inherit (module.perSystem { pkgs.hello = "<hello>"; system = "<system>"; inputs' = { }; }) pyenvspec;
  inherit ({ containers = null; } // pyenvspec) containers shells;
  paths = map toString;
in
{
  inherit (flake) description;
  inherit (shells.default) venv;
  inherit ({ env = { }; scripts = { }; processes = { }; services = { }; } // shells.default)
    env scripts processes services;
  caches = flake.nixConfig.extra-substituters;
  keys = flake.nixConfig.extra-trusted-public-keys;
  inputs = builtins.mapAttrs (_: input: input.url) flake.inputs;
  on_enter = builtins.mapAttrs (_: shell: shell.onEnter or null) shells;
  container = if containers == null then null else containers.c // { copy = paths (containers.c.copy or [ ]); };
  modules = paths module.imports;
}
"""


def make_texts(count: int, seed: int, pieces: list[str] = PIECES) -> list[str]:
    """`count` different texts; the same ones for the same seed, the short and the odd first."""
    chance = random.Random(seed)
    texts = dict.fromkeys([*WHOLE, *pieces])
    while len(texts) < count:
        texts["".join(chance.choices(pieces, k=chance.randint(2, 12)))] = None
    return list(texts)


def make_names(count: int, first: str, rest: str, seed: int = 0) -> list[str]:
    chance = random.Random(seed)
    names = dict.fromkeys(["if", "or", "let", "null", "true", "a"])
    while len(names) < count:
        names[chance.choice(first) + "".join(chance.choices(rest, k=chance.randint(0, 6)))] = None
    return list(names)


def numbered(prefix: str, texts: list[str]) -> dict[str, str]:
    return {f"{prefix}{number}": text for number, text in enumerate(texts)}


def escape(text: str) -> str:
    """As `env` needs it, where `${` begins the name of a package."""
    return text.replace("${", "$${")


def dump(document: dict[str, Any], style: str | None = None, **options: Any) -> str:
    """What a YAML library writes, with all texts in one style where it can have that style."""

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    Dumper.add_representer(str, lambda d, text: d.represent_scalar("tag:yaml.org,2002:str", text, style))
    settings: dict[str, Any] = {"allow_unicode": True, "width": 10_000} | options
    written: str = yaml.dump(document, Dumper=Dumper, **settings)
    return written


def lay(root: Path, document: dict[str, Any], **style: Any) -> Path:
    """Write and compile a project."""
    root.mkdir(exist_ok=True)
    (root / "env.yaml").write_text(dump(document, **style), encoding="utf-8", newline="")
    apply(plan_writes(root, compile_project(root).files))
    return root


def evaluate(nix_bin: Path, folder: Path, expression: str) -> Any:
    (folder / "test.nix").write_text(expression)
    program = str(nix_bin / "nix-instantiate")
    command = [program, "--store", "dummy://", "--eval", "--strict", "--json", "test.nix"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("style", STYLES)
def test_every_text_comes_out_as_it_went_in(nix_bin: Path, tmp_path: Path, style: str) -> None:
    seed, pieces = len(style), PIECES + ESCAPED * (style == "double")
    texts = make_texts(1200, seed, pieces)
    if style in ("plain", "folded"):
        # Without quotes a no-break space where a value begins is told as a slip of the keyboard.
        texts = [text for text in texts if "\xa0" not in text]
    few = texts[:40] + texts[-20:]
    # Scripts hand on their arguments where they say so; otherwise something is added to them.
    scripts = [f'printf %s {shlex.quote(text)} "$@"' for text in texts]
    settings = numbered("t", texts) | {text: str(i) for i, text in enumerate(texts)}
    document = {
        "description": texts[-1],
        "python": {"version": "3.12", "manager": "pip"},
        "env": numbered("E", [escape(text) for text in texts]) | {"PACKAGE": "a${pkgs.hello}b$${c}"},
        "scripts": numbered("s", [escape(code) for code in scripts]),
        "processes": numbered("p", [escape(text) for text in texts]),
        "services": {"postgres": {"settings": settings}},
        "on_enter": escape(texts[-2]),
        "containers": {"c": {"command": texts}},
        "caches": ["nix-community"],
        "variants": {name: {"on_enter": escape(text)} for name, text in numbered("v", few).items()},
    }
    got = evaluate(nix_bin, lay(tmp_path / "p", document, **STYLES[style]), EVALUATE)
    assert got["description"] == texts[-1]
    assert got["env"] == numbered("E", texts) | {"PACKAGE": "a<hello>b${c}"}
    assert got["scripts"] == numbered("s", scripts)
    assert {name: given["run"] for name, given in got["processes"].items()} == numbered("p", texts)
    assert got["services"]["postgres"] == document["services"]["postgres"]  # type: ignore[index]
    assert got["on_enter"] == {"default": texts[-2]} | numbered("v", few)
    assert got["container"]["command"] == texts


def test_every_description_comes_out(nix_bin: Path, tmp_path: Path) -> None:
    texts = make_texts(300, seed=1)
    for number, text in enumerate(texts):
        (tmp_path / "env.yaml").write_text(dump({"description": text, "python": "3.12"}))
        (tmp_path / f"{number}.nix").write_bytes(compile_project(tmp_path).files["flake.nix"])
    count = f"builtins.genList (i: (import (./. + ''/${{toString i}}.nix'')).description) {len(texts)}"
    assert evaluate(nix_bin, tmp_path, count) == texts


def test_every_name_comes_out(nix_bin: Path, tmp_path: Path) -> None:
    letters, digits = string.ascii_letters, string.digits
    plain = make_names(300, letters + digits + "_", letters + digits + "._-")
    shells = make_names(100, letters + "_", letters + digits + "_-")
    variables = [f"X{name}" for name in make_names(300, letters + "_", letters + digits + "_")]
    groups = [f"{name}z" for name in make_names(300, letters + digits, letters + digits + "._-")]
    urls = ["https://x" + "".join(text.split()) for text in make_texts(300, seed=2)]
    labels = [name for name in plain if name[0] in letters + digits and name[-1] in letters + digits]
    image = next(name.lower() for name in labels if re.search(IMAGE_NAME, name.lower()))
    document = {
        "python": {"version": "3.12", "manager": "uv", "groups": groups, "extras": groups},
        "env": dict.fromkeys(variables, ""),
        "scripts": dict.fromkeys(plain, ""),
        "processes": dict.fromkeys(plain, ""),
        "on_enter": "",
        "containers": {"c": {"image": image, "tag": plain[-2], "labels": dict.fromkeys(labels, urls[-1])}},
        "caches": [{"url": url, "key": f"k{i}:AA+/="} for i, url in enumerate(urls)],
        "inputs": {
            name: {"github": f"o-{i}/{group}", "ref": f"{labels[i]}/{labels[-i - 1]}"}
            for i, (name, group) in enumerate(zip(shells, groups, strict=False))
        },
        "variants": {name: {} for name in shells},
    }
    got = evaluate(nix_bin, lay(tmp_path / "p", document), EVALUATE)
    assert got["venv"]["groups"] == groups
    assert got["venv"]["extras"] == groups
    assert set(got["env"]) == set(variables)
    assert set(got["scripts"]) == set(got["processes"]) == set(plain)
    assert set(got["on_enter"]) == {"default", *shells}
    assert got["container"] == document["containers"]["c"] | {"command": ["bash"], "copy": []}  # type: ignore[index]
    assert got["caches"][-len(urls) :] == urls
    assert got["keys"][-len(urls) :] == [f"k{i}:AA+/=" for i in range(len(urls))]
    for name, given in document["inputs"].items():  # type: ignore[attr-defined]
        assert got["inputs"][name] == f"github:{given['github']}/{given['ref']}"


def test_every_path_comes_out(nix_bin: Path, tmp_path: Path) -> None:
    root = tmp_path / "p"
    (root / "files").mkdir(parents=True)
    texts = [t for t in make_texts(600, seed=3) if "/" not in t and t not in ("", ".", "..")]
    names = [f"./files/{text}" for text in texts if len(text.encode()) < 200]
    for name in names:
        (root / name).touch()
    document = {
        "python": {"version": "3.12", "manager": "pip", "requirements": names[-1]},
        "containers": {"c": {"copy": names}},
        "caches": ["nix-community"],
        "modules": names,
    }
    got = evaluate(nix_bin, lay(root, document), EVALUATE)
    assert got["venv"]["requirements"] == names[-1].removeprefix("./")
    assert got["modules"][-len(names) :] == [str(root / name) for name in names]
    assert got["container"]["copy"] == [str(root / name) for name in names]


def test_lines_may_end_as_on_windows(nix_bin: Path, tmp_path: Path) -> None:
    text = (
        'python: 3.12\nscripts:\n  s: |\n    a\n      b\n  t: "a\n    b"\n'
        "caches: [nix-community]\non_enter: >-\n  c\n  d\n"
    )
    (tmp_path / "env.yaml").write_bytes(text.replace("\n", "\r\n").encode())
    apply(plan_writes(tmp_path, compile_project(tmp_path).files))
    got = evaluate(nix_bin, tmp_path, EVALUATE)
    assert got["scripts"]["s"].endswith("\na\n  b\n")
    assert got["scripts"]["t"] == 'a b "$@"'
    assert got["on_enter"] == {"default": "c d"}


@pytest.mark.parametrize("character", ["\0", "\r", "\x1b", "\x7f", "\x85"])
@pytest.mark.parametrize("key", ["description", "on_enter", "env", "scripts"])
def test_a_control_character_is_refused(tmp_path: Path, key: str, character: str) -> None:
    text = f"a{character}b"
    value = {"X": text} if key in ("env", "scripts") else text
    (tmp_path / "env.yaml").write_text(yaml.safe_dump({"python": "3.12", key: value}))
    with pytest.raises(PyenvspecError) as refused:
        compile_project(tmp_path)
    assert [found.code for found in refused.value.diagnostics] == ["control-character"]


@pytest.mark.inputs
@pytest.mark.slow
def test_texts_arrive_in_a_real_shell(shells: Shells, tmp_path: Path) -> None:
    texts = make_texts(160, seed=4)
    exports = "\n".join(f"export R{i}={shlex.quote(text)}" for i, text in enumerate(texts))
    document = {
        "python": {"version": f"3.{_minor(shells)}", "manager": "pip"},
        "env": numbered("E", [escape(text) for text in texts]),
        "scripts": {f"s{i}": escape(f"printf %s {shlex.quote(text)}") for i, text in enumerate(texts)},
        "on_enter": escape(exports),
    }
    project = lay(tmp_path / "a project", document)
    answer = shells.develop(project, "python", "-c", _TELL.format(count=len(texts))).check()
    got = json.loads(answer.stdout.splitlines()[-1])
    assert got == {"env": texts, "on_enter": texts, "scripts": texts}


def _minor(shells: Shells) -> str:
    host = json.loads((shells.hostpkgs / "host.json").read_text())
    return str(host["defaultPython"]).removeprefix("3.")


_TELL = """
import json, os, subprocess
def run(name): return subprocess.run([name], capture_output=True, check=True).stdout.decode()
print(json.dumps({{
    "env": [os.environ[f"E{{i}}"] for i in range({count})],
    "on_enter": [os.environ[f"R{{i}}"] for i in range({count})],
    "scripts": [run(f"s{{i}}") for i in range({count})],
}}))
"""

"""Editors help with env.yaml: the real yaml-language-server completes, explains and checks it by our schema."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from documents import RIGHT, mutants, write
from inputs import cache_folder
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from yaml_language_server import LanguageServer, install

from pyenvspec.facts.nixpkgs import cuda_versions, python_minors
from pyenvspec.spec.model import MANAGERS, Nixpkgs, Spec
from pyenvspec.spec.packages import Cuda, Python
from pyenvspec.spec.schema import build_schema, format_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SCHEMA = "nix/pyenvspec/vendor/env.schema.json"
MODELINE = f"# yaml-language-server: $schema=./{SCHEMA}\n"
CURSOR = "█"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as compile leaves it."""
    folder = tmp_path_factory.mktemp("a project")
    (folder / SCHEMA).parent.mkdir(parents=True)
    (folder / SCHEMA).write_text(format_schema(), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def server(project: Path) -> Iterator[LanguageServer]:
    program = install(cache_folder())
    if isinstance(program, str):
        pytest.skip(program)
    running = LanguageServer(program, project)
    yield running
    running.stop()


def _at_cursor(text: str) -> tuple[str, tuple[int, int]]:
    """The file without the cursor, and where that was."""
    before, _, after = (MODELINE + text).partition(CURSOR)
    return before + after, (before.count("\n"), len(before.rpartition("\n")[2]))


def _complete(server: LanguageServer, project: Path, text: str) -> dict[str, dict[str, object]]:
    whole, position = _at_cursor(text)
    path = project / f"{abs(hash(text))}.yaml"
    server.check(path, whole)
    return server.complete(path, position)


NATIVE = {"ffmpeg", "libsndfile", "mecab", "openssl", "zlib", "opencv4", "libGL", "xorg.libX11"}


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("█", {"python", "cuda", "native", "variants", "on_enter"}),
        ("python:\n  █", {"version", "manager", "groups", "install"}),
        ("python:\n  version: 3.10\n  manager: █", set(MANAGERS)),
        ("python: 3.10\ncuda:\n  █", {"version", "cudnn", "packages", "capabilities"}),
        ("python: 3.10\nnative: [█]", NATIVE),
        ("python: 3.10\nnative:\n  - ff█", NATIVE),
        ("python: 3.10\nsystems:\n  - █", {"x86_64-linux", "aarch64-darwin"}),
        ("python: 3.10\nshell: █", {"devenv", "native"}),
        ("python: 3.10\nservices:\n  █", {"postgres", "redis"}),
        ("python: 3.10\ncaches:\n  - █", {"nix-community", "url"}),
        ("python: 3.10\nnixpkgs:\n  release: █", {"auto", "nixos-25.05", "nixos-unstable"}),
        ("python: 3.10\noverrides:\n  torch:\n    █", {"remove", "libraries", "build_tools"}),
        ("python: 3.10\nvariants:\n  cpu:\n    █", {"cuda", "native", "env"}),
        ("python: 3.10\nvariants:\n  cpu:\n    python:\n      manager: █", set(MANAGERS)),
        ("python: 3.10\nvariants:\n  cpu:\n    native:\n      - █", NATIVE),
    ],
)
def test_keys_and_values_are_offered(
    server: LanguageServer, project: Path, text: str, offered: set[str]
) -> None:
    assert offered <= set(_complete(server, project, text))


def test_what_a_variant_may_not_change_is_not_offered(server: LanguageServer, project: Path) -> None:
    offered = _complete(server, project, "python: 3.10\nvariants:\n  cpu:\n    █")
    assert not {"name", "containers", "nixpkgs", "variants"} & set(offered)


def test_every_key_that_is_offered_says_what_it_does(server: LanguageServer, project: Path) -> None:
    offered = _complete(server, project, "█")
    for key, field in Spec.model_fields.items():
        told = offered[key]["documentation"]
        text = told["value"] if isinstance(told, dict) else told
        assert str(field.description)[:20] in str(text), key


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pyt█hon: 3.10", "where its packages come from"),
        ("python: {ver█sion: 3.10}", "a minor (3.10) or an exact one"),
        ("python: 3.10\ncu█da: 11.8", "The CUDA version"),
        ("python: 3.10\ncuda: {version: 11.8, cud█nn: 8.9}", "auto takes the one that nixpkgs has"),
        ("python: 3.10\nna█tive: [ffmpeg]", "their libraries visible to this Python only"),
        ("python: 3.10\nvariants: {cpu: {pyt█hon: 3.11}}", "where its packages come from"),
        ("python: 3.10\nvariants: {cpu: {python: {ver█sion: 3.11}}}", "a minor (3.10) or an exact one"),
    ],
)
def test_pointing_at_a_key_tells_what_it_does(
    server: LanguageServer, project: Path, text: str, told: str
) -> None:
    whole, position = _at_cursor(text)
    path = project / f"hover-{abs(hash(text))}.yaml"
    server.check(path, whole)
    shown = server.hover(path, position)
    assert told in re.sub(r"\\(.)", r"\1", shown)
    assert len(shown) < 600


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("python: 3.10\ncudn: 11.8", "Property cudn is not allowed."),
        ("python: {version: 3.10, managr: uv}", "Property managr is not allowed."),
        ("python: 3.10\nvariants: {cpu: {nativ: [a]}}", "Property nativ is not allowed."),
        ("python: 3.10\nvariants: {cpu: {nixpkgs: nixos-25.05}}", "Property nixpkgs is not allowed."),
        ("cuda: 11.8", 'Missing property "python".'),
        ("python: 3.10\nshell: devenw", 'Value is not accepted. Valid values: "devenv", "native".'),
        ("python: 3.10\ncaches: [{key: 'a:AA'}]", 'Missing property "url".'),
        (
            "python: 3.10\ncuda: [11.8]",
            "Expected a value like 11.8, or a mapping with version, cudnn, packages, capabilities.",
        ),
        ("python: 3.10\ncuda: {version: 11.8, cudn: 8}", "Property cudn is not allowed."),
        ("python: 3.10\ncuda: {cudnn: 8}", 'Missing property "version".'),
        ("python: ten", "Expected a version: digits and dots, like 3.10 or 11.8."),
        (
            "python: 3.10\nvariants: {cpu: {cuda: eleven}}",
            "Expected a version: digits and dots, like 3.10 or 11.8.",
        ),
        (
            "python: {version: 3.10, manager: conda}",
            "Expected one of poetry, uv, pip, poetry2nix, uv2nix, nixpkgs.",
        ),
        ("python: 3.10\nnative: [a b]", "Expected a nixpkgs attribute, like ffmpeg or xorg.libX11."),
        (
            "python: 3.10\nnixpkgs: 24.11",
            "Expected a value like nixos-24.11, or a mapping with release, unfree, insecure, overlays.",
        ),
        ("python: 3.10\nnative: [ffmpeg, []]", 'Incorrect type. Expected "string".'),
    ],
)
def test_a_mistake_is_told_in_one_short_line(
    server: LanguageServer, project: Path, text: str, message: str
) -> None:
    assert server.check(project / f"wrong-{abs(hash(text))}.yaml", MODELINE + text) == [message]


@pytest.mark.parametrize(
    ("text", "values", "told"),
    [
        ("python: █", python_minors(), "nixos-22.05 to"),
        ("python:\n  version: █", python_minors(), "nixos-22.05 to"),
        ("python: 3.10\ncuda: █", (*cuda_versions(), "null"), "driver 450.80.02 or newer"),
        ("python: 3.10\ncuda:\n  version: █", cuda_versions(), "driver 450.80.02 or newer"),
        (
            "python: 3.10\nvariants:\n  gpu:\n    cuda: █",
            (*cuda_versions(), "null"),
            "driver 450.80.02 or newer",
        ),
    ],
)
def test_all_versions_are_offered_with_what_they_mean(
    server: LanguageServer, project: Path, text: str, values: tuple[str, ...], told: str
) -> None:
    offered = _complete(server, project, text)
    assert set(offered) == set(values)
    assert told in str([item.get("documentation") for item in offered.values()])


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("python: 3.10\ncuda:\n  █", Cuda.model_fields),
        ("python:\n  █", Python.model_fields),
        ("python: 3.10\nnixpkgs:\n  █", Nixpkgs.model_fields),
    ],
)
def test_nothing_else_than_keys_is_offered_as_a_key(
    server: LanguageServer, project: Path, text: str, keys: dict[str, object]
) -> None:
    assert set(_complete(server, project, text)) == set(keys)


def test_packages_are_offered_with_what_they_are(server: LanguageServer, project: Path) -> None:
    offered = _complete(server, project, "python: 3.10\nnative:\n  - █")
    assert "record, convert and stream" in str(offered["ffmpeg"]["documentation"])


def test_a_name_with_a_newline_in_it_is_told(server: LanguageServer, project: Path) -> None:
    (message,) = server.check(project / "newline.yaml", MODELINE + 'python: 3.10\nnative: ["a\\n"]')
    assert message == "Expected a nixpkgs attribute, like ffmpeg or xorg.libX11."


def test_every_example_and_golden_case_is_accepted(server: LanguageServer, project: Path) -> None:
    files = [*ROOT.glob("examples/*/env.yaml"), *ROOT.glob("tests/golden/ok/*/env.yaml")]
    shown = {path: project / f"{path.parent.name}.yaml" for path in files}
    for path, other in shown.items():
        text = path.read_text()
        server.open(other, text if text.startswith(MODELINE) else MODELINE + text)
    complaints = {path.parent.name: server.diagnostics(other) for path, other in shown.items()}
    assert {name: found for name, found in complaints.items() if found} == {}
    assert len(complaints) > 10


def test_the_server_says_yes_and_no_as_jsonschema_does(server: LanguageServer, project: Path) -> None:
    """So what tests/test_schema_agrees.py finds is true of editors as well."""
    validator = Draft202012Validator(build_schema())
    reader = YAML(typ="safe", pure=True)
    texts = [write(tree) + "\n" for tree in [*RIGHT.values(), *mutants(250, seed=17)]]
    for number, text in enumerate(texts):
        server.open(project / f"mutant-{number}.yaml", MODELINE + text)
    for number, text in enumerate(texts):
        accepted = server.diagnostics(project / f"mutant-{number}.yaml") == []
        assert accepted == validator.is_valid(reader.load(text)), text

"""`explain`: the lines of a key, what they became and why; whole texts for one small project."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pyenvspec.cli import run
from pyenvspec.driver import compile_project
from pyenvspec.nixexpr import Apply, AttrSet, BinOp, File, Lambda, Let, Str, Var, bind
from pyenvspec.nixexpr.compare import find_bindings, find_changes, render_binding
from pyenvspec.reading.source import read_text
from pyenvspec.spec.keys import KeyNameError, find_key

if TYPE_CHECKING:
    from pathlib import Path

ENV = """\
name: lab
systems: [x86_64-linux]
python:
  version: 3.11   # the cluster's
  manager: pip
native:
  - ffmpeg

  # a comment of the user
env: {SEED: 42}
on_enter: |
  echo one
  echo two

shell: native
variants:
  gpu: {cuda: 12.4}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "env.yaml").write_text(ENV)
    (tmp_path / "requirements.txt").write_text("")
    return tmp_path


def explain(root: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(["explain", "-C", str(root), *words]) == 0
    streams = capsys.readouterr()
    assert streams.err == ""
    return streams.out


def test_a_list_with_its_lines_and_its_nix(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(project, capsys, "native") == (
        "native: nixpkgs packages: their programs on PATH, their libraries visible to this Python only.\n"
        "\n"
        "env.yaml:\n"
        "    6 | native:\n"
        "    7 |   - ffmpeg\n"
        "\n"
        "nix/pyenvspec/default.nix, in perSystem.base:\n"
        "  # native\n"
        "  native = [ pkgs.ffmpeg ];\n"
    )


def test_a_single_package_of_a_list(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = explain(project, capsys, "native.ffmpeg")
    assert "env.yaml:\n    7 |   - ffmpeg\n\n" in text
    assert "  native = [ pkgs.ffmpeg ];\n" in text


def test_a_text_of_several_lines(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = explain(project, capsys, "on_enter")
    assert "   11 | on_enter: |\n   12 |   echo one\n   13 |   echo two\n\nnix" in text
    assert "  onEnter = ''\n    echo one\n    echo two\n  '';\n" in text


def test_a_key_that_cannot_be_left_out_shows_its_section_and_the_reasons(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = explain(project, capsys, "python.version")
    assert text.startswith(
        "python.version: Python version: a minor (3.10) or an exact one (3.10.14). Quotes are not needed.\n"
        "\n"
        "env.yaml:\n"
        "    4 |   version: 3.11   # the cluster's\n"
        "\n"
        "nix/pyenvspec/default.nix, in perSystem.base:\n"
        "  # python\n"
        "  python = pkgs.python311;\n"
        "\n"
        "why:\n"
        "  nixpkgs.release: nixos-25.05\n"
        "    the newest stable release that has Python 3.11 and CUDA 12.4\n"
        "    source: "
    )
    assert "  python.version: python311\n    nixos-25.05 has it\n    source: " in text


def test_what_is_so_anyway_is_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = explain(project, capsys, "python.manager")
    assert "Without it the files would be the same: it says what is so anyway.\n" in text
    assert '    manager = "pip";\n' in text
    assert text.endswith("why:\n  python.manager: pip\n    asked for\n")


def test_a_variant_shows_only_what_it_brings(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = explain(project, capsys, "variants.gpu.cuda")
    assert "nix/pyenvspec/default.nix, in perSystem.pyenvspec.shells.gpu:\n  # cuda\n" in text
    assert "flake.nix:\n  # caches: nixos-cuda\n" in text
    assert 'nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.05' in text
    assert "  cuda.version: cudaPackages_12_4\n" in text


def test_files_that_follow_from_a_key(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (project / "env.yaml").open("a") as stream:
        stream.write("generate: {vscode: true}\n")
    text = explain(project, capsys, "generate.vscode")
    assert text.endswith(
        "files that are there or differ because of it:\n  .vscode/extensions.json\n  .vscode/settings.json\n"
    )


def test_a_key_that_is_not_there_has_its_default_and_an_example(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explain(project, capsys, "python.install") == (
        "python.install: What entering the shell does for poetry, uv and pip: install when the lock changed,\n"
        "or never.\n"
        "\n"
        "Not in env.yaml.\n"
        "  default: on_lock_change\n"
        "  example: python.install: never\n"
    )


def test_keys_can_be_asked_for_before_there_is_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explain(tmp_path, capsys, "overrides.torch.libraries") == (
        "overrides.torch.libraries: nixpkgs libraries it links to; cuda.X is X of the CUDA package set in\n"
        "use.\n"
        "\n"
        "Not in env.yaml.\n"
        "  default: []\n"
        "  example: overrides.torch.libraries: [cuda.cudnn, zlib]\n"
    )


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            "cud",
            "env.yaml: error[unknown-key]: `cud` is not a key of env.yaml\n      = help: did you mean `cuda`?\n",
        ),
        (
            "cuda.cudn",
            "env.yaml: error[unknown-key]: `cudn` is not a key of `cuda`\n      = help: did you mean `cuda.cudnn`?\n",
        ),
        (
            "cuda.zzz",
            "env.yaml: error[unknown-key]: `zzz` is not a key of `cuda`\n"
            "      = help: its keys are version, cudnn, packages, capabilities\n",
        ),
        (
            "name.x",
            "env.yaml: error[unknown-key]: `x` is not a key of `name`\n"
            "      = help: `name` has no keys below it\n",
        ),
    ],
)
def test_a_key_that_does_not_exist_is_refused(
    key: str, message: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", "-C", str(project), key]) == 1
    assert capsys.readouterr().err == message


def test_a_word_that_is_near_no_key_shows_the_keys(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "nosuch", "-C", str(project)]) != 0
    told = capsys.readouterr().err
    assert "the keys are spec, required, name, " in told
    assert "schema" not in told


def test_json_of_a_key(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(explain(project, capsys, "env.SEED", "--json"))
    assert data["given"] is True
    assert data["lines"] == [{"line": 10, "text": "env: {SEED: 42}"}]
    assert data["nix"] == [
        {
            "file": "nix/pyenvspec/default.nix",
            "inside": "perSystem.base",
            "text": '# env\nenv = {\n  SEED = "42";\n};\n',
        }
    ]
    assert data["decisions"] == []


def test_the_plan_lists_decisions_and_what_was_not_taken(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = explain(project, capsys, "--plan")
    for line in (
        "decided:\n  python.manager: pip\n    asked for\n",
        "  nixpkgs.unfree: true\n    CUDA is unfree software\n",
        "  caches: nixos-cuda\n    has builds of CUDA packages\n",
        "  spec: input flake-parts\n    the generated module is one of flake-parts\n",
        "\nnot taken:\n  nixos-unstable",
        "  nixos-24.11\n    older than nixos-25.05\n",
    ):
        assert line in text


def test_json_of_the_plan(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(explain(project, capsys, "--plan", "--json"))
    plan = compile_project(project).plan
    assert [row["key"] for row in data["decisions"]] == [decision.key for decision in plan.decisions]
    assert {
        "release": "nixos-24.11",
        "inputs": ["nixpkgs"],
        "reason": "older than nixos-25.05",
        "lacks": [],
    } in data["alternatives"]


def test_every_decision_answers_a_key_that_exists(project: Path) -> None:
    hooks = ENV.replace("shell: native", "devenv: {git-hooks: {hooks: {ruff: {enable: true}}}}")
    for text in (ENV, hooks):
        (project / "env.yaml").write_text(text)
        raw = read_text(text.encode(), "env.yaml")
        decisions = compile_project(project).plan.decisions
        for decision in decisions:
            assert find_key(decision.key, raw.root).path
            assert not decision.key.startswith("inputs.")  # the file has none


def test_neither_a_key_nor_the_plan_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain"]) == 2
    assert run(["explain", "cuda", "--plan"]) == 2
    assert capsys.readouterr().err == 2 * "usage: pyenvspec explain KEY, or pyenvspec explain --plan\n"


def test_names_with_dots_are_found_in_the_file() -> None:
    root = read_text(b"overrides: {ruamel.yaml: {source: sdist}}\n", "env.yaml").root
    assert find_key("overrides.ruamel.yaml.source", root).path == ("overrides", "ruamel.yaml", "source")
    with pytest.raises(KeyNameError):
        find_key("overrides.ruamel.yaml.source", None)


def test_a_number_that_no_list_has_is_no_key_however_long_it_is() -> None:
    root = read_text(b"native: [a, b]\n", "env.yaml").root
    assert find_key("native.1", root).path == ("native", 1)
    for number in ("2", "1" * 5000):
        with pytest.raises(KeyNameError):
            find_key(f"native.{number}", root)


# --- trees


def _file(value: AttrSet) -> File:
    return File("head", Lambda("x", value))


def test_changes_are_the_smallest_bindings() -> None:
    old = _file(AttrSet((bind("a", {"b": 1, "c": 2}), bind("same", 1))))
    new = _file(AttrSet((bind("a", {"b": 1, "c": 3}), bind("same", 1), bind("d", "e"))))
    assert [(inside, render_binding(found)) for inside, found in find_changes(old, new)] == [
        ("a", "c = 3;\n"),
        ("", 'd = "e";\n'),
    ]


def test_changes_behind_a_new_let_and_behind_an_update() -> None:
    base = AttrSet((bind("a", 1),))
    with_let = Let((bind("base", base),), AttrSet((bind("s", BinOp(Var("base"), "//", base)),)))
    changed = Let(
        (bind("base", base),), AttrSet((bind("s", BinOp(Var("base"), "//", AttrSet((bind("a", 2),)))),))
    )
    found = find_changes(File("", with_let), File("", changed))
    assert [(inside, render_binding(b)) for inside, b in found] == [("s", "a = 2;\n")]
    found = find_changes(File("", AttrSet(())), File("", with_let))
    assert [b.path for _, b in found] == [("base",), ("s",)]


def test_calls_are_compared_by_their_arguments() -> None:
    def call(value: int) -> AttrSet:
        return AttrSet((bind("p", Apply(Var("f"), (Str("x"), AttrSet((bind("v", value),))))),))

    assert [inside for inside, _ in find_changes(_file(call(1)), _file(call(2)))] == ["p"]
    assert find_changes(_file(call(1)), _file(call(1))) == []


def test_sections_are_found_by_their_comment() -> None:
    tree = _file(AttrSet((bind("a", AttrSet((bind("b", 1, "cuda"),))), bind("c", 2, "native"))))
    assert [f.inside for f in find_bindings(tree, lambda b: b.comment == "cuda")] == ["a"]


def test_a_binding_is_printed_with_its_comment_and_without_indentation() -> None:
    assert render_binding(bind("a", "one\ntwo\n", "why")) == "# why\na = ''\n  one\n  two\n'';\n"

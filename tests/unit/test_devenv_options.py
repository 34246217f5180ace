"""Options of devenv in env.yaml, against those that the pinned devenv has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import check_project

if TYPE_CHECKING:
    from pathlib import Path


def check(folder: Path, options: str) -> list[str]:
    (folder / "env.yaml").write_text(f"python: 3.12\ndevenv: {options}\n")
    try:
        check_project(folder)
    except PyenvspecError as error:
        return [f"{one.code} {one.message} | {one.expected}" for one in error.diagnostics]
    return []


@pytest.mark.parametrize(
    "options",
    [
        "{languages: {go: {enable: true}, rust: {enable: true, channel: stable, targets: [x]}}}",
        "{git-hooks: {hooks: {ruff: {enable: true, args: [--fix]}, mine: {enable: true, entry: ./check}}}}",
        '{tasks: {"app:setup": {exec: echo, after: ["devenv:enterShell"]}}}',
        "{git-hooks: {hooks: {black: {enable: true, settings: {flags: -l 100}}}}}",
        "{certificates: [x.example], hosts: {x.example: 127.0.0.1}}",
        "{services: {postgres: {enable: true}}}",
        "{env: {A: 1}}",
        "{difftastic: {enable: true}}",
    ],
)
def test_what_devenv_has_is_right(tmp_path: Path, options: str) -> None:
    assert check(tmp_path, options) == []


@pytest.mark.parametrize(
    ("options", "message", "expected"),
    [
        ("{langauges: {}}", "devenv has no option `langauges`", "did you mean `languages`?"),
        ("{languages: {goo: {enable: true}}}", "devenv has no option `languages.goo`", "did you mean `go`?"),
        (
            "{languages: {go: {enabel: true}}}",
            "devenv has no option `languages.go.enabel`",
            "did you mean `enable`?",
        ),
        ("{languages: {go: true}}", "`languages.go` is no option of devenv's but has some", "a mapping"),
        (
            "{languages: {go: {enable: 'yes'}}}",
            "devenv's `languages.go.enable` takes true or false",
            "true or false",
        ),
        (
            "{git-hooks: {hooks: {rufff: {enable: true}}}}",
            "devenv has no git hook `git-hooks.hooks.rufff`",
            "did you mean `ruff`?",
        ),
        ("{tasks: {x: {exek: make}}}", "devenv has no option `tasks.x.exek`", "did you mean `exec`?"),
    ],
)
def test_what_it_does_not_have_is_told(tmp_path: Path, options: str, message: str, expected: str) -> None:
    assert check(tmp_path, options) == [f"devenv-option {message} | {expected}"]


def test_hooks_of_a_variant_have_their_input_too(tmp_path: Path) -> None:
    hooks = "devenv: {git-hooks: {hooks: {ruff: {enable: true}}}}"
    for text in (hooks, f"variants: {{ci: {{{hooks}}}}}"):
        (tmp_path / "env.yaml").write_text(f"python: 3.12\n{text}\n")
        inputs = {one.name: one for one in check_project(tmp_path)[1].inputs}
        assert "git-hooks" in inputs
        assert ("git-hooks", "git-hooks") in inputs["devenv"].follows

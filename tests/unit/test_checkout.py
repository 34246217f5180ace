"""Telling git of new files, in checkouts of every shape and with every kind of trouble."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pyenvspec.diagnostics import Severity
from pyenvspec.project.git import find_checkout
from pyenvspec.tools import SystemRunner
from pyenvspec.writing.checkout import make_known_to_git

if TYPE_CHECKING:
    from pathlib import Path

PATHS = ("flake.nix", "nix/pyenvspec/default.nix", ".vscode/settings.json")


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def known(folder: Path) -> set[str]:
    return set(git(folder, "ls-files", "-z").split("\0")) - {""}


def fill(folder: Path, *paths: str) -> None:
    for path in paths or PATHS:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("x")


def tell(folder: Path, *paths: str) -> list[str]:
    warnings = make_known_to_git(folder, paths or PATHS, SystemRunner())
    assert all(warning.severity is Severity.WARNING and warning.hint for warning in warnings)
    return [f"{warning.code} {warning.file}" for warning in warnings]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    fill(tmp_path)
    return tmp_path


def test_outside_a_checkout_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_checkout(tmp_path):
        pytest.skip("the folder for temporary files lies in a git checkout")
    monkeypatch.setattr(SystemRunner, "run", None)
    assert make_known_to_git(tmp_path, PATHS, SystemRunner()) == ()


def test_new_files_become_known_without_being_staged(checkout: Path) -> None:
    assert tell(checkout) == []
    assert known(checkout) == set(PATHS)
    assert git(checkout, "diff", "--cached", "--name-only") == ""
    assert tell(checkout) == []


def test_what_is_staged_stays_as_it_is(checkout: Path) -> None:
    git(checkout, "add", "flake.nix")
    (checkout / "flake.nix").write_text("changed")
    tell(checkout)
    assert git(checkout, "show", ":flake.nix") == "x"


def test_what_is_ignored_becomes_known_too(checkout: Path) -> None:
    (checkout / ".gitignore").write_text("nix/\n.vscode/\n*.nix\n")
    assert tell(checkout) == []
    assert known(checkout) == set(PATHS)


def test_in_a_sparse_checkout_files_outside_of_it_become_known(checkout: Path) -> None:
    fill(checkout, "a/x", "b/x")
    git(checkout, "add", "a", "b")
    git(checkout, "commit", "-q", "-m", "m")
    git(checkout, "sparse-checkout", "set", "a")
    fill(checkout, "b/flake.nix")
    assert tell(checkout, "b/flake.nix") == []
    assert "b/flake.nix" in known(checkout)


def test_a_held_index_lock_is_a_warning_with_the_command(checkout: Path) -> None:
    (checkout / ".git/index.lock").touch()
    (warning,) = make_known_to_git(checkout, ("flake.nix",), SystemRunner())
    assert warning.code == "git-add-failed" and "index.lock" in warning.message
    assert warning.hint == "Run `git add --force --intent-to-add -- flake.nix` in the project folder."


def test_a_missing_git_is_a_warning(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout / "nowhere"))
    (warning,) = make_known_to_git(checkout, ("flake.nix",), SystemRunner())
    assert "git is not installed" in warning.message


def test_a_damaged_repository_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: nowhere\n")
    fill(tmp_path)
    assert tell(tmp_path) == ["git-add-failed flake.nix"]


def test_variables_of_a_hook_do_not_lead_to_another_repository(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    assert tell(checkout) == []
    monkeypatch.undo()
    assert known(checkout) == set(PATHS)


def test_a_folder_below_the_top_is_told_by_its_own_paths(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    project = tmp_path / "-ünï code"
    fill(project, "flake.nix")
    assert tell(project, "flake.nix") == []
    assert known(tmp_path) == {"-ünï code/flake.nix"}


def test_names_are_not_patterns(checkout: Path) -> None:
    fill(checkout, "-x*.nix", "-xy.nix", "ü.nix")
    assert tell(checkout, "-x*.nix", "ü.nix") == []
    assert known(checkout) == {"-x*.nix", "ü.nix"}


def test_a_worktree_and_a_submodule_have_their_own_index(checkout: Path) -> None:
    git(checkout, "commit", "-q", "--allow-empty", "-m", "m")
    git(checkout, "worktree", "add", "-q", str(checkout / "tree"))
    git(checkout, "submodule", "--quiet", "add", "-f", str(checkout / ".git"), "sub")
    for folder in (checkout / "tree", checkout / "sub"):
        fill(folder)
        assert tell(folder) == []
        assert known(folder) == set(PATHS)


def test_a_bare_repository_is_left_alone(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", ".git")
    fill(tmp_path)
    assert tell(tmp_path) == []

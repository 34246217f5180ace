"""Git in a stranger's folder: nothing that it names is run, and the repository is the one that Nix would take."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from pyenvspec.cli import run
from pyenvspec.project.git import Checkout, explain_failure, find_checkout, list_known, make_known, run_git
from pyenvspec.tools import Result, SystemRunner, find_program

if TYPE_CHECKING:
    from pathlib import Path

RUNNER = SystemRunner()
BARE = """[core]
repositoryformatversion = 0
bare = false
worktree = .
fsmonitor = "{}"
"""


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "env.yaml").write_text("python: {version: 3.12, manager: pip}\n")
    return folder


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a file behind when it is run: `WAS_RUN` beside it."""
    program = tmp_path / "trap"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/WAS_RUN\ncat\n')
    program.chmod(0o755)
    return program


def was_run(trap: Path) -> bool:
    return trap.with_name("WAS_RUN").exists()


def walk_through(project: Path) -> None:
    """Every verb that starts git."""
    for words in (["compile"], ["compile", "--check"], ["doctor"], ["check"]):
        run([*words, "-C", str(project)])


def as_bare_repository(folder: Path, config: str) -> None:
    (folder / "objects").mkdir()
    (folder / "refs" / "heads").mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / "config").write_text(config)


def test_a_committed_folder_that_looks_like_a_repository_is_none(tmp_path: Path, trap: Path) -> None:
    git(tmp_path, "init", "-q")
    project = tmp_path / "part"
    project.mkdir()
    (project / "env.yaml").write_text("python: {version: 3.12, manager: pip}\n")
    as_bare_repository(project, BARE.format(trap))
    git(project, "--git-dir", ".", "--work-tree", ".", "ls-files", "-o")
    assert was_run(trap), "git itself runs it: the case is a real one"
    trap.with_name("WAS_RUN").unlink()
    walk_through(project)
    assert not was_run(trap)
    assert "part/flake.nix" in git(tmp_path, "ls-files").splitlines()
    assert not (project / "index").exists()


def test_beside_a_broken_dot_git_it_is_none_either(project: Path, trap: Path) -> None:
    (project / ".git").mkdir()
    as_bare_repository(project, BARE.format(trap))
    walk_through(project)
    assert not was_run(trap)
    assert not (project / "index").exists()


@pytest.mark.parametrize("kind", ["fsmonitor", "hook", "hooks-path", "filter", "filter-info"])
def test_a_repository_that_came_in_an_archive_runs_nothing(kind: str, project: Path, trap: Path) -> None:
    git(project, "init", "-q")
    (project / "data.bin").write_text("x")
    git(project, "add", "env.yaml", "data.bin")
    hooks = project / "hooks" if kind == "hooks-path" else project / ".git" / "hooks"
    match kind:
        case "fsmonitor":
            git(project, "config", "core.fsmonitor", str(trap))
        case "hook" | "hooks-path":
            hooks.mkdir(exist_ok=True)
            shutil.copy(trap, hooks / "post-index-change")
            git(project, "config", "core.hooksPath", str(hooks))
        case _:
            git(project, "config", "filter.x.y.clean", str(trap))
            git(project, "config", "filter.x.y.required", "true")
            place = project / (".gitattributes" if kind == "filter" else ".git/info/attributes")
            place.parent.mkdir(exist_ok=True)
            place.write_text("*.bin filter=x.y\n")
    # As new as the index: git reads such a file again whenever it writes the index.
    index = (project / ".git" / "index").stat()
    (project / "data.bin").write_text("y")
    os.utime(project / "data.bin", ns=(index.st_mtime_ns, index.st_mtime_ns))
    walk_through(project)
    assert not was_run(trap)
    assert "flake.nix" in git(project, "-c", "core.fsmonitor=false", "ls-files").splitlines()


# The first two are names that the command line of git cannot say, or says as another one.
FILTERS = {
    "sign": b'[filter "a=b"]\n\tclean = "%s"\n',
    "signs": b'[filter "a=b.clean=c"]\n\tprocess = "%s"\n\tclean = "%s"\n\trequired = true\n',
    "byte": b'[filter "a\xff"]\n\tclean = "%s"\n',
    "long": b'[filter "x"]\n\ty = ' + b"A" * 200_000 + b'\n[filter "evil"]\n\tclean = "%s"\n',
}


@pytest.mark.parametrize("kind", FILTERS)
def test_no_name_of_a_filter_escapes(
    kind: str,
    project: Path,
    trap: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pyenvspec.tools.OUTPUT_LIMIT", 100_000)
    git(project, "init", "-q")
    git(project, "config", "core.trustctime", "false")
    git(project, "config", "core.checkStat", "minimal")
    (project / "a.dat").write_text("x")
    # Newer than the index: git reads it again whenever it writes the index.
    long_ago = 1_600_000_000
    os.utime(project / "a.dat", (long_ago + 1000, long_ago + 1000))
    git(project, "add", "a.dat")
    os.utime(project / ".git" / "index", (long_ago, long_ago))
    section = FILTERS[kind].replace(b"%s", os.fsencode(trap))
    name = section.rpartition(b'[filter "')[2].partition(b'"]')[0]
    (project / ".gitattributes").write_bytes(b"*.dat filter=" + name + b"\n")
    with (project / ".git" / "config").open("ab") as stream:
        stream.write(section)
    assert run(["compile", "-C", str(project)]) == 0
    assert not was_run(trap)
    # What cannot be switched off is told, and git is not started.
    is_told = "git-add-failed" in capsys.readouterr().err
    assert is_told == (kind in ("byte", "long"))
    assert ("flake.nix" in git(project, "ls-files").splitlines()) != is_told


@pytest.mark.parametrize("words", ["lock --dry-run", "lock", "update", "lock --verify", "outdated"])
@pytest.mark.parametrize("kind", ["helper", "ssh", "proxy"])
def test_what_asks_github_does_not_ask_the_project(
    words: str, kind: str, project: Path, trap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The project's own git configuration sends each address to a program."""
    trap.write_text(trap.read_text().replace("\ncat\n", "\n"))  # it is not to wait for words of git
    git(project, "init", "-q")
    settings = {
        "helper": [
            (f"url.ext::{trap} %S .insteadOf", "https://github.com/"),
            ("protocol.ext.allow", "always"),
        ],
        "ssh": [("url.ssh://x@host/.insteadOf", "https://github.com/"), ("core.sshCommand", str(trap))],
        "proxy": [("url.git://host/.insteadOf", "https://github.com/"), ("core.gitProxy", str(trap))],
    }
    for name, value in settings[kind]:
        git(project, "config", name, value)
    with suppress(subprocess.CalledProcessError):
        git(project, "ls-remote", "https://github.com/NixOS/nixpkgs")
    assert was_run(trap), "git itself runs it: the case is a real one"
    trap.with_name("WAS_RUN").unlink()
    (tmp_path / "bin").mkdir()
    asking = tmp_path / "bin" / "nix-prefetch-github"
    asked = tmp_path / "asked"
    asking.write_text(f"#!/bin/sh\ntouch {asked}\nexec git ls-remote https://github.com/NixOS/nixpkgs.git\n")
    asking.chmod(0o755)
    monkeypatch.setenv("PATH", f"{asking.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("GIT_DIR", str(project / ".git"))  # as a hook has it
    assert run(["compile", "-q", "-C", str(project)]) == 0
    monkeypatch.chdir(project)
    run(words.split())
    assert asked.exists() or words in ("outdated", "lock --verify")
    assert not was_run(trap)


def test_nothing_is_fetched(project: Path, trap: Path) -> None:
    git(project, "init", "-q")
    git(project, "remote", "add", "origin", f"ext::{trap} x")
    git(project, "config", "protocol.ext.allow", "always")
    checkout = find_checkout(project)
    assert checkout is not None
    assert not run_git(RUNNER, checkout, "fetch").ok
    assert not was_run(trap)


def test_the_repository_is_not_looked_for_above_the_one_that_was_found(tmp_path: Path, project: Path) -> None:
    git(tmp_path, "init", "-q")
    (project / ".git").mkdir()
    checkout = find_checkout(project)
    assert checkout == Checkout(project)
    assert not list_known(RUNNER, checkout).ok


def test_files_below_the_top_are_told_by_the_names_of_the_project(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "x").touch()
    checkout = find_checkout(tmp_path / "a" / "b")
    assert checkout == Checkout(tmp_path, "a/b/")
    assert make_known(RUNNER, checkout, ["x"]).ok
    assert list_known(RUNNER, checkout).stdout.split("\0") == ["x", ""]
    assert list_known(RUNNER, checkout, ["x"]).stdout.split("\0") == ["x", ""]


def test_a_project_of_somebody_else_gets_the_command_that_mends_it(tmp_path: Path) -> None:
    said = f"fatal: detected dubious ownership in repository at '{tmp_path}'\nTo add an exception …\n"
    reason, mend = explain_failure(Checkout(tmp_path / "a b"), Result((), 128, stderr=said))
    assert "somebody else" in reason
    assert mend == ("git", "config", "--global", "--add", "safe.directory", str(tmp_path / "a b"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make a folder somebody else's")
def test_the_command_for_a_project_of_somebody_else_works(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SUDO_UID", raising=False)
    git(project, "init", "-q")
    os.chown(project, 12345, 12345)
    os.chown(project / ".git", 12345, 12345)
    run(["compile", "-C", str(project)])
    said = capsys.readouterr().err
    assert "git-add-failed" in said
    command = said.partition("Run `")[2].partition("`")[0]
    subprocess.run(["sh", "-c", command], cwd=project, check=True)
    assert run(["compile", "-C", str(project)]) == 0
    assert "git-add-failed" not in capsys.readouterr().err
    assert "flake.nix" in git(project, "ls-files").splitlines()


@pytest.mark.parametrize("entry", [".", "", "bin", "./bin"])
def test_a_program_of_the_project_is_not_found_through_path(
    entry: str, project: Path, trap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "bin").mkdir()
    for name in ("git", "nix", "nvidia-smi", "ldconfig"):
        for folder in (project, project / "bin"):
            shutil.copy(trap, folder / name)
    git(project, "init", "-q")
    monkeypatch.chdir(project)
    monkeypatch.setenv("PATH", f"{entry}{os.pathsep}{os.environ['PATH']}")
    walk_through(project)
    assert not was_run(trap)
    assert not find_program("git").startswith((str(project), entry or "/project"))

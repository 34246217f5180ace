"""`list`, `outdated`, `clean`, `info`: what is there, what is old, what can go, what a report needs."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from pyenvspec import __version__
from pyenvspec.cli import run
from pyenvspec.commands.look import outdated
from pyenvspec.commands.look.installed import installed_packages, show_size
from pyenvspec.tools import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyenvspec.tools import Runner


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a .venv of two packages, one of a variant that is gone, one of the user's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "lab"
    for name in (".venv", ".venv-gone", ".venv-own"):
        site = folder / name / "lib" / "python3.11" / "site-packages"
        site.mkdir(parents=True)
        (folder / name / "pyvenv.cfg").write_text("home = /x\nversion = 3.11.2\n")
        (site / "numpy-1.26.4.dist-info").mkdir()
        (site / "Ruamel.Yaml-0.18.6.dist-info").mkdir()
        (site / "old_setup-1.0-py3.11.egg-info").touch()
    for name in (".venv", ".venv-gone"):
        (folder / name / ".pyenvspec-made").touch()
    (folder / "env.yaml").write_text(
        "python: 3.11\nnative: [ffmpeg]\nscripts: {train: python -m app}\nvariants: {cpu: {env: {A: 1}}}\n"
    )
    return folder


def test_a_venv_is_read_and_not_run(lab: Path) -> None:
    assert installed_packages(lab / ".venv") == {
        "numpy": "1.26.4",
        "old-setup": "1.0",
        "ruamel-yaml": "0.18.6",
    }
    assert installed_packages(lab / "nothing") == {}


def test_list_tells_each_thing_with_its_origin(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "-C", str(lab), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    found = {(row["kind"], row["name"]): row for row in rows}
    assert found["package", "numpy"]["version"] == "1.26.4"
    assert found["python", "python3.11"]["version"] == "3.11.2"
    # Of another release than the catalogue's its version is not known.
    assert found["native", "ffmpeg"]["version"] == ""
    assert {("script", "train"), ("variant", "cpu"), ("input", "nixpkgs")} <= set(found)
    assert run(["list", "-C", str(lab)]) == 0
    streams = capsys.readouterr()
    assert len(streams.out.splitlines()) == len(rows)
    assert "is not known before Nix is asked" in streams.err
    (lab / "env.yaml").write_text((lab / "env.yaml").read_text() + "nixpkgs: nixos-unstable\n")
    assert run(["list", "-C", str(lab)]) == 0
    streams = capsys.readouterr()
    assert re.search(r"native +ffmpeg +\d+\.\d+", streams.out)
    assert "nixos-unstable of today may have others" in streams.err


def test_outdated_asks_for_the_newest_of_each_name(
    lab: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Answering:
        def run(self, argv: Sequence[str], **given: Any) -> Result:
            assert given["input"] == "numpy\nold-setup\nruamel-yaml\n"
            assert given["cwd"] != lab
            return Result(tuple(argv), 0, "numpy==2.4.0\nruamel-yaml==0.18.6\n")

    monkeypatch.setattr(outdated, "SystemRunner", Answering)
    assert run(["outdated", "-C", str(lab), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    packages = [row for row in found["outdated"] if row["kind"] == "package"]
    assert [(row["name"], row["now"], row["newest"]) for row in packages] == [("numpy", "1.26.4", "2.4.0")]


def test_outdated_holds_what_nix_locked_itself_against_its_branch(
    lab: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = "a" * 40, "b" * 40
    locked = {"type": "github", "owner": "NixOS", "repo": "nixpkgs", "rev": old, "narHash": "sha256-x"}
    nodes = {
        "root": {"inputs": {"nixpkgs": "nixpkgs_2", "followed": ["nixpkgs"], "folder": "folder"}},
        "nixpkgs_2": {"locked": locked, "original": {"type": "github"}},
        "folder": {"locked": {"type": "path", "path": "/x"}},
    }

    class Answering:
        def run(self, argv: Sequence[str], **given: Any) -> Result:
            return Result(tuple(argv), 0, f"{new}\trefs/heads/{argv[3]}\n" if argv[0] == "git" else "")

    monkeypatch.setattr(outdated, "SystemRunner", Answering)
    (lab / "flake.lock").write_text(json.dumps({"nodes": nodes, "root": "root", "version": 7}))
    assert run(["outdated", "-C", str(lab), "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["outdated"]}
    assert rows["nixpkgs"] == {
        "kind": "input",
        "name": "nixpkgs",
        "now": old[:12],
        "newest": new[:12],
        "command": "pyenvspec update nixpkgs",
    }
    for broken in ("", "[]", "{", '{"nodes": {}, "root": "root"}', "[" * 100_000):
        (lab / "flake.lock").write_text(broken)
        assert run(["outdated", "-C", str(lab), "--json"]) == 0
        assert "nixpkgs" not in {row["name"] for row in json.loads(capsys.readouterr().out)["outdated"]}


@pytest.mark.parametrize(
    ("ref", "answer", "newest"),
    [
        ("HEAD", f"{'a' * 40}\tHEAD\n", "a"),
        ("main", f"{'b' * 40}\trefs/heads/a/main\n{'a' * 40}\trefs/heads/main\n", "a"),
        ("v1", f"{'b' * 40}\trefs/tags/v1\n{'a' * 40}\trefs/tags/v1^{{}}\n", "a"),
        ("v1", f"{'a' * 40}\trefs/tags/v1\n", "a"),
        ("v1", f"{'b' * 40}\trefs/tags/x/v1\n", None),
        ("v1", "", None),
    ],
)
def test_the_newest_revision_is_that_of_the_very_branch_or_tag(
    ref: str, answer: str, newest: str | None
) -> None:
    class Answering:
        def run(self, argv: Sequence[str], **_: Any) -> Result:
            return Result(tuple(argv), 0, answer)

    revision = outdated._newest_revision("https://github.com/o/r", ref, cast("Runner", Answering()))
    assert revision == (newest * 40 if newest else None)


def test_an_old_release_is_told_offline(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (lab / "env.yaml").write_text("python: 3.11\nnixpkgs: {release: nixos-24.11}\n")
    assert run(["outdated", "--offline", "-C", str(lab)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("release  nixpkgs")
    assert "→ nixos-2" in told


def test_clean_takes_what_no_variant_has_and_no_environment_of_the_user(
    lab: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, project in (("a", lab), ("b", tmp_path / "deleted")):
        folder = tmp_path / "cache" / "pyenvspec" / "shells" / name
        folder.mkdir(parents=True)
        (folder / "project").write_text(str(project))
    other = tmp_path / "cache" / "pyenvspec" / "elsewhere"
    other.mkdir()
    assert run(["clean", "--dry-run", "-C", str(lab)]) == 0
    assert (lab / ".venv-gone").exists()
    assert run(["clean", "-C", str(lab)]) == 1  # nobody to ask
    assert (lab / ".venv-gone").exists()
    capsys.readouterr()
    assert run(["clean", "--yes", "-C", str(lab)]) == 0
    told = capsys.readouterr().out
    assert ".venv-gone  (no variant has it)" in told
    assert f"its project is gone: {tmp_path / 'deleted'}" in told
    assert not (lab / ".venv-gone").exists()
    assert (lab / ".venv").exists()
    assert (lab / ".venv-own").exists()
    assert other.exists()
    assert [path.name for path in (tmp_path / "cache" / "pyenvspec" / "shells").iterdir()] == ["a"]


def test_clean_all_takes_what_is_made_again(lab: Path) -> None:
    assert run(["clean", "--all", "--yes", "-C", str(lab)]) == 0
    assert not (lab / ".venv").exists()
    assert (lab / ".venv-own").exists()


def test_clean_follows_no_link(lab: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    (lab / ".venv-gone").rename(disk)
    (lab / ".venv-gone").symlink_to(disk)
    assert run(["clean", "--all", "--yes", "-C", str(lab)]) == 0
    assert (disk / ".pyenvspec-made").exists()


def test_info_has_versions_and_no_home(
    lab: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(lab))
    assert run(["info", "-C", str(lab), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pyenvspec"] == __version__
    assert found["nix"] == "not installed"
    assert found["shells"].startswith("default: Python 3.11, pip")
    (lab / "env.yaml").write_text("python: 3.11\nnativ: [x]\n")
    assert run(["info", "-C", str(lab)]) == 0
    assert "not valid: unknown-key" in capsys.readouterr().out


def test_what_is_only_worth_knowing_is_left_to_those_who_check(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (lab / "requirements.txt").write_text("numpy\n")
    (lab / "env.yaml").write_text("python: 3.11\ncontainers: {default: {}}\n")
    assert run(["check", "-C", str(lab)]) == 0
    assert "note[container-installs]" in capsys.readouterr().err
    assert run(["list", "-C", str(lab)]) == 0
    assert capsys.readouterr().err == ""
    assert run(["info", "-C", str(lab)]) == 0
    assert "valid (container-installs)" in capsys.readouterr().out


def test_sizes_are_for_people() -> None:
    assert [show_size(size) for size in (0, 999, 4096, 5_300_000, 2_000_000_000)] == [
        "0 B",
        "999 B",
        "4 KB",
        "5 MB",
        "2.0 GB",
    ]


def test_a_kept_shell_whose_project_cannot_be_asked_for_is_told(
    lab: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "cache" / "pyenvspec" / "shells" / "a"
    folder.mkdir(parents=True)
    (folder / "project").write_text("/" + "x" * 300)
    assert run(["clean", "--dry-run", "-C", str(lab)]) == 0
    assert "its project is gone" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_of_a_venv_is_not_read(kind: str, lab: Path) -> None:
    config = lab / ".venv" / "pyvenv.cfg"
    config.unlink()
    if kind == "pipe":
        os.mkfifo(config)
    else:
        config.symlink_to("/dev/zero")
    assert run(["list", "-C", str(lab)]) == 0


def test_info_as_json_has_no_home_either(
    lab: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(Path(sys.executable).parent))
    assert run(["info", "-C", str(lab), "--json"]) == 0
    assert "(~/" in json.loads(capsys.readouterr().out)["python"]

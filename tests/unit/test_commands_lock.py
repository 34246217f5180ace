"""`lock` and `update`: what is asked for, what is written, and that a failure writes nothing."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from stand_in import StandIn

from pyenvspec.commands.pin import lock, update
from pyenvspec.commands.pin.update import UpdateOptions
from pyenvspec.pinning.pinfile import FlakeRef, LockError, Pin, format_lock, parse_lock
from pyenvspec.plan import FlakeInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REV = "7af23cfe91064865ecf2e835da28b45b3c6f49fd"
OLD_REV = "0123456789012345678901234567890123456789"
FIXED_REV = "ff5d8bd4d68a347be5042e2f16caee391cd75880"
HASH = "sha256-SvXJcAemihifkTn4BGvyE5K1FJX9bl4U8DQ5pqKvD0s="
OLD_HASH = "sha256-/uEkr1UkJrh11vD02aqufCxtbF5YnhRTIKlx5kyvf+I="
NIXPKGS = FlakeRef("NixOS", "nixpkgs", "nixos-25.11")
INPUTS = (
    FlakeInput("nixpkgs", NIXPKGS.url),
    FlakeInput("flake-parts", "github:hercules-ci/flake-parts"),
    FlakeInput("fixed", f"github:me/fixed/{FIXED_REV}"),
)
ANSWERS: dict[str, dict[str, Any]] = {
    "NixOS/nixpkgs": {"rev": REV, "hash": HASH, "date": "2026-07-01", "time": "11:33:33"},
    "hercules-ci/flake-parts": {"rev": REV, "hash": HASH},
    "me/fixed": {"rev": FIXED_REV, "hash": HASH},
}
OLD = {
    "flake-parts": Pin(FlakeRef("hercules-ci", "flake-parts"), OLD_REV, OLD_HASH),
    "fixed": Pin(FlakeRef("me", "fixed", FIXED_REV), FIXED_REV, HASH),
    "nixpkgs": Pin(NIXPKGS, OLD_REV, OLD_HASH, 1700000000),
}


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    made = StandIn(tmp_path / "stand-in", monkeypatch)
    made.answer(ANSWERS)
    return made


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def load_plan(root: Path) -> SimpleNamespace:
        return SimpleNamespace(inputs=INPUTS)

    monkeypatch.setattr(lock, "load_plan", load_plan)
    monkeypatch.setattr(update, "load_plan", load_plan)
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def _options(
    verb: str, project: Path, *names: str, json: bool = False, dry_run: bool = False, verify: bool = False
) -> UpdateOptions:
    return UpdateOptions(verb, project, json=json, dry_run=dry_run, names=names, verify=verify)


def _pins(project: Path) -> dict[str, Pin]:
    return parse_lock((project / "env.lock.json").read_bytes())


def _asked(stand_in: StandIn) -> list[str]:
    return sorted(call[-1] for call in stand_in.calls)


def test_lock_pins_every_input(stand_in: StandIn, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lock.run(_options("lock", project)) == 0
    assert _pins(project) == {
        "fixed": Pin(FlakeRef("me", "fixed", FIXED_REV), FIXED_REV, HASH),
        "flake-parts": Pin(FlakeRef("hercules-ci", "flake-parts"), REV, HASH),
        "nixpkgs": Pin(NIXPKGS, REV, HASH, 1782905613),
    }
    said = capsys.readouterr()
    assert said.out == (
        "fixed        not pinned → ff5d8bd4d68a\n"
        "flake-parts  not pinned → 7af23cfe9106\n"
        "nixpkgs      not pinned → 7af23cfe9106 (2026-07-01)\n"
    )
    assert "Run `pyenvspec compile`" in said.err


def test_lock_leaves_pins_that_serve(stand_in: StandIn, project: Path) -> None:
    (project / "env.lock.json").write_text(format_lock({**OLD, "gone": OLD["nixpkgs"]}))
    assert lock.run(_options("lock", project)) == 0
    assert _pins(project) == OLD
    assert stand_in.calls == []


def test_lock_pins_again_what_asks_for_another_branch(stand_in: StandIn, project: Path) -> None:
    stale = Pin(FlakeRef("NixOS", "nixpkgs", "nixos-24.11"), OLD_REV, OLD_HASH)
    (project / "env.lock.json").write_text(format_lock({**OLD, "nixpkgs": stale}))
    assert lock.run(_options("lock", project)) == 0
    assert _pins(project) == {**OLD, "nixpkgs": Pin(NIXPKGS, REV, HASH, 1782905613)}
    assert _asked(stand_in) == ["nixpkgs"]


def test_update_moves_all_but_what_is_a_revision(stand_in: StandIn, project: Path) -> None:
    (project / "env.lock.json").write_text(format_lock(OLD))
    assert update.run(_options("update", project)) == 0
    assert {name: pin.rev for name, pin in _pins(project).items()} == {
        "fixed": FIXED_REV,
        "flake-parts": REV,
        "nixpkgs": REV,
    }
    assert _asked(stand_in) == ["flake-parts", "nixpkgs"]


def test_update_of_one_moves_only_that(stand_in: StandIn, project: Path) -> None:
    (project / "env.lock.json").write_text(format_lock(OLD))
    assert update.run(_options("update", project, "nixpkgs")) == 0
    assert _pins(project) == {**OLD, "nixpkgs": Pin(NIXPKGS, REV, HASH, 1782905613)}


def test_a_dry_run_shows_and_writes_nothing(
    stand_in: StandIn, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = format_lock(OLD)
    (project / "env.lock.json").write_text(before)
    assert update.run(_options("update", project, "nixpkgs", dry_run=True)) == 0
    assert (project / "env.lock.json").read_text() == before
    said = capsys.readouterr()
    assert said.out == "nixpkgs  012345678901 (2023-11-14) → 7af23cfe9106 (2026-07-01)\n"
    assert "Nothing was written" in said.err


def test_json_has_the_old_and_the_new(
    stand_in: StandIn, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "env.lock.json").write_text(format_lock(OLD))
    assert update.run(_options("update", project, "nixpkgs", json=True)) == 0
    told = json.loads(capsys.readouterr().out)
    (change,) = told["changes"]
    assert (change["input"], change["old"]["rev"], change["new"]["rev"]) == ("nixpkgs", OLD_REV, REV)
    assert told["written"] is True
    assert sorted(told["pins"]) == sorted(OLD)
    assert change["new"]["url"].startswith(f"github:NixOS/nixpkgs/{REV}?narHash=sha256-")


def test_an_unknown_input_is_told_with_the_nearest(stand_in: StandIn, project: Path) -> None:
    with pytest.raises(LockError) as refused:
        update.run(_options("update", project, "nixpkg"))
    (found,) = refused.value.diagnostics
    assert (found.code, found.hint) == ("lock-unknown-input", "did you mean `nixpkgs`?")
    assert stand_in.calls == []


@pytest.mark.parametrize("run", [lock.run, update.run])
@pytest.mark.parametrize("there", [True, False])
def test_a_failure_writes_nothing(
    stand_in: StandIn, project: Path, run: Callable[[UpdateOptions], int], there: bool
) -> None:
    stand_in.answer({**ANSWERS, "NixOS/nixpkgs": {"fault": "rate-limit"}})
    before = format_lock({"flake-parts": OLD["flake-parts"]})
    if there:
        (project / "env.lock.json").write_text(before)
    with pytest.raises(LockError):
        run(_options("lock", project))
    left = [path.name for path in project.iterdir()]
    assert left == (["env.lock.json"] if there else [])
    assert not there or (project / "env.lock.json").read_text() == before


def test_a_bad_lock_stops_before_anything_is_asked(stand_in: StandIn, project: Path) -> None:
    (project / "env.lock.json").write_text("<<<<<<< HEAD\n")
    with pytest.raises(LockError):
        lock.run(_options("lock", project))
    assert stand_in.calls == []


# --- verify


def test_verify_asks_again_and_says_what_it_cannot_know(
    stand_in: StandIn, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock.run(_options("lock", project))
    text = (project / "env.lock.json").read_text()
    capsys.readouterr()
    assert lock.run(_options("lock", project, verify=True)) == 0
    said = capsys.readouterr()
    assert said.out == (
        "fixed        ff5d8bd4d68a  asked for by revision\n"
        "flake-parts  7af23cfe9106  newest of the default branch\n"
        "nixpkgs      7af23cfe9106  newest of nixos-25.11\n"
    )
    assert "nobody can tell" in said.err
    assert (project / "env.lock.json").read_text() == text


def test_verify_finds_a_hash_that_is_another(stand_in: StandIn, project: Path) -> None:
    forged = Pin(NIXPKGS, REV, OLD_HASH, 1)
    (project / "env.lock.json").write_text(format_lock({"nixpkgs": forged}))
    with pytest.raises(LockError) as caught:
        lock.run(_options("lock", project, verify=True))
    (found,) = caught.value.diagnostics
    assert (found.code, found.expected) == ("lock-mismatch", HASH)
    assert "pyenvspec update nixpkgs" in (found.hint or "")


def test_verify_tells_a_revision_that_is_not_the_newest(
    stand_in: StandIn, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(wanted: dict[str, FlakeRef], _: object) -> dict[str, Pin]:
        is_again = wanted["nixpkgs"].ref == OLD_REV
        return {"nixpkgs": Pin(NIXPKGS, OLD_REV if is_again else REV, OLD_HASH if is_again else HASH)}

    monkeypatch.setattr("pyenvspec.commands.pin.verify.fetch_pins", fetch)
    (project / "env.lock.json").write_text(format_lock({"nixpkgs": OLD["nixpkgs"]}))
    assert lock.run(_options("lock", project, verify=True)) == 0
    assert "not the newest of nixos-25.11, which is 7af23cfe9106" in capsys.readouterr().out

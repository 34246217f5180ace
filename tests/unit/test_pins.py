"""Pins from GitHub, the answers replayed by a stand-in for nix-prefetch-github on PATH."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from stand_in import StandIn

from pyenvspec.pinning.fetch import fetch_pins
from pyenvspec.pinning.pinfile import FlakeRef, LockError, Pin
from pyenvspec.tools import SystemRunner

if TYPE_CHECKING:
    from pyenvspec.diagnostics import Diagnostic
    from pyenvspec.pinning.fetch import Progress

REV = "7af23cfe91064865ecf2e835da28b45b3c6f49fd"
OTHER_REV = "49dac8d206c42175b069b7c6050ba27060a21106"
HASH = "sha256-SvXJcAemihifkTn4BGvyE5K1FJX9bl4U8DQ5pqKvD0s="
NIXPKGS = FlakeRef("NixOS", "nixpkgs", "nixos-25.11")
GOOD = {"rev": REV, "hash": HASH, "date": "2026-07-01", "time": "11:33:33"}


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    return StandIn(tmp_path, monkeypatch)


def _refuse(wanted: dict[str, FlakeRef], timeout: float = 60.0) -> tuple[Diagnostic, ...]:
    with pytest.raises(LockError) as refused:
        fetch_pins(wanted, SystemRunner(), timeout=timeout)
    return refused.value.diagnostics


def test_a_pin_is_what_the_program_says(stand_in: StandIn) -> None:
    stand_in.answer({"NixOS/nixpkgs": GOOD})
    assert fetch_pins({"nixpkgs": NIXPKGS}, SystemRunner()) == {
        "nixpkgs": Pin(NIXPKGS, REV, HASH, 1782905613)
    }
    assert stand_in.calls == [["--meta", "-v", "--rev=nixos-25.11", "--", "NixOS", "nixpkgs"]]


def test_a_pin_is_good_without_the_time_of_its_commit(stand_in: StandIn) -> None:
    stand_in.answer({"NixOS/nixpkgs": {"rev": REV, "hash": HASH}})
    source = FlakeRef("NixOS", "nixpkgs")
    assert fetch_pins({"nixpkgs": source}, SystemRunner()) == {"nixpkgs": Pin(source, REV, HASH)}
    assert stand_in.calls == [["--meta", "-v", "--", "NixOS", "nixpkgs"]]


def test_several_are_fetched_and_told_of_as_they_come(stand_in: StandIn) -> None:
    names = [f"r{number}" for number in range(12)]
    stand_in.answer({f"NixOS/{name}": GOOD for name in names})
    told: list[Progress] = []
    wanted = {name: FlakeRef("NixOS", name) for name in names}
    pins = fetch_pins(wanted, SystemRunner(), on_progress=told.append)
    assert list(pins) == sorted(names)
    assert [progress.done for progress in told] == list(range(1, 13))
    assert {progress.name for progress in told} == set(names)


def test_nothing_wanted_runs_nothing(stand_in: StandIn) -> None:
    assert fetch_pins({}, SystemRunner()) == {}
    assert stand_in.calls == []


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        ({"fault": "nonsense"}, "prefetch-answer", "printed no JSON: '<html>Unicorn!</html>'"),
        ({"rev": "main", "hash": HASH}, "prefetch-answer", "printed no revision"),
        ({"rev": REV, "hash": "sha256:1y4ly7"}, "prefetch-hash", "another form: sha256:1y4ly7"),
        ({"rev": REV, "hash": None}, "prefetch-hash", "another form: none"),
        ({"rev": REV, "hash": HASH, "owner": "Evil"}, "prefetch-mismatch", "answered for evil/nixpkgs"),
        ({"fault": "rate-limit"}, "prefetch-rate-limit", "GitHub refuses more requests"),
        ({"fault": "network"}, "prefetch-network", "GitHub cannot be reached"),
        ({"fault": "no-repository"}, "prefetch-repository", "no public repository NixOS/nixpkgs"),
        ({"fault": "no-ref"}, "prefetch-ref", "NixOS/nixpkgs has no branch or tag nixos-25.11"),
        ({"fault": "no-revision"}, "prefetch-ref", "GitHub has no revision nixos-25.11"),
        ({"fault": "no-nixpkgs"}, "prefetch-incomplete", "a program that `nix-prefetch-github` needs"),
        ({"fault": "old"}, "prefetch-old", "`nix-prefetch-github` is too old"),
        ({"fault": "server"}, "prefetch-failed", "The requested URL returned error: 500"),
    ],
)
def test_each_fault_has_its_own_words(
    stand_in: StandIn, answer: dict[str, Any], code: str, says: str
) -> None:
    stand_in.answer({"NixOS/nixpkgs": answer})
    (found,) = _refuse({"nixpkgs": NIXPKGS})
    assert found.code == code
    assert says in found.message
    assert found.expected
    assert found.hint


def test_another_revision_than_the_one_asked_for_is_refused(stand_in: StandIn) -> None:
    stand_in.answer({"NixOS/nixpkgs": GOOD})
    (found,) = _refuse({"nixpkgs": FlakeRef("NixOS", "nixpkgs", OTHER_REV)})
    assert found.code == "prefetch-mismatch"


def test_a_program_that_hangs_is_stopped(stand_in: StandIn) -> None:
    stand_in.answer({"NixOS/nixpkgs": {"fault": "hang"}})
    began = time.monotonic()
    (found,) = _refuse({"nixpkgs": NIXPKGS}, timeout=1.0)
    assert found.code == "prefetch-timeout"
    assert time.monotonic() - began < 30


def test_a_missing_program_is_told_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (found,) = _refuse({"a": NIXPKGS, "b": FlakeRef("NixOS", "nix")})
    assert found.code == "prefetch-missing"
    assert found.hint is not None
    assert "pip install nix-prefetch-github" in found.hint


def test_every_input_that_fails_is_told(stand_in: StandIn) -> None:
    stand_in.answer(
        {"NixOS/nixpkgs": GOOD, "NixOS/a": {"fault": "no-ref"}, "NixOS/b": {"fault": "no-repository"}}
    )
    wanted = {"nixpkgs": NIXPKGS, "a": FlakeRef("NixOS", "a", "x"), "b": FlakeRef("NixOS", "b")}
    assert [found.code for found in _refuse(wanted)] == ["prefetch-ref", "prefetch-repository"]


def test_what_is_true_of_the_machine_is_told_once(stand_in: StandIn) -> None:
    names = ("nixpkgs", "a", "b")
    stand_in.answer({f"NixOS/{name}": {"fault": "network"} for name in names})
    (found,) = _refuse({name: FlakeRef("NixOS", name) for name in names})
    assert found.message == "`a` (github:NixOS/a): GitHub cannot be reached; the same for 2 more inputs"


@pytest.fixture
def real_program(monkeypatch: pytest.MonkeyPatch) -> str:
    """The real nix-prefetch-github: on PATH, or installed beside the interpreter of the tests."""
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    program = shutil.which("nix-prefetch-github", path=folders)
    if program is None:
        pytest.skip("needs the real nix-prefetch-github (pip install nix-prefetch-github)")
    monkeypatch.setenv("PATH", folders)
    return program


def test_the_real_program_takes_our_arguments(real_program: str) -> None:
    told = SystemRunner().run((real_program, "--help"), timeout=60)
    assert told.ok
    for word in ("--meta", "--rev", "--verbose, -v", "owner", "repo"):
        assert word in told.stdout


def test_the_real_program_fails_without_network_as_the_stand_in_does(
    real_program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A proxy that nobody listens at: git's attempt ends at this machine.
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (found,) = _refuse({"nixpkgs": NIXPKGS})
    assert found.code == "prefetch-network"

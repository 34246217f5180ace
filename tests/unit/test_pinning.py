"""Pins and inputs brought together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyenvspec.diagnostics import Severity
from pyenvspec.facts.input_sources import input_source, input_sources, known_hash
from pyenvspec.pinning import pins as pinning
from pyenvspec.pinning.pinfile import FlakeRef, LockError, Pin, format_lock, is_nar_hash
from pyenvspec.pinning.pins import check_pins, pin_inputs, read_pins
from pyenvspec.plan import FlakeInput

if TYPE_CHECKING:
    from pathlib import Path

REV = "7af23cfe91064865ecf2e835da28b45b3c6f49fd"
HASH = "sha256-SvXJcAemihifkTn4BGvyE5K1FJX9bl4U8DQ5pqKvD0s="
OTHER_HASH = "sha256-/uEkr1UkJrh11vD02aqufCxtbF5YnhRTIKlx5kyvf+I="
NIXPKGS = FlakeInput("nixpkgs", "github:NixOS/nixpkgs/nixos-25.11")
MINE = FlakeInput("mine", "github:me/mine", flake=False)
PIN = Pin(FlakeRef("NixOS", "nixpkgs", "nixos-25.11"), REV, HASH)


def test_a_project_without_a_lock_has_no_pins(tmp_path: Path) -> None:
    assert read_pins(tmp_path) == {}


def test_a_lock_is_read(tmp_path: Path) -> None:
    (tmp_path / "env.lock.json").write_text(format_lock({"nixpkgs": PIN}))
    assert read_pins(tmp_path) == {"nixpkgs": PIN}


def test_two_hashes_for_one_revision_are_refused(tmp_path: Path) -> None:
    other = Pin(FlakeRef("nixos", "Nixpkgs", "main"), REV, OTHER_HASH)
    (tmp_path / "env.lock.json").write_text(format_lock({"nixpkgs": PIN, "nixpkgs-cuda": other}))
    with pytest.raises(LockError) as refused:
        read_pins(tmp_path)
    assert [d.code for d in refused.value.diagnostics] == ["lock-mismatch"]


def test_another_hash_than_the_tested_one_is_refused(tmp_path: Path) -> None:
    source = input_source("flake-parts")
    assert source is not None
    assert source.rev is not None
    pin = Pin(FlakeRef(source.owner, source.repo), source.rev, HASH)
    (tmp_path / "env.lock.json").write_text(format_lock({"flake-parts": pin}))
    with pytest.raises(LockError) as refused:
        read_pins(tmp_path)
    assert [d.code for d in refused.value.diagnostics] == ["lock-mismatch"]


def test_inputs_get_their_pins_and_the_others_stay() -> None:
    assert pin_inputs((NIXPKGS, MINE), {"nixpkgs": PIN, "gone": PIN}) == (
        FlakeInput("nixpkgs", PIN.url),
        MINE,
    )


def test_a_pin_for_another_branch_is_not_used() -> None:
    asked = FlakeInput("nixpkgs", "github:NixOS/nixpkgs/nixos-26.05")
    assert pin_inputs((asked,), {"nixpkgs": PIN}) == (asked,)
    (found,) = check_pins((asked,), {"nixpkgs": PIN}, locked=False)
    assert (found.code, found.severity) == ("lock-stale-pin", Severity.WARNING)


def test_locked_wants_every_pin() -> None:
    found = check_pins((NIXPKGS, MINE), {}, locked=True)
    assert [(d.code, d.severity) for d in found] == [("lock-missing-pin", Severity.ERROR)] * 2
    assert check_pins((NIXPKGS,), {"nixpkgs": PIN}, locked=True) == ()


def test_without_a_lock_nothing_is_said_of_pins() -> None:
    assert check_pins((NIXPKGS, MINE), {}, locked=False) == ()
    assert len(check_pins((NIXPKGS, MINE), {"nixpkgs": PIN}, locked=False)) == 1


def test_a_tested_revision_needs_no_lock() -> None:
    source = input_source("flake-parts")
    assert source is not None
    assert source.rev is not None
    assert source.nar_hash is not None
    tested = FlakeInput("flake-parts", source.url)
    pin = Pin(
        FlakeRef(source.owner, source.repo, source.rev), source.rev, source.nar_hash, source.last_modified
    )
    moving = FlakeInput("devenv", "github:cachix/devenv")
    assert pinning.tested_pins((NIXPKGS, tested, moving)) == {"flake-parts": pin}


def test_every_row_of_the_facts_is_whole() -> None:
    for source in input_sources():
        assert source.source
        if source.rev is not None:
            assert source.nar_hash is not None
            assert is_nar_hash(source.nar_hash)
            assert source.last_modified
            assert known_hash(source.owner.upper(), source.repo, source.rev) == source.nar_hash
            assert source.url.endswith(source.rev)
        for own in source.inputs:
            assert (own.url is None) != (own.follows is None)
            assert not source.lock or own.name in source.lock["root"]["inputs"]

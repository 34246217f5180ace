"""env.lock.json: its text, and what is refused in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pyenvspec.pinning.pinfile import (
    FlakeRef,
    LockError,
    Pin,
    format_lock,
    is_nar_hash,
    parse_flake_ref,
    parse_lock,
)

if TYPE_CHECKING:
    from pyenvspec.diagnostics import Diagnostic

REV = "7af23cfe91064865ecf2e835da28b45b3c6f49fd"
HASH = "sha256-SvXJcAemihifkTn4BGvyE5K1FJX9bl4U8DQ5pqKvD0s="
OTHER_HASH = "sha256-/uEkr1UkJrh11vD02aqufCxtbF5YnhRTIKlx5kyvf+I="
PIN = Pin(FlakeRef("NixOS", "nixpkgs", "nixos-25.11"), REV, HASH, 1782905613)
BARE = Pin(FlakeRef("nlewo", "nix2container"), REV, OTHER_HASH)


def _refuse(text: str | bytes) -> Diagnostic:
    with pytest.raises(LockError) as refused:
        parse_lock(text.encode() if isinstance(text, str) else text)
    (only,) = refused.value.diagnostics
    return only


def _changed(key: str, value: Any) -> str:
    document = json.loads(format_lock({"nixpkgs": PIN}))
    document["inputs"]["nixpkgs"][key] = value
    return json.dumps(document, indent=2)


def test_the_text_is_the_same_in_any_order_and_reads_back() -> None:
    text = format_lock({"nixpkgs": PIN, "nix2container": BARE})
    assert text == format_lock({"nix2container": BARE, "nixpkgs": PIN})
    assert parse_lock(text.encode()) == {"nix2container": BARE, "nixpkgs": PIN}
    assert text == (
        '{ "$comment": "Written by pyenvspec lock. Do not edit: run `pyenvspec update` to move the pins.",\n'
        '  "version": 1,\n'
        '  "inputs": {\n'
        '    "nix2container": {\n'
        '      "owner": "nlewo",\n'
        '      "repo": "nix2container",\n'
        '      "ref": null,\n'
        f'      "rev": "{REV}",\n'
        f'      "narHash": "{OTHER_HASH}",\n'
        f'      "check": "{BARE.check}"\n'
        "    },\n"
        '    "nixpkgs": {\n'
        '      "owner": "NixOS",\n'
        '      "repo": "nixpkgs",\n'
        '      "ref": "nixos-25.11",\n'
        f'      "rev": "{REV}",\n'
        f'      "narHash": "{HASH}",\n'
        '      "lastModified": 1782905613,\n'
        f'      "check": "{PIN.check}"\n'
        "    }\n"
        "  }\n"
        "}\n"
    )


def test_a_pinned_url_spells_the_hash_as_nix_does() -> None:
    assert BARE.url == (
        f"github:nlewo/nix2container/{REV}?narHash=sha256-/uEkr1UkJrh11vD02aqufCxtbF5YnhRTIKlx5kyvf%2BI%3D"
    )
    assert parse_flake_ref(BARE.url) == FlakeRef("nlewo", "nix2container", REV)


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("github:NixOS/nixpkgs", FlakeRef("NixOS", "nixpkgs")),
        ("github:NixOS/nixpkgs/nixos-25.11", FlakeRef("NixOS", "nixpkgs", "nixos-25.11")),
        ("github:a/b/feature/x", FlakeRef("a", "b", "feature/x")),
        ("github:a/b?ref=v1.0", FlakeRef("a", "b", "v1.0")),
    ],
)
def test_urls_are_read(url: str, source: FlakeRef) -> None:
    assert parse_flake_ref(url) == source


@pytest.mark.parametrize(
    "url",
    ["gitlab:a/b", "github:a", "github:a/b?dir=x", "github:-a/b", "github:a/..", "github:a/b/--x", "path:."],
)
def test_urls_that_cannot_be_pinned_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse_flake_ref(url)


@pytest.mark.parametrize(
    "text",
    [
        "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        HASH[:-1],
        HASH.replace("256", "512"),
        HASH[:-2] + "t=",
        "1y4ly7lgqm03wap4mh01yzcmvryp29w739fy07zzvz15h2z9x3dv",
    ],
)
def test_texts_that_are_no_hash_of_anything(text: str) -> None:
    assert not is_nar_hash(text)


def test_both_sides_of_a_merge_are_refused_with_the_line() -> None:
    text = format_lock({"nixpkgs": PIN}).replace('  "version"', '<<<<<<< HEAD\n  "version"')
    found = _refuse(text)
    assert found.code == "lock-conflict"
    assert found.span is not None
    assert (found.span.line, found.source_line) == (2, "<<<<<<< HEAD")
    assert found.hint is not None
    assert "git checkout --ours -- env.lock.json" in found.hint


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "lock-syntax", 1),
        ('{"version": 1,\n "inputs": }', "lock-syntax", 2),
        (b'{"version": 1}\n\xff', "lock-syntax", 2),
        ("[" * 100_000, "lock-syntax", None),
        ("[]", "lock-format", None),
        ('{"inputs": {}}', "lock-format", None),
        ('{"version": 2, "inputs": {}}', "lock-format", 1),
        ('{"version": true, "inputs": {}}', "lock-format", 1),
        ('{"version": 1,\n"version": 1}', "lock-duplicate-key", 2),
        ('{"version": 1, "inputs": []}', "lock-invalid", None),
        ('{"version": 1,\n"inputs": {}, "more": 1}', "lock-invalid", 2),
        ('{"version": 1,\n"inputs": {\n"nixpkgs": {}}}', "lock-invalid", 3),
        (_changed("rev", "main"), "lock-revision", 9),
        (_changed("rev", REV.upper()), "lock-revision", 9),
        (_changed("narHash", "sha256:abc"), "lock-hash", 10),
        (_changed("narHash", OTHER_HASH), "lock-mismatch", 12),
        (_changed("rev", "0" * 40), "lock-mismatch", 12),
        (_changed("ref", "main"), "lock-mismatch", 12),
        (_changed("owner", "a b"), "lock-invalid", 5),
        (_changed("repo", 7), "lock-invalid", 5),
        (_changed("lastModified", True), "lock-invalid", 11),
        (_changed("more", 1), "lock-invalid", 5),
    ],
)
def test_what_is_refused(text: str | bytes, code: str, line: int | None) -> None:
    found = _refuse(text)
    assert (found.code, found.span and found.span.line) == (code, line)
    assert found.file == "env.lock.json"
    assert found.expected
    assert found.hint


def test_a_newer_format_says_who_wrote_it() -> None:
    assert _refuse('{"version": 9}').hint == "Update pyenvspec: a newer one wrote this file."


def test_every_pin_that_is_wrong_is_told() -> None:
    document = json.loads(format_lock({"nixpkgs": PIN, "nix2container": BARE}))
    document["inputs"]["nixpkgs"]["rev"] = "x"
    document["inputs"]["nix2container"]["narHash"] = "y"
    with pytest.raises(LockError) as refused:
        parse_lock(json.dumps(document).encode())
    assert {d.code for d in refused.value.diagnostics} == {"lock-revision", "lock-hash"}

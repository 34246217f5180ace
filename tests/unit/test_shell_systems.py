"""Each shell has its systems: one with CUDA is made for Linux alone, and takes no other system away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyenvspec.cli import run
from pyenvspec.driver import check_project

if TYPE_CHECKING:
    from pathlib import Path

LINUX = ("x86_64-linux", "aarch64-linux")
ALL = (*LINUX, "aarch64-darwin")
X86 = ("x86_64-linux",)
MAC = "aarch64-darwin"


def systems(folder: Path, text: str) -> dict[str, tuple[str, ...]]:
    (folder / "env.yaml").write_text(f"python: 3.12\n{text}\n")
    _, plan, _ = check_project(folder)
    return {"flake": plan.systems, **{shell.name: shell.systems for shell in plan.shells}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {"flake": ALL, "default": ALL}),
        ("cuda: 12.8", {"flake": LINUX, "default": LINUX}),
        ("variants: {gpu: {cuda: 12.8}}", {"flake": ALL, "default": ALL, "gpu": LINUX}),
        (
            "cuda: 12.8\nvariants: {mac: {cuda: null}}",
            {"flake": ALL, "default": LINUX, "mac": ALL},
        ),
        (
            f"systems: [x86_64-linux, {MAC}]\nvariants: {{gpu: {{cuda: 12.8}}}}",
            {"flake": ("x86_64-linux", MAC), "default": ("x86_64-linux", MAC), "gpu": X86},
        ),
        (
            f"cuda: 12.8\nsystems: [x86_64-linux]\nvariants: {{mac: {{cuda: null, systems: [{MAC}]}}}}",
            {"flake": ("x86_64-linux", MAC), "default": X86, "mac": (MAC,)},
        ),
        # CUDA 11.4 of cuda-legacy is there for x86 alone; who asks for none keeps the other Linux.
        ("variants: {gpu: {cuda: 11.4}}", {"flake": ALL, "default": ALL, "gpu": LINUX}),
    ],
)
def test_systems_of_the_shells(tmp_path: Path, text: str, expected: dict[str, tuple[str, ...]]) -> None:
    assert systems(tmp_path, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"cuda: 12.8\nsystems: [x86_64-linux, {MAC}]",
        f"variants: {{gpu: {{cuda: 12.8, systems: [{MAC}]}}}}",
        f"systems: [{MAC}]\nvariants: {{gpu: {{cuda: 12.8}}}}",
    ],
)
def test_a_system_that_no_shell_could_be_made_for_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (tmp_path / "env.yaml").write_text(f"python: 3.12\n{text}\n")
    assert run(["check", "-C", str(tmp_path)]) == 1
    assert f"error[cuda-on-darwin]: there is no CUDA for {MAC}" in capsys.readouterr().err


def test_the_variant_says_what_is_otherwise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "env.yaml").write_text("python: 3.12\nvariants: {gpu: {cuda: 12.8}}\n")
    assert run(["explain", "-C", str(tmp_path), "--plan"]) == 0
    shown = capsys.readouterr().out
    assert "there is no CUDA 12.8 for aarch64-darwin" in shown


def test_libraries_that_python_on_macos_does_not_find_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "env.yaml").write_text(f"python: 3.12\nsystems: [{MAC}]\nnative: [libsndfile, jq, git]\n")
    assert run(["check", "-C", str(tmp_path)]) == 0
    told = capsys.readouterr().err
    assert "only the programs of `libsndfile` are there" in told
    assert "of `git`" not in told


@pytest.mark.parametrize(
    ("named", "lacking"),
    [
        ("aarch64-linux", "aarch64-linux"),
        ("x86_64-linux, aarch64-linux", "aarch64-linux"),
        ("x86_64-linux", ""),
    ],
)
def test_a_system_that_a_variant_names_is_not_left_out_in_silence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], named: str, lacking: str
) -> None:
    (tmp_path / "env.yaml").write_text(
        f"python: 3.8\nvariants:\n  old:\n    cuda: 10.2\n    systems: [{named}]\n"
    )
    assert run(["check", "-C", str(tmp_path)]) == (1 if lacking else 0)
    told = capsys.readouterr().err
    assert ("error[no-release]: Python 3.8 and CUDA 10.2 is not there for all of" in told) is bool(lacking)
    assert (f"take {lacking} from `systems`, or another version" in told) is bool(lacking)

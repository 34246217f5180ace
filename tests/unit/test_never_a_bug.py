"""What once ended as a bug of ours, by kind: input that two places judged, output that nobody takes, folders gone."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pyenvspec.cli import run
from pyenvspec.pinning.pinfile import parse_flake_ref

if TYPE_CHECKING:
    from pathlib import Path

START = "python: {version: 3.12, manager: pip}\n"
OUTPUT = (
    ("check", "--json"),
    ("compile", "--stdout"),
    ("compile", "--json"),
    ("compile", "--emit", "plan"),
    ("schema",),
    ("explain", "native"),
    ("explain", "--plan", "--json"),
    ("search", "ffmpeg"),
    ("doctor",),
    ("doctor", "--json"),
    ("--version",),
    ("check", "--help"),
)
IN_A_FOLDER = ("check", "compile", "init", "lock", "shell", "add zlib", "remove zlib", "container build x")


def start(project: Path, words: tuple[str, ...], output: str) -> subprocess.CompletedProcess[str]:
    """Run a verb with its standard output redirected as a shell would."""
    command = ["sh", "-c", f'"$@" {output}', "sh", sys.executable, "-m", "pyenvspec", *words]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        command, cwd=project, capture_output=True, text=True, timeout=60, env=env, check=False
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "env.yaml").write_text(START)
    return tmp_path


@pytest.mark.parametrize(
    ("github", "ref"),
    [
        *((name, None) for name in ("-o/x", "o/..", "o/.", "-/-", "o")),
        *(
            ("o/x", ref)
            for ref in ("a..b", "a//b", "refs/../x", "a/", "a.lock", "x.", "h/.x", "a/./b", "-x", "a@{x")
        ),
    ],
)
def test_check_and_compile_agree_on_what_names_a_repository(
    github: str, ref: str | None, project: Path
) -> None:
    given = f'github: "{github}"' + (f', ref: "{ref}"' if ref else "")
    (project / "env.yaml").write_text(f"{START}inputs: {{x: {{{given}}}}}\n")
    assert run(["check", "-C", str(project)]) == 1
    assert run(["compile", "--check", "-C", str(project)]) == 1
    with pytest.raises(ValueError):
        parse_flake_ref(f"github:{github}" + (f"/{ref}" if ref else ""))


@pytest.mark.parametrize("ref", ["main", "v1.0+cu118", "release/2.1", "a@b", "0" * 40])
def test_what_is_a_ref_stays_one(ref: str, project: Path) -> None:
    (project / "env.yaml").write_text(f'{START}inputs: {{x: {{github: o/x.git, ref: "{ref}"}}}}\n')
    assert run(["compile", "-C", str(project)]) == 0


@pytest.mark.parametrize("line", ["cuda: [x]", "cuda: {packages: 5}", "native: 5", "native: {a: 1}"])
def test_add_to_what_is_no_list_is_a_message(
    line: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "env.yaml").write_text(START + line + "\n")
    name = "cuda.nccl" if line.startswith("cuda") else "ffmpeg"
    assert run(["add", name, "-C", str(project)]) == 1
    assert "near line 2" in capsys.readouterr().err


@pytest.mark.parametrize("words", OUTPUT, ids=" ".join)
def test_a_full_or_closed_output_is_told(words: tuple[str, ...], project: Path) -> None:
    done = start(project, words, ">/dev/full")
    assert (done.returncode, "BUG" in done.stderr, "Traceback" in done.stderr) == (1, False, False)
    closed = start(project, words, ">&-")
    assert "BUG" not in closed.stderr and "Traceback" not in closed.stderr and closed.returncode in (0, 1)


@pytest.mark.parametrize("words", IN_A_FOLDER)
def test_a_folder_that_was_deleted_is_told(words: str, tmp_path: Path) -> None:
    script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
    command = ["sh", "-c", script, "sh", sys.executable, "-m", "pyenvspec", *words.split()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    assert "deleted" in done.stderr


def test_a_folder_that_is_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "-C", str(tmp_path / "none")]) == 1
    assert "there is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        START + "native: [" + ", ".join(f"zzunknown{number}" for number in range(1000)) + "]\n",
        START + "".join(f"wrong{number}: 1\n" for number in range(3000)),
        START + "native:\n" + "- yes\n" * 3000,
        "- yes\n" * 3000,
        START + "env:\n" + "".join(f"  A{number}: ${{x}}\n" for number in range(3000)),
    ],
    ids=["unknown-natives", "wrong-keys", "wrong-items", "no-mapping", "wrong-texts"],
)
def test_many_mistakes_are_counted_and_not_all_shown(
    text: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "env.yaml").write_text(text)
    assert run(["check", "-C", str(project)]) == 1
    said = capsys.readouterr().err
    assert len(said) < 200_000
    assert said.count("error[") <= 100
    assert "more findings are left out" in said or said.count("error[") < 5, said[-500:]


def test_many_items_are_removed_at_once(project: Path) -> None:
    lines = ["native:", *(f"- zlib # {number}" for number in range(500)), "- ffmpeg  # mine", "# end"]
    (project / "env.yaml").write_text(START + "\n".join(lines) + "\n")
    assert run(["remove", "zlib", "-C", str(project)]) == 0
    assert (project / "env.yaml").read_text() == START + "native:\n- ffmpeg  # mine\n# end\n"


@pytest.mark.parametrize("verb", ["diagnose", "clean", "get-nix", "lsp", "compile"])
def test_an_input_that_is_closed_is_no_terminal(verb: str, project: Path, tmp_path: Path) -> None:
    done = start(project, (verb,), "<&-")
    assert done.returncode in (0, 1, 2), done.stderr
    assert "Traceback" not in done.stderr


def test_a_number_that_nix_has_no_bits_for_is_a_text(project: Path) -> None:
    lines = (
        "services: {postgres: {enable: true, settings: {a: 9223372036854775807, b: 9223372036854775808}}}\n"
    )
    (project / "env.yaml").write_text(START + lines)
    assert run(["compile", "-C", str(project)]) == 0
    module = (project / "nix/pyenvspec/default.nix").read_text()
    (project / "env.yaml").write_text(
        START + "processes: {p: {run: x, ready: {http: 80, every: 9223372036854775808}}}\n"
    )
    assert run(["compile", "-C", str(project)]) == 1
    assert "a = 9223372036854775807;" in module
    assert 'b = "9223372036854775808";' in module

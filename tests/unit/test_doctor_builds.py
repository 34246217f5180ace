"""`doctor --online` counts what opening the shell fetches and builds; Nix only pretends here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from test_command_doctor import DescribedHost, DescribedRunner, doctor, failed, nix, section

from pyenvspec.cli import run
from pyenvspec.commands.doctor.builds import sort_out
from pyenvspec.commands.doctor.command import DoctorOptions, examine
from pyenvspec.facts.caches import caches_for, caches_to_try, find_cache
from pyenvspec.facts.systems import this_system
from pyenvspec.tools import Result

if TYPE_CHECKING:
    from pathlib import Path

CUDA = find_cache("nixos-cuda")
assert CUDA is not None
FEATURES = "nix-command flakes"
ASK = (
    f"nix {FEATURES} build --dry-run --no-write-lock-file --option accept-flake-config false"
    " --option allow-import-from-derivation false --option pure-eval true"
)
CACHES = f" --option extra-substituters {CUDA.url} --option extra-trusted-public-keys {CUDA.key}"
TARGET = f" .#devShells.{this_system()}.default"
FETCHED = "these 34 paths will be fetched (120.5 MiB download, 600.0 MiB unpacked):\n  /nix/store/a-b\n"
OPENING = "    "


def row(name: str, **env: object) -> dict[str, object]:
    return {"name": name, "outputs": {"out": {"path": f"{name[:3]}hash-{name}"}}, "env": env}


ROWS: dict[str, dict[str, object]] = {
    "1-magma-2.9.0.drv": row("magma-2.9.0", src="/nix/store/x-magma-2.9.0.tar.gz"),
    "2-torch-2.7.drv": {
        "name": "torch-2.7",
        "outputs": {"dev": {"path": "no-torch-2.7-dev"}, "out": {"path": "/nix/store/torhash-torch-2.7"}},
        "structuredAttrs": {"src": "/nix/store/x-source"},
        "env": {},
    },
    "3-numpy.drv": row("numpy-1.26", src="/nix/store/x-numpy-1.26-cp311-cp311-manylinux_2_17.whl"),
    "4-nvcc.drv": row("cuda12.4-cuda_nvcc", src="/nix/store/x-cuda_nvcc-linux-x86_64-12.4-archive.tar.xz"),
    "5-lab.drv": row("lab", preferLocalBuild="1", src="/nix/store/x-y"),
    "6-driver.drv": row("driver.so"),
    "7-source.drv": {"name": "source", "outputs": {"out": {"hash": "sha256-x"}}, "env": {"src": "x"}},
}


def listed(rows: dict[str, dict[str, object]]) -> str:
    head = f"these {len(rows)} derivations" if len(rows) > 1 else "this derivation"
    return f"warning: x\n{head} will be built:\n" + "".join(f"  /nix/store/{name}\n" for name in rows)


def shows(rows: dict[str, dict[str, object]]) -> dict[str, Result | str]:
    command = f"nix {FEATURES} derivation show " + " ".join(f"/nix/store/{name}" for name in rows)
    return {command: json.dumps({"version": 4, "derivations": rows})}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that is compiled."""
    (tmp_path / "env.yaml").write_text("name: lab\npython: {version: 3.11, manager: pip}\ncuda: 12.4\n")
    (tmp_path / "requirements.txt").write_text("")
    assert run(["compile", "-q", "-C", str(tmp_path)]) == 0
    return tmp_path


def told(
    project: Path, stderr: str, more: dict[str, Result | str], capsys: pytest.CaptureFixture[str], *have: str
) -> tuple[int, str]:
    """The exit code and what is said of builds; `have` are hashes that the cache to try has."""
    answers = nix(trusted=True, accept_flake_config=True) | more
    answers[ASK + CACHES + TARGET] = Result((), 0, stderr=stderr)
    (other,) = caches_to_try("cuda")
    digests = [f"{digest}hash" for digest in ("mag", "tor", "num", "cud")]
    down = tuple(f"{other.url}/{digest}.narinfo" for digest in digests if digest not in have)
    code = doctor(project, DescribedHost(down=down), answers, online=True)
    return code, section(capsys.readouterr().out, "builds")


def test_all_of_it_is_fetched(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(project, FETCHED, {}, capsys) == (
        0,
        "  ✔ 34 paths to fetch: 120.5 MiB over the network, 600.0 MiB on the disk\n  ✔ nothing is built here",
    )


def test_a_single_path_is_one(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = "this path will be fetched (1.0 KiB download, 2.0 KiB unpacked):\n  /nix/store/a-b\n"
    assert "✔ 1 path to fetch: 1.0 KiB over the network" in told(project, one, {}, capsys)[1]


def test_all_of_it_is_there(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(project, "", {}, capsys) == (
        0,
        "  ✔ the shell is in the store: nothing is fetched or built",
    )


def test_packages_small_files_and_archives_are_told_apart(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, shown = told(project, listed(ROWS) + FETCHED, shows(ROWS), capsys)
    assert code == 0
    assert shown == (
        "  ✔ 34 paths to fetch: 120.5 MiB over the network, 600.0 MiB on the disk\n"
        "  ✔ 2 archives to unpack and 2 small files to make here\n"
        "  ! 2 packages to compile here, since no cache that is used has them: magma-2.9.0, torch-2.7"
    )


def test_what_is_only_unpacked_is_no_reason_to_wait(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {name: ROWS[name] for name in ("3-numpy.drv",)}
    _, shown = told(project, listed(rows), shows(rows), capsys)
    assert shown == ("  ✔ 1 archives to unpack and 0 small files to make here\n  ✔ nothing is compiled here")


def test_another_cache_is_advised_where_it_has_the_package(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, shown = told(project, listed(ROWS), shows(ROWS), capsys, "torhash")
    assert shown.endswith(
        "the cache `flox` (https://cache.flox.dev) has 1 of 2 of them; to use it, write in env.yaml:\n"
        f"  {OPENING}  caches: [flox]"
    )


def test_the_advice_is_valid_and_used_for_the_next_count(project: Path) -> None:
    """The cache that is advised is taken by its name, with its key, and not advised again."""
    with (project / "env.yaml").open("a") as stream:
        stream.write("caches: [flox]\n")
    assert run(["compile", "-q", "-C", str(project)]) == 0
    assert "https://cache.flox.dev" in (project / "flake.nix").read_text()
    assert "flox-cache-public-1:" in (project / "flake.nix").read_text()


def test_no_cache_is_used_for_what_its_users_report_alone() -> None:
    assert [cache.name for cache in caches_to_try("cuda")] == ["flox"]
    assert "flox" not in [cache.name for cache in caches_for("cuda")]


def test_capabilities_of_env_yaml_are_named_as_a_reason(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (project / "env.yaml").read_text()
    (project / "env.yaml").write_text(
        text.replace("cuda: 12.4", "cuda: {version: 12.4, capabilities: [9.0]}")
    )
    assert run(["compile", "-q", "-C", str(project)]) == 0
    _, shown = told(project, listed(ROWS), shows(ROWS), capsys)
    assert "leave `cuda.capabilities` out" in shown


@pytest.mark.parametrize(
    "shown", ["", "[]", "{}", '{"derivations": {"a": {}}}', '{"a.drv": {"outputs": {"out": 1}, "env": {}}}']
)
def test_a_nix_that_shows_derivations_otherwise_is_still_counted(
    shown: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (command,) = shows(ROWS)
    code, text = told(project, listed(ROWS), {command: shown}, capsys)
    assert code == 0
    assert "7 derivations are built" in text or "nothing is compiled" in text


def test_an_older_nix_shows_them_without_a_version() -> None:
    plain = {f"/nix/store/{name}": row for name, row in ROWS.items()}
    assert sort_out(json.dumps(plain)) == sort_out(json.dumps({"version": 4, "derivations": ROWS}))
    wrapped = row("a-1", __json=json.dumps({"src": "/nix/store/x.tar.gz"}))
    assert sort_out(json.dumps({"/nix/store/a.drv": wrapped})).compiled == ("a-1",)


def test_a_cache_that_is_silent_is_no_count(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    silent = "warning: unable to download 'https://cache.nixos.org/nix-cache-info': Could not resolve host\n"
    _, shown = told(project, silent + listed(ROWS), {}, capsys)
    assert shown == (
        "  ! what is to build cannot be counted while https://cache.nixos.org/nix-cache-info does not answer\n"
        "      check the network and the proxy (https_proxy)"
    )


def test_a_shell_that_does_not_evaluate_is_a_problem(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = nix(trusted=True) | {ASK + CACHES + TARGET: failed("error:\n  … while\n  error: no such thing")}
    assert doctor(project, answers=answers, online=True) == 4
    assert section(capsys.readouterr().out, "builds") == (
        "  ✘ Nix does not evaluate the shell: no such thing\n      pyenvspec shell"
    )


def test_a_stale_flake_is_not_counted(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (project / "env.yaml").open("a") as stream:
        stream.write("native: [jq]\n")
    assert doctor(project, answers=nix(trusted=True, accept_flake_config=True), online=True) == 0
    assert section(capsys.readouterr().out, "builds") == (
        "  ! what is to build is counted once env.yaml is compiled\n"
        "      pyenvspec compile\n"
        "      pyenvspec doctor --online"
    )


def test_nothing_is_evaluated_unless_online(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = nix(trusted=True, accept_flake_config=True)
    examine(DoctorOptions("doctor", project), DescribedHost(), DescribedRunner(answers))
    assert "builds" not in capsys.readouterr().out

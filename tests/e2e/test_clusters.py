"""`run` on engines that exist: a real Slurm of one node; what SkyPilot, dstack and Kubernetes say of their files."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from slurm_cluster import Cluster, start_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

WORDS = (
    "python3",
    "-c",
    "import sys; print(sys.argv[1:])",
    "a  b",
    "$HOME",
    "'\"",
    "${{ run.args }}",
    "$$",
    "",
)
SAID = str(list(WORDS[3:]))

STAND_IN = """#!/bin/sh
# Stands in for Apptainer: says with what it was called, and runs the command on this machine.
echo "stand-in for apptainer: $1 $2 $3"
shift 3
exec "$@"
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Slurm on this machine."""
    with start_cluster(tmp_path_factory.mktemp("slurm")) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a target, its image a file beside env.yaml."""
    root = tmp_path / "a lab"
    root.mkdir()
    (root / "default.sif").write_text("")
    (root / "env.yaml").write_text(
        "python: {version: 3.12, manager: nixpkgs}\nname: lab\ncontainers: {default: {}}\n"
        "run:\n"
        "  cluster:\n"
        "    slurm: {partition: gpu, gpus: 'a100:1', cpus: 2, memory: 100M, time: 5m, options: {constraint: fast}}\n"
        '    env: {SEED: 42, TEXT: "a  b\'c $HOME"}\n'
    )
    programs = root / "bin"
    programs.mkdir()
    (programs / "apptainer").write_text(STAND_IN)
    (programs / "apptainer").chmod(0o755)
    return root


def submit(cluster: Cluster, project: Path, *words: str) -> str:
    """The number of a job, as sbatch prints it."""
    environment = cluster.environment
    environment["PATH"] = f"{project}/bin:{environment['PATH']}"
    done = subprocess.run(
        [sys.executable, "-m", "pyenvspec", "run", "cluster", "-C", str(project), "--", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == "$ sbatch .pyenvspec/run/cluster.sbatch\n"
    text, _, number = done.stdout.strip().rpartition(" ")
    assert text == "Submitted batch job"
    return number


def test_slurm_runs_the_command_with_its_words_as_they_are(cluster: Cluster, project: Path) -> None:
    number = submit(cluster, project, *WORDS)
    ended = cluster.wait(number)
    said = (project / f"slurm-{number}.out").read_text()
    assert ended["JobState"] == "COMPLETED", said
    assert said == f"stand-in for apptainer: exec --nv default.sif\n{SAID}\n"
    assert ended["Partition"] == "gpu"
    assert ended["TimeLimit"] == "00:05:00"
    assert ended["JobName"] == "lab-cluster"
    assert "gres:gpu:a100:1" in str(ended)
    assert ended["Features"] == "fast"


def test_slurm_knows_how_the_command_ended_and_its_variables(cluster: Cluster, project: Path) -> None:
    code = (
        "import os, sys; e = os.environ; print(e['SEED'], e['TEXT'], e['SLURM_CPUS_PER_TASK']); sys.exit(7)"
    )
    number = submit(cluster, project, "python3", "-c", code)
    ended = cluster.wait(number)
    said = (project / f"slurm-{number}.out").read_text()
    assert "42 a  b'c $HOME 2\n" in said
    assert (ended["JobState"], ended["ExitCode"]) == ("FAILED", "7:0")

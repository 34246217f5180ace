"""`run`: the file of each engine, valid by what its engine publishes, words and values as they are; what is refused."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml

from pyenvspec.cli import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MANIFEST = """\
name: Speech_Lab
python: {version: 3.12, manager: nixpkgs}
containers:
  default: {registry: "docker://registry.example/lab/", base: docker.io/library/debian:12-slim}
  other: {image: model, tag: v1, registry: "docker://registry.example:5000", command: [python, -m, "a  b"]}
run:
  cluster:
    slurm: {partition: gpu, account: lab, nodes: 2, tasks: 4, gpus: "a100:2", cpus: 8, memory: 64G, time: 1d12h,
      options: {constraint: "a100|h100", mail-type: END}}
    env: {TEXT: "a  b'c $HOME", SEED: 42}
  pyxis: {slurm: {with: pyxis}, container: other}
  file: {slurm: {}, image: /scratch/lab.sif}
  kube:
    kubernetes: {namespace: lab, gpus: 1, cpus: 4, memory: 64Gi, time: 4h, pull_secret: registry,
      pod: {nodeSelector: {gpu: a100}, volumes: [{name: data, emptyDir: {}}]}}
    env: {TEXT: "$(HOME) $$x"}
  cloud: {skypilot: {accelerators: "H100:1", cpus: 8+, spot: true, nodes: 2, task: {resources: {disk_size: 300}}}}
  fleet: {dstack: {gpu: "24GB..", memory: 64Gi, nodes: 2, time: 90m, task: {spot_policy: auto}}, env: {TEXT: "a $b"}}
"""
WORDS = ["python", "-c", "print('a  b')", "$HOME", "$$ ${{ run.args }}", "'\"", ""]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a target of each kind."""
    root = tmp_path / "a lab"
    root.mkdir()
    (root / "env.yaml").write_text(MANIFEST)
    return root


def show(project: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, str]:
    """The file that would be submitted, and the command that would submit it."""
    assert run(["run", "-C", str(project), "--dry-run", *words]) == 0
    told = capsys.readouterr()
    assert sorted(path.name for path in project.iterdir() if path.suffix != ".sif") == ["env.yaml"]
    return told.out, told.err.splitlines()[-1]


def test_slurm(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, command = show(project, capsys, "cluster", "--", *WORDS)
    assert command == "$ sbatch .pyenvspec/run/cluster.sbatch"
    assert text == (
        "#!/bin/bash\n"
        "# Written by `pyenvspec run cluster` from env.yaml; edit run.cluster there instead.\n"
        "#SBATCH --job-name=speech-lab-cluster\n"
        "#SBATCH --partition=gpu\n"
        "#SBATCH --account=lab\n"
        "#SBATCH --nodes=2\n"
        "#SBATCH --ntasks-per-node=4\n"
        "#SBATCH --gres=gpu:a100:2\n"
        "#SBATCH --cpus-per-task=8\n"
        "#SBATCH --mem=64G\n"
        "#SBATCH --time=1-12:00:00\n"
        "#SBATCH --constraint=a100|h100\n"
        "#SBATCH --mail-type=END\n"
        "set -eu\n"
        "unset PYTHONPATH PYTHONHOME\n"
        "export PYTHONNOUSERSITE=1\n"
        "export SEED=42\n"
        """export TEXT='a  b'"'"'c $HOME'\n"""
        "\n"
        "exec srun --cpus-per-task=8 apptainer exec --nv docker://registry.example/lab/speech_lab:latest "
        f"{shlex.join(WORDS)}\n"
    )


def test_slurm_takes_the_file_beside_env_yaml(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "default.sif").write_text("")
    text, _ = show(project, capsys, "cluster", "--", "x")
    assert text.endswith("apptainer exec --nv default.sif x\n")


def test_slurm_takes_the_file_that_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, _ = show(project, capsys, "file", "--", "x")
    assert text.endswith("exec srun apptainer exec /scratch/lab.sif x\n")
    text, _ = show(project, capsys, "file", "--image", "docker://a/b@sha256:1", "--", "x")
    assert text.endswith("exec srun apptainer exec docker://a/b@sha256:1 x\n")


def test_pyxis_gets_the_image_in_its_own_words(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, _ = show(project, capsys, "pyxis")
    assert text.splitlines()[-1] == (
        "exec srun '--container-image=docker://registry.example:5000#model:v1' "
        """--container-mounts="$PWD:$PWD" --container-workdir="$PWD" python -m 'a  b'"""
    )


def test_kubernetes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, command = show(project, capsys, "kube", "--", *WORDS)
    assert command == "$ kubectl create --filename .pyenvspec/run/kube.yaml"
    document: dict[str, Any] = yaml.safe_load(text)
    kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
    pod = document["spec"]["template"]["spec"]
    (main,) = pod["containers"]
    assert [_fill_in(word) for word in main["command"]] == WORDS
    assert [(v["name"], _fill_in(v["value"])) for v in main["env"]] == [("TEXT", "$(HOME) $$x")]
    assert main["resources"] == {
        "requests": {"cpu": 4, "memory": "64Gi"},
        "limits": {"memory": "64Gi", "nvidia.com/gpu": 1},
    }
    assert document["spec"]["activeDeadlineSeconds"] == 4 * 3600
    assert [volume["name"] for volume in pod["volumes"]] == ["shm", "data"]
    assert pod["nodeSelector"] == {"gpu": "a100"}
    assert document["metadata"] == {"generateName": "speech-lab-kube-", "namespace": "lab"}


# Each is another type to YAML 1.2, to kubectl's Go, or to the YAML of 2005.
NO_TEXTS = [
    "1e-3",
    "1E5",
    "-1e5",
    "+.5e3",
    "0o17",
    "017",
    "0x1F",
    "1_000",
    "1:30",
    "y",
    "N",
    "yes",
    "off",
    "True",
]
NO_TEXTS += ["~", "null", ".inf", ".NaN", "2026-01-01", "=", "<<", "8", "-"]


@pytest.mark.parametrize("target", ["kube", "cloud", "fleet"])
def test_a_text_stays_one_in_every_yaml(
    target: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bare word is one of letters, a number or a truth value of ours; other readers know more numbers."""
    texts = [*NO_TEXTS, "a\u2028b\nc\n", "two\nlines\n"]
    document = yaml.safe_load(MANIFEST)
    document["run"][target]["env"] = {f"E{number}": text for number, text in enumerate(texts)} | {
        "NO": "x",
        "y": "z",
    }
    extra = {name: name for name in NO_TEXTS}
    engine = next(name for name in document["run"][target] if name in ("kubernetes", "skypilot", "dstack"))
    if engine == "kubernetes":
        document["run"][target][engine]["pod"]["nodeSelector"] = extra
    (project / "env.yaml").write_text(json.dumps(document))
    text, _ = show(project, capsys, target, "--", "x", *NO_TEXTS)
    for node in _scalars(yaml.compose(text, yaml.SafeLoader)):
        if node.style is None and node.tag not in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:bool"):
            assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9._+/-]*", node.value), node.value
            assert node.value.lower() not in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
    told = yaml.safe_load(text)
    env = told.get("env") or told.get("envs")
    if engine == "kubernetes":
        pod = told["spec"]["template"]["spec"]
        assert pod["containers"][0]["command"] == ["x", *NO_TEXTS]
        assert pod["nodeSelector"] == extra
        env = {row["name"]: row["value"] for row in pod["containers"][0]["env"]}
    assert env == document["run"][target]["env"]


def _scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from (scalar for part in pair for scalar in _scalars(part))
    elif isinstance(node, yaml.SequenceNode):
        yield from (scalar for part in node.value for scalar in _scalars(part))
    elif isinstance(node, yaml.ScalarNode):
        yield node


def _fill_in(text: str) -> str:
    """What Kubernetes makes of a text: $$ is $, and $(NAME) a variable."""
    parts = text.split("$$")
    assert not any("$(" in part for part in parts)
    return "$".join(parts)


def test_skypilot(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, command = show(project, capsys, "cloud", "--", *WORDS)
    assert command == "$ sky launch --down --cluster speech-lab-cloud .pyenvspec/run/cloud.yaml"
    assert yaml.safe_load(text) == {
        "name": "speech-lab-cloud",
        "num_nodes": 2,
        "resources": {
            "accelerators": "H100:1",
            "cpus": "8+",
            "use_spot": True,
            "image_id": "docker:registry.example/lab/speech_lab:latest",
            "disk_size": 300,
        },
        "run": shlex.join(WORDS) + "\n",
    }


def test_dstack(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, command = show(project, capsys, "fleet", "--", *WORDS)
    assert command == "$ dstack apply --file .pyenvspec/run/fleet.dstack.yml"
    document: dict[str, Any] = yaml.safe_load(text)
    (line,) = document.pop("commands")
    # dstack fills in ${{ … }} and takes $$ for $ before a shell sees them.
    assert "${{" not in line
    assert "$$" not in line
    assert shlex.split(line) == WORDS
    assert document == {
        "type": "task",
        "name": "speech-lab-fleet",
        "image": "registry.example/lab/speech_lab:latest",
        "env": {"TEXT": "a $b"},
        "nodes": 2,
        "resources": {"gpu": "24GB..", "memory": "64GB"},
        "max_duration": "5400s",
        "spot_policy": "auto",
    }


def test_the_script_runs_the_words_as_they_are(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, _ = show(project, capsys, "cluster", "--", *WORDS)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "srun").write_text('#!/bin/sh\nprintf "<%s>" "$SEED" "$TEXT" "$@"\n')
    (programs / "srun").chmod(0o755)
    done = subprocess.run(
        ["bash", "-s"],
        input=text,
        env={"PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    image = "docker://registry.example/lab/speech_lab:latest"
    words = ["42", "a  b'c $HOME", "--cpus-per-task=8", "apptainer", "exec", "--nv", image, *WORDS]
    assert done.stdout == "".join(f"<{word}>" for word in words)


def test_the_file_stays_and_git_does_not_see_it(
    project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "kubectl").write_text('#!/bin/sh\npwd\ncat "$3"\nexit 3\n')
    (programs / "kubectl").chmod(0o755)
    # This process stays itself.
    monkeypatch.setattr("pyenvspec.tools._exec", _run_and_end)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    with pytest.raises(SystemExit) as ended:
        run(["run", "-C", str(project), "kube", "--", "x"])
    assert ended.value.code == 3
    told = capfd.readouterr()
    assert told.err.endswith("$ kubectl create --filename .pyenvspec/run/kube.yaml\n")
    folder, _, text = told.out.partition("\n")
    assert folder == str(project)
    assert text == (project / ".pyenvspec" / "run" / "kube.yaml").read_text()
    assert (project / ".pyenvspec" / ".gitignore").read_text() == "*\n"


def _run_and_end(program: str, argv: tuple[str, ...], env: dict[str, str] | None) -> None:
    raise SystemExit(subprocess.run([program, *argv[1:]], env=env, check=False).returncode)


def test_a_link_is_not_followed(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "elsewhere").mkdir()
    (project / ".pyenvspec").symlink_to(tmp_path / "elsewhere")
    assert run(["run", "-C", str(project), "kube", "--", "x"]) == 1
    assert "error[write-blocked]: `.pyenvspec` is a link" in capsys.readouterr().err
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["clusters", "--", "x"],
            "env.yaml: error[run-unknown]: env.yaml has no target `clusters` under `run`\n"
            "      = help: did you mean `cluster`?\n",
        ),
        (
            ["kube"],
            "env.yaml: error[run-no-command]: nothing is given to run on `kube`\n"
            "      = help: run `pyenvspec run kube -- python train.py`, or write `command` under run.kube\n",
        ),
    ],
)
def test_what_cannot_be_run_is_refused(
    words: list[str], message: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["run", "-C", str(project), *words]) == 1
    assert capsys.readouterr().err.endswith(message)
    assert sorted(path.name for path in project.iterdir()) == ["env.yaml"]


def test_an_image_that_is_nowhere_is_told_with_what_makes_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "env.yaml").write_text(
        "python: {version: 3.12, manager: nixpkgs}\ncontainers: {default: {}}\nrun: {cluster: {slurm: {}}}\n"
    )
    assert run(["run", "-C", str(project), "cluster", "--", "x"]) == 1
    assert capsys.readouterr().err == (
        "env.yaml: error[run-no-image]: there is no default.sif here, and `containers.default` says no registry\n"
        "      = help: run `pyenvspec container sif default`, or write "
        '`registry: "docker://registry.example/lab/"` under it and run `pyenvspec container push default`\n'
    )


def test_explain_says_who_reads_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "run.kube.kubernetes.gpus", "-C", str(project)]) == 0
    assert capsys.readouterr().out.endswith("\nNo generated file has it: `pyenvspec run` reads it.\n")

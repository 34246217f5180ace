"""`container`: one nix command per action, shown and run; a program named nix on PATH stands in for Nix."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pyenvspec.cli import run
from pyenvspec.commands.container.containerfile import Installation, format_containerfile
from pyenvspec.commands.container.install import write_containerfile
from pyenvspec.plan import Container

if TYPE_CHECKING:
    from pathlib import Path

NIX = "nix --extra-experimental-features 'nix-command flakes'"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "env.yaml").write_text(
        "name: lab\npython: {version: 3.12, manager: nixpkgs}\n"
        "containers:\n"
        "  default: {}\n"
        '  serve: {image: model, tag: v1, registry: "docker://registry.example/lab/"}\n'
        '  bare: {registry: "docker://registry.example"}\n'
    )
    return root


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["build"], f"{NIX} build '.#container-default' --print-out-paths"),
        (["build", "serve", "--", "-L"], f"{NIX} build '.#container-serve' --print-out-paths -L"),
        (["load", "serve"], f"{NIX} run '.#container-serve.copyTo' -- docker-daemon:model:v1"),
        (
            ["load", "--engine", "podman"],
            f"{NIX} run '.#container-default.copyTo' -- containers-storage:localhost/lab:latest",
        ),
        (
            ["run", "serve", "--engine", "podman", "--", "python", "-c", "print('a  b')"],
            f"{NIX} run '.#container-serve.copyTo' -- containers-storage:localhost/model:v1\n"
            """podman run --rm --interactive localhost/model:v1 python -c 'print('"'"'a  b'"'"')'""",
        ),
        (["file"], f"{NIX} run '.#container-default.copyTo' -- docker-archive:default.tar:lab:latest"),
        (
            ["file", "serve", "--output", "images/serve"],
            f"{NIX} run '.#container-serve.copyTo' -- oci:images/serve:v1",
        ),
        (
            ["sif", "serve"],
            f"{NIX} run '.#container-serve.copyTo' -- oci-archive:.pyenvspec/container/serve.oci.tar:v1\n"
            "apptainer build --force serve.sif oci-archive:.pyenvspec/container/serve.oci.tar",
        ),
        (
            ["push", "serve"],
            f"{NIX} run '.#container-serve.copyTo' -- docker://registry.example/lab/model:v1",
        ),
        (
            ["push", "bare", "--", "--dest-creds", "ada:x"],
            f"{NIX} run '.#container-bare.copyTo' -- docker://registry.example/lab:latest --dest-creds ada:x",
        ),
    ],
)
def test_the_one_command(
    words: list[str], command: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["container", "--dry-run", "-C", str(project), *words]) == 0
    assert capsys.readouterr().out == command + "\n"
    assert sorted(path.name for path in project.iterdir()) == ["env.yaml"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["build", "serv"],
            "env.yaml: error[container-unknown]: env.yaml has no container `serv`\n"
            "      = help: did you mean `serve`?\n",
        ),
        (
            ["build", "zzz"],
            "env.yaml: error[container-unknown]: env.yaml has no container `zzz`\n"
            "      = help: it has bare, default, serve\n",
        ),
        (
            ["push"],
            "env.yaml: error[container-no-registry]: `containers.default` does not say where to push to\n"
            '      = help: write `registry: "docker://registry.example/lab/"` under it\n',
        ),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(
    words: list[str], message: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["container", "-C", str(project), *words]) == 1
    assert capsys.readouterr().err == message
    assert sorted(path.name for path in project.iterdir()) == ["env.yaml"]


def test_a_project_without_containers_is_told_how(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "env.yaml").write_text("python: 3.12\n")
    assert run(["container", "build", "-C", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        "env.yaml: error[container-unknown]: env.yaml has no container `default`\n"
        "      = help: write `containers: {default: {}}`\n"
    )


def _run(project: Path, path: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pyenvspec", "container", "-C", str(project), *words],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_compiles_shows_the_command_and_ends_as_it_does(project: Path, tmp_path: Path) -> None:
    stand_in = tmp_path / "bin" / "nix"
    stand_in.parent.mkdir()
    stand_in.write_text('#!/bin/sh\npwd\nls flake.nix\nprintf "%s|" "$@"\nexit 7\n')
    stand_in.chmod(0o755)
    done = _run(project, f"{stand_in.parent}:{os.environ['PATH']}", "load", "serve")
    assert done.returncode == 7
    assert f"$ {NIX} run '.#container-serve.copyTo' -- docker-daemon:model:v1\n" in done.stderr
    assert done.stdout == (
        f"{project}\nflake.nix\n"
        "--extra-experimental-features|nix-command flakes|run|.#container-serve.copyTo|--|docker-daemon:model:v1|"
    )


def test_what_a_failed_push_means_is_told_below_it(project: Path, tmp_path: Path) -> None:
    stand_in = tmp_path / "bin" / "nix"
    stand_in.parent.mkdir()
    stand_in.write_text(
        "#!/bin/sh\necho 'writing blob: initiating layer upload to /v2/x/blobs/uploads/ in ghcr.io: "
        "unauthorized: authentication required' >&2\nexit 1\n"
    )
    stand_in.chmod(0o755)
    done = _run(project, f"{stand_in.parent}:{os.environ['PATH']}", "push", "serve")
    assert done.returncode == 1
    assert "What this means:" in done.stderr
    assert "ghcr.io does not know who you are" in done.stderr
    assert "docker login, podman login or skopeo login" in done.stderr


def test_a_machine_without_nix_is_told(project: Path, tmp_path: Path) -> None:
    done = _run(project, str(tmp_path), "build")
    assert done.returncode == 1
    assert done.stderr.endswith(
        "nix: error[nix-missing]: the program `nix` is not installed, or not on PATH\n"
        "      = help: run `pyenvspec get-nix`\n"
    )


def test_a_machine_without_nix_is_told_where_nix_is_asked_first(plain: Path, tmp_path: Path) -> None:
    done = _run(plain, str(tmp_path), "build")
    assert done.returncode == 1
    assert "nix: error[nix-missing]" in done.stderr


def test_what_an_engine_did_not_find_in_a_container_is_not_the_engine(plain: Path, tmp_path: Path) -> None:
    answer = '{"reasons":["why"],"revision":null,"folders":[]}'
    (tmp_path / "bin" / "nix").write_text(
        f'#!/bin/sh\nprev=\nfor word; do [ "$prev" != --write-to ] || echo \'{answer}\' >"$word"; prev=$word; done\n'
    )
    (tmp_path / "bin" / "podman").write_text("#!/bin/sh\necho '/opt/install: not found' >&2\nexit 127\n")
    done = _run(plain, f"{tmp_path / 'bin'}:/usr/bin:/bin", "build", "--engine", "podman")
    assert done.returncode == 127
    assert "/opt/install: not found" in done.stderr
    assert "not installed" not in done.stderr


def test_buildah_starts_no_image(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["container", "run", "serve", "--engine", "buildah", "--dry-run", "-C", str(project)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "buildah makes images and does not start them" in told.err
    assert "pyenvspec container load serve --engine buildah" in told.err
    assert run(["container", "load", "serve", "--engine", "buildah", "--dry-run", "-C", str(project)]) == 0


def test_the_gpu_of_this_machine_is_handed_on(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = "pyenvspec.commands.container.command"
    monkeypatch.setattr(f"{module}.DRIVER", tmp_path)
    monkeypatch.setattr(f"{module}.CDI", (tmp_path / "cdi",))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def started(engine: str) -> str:
        assert run(["container", "run", "serve", "--engine", engine, "--dry-run", "-C", str(project)]) == 0
        return capsys.readouterr().out.splitlines()[-1]

    assert "gpu" not in started("docker") + started("podman")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "nvidia-ctk").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "nvidia-ctk").chmod(0o755)
    (tmp_path / "cdi").mkdir()
    (tmp_path / "cdi" / "nvidia.yaml").touch()
    assert "docker run --rm --interactive --gpus all" in started("docker")
    assert "podman run --rm --interactive --device nvidia.com/gpu=all" in started("podman")


def test_without_apptainer_nothing_is_made_for_it(project: Path, tmp_path: Path) -> None:
    done = _run(project, str(tmp_path), "sif", "serve")
    assert done.returncode == 1
    assert done.stderr == (
        "apptainer: error[engine-missing]: Apptainer is not installed, or not on PATH\n"
        "      = help: copy what `pyenvspec container file serve` writes to where it is: "
        "`apptainer build serve.sif docker-archive:serve.tar`\n"
    )
    assert sorted(path.name for path in project.iterdir()) == ["env.yaml"]


def test_an_image_of_a_shell_that_is_not_there_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "env.yaml").write_text(
        "name: lab\npython: {version: 3.12, manager: nixpkgs}\nvariants: {cpu: {}}\n"
        "containers: {default: {variant: cpi}}\n"
    )
    assert run(["check", "-C", str(project)]) == 1
    assert capsys.readouterr().err.startswith(
        "env.yaml:4:33: error[container-unknown-variant]: there is no variant `cpi`\n"
        "    4 | containers: {default: {variant: cpi}}\n"
        "      |                                 ^^^ one of default, cpu\n"
    )


def test_an_engine_that_is_missing_is_named_after_the_image_is_made(project: Path, tmp_path: Path) -> None:
    stand_in = tmp_path / "bin" / "nix"
    stand_in.parent.mkdir()
    stand_in.write_text("#!/bin/sh\nexit 0\n")
    stand_in.chmod(0o755)
    done = _run(project, str(stand_in.parent), "run")
    assert done.returncode == 1
    assert "error[engine-missing]: the program `docker` is not installed" in done.stderr


# ---- packages that an engine installs -----------------------------------------------------------


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a plain requirements file, on a machine with Podman alone."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "requirements.txt").write_text("numpy\n")
    (root / "env.yaml").write_text(
        "name: lab\npython: {version: 3.12, manager: pip}\ncontainers:\n"
        '  default: {ports: [8000, 53/udp], registry: "docker://registry.example/lab/"}\n'
    )
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("podman", "nix"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    return root


PARTS = f"{NIX} run '.#container-default.inContainer.copyTo' -- containers-storage:localhost/lab\n"
BUILD = "podman build --file .pyenvspec/container/default/Containerfile --tag localhost/lab:latest"
FROM = f"{NIX} run '.#container-default.inContainer.copyFrom' -- containers-storage:localhost/lab:latest"


@pytest.mark.parametrize(
    ("words", "commands"),
    [
        (["build"], f"{PARTS}{BUILD} .pyenvspec/container/default\n"),
        (["load", "--", "--no-cache"], f"{PARTS}{BUILD} --no-cache .pyenvspec/container/default\n"),
        (
            ["push", "--", "--dest-creds", "ada:x"],
            f"{PARTS}{BUILD} .pyenvspec/container/default\n"
            f"{FROM} docker://registry.example/lab/lab:latest --dest-creds ada:x\n",
        ),
        (
            ["file"],
            f"{PARTS}{BUILD} .pyenvspec/container/default\n{FROM} docker-archive:default.tar:lab:latest\n",
        ),
        (
            ["run", "--", "python"],
            f"{PARTS}{BUILD} .pyenvspec/container/default\n"
            "podman run --rm --interactive --publish 127.0.0.1:8000:8000 --publish 127.0.0.1:53:53/udp "
            "localhost/lab:latest python\n",
        ),
    ],
)
def test_an_engine_installs_what_nix_cannot_fetch(
    words: list[str], commands: str, plain: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["container", "--dry-run", "-C", str(plain), *words]) == 0
    assert capsys.readouterr().out == commands


def test_an_index_of_ones_own_is_handed_on_without_its_password(
    plain: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://ada:secret@index.example/simple")
    assert run(["container", "build", "--dry-run", "-C", str(plain)]) == 0
    shown = capsys.readouterr().out
    assert "--build-arg PIP_INDEX_URL " in shown
    assert "secret" not in shown
    default = Container("default", "lab", "latest", (), (), None)
    assert "ARG PIP_INDEX_URL\n" in format_containerfile(default, Installation(("a\nb",)))


def test_the_containerfile_stands_on_images_of_nix_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_INDEX_URL", "PIP_CERT", "SSL_CERT_FILE", "NIX_SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    default = Container("default", "lab", "v1", (), (), None)
    text = format_containerfile(
        default, Installation(("a 1 has no\nRUN evil",), folders=("/opt/project", "/app"))
    )
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not line.startswith("ARG")] == [
        "FROM localhost/lab/install:v1 AS packages",
        "RUN /opt/install",
        "FROM localhost/lab/nix:v1",
        "COPY --from=packages /opt/env /opt/env",
        "COPY --from=localhost/lab/project:v1 /opt/project /opt/project",
        "COPY --chown=1000:1000 --from=localhost/lab/project:v1 /app /app",
    ]


def test_what_installs_trusts_the_certificates_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.pem").write_text("certificates\n")
    monkeypatch.delenv("PIP_CERT", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    default = Container("default", "lab", "v1", (), (), None)
    write_containerfile(tmp_path, default, Installation(("why",)))
    folder = tmp_path / ".pyenvspec" / "container" / "default"
    assert (folder / "certificates.crt").read_text() == "certificates\n"
    stage = (folder / "Containerfile").read_text().split("FROM localhost/lab/nix")[0]
    assert "COPY certificates.crt /opt/certificates.crt\n" in stage
    assert "SSL_CERT_FILE=/opt/certificates.crt\nRUN /opt/install\n" in stage


def test_dockers_program_without_its_daemon_is_passed_over(
    plain: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bin" / "docker").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "docker").chmod(0o755)
    monkeypatch.setattr("pyenvspec.commands.container.command.SOCKET", tmp_path / "docker.sock")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)

    def chosen() -> str:
        assert run(["container", "build", "--dry-run", "-C", str(plain)]) == 0
        return capsys.readouterr().out.splitlines()[1].split()[0]

    assert chosen() == "podman"
    (tmp_path / "docker.sock").touch()
    assert chosen() == "docker"

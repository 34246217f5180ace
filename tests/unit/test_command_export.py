"""`pyenvspec export`: a Dockerfile, and a conda file that `init` reads back."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

import pytest

from pyenvspec.cli import run
from pyenvspec.commands.export.conda import conda_name
from pyenvspec.commands.export.dockerfile import is_package
from pyenvspec.driver import load_plan

INSTRUCTIONS = {"FROM", "RUN", "ENV", "COPY", "WORKDIR", "LABEL", "EXPOSE", "CMD"}
EXAMPLES = Path(__file__).parents[2] / "examples"


def export(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> tuple[str, str]:
    capsys.readouterr()
    assert run(["export", *words, "-C", str(folder)]) == 0
    told = capsys.readouterr()
    return told.out, told.err


def instructions(text: str) -> list[tuple[str, str]]:
    """A Dockerfile's lines as Docker reads them: comments out, continued lines joined; each has a known word."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines) + "\n")
    found = [tuple(line.split(" ", 1)) for line in joined.splitlines() if line.strip()]
    assert all(len(pair) == 2 and pair[0] in INSTRUCTIONS for pair in found), found
    for word, rest in found:
        if word == "RUN":
            shlex.split(rest)
        if word in ("COPY", "CMD"):
            assert all(isinstance(one, str) for one in json.loads(rest))
    return [(word, rest) for word, rest in found]


@pytest.mark.parametrize("folder", sorted(EXAMPLES.iterdir()), ids=lambda path: path.name)
def test_every_example_has_a_dockerfile(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = instructions(export(capsys, folder, "dockerfile")[0])
    assert found[0][0] == "FROM"
    assert found[-1][0] == "CMD"


def test_apt_has_its_own_names_and_what_it_lacks_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "env.yaml").write_text(
        "python: 3.11\nnative: [libsndfile, libGL, ffmpeg, hyperfine-nonsense]\n"
    )
    (tmp_path / "env.yaml").write_text(
        "python: 3.11\nnative: [libsndfile, libGL, ffmpeg, cudaPackages.nccl]\n"
    )
    (tmp_path / "env.yaml").write_text("python: 3.11\nnative: [libsndfile, libGL, ffmpeg, devenv]\n")
    text, told = export(capsys, tmp_path, "dockerfile")
    (apt,) = (rest for word, rest in instructions(text) if "apt-get install" in rest)
    for name in ("libsndfile1", "libgl1", "ffmpeg"):
        assert f" {name} " in apt.replace("\\", " ") + " ", apt
    assert "native: devenv: no name of it in Debian is known" in told


def test_values_stay_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    value = 'a "b" $HOME \\ `x`'
    (tmp_path / "env.yaml").write_text(
        f"python: 3.11\nenv: {{A: {json.dumps(value)}, P: '${{project}}/x'}}\n"
        "scripts: {go: \"echo 'it is' $1 # no\"}\n"
    )
    text, _ = export(capsys, tmp_path, "dockerfile")
    assert 'ENV A="a \\"b\\" \\$HOME \\\\ `x`"' in text
    assert 'ENV P="/app/x"' in text
    (printf,) = (rest for word, rest in instructions(text) if "printf" in rest)
    assert "echo 'it is' $1 # no" in shlex.split(printf)


def test_no_text_of_env_yaml_becomes_a_line_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my $HOME reqs.txt").write_text("numpy\n")
    (tmp_path / "env.yaml").write_text(
        'python: {version: 3.11, manager: pip, requirements: "my $HOME reqs.txt"}\n'
        'containers: {default: {labels: {a: "x\\nRUN evil", b: "y"}}}\n'
        'dotenv: ["keys.env\\nRUN evil"]\n'
    )
    text, told = export(capsys, tmp_path, "dockerfile")
    assert [rest for word, rest in instructions(text) if word == "LABEL"] == ['"b"="y"']
    assert "containers.default.labels.a: a Dockerfile has no values of several lines" in told
    assert "# Keep out of it, in .dockerignore: .git, .venv, keys.env\\x0aRUN evil\n" in text
    assert not any("evil" in rest for _, rest in instructions(text))
    assert r'COPY ["my \\$HOME reqs.txt", "./"]' in text
    assert "-r 'my $HOME reqs.txt'" in export(capsys, tmp_path, "conda")[0]


def test_a_requirements_file_with_folders_in_it_comes_with_the_whole_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "env.yaml").write_text("python: 3.11\n")
    (tmp_path / "requirements.txt").write_text("numpy\n")
    text, _ = export(capsys, tmp_path, "dockerfile")
    assert text.index('COPY ["requirements.txt", "./"]') < text.index("pip install --no-cache-dir -r")
    (tmp_path / "requirements.txt").write_text("numpy\n-e .\n")
    text, _ = export(capsys, tmp_path, "dockerfile")
    assert text.index('COPY [".", "./"]') < text.index("pip install --no-cache-dir -r")


def test_cuda_takes_an_image_with_the_toolkit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "env.yaml").write_text(
        "python: {version: 3.10, manager: pip}\ncuda: {version: 11.8, cudnn: 8.9}\n"
    )
    text, _ = export(capsys, tmp_path, "dockerfile")
    assert "FROM nvidia/cuda:11.8.0-cudnn8-devel-ubuntu22.04\n" in text
    assert "uv venv --seed --python 3.10 /env" in text


def test_the_container_of_env_yaml_gives_its_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "env.yaml").write_text(
        "python: {version: 3.11, manager: pip}\n"
        "containers: {default: {command: [python, -m, app], ports: [8000], env: {A: 1}}}\n"
    )
    text, _ = export(capsys, tmp_path, "dockerfile")
    assert text.endswith('CMD ["python", "-m", "app"]\n')
    assert "EXPOSE 8000/tcp\n" in text


@pytest.mark.parametrize(
    "text",
    [
        "python: 3.11\nnative: [ffmpeg, libsndfile, portaudio, git-lfs, libjpeg]\n",
        "python: 3.10\ncuda: 11.8\nnative: [sox, mecab]\n",
        "python: {version: 3.12, requirements: requirements.txt}\n",
    ],
)
def test_conda_reads_back(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `init` makes of the file in a folder with nothing else is the environment that it came from."""
    before, after = tmp_path / "lab", tmp_path / "elsewhere"
    for folder in (before, after):
        folder.mkdir()
        (folder / "requirements.txt").write_text("numpy==1.26.4\n")
    (before / "env.yaml").write_text(text)
    exported, told = export(capsys, before, "conda")
    assert "left out" not in told
    (after / "environment.yml").write_text(exported)
    assert run(["init", "--offline", "-q", "-C", str(after)]) == 0
    one, other = load_plan(before).shells[0], load_plan(after).shells[0]
    assert other.interpreter == one.interpreter
    assert set(other.native) == set(one.native)
    assert other.environment == one.environment
    assert (other.cuda and other.cuda.version) == (one.cuda and one.cuda.version)


def test_a_project_called_like_a_number_keeps_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "env.yaml").write_text('name: "1e3"\npython: 3.12\n')
    assert '\nname: "1e3"\n' in export(capsys, tmp_path, "conda")[0]


def test_a_name_that_conda_would_mean_otherwise_is_left_out() -> None:
    assert conda_name("ffmpeg") == "ffmpeg"
    assert conda_name("cmake") == "cmake"
    assert conda_name("cudaPackages.nccl") is None


def test_a_lock_becomes_pins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "env.yaml").write_text("python: {version: 3.11, manager: uv}\n")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["six"]\n'
    )
    (tmp_path / "uv.lock").write_text(
        'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n'
        '[[package]]\nname = "app"\nversion = "0"\nsource = { virtual = "." }\n'
        'dependencies = [{ name = "six" }]\n'
        '[package.metadata]\nrequires-dist = [{ name = "six" }]\n'
        '[[package]]\nname = "six"\nversion = "1.16.0"\nsource = { registry = "https://files.example/simple" }\n'
        'wheels = [{ url = "https://x/six-1.16.0-py2.py3-none-any.whl", hash = "sha256:00" }]\n'
    )
    text, _ = export(capsys, tmp_path, "conda")
    assert '    - "six==1.16.0"\n' in text
    assert '"app' not in text


def test_a_conda_name_is_the_package_and_no_part_of_it() -> None:
    expected = {
        "xorg.libxcb": "libxcb",
        "xorg.libX11": "xorg-libx11",
        "libx11": "xorg-libx11",
        "libGL": "libgl",
        "openblas": "openblas",
        "openssl": "openssl",
        "gcc": "gxx",
        "postgresql": "postgresql",
        "R": "r-base",
    }
    assert {name: conda_name(name) for name in expected} == expected


def _poetry_lock(packages: str, version: str) -> str:
    return f'{packages}\n[metadata]\nlock-version = "{version}"\npython-versions = ">=3.10,<3.13"\n'


def _entry(name: str, version: str, more: str = "", python: str = ">=3.10") -> str:
    return (
        f'[[package]]\nname = "{name}"\nversion = "{version}"\noptional = false\n'
        f'python-versions = "{python}"\n'
        f'files = [{{file = "{name}-{version}-py3-none-any.whl", hash = "sha256:00"}}]\n{more}\n'
    )


POETRY_2 = (
    _entry("mujoco", "3.1.7", 'markers = "python_version < \'3.11\'"\n[package.dependencies]\nold = "*"')
    + _entry("mujoco", "4.0.0", 'markers = "python_version >= \'3.11\'"\n[package.dependencies]\nnumpy = "*"')
    + _entry("numpy", "1.26.4", "markers = \"python_version < '3.11'\"")
    + _entry("numpy", "2.2.6", "markers = \"python_version == '3.11'\"")
    + _entry(
        "numpy", "2.3.0", "markers = {main = \"python_version > '3.11'\", dev = \"python_version > '3.11'\"}"
    )
    + _entry("old", "1.0")
    + _entry("cuda-lib", "1.0", "markers = \"extra == 'gpu'\"")
)
POETRY_1 = (
    _entry("mujoco", "3.1.7", '[package.dependencies]\nold = "*"', "<3.11")
    + _entry(
        "mujoco",
        "4.0.0",
        '[package.dependencies]\nnumpy = [\n    {version = ">=1.20"},\n'
        '    {version = ">=2,<2.3", markers = "python_version < \'3.12\'"},\n]',
    )
    + _entry("numpy", "1.26.4")
    + _entry("numpy", "2.2.6")
    + _entry("numpy", "2.3.0", python=">=3.12")
    + _entry("old", "1.0")
    + _entry("cuda-lib", "1.0")
)


@pytest.mark.parametrize(("packages", "version"), [(POETRY_2, "2.1"), (POETRY_1, "2.0")])
def test_of_several_locked_releases_the_one_for_this_python_is_pinned(
    packages: str, version: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "env.yaml").write_text("python: {version: 3.11, manager: poetry, extras: [gpu]}\n")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.poetry]\nname = "lab"\nversion = "1"\ndescription = ""\nauthors = []\n'
        '[tool.poetry.dependencies]\npython = ">=3.10,<3.13"\nmujoco = ">=3"\nnumpy = "*"\n'
        'cuda-lib = {version = "*", optional = true}\n[tool.poetry.extras]\ngpu = ["cuda-lib"]\n'
    )
    (tmp_path / "poetry.lock").write_text(_poetry_lock(packages, version))
    text, _ = export(capsys, tmp_path, "conda")
    assert re.findall(r'- "(\S+==\S+)"', text) == ["cuda-lib==1.0", "mujoco==4.0.0", "numpy==2.2.6"]


@pytest.mark.parametrize("kind", ["pipe", "zero", "outside"])
def test_a_requirements_file_that_is_none_is_told(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "lab"
    root.mkdir()
    (root / "env.yaml").write_text("python: {version: 3.12, manager: pip, requirements: own.txt}\n")
    if kind == "pipe":
        os.mkfifo(root / "own.txt")
    else:
        (root / "own.txt").symlink_to("/dev/zero" if kind == "zero" else "/etc/passwd")
    assert run(["export", "dockerfile", "-C", str(root)]) == 1
    assert "`own.txt` " in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ["tool = 1\n", "project = []\n[tool]\npoetry = 2\n", "x = " + "[" * 5000, "\xff"]
)
def test_a_pyproject_of_a_strange_form_is_no_package(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(text.encode("latin-1"))
    assert not is_package(tmp_path, ".")


def apt_packages(text: str) -> list[str]:
    return [
        word
        for rest in (rest for word, rest in instructions(text) if "apt-get install" in rest)
        for word in re.sub(r".*--no-install-recommends(.*)&& rm .*", r"\1", rest).split()
    ]


def test_what_is_built_after_all_else_is_so_in_an_image(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "env.yaml").write_text(
        "python: {version: 3.9, manager: pip, build_after: [apex, openfold]}\n"
    )
    (tmp_path / "requirements.txt").write_text(
        "torch==1.13.1\napex @ git+https://github.com/NVIDIA/apex\nopenfold\n"
    )
    text, told = export(capsys, tmp_path, "dockerfile")
    runs = [rest for word, rest in instructions(text) if word == "RUN"]
    (rest,) = (run for run in runs if "rest.txt" in run)
    assert "build-after.py requirements requirements.txt /opt/build-after apex openfold" in rest
    (last,) = (run for run in runs if "--no-build-isolation" in run)
    assert runs.index(rest) < runs.index(last)
    assert last.index("setuptools") < last.index("/apex.txt") < last.index("/openfold.txt")
    assert {"git", "ca-certificates", "build-essential"} <= set(apt_packages(text))
    # What splits the file is the project's own, as the shell uses it.
    assert "run `pyenvspec compile` first" in told
    assert run(["compile", "-q", "-C", str(tmp_path)]) == 0
    source = next(
        json.loads(rest)[0] for word, rest in instructions(text) if word == "COPY" and "build-after" in rest
    )
    assert (tmp_path / source).is_file()
    assert "pyenvspec compile" not in export(capsys, tmp_path, "dockerfile")[1]


def test_uv_and_poetry_build_it_at_the_end_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'lab'\nversion = '1'\nrequires-python = '==3.12.*'\ndependencies = ['flash-attn']\n"
    )
    (tmp_path / "uv.lock").write_text(
        'version = 1\nrequires-python = "==3.12.*"\n\n[[package]]\nname = "flash-attn"\nversion = "2.7.4"\n'
        'source = { registry = "https://pypi.org/simple" }\n'
        'sdist = { url = "https://files.example/flash_attn-2.7.4.tar.gz", hash = "sha256:00", size = 1 }\n\n'
        '[[package]]\nname = "lab"\nversion = "1"\nsource = { virtual = "." }\n'
        'dependencies = [{ name = "flash-attn" }]\n'
        '\n[package.metadata]\nrequires-dist = [{ name = "flash-attn" }]\n'
    )
    (tmp_path / "env.yaml").write_text("python: {version: 3.12, manager: uv, build_after: [flash-attn]}\n")
    text, _ = export(capsys, tmp_path, "dockerfile")
    syncs = [rest for word, rest in instructions(text) if word == "RUN" and "uv sync" in rest]
    assert "--no-install-package flash-attn" in syncs[0]
    assert all("--no-build-isolation-package flash-attn" in sync for sync in syncs[1:])
    assert "uv pip install setuptools" in syncs[1]
    assert "build-essential" in apt_packages(text)
    (tmp_path / "env.yaml").write_text(
        "python: {version: 3.12, manager: poetry, build_after: [flash-attn]}\n"
    )
    text, _ = export(capsys, tmp_path, "dockerfile")
    poetry = next(rest for word, rest in instructions(text) if "poetry install" in rest)
    assert poetry.index("poetry poetry.lock") < poetry.index("poetry install") < poetry.index("py clear")
    assert (
        "pip install --no-cache-dir --no-build-isolation --no-deps -r /opt/build-after/flash-attn.txt" in text
    )


def test_what_has_no_wheel_gets_a_compiler_and_headers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "env.yaml").write_text("python: {version: 3.11, manager: pip}\nnative: [libpq, portaudio]\n")
    (tmp_path / "requirements.txt").write_text("numpy==1.26.4\n")
    assert apt_packages(export(capsys, tmp_path, "dockerfile")[0]) == ["libpq5", "libportaudio2"]
    (tmp_path / "requirements.txt").write_text("-r more.txt\n")
    (tmp_path / "more.txt").write_text("psycopg2==2.9.9\nmysqlclient\npyworld==0.3.2\n")
    names = set(apt_packages(export(capsys, tmp_path, "dockerfile")[0]))
    assert {"build-essential", "libpq-dev", "portaudio19-dev", "libmariadb-dev", "pkg-config"} <= names
    # A wheel for another Python is none.
    (tmp_path / "requirements.txt").write_text("numpy==1.19.5\n")
    assert "build-essential" in apt_packages(export(capsys, tmp_path, "dockerfile")[0])


def test_an_image_that_is_not_there_is_not_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "env.yaml").write_text("python: {version: 3.7.4, manager: pip}\ncuda: 10.1\n")
    text, told = export(capsys, tmp_path, "dockerfile")
    assert instructions(text)[0] == ("FROM", "python:3.7-slim-bookworm")
    assert "RUN python -m venv /env" in text
    assert "cuda: no image with a toolkit of 10.1 is known: this one has none" in told
    assert "python: the image has the newest 3.7, and not 3.7.4" in told

"""`init`: what it sees, what it writes, and that the file passes `check`."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyenvspec.cli import run
from pyenvspec.commands.init.ask_uv import newest_that_resolves
from pyenvspec.commands.init.python import choose_python
from pyenvspec.commands.init.templates import PROJECTS, TEMPLATES
from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import check_project
from pyenvspec.project.survey.conda import read_conda
from pyenvspec.project.survey.requirements import read_requirements
from pyenvspec.project.survey.source import Claim, Source, Survey
from pyenvspec.tools import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

POETRY = '[tool.poetry]\nname = "lab"\n[tool.poetry.dependencies]\npython = "^3.10,<3.12"\n'
UV_LOCK = (
    'version = 1\nrequires-python = ">=3.10"\n[[package]]\nname = "lab"\nversion = "1"\n'
    'source = { virtual = "." }\n'
)
PROJECT = '[project]\nname = "lab"\nversion = "1"\nrequires-python = ">=3.10"\n'
CONDA = """\
name: lab
dependencies:
  - python=3.10.4
  - pytorch=2.1.0=py3.10_cuda
  - pytorch-cuda=12.1
  - conda-forge::ffmpeg
  - libsndfile>=1.0
  - numpy>=1.24,<2
  - gxx_linux-64
  - pip:
    - librosa==0.10
"""


EXAMPLES = Path(__file__).parents[2] / "examples"


def init(folder: Path, *words: str) -> int:
    return run(["init", "-C", str(folder), "--offline", *words])


def answer(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert init(folder, "--json", *words) == 0
    result: dict[str, object] = json.loads(capsys.readouterr().out)
    check_project(folder)
    return result


@pytest.mark.parametrize(
    ("files", "manager", "python", "step"),
    [
        ({}, "uv", "3.12", "uv init --bare --python 3.12"),
        ({"pyproject.toml": PROJECT}, "uv", "3.12", "uv lock"),
        ({"pyproject.toml": PROJECT, "uv.lock": UV_LOCK}, "uv", "3.12", "pyenvspec shell"),
        ({"pyproject.toml": POETRY}, "poetry", "3.11", "poetry lock"),
        ({"requirements.txt": "numpy", ".python-version": "3.11.4\n"}, "pip", "3.11", "pyenvspec shell"),
        ({"requirements-dev.txt": "numpy"}, "pip", "3.12", "pyenvspec shell"),
        ({".python-version": "pypy3.10\n"}, "uv", "3.12", "uv init --bare --python 3.12"),
        ({"a.py": "import cv2, os, sklearn"}, "pip", "3.12", "pyenvspec shell"),
        (
            {"Dockerfile": "FROM python:3.9-slim\n", "requirements.txt": "six"},
            "pip",
            "3.9",
            "pyenvspec shell",
        ),
        ({"setup.cfg": "[options]\npython_requires = <3.11\n"}, "pip", "3.10", "pyenvspec shell"),
        ({".tool-versions": "python 3.10.2\n", "requirements.txt": "six"}, "pip", "3.10", "pyenvspec shell"),
    ],
)
def test_the_files_decide(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    manager: str,
    python: str,
    step: str,
) -> None:
    monkeypatch.setattr("pyenvspec.commands.init.command.has_program", bool)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    result = answer(tmp_path, capsys)
    assert (result["manager"], result["next"]) == (manager, step)
    assert f"version: {python}" in str(result["text"])
    assert (tmp_path / "env.yaml").read_text() == result["text"]


def test_every_file_is_told_with_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "requirements.txt").write_text("six\n")
    (tmp_path / "environment.yml").write_text(CONDA)
    (tmp_path / "devbox.json").write_text('{"packages": ["ffmpeg@6", "python@3.10"]}')
    result = answer(tmp_path, capsys)
    assert {one["file"] for one in result["seen"]} == {"requirements.txt", "environment.yml", "devbox.json"}  # type: ignore[attr-defined]
    assert any("is not used" in note for note in result["notes"])  # type: ignore[attr-defined]


def test_a_conda_environment_becomes_requirements_and_native_packages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "environment.yml").write_text(CONDA)
    result = answer(tmp_path, capsys)
    text = str(result["text"])
    for line in ("name: lab", "version: 3.10", "- ffmpeg", "- libsndfile", "CUDA 12.1"):
        assert line in text
    assert "\ncuda:" not in text
    assert (tmp_path / "requirements.txt").read_text().splitlines()[1:] == [
        "--extra-index-url https://download.pytorch.org/whl/cu121",
        "torch==2.1.0",
        "numpy>=1.24,<2",
        "librosa==0.10",
    ]


def test_a_package_for_one_cuda_of_conda_is_pips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = (
        "python=3.9, pytorch=1.13.1, pytorch-mutex, dgl-cuda11.1, matplotlib-base=3.6.2, matplotlib=3.6.2"
    )
    (tmp_path / "environment.yml").write_text(f"dependencies: [{listed}]")
    answer(tmp_path, capsys)
    lines = (tmp_path / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith(("#", "-"))] == [
        "torch==1.13.1",
        "dgl",
        "matplotlib==3.6.2",
        "numpy<2",
    ]


NAMES = [
    "click",
    "pot",
    "icecream",
    "loguru",
    "fire",
    "typer",
    "opencv",
    "protobuf",
    "sentencepiece",
    "mujoco",
    "vtk",
]


def test_python_packages_that_share_a_name_with_a_program_are_python_packages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "conda.yaml").write_text(f"dependencies: [python=3.10, ffmpeg, {', '.join(NAMES)}]")
    text = str(answer(tmp_path, capsys)["text"])
    lines = set((tmp_path / "requirements.txt").read_text().splitlines())
    assert {"opencv-python" if name == "opencv" else name for name in NAMES} <= lines
    assert "- ffmpeg" in text and "- click" not in text


def test_what_conda_pulled_in_is_left_out_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "environment.yml").write_text(
        "dependencies:\n  - libglu=9.0.0=he1b5a44_1001\n  - font-ttf-ubuntu=0.83=hab24e00_0\n"
        "  - openssl=1.1.1w=hd590300_0\n  - click=8.0.4=py39hf3d152e_0\n  - tqdm=4.64.1=pyhd8ed1ab_0\n"
        "  - pytorch=1.12.1=py3.9_cuda11.6_cudnn8.3.2_0\n  - cudatoolkit=11.6.0=habf752d_9\n"
        "  - python=3.9.15=hba424b6_0_cpython\n"
    )
    result = answer(tmp_path, capsys)
    assert "native" not in str(result["text"])
    assert [line for line in result["left_out"] if "pulled in" in line]  # type: ignore[attr-defined]
    assert (tmp_path / "requirements.txt").read_text().splitlines()[1:] == [
        "--extra-index-url https://download.pytorch.org/whl/cu116",
        "click==8.0.4",
        "tqdm==4.64.1",
        "torch==1.12.1",
        "numpy<2",
    ]


@pytest.mark.parametrize(
    ("packages", "python"),
    [
        ("torch==1.6.0\ntorchvision==0.7.0\n", "3.8"),
        ("torch<1.13\n", "3.10"),
        ("tensorflow==2.4.1\n", "3.8"),
        ("numpy==1.18.5\n", "3.8"),
        ("torch>=1.6\n", "3.12"),
        ("six==1.16.0\n", "3.12"),
    ],
)
def test_the_python_is_one_that_has_wheels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], packages: str, python: str
) -> None:
    (tmp_path / "requirements.txt").write_text(packages)
    assert f"version: {python} " in str(answer(tmp_path, capsys)["text"])


@pytest.mark.parametrize(
    ("text", "said", "toolkit"),
    [
        ("torch==2.1.0+cu118\n", "CUDA 11.8", None),
        ("--extra-index-url https://index.example/whl/cu121\ntorch\n", "CUDA 12.1", None),
        ("torch\n", "its own CUDA", None),
        ("torch==2.1.0+cpu\n", None, None),
        ("tensorflow[and-cuda]==2.16.1\n", "bring CUDA", None),
        ("tensorflow==2.13.0\n", "CUDA 11.8", "{version: 11.8, cudnn: 8.6}"),
        ("cupy-cuda11x==12.0.0\n", "CUDA 11.8", "11.8"),
        ("jax[cuda12]==0.4.30\n", "bring CUDA 12", None),
        ("numpy\n", None, None),
        (
            "nvidia-cublas-cu12==12.1.3.1\nnvidia-cuda-runtime-cu12==12.1.105\ntorch==2.3.0\n",
            "CUDA 12.1",
            None,
        ),
    ],
)
def test_the_gpu_by_what_is_installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str | None, toolkit: str | None
) -> None:
    (tmp_path / "requirements.txt").write_text(text)
    (tmp_path / ".python-version").write_text("3.10")
    written = str(answer(tmp_path, capsys)["text"])
    assert said is None or said in written
    assert ("CUDA" in written) is (said is not None)
    assert ("\ncuda:" in written) is (toolkit is not None)
    assert toolkit is None or f"cuda: {toolkit}" in written


@pytest.mark.parametrize(("torch", "is_told"), [("1.4.0", True), ("1.12.1+cu113", False), ("2.1.0", False)])
def test_a_cuda_that_no_gpu_of_today_is_known_to_is_told(
    torch: str, is_told: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements.txt").write_text(f"torch=={torch}\n")
    notes = answer(tmp_path, capsys)["notes"]
    expected = (
        "CUDA 10.1 knows no GPU of Ampere (A100, RTX 30) or newer: these need CUDA 11.0, which the wheels of torch "
        "1.13 and later bring; `pyenvspec doctor` says which GPU is here"
    )
    assert (expected in notes) is is_told  # type: ignore[operator]


def test_what_is_compiled_gets_the_toolkit_of_its_torch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements.txt").write_text("torch==2.4.0+cu124\nflash-attn==2.6.3\n")
    assert "\ncuda: 12.4" in str(answer(tmp_path, capsys)["text"])


def test_of_requirements_for_several_cudas_one_is_taken_and_the_others_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "requirements"
    folder.mkdir()
    for name, version in (("cpu", "2.0.1"), ("cu117", "2.0.1+cu117"), ("cu118", "2.0.1+cu118")):
        (folder / f"{name}.txt").write_text(
            f"--extra-index-url https://download.pytorch.org/whl/{name}\ntorch=={version}\n"
        )
    result = answer(tmp_path, capsys)
    assert "requirements: requirements/cu118.txt" in str(result["text"])
    assert "CUDA 11.8" in str(result["text"]) and "11.7" not in str(result["text"])
    told = "requirements/cpu.txt, requirements/cu117.txt are not used: the packages come from requirements/cu118.txt"
    assert told in result["notes"]  # type: ignore[operator]


def test_projects_below_are_told_with_their_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "requirements.txt").write_text("six\n")
    assert init(tmp_path) == 1
    assert "pyenvspec init -C one" in capsys.readouterr().err
    assert not (tmp_path / "env.yaml").exists()


def test_an_env_yaml_of_conda_is_known_as_such(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "env.yaml").write_text("name: x\ndependencies: [python=3.9, numpy]\n")
    assert init(tmp_path) == 1
    assert "mv env.yaml environment.yml" in capsys.readouterr().err


def test_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "requirements.txt").write_text("six\n")
    assert init(tmp_path, "--dry-run") == 0
    assert "manager: pip" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["requirements.txt"]


def test_setup_py_is_read_and_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "setup.py").write_text(
        "import os\nopen('ran', 'w')\nfrom setuptools import setup\n"
        'NEEDED = ["torch<1.13"]\nsetup(name="x", python_requires=">=3.7,<3.10", install_requires=NEEDED)\n'
    )
    assert "version: 3.9" in str(answer(tmp_path, capsys)["text"])
    assert (tmp_path / "requirements.txt").read_text().splitlines()[1:] == ["-e ."]
    assert not (tmp_path / "ran").exists()


def test_an_env_yaml_that_is_there_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "env.yaml").write_text("mine")
    assert init(tmp_path) == 1
    assert "init-exists" in capsys.readouterr().err
    assert (tmp_path / "env.yaml").read_text() == "mine"
    assert init(tmp_path, "--force") == 0
    assert (tmp_path / "env.yaml.orig").read_text() == "mine"
    assert init(tmp_path, "--force") == 0
    assert (tmp_path / "env.yaml.orig").read_text() == "mine"
    assert (tmp_path / "env.yaml.orig.1").exists()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["env.yaml", "env.yaml.orig", "env.yaml.orig.1", "nix"]


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_passes_check(tmp_path: Path, template: str) -> None:
    assert init(tmp_path, "--template", template) == 0
    check_project(tmp_path)


@pytest.mark.parametrize("template", PROJECTS)
def test_a_template_that_is_a_project_has_the_files_of_the_example(tmp_path: Path, template: str) -> None:
    example = EXAMPLES / template
    (tmp_path / "pyproject.toml").write_text("")
    assert init(tmp_path, "--template", template) == 0
    # What was there stays.
    assert (tmp_path / "pyproject.toml").read_text() == ""
    generated = ("nix", "flake.nix", ".envrc", ".github", "__pycache__")
    own = {
        path.relative_to(example).as_posix()
        for path in example.rglob("*")
        if path.is_file() and not set(path.relative_to(example).parts) & set(generated)
    }
    assert own - {"pyproject.toml"} <= {
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()
    }
    for name in own - {"pyproject.toml"}:
        assert (tmp_path / name).read_bytes() == (example / name).read_bytes()
    # And an installed package has them too.
    packed = tomllib.loads((EXAMPLES.parent / "pyproject.toml").read_text())
    included = packed["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert {f"examples/{template}/{name}" for name in own} <= set(included)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--template", "x"), "init-template"),
        (("--manager", "conda"), "init-manager"),
        (("--manager", "uv2nix"), "init-manager"),
        (("--from", "no.lock"), "init-source"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: str
) -> None:
    assert init(tmp_path, *words) == 1
    assert f"[{code}]" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("constraint", "python"),
    [
        (">=3.10", "3.12"),
        (">=3.13", "3.13"),
        ("^3.10,<3.12", "3.11"),
        ("3.10.*", "3.10"),
        ("==3.9.15", "3.9"),
    ],
)
def test_of_several_pythons_the_usual_one_is_taken(constraint: str, python: str) -> None:
    source = Source("pyproject.toml", "pyproject", python=[Claim(constraint, 1)])
    assert choose_python(Survey([source]), None).value == python


@pytest.mark.parametrize("text", ["a: &x [*x]", "{", "- : -", "dependencies: [{pip: 3}, 4, null, '']", "5"])
def test_odd_conda_files_are_findings_or_nothing(text: str) -> None:
    try:
        assert read_conda("environment.yml", text).packages == []
    except PyenvspecError as error:
        assert error.diagnostics[0].code == "init-source"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    st.sampled_from(
        [
            ".python-version",
            "pyproject.toml",
            "uv.lock",
            "poetry.lock",
            "requirements.txt",
            "environment.yml",
            "setup.py",
            "setup.cfg",
            "Pipfile",
            "Pipfile.lock",
            "pixi.toml",
            "devbox.json",
            "Dockerfile",
            "pdm.lock",
        ]
    ),
    st.binary(max_size=60) | st.text(max_size=60).map(str.encode),
)
def test_any_bytes_in_any_file_give_a_file_or_a_finding(tmp_path: Path, name: str, data: bytes) -> None:
    for path in tmp_path.iterdir():
        path.unlink() if path.is_file() else shutil.rmtree(path)
    (tmp_path / name).write_bytes(data)
    assert init(tmp_path, "-q") in (0, 1)


class StandInUv:
    """Answers as uv does: `torch` resolves up to 3.10, `old` has no wheel at all, that of `aged` is for 3.8."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def run(self, argv: Sequence[str], **more: object) -> Result:
        given, minor = str(more["input"]), argv[argv.index("--python-version") + 1]
        self.asked.append((minor, given))
        assert "--no-build" in argv and more["cwd"] != Path.cwd()
        if "old" in given:
            return Result(
                tuple(argv), 1, stderr="Because old==1.0 has no usable wheels and you require old==1.0, …"
            )
        if "aged" in given and minor != "3.8":
            needed = "Because aged[more]>=0.10.1,<=0.10.3 has no usable wheels and only the following …"
            return Result(tuple(argv), 1, stderr=needed)
        if "aged" in given:
            return Result(tuple(argv), 0)
        return Result(
            tuple(argv), 0 if minor in ("3.9", "3.10") else 1, stderr="No solution found\n because torch"
        )


def test_uv_is_asked_for_the_newest_python_that_resolves() -> None:
    source = read_requirements("requirements.txt", "torch==2\nold==1.0\n-e .\n", lambda name: None)
    uv = StandInUv()
    answer, said = newest_that_resolves(source, ["3.8", "3.9", "3.10", "3.11"], uv)
    assert answer == "3.10" and "uv finds wheels" in said
    together = [(minor, given) for minor, given in uv.asked if given != "old==1.0\n"]
    assert [minor for minor, _ in together] == ["3.11", "3.11", "3.10"]
    assert together[-1][1] == "torch==2\n"


def test_a_package_that_has_wheels_for_an_older_python_is_no_source() -> None:
    source = read_requirements("requirements.txt", "aged==0.10\nold==1.0\n", lambda name: None)
    answer, _ = newest_that_resolves(source, ["3.8", "3.9", "3.10", "3.11"], StandInUv())
    assert answer == "3.8"


def test_programs_that_the_readme_tells_to_install_are_native(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements.txt").write_text("six\n")
    (tmp_path / "README.md").write_text(
        "Install:\n```\nsudo apt update && sudo apt install ffmpeg espeak\n```\n"
    )
    text = str(answer(tmp_path, capsys)["text"])
    assert "- ffmpeg  # README.md:3" in text


@pytest.mark.parametrize(
    ("files", "lines"),
    [
        # the README says which framework, and installs the project itself
        (
            {
                "requirements.txt": "six\n",
                "setup.py": "from setuptools import setup\nsetup(name='lab')\n",
                "train.py": "import tensorflow as tf\n",
                "README.md": "# Lab\n```\npip install tensorflow==2.11.0\npip install -e .\n```\n",
            },
            ["tensorflow==2.11.0", "numpy<2", "-r requirements.txt", "-e ."],
        ),
        # nobody says which: the newest
        ({"requirements.txt": "six\n", "train.py": "import torch\n"}, ["torch", "-r requirements.txt"]),
        # what is for developers is not what people install
        (
            {
                "requirements.txt": "torch\n",
                "train.py": "import torch\n",
                "README.md": "## Development\npip install pytest torch==1.0\n",
            },
            None,
        ),
        # an image names its framework
        (
            {
                "train.py": "import tensorflow as tf\n",
                "Dockerfile": "FROM tensorflow/tensorflow:1.14.0-gpu-py3\n",
            },
            ["tensorflow-gpu==1.14.0", "protobuf<3.21"],
        ),
        # tensorflow 1 by what it alone has
        (
            {
                "requirements.txt": "tensorflow>=1.11\n",
                "train.py": "import tensorflow as tf\ntf.contrib.x()\n",
            },
            ["tensorflow==1.15.5", "protobuf<3.21", "-r requirements.txt"],
        ),
        # prose pins what only imports name
        (
            {
                "train.py": "import timm\nimport torch\n",
                "README.md": "Based on [`timm==0.3.2`](https://x.example).\n",
            },
            ["torch", "timm==0.3.2"],
        ),
        # MPI is imported and listed nowhere
        (
            {
                "setup.py": "from setuptools import setup\nsetup(install_requires=['torch'])\n",
                "lab/a.py": "from mpi4py import MPI\n",
            },
            ["mpi4py", "-e ."],
        ),
    ],
    ids=["readme", "framework", "developers", "image", "tensorflow-1", "prose", "mpi"],
)
def test_what_the_packages_lack_is_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str], lines: list[str] | None
) -> None:
    write_all(tmp_path, files)
    answer(tmp_path, capsys)
    name = "requirements.pyenvspec.txt" if "requirements.txt" in files else "requirements.txt"
    written = (tmp_path / name).read_text().splitlines()[1:] if (tmp_path / name).exists() else None
    assert written == lines


def write_all(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_a_setup_py_that_imports_torch_is_built_after_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "setup.py").write_text(
        "import torch\nfrom torch.utils.cpp_extension import CUDAExtension\nfrom setuptools import setup\n"
        "setup(name='ext', install_requires=['six'], ext_modules=[CUDAExtension('ext', ['a.cu'])])\n"
    )
    (tmp_path / ".python-version").write_text("3.10")
    result = answer(tmp_path, capsys)
    assert result["after"] == "pip install --no-build-isolation -e ."
    assert (tmp_path / "requirements.txt").read_text().splitlines()[1:] == ["six", "torch"]
    assert "\ncuda: 13" in str(result["text"])


def test_what_the_build_system_requires_is_there_for_setup_py(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "setup.py").write_text("import numpy\nfrom setuptools import setup\nsetup(name='lab')\n")
    (tmp_path / "pyproject.toml").write_text('[build-system]\nrequires = ["setuptools", "numpy>=1.20"]\n')
    assert answer(tmp_path, capsys)["after"] is None
    assert (tmp_path / "requirements.txt").read_text().splitlines()[1:] == ["-e ."]


def test_of_an_image_only_the_last_stage_and_what_it_is_made_from_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements.txt").write_text("six\n")
    (tmp_path / "Dockerfile").write_text(
        "ARG V=12.1.1\nFROM nvidia/cuda:${V}-devel AS base\nRUN apt-get install -y ffmpeg\nFROM base AS builder\n"
        "RUN apt-get install -y libeigen3-dev\nFROM base\nRUN apt-get install -y tzdata sox\n"
    )
    result = answer(tmp_path, capsys)
    assert "ffmpeg" in str(result["text"]) and "sox" in str(result["text"])
    assert "eigen" not in str(result["text"]) and "tzdata" not in str(result["text"])
    assert any("CUDA 12.1" in note for note in result["notes"])  # type: ignore[attr-defined]


def test_many_projects_below_are_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(25):
        write_all(tmp_path, {f"project-{number:02}/requirements.txt": "six\n"})
    write_all(tmp_path, {"project-00/setup.py": ""})
    assert init(tmp_path) == 1
    told = capsys.readouterr().err
    assert "  project-00  requirements.txt, setup.py\n" in told and "… and 5 more" in told
    assert "25 folders below do" in told and "`pyenvspec init -C project-00`" in told


def test_uv_is_not_said_to_be_asked_where_it_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements.txt").write_text("six==1.16.0\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert run(["init", "-C", str(tmp_path), "--dry-run"]) == 0
    told = capsys.readouterr().err
    assert "asking uv" not in told and "uv is not here to be asked" in told


def test_packages_that_only_a_dockerfile_installs_are_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_all(
        tmp_path,
        {
            "Dockerfile": "FROM ubuntu:22.04\nRUN apt-get update && apt-get install -y python3.10 python3-pip ffmpeg\n"
            "RUN pip install --extra-index-url https://wheels.example/simple torch==2.1.2 \\\n    numpy==1.26.4 rich\n",
            "main.py": "import einops, torch\n",
        },
    )
    result = answer(tmp_path, capsys)
    assert "version: 3.10  # Dockerfile:2" in str(result["text"])
    assert "ffmpeg" in str(result["text"])
    lines = (tmp_path / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "--extra-index-url https://wheels.example/simple",
        "torch==2.1.2",
        "numpy==1.26.4",
        "rich",
        "einops",
    ]


def test_names_of_a_file_are_texts_in_env_yaml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["ffmpeg", "a: b", "\ud800", "no", "x\ny", "- z", "\u2028", "\x85"]
    (tmp_path / "devbox.json").write_text(json.dumps({"packages": names}))
    (tmp_path / "setup.py").write_text('setup(name="My Lab!", install_requires=["rich"])\n')
    (tmp_path / "pyproject.toml").write_bytes(
        b'[project]\nname = "x"\nrequires-python = ">=3.9\\u0007"\n# Jos\xe9\n'
    )
    assert run(["init", "-C", str(tmp_path), "--offline", "--json", "--from", "setup.py"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert "  - ffmpeg  # devbox.json:1\n" in answer["text"]
    assert "My Lab" not in answer["text"]
    assert any("a: b" in one for one in answer["left_out"])


def test_a_cuda_of_thousands_of_digits_is_no_bug(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"dependencies:\n  - pytorch=1.12\n  - cudatoolkit={'9' * 5000}.3\n"
    (tmp_path / "environment.yml").write_text(text)
    assert run(["init", "-C", str(tmp_path), "--offline", "--dry-run"]) == 0
    assert "9999" not in capsys.readouterr().err

"""What `init` once lost on its way from a project's files to env.yaml: each row stands for a kind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pyenvspec.cli import run
from pyenvspec.commands.host.python import find_uv
from pyenvspec.project.survey.look import survey
from pyenvspec.project.survey.others import read_dockerfile, read_readme
from pyenvspec.project.survey.setup import read_setup_cfg, read_setup_py

SETUP = "from setuptools import setup\nsetup(name='lab', install_requires=['numpy'])\n"


def write_all(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def init(
    root: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str], *words: str
) -> dict[str, Any]:
    """Return what `init` says as data; `written` becomes the lines of the requirements file."""
    write_all(root, files)
    assert run(["init", "-C", str(root), "--offline", "--json", *words]) == 0
    done: dict[str, Any] = json.loads(capsys.readouterr().out)
    name = done["requirements"]
    done["written"] = (root / name).read_text().splitlines()[1:] if name else None
    return done


CONDA = "name: lab\ndependencies:\n  - python=3.8\n  - {package}\n  - pip:\n    - -r requirements.txt\n"


@pytest.mark.parametrize(
    ("package", "line"), [("tensorflow-gpu==1.15", "tensorflow==1.15"), ("mdtraj", "mdtraj")]
)
def test_a_conda_file_that_includes_the_requirements_is_the_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], package: str, line: str
) -> None:
    files = {
        "environment.yml": CONDA.format(package=package),
        "requirements.txt": "--find-links https://x.example/wheels\nkeras==2.3.1\n",
    }
    done = init(tmp_path, capsys, files)
    assert done["primary"] == "environment.yml"
    assert {line, "keras==2.3.1", "--find-links https://x.example/wheels"} <= set(done["written"])
    assert not any("not used" in note for note in done["notes"])
    assert done["left_out"] == []


def test_a_conda_file_that_only_includes_the_requirements_leaves_them_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"environment.yml": CONDA.format(package="pip"), "requirements.txt": "six\n"}
    assert init(tmp_path, capsys, files)["requirements"] is None


def test_a_conda_file_that_is_named_includes_its_requirements(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"conda.yaml": CONDA.format(package="mdtraj"), "requirements.txt": "six\n"}
    assert init(tmp_path, capsys, files, "--from", "conda.yaml")["written"] == ["mdtraj", "six"]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Run `apt install libsndfile1`.", ["libsndfile"]),
        ("Install with `sudo apt install libglfw3 patchelf ffmpeg`.", ["glfw", "patchelf", "ffmpeg"]),
        ("`sudo apt install sox ffmpeg.`", ["sox", "ffmpeg"]),
        ("Run apt install sox, graphviz", ["sox", "graphviz"]),
        ("`apt install sox` or `apt install ffmpeg`", ["sox", "ffmpeg"]),
        ("sudo apt-get install sox  # time for ffmpeg", ["sox"]),
        ("<code>apt install sox</code> first", ["sox"]),
    ],
)
def test_no_word_of_an_apt_line_is_lost(line: str, names: list[str]) -> None:
    source = read_readme("README.md", f"# Lab\n{line}\n")
    assert source is not None
    assert [claim.value for claim in source.native] == names


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Just pip install einops.", ["einops"]),
        ("Run `pip install einops timm==0.9.2`.", ["einops", "timm==0.9.2"]),
        ("Run pip install einops, and then train.", ["einops"]),
        ("Do pip install einops and enjoy", ["einops"]),
        ("Now pip install -e .[vis].", ["-e .[vis]"]),
        ("Now pip install .", ["-e ."]),
        ("Run conda install pytorch=1.12.", ["torch==1.12.*"]),
    ],
)
def test_a_command_ends_where_its_sentence_does(line: str, names: list[str]) -> None:
    source = read_readme("README.md", f"# Lab\n{line}\n")
    assert source is not None
    assert [wanted.text for wanted in source.packages] == names


def test_what_an_instruction_of_several_lines_installs_stands_at_its_own_line() -> None:
    text = (
        "FROM python:3.8\nRUN apt-get install -y \\\n    ffmpeg \\\n    sox \\\n && pip install \\\n  six\n"
    )
    source = read_dockerfile("Dockerfile", text)
    assert [(claim.value, claim.line) for claim in source.native] == [("ffmpeg", 3), ("sox", 4)]
    assert [wanted.line for wanted in source.packages] == [5]
    readme = read_readme("README.md", "```\nsudo apt install \\\n  ffmpeg \\\n  sox\n```\n")
    assert readme is not None
    assert [claim.line for claim in readme.native] == [3, 4]


@pytest.mark.parametrize(
    "line",
    [
        "python3.8 -m venv .venv",
        "virtualenv -p python3.8 .venv",
        "virtualenv --python=/usr/bin/python3.8 .venv",
        "pyenv install 3.8.10",
        "sudo apt install python3.8-venv",
    ],
)
def test_the_python_that_makes_an_environment_is_taken(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"README.md": f"```\n{line}\n```\n", "requirements.txt": "torch==1.10.0\nnumpy==1.21.0\n"}
    assert init(tmp_path, capsys, files)["python"] == "3.8"


def test_the_extras_that_an_image_installs_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"Dockerfile": "FROM python:3.8\nRUN pip3 install -e .[vis]\n", "setup.py": SETUP}
    assert init(tmp_path, capsys, files)["written"] == ["-e .[vis]"]


def test_a_conda_file_beside_a_project_that_is_installed_has_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "environment.yml": "dependencies: [python=3.8, mdtraj]\n",
        "setup.py": SETUP,
        "README.md": "```\npip install -e .\n```\n",
    }
    assert init(tmp_path, capsys, files)["written"] == ["mdtraj", "-e ."]


@pytest.mark.parametrize(
    ("text", "is_own"),
    [
        ("git clone https://x.example/me/lab\ncd lab\npip install -e .", True),
        ("cd lab\npip install .", True),
        ("cd ops\npython setup.py install", False),
        ("cd ops\npython setup.py install\ncd ..\npip install -e .", True),
        ("cd ops && pip install . && cd ..", False),
        ("git clone https://github.com/NVIDIA/apex && cd apex && pip install -v .", False),
        ("git clone https://x.example/me/lab.git\ngit clone https://x.example/b/tool\ncd tool\npip install .", False),
    ],
)  # fmt: skip
def test_the_folder_that_it_is_typed_in_is_followed(text: str, is_own: bool, tmp_path: Path) -> None:
    write_all(tmp_path, {"README.md": f"```\n{text}\n```\n", "requirements.txt": "six\n", "ops/setup.py": ""})
    readme = survey(tmp_path).get("README.md")
    assert (readme is not None) == is_own


def test_a_project_that_is_installed_is_called_so() -> None:
    source = read_readme("README.md", "# Lab\n```\nuv sync\n```\n")
    assert source is not None
    assert source.summary == "tells to install the project itself"


CONDA_OF = "dependencies:\n  - python=3.9\n  - pytorch=1.12.1\n"


@pytest.mark.parametrize(
    ("asked", "line", "left_out"),
    [
        ("pyg=2.1.0", "torch-geometric==2.1.0.post1", None),
        ("openmm=8.2.0", "openmm==8.2.0", None),
        ("openmm=7.7", "openmm", "openmm==7.7.*: the package index has it from 8.1.1 on"),
        ("pytorch3d=0.7.4", "pytorch3d @ git+https://github.com/facebookresearch/pytorch3d.git@v0.7.4", None),
        ("gxx_linux-64", None, "gxx_linux-64: is in every shell already"),
        ("libfoo", None, "libfoo: is conda's own"),
    ],
)
def test_what_conda_names_is_what_pip_can_install_or_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: str, line: str | None, left_out: str | None
) -> None:
    done = init(tmp_path, capsys, {"environment.yml": f"{CONDA_OF}  - {asked}\n"})
    written = [one for one in done["written"] if one != "numpy<2"]
    assert written == ["torch==1.12.1", *([line] if line else [])]
    assert [left_out in one for one in done["left_out"]] == ([True] if left_out else [])


def test_programs_of_biology_are_native(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"{CONDA_OF}  - hhsuite\n  - bioconda::kalign2\n  - hmmer\n"
    done = init(tmp_path, capsys, {"environment.yml": text})
    assert done["written"] == ["torch==1.12.1"]
    assert [name for name in ("hh-suite", "kalign", "hmmer") if f"- {name}" not in done["text"]] == []


def test_what_conda_pulled_in_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f"  - lib{name}=1.0=h7f98852_0\n" for name in ("one", "two", "three", "four")]
    two = init(tmp_path / "2", capsys, {"environment.yml": CONDA_OF + "".join(lines[:2])})["left_out"]
    four = init(tmp_path / "4", capsys, {"environment.yml": CONDA_OF + "".join(lines)})["left_out"]
    assert ["(libone, libtwo):" in two[0], "(libone, libtwo, libthree …):" in four[0]] == [True, True]


def test_a_page_behind_a_name_is_an_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = "https://data.pyg.org/whl/torch-1.12.1+cu113.html"
    text = f"{CONDA_OF}  - pip:\n    - torch-scatter -f {page}\n"
    done = init(tmp_path, capsys, {"environment.yml": text})
    index = "--extra-index-url https://download.pytorch.org/whl/cu113"
    assert done["written"][:4] == [f"--find-links {page}", index, "torch==1.12.1", "torch-scatter"]
    assert done["left_out"] == []


def test_pip_reads_over_a_page_behind_a_name_in_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = init(tmp_path, capsys, {"requirements.txt": "six -f https://x.example/wheels\n"})
    assert done["written"] == ["--find-links https://x.example/wheels", "-r requirements.txt"]


@pytest.mark.parametrize(
    ("asked", "line", "cuda"),
    [
        ("tensorflow-gpu=1.15", "tensorflow==1.15.*", "10.0"),
        ("tensorflow-gpu=1.15.0", "tensorflow==1.15.0", "10.0"),
        ("tensorflow=1.14", "tensorflow-gpu==1.14.*", "10.0"),
        ("tensorflow-gpu=1.14.0", "tensorflow-gpu==1.14.0", "10.0"),
        ("tensorflow-gpu=2.0", "tensorflow-gpu==2.0.*", "10.0"),
        ("tensorflow-gpu=2.3", "tensorflow==2.3.*", "10.1"),
    ],
)
def test_the_tensorflow_of_conda_gets_its_cuda(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: str, line: str, cuda: str
) -> None:
    text = f"dependencies:\n  - python=3.7\n  - {asked}\n  - cudatoolkit={cuda}\n  - cudnn=7.6\n"
    done = init(tmp_path, capsys, {"environment.yml": text})
    assert line in done["written"]
    assert f"cuda: {{version: {cuda}, cudnn:" in done["text"]


def test_a_tensorflow_without_a_cuda_beside_it_is_that_of_the_cpu(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = init(tmp_path, capsys, {"environment.yml": "dependencies: [python=3.7, tensorflow=1.14]\n"})
    assert "tensorflow==1.14.*" in done["written"]
    assert "cuda" not in done["text"]


README = """# Lab
```
pip install torch==1.6.0 torchvision==0.7.0
pip install torch-scatter==2.0.5 torch-sparse==0.6.7 -f https://data.pyg.org/whl/torch-1.6.0.html
pip install torch-geometric==1.6.1 wandb
```
"""
TRAIN = "import torch, torch_sparse\nimport torch_geometric.nn as gnn\nfrom torch_scatter import scatter\n"


def test_what_a_readme_installs_and_scripts_import_is_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"README.md": README, "requirements.txt": "numpy==1.19.5\n", "train.py": TRAIN}
    done = init(tmp_path, capsys, files)
    assert done["written"] == [
        "--find-links https://data.pyg.org/whl/torch-1.6.0.html",
        "torch==1.6.0",
        "torchvision==0.7.0",
        "torch-scatter==2.0.5",
        "torch-sparse==0.6.7",
        "torch-geometric==1.6.1",
        "-r requirements.txt",
    ]
    assert any("README.md:5 installs wandb, and" in note for note in done["notes"])
    assert "(README.md:3)" in done["text"]


@pytest.mark.parametrize(
    ("told", "listed", "lines", "note"),
    [
        ("torch==1.10.0+cu113", "torch==1.10.0", ["torch==1.10.0+cu113"], "does not say so much"),
        ("torch==1.10.0+cu113", "torch==1.12.1", [], "asks for torch==1.12.1, which is taken"),
        ("torch==1.10.0", "torch==1.10.0+cu113", None, "the package index has not what"),
    ],
)
def test_a_readme_and_the_requirements_about_the_build_of_torch(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    told: str,
    listed: str,
    lines: list[str] | None,
    note: str | None,
) -> None:
    files = {
        "README.md": f"```\npip install {told} -f https://download.pytorch.org/whl/cu113\n```\n",
        "requirements.txt": f"{listed}\nnumpy==1.21.0\n",
        "train.py": "import torch\n",
    }
    done = init(tmp_path, capsys, files)
    address = "https://download.pytorch.org/whl/cu113"
    # Of a build for CUDA that is listed without its index, that is added.
    new = [f"--extra-index-url {address}"] if lines is None else [f"--find-links {address}", *lines]
    assert done["written"] == (None if lines == [] else [*new, "-r requirements.txt"])
    assert note is None or any(note in one for one in done["notes"])


def test_what_an_image_installs_beside_the_project_is_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "Dockerfile": "FROM python:3.8\nRUN pip3 install -e .[vis]\nRUN pip3 install jupyterlab==3.2.1\n",
        "setup.py": SETUP,
    }
    assert init(tmp_path, capsys, files)["written"] == ["jupyterlab==3.2.1", "-e .[vis]"]


@pytest.mark.parametrize(
    ("lines", "python", "torch"),
    [
        (["- Python 3.7", "- PyTorch 1.4", "- CUDA 10.1"], "3.7", "torch==1.4.*"),
        (["* **Python** 3.7.9", "* [PyTorch](https://pytorch.org) == 1.4.0"], "3.7", "torch==1.4.0"),
        (["1. Python: 3.7", "2. PyTorch (1.4.0)"], "3.7", "torch==1.4.0"),
        (["- Python 3.7+", "- PyTorch >= 1.4"], "3.12", "torch"),
        (["- Python 3.6 or higher", "- PyTorch 1.4 - 1.7"], "3.12", "torch"),
    ],
)
def test_a_list_in_prose_says_versions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: list[str], python: str, torch: str
) -> None:
    files = {"README.md": "# Lab\n" + "\n".join(lines) + "\n", "train.py": "import torch\n"}
    done = init(tmp_path, capsys, files)
    assert (done["python"], torch in done["written"]) == (python, True)


@pytest.mark.parametrize("beside", ["pandas", "torchvision==0.10.0", "transformers==4.10.0"])
def test_numpy_2_is_kept_out_whoever_brings_numpy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], beside: str
) -> None:
    done = init(tmp_path, capsys, {"requirements.txt": f"torch==1.9.0\n{beside}\n"})
    assert done["written"] == ["numpy<2", "-r requirements.txt"]


def test_packages_of_a_project_stand_at_their_own_lines() -> None:
    code = "needed = [\n    'numpy',\n\n    'torch==1.9.0',\n]\nsetup(install_requires=needed)\n"
    source = read_setup_py("setup.py", code)
    assert source is not None
    assert [wanted.line for wanted in source.packages] == [2, 4]
    text = (
        "[metadata]\nname = lab\n[options]\ninstall_requires =\n    numpy\n    # of old\n    torch==1.9.0\n"
    )
    source = read_setup_cfg("setup.cfg", text)
    assert source is not None
    assert [wanted.line for wanted in source.packages] == [5, 7]


JAX = "jax[cuda11_pip]==0.4.14"
JAX_PAGE = "https://storage.googleapis.com/jax-releases/jax_cuda_releases.html"
JAX_PROJECT = f'[project]\nname = "lab"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["{JAX}"]\n'


@pytest.mark.parametrize(
    ("more", "is_told"), [("", True), (f'[tool.uv]\nfind-links = ["{JAX_PAGE}"]\n', False)]
)
def test_the_page_of_jax_is_told_to_a_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: str, is_told: bool
) -> None:
    done = init(tmp_path, capsys, {"pyproject.toml": JAX_PROJECT + more})
    assert done["python"] == "3.11"
    assert any(f'write `find-links = ["{JAX_PAGE}"]`' in note for note in done["notes"]) == is_told


@pytest.mark.parametrize(
    ("text", "option"),
    [
        (f"{JAX}\n", f"--find-links {JAX_PAGE}"),
        ("jaxlib==0.4.23+cuda12.cudnn89\n", f"--find-links {JAX_PAGE}"),
        ("torch==1.12.1+cu113\n", "--extra-index-url https://download.pytorch.org/whl/cu113"),
        ("jax[cuda12]==0.4.25\n", None),
        ("jax[cuda12_pip]==0.4.30\n", None),
        (f"-f {JAX_PAGE}\n{JAX}\n", None),
    ],
)
def test_the_page_of_wheels_that_no_index_has_is_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, option: str | None
) -> None:
    written = init(tmp_path, capsys, {"requirements.txt": text})["written"] or []
    assert [line for line in written if line.startswith("--")] == ([option] if option else [])


NEWER = SETUP.replace("name='lab'", "name='lab', python_requires='>=3.10', py_modules=['model']")


@pytest.mark.parametrize(
    ("files", "added"),
    [
        ({"setup.py": NEWER}, ["numpy"]),
        ({"setup.py": NEWER, "requirements.txt": "-e .\nsix==1.16.0\n"}, ["numpy", "six==1.16.0"]),
        ({"requirements.txt": "six==1.16.0\n"}, ["six==1.16.0"]),
        ({"environment.yml": "dependencies: [python=3.10, mdtraj]\n"}, ["mdtraj"]),
    ],
    ids=["setup", "itself", "requirements", "conda"],
)
def test_a_new_project_of_uv_has_the_packages(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    added: list[str],
) -> None:
    uv = find_uv()
    if uv is None:
        pytest.skip("needs uv")
    monkeypatch.setattr("pyenvspec.commands.init.command.has_program", bool)
    step = init(tmp_path, capsys, files, "--manager", "uv")["next"]
    # Frozen: it writes pyproject.toml, and asks no index.
    variables = {
        **os.environ,
        "UV_FROZEN": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "PATH": f"{Path(uv).parent}:{os.environ['PATH']}",
    }
    # The Python of the machine: which minor it has, the command is not about.
    command = re.sub(r"--python \S+", f"--python {sys.executable}", step)
    subprocess.run(["sh", "-ec", command], cwd=tmp_path, env=variables, check=True, capture_output=True)
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text())
    assert sorted(project["project"]["dependencies"]) == sorted(added)
    assert ("build-system" in project) == ("setup.py" in files)


def test_a_new_project_of_poetry_has_the_packages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyenvspec.commands.init.command.has_program", bool)
    done = init(tmp_path, capsys, {"requirements.txt": "six==1.16.0\ntqdm>=4\n"}, "--manager", "poetry")
    assert done["next"] == (
        "poetry init --no-interaction --python '~3.12' && poetry add six==1.16.0 'tqdm>=4'"
    )


@pytest.mark.parametrize(
    ("packages", "built", "lines"),
    [
        (
            "numpy==1.18.5\npycocotools==2.0.0\n",
            "[pycocotools]",
            ["cython", "-r requirements.txt"],
        ),
        ("numpy==1.18.5\ncython\ncython-bbox\n", "[cython-bbox]", None),
        ("numpy==1.23.5\npycocotools==2.0.7\n", None, None),
    ],
)
def test_a_build_that_imports_what_it_does_not_say_comes_last(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    packages: str,
    built: str | None,
    lines: list[str] | None,
) -> None:
    done = init(tmp_path, capsys, {"requirements.txt": packages})
    assert (f"build_after: {built}" in done["text"]) == (built is not None)
    assert done["written"] == lines
    capsys.readouterr()
    text = (tmp_path / "env.yaml").read_text()
    (tmp_path / "env.yaml").write_text(re.sub(r" *build_after:.*\n", "", text))
    assert run(["check", "-C", str(tmp_path)]) == 0
    assert ("its build imports cython" in capsys.readouterr().err) == (built is not None)


def test_a_page_that_a_readme_gives_with_the_requirements_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = "https://x.example/wheels.html"
    files = {
        "README.md": f"```\npip install -r requirements.txt -f {page}\n```\n",
        "requirements.txt": "six==1.16.0\n",
    }
    done = init(tmp_path, capsys, files)
    assert done["written"] == [f"--find-links {page}", "-r requirements.txt"]

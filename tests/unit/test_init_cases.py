"""Projects of the kinds that went wrong once, each with what `init` has to write, and that `check` takes it.

Small inputs made for the purpose; a row stands for a kind, not for one project.
"""

# The files of other tools have long lines.
# ruff: noqa: E501

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from pyenvspec.cli import run

if TYPE_CHECKING:
    from pathlib import Path

UV = """version = 1
revision = 3
requires-python = "{python}"

[[package]]
name = "lab"
version = "0"
source = {{ virtual = "." }}
dependencies = [{{ name = "torch" }}]

[[package]]
name = "torch"
version = "2.5.0"
source = {{ registry = "https://index.example/simple" }}
wheels = [{{ url = "https://index.example/torch-2.5.0-cp311-cp311-manylinux1_x86_64.whl", hash = "sha256:00" }}]

[[package]]
name = "nvidia-cuda-runtime-cu12"
version = "{runtime}"
source = {{ registry = "https://index.example/simple" }}
wheels = [{{ url = "https://index.example/nvidia_cuda_runtime_cu12-{runtime}-py3-none-manylinux1_x86_64.whl", hash = "sha256:00" }}]
"""
LAB = '[project]\nname = "lab"\nversion = "0"\nrequires-python = ">=3.10"\ndependencies = ["torch==2.5.0"]\n'
UNUSED_INDEX = '[[tool.uv.index]]\nname = "old"\nurl = "https://index.example/whl/cu118"\nexplicit = true\n'
POETRY = """[[package]]
name = "numba"
version = "0.58.1"
description = ""
optional = false
python-versions = ">=3.8"
files = [
    {{file = "numba-0.58.1-cp310-cp310-manylinux2014_2_17_x86_64.manylinux_2_17_x86_64.whl", hash = "sha256:00"}},
    {{file = "numba-0.58.1-cp311-cp311-manylinux2014_2_17_x86_64.manylinux_2_17_x86_64.whl", hash = "sha256:00"}},
]

[metadata]
lock-version = "2.0"
python-versions = "{python}"
content-hash = "0"
"""
POETRY_PROJECT = '[tool.poetry]\nname = "lab"\nversion = "0"\ndescription = ""\nauthors = []\n[tool.poetry.dependencies]\npython = "{python}"\nnumba = "0.58.1"\n'

CASES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "wheels-with-their-own-cuda": (
        {"pyproject.toml": LAB, "uv.lock": UV.format(python=">=3.11", runtime="12.8.90")},
        {"python": "3.11", "says": ["CUDA 12.8"], "without": ["\ncuda:"], "manager": "uv"},
    ),
    "an-index-that-no-package-uses": (
        {"pyproject.toml": LAB + UNUSED_INDEX, "uv.lock": UV.format(python=">=3.11", runtime="12.4.127")},
        {"says": ["CUDA 12.4"], "without": ["11.8", "\ncuda:"]},
    ),
    "the-python-of-the-locked-wheels": (
        {
            "pyproject.toml": POETRY_PROJECT.format(python=">=3.9,<3.13"),
            "poetry.lock": POETRY.format(python=">=3.9,<3.13"),
        },
        {"python": "3.11", "manager": "poetry", "says": ["numba 0.58.1 has wheels for Python 3.10 to 3.11"]},
    ),
    "the-range-of-a-poetry-lock": (
        {
            "pyproject.toml": POETRY_PROJECT.format(python=">=3.8,<3.11"),
            "poetry.lock": POETRY.format(python=">=3.8,<3.11"),
        },
        {"python": "3.10", "manager": "poetry"},
    ),
    "the-range-of-a-workspace": (
        {
            "pyproject.toml": '[tool.uv.workspace]\nmembers = ["packages/*"]\n',
            "packages/one/pyproject.toml": '[project]\nname = "one"\nversion = "0"\nrequires-python = ">=3.9"\n',
            "uv.lock": 'version = 1\nrequires-python = ">=3.9, <3.12"\n\n[manifest]\nmembers = ["one"]\n\n[[package]]\nname = "one"\nversion = "0"\nsource = { editable = "packages/one" }\n',
        },
        {"python": "3.11", "manager": "uv"},
    ),
    "pins-older-than-the-usual-python": (
        {"requirements.txt": "torch==1.7.1\nnumpy==1.19.5\n"},
        {"python": "3.9", "manager": "pip"},
    ),
    "python-packages-that-are-called-like-programs": (
        {
            "environment.yml": "name: lab\ndependencies: [python=3.10, click, pot, icecream, fire, opencv, sentencepiece, vtk]\n"
        },
        {
            "requirements": ["click", "pot", "icecream", "fire", "opencv-python", "sentencepiece", "vtk"],
            "without": ["- click", "- pot", "- vtk"],
        },
    ),
    "an-export-of-conda": (
        {
            "environment.yml": "name: lab\ndependencies:\n  - python=3.9.18=h955ad1f_0\n  - libglu=9.0.0=hac7e632_1003\n"
            "  - font-ttf-ubuntu=0.83=h77eed37_3\n  - ld_impl_linux-64=2.40=h41732ed_0\n  - scipy=1.11.3=py39h474f0d3_1\n"
            "  - tqdm=4.66.1=pyhd8ed1ab_0\n"
        },
        {"python": "3.9", "requirements": ["scipy==1.11.3", "tqdm==4.66.1"], "without": ["libglu", "font"]},
    ),
    "conda-by-another-name": (
        {"conda_env.yaml": "name: lab\ndependencies: [python=3.9, pytorch=1.12, cudatoolkit=11.3]\n"},
        {"python": "3.9", "says": ["CUDA 11.3"]},
    ),
    "conda-in-a-folder": (
        {"env/cpu.yml": "name: lab\ndependencies: [python=3.9, numpy]\n"},
        {"python": "3.9"},
    ),
    "setup-py": (
        {"setup.py": "from setuptools import setup\nsetup(name='lab', python_requires='>=3.7,<3.10')\n"},
        {"python": "3.9", "requirements": ["-e ."]},
    ),
    "pipfile": (
        {"Pipfile": '[packages]\nnumpy = "*"\n[requires]\npython_version = "3.9"\n'},
        {"python": "3.9"},
    ),
    "pixi": (
        {
            "pixi.toml": '[project]\nname = "lab"\nchannels = []\nplatforms = []\n[dependencies]\npython = "3.10.*"\nnumpy = "*"\n'
        },
        {"python": "3.10", "requirements": ["numpy"]},
    ),
    "pdm-lock": (
        {
            "pyproject.toml": '[project]\nname = "lab"\nversion = "0"\nrequires-python = ">=3.9"\ndependencies = ["numpy"]\n[tool.pdm]\n',
            "pdm.lock": '[metadata]\nlock_version = "4.4"\n\n[[package]]\nname = "numpy"\nversion = "1.26.4"\nrequires_python = ">=3.9"\n',
        },
        {"manager": "uv", "notes": ["the lock of PDM is not used"]},
    ),
    "options-of-pip-in-a-conda-file": (
        {
            "environment.yml": "name: lab\ndependencies:\n  - python=3.9\n  - pip:\n    - --extra-index-url https://index.example/whl/cu117\n"
            "    - -e .\n    - torch==1.13.1+cu117\n",
            "pyproject.toml": "[tool.black]\nline-length = 100\n",
        },
        {
            "requirements": [
                "--extra-index-url https://index.example/whl/cu117",
                "-e .",
                "torch==1.13.1+cu117",
            ],
            "next": "pyenvspec shell",
        },
    ),
    "names-that-only-conda-has": (
        {"environment.yml": "name: lab\ndependencies: [python=3.9, pytorch-mutex, dgl-cuda11.1, numpy]\n"},
        {"requirements": ["dgl", "numpy"], "without": ["mutex"]},
    ),
    "a-bound-is-no-version": (
        {"environment.yml": "name: lab\ndependencies: ['python<3.11', numpy]\n"},
        {"python": "3.10"},
    ),
    "a-python-that-only-pip-knows": (
        {"environment.yml": "name: lab\ndependencies: [python=3.7, numpy]\n"},
        {"python": "3.7", "manager": "pip", "requirements": ["numpy"]},
    ),
    "what-conda-lists-named-as-requirements": (
        {
            "requirements.txt": "# platform: linux-64\npython=3.9.18=h955ad1f_0\nzlib=1.2.13=h5eee18b_0\nnumpy=1.24.3=py39hf6e8229_1\n"
            "pytorch=2.0.1=py3.9_cuda11.7_cudnn8.5.0_0\ntimm=0.9.2=pypi_0\n"
        },
        {"python": "3.9", "without": ["zlib"], "wrote": ["numpy==1.24.3", "timm==0.9.2", "torch==2.0.1"]},
    ),
    "paths-of-another-machine": (
        {"requirements.txt": "numpy @ file:///croot/numpy_1/build/dist\nscipy==1.10.1\n"},
        {"left_out": ["numpy @ file://"], "wrote": ["numpy", "scipy==1.10.1"]},
    ),
    "a-readme-that-tells-conda-to-install": (
        {
            "requirements.txt": "numpy\n",
            "train.py": "import torch\n",
            "README.md": "```\nconda install pytorch==1.9.0 torchvision==0.10.0 cudatoolkit=11.1 -c pytorch -c nvidia\n```\n",
        },
        {
            "python": "3.9",
            "says": ["CUDA 11.1"],
            "wrote": ["torch==1.9.0", "torchvision==0.10.0", "numpy<2", "-r requirements.txt"],
        },
    ),
    "imports-beside-torch": (
        {"requirements.txt": "torch==2.6.0\n", "train.py": "import torch\nimport torchvision\n"},
        {"notes": ["train.py imports torchvision"], "wrote": ["torchvision", "-r requirements.txt"]},
    ),
    "a-readme-that-installs-its-own-repository": (
        {
            "requirements.txt": "torch==2.6.0\n",
            "setup.py": "from setuptools import setup\nsetup(name='japanese_clip', package_dir={'': 'src'})\n",
            "src/japanese_clip/__init__.py": "import torch\n",
            "README.md": "```\npip install git+https://github.com/lab/japanese-clip.git\n```\n",
        },
        {"wrote": ["-e .", "-r requirements.txt"]},
    ),
    "a-repository-by-its-address": (
        {
            "requirements.txt": "torch==2.6.0\ngit+https://github.com/lab/tools.git#subdirectory=py&egg=labtools\n",
            "train.py": "import torch\n",
            "README.md": "```\npip install -U 'git+https://github.com/lab/tools#subdirectory=py'\npip install git+https://github.com/lab/other\n```\n",
        },
        {
            "notes": ["installs git+https://github.com/lab/other"],
            "silent": ["installs git+https://github.com/lab/tools"],
        },
    ),
    "a-part-with-a-readme-of-its-own": (
        {
            "requirements.txt": "torch==2.6.0\n",
            "train.py": "import torch\n",
            "d2/README.md": "To install Detectron2, please follow its instructions.\n",
            **{f"d2/detr/{name}.py": "from detectron2.config import CfgNode\n" for name in "abcd"},
        },
        {
            "notes": ["imports detectron2", "if you use that, add `detectron2 @ git+"],
            "says": ["requirements.txt\n# GPU: torch 2.6.0"],
        },
    ),
    "built-against-numpy-1": (
        {"requirements.txt": "torch==2.0.1\nnumpy\n", "train.py": "import torch\n"},
        {"notes": ["older than numpy 2"], "wrote": ["numpy<2", "-r requirements.txt"]},
    ),
    "no-wheel-for-an-old-python": (
        {
            "requirements.txt": "tensorflow==1.7\nopencv-python\nscipy\n",
            "train.py": "import tensorflow as tf\n",
        },
        {
            "python": "3.6",
            "notes": ["opencv-python 4.6.0.66 is the last that has a wheel for Python 3.6"],
            "wrote": ["opencv-python<=4.6.0.66", "-r requirements.txt"],
        },
    ),
    "opencv-of-a-new-python": (
        {"requirements.txt": "torch==2.6.0\nopencv-python\n", "train.py": "import torch\n"},
        {"python": "3.12", "silent": ["opencv-python"]},
    ),
    "numpy-that-is-bounded": (
        {"requirements.txt": "torch==2.0.1\nnumpy==1.26.4\n", "train.py": "import torch\n"},
        {"python": "3.11", "says": ["manager: pip  # requirements.txt\n# GPU"]},
    ),
    "dependencies-in-a-file-of-pyproject": (
        {
            "pyproject.toml": '[project]\nname = "lab"\nversion = "0"\nrequires-python = ">=3.10"\ndynamic = ["dependencies", "optional-dependencies"]\n'
            '[tool.setuptools.dynamic]\ndependencies = {file = ["requirements/base.txt"]}\noptional-dependencies = {train = {file = "requirements/train.txt"}}\n',
            "requirements/base.txt": "torch==2.6.0\n",
            "requirements/train.txt": "-r base.txt\ntqdm\n",
        },
        {"manager": "uv", "says": ["# extras: [train]", "CUDA 12.4"]},
    ),
    "the-file-that-a-readme-installs": (
        {
            "pyproject.toml": '[project]\nname = "lab"\nversion = "0"\ndependencies = ["tqdm"]\n',
            "requirements.txt": "torch==2.6.0\ntqdm\n",
            "README.md": "```\npip install -r requirements.txt\n```\n",
        },
        {"manager": "pip"},
    ),
    "packages-of-r": (
        {"environment.yml": "name: lab\ndependencies: [python=3.10, r-base, r-seurat, cmake>=3.9, scanpy]\n"},
        {"says": ["- R ", "- cmake "], "left_out": ["r-seurat"], "requirements": ["scanpy"]},
    ),
    "code-of-python-2": (
        {"requirements.txt": "numpy\n", "run.py": "import numpy\n\nprint 'done'\n"},
        {"notes": ["run.py:3 is code of Python 2"]},
    ),
    "a-group-that-is-compiled": (
        {
            "pyproject.toml": LAB + '[project.optional-dependencies]\nfast = ["flash-attn"]\n',
            "uv.lock": UV.format(python=">=3.11", runtime="12.4.127").replace(
                'dependencies = [{ name = "torch" }]\n',
                'dependencies = [{ name = "torch" }]\n\n[package.optional-dependencies]\nfast = [{ name = "flash-attn" }]\n',
            )
            + '\n[[package]]\nname = "flash-attn"\nversion = "2.8.0"\nsource = { registry = "https://index.example/simple" }\nsdist = { url = "https://index.example/flash_attn-2.8.0.tar.gz", hash = "sha256:00" }\n',
        },
        {"without": ["\ncuda:", "\n  build_after"], "notes": ["flash-attn, of a group or an extra"]},
    ),
    "wheels-on-a-page": (
        {
            "requirements.txt": "torch==1.13.1+cu117\ntorch-scatter==2.1.0+pt113cu117\nnumpy==1.23.5\n"
            "--find-links https://wheels.example/whl/torch-1.13.1+cu117.html\n"
        },
        {"without": ["build_after", "\ncuda:"]},
    ),
    "wheels-on-a-page-of-the-readme": (
        {
            "README.md": "```\npip install torch==1.13.1\npip install mmcv-full==1.7.0\n# or pip install mmcv-full -f https://wheels.example/mmcv/dist/cu117/torch1.13/\n```\n",
            "train.py": "import torch\nimport mmcv\nimport numpy\n",
        },
        {
            "without": ["build_after", "\ncuda:"],
            "wrote": ["mmcv-full==1.7.0", "numpy<2", "torch==1.13.1"],
        },
    ),
    "tables-of-pixi": (
        {
            "pixi.toml": '[workspace]\nname = "lab"\n[dependencies]\npython = "3.11.*"\n[pypi-dependencies]\nlab = { path = ".", editable = true }\n'
            'sam-2 = { git = "https://git.example/sam2.git", rev = "abc" }\nimageio = { version = ">=2", extras = ["ffmpeg"] }\n'
        },
        {
            "python": "3.11",
            "wrote": ["-e .", "imageio[ffmpeg]>=2", "sam-2 @ git+https://git.example/sam2.git@abc"],
        },
    ),
    "a-lock-of-pipenv-with-markers": (
        {
            "Pipfile": '[packages]\npywin32 = "*"\n',
            "Pipfile.lock": '{"_meta": {"requires": {"python_version": "3.9"}}, "default": {"pywin32": {"version": "==306", '
            '"markers": "sys_platform == \'win32\'"}, "six": {"version": "==1.16.0"}}}',
        },
        {"python": "3.9", "wrote": ["pywin32==306 ; sys_platform == 'win32'", "six==1.16.0"]},
    ),
    "a-program-in-cuda": (
        {
            "requirements.txt": "tqdm\n",
            "src/field.cu": "",
            "Dockerfile": "FROM nvidia/cuda:11.8.0-devel-ubuntu22.04\nRUN apt-get install -y libglew-dev libopenexr-dev libc6-dev\n",
        },
        {"says": ["cuda: 11.8  # src/field.cu is compiled", "- glew", "- openexr"], "without": ["glibc"]},
    ),
    "what-every-shell-has-is-not-written": (
        {"devbox.json": '{"packages": ["gnumake@latest", "ffmpeg@7"]}', "requirements.txt": "tqdm\n"},
        {"says": ["- ffmpeg"], "without": ["gnumake"]},
    ),
    "of-several-requirements-one": (
        {
            f"requirements/{name}.txt": f"torch=={version}\n"
            for name, version in (("cpu", "2.1.0"), ("cu118", "2.1.0+cu118"), ("cu121", "2.1.0+cu121"))
        },
        {
            "says": ["requirements/cu121.txt", "CUDA 12.1"],
            "without": ["11.8"],
            "notes": ["requirements/cpu.txt, requirements/cu118.txt are not used"],
        },
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_project_of_this_kind_gets_the_right_env_yaml(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files, right = CASES[case]
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert run(["init", "-C", str(tmp_path), "--offline", "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    written = (tmp_path / "env.yaml").read_text()
    assert done["python"] == right.get("python", done["python"])
    assert done["manager"] == right.get("manager", done["manager"])
    assert done["next"] == right.get("next", done["next"])
    for said in right.get("says", ()):
        assert said in written
    for absent in right.get("without", ()):
        assert absent not in written
    for note in right.get("notes", ()):
        assert any(note in one for one in done["notes"]), done["notes"]
    for note in right.get("silent", ()):
        assert not any(note in one for one in done["notes"]), done["notes"]
    for item in right.get("left_out", ()):
        assert any(item in one for one in done["left_out"]), done["left_out"]
    if "wrote" in right:
        lines = (tmp_path / done["requirements"]).read_text().splitlines()[1:]
        assert sorted(line for line in lines if not line.startswith("--")) == sorted(right["wrote"])
    if "requirements" in right:
        lines = (tmp_path / "requirements.txt").read_text().splitlines()[1:]
        assert sorted(lines) == sorted(right["requirements"])


@pytest.mark.parametrize(
    "names", ["[libGL, SDL2, R, unixODBC]", "[libGLU, gst_all_1.gstreamer, xorg.libX11]"]
)
def test_names_of_nixpkgs_are_taken_as_they_are(names: str, tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text(f"python: {{version: 3.12, manager: nixpkgs}}\nnative: {names}\n")
    assert run(["check", "-q", "-C", str(tmp_path)]) == 0


def test_a_lock_with_one_version_from_two_indices_is_valid(tmp_path: Path) -> None:
    registries = ("https://index.example/whl/cpu", "https://index.example/simple")
    packages = "".join(
        f'[[package]]\nname = "torch"\nversion = "2.8.0"\nsource = {{ registry = "{registry}" }}\nresolution-markers = ["{marker}"]\n'
        f'wheels = [{{ url = "{registry}/torch-2.8.0-{tags}.whl", hash = "sha256:00" }}]\n\n'
        for registry, marker, tags in zip(
            registries,
            ("sys_platform == 'darwin'", "sys_platform != 'darwin'"),
            ("cp312-none-macosx_11_0_arm64", "cp312-cp312-manylinux_2_28_x86_64"),
            strict=True,
        )
    )
    dependencies = "".join(
        f'    {{ name = "torch", version = "2.8.0", source = {{ registry = "{registry}" }}, marker = "{marker}" }},\n'
        for registry, marker in zip(
            registries, ("sys_platform == 'darwin'", "sys_platform != 'darwin'"), strict=True
        )
    )
    (tmp_path / "uv.lock").write_text(
        'version = 1\nrevision = 3\nrequires-python = ">=3.12"\n'
        "resolution-markers = [\"sys_platform == 'darwin'\", \"sys_platform != 'darwin'\"]\n\n"
        '[[package]]\nname = "lab"\nversion = "0"\nsource = { virtual = "." }\n'
        f"dependencies = [\n{dependencies}]\n\n{packages}"
    )
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "lab"\nversion = "0"\nrequires-python = ">=3.12"\ndependencies = ["torch==2.8.0"]\n'
    )
    (tmp_path / "env.yaml").write_text("python: {version: 3.12, manager: uv2nix}\nsystems: [x86_64-linux]\n")
    assert run(["check", "-q", "-C", str(tmp_path)]) == 0


def test_folders_that_are_projects_are_shown_where_scripts_lie_in_them_only(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "requirements.txt").write_text("torch\n")
        (tmp_path / name / "train.py").write_text("import torch\n")
    (tmp_path / "requirements-dev.txt").write_text("pytest\n")
    assert run(["init", "-C", str(tmp_path), "--offline"]) == 1
    assert not (tmp_path / "env.yaml").exists()


def test_what_compile_writes_is_known_to_git_in_spite_of_its_gitignore(tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text("python: 3.12\ncuda: 11.8\n")
    (tmp_path / ".gitignore").write_text("*.c\n*.sh\n/nix\n")
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", ".gitignore", "env.yaml"], check=True)
    assert run(["compile", "-q", "-C", str(tmp_path)]) == 0
    known = subprocess.run([*git, "ls-files"], check=True, capture_output=True, text=True).stdout.split()
    written = {str(path.relative_to(tmp_path)) for path in (tmp_path / "nix").rglob("*") if path.is_file()}
    assert any(name.endswith(".c") for name in written)
    assert written | {"flake.nix"} <= set(known)


@pytest.mark.parametrize("lock", [True, False])
def test_pip_installs_a_project_where_it_is_asked_for(lock: bool, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(LAB)
    if lock:
        (tmp_path / "uv.lock").write_text(UV.format(python=">=3.11", runtime="12.4.127"))
    assert run(["init", "-C", str(tmp_path), "--offline", "--manager", "pip"]) == 0
    assert "manager: pip" in (tmp_path / "env.yaml").read_text()
    assert (tmp_path / "requirements.txt").read_text().splitlines()[1:] == ["-e ."]

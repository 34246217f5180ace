"""The managers that build from a lock, with the real uv2nix and poetry2nix: derivations show each override."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from harness import Nix
from labs import git
from lock_labs import Lab, Package, format_poetry_lock, format_uv_lock, lay_lab, make_lab

if TYPE_CHECKING:
    from pathlib import Path

    from inputs import Inputs

pytestmark = [pytest.mark.nix, pytest.mark.inputs]
MANAGERS = ("poetry2nix", "uv2nix")
each_manager = pytest.mark.parametrize("manager", MANAGERS)
ENV = "packages.x86_64-linux.python-env"

PACKAGES = [
    Package("alpha", files=("any", "sdist")),
    Package("beta", ("alpha", "gone")),
    Package("built"),
    Package("changed"),
    Package("changed-too"),
    Package("gone", ("only-for-gone",)),
    Package("only-for-gone"),
    Package("plain"),
    Package("pybind11", files=("any", "sdist"), version="9.8.7"),
    # What builds Python packages needs it too.
    Package("tomli", files=("any", "sdist")),
    Package("six", files=("any", "sdist"), version="9.8.7"),
    Package("wheels-only", files=("linux",)),
]
OVERRIDES = """
overrides:
  Gone: {remove: true}
  tomli: {remove: true}
  six: {from_nixpkgs: true}
  pybind11: {from_nixpkgs: true, keep_locked_source: true}
  built: {source: sdist, build_systems: [setuptools], build_tools: [cmake], dependencies: [alpha, portaudio]}
  changed:
    libraries: [cuda.cudnn, libsndfile]
    ignore_missing_libraries: [libcuda.so.1, libnvinfer.so.8]
    env: {MAX_JOBS: 4, CUDNN: "${cuda.cudnn}/lib"}
    post_install: rm -f $out/LICENSE
  Changed_Too: {patches: [./fix.patch]}
"""
SHELL = """
name: lab
systems: [x86_64-linux]
fixes: none
cuda: 12.8
wheels: {disabled: [alpha, wheels-only]}
containers:
  default: {image: lab, project: false}
  with-files: {image: lab, project: false, copy: [./src]}
python:
  version: 3.12
  editable: {lab: ./src}
"""
# What the derivations of a set of packages say, as JSON.
DESCRIBE = """
env:
let names = inputs: map (x: x.pname or x.name) (builtins.filter builtins.isAttrs inputs);
in builtins.mapAttrs (_: package: if package == null then null else {
  name = package.name;
  source = package.src.name or null;
  native = names package.nativeBuildInputs;
  build = names (package.buildInputs ++ package.propagatedBuildInputs);
  needs = if builtins.isAttrs (package.dependencies or null) then builtins.attrNames package.dependencies else [ ];
  ignored = package.autoPatchelfIgnoreMissingDeps or [ ];
  variables = { MAX_JOBS = package.drvAttrs.MAX_JOBS or null; CUDNN = package.drvAttrs.CUDNN or null; };
  patches = map (x: baseNameOf (toString x)) (package.patches or [ ]);
  postInstall = package.postInstall or "";
  drv = package.drvPath;
}) { %s }
"""


@pytest.fixture(scope="module")
def labs(nix_bin: Path, inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Lab]:
    nix = Nix(nix_bin / "nix", tmp_path_factory.mktemp("home"))
    folder = tmp_path_factory.mktemp("labs")
    direct = [package.name for package in PACKAGES if package.name != "only-for-gone"]
    return {
        manager: Lab(
            nix,
            inputs,
            make_lab(folder / manager, f"{SHELL}  manager: {manager}\n{OVERRIDES}", direct, PACKAGES),
        )
        for manager in MANAGERS
    }


@pytest.fixture(scope="module")
def described(labs: dict[str, Lab]) -> dict[str, dict[str, Any]]:
    wanted = " ".join(f"{p.name} = env.set.{p.name} or null;" for p in PACKAGES)
    return {manager: lab.evaluate(ENV, DESCRIBE % wanted) for manager, lab in labs.items()}


def _closure(lab: Lab, attribute: str) -> list[str]:
    return [path.name for path in lab.requisites(lab.derivation(attribute))]


@each_manager
def test_the_environment_holds_every_package_of_the_lock(labs: dict[str, Lab], manager: str) -> None:
    closure = _closure(labs[manager], ENV)
    for package in ("alpha", "beta", "built", "changed", "plain", "wheels-only"):
        assert any(f"{package}-1.2.3.drv" in name for name in closure), package


@each_manager
def test_remove_leaves_nothing_of_a_package(
    labs: dict[str, Lab], described: dict[str, dict[str, Any]], manager: str
) -> None:
    assert described[manager]["gone"] is None
    closure = _closure(labs[manager], ENV)
    assert [name for name in closure if "gone" in name or "tomli-1.2.3" in name] == []


@each_manager
def test_from_nixpkgs_takes_its_version(described: dict[str, dict[str, Any]], manager: str) -> None:
    assert "six" in described[manager]["six"]["name"]
    assert "9.8.7" not in described[manager]["six"]["name"]


@each_manager
def test_keep_locked_source_builds_the_recipe_from_the_lock(
    labs: dict[str, Lab], described: dict[str, dict[str, Any]], manager: str
) -> None:
    found = described[manager]["pybind11"]
    assert found["name"].endswith("pybind11-9.8.7")
    needed = [path.name for path in labs[manager].requisites(found["drv"])]
    assert any(name.endswith("pybind11-9.8.7.tar.gz.drv") for name in needed)
    assert not any("pybind11-9.8.7-py3" in name for name in needed)


@each_manager
def test_source_chooses_the_file(described: dict[str, dict[str, Any]], manager: str) -> None:
    assert described[manager]["plain"]["source"].endswith(".whl")
    assert described[manager]["built"]["source"].endswith("built-1.2.3.tar.gz")


@each_manager
def test_wheels_disabled_builds_what_has_a_source(described: dict[str, dict[str, Any]], manager: str) -> None:
    assert described[manager]["alpha"]["source"].endswith(".tar.gz")
    assert described[manager]["wheels-only"]["source"].endswith(".whl")


@each_manager
def test_build_systems_and_build_tools_build_it(described: dict[str, dict[str, Any]], manager: str) -> None:
    assert {"setuptools", "cmake"} <= set(described[manager]["built"]["native"])
    assert "cmake" not in described[manager]["plain"]["native"]


@each_manager
def test_dependencies_are_of_the_lock_or_of_nixpkgs(
    described: dict[str, dict[str, Any]], manager: str
) -> None:
    found = described[manager]["built"]
    assert {"alpha", "portaudio"} <= {*found["build"], *found["needs"]}


@each_manager
def test_libraries_are_linked(described: dict[str, dict[str, Any]], manager: str) -> None:
    assert {"cudnn", "libsndfile"} <= set(described[manager]["changed"]["build"])


@each_manager
def test_ignored_libraries_may_be_missing(described: dict[str, dict[str, Any]], manager: str) -> None:
    assert {"libcuda.so.1", "libnvinfer.so.8"} <= set(described[manager]["changed"]["ignored"])


@each_manager
def test_env_is_that_of_the_build(described: dict[str, dict[str, Any]], manager: str) -> None:
    variables = described[manager]["changed"]["variables"]
    assert variables["MAX_JOBS"] == "4"
    assert "cudnn" in variables["CUDNN"]


@each_manager
def test_patches_are_of_the_source(described: dict[str, dict[str, Any]], manager: str) -> None:
    found = described[manager]["changed-too"]
    assert [name.endswith("fix.patch") for name in found["patches"]] == [True]
    assert found["source"].endswith(".tar.gz")


@each_manager
def test_post_install_runs(described: dict[str, dict[str, Any]], manager: str) -> None:
    assert "rm -f $out/LICENSE" in described[manager]["changed"]["postInstall"]


@each_manager
def test_only_the_shell_has_the_working_tree(labs: dict[str, Lab], manager: str) -> None:
    lab = labs[manager]
    assert any(name.endswith("-editable.drv") for name in _closure(lab, "devShells.x86_64-linux.default"))
    assert not any(name.endswith("-editable.drv") for name in _closure(lab, ENV))


@each_manager
def test_an_image_has_of_the_project_what_copy_says(labs: dict[str, Lab], manager: str) -> None:
    lab = labs[manager]
    holds: dict[str, bool] = {}
    for name in ("default", "with-files"):
        paths = lab.requisites(lab.derivation(f"packages.x86_64-linux.container-{name}"))
        assert any("lab-env" in path.name for path in paths)
        assert not any(path.name.endswith("-editable.drv") for path in paths)
        holds[name] = any(_has_mark(path) for path in paths)
    assert holds == {"default": False, "with-files": True}


def _has_mark(path: Path) -> bool:
    return path.is_dir() and any(path.rglob("of_the_project.py"))


@each_manager
def test_flake_check_and_flake_show_pass_with_few_inputs(labs: dict[str, Lab], manager: str) -> None:
    lab = labs[manager]
    lab.run("flake", "lock")
    lab.run("flake", "check", "--no-build")
    shown = json.loads(lab.run("flake", "show", "--json"))
    assert set(shown["packages"]["x86_64-linux"]) >= {"python-env", "container-default"}
    assert ("poetry" in shown.get("apps", {}).get("x86_64-linux", {})) == (manager == "poetry2nix")
    nodes = set(json.loads((lab.folder / "flake.lock").read_text())["nodes"])
    own = (
        {"poetry2nix"} if manager == "poetry2nix" else {"uv2nix", "pyproject-nix", "pyproject-build-systems"}
    )
    assert nodes == {"root", "nixpkgs", "flake-parts", "devenv", *own}


def test_poetry_runs_where_there_is_no_lock(labs: dict[str, Lab]) -> None:
    lab = labs["poetry2nix"]
    lock = (lab.folder / "poetry.lock").rename(lab.folder / "poetry.lock.away")
    try:
        program = lab.evaluate("apps.x86_64-linux.poetry", "app: app.program")
    finally:
        lock.rename(lab.folder / "poetry.lock")
    assert program.endswith("-poetry")


def test_uv_in_the_shell_installs_and_downloads_nothing(labs: dict[str, Lab]) -> None:
    hook = labs["uv2nix"].evaluate("devShells.x86_64-linux.default", "shell: shell.shellHook")
    assert "export UV_NO_SYNC='1'" in hook
    assert "export UV_PYTHON_DOWNLOADS='never'" in hook


CONFLICTS = """\
version = 1
revision = 2
requires-python = "==3.12.*"
conflicts = [[
    { package = "lab", extra = "cpu" },
    { package = "lab", extra = "gpu" },
]]

[[package]]
name = "lab"
version = "0.1.0"
source = { virtual = "." }

[package.optional-dependencies]
cpu = [
    { name = "torch", version = "2.1.0+cpu", source = { registry = "https://whl.example/cpu" } },
]
gpu = [
    { name = "torch", version = "2.1.0", source = { registry = "https://files.example/simple" } },
]
"""
TORCH = """
[[package]]
name = "torch"
version = "%s"
source = { registry = "%s" }
wheels = [
    { url = "https://whl.example/torch-%s-cp312-cp312-linux_x86_64.whl", hash = "sha256:%s" },
]
"""


def test_conflicting_extras_of_two_indices_are_two_shells(labs: dict[str, Lab], tmp_path: Path) -> None:
    files = {
        "env.yaml": "python: {version: 3.12, manager: uv2nix, extras: [cpu]}\nsystems: [x86_64-linux]\nfixes: none\n"
        "variants: {gpu: {python: {extras: [gpu]}}}\n",
        "pyproject.toml": PROJECT + '[project.optional-dependencies]\ncpu = ["torch"]\ngpu = ["torch"]\n',
        "uv.lock": CONFLICTS
        + TORCH % ("2.1.0", "https://files.example/simple", "2.1.0", "0" * 64)
        + TORCH % ("2.1.0+cpu", "https://whl.example/cpu", "2.1.0%2Bcpu", "1" * 64),
    }
    lab = replace(labs["uv2nix"], folder=lay_lab(tmp_path / "lab", files))
    cpu = _closure(lab, ENV)
    gpu = _closure(lab, "packages.x86_64-linux.python-env-gpu")
    assert [name for name in cpu if "torch-2.1.0" in name] != []
    assert all("+cpu" in name for name in cpu if "torch-2.1.0" in name)
    assert not any("+cpu" in name for name in gpu)


EITHER = """\
version = 1
revision = 3
requires-python = "==3.12.*"
resolution-markers = ["sys_platform == 'darwin'", "sys_platform != 'darwin'"]
conflicts = [[{ package = "lab", extra = "cpu" }, { package = "lab", extra = "gpu" }]]

[[package]]
name = "lab"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "torch", version = "2.1.0", source = { registry = "https://whl.example/cpu" }, \
marker = "extra == 'extra-3-lab-cpu'" },
    { name = "torch", version = "2.1.0", source = { registry = "https://files.example/simple" }, \
marker = "extra == 'extra-3-lab-gpu' or extra != 'extra-3-lab-cpu'" },
]

[package.optional-dependencies]
cpu = [{ name = "torch", version = "2.1.0", source = { registry = "https://whl.example/cpu" } }]
gpu = [{ name = "torch", version = "2.1.0", source = { registry = "https://files.example/simple" } }]
"""


def test_one_version_of_two_indices_and_no_extra_chosen(labs: dict[str, Lab], tmp_path: Path) -> None:
    extras = '[project.optional-dependencies]\ncpu = ["torch"]\ngpu = ["torch"]\n'
    files = {
        "env.yaml": "python: {version: 3.12, manager: uv2nix}\nsystems: [x86_64-linux]\nfixes: none\n"
        "variants: {cpu: {python: {extras: [cpu]}}}\n",
        "pyproject.toml": PROJECT.replace("[]", '["torch"]') + extras,
        "uv.lock": EITHER
        + TORCH % ("2.1.0", "https://files.example/simple", "2.1.0", "0" * 64)
        + TORCH % ("2.1.0", "https://whl.example/cpu", "2.1.0", "1" * 64),
    }
    lab = replace(labs["uv2nix"], folder=lay_lab(tmp_path / "lab", files))
    for output in (ENV, "packages.x86_64-linux.python-env-cpu"):
        assert any("torch-2.1.0" in name for name in _closure(lab, output))


PROJECT = '[project]\nname = "lab"\nversion = "0.1.0"\nrequires-python = "==3.12.*"\ndependencies = []\n'
GROUPS = """
[[package]]
name = "lab"
version = "0.1.0"
source = { editable = "." }
dependencies = [
    { name = "alpha" },
]

[package.dev-dependencies]
dev = [
    { name = "beta" },
]
docs = [
    { name = "built" },
]

[package.metadata]
requires-dist = [{ name = "alpha" }]

[package.metadata.requires-dev]
dev = [{ name = "beta" }]
docs = [{ name = "built" }]
"""


def test_a_project_with_a_build_system_is_editable_as_uv_does_it(
    labs: dict[str, Lab], tmp_path: Path
) -> None:
    lock = format_uv_lock([], [Package(name) for name in ("alpha", "beta", "built")])
    files = {
        "env.yaml": "python: {version: 3.12, manager: uv2nix, editable: {Lab: ./src}}\nsystems: [x86_64-linux]\n"
        "fixes: none\nvariants: {docs: {python: {groups: [docs]}}}\n",
        "pyproject.toml": PROJECT.replace("[]", '["alpha"]')
        + '[dependency-groups]\ndev = ["beta"]\ndocs = ["built"]\n'
        + '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
        "uv.lock": lock[: lock.rindex("\n[[package]]")] + GROUPS,
    }
    lab = replace(labs["uv2nix"], folder=lay_lab(tmp_path / "lab", files))
    shell = lab.requisites(lab.derivation("devShells.x86_64-linux.default"))
    editable = [path for path in shell if path.name.endswith("-lab-0.1.0.drv")]
    assert ["$PYENVSPEC_ROOT" in path.read_text() for path in editable] == [True]
    runtime = _closure(lab, ENV)
    assert not any(name.endswith("-lab-0.1.0.drv") for name in runtime)
    # The default groups are uv's: dev, and what is asked for.
    assert _versions(runtime) == {"alpha", "beta"}
    assert _versions(_closure(lab, "packages.x86_64-linux.python-env-docs")) == {"alpha", "beta", "built"}


def _versions(closure: list[str]) -> set[str]:
    """Which packages of a lab are there."""
    return {found[1] for name in closure if (found := re.search(r"([a-z]+)-1\.2\.3\.drv$", name))}


POETRY_1 = """
[tool.poetry]
name = "lab"
version = "0.1.0"
description = ""
authors = []

[tool.poetry.dependencies]
python = "3.12.*"
Alpha = "*"
windows_only = { version = "*", markers = "sys_platform == 'win32'" }
beta = { version = "*", optional = true }

[tool.poetry.extras]
more = ["beta"]

[tool.poetry.group.dev.dependencies]
built = "*"

[tool.poetry.group.docs]
optional = true

[tool.poetry.group.docs.dependencies]
changed = "*"
"""


def test_groups_extras_and_markers_of_an_older_pyproject(labs: dict[str, Lab], tmp_path: Path) -> None:
    names = ("alpha", "windows-only", "beta", "built", "changed")
    files = {
        "env.yaml": "python: {version: 3.12, manager: poetry2nix}\nsystems: [x86_64-linux]\nfixes: none\n"
        "variants: {all: {python: {groups: [docs], extras: [more]}}}\n",
        "pyproject.toml": POETRY_1,
        "poetry.lock": format_poetry_lock([Package(name) for name in names]),
    }
    lab = replace(labs["poetry2nix"], folder=lay_lab(tmp_path / "lab", files))
    assert _versions(_closure(lab, ENV)) == {"alpha", "built"}
    everything = _versions(_closure(lab, "packages.x86_64-linux.python-env-all"))
    assert everything == {"alpha", "beta", "built", "changed"}


def test_a_poetry_lock_may_name_its_index(labs: dict[str, Lab], tmp_path: Path) -> None:
    packages = [Package("h5py"), Package("markupsafe"), Package("plain", files=("sdist",))]
    names = [package.name for package in packages]
    env = "python: {version: 3.12, manager: poetry2nix}\nsystems: [x86_64-linux]\nfixes: none\n"
    folder = make_lab(tmp_path / "lab", env, names, packages)
    (folder / "poetry.lock").write_text(format_poetry_lock(packages, names_its_index=True))
    wanted = " ".join(f"{name} = env.set.{name};" for name in names)
    found = replace(labs["poetry2nix"], folder=folder).evaluate(ENV, DESCRIBE % wanted)
    assert {name: found[name]["source"] for name in names} == {
        package.name: package.file_names()[0] for package in packages
    }
    assert "hdf5" not in found["h5py"]["build"], "poetry2nix takes a wheel for a wheel"


@pytest.mark.parametrize("manager", [*MANAGERS, "nixpkgs"])
def test_packages_of_nixpkgs_come_with_what_they_need(
    labs: dict[str, Lab], tmp_path: Path, manager: str
) -> None:
    env = f"python: {{version: 3.12, manager: {manager}, packages: [jinja2]}}\nsystems: [x86_64-linux]\n"
    lab = replace(labs["uv2nix"], folder=make_lab(tmp_path / "lab", env, [], []))
    closure = _closure(lab, ENV)
    for name in ("jinja2", "markupsafe"):
        assert any(re.search(rf"-{name}-[0-9.]+\.drv$", path) for path in closure), name


WHO = ("-c", "user.name=x", "-c", "user.email=x@x.example")


def test_a_path_dependency_in_a_git_submodule(labs: dict[str, Lab], tmp_path: Path) -> None:
    library = tmp_path / "mylib"
    library.mkdir()
    (library / "pyproject.toml").write_text(
        '[project]\nname = "mylib"\nversion = "1.0"\n[build-system]\nrequires = ["hatchling"]\n'
        'build-backend = "hatchling.build"\n'
    )
    git(library, "init", "--quiet")
    git(library, "add", "--all")
    git(library, *WHO, "commit", "--quiet", "-m", "mylib")
    folder = tmp_path / "lab"
    folder.mkdir()
    git(folder, "init", "--quiet")
    git(
        folder,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        str(library),
        "third_party/mylib",
    )
    lock = format_uv_lock(["mylib"], [])
    files = {
        "env.yaml": "python: {version: 3.12, manager: uv2nix}\nsystems: [x86_64-linux]\nfixes: none\n",
        "pyproject.toml": PROJECT.replace("[]", '["mylib"]')
        + '[tool.uv.sources]\nmylib = { path = "third_party/mylib" }\n',
        "uv.lock": lock
        + '\n[[package]]\nname = "mylib"\nversion = "1.0"\nsource = { directory = "third_party/mylib" }\n',
    }
    lay_lab(folder, files)
    assert "self.submodules = true" in (folder / "flake.nix").read_text()
    git(folder, "add", "--all")
    lab = replace(labs["uv2nix"], folder=folder)
    assert any("mylib-1.0" in name for name in _closure(lab, ENV))

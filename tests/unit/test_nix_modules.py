"""nix/modules/ evaluated without any flake input: what each makes of env.yaml, over the stand-ins of tests/nix.

What only the real inputs can show is in tests/e2e; test_nix_stand_ins.py there holds the stand-ins to the real ones.
"""

from __future__ import annotations

import functools
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from lock_labs import Package, format_poetry_lock, make_lab
from nix_stand_ins import evaluate, lay
from test_lock_managers import OVERRIDES, PACKAGES, POETRY_1

pytestmark = pytest.mark.nix

KINDS = ("native", "devenv")
BASE = "name: lab\nsystems: [x86_64-linux]\n"
EVERYTHING = """
name: lab
systems: [x86_64-linux]
shell: {kind}
python: {{version: 3.12, manager: uv, groups: [dev], extras: [gpu], install: never}}
cuda: {{version: 12.8, packages: [cudatoolkit]}}
native: [ffmpeg, libsndfile]
env: {{SEED: 42, WHERE: "${{pkgs.ffmpeg}}/bin"}}
dotenv: [.env]
scripts: {{train: python -m lab, both: "a; b"}}
processes: {{web: {{run: python -m http.server, ready: {{http: 8000}}, restart: on_failure}}, db: {{run: serve}}}}
services: {services}
on_enter: echo ready
"""
LOCK_MANAGERS = f"""
name: lab
systems: [x86_64-linux]
shell: native
fixes: none
cuda: 12.8
wheels: {{disabled: [alpha, wheels-only]}}
native: [ffmpeg]
python:
  version: 3.12
  editable: {{lab: ./src}}
  manager: %s
{OVERRIDES}
"""


def everything_of(kind: str) -> str:
    """An env.yaml with a bit of all; services are devenv's."""
    return EVERYTHING.format(kind=kind, services="{postgres: {enable: true}}" if kind == "devenv" else "{}")


@functools.cache
def everything(nix_bin: Path, kind: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        text = everything_of(kind)
        files = {"env.yaml": text, "pyproject.toml": "[project]\nname = 'lab'\nversion = '0'\n"}
        return evaluate(nix_bin, lay(Path(folder), files))


@pytest.fixture(params=KINDS)
def shell(request: pytest.FixtureRequest, nix_bin: Path) -> Any:
    return everything(nix_bin, request.param)["shells"]["default"]


def text_of(shell: Any, name: str) -> str:
    """The script of a package of a shell."""
    (found,) = [str(package["text"]) for package in shell["packages"] if package["name"] == name]
    return found


def names_of(shell: Any) -> list[str]:
    return [package["name"] for package in shell["packages"]]


def test_a_shell_has_its_name_and_packages_scripts_first(shell: Any) -> None:
    assert shell["name"] == "lab"
    names = names_of(shell)
    assert names[:5] == ["both", "train", "python3.12-libs", "with-driver", "uv"]
    assert {"ffmpeg", "libsndfile"} <= set(names)
    assert any("cudatoolkit" in name for name in names)


def test_python_finds_the_libraries_of_native_of_cuda_and_of_any_linux(shell: Any) -> None:
    script = text_of(shell, "python3.12-libs")
    for library in (
        "ffmpeg-lib/lib",
        "libsndfile-lib/lib",
        "cudatoolkit",
        "manylinux",
        "gcc-lib/lib",
        "zlib",
    ):
        assert library in script, library
    assert re.search("--needed /store/[0-9a-f]+-driver.so ", script), "the driver is looked for"
    assert "--executable python3.12" in script


def test_variables_are_set_when_the_shell_opens(shell: Any) -> None:
    hook = shell["hook"]
    assert "export SEED='42'\n" in hook
    assert re.search("export WHERE='/store/[0-9a-f]+-ffmpeg/bin'\n", hook)
    assert re.search("export CUDA_HOME='/store/[0-9a-f]+-cuda-home'\n", hook)
    assert "LD_LIBRARY_PATH" not in hook


def test_the_environment_is_made_from_what_env_yaml_says(shell: Any) -> None:
    hook = shell["hook"]
    for line in (
        "PYENVSPEC_MANAGER=uv",
        "PYENVSPEC_VENV=.venv",
        "PYENVSPEC_PROJECT=.",
        "PYENVSPEC_GROUPS=dev",
        "PYENVSPEC_EXTRAS=gpu",
        "PYENVSPEC_INSTALL=never",
    ):
        assert f"{line}\n" in hook, line
    assert "-python3.12-libs/bin/python3.12\n" in hook.partition("PYENVSPEC_PYTHON=")[2]


def test_entering_is_in_order(shell: Any) -> None:
    hook = shell["hook"]
    parts = ("-enter.sh", "export SEED", "-venv.sh", "PYENVSPEC_DOTENV=.env\n", "-dotenv.sh", "-on-enter")
    places = [hook.index(part) for part in parts]
    assert places == sorted(places)


def test_scripts_hand_on_arguments_where_they_are_one_command(shell: Any) -> None:
    assert text_of(shell, "train") == 'python -m lab "$@"'
    assert text_of(shell, "both").endswith("\na; b")


@pytest.mark.parametrize("kind", KINDS)
def test_processes_run_in_the_folder_and_with_the_variables_of_the_project(nix_bin: Path, kind: str) -> None:
    answer = everything(nix_bin, kind)
    (script,) = answer["contents"]["web"]
    assert script.startswith('cd -- "$PYENVSPEC_ROOT"/')
    assert script.rstrip().endswith("python -m http.server")
    assert answer["contents"]["processes"], "there is a command that starts them"
    settings = json.dumps(answer["contents"] if kind == "native" else answer["devenv"])
    for words in ("max_restarts", "http_get", "8000", "127.0.0.1"):
        assert words in settings, words


def test_services_are_devenvs(nix_bin: Path) -> None:
    assert everything(nix_bin, "devenv")["devenv"]["default"]["services"] == {"postgres": {"enable": True}}


def test_a_process_waits_until_a_service_says_that_it_is_ready(nix_bin: Path, tmp_path: Path) -> None:
    text = (
        f"{BASE}python: {{version: 3.12, manager: pip}}\n"
        "services: {postgres: {enable: true}, redis: {enable: true}}\n"
        "processes: {web: {run: serve, after: [postgres, redis]}}\n"
        "devenv: {processes: {postgres: {exec: serve, ready: {exec: ask}}}}\n"
    )
    processes = evaluate(nix_bin, lay(tmp_path, {"env.yaml": text}))["devenv"]["default"]["processes"]
    assert processes["web"]["process-compose"]["depends_on"] == {
        "postgres": {"condition": "process_healthy"},
        "redis": {"condition": "process_started"},
    }


def test_devenv_is_entered_pure_and_light(nix_bin: Path) -> None:
    hook = everything(nix_bin, "devenv")["shells"]["default"]["hook"]
    assert hook.index("-enter.sh") < hook.index("devenv-folders.sh") < hook.index("pyenvspec_enter_devenv")
    assert "-processes-up/bin:" in hook
    assert hook.index("DEVENV_SKIP_TASKS=1") < hook.index("unset DEVENV_SKIP_TASKS")
    assert "{pyenvspec-" not in hook, "no placeholder is left"


def test_a_shell_without_cuda_has_nothing_of_it(nix_bin: Path, tmp_path: Path) -> None:
    project = lay(tmp_path, {"env.yaml": f"{BASE}shell: native\npython: {{version: 3.12, manager: pip}}\n"})
    shell = evaluate(nix_bin, project)["shells"]["default"]
    assert "CUDA" not in shell["hook"]
    assert names_of(shell) == ["python3.12-libs", "with-driver"]


def test_variants_are_shells(nix_bin: Path, tmp_path: Path) -> None:
    text = (
        f"{BASE}shell: native\npython: {{version: 3.12, manager: pip}}\n"
        "variants: {other: {python: {version: 3.13}, env: {ONLY: here}}}\n"
    )
    shells = evaluate(nix_bin, lay(tmp_path, {"env.yaml": text}))["shells"]
    assert set(shells) == {"default", "other"}
    assert "python3.13-libs" in names_of(shells["other"])
    assert "export ONLY='here'\n" in shells["other"]["hook"]
    assert "ONLY" not in shells["default"]["hook"]


def test_on_macos_python_stays_as_it_is(nix_bin: Path, tmp_path: Path) -> None:
    text = "name: lab\nshell: native\npython: {version: 3.12, manager: pip}\nnative: [libsndfile]\n"
    found = evaluate(nix_bin, lay(tmp_path, {"env.yaml": text}), system="aarch64-darwin")
    assert names_of(found["shells"]["default"]) == ["python3", "with-driver", "libsndfile"]


@pytest.mark.parametrize("manager", ["uv", "nixpkgs"])
def test_where_the_default_shell_is_not_made_the_others_are(
    nix_bin: Path, tmp_path: Path, manager: str
) -> None:
    text = (
        f"name: lab\nshell: native\npython: {{version: 3.12, manager: {manager}}}\ncuda: 12.8\n"
        "variants: {cpu: {cuda: null}}\n"
    )
    scripts = "[project]\nname = 'lab'\nversion = '0'\nscripts = {lab = 'lab:main'}\n"
    project = lay(tmp_path, {"env.yaml": text, "pyproject.toml": scripts})
    on_mac = evaluate(nix_bin, project, system="aarch64-darwin")
    assert (set(on_mac["shells"]), on_mac["apps"]) == ({"cpu"}, [])
    on_linux = evaluate(nix_bin, project)
    assert set(on_linux["shells"]) == {"default", "cpu"}
    assert on_linux["apps"] == (["lab"] if manager == "nixpkgs" else []), "uv has no lock yet"


def test_packages_of_nixpkgs_are_in_the_environment(nix_bin: Path, tmp_path: Path) -> None:
    text = f"{BASE}shell: native\npython: {{version: 3.12, manager: nixpkgs, packages: [numpy]}}\n"
    found = evaluate(nix_bin, lay(tmp_path, {"env.yaml": text}))
    assert "python-numpy" in found["packages"]["python-env"]["text"]
    assert "python-env" in names_of(found["shells"]["default"])


# ---- the managers that build from a lock


@functools.cache
def locked(nix_bin: Path, manager: str) -> Any:
    direct = [package.name for package in PACKAGES if package.name != "only-for-gone"]
    with tempfile.TemporaryDirectory() as folder:
        return evaluate(nix_bin, make_lab(Path(folder) / "lab", LOCK_MANAGERS % manager, direct, PACKAGES))


@pytest.fixture(params=["poetry2nix", "uv2nix"])
def packages(request: pytest.FixtureRequest, nix_bin: Path) -> Any:
    return locked(nix_bin, request.param)["locked"]["python-env"]


def test_overrides_change_their_package_alone(packages: Any) -> None:
    changed = packages["changed"]
    assert {"libsndfile"} <= set(changed["build"])
    assert any("cudnn" in name for name in changed["build"])
    assert {"libcuda.so.1", "libnvinfer.so.8"} <= set(changed["ignored"])
    assert changed["env"]["MAX_JOBS"] == "4"
    assert "rm -f $out/LICENSE" in changed["postInstall"]
    assert [name.endswith("fix.patch") for name in packages["changed-too"]["patches"]] == [True]
    plain = packages["plain"]
    assert (plain["build"], plain["env"], plain["patches"], plain["postInstall"]) == ([], {}, [], "")


def test_sources_are_those_asked_for(packages: Any) -> None:
    assert packages["plain"]["src"] == "wheel"
    assert packages["built"]["src"] == "sdist"
    assert packages["alpha"]["src"] == "sdist"
    assert packages["wheels-only"]["src"] == "wheel"


def test_what_is_built_has_its_build_systems_tools_and_dependencies(packages: Any) -> None:
    built = packages["built"]
    assert {"setuptools", "cmake"} <= {name.removeprefix("python-") for name in built["native"]}
    needed = {*built["build"], *built["needs"]}
    assert {"alpha", "portaudio"} <= {name.removeprefix("python-") for name in needed}


def test_recipes_of_nixpkgs_take_the_place_of_locked_packages(packages: Any) -> None:
    assert packages["six"]["version"] != "9.8.7"
    assert packages["pybind11"]["version"] == "9.8.7"
    assert packages["pybind11"]["src"] == "sdist"


def test_what_is_removed_is_gone(packages: Any) -> None:
    assert packages.get("gone") is None


@pytest.mark.parametrize("manager", ["poetry2nix", "uv2nix"])
def test_a_shell_of_a_lock_has_its_environment_and_what_edits_the_lock(nix_bin: Path, manager: str) -> None:
    shell = locked(nix_bin, manager)["shells"]["default"]
    assert "lab-env" in names_of(shell)
    assert manager.removesuffix("2nix") in names_of(shell)
    assert "PYENVSPEC_VENV" not in shell["hook"]
    assert "-link-python.sh" in shell["hook"], "editors find this Python"
    if manager == "uv2nix":
        assert "export UV_NO_SYNC='1'\n" in shell["hook"]
        assert "export UV_PYTHON_DOWNLOADS='never'\n" in shell["hook"]


@pytest.mark.parametrize("manager", ["poetry2nix", "uv2nix"])
def test_its_python_finds_libraries_and_its_packages_are_those_of_the_lock(
    nix_bin: Path, manager: str
) -> None:
    answer = locked(nix_bin, manager)
    for place in ("default", "python-env"):
        (environment,) = answer["environments"][place]
        assert environment["python"].endswith("python3.12-libs")
    assert any("ffmpeg" in text for text in answer["contents"]["python3.12-libs"])


@pytest.mark.parametrize("manager", ["poetry2nix", "uv2nix"])
def test_folders_of_the_working_tree_are_importable(nix_bin: Path, manager: str) -> None:
    assert any('["src"]' in text for text in locked(nix_bin, manager)["contents"]["editable"])


@pytest.mark.parametrize(
    ("manager", "lock", "lines"),
    [
        ("poetry2nix", "poetry.lock", "Run `poetry lock` and `git add pyproject.toml poetry.lock`"),
        ("uv2nix", "uv.lock", "Run `uv lock` and `git add pyproject.toml uv.lock`"),
    ],
)
def test_a_lock_that_nix_does_not_see_is_told_with_what_to_run(
    nix_bin: Path, tmp_path: Path, manager: str, lock: str, lines: str
) -> None:
    text = f"{BASE}shell: native\npython: {{version: 3.12, manager: {manager}}}\n"
    project = make_lab(tmp_path / "lab", text, ["plain"], [Package("plain")])
    (project / lock).unlink()
    with pytest.raises(AssertionError) as told:
        evaluate(nix_bin, project)
    assert f"error: env.yaml: python.manager: {manager} reads {lock}, which is not there" in str(told.value)
    assert lines in str(told.value)


def test_groups_and_markers_of_poetry_choose_the_packages(nix_bin: Path, tmp_path: Path) -> None:
    names = ("alpha", "windows-only", "beta", "built", "changed")
    files = {
        "env.yaml": f"{BASE}shell: native\nfixes: none\npython: {{version: 3.12, manager: poetry2nix}}\n"
        "variants: {all: {python: {groups: [docs], extras: [more]}}}\n",
        "pyproject.toml": POETRY_1,
        "poetry.lock": format_poetry_lock([Package(name) for name in names]),
    }
    found = evaluate(nix_bin, lay(tmp_path / "lab", files))["environments"]
    assert set(found["python-env"][0]["packages"]) == {"alpha", "built"}
    assert set(found["python-env-all"][0]["packages"]) == {"alpha", "beta", "built", "changed"}


@pytest.mark.parametrize("kind", KINDS)
def test_with_cuda_the_compiler_is_the_one_that_this_cuda_accepts(nix_bin: Path, kind: str) -> None:
    hook = everything(nix_bin, kind)["shells"]["default"]["hook"]
    for line in ("export CC='{}/bin/cc'", "export CXX='{}/bin/c++'", "export CUDAHOSTCXX='{}/bin/c++'"):
        before, after = map(re.escape, line.split("{}"))
        assert re.search(f"{before}[^']*cudaPackages_12_8-gcc{after}", hook), line
    assert "-ccbin" in hook

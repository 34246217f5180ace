"""Images, made by the real Nix, pushed to a real registry, pulled, unpacked by umoci and run by runc.

What is in them is this machine's programs, see engines.py; how they are made is what users get. A test that lacks a
program is skipped, and names its Debian package.
"""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import engines
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from labs import MINOR, VERSION, Lab, git
from lock_labs import format_uv_lock
from ports import free_port
from test_lock_managers_build import LOCKED_WHEEL, WHEEL, _write_wheel
from test_venv_hook import make_wheel

from pyenvspec.cli import run as run_pyenvspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness import Shells

pytestmark = [pytest.mark.nix, pytest.mark.inputs, pytest.mark.slow]

SOURCE = """import os, signal, sys, time

def main():
    print("lab", sys.argv[1:])

def wait():
    def end(*_):
        os.write(1, b"told to end\\n")
        os._exit(7)
    signal.signal(signal.SIGTERM, end)
    os.write(1, b"up %d\\n" % os.getpid())
    time.sleep(60)
"""
PYPROJECT = f"""[project]
name = "lab-x"
version = "0.4.0"
requires-python = "=={MINOR}.*"
dependencies = ["tiny"]
description = "a lab"
[project.urls]
Repository = "https://git.example/lab"
[project.scripts]
lab = "lab_x:main"
"""
# Where engines put the driver, and one where an image has nothing.
PLACES = ("/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/local/nvidia/lib64", "/.singularity.d/libs")
DRIVER = "import ctypes, os; print(ctypes.CDLL('libcuda.so.1').cuInit(0), os.environ.get('LD_LIBRARY_PATH'))"


class Index(http.server.SimpleHTTPRequestHandler):
    """A package index of static pages that says nothing."""

    def log_message(self, *_: object) -> None:
        """Keeps the output of the tests clean."""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of an index that has the wheel `tiny`, and the wheel."""
    folder = tmp_path_factory.mktemp("index")
    wheel = make_wheel(folder / "files", "1.0")
    page = folder / "simple" / "tiny" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<a href="../../files/{wheel.name}#sha256={_sha256(wheel)}">{wheel.name}</a>')
    handler = partial(Index, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", wheel
        server.shutdown()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ---- projects of every manager ------------------------------------------------------------------


def _uv(root: Path, index: tuple[str, Path]) -> None:
    address, wheel = index
    (root / "uv.lock").write_text(
        f"""version = 1
requires-python = "=={MINOR}.*"
[[package]]
name = "lab-x"
version = "0.4.0"
source = {{ editable = "." }}
dependencies = [{{ name = "tiny" }}, {{ name = "absent", marker = "sys_platform == 'win32'" }}]
[[package]]
name = "tiny"
version = "1.0"
source = {{ registry = "{address}/simple" }}
wheels = [{{ url = "{address}/files/{wheel.name}", hash = "sha256:{_sha256(wheel)}", size = 900 }}]
[[package]]
name = "absent"
version = "1.0"
source = {{ registry = "{address}/simple" }}
"""
    )


def _poetry(root: Path, index: tuple[str, Path]) -> None:
    address, wheel = index
    (root / "poetry.lock").write_text(
        f"""[[package]]
name = "tiny"
version = "1.0"
optional = false
python-versions = "*"
groups = ["main"]
files = [{{file = "{wheel.name}", hash = "sha256:{_sha256(wheel)}"}}]
[package.source]
type = "legacy"
url = "{address}/simple"
reference = "index"
[metadata]
lock-version = "2.1"
python-versions = "=={MINOR}.*"
content-hash = "0"
"""
    )


def _pip(root: Path, index: tuple[str, Path]) -> None:
    wheel = make_wheel(root / "wheels", "1.0")
    (root / "requirements.txt").write_text(f"./wheels/{wheel.name}\n")
    (root / "pylock.toml").write_text(
        f"""lock-version = "1.0"
created-by = "test"
[[packages]]
name = "tiny"
version = "1.0"
wheels = [
    {{ path = "wheels/{wheel.name}", upload-time = 2026-01-02T03:04:05Z, hashes = {{ sha256 = "{_sha256(wheel)}" }} }},
]
"""
    )


def _uv2nix(root: Path, index: tuple[str, Path]) -> None:
    _write_wheel(root / WHEEL)
    (root / "uv.lock").write_text((format_uv_lock(["hello"], []) + LOCKED_WHEEL).replace("3.12", MINOR))
    head = f'[project]\nname = "lab"\nversion = "0.1.0"\nrequires-python = "=={MINOR}.*"\ndependencies = ["hello"]\n'
    (root / "pyproject.toml").write_text(f'{head}[tool.uv.sources]\nhello = {{ path = "{WHEEL}" }}\n')


def _nixpkgs(root: Path, index: tuple[str, Path]) -> None:
    wheel = make_wheel(root / "wheels", "1.0")
    (root / "overlay.nix").write_text(
        f"""final: prev: {{
  pythonPackagesExtensions = prev.pythonPackagesExtensions ++ [
    (python: _: {{
      tiny = python.toPythonModule (
        final.runCommand "tiny" {{ }} ''
          mkdir -p $out/${{python.python.sitePackages}}
          cd $out/${{python.python.sitePackages}}
          ${{python.python.interpreter}} -B -m zipfile -e ${{./wheels/{wheel.name}}} .
        ''
      );
    }})
  ];
}}
"""
    )


def _poetry2nix(root: Path, index: tuple[str, Path]) -> None:
    _poetry(root, index)
    lock = root / "poetry.lock"
    lock.write_text(lock.read_text().replace('content-hash = "0"\n', ""))
    _nixpkgs(root, index)


MANAGERS = {
    "uv": (_uv, "import tiny; print(tiny.version)", ()),
    "poetry": (_poetry, VERSION, ()),
    "pip": (_pip, VERSION, ()),
    # Its hook is written in Python, which is not built here; the wheel has nothing to patch.
    "uv2nix": (_uv2nix, "import hello; print('1.0')", ("nixpkgs: {overlays: [./overlay.nix]}",)),
    # What unpacks its wheels is built from sources that are not here, so the package is taken from nixpkgs.
    "poetry2nix": (
        _poetry2nix,
        VERSION,
        ("nixpkgs: {overlays: [./overlay.nix]}", "overrides: {tiny: {from_nixpkgs: true}}"),
    ),
    "nixpkgs": (_nixpkgs, VERSION, ("nixpkgs: {overlays: [./overlay.nix]}",)),
}


def make_lab(
    shells: Shells, root: Path, manager: str, index: tuple[str, Path], kind: str = "native", *lines: str
) -> Lab:
    """A project whose image has the package `tiny`."""
    write, _, more = MANAGERS[manager]
    lab = Lab.__new__(Lab)
    lab.shells, lab.root, lab.kind = shells, root, kind
    (root / "src" / "lab_x").mkdir(parents=True)
    (root / "data").mkdir()
    git(root, "init", "--quiet")
    (root / "src" / "lab_x" / "__init__.py").write_text(SOURCE)
    (root / "data" / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (root / "data" / "run.sh").chmod(0o755)
    if manager != "nixpkgs":
        (root / "pyproject.toml").write_text(PYPROJECT)
    if manager == "uv2nix":
        (root / "overlay.nix").write_text(
            'final: _: { autoPatchelfHook = final.runCommand "no-patching" { } "mkdir $out"; }\n'
        )
    write(root, index)
    packages = ", packages: [tiny]" if manager == "nixpkgs" else ""
    python = f"{{version: {MINOR}, manager: {manager}{packages}}}"
    lab.describe(
        "systems: [x86_64-linux]", *more, *(lines or ("containers: {default: {image: lab}}",)), python=python
    )
    return lab


def build(lab: Lab, name: str = "default") -> Path:
    """The image layout of a container."""
    engines.need("pigz")
    nix = str(lab.shells.nix.program)
    done = lab.run(nix, "build", f".#container-{name}", "--no-link", "--print-out-paths").check()
    return Path(done.stdout.strip())


# ---- what is in an image ------------------------------------------------------------------------


@pytest.mark.parametrize("manager", list(MANAGERS))
def test_the_packages_of_every_manager_are_in(
    shells: Shells, tmp_path: Path, index: tuple[str, Path], manager: str
) -> None:
    engines.need("pigz", "umoci", "runc")
    lab = make_lab(shells, tmp_path / "a lab", manager, index)
    bundle = engines.unpack(build(lab), "latest", tmp_path / "bundle")
    assert bundle.run("python", "-c", MANAGERS[manager][1]).check() == "1.0\n"
    if (lab.root / "pyproject.toml").exists():
        shown = bundle.run("python", "-c", "import lab_x; print(lab_x.__file__)").check()
        assert shown == "/app/src/lab_x/__init__.py\n"


def test_members_of_a_workspace_are_imported_and_known(
    shells: Shells, tmp_path: Path, index: tuple[str, Path]
) -> None:
    engines.need("pigz", "umoci", "runc")
    lab = make_lab(shells, tmp_path / "lab", "uv", index)
    core = lab.root / "packages" / "core"
    (core / "python" / "core_x").mkdir(parents=True)
    (core / "python" / "core_x" / "__init__.py").write_text("def main(): print('core')\n")
    (core / "pyproject.toml").write_text(
        '[project]\nname = "core-x"\nversion = "3.1"\nscripts = { core = "core_x:main" }\n'
        '[tool.setuptools.packages.find]\nwhere = ["python"]\n'
    )
    lock = lab.root / "uv.lock"
    text = lock.read_text().replace('{ name = "tiny" },', '{ name = "tiny" }, { name = "core-x" },')
    lock.write_text(
        f'{text}[[package]]\nname = "core-x"\nversion = "3.1"\nsource = {{ editable = "packages/core" }}\n'
    )
    git(lab.root, "add", "--all")
    bundle = engines.unpack(build(lab), "latest", tmp_path / "bundle")
    code = "import core_x, importlib.metadata as m; print(core_x.__file__, m.version('core-x'), m.version('lab-x'))"
    assert (
        bundle.run("python", "-c", code).check() == "/app/packages/core/python/core_x/__init__.py 3.1 0.4.0\n"
    )
    assert bundle.run("core").check() == "core\n"
    assert bundle.run("lab").check() == "lab []\n"
    # What only compiles env.yaml is in no image.
    app = bundle.root / "app"
    assert sorted(path.name for path in app.iterdir() if path.name.startswith(("flake", "nix"))) in (
        [],
        ["nix"],
    )
    assert not (app / "nix" / "pyenvspec").exists()


LINES = (
    "env: {SEED: 42}",
    "dotenv: [./keys.env]",
    "scripts: {train: lab train}",
    "native: [ffmpeg]",
    "containers:",
    "  default:",
    "    image: lab",
    "    command: [python, -c, 'print(\"a  b\", 1, ''$5'')']",
    "    env: {PORT: 8000}",
    "    ports: [8000]",
    "    labels: {team: speech}",
    "  bare: {image: lab, project: false, copy: [./data]}",
)


@pytest.fixture(scope="module", params=["native", "devenv"])
def lab(
    request: pytest.FixtureRequest,
    shells: Shells,
    tmp_path_factory: pytest.TempPathFactory,
    index: tuple[str, Path],
) -> Lab:
    """The project of both kinds of shell."""
    folder = tmp_path_factory.mktemp(f"lab-{request.param}")
    (folder / "lab").mkdir()
    (folder / "lab" / "keys.env").write_text("KEY=hidden\n")
    return make_lab(shells, folder / "lab", "uv", index, request.param, *LINES)


@pytest.fixture(scope="module")
def bundle(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> engines.Bundle:
    """Its image, through a registry: pushed, pulled, unpacked."""
    engines.need("pigz", "umoci", "runc", "skopeo", "docker-registry")
    folder = tmp_path_factory.mktemp("image")
    layout = build(lab)
    with registry(folder) as address:
        nix = str(lab.shells.nix.program)
        copy = (
            nix,
            "run",
            ".#container-default.copyTo",
            "--",
            f"docker://{address}/lab:v1",
            "--dest-tls-verify=false",
        )
        digest = lab.run(*copy).check().stdout.strip()
        assert digest == json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
        # A second time nothing is uploaded.
        log = (folder / "registry.log").read_text()
        assert lab.run(*copy).check().stdout.strip() == digest
        assert "PUT /v2/lab/blobs" not in (folder / "registry.log").read_text()[len(log) :]
        pulled = folder / "pulled"
        engines.run(
            "skopeo",
            "--insecure-policy",
            "copy",
            "--src-tls-verify=false",
            f"docker://{address}/lab@{digest}",
            f"oci:{pulled}:v1",
        )
    return engines.unpack(pulled, "v1", folder / "bundle")


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Debian's docker-registry on a free port of this machine."""
    port = free_port()
    (folder / "registry.yml").write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/registry}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\nlog: {{accesslog: {{disabled: false}}}}\n"
    )
    with (folder / "registry.log").open("w") as log:
        server = subprocess.Popen(
            ["docker-registry", "serve", str(folder / "registry.yml")], stdout=log, stderr=subprocess.STDOUT
        )
        try:
            engines.wait_for(port)
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def test_the_command_gets_its_words_as_they_are(bundle: engines.Bundle) -> None:
    assert bundle.run().check() == "a  b 1 $5\n"
    code = "import sys; print(sys.argv[1:])"
    assert (
        bundle.run("python", "-c", code, "a  b", "$HOME", "'\"", "").check()
        == "['a  b', '$HOME', '\\'\"', '']\n"
    )
    assert bundle.run("lab", "--epochs", "3  4").check() == "lab ['--epochs', '3  4']\n"
    assert bundle.run("train", "--epochs", "3  4").check() == "lab ['train', '--epochs', '3  4']\n"


def test_variables_of_a_machine_are_in_no_image(lab: Lab, bundle: engines.Bundle) -> None:
    """Though git knows their file, so that the flake has it."""
    assert "keys.env" in lab.run("git", "ls-files").check().stdout.split()
    assert (bundle.root / "app" / "src").is_dir()
    assert not (bundle.root / "app" / "keys.env").exists()
    assert "KEY" not in bundle.run("python", "-c", "import os; print(sorted(os.environ))").check()


def test_a_signal_reaches_the_command_which_is_the_first_process(bundle: engines.Bundle) -> None:
    assert bundle.tell_to_end("import lab_x; lab_x.wait()") == ("up 1\ntold to end\n", 7)


def test_any_user_may_run_it_and_write_where_programs_do(bundle: engines.Bundle) -> None:
    config = bundle.config()["process"]
    assert config["user"] == {"uid": 1000, "gid": 1000}  # type: ignore[index]
    code = "import os, tempfile, getpass; open(os.path.expanduser('~/x%d' % os.getuid()), 'w'); "
    code += "tempfile.TemporaryFile(); print(os.getuid(), os.getgid(), getpass.getuser(), os.getcwd())"
    assert bundle.run("python", "-c", code).check() == "1000 1000 user /app\n"
    assert bundle.run("python", "-c", code, user=(4242, 0)).check() == "4242 0 user /app\n"
    assert bundle.run("/bin/sh", "-c", 'echo "$SEED $PORT"', user=(0, 0)).check() == "42 8000\n"


def test_what_programs_count_on_is_there(bundle: engines.Bundle) -> None:
    code = (
        "import ssl, zoneinfo, datetime, pwd, sys, importlib.metadata as m; "
        "summer = datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Oslo')); "
        "print(len(ssl.create_default_context().get_ca_certs()) > 5, summer.utcoffset(), pwd.getpwuid(1000).pw_name, "
        "sys.getfilesystemencoding(), sys.prefix, m.version('lab-x'))"
    )
    assert (
        bundle.run("/usr/bin/env", "python", "-c", code).check()
        == "True 2:00:00 user utf-8 /opt/python 0.4.0\n"
    )
    assert bundle.run("tiny").check().startswith("/nix/store/")
    assert bundle.run("/bin/sh", "-c", "data/run.sh").check() == "ran\n"


def make_driver(folder: Path) -> Path:
    """A libcuda that says who it is."""
    engines.need("gcc")
    driver = folder / "libcuda.so.1"
    code = "int cuInit(unsigned flags) { return 4711; }"
    command = ["gcc", "-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-o", str(driver), "-x", "c", "-"]
    subprocess.run(command, input=code, text=True, check=True)
    return driver


def test_the_driver_is_found_wherever_an_engine_puts_it(bundle: engines.Bundle, tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    for place in PLACES:
        found = bundle.run("python", "-c", DRIVER, mounts={f"{place}/libcuda.so.1": str(driver)})
        assert found.check() == "4711 None\n", place
    # Beside a libc, as in an image over a distribution, only links to the driver are searched.
    libc = f"{PLACES[1]}/libc.so.6"
    mounts = {f"{PLACES[1]}/libcuda.so.1": str(driver), libc: os.devnull}
    assert bundle.run("python", "-c", DRIVER, mounts=mounts).check() == "4711 None\n"
    assert bundle.run("python", "-c", DRIVER).code == 1


def test_an_image_says_what_it_is_and_nothing_of_where_it_was_made(lab: Lab, bundle: engines.Bundle) -> None:
    layout = build(lab)
    index = json.loads((layout / "index.json").read_text())
    blobs = layout / "blobs" / "sha256"
    manifest = json.loads((blobs / index["manifests"][0]["digest"][7:]).read_text())
    config = json.loads((blobs / manifest["config"]["digest"][7:]).read_text())
    assert config["created"] == "1970-01-01T00:00:01Z"
    labels = config["config"]["Labels"]
    assert labels == {
        "team": "speech",
        "org.opencontainers.image.title": "lab",
        "org.opencontainers.image.version": "0.4.0",
        "org.opencontainers.image.source": "https://git.example/lab",
        "org.opencontainers.image.description": "a lab",
        **{key: labels[key] for key in ("org.opencontainers.image.revision",) if key in labels},
    }
    assert "Entrypoint" not in config["config"]
    assert config["config"]["ExposedPorts"] == {"8000/tcp": {}}
    whole = json.dumps([index, manifest, config])
    assert str(lab.root) not in whole
    programs = subprocess.run(
        [
            "grep",
            "-rlF",
            "--binary-files=without-match",
            str(lab.root),
            str(bundle.root / "app"),
            str(bundle.root / "opt"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert programs.stdout == ""
    assert (bundle.root / "app" / "data" / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (bundle.root / "app" / "pyproject.toml").stat().st_mode & 0o777 == 0o644


def test_a_changed_source_file_moves_one_small_layer(lab: Lab) -> None:
    before = _layers(build(lab))
    source = lab.root / "src" / "lab_x" / "__init__.py"
    source.write_text(SOURCE + "\n# changed\n")
    try:
        after = _layers(build(lab))
    finally:
        source.write_text(SOURCE)
    new = {digest: size for digest, size in after.items() if digest not in before}
    assert len(new) == 1
    assert max(new.values()) < 100_000
    assert _layers(build(lab)) == before


def _layers(layout: Path) -> dict[str, int]:
    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads((layout / "blobs" / "sha256" / index["manifests"][0]["digest"][7:]).read_text())
    return {layer["digest"]: layer["size"] for layer in manifest["layers"]}


def test_an_image_without_the_project_has_what_copy_says(lab: Lab, tmp_path: Path) -> None:
    engines.need("pigz", "umoci")
    bundle = engines.unpack(build(lab, "bare"), "latest", tmp_path / "bundle")
    found = sorted(str(path.relative_to(bundle.root / "app")) for path in (bundle.root / "app").rglob("*"))
    assert found == ["data", "data/run.sh"]
    assert not (bundle.root / "opt" / "project").exists()


def test_the_commands_of_pyproject_run_by_nix_run(lab: Lab) -> None:
    nix = str(lab.shells.nix.program)
    shown = lab.run(nix, "run", ".#lab", "--", "a  b").check()
    assert shown.stdout == "lab ['a  b']\n"
    environment = (
        lab.run(nix, "build", ".#python-env", "--no-link", "--print-out-paths").check().stdout.strip()
    )
    assert subprocess.check_output([f"{environment}/bin/python", "-c", VERSION], text=True) == "1.0\n"


def test_a_package_without_a_wheel_is_named(shells: Shells, tmp_path: Path, index: tuple[str, Path]) -> None:
    engines.need("pigz")
    lab = make_lab(shells, tmp_path / "lab", "uv", index)
    lock = lab.root / "uv.lock"
    lock.write_text(lock.read_text().replace(", marker = \"sys_platform == 'win32'\"", ""))
    nix = str(shells.nix.program)
    # Evaluating says nothing, so that `nix flake check` passes.
    assert lab.run(nix, "eval", ".#python-env.drvPath").code == 0
    refused = lab.run(nix, "build", ".#container-default", "--no-link", "--print-build-logs")
    assert refused.code == 1
    assert "absent 1.0 has no wheel in uv.lock, only its source" in refused.stderr
    assert "python.manager: uv2nix" in refused.stderr


def test_over_another_image_its_files_stay(lab: Lab, tmp_path: Path) -> None:
    engines.need("pigz", "umoci", "runc", "skopeo", "docker-registry")
    base = build(lab, "bare")
    text = (lab.root / "env.yaml").read_text()
    with registry(tmp_path) as address:
        command = ("skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false")
        engines.run(*command, f"oci:{base}:latest", f"docker://{address}/base:1")
        (lab.root / "env.yaml").write_text(f"{text}  over: {{image: lab, base: '{address}/base:1'}}\n")
        try:
            assert run_pyenvspec(["compile", "-q", "-C", str(lab.root)]) == 0
            nix = str(lab.shells.nix.program)
            copy = (nix, "run", ".#container-over.copyTo", "--", f"oci:{tmp_path}/over:1")
            lab.run(*copy, env={"PYENVSPEC_PULL_OPTIONS": "--src-tls-verify=false"}).check()
        finally:
            (lab.root / "env.yaml").write_text(text)
            run_pyenvspec(["compile", "-q", "-C", str(lab.root)])
    bundle = engines.unpack(tmp_path / "over", "1", tmp_path / "bundle")
    assert (bundle.root / "app" / "data" / "run.sh").exists()
    assert bundle.run("python", "-c", VERSION).check() == "1.0\n"
    assert bundle.run("lab").check() == "lab []\n"


def test_what_is_in_an_image_is_told_as_cyclonedx(lab: Lab) -> None:
    engines.need("pigz")
    done = lab.run(sys.executable, "-m", "pyenvspec", "container", "sbom").check()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(done.stdout) is None
    document = json.loads(done.stdout)
    image = document["metadata"]["component"]
    index_file = json.loads((build(lab) / "index.json").read_text())
    assert image["bom-ref"] == f"lab@{index_file['manifests'][0]['digest']}"
    packages = {c["purl"]: c for c in document["components"] if "purl" in c}
    tiny = packages["pkg:pypi/tiny@1.0"]
    lock = (lab.root / "uv.lock").read_text()
    assert tiny["hashes"][0]["content"] in lock
    assert any(purl.startswith("pkg:nix/python3@") for purl in packages)
    # Nothing of a path's closure is left out.
    assert {c["name"] for c in document["components"]} >= {"bash", "coreutils", "ffmpeg"}


APPTAINER = """#!/bin/sh
# Stands in for Apptainer, which no registry here has: takes the archive for the image.
echo "stand-in for apptainer: $*" >&2
cp "${4#oci-archive:}" "$3"
"""


def test_apptainer_is_given_the_image_and_nothing_is_left_behind(lab: Lab, tmp_path: Path) -> None:
    engines.need("pigz", "skopeo")
    (tmp_path / "apptainer").write_text(APPTAINER)
    (tmp_path / "apptainer").chmod(0o755)
    path = f"{tmp_path}:{lab.shells.nix.environment()['PATH']}"
    sif = lab.root / "default.sif"
    try:
        done = lab.run(sys.executable, "-m", "pyenvspec", "container", "sif", env={"PATH": path}).check()
        assert "stand-in for apptainer: build --force default.sif oci-archive:.pyenvspec/" in done.stderr
        shown = engines.run("skopeo", "inspect", "--format", "{{.Digest}}", f"oci-archive:{sif}")
        assert shown == done.stdout
    finally:
        sif.unlink(missing_ok=True)
    assert not list((lab.root / ".pyenvspec").rglob("*.tar"))


def test_an_archive_opens_by_itself_without_root_and_nix(lab: Lab) -> None:
    engines.need("pigz", "setpriv")
    lab.run(sys.executable, "-m", "pyenvspec", "container", "archive", "--output", "../lab.run").check()
    # A folder that nobody may enter too, which pytest's are not.
    with tempfile.TemporaryDirectory(prefix="pyenvspec-", dir="/tmp") as text:
        folder = Path(text)
        shutil.move(lab.root.parent / "lab.run", folder / "lab.run")
        for path in (folder, folder / "lab.run"):
            os.chown(path, 65534, 65534)

        def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
            as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            env = {"PATH": "/usr/bin:/bin", "HOME": text, "PYENVSPEC_ARCHIVES": f"{text}/opened", **variables}
            return subprocess.run(
                [*as_nobody, "./lab.run", *words],
                cwd=folder,
                env=env,
                capture_output=True,
                text=True,
                check=False,
            )

        probe = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "unshare", "-r", "true"]
        )
        if probe.returncode != 0:
            pytest.skip("needs user namespaces for everybody")
        opened = run(PYENVSPEC_ONLY_OPEN="1")
        assert opened.returncode == 0, opened.stderr
        (root,) = (folder / "opened").iterdir()
        engines.complete(root)
        code = "import os, sys, tiny, lab_x; print(tiny.version, lab_x.__file__, sys.argv[1:], os.environ['SEED'])"
        done = run("python", "-c", code, "a  b", "$HOME")
        assert done.stderr == ""
        assert done.stdout == "1.0 /app/src/lab_x/__init__.py ['a  b', '$HOME'] 42\n"
        assert run().stdout == "a  b 1 $5\n"
        (folder / "here.txt").write_text("seen\n")
        assert run("cat", "here.txt", HOME="/").stdout == "seen\n"
        assert run("sh", "-c", "exit 7").returncode == 7

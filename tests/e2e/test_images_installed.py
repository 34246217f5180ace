"""Images whose packages Nix cannot fetch by hash: a real buildah installs these in a container, Nix makes the rest."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import engines
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from harness import install_tools
from labs import MINOR, VERSION, Lab, git
from test_images import DRIVER, PLACES, PYPROJECT, SOURCE, index, make_driver, registry  # noqa: F401 (a fixture)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness import Result, Shells

pytestmark = [pytest.mark.nix, pytest.mark.inputs, pytest.mark.slow]

CONFIGURATION = """\
[storage]
driver = "overlay"
graphroot = "{folder}/storage"
runroot = "{folder}/run"
"""
LINES = (
    "systems: [x86_64-linux]",
    "env: {SEED: 42}",
    "containers:",
    "  default: {image: lab, command: [python, -c, 'print(\"a  b\", 1, ''$5'')'], ports: [8000]}",
)


def make_project(shells: Shells, root: Path, manager: str, *lines: str) -> Lab:
    """A project with a package of its own and a command; its packages are still to be named."""
    lab = Lab.__new__(Lab)
    lab.shells, lab.root, lab.kind, lab.timeout = shells, root, "native", 900
    (root / "src" / "lab_x").mkdir(parents=True)
    git(root, "init", "--quiet")
    (root / "src" / "lab_x" / "__init__.py").write_text(SOURCE)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "requirements.txt").write_text("")
    lab.describe(*(lines or LINES), python=f"{{version: {MINOR}, manager: {manager}}}")
    return lab


def container(lab: Lab, folder: Path, *words: str) -> Result:
    """`pyenvspec container`, whose images are in a folder of this test."""
    engines.need("pigz", "buildah")
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    stand_in = Path(__file__).with_name("buildah_stand_in.py")
    real = engines.find("buildah")
    (programs / "buildah").write_text(f'#!/bin/sh\nexec {sys.executable} {stand_in} {real} "$@"\n')
    (programs / "buildah").chmod(0o755)
    (folder / "storage.conf").write_text(CONFIGURATION.format(folder=folder))
    environment = {
        "PATH": f"{programs}:{lab.shells.nix.environment()['PATH']}",
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "BUILDAH_ISOLATION": "chroot",
    }
    command = (sys.executable, "-m", "pyenvspec", "container", *words)
    # Hundreds of megabytes of this machine's programs are packed; how well is no matter here.
    quickly = ("--", "--dest-compress-level", "1") if words[0] == "file" else ()
    return lab.run(*command, *quickly, env=environment)


def read_layers(layout: Path) -> list[str]:
    """The layers of an image, by their digests."""
    index_file = json.loads((layout / "index.json").read_text())
    manifest = layout / "blobs" / index_file["manifests"][0]["digest"].replace(":", "/")
    return [layer["digest"] for layer in json.loads(manifest.read_text())["layers"]]


def unpack(layout: Path, tag: str, folder: Path) -> engines.Bundle:
    """What buildah made needs no more filling in."""
    engines.need("umoci", "runc")
    engines.run("umoci", "unpack", "--image", f"{layout}:{tag}", str(folder))
    return engines.Bundle(folder)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where buildah keeps its images: below it is what they share."""
    folder = tmp_path_factory.mktemp("installed")
    yield folder
    # Mounted over itself, and so in the way of who tidies up.
    subprocess.run(
        ["umount", "--recursive", str(folder / "storage" / "overlay")], capture_output=True, check=False
    )


@pytest.fixture(scope="module")
def lab(shells: Shells, place: Path, index: tuple[str, Path]) -> Lab:  # noqa: F811
    """A project with plain requirements."""
    lab = make_project(shells, place / "a lab", "pip")
    (lab.root / "requirements.txt").write_text(f"--index-url {index[0]}/simple\ntiny  # any\n")
    git(lab.root, "add", "--all")
    return lab


@pytest.fixture(scope="module")
def made(lab: Lab, place: Path) -> Path:
    """Its image, as a layout."""
    done = container(lab, place, "file", "--engine", "buildah", "--output", str(place / "made")).check()
    assert done.stdout.startswith("sha256:")
    assert done.stdout.count("\n") <= 1
    assert "requirements.txt does not name the files of its packages, each with its hash\n" in done.stderr
    assert "Another build may give another image" in done.stderr
    return place / "made"


@pytest.fixture(scope="module")
def bundle(made: Path, place: Path) -> engines.Bundle:
    """The image in a container."""
    return unpack(made, "latest", place / "bundle")


def test_what_is_installed_is_found_as_in_an_image_of_nix(bundle: engines.Bundle) -> None:
    assert bundle.run().check() == "a  b 1 $5\n"
    assert bundle.run("python", "-c", VERSION).check() == "1.0\n"
    assert bundle.run("lab", "a  b", "$HOME").check() == "lab ['a  b', '$HOME']\n"
    code = "import os, sys; print(sys.prefix, os.getcwd(), os.environ['SEED'], os.environ['NVIDIA_VISIBLE_DEVICES'])"
    assert bundle.run("/bin/sh", "-c", f'python -c "{code}"').check() == "/opt/env /app 42 all\n"
    # Nothing of what builds packages is left in it.
    assert not (bundle.root / "opt" / "install").exists()
    assert bundle.run("/bin/sh", "-c", "command -v gcc git uv").code != 0


def test_it_runs_as_anyone_and_is_told_to_end(bundle: engines.Bundle) -> None:
    code = "import os, tiny; open(os.path.expanduser('~/x%d' % os.getuid()), 'w'); print(os.getuid(), os.getgid())"
    assert bundle.run("python", "-c", code).check() == "1000 1000\n"
    assert bundle.run("python", "-c", code, user=(4242, 0)).check() == "4242 0\n"
    assert (bundle.root / "app" / "src").stat().st_uid == 1000
    assert bundle.tell_to_end("import lab_x; lab_x.wait()") == ("up 1\ntold to end\n", 7)


def test_the_driver_is_found_in_it(bundle: engines.Bundle, tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    for folder in PLACES:
        found = bundle.run("python", "-c", DRIVER, mounts={f"{folder}/libcuda.so.1": str(driver)})
        assert found.check() == "4711 None\n", folder


def test_another_source_file_moves_one_small_layer(lab: Lab, made: Path, place: Path) -> None:
    before = read_layers(made)
    source = lab.root / "src" / "lab_x" / "__init__.py"
    text = source.read_text()
    source.write_text(text + "# changed\n")
    try:
        target = place / "changed"
        done = container(lab, place, "file", "--engine", "buildah", "--output", str(target)).check()
    finally:
        source.write_text(text)
    assert "Using cache" in done.stderr
    after = read_layers(target)
    assert len(after) == len(before)
    (new,) = set(after) - set(before)
    assert (target / "blobs" / new.replace(":", "/")).stat().st_size < 20_000


def test_it_is_pushed_told_and_packed(lab: Lab, made: Path, place: Path, tmp_path: Path) -> None:
    engines.need("docker-registry", "skopeo")
    text = (lab.root / "env.yaml").read_text()
    with registry(tmp_path) as address:
        (lab.root / "env.yaml").write_text(f"{text.rstrip()[:-1]}, registry: 'docker://{address}/team/'}}\n")
        try:
            pushed = container(
                lab, place, "push", "--engine", "buildah", "--", "--dest-tls-verify=false"
            ).check()
            command = (
                "inspect",
                "--tls-verify=false",
                "--format",
                "{{.Digest}}",
                f"docker://{address}/team/lab:latest",
            )
            assert engines.run("skopeo", *command).strip() == pushed.stdout.strip()
        finally:
            (lab.root / "env.yaml").write_text(text)
    told = container(lab, place, "sbom", "--engine", "buildah").check()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(told.stdout) is None
    packages = {part.get("purl") for part in json.loads(told.stdout)["components"]}
    assert "pkg:pypi/tiny@1.0" in packages
    assert any(str(purl).startswith("pkg:nix/python3@") for purl in packages)
    container(lab, place, "archive", "--engine", "buildah", "--output", str(place / "lab.run")).check()
    opened = subprocess.run(
        [str(place / "lab.run"), "python", "-c", VERSION],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYENVSPEC_ARCHIVES": str(tmp_path / "opened")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert opened.stdout == "1.0\n", opened.stderr


# ---- locks with packages that have no wheel -----------------------------------------------------

BACKEND = """\
import base64, hashlib, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    files = {"only_source.py": "version = '2.5'\\n",
        "only_source-2.5.dist-info/METADATA": "Metadata-Version: 2.1\\nName: only-source\\nVersion: 2.5\\n",
        "only_source-2.5.dist-info/WHEEL":
            "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}
    record = "".join("%s,sha256=%s,%d\\n" % (name, base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
        .rstrip(b"=").decode(), len(text)) for name, text in files.items())
    name = "only_source-2.5-py3-none-any.whl"
    with zipfile.ZipFile(folder + "/" + name, "w") as wheel:
        for path, text in {**files, "only_source-2.5.dist-info/RECORD": record}.items():
            wheel.writestr(path, text)
    return name
"""
BUILD = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


def add_source(index: tuple[str, Path]) -> str:  # noqa: F811
    """Put a package of which there is only a source into the index; return its hash."""
    folder = index[1].parent.parent
    archive = folder / "files" / "only_source-2.5.tar.gz"
    head = BUILD + '[project]\nname = "only-source"\nversion = "2.5"\n'
    files = {
        "pyproject.toml": head,
        "backend.py": BACKEND,
        "PKG-INFO": "Metadata-Version: 2.1\nName: only-source\nVersion: 2.5\n",
    }
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"only_source-2.5/{name}")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    page = folder / "simple" / "only-source" / "index.html"
    page.parent.mkdir(exist_ok=True)
    page.write_text(f'<a href="../../files/{archive.name}#sha256={digest}">{archive.name}</a>')
    return digest


def lock_by_uv(lab: Lab, address: str) -> None:
    """`uv lock` over the index, as users run it."""
    head = (lab.root / "pyproject.toml").read_text().replace('["tiny"]', '["tiny", "only-source"]')
    (lab.root / "pyproject.toml").write_text(
        head + f'[[tool.uv.index]]\nurl = "{address}/simple"\ndefault = true\n'
    )
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    subprocess.run([str(uv), "lock", "--quiet", "--python", MINOR], cwd=lab.root, check=True)


def lock_by_poetry(lab: Lab, address: str) -> None:
    """The same by poetry."""
    head = (lab.root / "pyproject.toml").read_text().replace('["tiny"]', '["tiny", "only-source"]')
    source = f'[[tool.poetry.source]]\nname = "own"\nurl = "{address}/simple"\n'
    (lab.root / "pyproject.toml").write_text(head + source)
    poetry = install_tools() / "poetry"
    program = str(poetry) if poetry.exists() else "poetry"
    subprocess.run([program, "lock", "--no-cache", "--quiet", "--no-interaction"], cwd=lab.root, check=True)


@pytest.mark.parametrize(("manager", "lock"), [("uv", lock_by_uv), ("poetry", lock_by_poetry)])
def test_a_locked_package_without_a_wheel_is_built_in_a_container(
    shells: Shells,
    place: Path,
    tmp_path: Path,
    index: tuple[str, Path],  # noqa: F811
    manager: str,
    lock: Callable[[Lab, str], None],
) -> None:
    add_source(index)
    lab = make_project(shells, tmp_path / "lab", manager)
    lock(lab, index[0])
    git(lab.root, "add", "--all")
    done = container(lab, place, "file", "--engine", "buildah", "--output", str(tmp_path / "made")).check()
    assert f"only-source 2.5 has no wheel in {manager}.lock" in done.stderr
    bundle = unpack(tmp_path / "made", "latest", tmp_path / "bundle")
    code = "import tiny, only_source, lab_x; print(tiny.version, only_source.version, lab_x.__file__)"
    assert bundle.run("python", "-c", code).check() == "1.0 2.5 /app/src/lab_x/__init__.py\n"
    assert bundle.run("lab").check() == "lab []\n"


def test_what_cannot_be_installed_is_told_and_there_is_no_image(
    shells: Shells,
    place: Path,
    tmp_path: Path,
    index: tuple[str, Path],  # noqa: F811
) -> None:
    lab = make_project(shells, tmp_path / "lab", "pip")
    (lab.root / "requirements.txt").write_text(f"--index-url {index[0]}/simple\nnobody-has-this\n")
    git(lab.root, "add", "--all")
    done = container(lab, place, "build", "--engine", "buildah")
    assert done.code != 0
    assert done.stdout == ""
    assert "No matching distribution found for nobody-has-this" in done.stderr


def test_names_of_files_may_hold_whatever_a_name_may(shells: Shells, tmp_path: Path) -> None:
    engines.need("pigz")
    names = ["it's $(id).txt", "データ.csv", ".hidden", "plain.txt"]
    requirements = "my $(touch evil) reqs.txt"
    lab = Lab.__new__(Lab)
    lab.shells, lab.root, lab.kind, lab.timeout = shells, tmp_path / "a lab", "native", 900
    lab.root.mkdir()
    git(lab.root, "init", "--quiet")
    for name in (*names, requirements):
        (lab.root / name).write_text(f"# {name}\n")
    lab.describe(
        "systems: [x86_64-linux]",
        f"containers: {{default: {{image: team/lab, project: false, copy: {json.dumps(names)}}}}}",
        python=f"{{version: {MINOR}, manager: pip, requirements: '{requirements}'}}",
    )
    nix = str(lab.shells.nix.program)
    build = (nix, "build", "--no-link", "--print-out-paths")
    layout = Path(lab.run(*build, ".#container-default").check().stdout.strip())
    index_file = json.loads((layout / "index.json").read_text())
    blobs = layout / "blobs" / "sha256"
    manifest = json.loads((blobs / index_file["manifests"][0]["digest"][7:]).read_text())
    with tarfile.open(blobs / manifest["layers"][-1]["digest"][7:]) as layer:
        texts = {m.name: layer.extractfile(m).read().decode() for m in layer if m.isfile()}  # type: ignore[union-attr]
    assert texts == {f"app/{name}": f"# {name}\n" for name in names}
    # What installs gets its file too.
    lab.run(*build, ".#container-default.inContainer.copyTo").check()

"""The NVIDIA driver in real shells: a fake libcuda.so.1 where NixOS, WSL and other Linux systems have it.

A program asks the loader for libcuda.so.1 and gets that one, never the toolkit's stub. The places are the
machine's own, so each entry runs in a mount namespace.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from labs import KINDS, MINOR, Lab, namespaces

if TYPE_CHECKING:
    from harness import Shells

pytestmark = [pytest.mark.nix, pytest.mark.inputs, pytest.mark.slow]

CUDA = "cuda: 12.8"
# `$0` is the folder of the fake driver; what follows runs where the system has it.
NIXOS = """
    mount -t tmpfs none /run && mkdir -p /run/opengl-driver/lib && cp "$0"/libcuda.so.1 /run/opengl-driver/lib
"""
WSL = """
    scratch=$(mktemp -d) && mount -t tmpfs none "$scratch" && mkdir "$scratch/new" "$scratch/work" &&
    mount -t overlay none -o "lowerdir=/usr/lib,upperdir=$scratch/new,workdir=$scratch/work" /usr/lib &&
    mkdir -p /usr/lib/wsl/lib && cp "$0"/libcuda.so.1 /usr/lib/wsl/lib
"""
# As after installing NVIDIA's packages: ld.so's cache of the system knows the folder.
PLAIN = """
    echo "$0" > "$0/folders" && /sbin/ldconfig -f "$0/folders" -C "$0/cache" && mount --bind "$0/cache" /etc/ld.so.cache
"""
SYSTEMS = {"NixOS": NIXOS, "WSL": WSL, "plain": PLAIN}

ASK = "import ctypes; print(ctypes.CDLL('libcuda.so.1').cuInit(0))"
STUB = "34"
FAKE = "77"


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("driver")
    compile_library(folder / "libcuda.so.1", f"int cuInit(unsigned flags) {{ return {FAKE}; }}")
    # A driver's folder on an ordinary Linux is the one of the system's libc: only the driver's own files may be taken.
    compile_library(folder / "libz.so.1", "int nothing;")
    return folder


def compile_library(path: Path, source: str) -> None:
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("this machine has no gcc to make a driver with")
    command = [gcc, "-shared", "-fPIC", f"-Wl,-soname,{path.name}", "-o", str(path), "-x", "c", "-"]
    subprocess.run(command, input=source, text=True, check=True)


@pytest.fixture(scope="module", params=KINDS)
def lab(request: pytest.FixtureRequest, shells: Shells, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    root = tmp_path_factory.mktemp("cuda") / "lab"
    made = Lab(shells, root, request.param, CUDA, "systems: [x86_64-linux]")
    made.enter("true").check()
    return made


def placed(system: str, fake: Path) -> tuple[str, ...]:
    prefix = namespaces("--mount")
    script = f"{textwrap.dedent(SYSTEMS[system]).strip()}"
    probe = subprocess.run([*prefix, "sh", "-c", script, str(fake)], capture_output=True, check=False)
    if not prefix or probe.returncode != 0:
        pytest.skip(f"this user may not mount what {system} has: {probe.stderr.decode().strip()}")
    return (*prefix, "sh", "-c", f'{script} && exec "$@"', str(fake))


def needs_no_driver() -> None:
    known = ("/run/opengl-driver/lib", "/usr/lib/wsl/lib")
    if any(Path(folder, "libcuda.so.1").exists() for folder in known) or Path("/proc/driver/nvidia").exists():
        pytest.skip("this machine has a driver")


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_driver_is_found_and_no_stub(lab: Lab, fake: Path, tmp_path: Path, system: str) -> None:
    needs_no_driver()
    code = f"""
        import ctypes, os, subprocess, sys
        {ASK.removeprefix("import ctypes; ")}
        # Linked against the stub as wheels and extensions are: the loader still takes the driver.
        flags = ["-shared", "-fPIC", "-o", "needs.so", "needs.c", "-L" + os.environ["CUDA_HOME"] + "/lib/stubs"]
        open("needs.c", "w").write("int cuInit(unsigned); int ask(void) {{ return cuInit(0); }}")
        subprocess.run(["gcc", *flags, "-lcuda"], check=True)
        print(ctypes.CDLL(os.path.abspath("needs.so")).ask())
        print(subprocess.check_output([sys.executable, "-c", {ASK!r}], text=True).strip())
        print("LD_LIBRARY_PATH" in os.environ, "PYENVSPEC_OUTER_LIBRARY_PATH" in os.environ)
        # zlib beside the driver is not Python's, whose own is the toolkit's.
        import zlib
        print(any(line.split()[-1].startswith({str(fake)!r} + "/libz") for line in open("/proc/self/maps")))
    """
    home = {"XDG_CACHE_HOME": str(tmp_path)}
    shown = lab.enter("python", "-c", textwrap.dedent(code), prefix=placed(system, fake), env=home).check()
    assert shown.stdout.split() == [FAKE, FAKE, FAKE, "False", "False", "False"], shown.stderr


# On other systems it is shown to all programs by the system itself.
@pytest.mark.parametrize("system", ["NixOS", "WSL"])
def test_other_programs_do_not_get_it_from_us(lab: Lab, fake: Path, tmp_path: Path, system: str) -> None:
    needs_no_driver()
    other = str(Path(sys.base_prefix, "bin", f"python{MINOR}"))
    code = f"import subprocess; print(subprocess.run([{other!r}, '-c', {ASK!r}], capture_output=True).returncode)"
    home = {"XDG_CACHE_HOME": str(tmp_path)}
    shown = lab.enter("python", "-c", code, prefix=placed(system, fake), env=home).check()
    assert shown.stdout == "1\n"


def test_a_shell_with_cuda_opens_without_a_driver(lab: Lab, tmp_path: Path) -> None:
    needs_no_driver()
    home = {"XDG_CACHE_HOME": str(tmp_path)}
    code = 'import ctypes, os; print(ctypes.CDLL("libcudart.so.12").libcudart_stand_in(), os.environ["CUDA_HOME"])'
    shown = lab.enter("python", "-c", code, env=home).check()
    assert shown.stdout.startswith("42 /nix/store/"), shown.stderr
    asked = lab.enter("python", "-c", ASK, env=home)
    assert asked.code == 1
    assert STUB not in asked.stdout
    assert "libcuda.so.1: cannot open shared object file" in asked.stderr
    assert not (tmp_path / "pyenvspec").exists()


def test_a_wheel_sees_a_driver_that_came_after_the_first_entry(lab: Lab, fake: Path, tmp_path: Path) -> None:
    needs_no_driver()
    home = {"XDG_CACHE_HOME": str(tmp_path)}
    assert lab.enter("python", "-c", ASK, env=home).code == 1
    shown = lab.enter("python", "-c", ASK, prefix=placed("plain", fake), env=home).check()
    assert shown.stdout == f"{FAKE}\n"

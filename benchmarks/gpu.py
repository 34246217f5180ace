#!/usr/bin/env python3
"""Shows on a machine with an NVIDIA GPU that the driver is found: neither Nix nor a network is needed.

    python3 benchmarks/gpu.py [--torch FOLDER_WITH_SITE_PACKAGES]

Makes the interpreter that a shell would have (nix/modules/python-with-libraries.py, driver.c) from the Python that
runs this; gcc and patchelf must be there. Prints one line a check and ends with 0 when all hold, in less than five
minutes. On a machine without a GPU every check fails; with PYENVSPEC_DRIVER it takes the driver of that folder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MODULES = Path(__file__).resolve().parents[1] / "nix" / "modules"
EXECUTABLE = f"python{sys.version_info.major}.{sys.version_info.minor}"

INIT = """
import ctypes
cuda = ctypes.CDLL("libcuda.so.1")
count = ctypes.c_int()
codes = cuda.cuInit(0), cuda.cuDeviceGetCount(ctypes.byref(count))
assert codes == (0, 0) and count.value > 0, (codes, count.value)
print(count.value, "GPU(s)")
"""
NVML = """
import ctypes
nvml = ctypes.CDLL("libnvidia-ml.so.1")
assert nvml.nvmlInit_v2() == 0
name = ctypes.create_string_buffer(96)
assert nvml.nvmlSystemGetDriverVersion(name, 96) == 0
print("driver", name.value.decode())
"""
SPAWNED = f"""
import multiprocessing
def ask(_):
    exec({INIT!r}, {{}})
    return 0
if __name__ == "__main__":
    for method in ("spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, pool.map(ask, range(2)))
"""
TORCH = """
import os, torch
x = torch.rand(512, 512, device="cuda")
assert torch.allclose((x @ x).cpu(), x.cpu() @ x.cpu(), rtol=1e-2, atol=1e-1)
f = torch.compile(lambda t: torch.sin(t) + t * 2)
assert torch.allclose(f(x), torch.sin(x) + x * 2, atol=1e-5)
print(torch.__version__, torch.cuda.get_device_name(0), "LD_LIBRARY_PATH" in os.environ)
"""
PROGRAM = """
#include <dlfcn.h>
#include <stdio.h>
int main(void) {
    void *cuda = dlopen("libcuda.so.1", RTLD_NOW), *encoder = dlopen("libnvidia-encode.so.1", RTLD_NOW);
    int (*init)(unsigned) = cuda ? (int (*)(unsigned))dlsym(cuda, "cuInit") : NULL;
    printf("cuInit %d, NVENC %s\\n", init ? init(0) : -1, encoder ? "there" : "not there");
    return init == NULL || init(0) != 0;
}
"""


def main() -> int:
    """Make everything in a temporary folder, then check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch", type=Path, help="site-packages with a torch for this Python and CUDA")
    options = parser.parse_args()
    missing = [name for name in ("gcc", "patchelf") if shutil.which(name) is None]
    if missing:
        print("needs", ", ".join(missing))
        return 2
    with tempfile.TemporaryDirectory() as name, tempfile.NamedTemporaryFile(prefix="p", dir="/tmp") as cache:
        folder = Path(name)
        python, with_driver = make(folder, cache.name)
        (folder / "spawned.py").write_text(SPAWNED)
        (folder / "program.c").write_text(PROGRAM)
        subprocess.run(["gcc", folder / "program.c", "-o", folder / "program", "-ldl"], check=True)
        checks: dict[str, list[object]] = {
            "cuInit in the shell's Python": [python, "-I", "-c", INIT],
            "the driver's version": [python, "-I", "-c", NVML],
            "in processes that it spawns": [python, folder / "spawned.py"],
            "a C program through with-driver": [with_driver, folder / "program"],
        }
        if options.torch:
            checks["torch computes and compiles"] = [python, "-c", TORCH]
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("LD_", "PYTHON"))}
        if options.torch:
            environment["PYTHONPATH"] = str(options.torch)
        failed = [what for what, argv in checks.items() if not is_good(what, argv, environment)]
    return bool(failed)


def make(folder: Path, cache: str) -> tuple[Path, Path]:
    """Return the interpreter and `with-driver`."""
    library, command, out = folder / "driver.so", folder / "with-driver", folder / "python"
    source = MODULES / "driver.c"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", source, "-o", library], check=True)
    subprocess.run(["gcc", "-O2", "-DWITH_DRIVER", source, "-o", command], check=True)
    builder = [Path(sys.base_prefix, "bin", EXECUTABLE), "-I", "-B", MODULES / "python-with-libraries.py"]
    given = ["--python", sys.base_prefix, "--executable", EXECUTABLE, "--out", out, "--needed", library]
    # The system's ld.so reads a path of 16 bytes, so the one that replaces it must be as short.
    caches = ["--cache", cache, "--system-cache", "/etc/ld.so.cache"]
    subprocess.run([*builder, *given, *caches], check=True)
    return out / "bin" / EXECUTABLE, command


def is_good(what: str, argv: list[object], environment: dict[str, str]) -> bool:
    """Run a check and print its line."""
    command = [str(word) for word in argv]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=200)
    said = (done.stdout if done.returncode == 0 else done.stderr or done.stdout).strip().splitlines()
    print("ok  " if done.returncode == 0 else "FAIL", what, "-", "; ".join(said[-3:]), flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())

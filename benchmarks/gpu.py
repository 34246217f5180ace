#!/usr/bin/env python3
"""Shows on a machine with an NVIDIA GPU that the driver is found: neither Nix nor a network is needed.

    python3 benchmarks/gpu.py [--packages FOLDER_WITH_SITE_PACKAGES]

Makes the interpreter that a shell would have (nix/modules/python-with-libraries.py, driver.c) from the Python that
runs this; gcc and patchelf must be there. Prints one line a check and ends with 0 when all hold, in less than five
minutes. A check that needs torch, jax, cupy or nvcc is left out by name where there is none. On a machine without a
GPU every check fails; with PYENVSPEC_DRIVER it takes the driver of that folder. The last lines are what the lookup
costs at the start of a Python, as a ratio to the same interpreter without it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULES = Path(__file__).resolve().parents[1] / "nix" / "modules"
EXECUTABLE = f"python{sys.version_info.major}.{sys.version_info.minor}"

INIT = """
import ctypes
cuda = ctypes.CDLL("libcuda.so.1")
count = ctypes.c_int()
codes = cuda.cuInit(0), cuda.cuDeviceGetCount(ctypes.byref(count))
assert codes == (0, 0) and count.value > 0, (codes, count.value)
with open("/proc/self/maps") as maps:
    path = next(line.split()[-1] for line in maps if "libcuda.so" in line)
print(count.value, "GPU(s) by", path)
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
assert "LD_LIBRARY_PATH" not in os.environ
print(torch.__version__, torch.cuda.get_device_name(0))
"""
COMPILED = """
import torch
x = torch.rand(512, 512, device="cuda")
f = torch.compile(lambda t: torch.sin(t) + t * 2)
assert torch.allclose(f(x), torch.sin(x) + x * 2, atol=1e-5)
print("triton's kernel agrees")
"""
# A kernel of one's own, by setuptools' and torch's build: nvcc, ninja, the headers of torch and of this Python.
EXTENSION = """
import torch
from torch.utils.cpp_extension import load_inline
kernel = "__global__ void twice(float *x, int n) { if (threadIdx.x < n) x[threadIdx.x] *= 2; }"
call = "void run(torch::Tensor x) { twice<<<1, 1024>>>(x.data_ptr<float>(), x.numel()); }"
header = "void run(torch::Tensor x);"
built = load_inline("twice", header, "#include <torch/types.h>\\n" + kernel + call, functions=["run"])
x = torch.ones(1000, device="cuda")
built.run(x)
assert x.sum().item() == 2000
print("nvcc's kernel agrees")
"""
DISTRIBUTED = """
import os, torch, torch.distributed as dist
dist.init_process_group("gloo")
torch.cuda.set_device(0)
x = torch.ones(1, device="cuda").cpu()
dist.all_reduce(x)
if dist.get_rank() == 0:
    print("torchrun's", int(x.item()), "processes see the GPU")
dist.destroy_process_group()
"""
LOADER = """
import torch
from torch.utils.data import DataLoader
class Squares(torch.utils.data.Dataset):
    def __len__(self): return 8
    def __getitem__(self, i): return torch.cuda.device_count() * i * i
if __name__ == "__main__":
    batches = list(DataLoader(Squares(), 4, num_workers=2, multiprocessing_context="spawn", pin_memory=True))
    assert torch.cat(batches).tolist() == [i * i for i in range(8)]
    print("workers of a DataLoader see it")
"""
JAX = """
import jax, jax.numpy as jnp
assert jax.devices()[0].platform == "gpu", jax.devices()
print(jax.__version__, float(jax.jit(lambda x: (x @ x).sum())(jnp.ones((64, 64)))))
"""
CUPY = """
import cupy
assert int(cupy.arange(10).sum()) == 45
print(cupy.__version__, "driver", cupy.cuda.runtime.driverGetVersion())
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
# Graphics without a screen. Both libraries are those of every vendor, and are told by variable where NVIDIA's part is.
GRAPHICS = """
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
typedef void *(*getter)(const char *);
static const char *egl_vendor(void) {
    void *egl = dlopen("libEGL.so.1", RTLD_NOW), *device = NULL, *display;
    int count = 0, major, minor;
    if (!egl) return dlerror();
    getter get = (getter)dlsym(egl, "eglGetProcAddress");
    unsigned (*devices)(int, void **, int *) = (unsigned (*)(int, void **, int *))get("eglQueryDevicesEXT");
    void *(*open)(unsigned, void *, void *) = (void *(*)(unsigned, void *, void *))get("eglGetPlatformDisplayEXT");
    unsigned (*init)(void *, int *, int *) = (unsigned (*)(void *, int *, int *))dlsym(egl, "eglInitialize");
    const char *(*query)(void *, int) = (const char *(*)(void *, int))dlsym(egl, "eglQueryString");
    if (!devices || !open || !devices(1, &device, &count) || count < 1) return "no EGL device";
    display = open(0x313F, device, NULL);
    return init(display, &major, &minor) ? query(display, 0x3053) : "no EGL display";
}
static const char *vulkan_device(void) {
    static char properties[4096];
    void *library = dlopen("libvulkan.so.1", RTLD_NOW), *instance = NULL, *devices[8] = {0};
    uint32_t count = 8;
    struct { uint32_t type; const void *next; uint32_t flags; const void *application; uint32_t layers; const void *a;
             uint32_t extensions; const void *b; } info = {1, NULL, 0, NULL, 0, NULL, 0, NULL};
    if (!library) return dlerror();
    int (*create)(void *, void *, void **) = (int (*)(void *, void *, void **))dlsym(library, "vkCreateInstance");
    int (*list)(void *, uint32_t *, void **);
    *(void **)&list = dlsym(library, "vkEnumeratePhysicalDevices");
    void (*tell)(void *, void *) = (void (*)(void *, void *))dlsym(library, "vkGetPhysicalDeviceProperties");
    if (create(&info, NULL, &instance) != 0) return "no Vulkan driver";
    if (list(instance, &count, devices) < 0 || count < 1) return "no Vulkan device";
    tell(devices[0], properties);
    return properties + 20;
}
int main(void) {
    const char *vendor = egl_vendor(), *device = vulkan_device();
    printf("EGL: %s, Vulkan: %s\\n", vendor, device);
    return strstr(vendor, "NVIDIA") == NULL || strstr(device, "NVIDIA") == NULL;
}
"""
# With the runtime linked in, as nvcc does unless told otherwise: it opens libcuda.so.1 by itself.
KERNEL = """
#include <cstdio>
__global__ void set(int *x) { *x = 42; }
int main() {
    int *device, host = 0;
    cudaMalloc(&device, sizeof host);
    set<<<1, 1>>>(device);
    cudaMemcpy(&host, device, sizeof host, cudaMemcpyDeviceToHost);
    printf("a kernel of nvcc's wrote %d (%s)\\n", host, cudaGetErrorString(cudaGetLastError()));
    return host != 42;
}
"""


def main() -> int:
    """Make everything in a temporary folder, then check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--packages", type=Path, help="site-packages for this Python, with torch, jax or cupy for CUDA"
    )
    parser.add_argument(
        "--graphics", type=Path, help="folder with glvnd's libEGL.so.1 and the loader libvulkan.so.1"
    )
    options = parser.parse_args()
    packages = options.packages
    missing = [name for name in ("gcc", "patchelf") if shutil.which(name) is None]
    if missing:
        print("needs", ", ".join(missing))
        return 2
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LD_", "PYTHON"))}
    if packages:
        environment["PYTHONPATH"] = str(packages)
        environment["PATH"] = os.pathsep.join([str(packages.parents[2] / "bin"), os.environ["PATH"]])
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        caches = [
            stack.enter_context(tempfile.NamedTemporaryFile(prefix="p", dir="/tmp")).name for _ in range(2)
        ]
        python, with_driver = make(folder, caches)
        plain = folder / "plain" / "bin" / EXECUTABLE
        print("without the lookup this machine's Python", finds_by_itself(plain, environment))
        failed = [
            what
            for what, argv in checks(folder, python, with_driver, packages)
            if not is_good(what, argv, environment)
        ]
        if options.graphics is not None:
            argv: list[str | Path] = [with_driver, make_graphics(folder, options.graphics.resolve())]
            if not is_good("graphics through with-driver", argv, environment):
                failed.append("graphics")
        print_costs(python, plain, environment)
    print(len(failed), "failed")
    return bool(failed)


def checks(
    folder: Path, python: Path, with_driver: Path, packages: Path | None
) -> Iterator[tuple[str, list[str | Path]]]:
    """Yield what is checked and the command, which ends with 0 when it holds."""

    def script(name: str, text: str) -> Path:
        (folder / name).write_text(text)
        return folder / name

    yield "cuInit in the shell's Python", [python, "-I", "-c", INIT]
    yield "the driver's version", [python, "-I", "-c", NVML]
    yield "in processes that it spawns", [python, script("spawned.py", SPAWNED)]
    program = folder / "program"
    subprocess.run(["gcc", script("program.c", PROGRAM), "-o", program, "-ldl"], check=True)
    yield "a C program through with-driver", [with_driver, program]
    nvcc = shutil.which("nvcc") or next(iter(sorted(Path("/usr/local").glob("cuda*/bin/nvcc"))), None)
    if nvcc is None:
        print("left out: CUDA C++, there is no nvcc")
    else:
        kernel = folder / "kernel"
        subprocess.run([nvcc, script("kernel.cu", KERNEL), "-o", kernel], check=True)
        yield "a CUDA C++ program through with-driver", [with_driver, kernel]

    def has(name: str) -> bool:
        there = packages is not None and (packages / name).is_dir()
        if not there:
            print(f"left out: there is no {name} in --packages")
        return there

    if has("torch"):
        yield "torch computes", [python, "-c", TORCH]
        yield "torch.compile", [python, script("compiled.py", COMPILED)]
        yield "a DataLoader's workers", [python, script("loader.py", LOADER)]
        ranks = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
        yield "torchrun", [python, *ranks, script("distributed.py", DISTRIBUTED)]
        if nvcc is not None:
            yield "a CUDA extension", [python, script("extension.py", EXTENSION)]
    if has("jax"):
        yield "jax", [python, "-c", JAX]
    if has("cupy"):
        yield "cupy", [python, "-c", CUPY]


def make_graphics(folder: Path, libraries: Path) -> Path:
    """Return the program that asks EGL and Vulkan, which finds their loaders in `libraries`."""
    (folder / "graphics.c").write_text(GRAPHICS)
    search = f"-Wl,--disable-new-dtags,-rpath,{libraries}"
    subprocess.run(["gcc", folder / "graphics.c", "-o", folder / "graphics", search, "-ldl"], check=True)
    return folder / "graphics"


def finds_by_itself(plain: Path, environment: dict[str, str]) -> str:
    """Say whether the system's own search has the driver, without our lookup: then less was shown."""
    found = subprocess.run(
        [plain, "-I", "-c", INIT], env=environment, capture_output=True, text=True, check=False
    )
    return "finds " + found.stdout.strip() if found.returncode == 0 else "finds no driver"


def print_costs(python: Path, plain: Path, environment: dict[str, str]) -> None:
    """Print the median of 21 starts with the lookup, and its ratio to the starts without, taken in turns."""
    times: dict[Path, list[float]] = {python: [], plain: []}
    for turn in range(22):
        for path, taken in times.items():
            start = time.perf_counter()
            subprocess.run([path, "-I", "-S", "-c", "pass"], env=environment, check=True)
            if turn:
                taken.append(time.perf_counter() - start)
    with_lookup, without = statistics.median(times[python]), statistics.median(times[plain])
    print(f"a start of Python {with_lookup * 1e3:.1f} ms, {with_lookup / without:.2f} x without the lookup")


def make(folder: Path, caches: list[str]) -> tuple[Path, Path]:
    """Return the interpreter and `with-driver`; in `folder`/plain lies the same interpreter without the lookup."""
    library, command = folder / "driver.so", folder / "with-driver"
    source = MODULES / "driver.c"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", source, "-o", library], check=True)
    subprocess.run(["gcc", "-O2", "-DWITH_DRIVER", source, "-o", command], check=True)
    builder: list[str | Path] = [
        Path(sys.base_prefix, "bin", EXECUTABLE),
        "-I",
        "-B",
        MODULES / "python-with-libraries.py",
    ]
    for name, cache, needed in (("python", caches[0], ("--needed", library)), ("plain", caches[1], ())):
        prefix: list[str | Path] = [
            "--python",
            sys.base_prefix,
            "--executable",
            EXECUTABLE,
            "--out",
            folder / name,
            *needed,
        ]
        # The system's ld.so reads a path of 16 bytes, so the one that replaces it must be as short.
        subprocess.run(
            [*builder, *prefix, "--cache", cache, "--system-cache", "/etc/ld.so.cache"], check=True
        )
    return folder / "python" / "bin" / EXECUTABLE, command


def is_good(what: str, argv: list[str | Path], environment: dict[str, str]) -> bool:
    """Run a check and print its line."""
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=200)
    said = (done.stdout if done.returncode == 0 else done.stderr or done.stdout).strip().splitlines()
    print("ok  " if done.returncode == 0 else "FAIL", what, "-", "; ".join(said[-3:]), flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())

"""Ways to show libraries to one Python only, compared: the evidence of docs/libraries.md.

Needs gcc, patchelf and a Linux Python with a prefix of its own; no Nix. Each candidate makes an interpreter
of this very Python; each check is one thing that real wheels and real users do. `-s` shows the table.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODULES = Path(__file__).parents[2] / "nix" / "modules"
PREFIX = Path(sys.base_prefix)
EXECUTABLE = f"python{sys.version_info.major}.{sys.version_info.minor}"
BARE = PREFIX / "bin" / EXECUTABLE


BUILDER = [
    BARE,
    "-I",
    "-B",
    MODULES / "python-with-libraries.py",
    "--python",
    PREFIX,
    "--executable",
    EXECUTABLE,
]


def _missing() -> str:
    names = [name for name in ("gcc", "patchelf", "git", "bash") if shutil.which(name) is None]
    if sys.platform != "linux":
        names.append("Linux")
    if not BARE.exists() or Path("/usr") == PREFIX:
        names.append("a Python with a prefix of its own")
    return ", ".join(names)


pytestmark = pytest.mark.skipif(bool(_missing()), reason=f"missing: {_missing()}")


def run(*command: object, **more: str) -> subprocess.CompletedProcess[str]:
    dropped = ("LD_", "PYTHON", "VIRTUAL_ENV")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, **more},
        timeout=120,
    )


def must_run(*command: object, **more: str) -> str:
    result = run(*command, **more)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.strip()


# The libraries: what each function answers tells which file was loaded


def compile_library(path: Path, code: str, *flags: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    source = path.with_suffix(".c")
    source.write_text(code)
    must_run("gcc", "-shared", "-fPIC", "-o", path, source, f"-Wl,-soname,{path.name}", *flags)
    source.unlink()
    return path


EXTENSION = """
#include <Python.h>
%(declare)s
static PyObject *answer(PyObject *self, PyObject *args) { return PyLong_FromLong(%(call)s); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "%(name)s", 0, -1, methods};
PyMODINIT_FUNC PyInit_%(name)s(void) { return PyModule_Create(&module); }
"""
DLOPEN = """#include <dlfcn.h>
static int %s(void) { void *l = dlopen("libgiven.so.1", RTLD_NOW);
return l ? ((int (*)(void))dlsym(l, "given"))() : -1; }"""


class World(NamedTuple):
    libraries: Path  # the folder that env.yaml's `native` asks for
    wheels: Path  # extension modules, on sys.path
    driver: Path
    scratch: Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    root = tmp_path_factory.mktemp("world")
    libraries, wheels, bundled, driver = (
        root / "lib",
        root / "wheels",
        root / "wheels" / "bundled",
        root / "driver",
    )
    compile_library(libraries / "libgiven.so.1", "int given(void) { return 1; }")
    # Asks for another library of the same folder, as libsndfile does for libFLAC.
    given = libraries / "libgiven.so.1"
    compile_library(
        libraries / "libouter.so.1",
        "int given(void); int outer(void) { return given(); }",
        str(given),
    )
    # In both: what the wheel bundles answers 20, what env.yaml gives answers 2.
    compile_library(libraries / "libboth.so.1", "int both(void) { return 2; }")
    compile_library(bundled / "libboth.so.1", "int both(void) { return 20; }")
    # A toolkit's stub of the driver among the libraries answers 3, the driver 30.
    compile_library(libraries / "libcuda.so.1", "int cuda(void) { return 3; }")
    compile_library(driver / "libcuda.so.1", "int cuda(void) { return 30; }")
    # A library that breaks any program of the host that loads it.
    compile_library(libraries / "libpcre2-8.so.0", "int nothing;")
    compile_library(libraries / "libtinfo.so.6", "int nothing;")

    def extension(name: str, library: Path | None, call: str, *flags: str) -> None:
        declare = f"int {call.removesuffix('()')}(void);" if library else DLOPEN % call.removesuffix("()")
        code = EXTENSION % {"name": name, "call": call, "declare": declare}
        include = must_run(BARE, "-c", "import sysconfig; print(sysconfig.get_path('include'))")
        linked = [str(library), f"-Wl,-rpath-link,{libraries}"] if library else []
        compile_library(wheels / f"{name}.so", code, f"-I{include}", *linked, *flags)

    rpath, runpath = "-Wl,--disable-new-dtags", "-Wl,--enable-new-dtags"
    origin = "-Wl,-rpath,$ORIGIN/bundled"
    extension("plain", given, "given()")
    extension("with_rpath", given, "given()", rpath, origin)
    extension("with_runpath", given, "given()", runpath, origin)
    extension("dlopen_with_runpath", None, "opened()", runpath, origin)
    extension("deeper", libraries / "libouter.so.1", "outer()", runpath, origin)
    extension("bundles_with_rpath", bundled / "libboth.so.1", "both()", rpath, origin)
    extension("bundles_with_runpath", bundled / "libboth.so.1", "both()", runpath, origin)
    return World(libraries, wheels, driver, root)


# The candidates: each makes an interpreter, and says what the shell has to export


class Candidate(NamedTuple):
    python: Path
    exported: dict[str, str]


@pytest.fixture(scope="module")
def short_cache() -> Iterator[Path]:
    """The host's ld.so reads a path of 16 bytes, so the path that replaces it must be as short."""
    with tempfile.NamedTemporaryFile(prefix="p", dir="/tmp") as file:
        yield Path(file.name)


def link_prefix(world: World, name: str) -> Path:
    """A prefix without its interpreter, with nixpkgs' habit of a DT_RUNPATH in _ctypes."""
    out = world.scratch / "prefixes" / name
    (out / "bin").mkdir(parents=True)
    for path in PREFIX.iterdir():
        if path.name != "bin":
            (out / path.name).symlink_to(path)
    for alias in ("python", "python3"):
        (out / "bin" / alias).symlink_to(EXECUTABLE)
    return out / "bin" / EXECUTABLE


def write_script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def make_bare(world: World, _: Path) -> Candidate:
    python = link_prefix(world, "bare")
    shutil.copy(BARE, python)
    return Candidate(python, {})


def make_exported(world: World, _: Path) -> Candidate:
    python = link_prefix(world, "exported")
    shutil.copy(BARE, python)
    return Candidate(python, {"LD_LIBRARY_PATH": f"{world.driver}:{world.libraries}"})


def make_rpath(world: World, _: Path) -> Candidate:
    python = link_prefix(world, "rpath")
    shutil.copy(BARE, python)
    own = must_run("patchelf", "--print-rpath", BARE)
    must_run("patchelf", "--force-rpath", "--set-rpath", f"{world.driver}:{world.libraries}:{own}", python)
    return Candidate(python, {})


def make_loader(world: World, _: Path) -> Candidate:
    python = link_prefix(world, "loader")
    loader = must_run("patchelf", "--print-interpreter", BARE)
    search = f"{world.driver}:{world.libraries}"
    write_script(python, f'#!/bin/sh\nexec {loader} --library-path {search} --argv0 "$0" {BARE} "$@"\n')
    return Candidate(python, {})


def make_wrapper(world: World, _: Path) -> Candidate:
    """A script that sets LD_LIBRARY_PATH; the start of `site` takes it away again."""
    python = link_prefix(world, "wrapper")
    real = world.scratch / "real" / EXECUTABLE
    for folder in ("site", "real"):
        (world.scratch / folder).mkdir()
    (world.scratch / "site" / "sitecustomize.py").write_text(
        "import os; os.environ.pop('LD_LIBRARY_PATH', None)\n"
    )
    shutil.copy(BARE, real)
    search = f"{world.driver}:{world.libraries}"
    write_script(python, f'#!/usr/bin/env bash\nLD_LIBRARY_PATH={search} exec -a "$0" {real} "$@"\n')
    return Candidate(python, {"PYTHONPATH": str(world.scratch / "site")})


def compile_driver(path: Path, *flags: str) -> Path:
    must_run("gcc", "-O2", "-Wall", "-Wextra", "-Werror", *flags, MODULES / "driver.c", "-o", path)
    return path


def make_cache(world: World, short_cache: Path) -> Candidate:
    """What nix/modules/python-with-libraries.nix builds."""
    out, needed = (
        world.scratch / "prefixes" / "cache",
        compile_driver(world.scratch / "driver.so", "-shared", "-fPIC"),
    )
    caches = ["--cache", short_cache, "--system-cache", "/etc/ld.so.cache"]
    must_run(*BUILDER, "--out", out, "--needed", needed, *caches, world.libraries)
    # The folder that the driver has on NixOS or WSL cannot be made here.
    return Candidate(out / "bin" / EXECUTABLE, {"PYENVSPEC_DRIVER": str(world.driver)})


CANDIDATES: dict[str, Callable[[World, Path], Candidate]] = {
    "bare": make_bare,
    "exported": make_exported,
    "rpath": make_rpath,
    "loader": make_loader,
    "wrapper": make_wrapper,
    "cache": make_cache,
}


@pytest.fixture(scope="module")
def candidates(world: World, short_cache: Path) -> dict[str, Candidate]:
    return {name: make(world, short_cache) for name, make in CANDIDATES.items()}


# The checks: Python code, and what it prints when the thing works

ANSWER = "import sys; sys.path.insert(0, WHEELS); import {0}; print({0}.answer())"
CHILD = (
    "import subprocess, sys; r = subprocess.run({0}, capture_output=True, text=True); "
    "print((r.returncode, r.stdout.strip()))"
)
SEES = "import ctypes; ctypes.CDLL('libgiven.so.1'); print('seen')"
LEAK = "import os; print('LD_LIBRARY_PATH' in os.environ)"
NESTED_ELF = """
import _ctypes, ctypes, os, shutil, subprocess, sys, tempfile
folder = tempfile.mkdtemp()
path = shutil.copy(_ctypes.__file__, folder)
subprocess.run(['patchelf', '--set-rpath', '/nonexistent', path], check=True)
print(subprocess.run([sys.executable, '-c', '''
import importlib.util, sys
spec = importlib.util.spec_from_file_location('_ctypes', sys.argv[1])
sys.modules['_ctypes'] = importlib.util.module_from_spec(spec)
import ctypes; ctypes.CDLL('libgiven.so.1'); print('seen')
''', path], capture_output=True, text=True).stdout.strip())
"""
CHECKS: dict[str, tuple[str, str]] = {
    "module without a path": (ANSWER.format("plain"), "1"),
    "module with DT_RPATH": (ANSWER.format("with_rpath"), "1"),
    "module with DT_RUNPATH": (ANSWER.format("with_runpath"), "1"),
    "dlopen from a module with DT_RUNPATH": (ANSWER.format("dlopen_with_runpath"), "1"),
    "library of a library": (ANSWER.format("deeper"), "1"),
    "bundled library wins, DT_RPATH": (ANSWER.format("bundles_with_rpath"), "20"),
    "bundled library wins, DT_RUNPATH": (ANSWER.format("bundles_with_runpath"), "20"),
    "ctypes.CDLL": (SEES, "seen"),
    "ctypes.CDLL, _ctypes has DT_RUNPATH (nixpkgs)": (NESTED_ELF, "seen"),
    "ctypes.util.find_library": (
        "import ctypes.util; print(ctypes.util.find_library('given'))",
        "libgiven.so.1",
    ),
    "the driver, not a stub": ("import ctypes; print(ctypes.CDLL('libcuda.so.1').cuda())", "30"),
    "not in this environment": (LEAK, "False"),
    "git works": (
        CHILD.format("['git', 'grep', '--no-index', '-P', 'x', '--', '.'], cwd='/proc/self/ns'"),
        "(1, '')",
    ),
    "not in a child's environment": (
        CHILD.format("['sh', '-c', 'echo ${LD_LIBRARY_PATH-unset}']"),
        "(0, 'unset')",
    ),
    "another Python does not see them": (CHILD.format("[BARE, '-c', SEES]"), "(1, '')"),
    "sys.executable sees them": (CHILD.format("[sys.executable, '-c', SEES]"), "(0, 'seen')"),
    "python -I -S -E sees them, a child does not": (
        CHILD.format(
            "[sys.executable, '-ISEc', SEES + '; import os; os.system(\"echo ${LD_LIBRARY_PATH-unset}\")']"
        ),
        "(0, 'unset\\nseen')",
    ),
    "sys.executable, prefix": (
        "import sys; print(sys.executable == PYTHON, PYTHON.startswith(sys.prefix + '/bin/'))",
        "True True",
    ),
    "/proc/self/exe is a Python": (
        "import os; print('python' in os.path.basename(os.readlink('/proc/self/exe')))",
        "True",
    ),
    "process name": (f"print(open('/proc/self/comm').read().strip() == {EXECUTABLE!r})", "True"),
    "multiprocessing, spawn": (
        "import multiprocessing as m; print(m.get_context('spawn').Pool(1).map(abs, [-1]))",
        "[1]",
    ),
    "multiprocessing, forkserver": (
        "import multiprocessing as m; print(m.get_context('forkserver').Pool(1).map(abs, [-1]))",
        "[1]",
    ),
}


def check(world: World, candidate: Candidate, name: str) -> bool:
    code, expected = CHECKS[name]
    names = {"WHEELS": str(world.wheels), "SEES": SEES, "BARE": str(BARE), "PYTHON": str(candidate.python)}
    prelude = "".join(f"{key} = {value!r}\n" for key, value in names.items())
    result = run(candidate.python, "-c", f"{prelude}{code}", **candidate.exported)
    lines = result.stdout.strip().splitlines()
    if name.startswith("python -I"):
        return "unset" in result.stdout and "seen" in result.stdout
    return result.returncode == 0 and bool(lines) and lines[-1] == expected


# What each candidate fails. `cache` is in use because its set is empty.
FAILS: dict[str, set[str]] = {
    "bare": {
        "module without a path",
        "module with DT_RPATH",
        "module with DT_RUNPATH",
        "dlopen from a module with DT_RUNPATH",
        "library of a library",
        "ctypes.CDLL",
        "ctypes.CDLL, _ctypes has DT_RUNPATH (nixpkgs)",
        "ctypes.util.find_library",
        "the driver, not a stub",
        "sys.executable sees them",
        "python -I -S -E sees them, a child does not",
    },
    "cache": set(),
}


def test_table(world: World, candidates: dict[str, Candidate]) -> None:
    table = {
        (name, candidate): check(world, candidates[candidate], name)
        for name in CHECKS
        for candidate in CANDIDATES
    }
    width = max(len(name) for name in CHECKS)
    sys.stdout.write("\n| " + "check".ljust(width) + " | " + " | ".join(CANDIDATES) + " |\n")
    for name in CHECKS:
        marks = [
            ("yes" if table[name, candidate] else "NO").ljust(len(candidate)) for candidate in CANDIDATES
        ]
        sys.stdout.write("| " + name.ljust(width) + " | " + " | ".join(marks) + " |\n")
    failed = {candidate: {name for name in CHECKS if not table[name, candidate]} for candidate in CANDIDATES}
    assert {name: failed[name] for name in FAILS} == FAILS


# The candidate in use


@pytest.fixture(scope="module")
def chosen(candidates: dict[str, Candidate]) -> Candidate:
    return candidates["cache"]


ENVIRONMENTS = [
    ("venv", lambda python, folder: [python, "-I", "-m", "venv", "--without-pip", folder]),
    ("uv", lambda python, folder: ["uv", "venv", "--offline", "--no-config", "--python", python, folder]),
    ("virtualenv", lambda python, folder: ["virtualenv", "--no-seed", "--python", python, folder]),
]


@pytest.mark.parametrize(("tool", "command"), ENVIRONMENTS, ids=[tool for tool, _ in ENVIRONMENTS])
def test_every_name_of_a_virtual_environments_python_sees_them(
    tool: str, command: Callable[[Path, Path], list[object]], chosen: Candidate, tmp_path: Path
) -> None:
    if tool != "venv" and shutil.which(tool) is None:
        pytest.skip(f"{tool} is missing")
    # Also a console script whose first line is longer than the 127 bytes that old kernels read.
    folder = tmp_path / ("long" * 30) / ".venv"
    must_run(*command(chosen.python, folder))
    for name in ("python", "python3", EXECUTABLE):
        code = f"import os, sys; {SEES}; print(sys.prefix, sys.base_prefix, os.path.basename(sys.executable))"
        if name != "python" and not (folder / "bin" / name).exists():
            continue
        seen, prefix, base, executable = must_run(folder / "bin" / name, "-c", code).split()
        assert (seen, prefix, base, executable) == ("seen", str(folder), str(chosen.python.parents[1]), name)
    script = folder / "bin" / "tool"
    write_script(script, f"#!{folder}/bin/python\n{SEES}\n")
    assert must_run(script) == "seen"


@pytest.mark.parametrize("kind", ["space in it", "é"])
def test_a_prefix_of_the_environment_may_have_any_name(kind: str, chosen: Candidate, tmp_path: Path) -> None:
    folder = tmp_path / kind
    must_run(chosen.python, "-m", "venv", "--without-pip", folder)
    assert must_run(folder / "bin" / "python", "-c", SEES) == "seen"


def test_without_a_driver_python_starts_once_and_unchanged(chosen: Candidate) -> None:
    show = "import os; print([k for k in os.environ if 'LIBRARY_PATH' in k])"
    assert must_run(chosen.python, "-c", show, PYENVSPEC_DRIVER="/nonexistent", HOME="/nonexistent") == "[]"


@pytest.mark.parametrize("outer", ["/one:/two", ""])
def test_users_own_library_path_is_given_back(outer: str, chosen: Candidate) -> None:
    show = "import os; print([(k, v) for k, v in os.environ.items() if 'LIBRARY_PATH' in k])"
    assert must_run(chosen.python, "-c", show, **chosen.exported, LD_LIBRARY_PATH=outer) == str(
        [("LD_LIBRARY_PATH", outer)]
    )


def test_preloaded_library_stays(world: World, chosen: Candidate) -> None:
    preload = str(world.libraries / "libboth.so.1")
    code = "import ctypes; print(ctypes.CDLL(None).both())"
    assert must_run(chosen.python, "-c", code, **chosen.exported, LD_PRELOAD=preload) == "2"


def test_folder_with_a_libc_is_left_out(world: World, tmp_path: Path, short_cache: Path) -> None:
    folder = tmp_path / "glibc"
    folder.mkdir()
    for name in ("libc.so.6", "libm.so.6"):
        shutil.copy(world.libraries / "libgiven.so.1", folder / name)
    result = run(
        *BUILDER,
        "--out",
        tmp_path / "o",
        "--cache",
        tmp_path / "c",
        "--system-cache",
        "/etc/ld.so.cache",
        folder,
    )
    assert "Python brings its own libc" in result.stderr
    # And a path that ld.so has no room for is an error that names it.
    assert "is longer than /etc/ld.so.cache" in result.stderr
    assert result.returncode == 1


def test_ld_so_finds_each_of_many_names(chosen: Candidate, tmp_path: Path) -> None:
    """ld.so searches by halves in an order of its own: digits by number, and after any letter."""
    source = compile_library(tmp_path / "source.so", "int x;")
    names = [
        f"lib{a}{b}.so{c}"
        for a, b, c in itertools.product(
            ("a", "b-", "B_", "a9", "a10", "+"), ("", "1", "02", "x"), ("", ".1", ".10", ".9.2")
        )
    ]
    folder = tmp_path / "lib"
    folder.mkdir()
    for name in names:
        shutil.copy(source, folder / name)
    with tempfile.NamedTemporaryFile(prefix="p", dir="/tmp") as cache:
        must_run(
            *BUILDER,
            "--out",
            tmp_path / "o",
            "--cache",
            cache.name,
            "--system-cache",
            "/etc/ld.so.cache",
            folder,
        )
        code = f"import ctypes\nfor name in {names!r}: ctypes.CDLL(name)\nprint('all')"
        assert must_run(tmp_path / "o" / "bin" / EXECUTABLE, "-c", code) == "all"


@pytest.mark.slow
def test_start_costs_at_most_a_second_execution(candidates: dict[str, Candidate]) -> None:
    """Counted as often as ld.so starts a program; `benchmarks/` has the times of docs/libraries.md."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("LD_", "PYTHON"))}
    cases = {name: (candidate.python, candidate.exported) for name, candidate in candidates.items()}
    cases["cache, no driver"] = (candidates["cache"].python, {"HOME": "/nonexistent"})
    started = {}
    for name, (python, exported) in cases.items():
        traced = {**environment, **exported, "LD_DEBUG": "statistics"}
        done = subprocess.run(
            [python, "-I", "-S", "-c", ""], env=traced, check=True, capture_output=True, text=True
        )
        started[name] = done.stderr.count("total startup time")
    assert started["bare"] == started["cache, no driver"] == 1
    assert started["cache"] <= 2


@pytest.mark.slow
def test_real_wheels(chosen: Candidate, tmp_path: Path) -> None:
    must_run(chosen.python, "-m", "venv", tmp_path / "v")
    python = tmp_path / "v" / "bin" / "python"
    if run(python, "-m", "pip", "install", "-q", "--only-binary=:all:", "numpy", "soundfile").returncode:
        pytest.skip("pip finds no wheels of numpy and soundfile")
    code = "import numpy as n, soundfile\n"
    code += "print(n.linalg.inv(n.eye(2)).sum(), 'WAV' in soundfile.available_formats())"
    assert must_run(python, "-c", code, **chosen.exported) == "2.0 True"


# The driver of an ordinary Linux


class Host(NamedTuple):
    """A system whose loader knows a driver; `variables` let a program take it for this machine's."""

    folder: Path
    variables: dict[str, str]


DRIVER = (
    "libcuda.so.1",
    "libnvidia-ml.so.1",
    "libEGL_nvidia.so.0",
    "libGLX_nvidia.so.0",
    "libGLESv2_nvidia.so.2",
)
CUDA = "import ctypes; print(ctypes.CDLL('libcuda.so.1').cuda())"


@pytest.fixture
def host(world: World, tmp_path: Path) -> Host:
    if any(Path(known, "libcuda.so.1").exists() for known in ("/run/opengl-driver/lib", "/usr/lib/wsl/lib")):
        pytest.skip("this machine has a driver")
    if not Path("/sbin/ldconfig").exists():
        pytest.skip("needs /sbin/ldconfig")
    folder = tmp_path / "host"
    folder.mkdir()
    for name in (*DRIVER, "libz.so.1", "libGLESv2.so.2"):
        compile_library(folder / name, "int cuda(void) { return 30; }")
    # As in /usr/lib: the libc beside it must not come along.
    shutil.copy("/lib64/ld-linux-x86-64.so.2", folder / "libc.so.6")
    variables = {
        "XDG_CACHE_HOME": str(tmp_path / "user cache"),
        "PYENVSPEC_LINKER_CACHE": str(tmp_path / "cache"),
    }
    list_libraries(folder, tmp_path)
    return Host(folder, variables)


def list_libraries(folder: Path, beside: Path) -> None:
    (beside / "folders").write_text(f"{folder}\n")
    must_run("/sbin/ldconfig", "-f", beside / "folders", "-C", beside / "cache")


def linked(cache: Path) -> dict[str, str]:
    return {link.name: str(link.readlink()) for folder in cache.iterdir() for link in folder.iterdir()}


def test_the_files_of_a_host_driver_are_linked_alone(host: Host, chosen: Candidate) -> None:
    assert must_run(chosen.python, "-c", CUDA, **host.variables) == "30"
    cache = Path(host.variables["XDG_CACHE_HOME"], "pyenvspec", "driver")
    assert linked(cache) == {name: str(host.folder / name) for name in DRIVER}


def test_a_host_without_a_driver_leaves_nothing_behind(chosen: Candidate, tmp_path: Path) -> None:
    list_libraries(tmp_path, tmp_path)
    variables = {"XDG_CACHE_HOME": str(tmp_path / "user"), "PYENVSPEC_LINKER_CACHE": str(tmp_path / "cache")}
    assert run(chosen.python, "-c", CUDA, **variables).returncode == 1
    assert not (tmp_path / "user").exists()


def test_a_list_that_is_cut_off_or_no_list_is_no_driver(host: Host, chosen: Candidate) -> None:
    cache = Path(host.variables["PYENVSPEC_LINKER_CACHE"])
    whole = cache.read_bytes()
    for content in (
        b"",
        whole[:60],
        whole[: len(whole) // 2],
        b"x" * 100,
        whole[:20] + b"\xff" * 4 + whole[24:],
    ):
        cache.write_bytes(content)
        assert run(chosen.python, "-c", "print(1)", **host.variables).stdout == "1\n"


def test_another_place_of_the_driver_is_found_without_waiting(
    host: Host, chosen: Candidate, tmp_path: Path
) -> None:
    assert must_run(chosen.python, "-c", CUDA, **host.variables) == "30"
    newer = tmp_path / "newer"
    newer.mkdir()
    compile_library(newer / "libcuda.so.1", "int cuda(void) { return 31; }")
    list_libraries(newer, tmp_path)
    assert must_run(chosen.python, "-c", CUDA, **host.variables) == "31"


def test_of_many_first_starts_each_finds_the_driver(host: Host, chosen: Candidate) -> None:
    environment = {**os.environ, **host.variables}
    started = [
        subprocess.Popen([chosen.python, "-c", CUDA], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(12)
    ]
    assert [process.communicate()[0] for process in started] == ["30\n"] * 12
    (folder,) = Path(host.variables["XDG_CACHE_HOME"], "pyenvspec", "driver").iterdir()
    assert len(list(folder.iterdir())) == len(DRIVER)


@pytest.mark.parametrize("home", ["", "relative", "/proc/nothing"])
def test_a_home_that_is_none_does_not_hide_the_driver(home: str, host: Host, chosen: Candidate) -> None:
    command = [str(chosen.python), "-I", "-c", CUDA]
    environment = {"PYENVSPEC_LINKER_CACHE": host.variables["PYENVSPEC_LINKER_CACHE"], "HOME": home}
    if not home:
        del environment["HOME"]
    assert subprocess.check_output(command, env=environment, text=True) == "30\n"
    (place,) = (path for path in Path("/tmp").glob(f"pyenvspec-driver-{os.geteuid()}"))
    assert place.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(place)


def test_a_folder_that_somebody_else_put_there_is_not_taken(
    host: Host, chosen: Candidate, tmp_path: Path
) -> None:
    place = Path(f"/tmp/pyenvspec-driver-{os.geteuid()}")
    assert not place.exists()
    environment = {"PYENVSPEC_LINKER_CACHE": host.variables["PYENVSPEC_LINKER_CACHE"]}
    (tmp_path / "planted").mkdir()
    place.symlink_to(tmp_path / "planted")
    try:
        asked = subprocess.run([chosen.python, "-c", CUDA], env=environment, capture_output=True, check=False)
    finally:
        place.unlink()
    assert asked.returncode == 1
    assert not list((tmp_path / "planted").iterdir())


def test_triton_is_told_the_folder(host: Host, chosen: Candidate) -> None:
    show = "import os; print(os.path.realpath(os.environ['TRITON_LIBCUDA_PATH'] + '/libcuda.so.1'))"
    assert must_run(chosen.python, "-c", show, **host.variables) == str(host.folder / "libcuda.so.1")
    assert (
        must_run(
            chosen.python,
            "-c",
            "import os; print(os.environ['TRITON_LIBCUDA_PATH'])",
            TRITON_LIBCUDA_PATH="/own",
        )
        == "/own"
    )


def test_with_driver_starts_any_program_with_it(host: Host, tmp_path: Path) -> None:
    command = compile_driver(tmp_path / "with-driver", "-DWITH_DRIVER", '-DEGL_VENDORS="/own/mesa.json"')
    source = tmp_path / "ask.c"
    source.write_text("int cuda(void); int main(void) { return cuda(); }")
    must_run("gcc", source, "-o", tmp_path / "ask", host.folder / "libcuda.so.1")
    assert run(tmp_path / "ask", **host.variables).returncode == 127
    assert run(command, tmp_path / "ask", **host.variables).returncode == 30
    shown = must_run(
        command,
        "sh",
        "-c",
        'echo "$0 $1 $LD_LIBRARY_PATH"; env',
        "a b",
        LD_LIBRARY_PATH="/mine",
        **host.variables,
    )
    assert shown.startswith("a b  ")
    assert ":/mine\n" in shown
    assert "/own/mesa.json" in shown
    assert run(command).returncode == 2
    assert run(command, "no-such-program").returncode == 127


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_that_python_starts_have_the_driver(method: str, host: Host, chosen: Candidate) -> None:
    code = f"""
import ctypes, multiprocessing
def ask(_): return ctypes.CDLL('libcuda.so.1').cuda()
if __name__ == "__main__":
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        print(pool.map(ask, range(2)))
"""
    script = Path(host.variables["XDG_CACHE_HOME"]).with_name("ask.py")
    script.write_text(code)
    assert must_run(chosen.python, script, **host.variables) == "[30, 30]"


# What is loaded before Python starts, and what joins its standard library


def test_preload_reaches_this_python_alone(world: World, short_cache: Path) -> None:
    out = world.scratch / "prefixes" / "preload"
    library = compile_library(world.scratch / "early" / "libearly.so", "int getpagesize(void) { return 7; }")
    second = compile_library(world.scratch / "early" / "libsecond.so", "int getpagesize(void) { return 8; }")
    caches = ["--cache", short_cache.with_name("preload"), "--system-cache", "/etc/ld.so.cache"]
    needed = ["--needed", library, "--needed", second]
    folder = Path(tempfile.mkdtemp(prefix="p", dir="/tmp"))
    caches[1] = folder / "c"
    must_run(*BUILDER, "--out", out, *needed, *caches)
    ask = "import ctypes; print(ctypes.CDLL(None).getpagesize())"
    python = out / "bin" / EXECUTABLE
    assert must_run(python, "-c", ask) == "7"
    assert (
        must_run(
            python, "-c", f"import subprocess; print(subprocess.check_output([{str(BARE)!r}, '-c', {ask!r}]))"
        )
        == "b'4096\\n'"
    )
    must_run(python, "-m", "venv", "--without-pip", world.scratch / "early" / "venv")
    assert must_run(world.scratch / "early" / "venv" / "bin" / "python", "-c", ask) == "7"
    shutil.rmtree(folder)


def test_a_library_to_preload_that_is_not_there_is_told_with_what_is(world: World, tmp_path: Path) -> None:
    told = run(*BUILDER, "--out", tmp_path / "o", "--needed", world.libraries / "libgiven.so.2")
    assert told.returncode == 1
    assert "there is no" in told.stderr
    assert "libgiven.so.1" in told.stderr


def test_modules_that_nixpkgs_splits_off_are_there_in_an_environment(tmp_path: Path) -> None:
    modules = tmp_path / "site-packages"
    (modules / "apart").mkdir(parents=True)
    (modules / "apart" / "__init__.py").write_text("value = 5\n")
    (modules / "apart-1.dist-info").mkdir()
    folder = Path(tempfile.mkdtemp(prefix="p", dir="/tmp"))
    caches = ["--cache", folder / "c", "--system-cache", "/etc/ld.so.cache"]
    must_run(*BUILDER, "--out", tmp_path / "o", "--module", modules, *caches)
    must_run(tmp_path / "o" / "bin" / EXECUTABLE, "-m", "venv", "--without-pip", tmp_path / "v")
    assert must_run(tmp_path / "v" / "bin" / "python", "-c", "import apart; print(apart.value)") == "5"
    shutil.rmtree(folder)


def test_importing_writes_nothing_beside_the_interpreter(chosen: Candidate) -> None:
    prefix = chosen.python.parents[1]
    before = sorted(path for path in prefix.rglob("*") if not path.is_symlink())
    for flags in ((), ("-O",), ("-OO",)):
        must_run(chosen.python, *flags, "-c", "import ctypes.util, ctypes.macholib.dyld")
    assert sorted(path for path in prefix.rglob("*") if not path.is_symlink()) == before

"""Ways to show libraries to one Python only, compared: the evidence of docs/libraries.md.

Needs gcc, patchelf and a Linux Python with a prefix of its own; no Nix. Each candidate makes an interpreter
of this very Python; each check is one thing that real wheels and real users do. `-s` shows the table.
"""

from __future__ import annotations

import itertools
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
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


def make_cache(world: World, short_cache: Path) -> Candidate:
    """What nix/modules/python-with-libraries.nix builds."""
    out, needed = world.scratch / "prefixes" / "cache", world.scratch / "driver-path.so"
    flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    must_run("gcc", *flags, MODULES / "driver-path.c", "-o", needed)
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


def test_host_driver_is_linked_alone(world: World, chosen: Candidate, tmp_path: Path) -> None:
    if Path("/run/opengl-driver/lib/libcuda.so.1").exists() or Path("/usr/lib/wsl/lib/libcuda.so.1").exists():
        pytest.skip("this machine has a driver")
    host, empty = tmp_path / "host", tmp_path / "empty"
    host.mkdir()
    shutil.copy(world.driver / "libcuda.so.1", host)
    for name in ("libc.so.6", "libnvidia-ml.so.1", "libnvrtc.so.12"):
        (host / name).touch()
    listing = "".join(
        f"\\t{p.name} (libc6,x86-64) => {p}\\n\\t{p.name} (libc6) => /lib32/{p.name}\\n"
        for p in sorted(host.iterdir())
    )
    ldconfig = tmp_path / "ldconfig"
    write_script(ldconfig, f"#!/bin/sh\nprintf '%b' {shlex.quote(listing)}\n")
    write_script(tmp_path / "none", "#!/bin/sh\n")
    cache = tmp_path / "user cache"
    hook = f". {shlex.quote(str(MODULES / 'driver.sh'))}"
    for tool in (tmp_path / "none", ldconfig, ldconfig):
        assert must_run("bash", "-euc", hook, XDG_CACHE_HOME=str(cache), PYENVSPEC_LDCONFIG=str(tool)) == ""
        assert cache.exists() == (tool == ldconfig)
    folder = cache / "pyenvspec" / "driver" / os.uname().nodename
    assert {p.name: str(p.readlink()) for p in folder.iterdir()} == {
        name: str(host / name) for name in ("libcuda.so.1", "libnvidia-ml.so.1")
    }
    code = "import ctypes; print(ctypes.CDLL('libcuda.so.1').cuda())"
    assert must_run(chosen.python, "-c", code, XDG_CACHE_HOME=str(cache)) == "30"
    assert run(chosen.python, "-c", code, XDG_CACHE_HOME=str(empty)).returncode == 1


def test_linked_driver_follows_the_host(tmp_path: Path) -> None:
    ldconfig = tmp_path / "ldconfig"
    hook = f". {shlex.quote(str(MODULES / 'driver.sh'))}"
    linker_cache = tmp_path / "ld.so.cache"
    folder = tmp_path / "pyenvspec" / "driver" / os.uname().nodename
    for version in ("1", "2"):
        target = tmp_path / version / "libcuda.so.1"
        target.parent.mkdir()
        target.touch()
        write_script(ldconfig, f"#!/bin/sh\nprintf 'libcuda.so.1 (libc6,x86-64) => %s\\n' {target}\n")
        linker_cache.touch()
        later = time.time() + 10 * int(version)
        os.utime(linker_cache, (later, later))
        environment = {
            "XDG_CACHE_HOME": str(tmp_path),
            "PYENVSPEC_LDCONFIG": str(ldconfig),
            "PYENVSPEC_LINKER_CACHE": str(linker_cache),
        }
        must_run("bash", "-c", hook, **environment)
        assert (folder / "libcuda.so.1").readlink() == target

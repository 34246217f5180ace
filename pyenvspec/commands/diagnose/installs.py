"""What uv, poetry and pip refuse: which Python, which package, which step."""

from __future__ import annotations

import re
import sys
from shlex import quote
from typing import TYPE_CHECKING

from pyenvspec.commands.diagnose.answer import Answer, because
from pyenvspec.facts.nixpkgs import minor_of, python_minors, version_key
from pyenvspec.facts.packages import normalise, pypi_of_conda, pypi_of_import
from pyenvspec.facts.wheel_pythons import pythons_of_wheels
from pyenvspec.facts.wheels import libraries_of_wheel, wheel_needs
from pyenvspec.project.locks.constraints import allows_python

if TYPE_CHECKING:
    from pyenvspec.commands.diagnose.answer import Log, Values

# The newest that most packages have wheels for; a newer one only where nothing older fits.
_USUAL = "3.12"
# uv's words where the project allows a Python that a dependency does not: a family of its own tells that.
_TOO_WIDE = re.compile(r"includes Python versions that are not supported by your dependencies")
# How uv, poetry and pip each name a package that is being built, in a failure or on the way to it.
_BUILT = re.compile(
    r"depends on `(?P<depends>[\w.-]+)`"
    r"|Failed to build [`']?(?P<uv>[\w.-]+)"
    r"|(?<![\w.-])(?P<hint>[\w.-]+)@[\w.+-]+` depends on"
    r"|Installing (?P<poetry>[\w.-]+) \([^)\n]+\): Failed"
    r"|[Ff]ailed building wheel for (?P<pip>[\w.-]+)"
    r"|Building wheel for (?P<building>[\w.-]+)"
    r"|Collecting (?P<collecting>[\w.-]+)"
    r"|Using cached (?P<cached>[\w.-]+?)-[0-9][\w.]*\.tar\.gz"
)
# uv lists what there are wheels for: ``… has wheels with the following Python ABI tags: `cp310`, `cp311` ``
_ABI = re.compile(r"`cp(3)([0-9]+)`")


def python_range(values: Values, log: Log, at: int) -> Answer | None:
    """Return the Python that fits what a project or package says of it."""
    if log.first(_TOO_WIDE):
        return None
    wanted = next(values[key] for key in ("poetry", "uv", "pip", "other") if key in values)
    python = _newest([minor for minor in python_minors() if allows_python(wanted, minor)])
    values = {**values, "range": wanted}
    return Answer(values, _python(python)) if python else Answer(values, {}, ("loosen `requires-python`",))


def conflict(values: Values, log: Log, at: int) -> Answer | None:
    """Say what the table says; None where it is the Pythons of the project that disagree, told by a line of its own."""
    return None if log.first(_TOO_WIDE) else Answer(values)


def wanted_python(values: Values, log: Log, at: int) -> Answer:
    """Return the Python that uv asks for."""
    minor = minor_of(values["version"])
    change = "or write the Python of env.yaml into .python-version (uv python pin)"
    return Answer(values, _python(minor) if minor in python_minors() else {}, (change,))


def older_python(values: Values, log: Log, at: int) -> Answer:
    """Return the last Python that had what a package still uses."""
    line = log.line(log.line_number(at))
    newer = "or lock a newer release of that package, which no longer needs it"
    # setuptools 58 took it out, whatever the Python.
    if "use_2to3" in line:
        return because(values, "it needs setuptools before 58", newer)
    # Python 3.10 took the aliases of `collections` away (collections.Mapping), 3.12 distutils, imp and more.
    python = "3.9" if "collections" in line else "3.11"
    return because(values, f"Python {python} is the last that has what it uses", newer, yaml=_python(python))


def no_wheel(values: Values, log: Log, at: int) -> Answer:
    """Return the Python for which a pinned package has wheels."""
    name = next(values[key] for key in ("uv", "poetry", "pip", "because") if key in values)
    version = next(v for key, v in values.items() if key.endswith("version"))
    values = {**values, "name": name, "version": version}
    known = pythons_of_wheels(name, version) or tuple(
        f"3.{m[2]}" for m in _ABI.finditer(log.text[at : at + 3000])
    )
    match = log.first(rf"\b{re.escape(version)} Requires-Python ([<>=!~][^\s;]+)")
    ready = [m for m in python_minors() if m in known or (match and not known and allows_python(match[1], m))]
    if python := _newest(ready):
        span = ready[0] if len(ready) == 1 else f"{ready[0]} to {ready[-1]}"
        return because(values, f"its wheels are for Python {span}", yaml=_python(python))
    # `2.5.1+cu124`: PyPI takes no local versions.
    if "+" in version:
        local = version.partition("+")[2]
        why = f"versions with +{local} are on an index of their own"
        index = (
            f"add that index: a line --extra-index-url URL/{local} in requirements.txt, [[tool.uv.index]] or a "
            "[[tool.poetry.source]] in pyproject.toml"
        )
        return because(values, why, index)
    why = "not for this Python, this system, or not on the index that was asked"
    lock = f"lock another version of {name}, or write another `python.version`"
    return because(values, why, lock)


def not_on_index(values: Values, log: Log, at: int) -> Answer | None:
    """Return what a package is called on PyPI, or where else it may be."""
    name = values.get("pip") or values["uv"]
    values = {**values, "name": name}
    other = pypi_of_import(name) or pypi_of_conda(name.lower())
    if other and normalise(other) != normalise(name):
        why = f"on PyPI it is called {other}"
        return because(values, why, f"write `{other}` instead of `{name}`, and lock again")
    why = "the name is wrong, no version is for this Python, or it is on another index"
    index = "another index: --extra-index-url URL in requirements.txt, [[tool.uv.index]] or [[tool.poetry.source]]"
    return because(values, why, index)


def build_after(values: Values, log: Log, at: int) -> Answer | None:
    """Return the package that imports another one while it is built."""
    if log.is_of_nix:
        return None
    module = values.get("module") or values.get("uv") or ""
    package = package_built(log, at)
    values = {**values, "module": module, "package": package or "a package"}
    if package is None:
        return Answer(values, {}, ("name it under `python`: build_after: [its name]",))
    # uv itself names that table in its hint.
    if "[tool.uv.extra-build-dependencies]" in log.text:
        # uv starts the build to lock as well, where env.yaml does not help.
        line = f'{package} = ["{module}"]'
        lock = f"where `uv lock` said it: write {line} below [tool.uv.extra-build-dependencies] of pyproject.toml"
        return Answer(values, {"python": {"build_after": [package]}}, (lock,))
    return Answer(values, {"python": {"build_after": [package]}})


def cython_3(values: Values, log: Log, at: int) -> Answer:
    """Return the package whose build wants the Cython of before 3, and both ways out."""
    package = package_built(log, at)
    # PyYAML alone is what most meet: thousands of projects pin its 5.4.1.
    if package is None and "cython_sources" in log.line(log.line_number(at)):
        package = "pyyaml"
    newer = "lock a newer release of it"
    if package == "pyyaml":
        newer = "lock PyYAML 6.0.1 or later, which has wheels besides"
    uv = 'with uv: write build-constraint-dependencies = ["cython<3"] below [tool.uv] of pyproject.toml'
    old = (
        "with poetry or pip: add `cython<3`, setuptools and wheel to the dependencies, and name it under `python`: "
        f"build_after: [{package or 'its name'}]"
    )
    why = "a newer release builds with it, or the build is made with an older Cython"
    return because({**values, "package": package or "a package"}, why, newer, uv, old)


def package_built(log: Log, at: int) -> str | None:
    """Return the package that an installer was building around an offset."""
    named = log.named(_BUILT)
    # A line that says what failed is better than the last one above that only says what is built.
    sure = [name for start, kind, name in named if kind in ("uv", "hint", "poetry", "pip")]
    above = [name for start, kind, name in named if start <= at and kind not in ("depends", "hint")]
    package = sure[0] if sure else (above[-1] if above else None)
    return normalise(package) if package else None


def module(values: Values, log: Log, at: int) -> Answer | None:
    """Return the package that a missing module is in; None inside of a build, where another family tells."""
    if log.is_of_nix:
        return None
    name = values["module"]
    if log.first(rf"depends on `{re.escape(name)}`, but doesn.t declare it as a build dependency"):
        return None
    package = pypi_of_import(name)
    other = "it is installed already? then this is another Python: pyenvspec shell"
    # `_ctypes`, `sqlite3`: missing in a Python that was compiled without a library, as pyenv's often are.
    if name in sys.stdlib_module_names:
        why = "it belongs to Python itself, and the Python of the shell has it: this is another one"
        return because(values, why, "pyenvspec shell")
    if package is None:
        top = name.partition(".")[0]
        why = "it is of a package that is not installed, or a folder of this project"
        own = (
            f"a folder `{top}` of this project: install the project (a line `-e .` in requirements.txt), or run from "
            "the folder that it is in"
        )
        return because(values, why, own, other)
    why = f"it is in {package}, which is not installed"
    ways = f"uv add {quote(package)}, poetry add {quote(package)}, or a line in requirements.txt"
    add = f"add it to the dependencies: {ways}"
    return because(values, why, add, other)


def wheel_failed(values: Values, log: Log, at: int) -> Answer | None:
    """Return what a package needs to be built; None where that is not known."""
    name = normalise(values["name"])
    needs = wheel_needs(name)
    tools = list(dict.fromkeys((*(needs.sdist_tools if needs else ()), *libraries_of_wheel(name))))
    # Which CUDA a log does not say here; the families about its compiler and headers ask that.
    tools = [tool for tool in tools if not tool.startswith("cuda.")]
    if log.is_of_nix or not tools:
        return None
    return because(values, ", ".join(tools), yaml={"native": tools})


def _newest(minors: list[str]) -> str | None:
    """The newest up to what most packages have wheels for, else the oldest."""
    usual = [minor for minor in minors if version_key(minor) <= version_key(_USUAL)]
    return usual[-1] if usual else (minors[0] if minors else None)


def _python(minor: str) -> dict[str, dict[str, str]]:
    return {"python": {"version": minor}}

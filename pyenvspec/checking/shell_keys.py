"""Cross-checks of what a shell does besides its packages: variables, scripts, processes, services, devenv's options."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pyenvspec.checking.interpolated import check_bash, check_interpolation, check_literal
from pyenvspec.checking.secrets import check_secret
from pyenvspec.diagnostics import Severity
from pyenvspec.facts.meanings import closest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyenvspec.checking.context import CheckContext
    from pyenvspec.diagnostics import KeyPath
    from pyenvspec.spec.model import Spec

# Names that mkShell, bash or the shell's own hook give a meaning of their own. Those in small letters are attributes
# of a derivation: a variable `name` or `src` would be taken for that.
# fmt: off
_RESERVED_ENV = frozenset({
    "PATH", "HOME", "SHELL", "IN_NIX_SHELL", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "name", "system",
    "builder", "args", "outputs", "out", "stdenv", "src", "srcs", "phases", "shellHook", "buildInputs",
    "nativeBuildInputs", "propagatedBuildInputs", "buildCommand", "buildPhase", "passthru",
    "passAsFile", "packages", "inputsFrom", "env", "meta",
})
# What bash keeps for itself: it refuses to set these, or runs what they name. Fact: bash(1), "Shell Variables".
BASH_ENV = frozenset({
    "BASH", "BASHOPTS", "BASHPID", "BASH_ALIASES", "BASH_ARGC", "BASH_ARGV", "BASH_ARGV0", "BASH_CMDS",
    "BASH_COMMAND", "BASH_ENV", "BASH_EXECUTION_STRING", "BASH_LINENO", "BASH_SOURCE", "BASH_SUBSHELL",
    "BASH_VERSINFO", "BASH_VERSION", "DIRSTACK", "ENV", "EPOCHREALTIME", "EPOCHSECONDS", "EUID", "FUNCNAME",
    "GROUPS", "HISTCMD", "IFS", "LINENO", "OLDPWD", "OPTARG", "OPTIND", "PIPESTATUS", "POSIXLY_CORRECT", "PPID",
    "PROMPT_COMMAND", "PS4", "PWD", "RANDOM", "SECONDS", "SHELLOPTS", "SHLVL", "SRANDOM", "UID",
})
# Nix itself reads attributes of a derivation that start with `__` (`__structuredAttrs`, `__noChroot`).
_RESERVED_ENV_PREFIXES = ("DEVENV_", "PYENVSPEC_", "__")
# Of Nix's compiler wrappers and of Nix itself; others are for the user to set (NIX_LD, NIX_SSL_CERT_FILE).
_NIX_PREFIXES = ("NIX_CFLAGS", "NIX_LDFLAGS", "NIX_CC", "NIX_BINTOOLS", "NIX_HARDENING", "NIX_PYTHON")
_NIX_ENV = frozenset({
    "NIX_BUILD_CORES", "NIX_BUILD_TOP", "NIX_ENFORCE_PURITY", "NIX_LOG_FD", "NIX_STATE_DIR", "NIX_STORE",
    "NIX_STORE_DIR",
})
# ld.so loads these into every program, those of the machine too, whose glibc may be older than the library's.
_GLIBC_PRELOADS = ("LD_PRELOAD", "LD_AUDIT")
# fmt: on


def check_env(context: CheckContext) -> None:
    """Tell of variables that the shell sets itself, that reach too far, and of values that are not filled in."""
    for name, text in context.shell.spec.env.items():
        _check_setting(context, ("env", name), text)


def _check_setting(context: CheckContext, path: KeyPath, text: str) -> None:
    if not _check_variable(context, path, str(path[-1])):
        check_value(context, path, text)
    else:
        check_interpolation(context, path, text)
        check_secret(context, path, text)


def check_value(context: CheckContext, path: KeyPath, text: str) -> None:
    """Tell of a value that is not filled in, or that nobody else should read."""
    check_interpolation(context, path, text)
    # What is told of a `$` shows the text, and would send a secret into `on_enter`.
    if not check_secret(context, path, text):
        check_literal(context, path, text)


def _check_variable(context: CheckContext, path: KeyPath, name: str) -> bool:
    """Tell of a name that is not the user's to set, or that shows libraries to every program; return whether."""
    is_of_bash = name in BASH_ENV
    prefixes = (*_RESERVED_ENV_PREFIXES, *_NIX_PREFIXES)
    if is_of_bash or name in _RESERVED_ENV or name in _NIX_ENV or name.startswith(prefixes):
        context.add(
            "env-reserved",
            path,
            f"`{name}` belongs to bash" if is_of_bash else f"`{name}` is set by the shell itself",
            expected="another name",
            hint="to extend PATH, list programs under `native` or `scripts`" if name == "PATH" else None,
        )
        return True
    if name == "LD_LIBRARY_PATH":
        context.add(
            "library-path",
            path,
            "LD_LIBRARY_PATH reaches every program of the shell, git and bash included",
            expected="libraries under `native`",
            hint="list the packages under `native`: this Python finds them, and CUDA and the driver without it",
            severity=Severity.WARNING,
        )
        return True
    if name in _GLIBC_PRELOADS:
        context.add(
            "library-path",
            path,
            f"{name} reaches every program of the shell, and those of another libc then do not start",
            expected="the library under `preload`",
            hint="write `preload: [gperftools/lib/libtcmalloc.so]`: it is loaded into this Python only",
            severity=Severity.WARNING,
        )
        return True
    return False


def check_commands(context: CheckContext) -> None:
    """Tell of `${…}` in bash code that means nothing, and of processes that wait for what is not there."""
    spec = context.shell.spec
    for name, text in spec.scripts.items():
        check_bash(context, ("scripts", name), text)
    if spec.on_enter is not None:
        check_bash(context, ("on_enter",), spec.on_enter)
    for name, process in spec.processes.items():
        check_bash(context, ("processes", name, "run"), process.run)
        if process.ready is not None and process.ready.run is not None:
            check_bash(context, ("processes", name, "ready", "run"), process.ready.run)
        for variable, text in process.env.items():
            _check_setting(context, ("processes", name, "env", variable), text)
    _check_order(context)
    _check_ports(context)


def _check_order(context: CheckContext) -> None:
    spec = context.shell.spec
    startable = {*spec.processes, *spec.services}
    for name, process in spec.processes.items():
        for index, other in enumerate(process.after):
            if other not in startable:
                near = closest(other, startable)
                context.add(
                    "process-unknown",
                    ("processes", name, "after", index),
                    f"there is no process or service `{other}`",
                    expected=f"did you mean `{near}`?" if near else "a name under `processes` or `services`",
                )
    waits = {name: set(process.after) & spec.processes.keys() for name, process in spec.processes.items()}
    # Each on a circle is told: any of their `after` may be the one that is wrong.
    for name in _on_circles(waits):
        if context.findings.is_full:
            break
        context.add(
            "process-unknown",
            ("processes", name, "after"),
            f"`{name}` waits for itself",
            expected="an order in which they can start",
            hint="take one of the names out of `after`",
        )


def _on_circles(waits: Mapping[str, set[str]]) -> Iterator[str]:
    """Yield those that wait for themselves, by others too."""
    if not any(waits.values()):
        return
    # What can be put into an order, forwards or backwards, is on no circle. Most files end here; to follow each way
    # through a long chain of processes would take the square of its length.
    left = _without_order(waits) & _without_order(_turned(waits))
    for name in sorted(left):
        if name in _reachable(waits, name):
            yield name


def _without_order(waits: Mapping[str, set[str]]) -> set[str]:
    """Return those that wait for a circle, or are on one."""
    from graphlib import CycleError, TopologicalSorter

    sorter = TopologicalSorter(waits)
    with suppress(CycleError):  # it then goes on as far as there is an order
        sorter.prepare()
    left = set(waits)
    while ready := sorter.get_ready():
        left.difference_update(ready)
        sorter.done(*ready)
    return left


def _turned(waits: Mapping[str, set[str]]) -> dict[str, set[str]]:
    turned: dict[str, set[str]] = {name: set() for name in waits}
    for name, others in waits.items():
        for other in others:
            turned[other].add(name)
    return turned


def _reachable(waits: Mapping[str, set[str]], name: str) -> set[str]:
    seen: set[str] = set()
    waiting = list(waits[name])
    while waiting:
        other = waiting.pop()
        if other not in seen:
            seen.add(other)
            waiting += waits[other]
    return seen


def _check_ports(context: CheckContext) -> None:
    owners: dict[int, str] = {}
    for name, process in context.shell.spec.processes.items():
        for index, port in enumerate(process.ports):
            owner = owners.setdefault(port, name)
            if owner != name:  # a port that one process names twice is one port
                context.add(
                    "port-taken",
                    ("processes", name, "ports", index),
                    f"`{owner}` listens on port {port} already",
                    expected="another port",
                )


def shell_paths(spec: Spec) -> Iterator[tuple[KeyPath, str, bool]]:
    """Yield where a path stands, the path, and whether it must exist: a file of secrets is on few machines."""
    for index, file in enumerate(spec.dotenv):
        yield ("dotenv", index), file, False
    for name, process in spec.processes.items():
        if process.folder is not None:
            yield ("processes", name, "folder"), process.folder, False

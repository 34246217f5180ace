"""What a shell runs, as the plan has it: variables, scripts, processes, the code of entering."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from pyenvspec.plan import Package, Process, Ready
from pyenvspec.resolving.overrides import choose_package, plan_text
from pyenvspec.spec.bash import Arguments, append_arguments, find_arguments, parse_bash

if TYPE_CHECKING:
    from pyenvspec.plan import CudaSet, Text
    from pyenvspec.spec.model import Spec
    from pyenvspec.spec.processes import Process as GivenProcess

# bash opens the connection itself, so that no other program has to be there; each one takes the place of the last.
_HOW_TO_ASK_A_PORT = "exec 3<>/dev/tcp/127.0.0.1/{}"


def plan_bash(code: str, cuda: CudaSet | None) -> Text:
    """Split bash code at its packages."""
    # The second are `${…}` that mean nothing, which the cross-checks have refused.
    parts, _ = parse_bash(code)
    return tuple(choose_package(part, cuda) if isinstance(part, Package) else part for part in parts)


def plan_preload(spec: Spec) -> tuple[tuple[Package, str], ...]:
    """Return the packages with the file in each that this Python loads first."""
    # `gperftools/lib/libtcmalloc.so`: an attribute has no slash.
    parts = (name.partition("/") for name in dict.fromkeys(spec.preload))
    return tuple((Package("pkgs", tuple(attribute.split("."))), file) for attribute, _, file in parts)


def plan_python_packages(spec: Spec) -> tuple[Package, ...]:
    """Return the Python packages that nixpkgs gives."""
    names = dict.fromkeys(spec.python.packages)
    return tuple(Package("python", tuple(name.split("."))) for name in names)


def plan_scripts(spec: Spec, cuda: CudaSet | None) -> tuple[tuple[str, Text], ...]:
    """Return the code of the scripts, which hand on their arguments or say that they take none."""
    return tuple(
        (name, plan_bash(_with_arguments(name, code), cuda)) for name, code in sorted(spec.scripts.items())
    )


def _with_arguments(name: str, code: str) -> str:
    match find_arguments(code):
        case Arguments.APPENDED:
            return append_arguments(code)
        case Arguments.OWN:
            return code
        case Arguments.REFUSED:
            # A script that drops its arguments without a word hides a mistyped option.
            # It stands between double quotes of bash: what is read there is `"$@"`.
            message = f'{name} takes no arguments: write \\"\\$@\\" where they belong, in scripts.{name} of env.yaml'
            return f'[ $# -eq 0 ] || {{ echo "{message}" >&2; exit 2; }}\n{code}'


def plan_processes(spec: Spec, cuda: CudaSet | None) -> tuple[Process, ...]:
    """Return the processes in the order of their names."""
    return tuple(_plan_process(name, process, cuda) for name, process in sorted(spec.processes.items()))


def _plan_process(name: str, process: GivenProcess, cuda: CudaSet | None) -> Process:
    return Process(
        name=name,
        run=plan_bash(process.run, cuda),
        after=tuple(dict.fromkeys(process.after)),
        ready=_plan_ready(process, cuda),
        restart=process.restart,
        env=tuple((key, plan_text(text, cuda)) for key, text in sorted(process.env.items())),
        # `./web/` and `web` are one folder, and the same env.yaml in other words is to give the same bytes.
        folder=posixpath.normpath(process.folder or "."),
    )


def _plan_ready(process: GivenProcess, cuda: CudaSet | None) -> Ready | None:
    ready = process.ready
    if ready is None or (ready.http is None and ready.run is None):
        if not process.ports:
            return None
        # Who waits for a process that names its ports means: until it listens on them.
        probe = "\n".join(map(_HOW_TO_ASK_A_PORT.format, process.ports))
        # As patient as `ready` is where it does not say otherwise.
        return Ready(None, (probe,), ready.every if ready else 1, ready.tries if ready else 60)
    http = (ready.http.port, ready.http.path) if ready.http else None
    return Ready(http, plan_bash(ready.run, cuda) if ready.run else None, ready.every, ready.tries)

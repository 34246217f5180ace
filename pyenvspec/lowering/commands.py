"""What a shell runs, lowered: variables, scripts, processes, services. Nothing is chosen here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.nixexpr import AttrSet, Binding, Expr, InterpolatedStr, List, bind
from pyenvspec.nixexpr.nodes import MAX_INT
from pyenvspec.plan import ProjectRoot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.lowering.references import Scope
    from pyenvspec.plan import Data, Process, Ready, Shell, Text


def lower_commands(shell: Shell, scope: Scope) -> tuple[tuple[str, Binding], ...]:
    """Return the options of a shell with the env.yaml key that each comes from, in a fixed order."""
    sections: list[tuple[str, Binding]] = []
    if shell.preload:
        libraries = tuple(
            InterpolatedStr((scope.output(p, f"/{file}"), f"/{file}")) for p, file in shell.preload
        )
        sections.append(("preload", bind("preload", List(libraries))))
    if shell.env:
        sections.append(("env", bind("env", _texts(shell.env, scope))))
    if shell.dotenv:
        sections.append(("dotenv", bind("dotenv", list(shell.dotenv))))
    if shell.scripts:
        sections.append(("scripts", bind("scripts", _texts(shell.scripts, scope))))
    if shell.processes:
        processes = AttrSet(tuple(bind(p.name, _process(p, scope)) for p in shell.processes))
        sections.append(("processes", bind("processes", processes)))
    if shell.services:
        services = AttrSet(tuple(bind(name, _sorted_data(options)) for name, options in shell.services))
        sections.append(("services", bind("services", services)))
    if shell.devenv:
        sections.append(("devenv", bind("devenv", _sorted_data(shell.devenv))))
    if shell.on_enter is not None:
        sections.append(("on_enter", bind("onEnter", scope.text(shell.on_enter))))
    return tuple(sections)


def is_in_project(shell: Shell) -> bool:
    """Whether a text of the shell names the project's folder, for which the module asks `config`."""
    return any(isinstance(part, ProjectRoot) for text in _values(shell) for part in text)


def _values(shell: Shell) -> Iterator[Text]:
    for _, text in shell.env:
        yield text
    for process in shell.processes:
        for _, text in process.env:
            yield text


def _texts(texts: tuple[tuple[str, Text], ...], scope: Scope) -> AttrSet:
    return AttrSet(tuple(bind(name, scope.text(text)) for name, text in texts))


def _process(process: Process, scope: Scope) -> Expr:
    entries = [bind("run", scope.text(process.run))]
    if process.after:
        entries.append(bind("after", list(process.after)))
    if process.ready is not None:
        entries.append(bind("ready", _ready(process.ready, scope)))
    # As in all of the module, what is the default there is left out.
    if process.restart != "never":
        entries.append(bind("restart", process.restart))
    if process.env:
        entries.append(bind("env", _texts(process.env, scope)))
    if process.folder != ".":
        entries.append(bind("folder", process.folder))
    return AttrSet(tuple(entries))


def _ready(ready: Ready, scope: Scope) -> Expr:
    entries = []
    if ready.http is not None:
        port, path = ready.http
        entries.append(bind("http", AttrSet((bind("port", port), bind("path", path)))))
    if ready.run is not None:
        entries.append(bind("run", scope.text(ready.run)))
    entries += [bind("every", ready.every), bind("tries", ready.tries)]
    return AttrSet(tuple(entries))


def _sorted_data(data: Data) -> Data:
    """Order the keys of mappings all the way down, since the file's order must not show."""
    if isinstance(data, dict):
        return {key: _sorted_data(value) for key, value in sorted(data.items())}
    if isinstance(data, list):
        return [_sorted_data(item) for item in data]
    # A number that Nix has no bits for is a name of something, such as an account: as a text it comes through whole.
    return str(data) if isinstance(data, int) and abs(data) > MAX_INT else data

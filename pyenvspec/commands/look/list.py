"""`pyenvspec list [VARIANT]`: what the environment holds, by where it comes from."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from pyenvspec.commands.look.installed import installed_packages, venv_python
from pyenvspec.commands.steps import find_shell
from pyenvspec.driver import check_project
from pyenvspec.facts.native import catalogue_source, find_attribute
from pyenvspec.facts.nixpkgs import releases
from pyenvspec.options import USAGE, Options, add_json
from pyenvspec.records import dataclass
from pyenvspec.reporter import align, make_visible, put, report, say
from pyenvspec.spec.model import VENV_MANAGERS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

    from pyenvspec.plan import Plan, Shell


@dataclass(frozen=True)
class ListOptions(Options):
    """What this command can be told besides."""

    variant: str = "default"


@dataclass(frozen=True)
class ListedItem:
    """One thing of the environment; `version` is "" where it is not known before Nix is asked."""

    kind: str
    name: str
    version: str
    origin: str


def declare(parser: argparse.ArgumentParser) -> type[ListOptions]:
    """Declare the arguments; return what holds them."""
    parser.add_argument("variant", nargs="?", default="default", metavar="VARIANT", help="default: default")
    add_json(parser)
    return ListOptions


def run(options: ListOptions) -> int:
    """Print the items, one a line."""
    _, plan, findings = check_project(options.directory)
    report(findings, options.as_text())
    shell = find_shell(plan, options.variant)
    if shell is None:
        return USAGE
    items = list(_items(plan, shell, options.directory))
    if options.json:
        put(json.dumps([asdict(item) for item in items], indent=2, ensure_ascii=False) + "\n")
        return 0
    rows = [(item.kind, item.name, item.version or "-", item.origin) for item in items]
    for cells in align(rows):
        put(make_visible("  ".join(cells).rstrip()) + "\n")
    if shell.native and not options.quiet:
        if plan.nixpkgs.release == _rolling():
            say(
                f"versions of `native` are those of {catalogue_source()}; {_rolling()} of today may have others"
            )
        else:
            say(f"which versions of `native` {plan.nixpkgs.release} has is not known before Nix is asked")
    return 0


def _rolling() -> str:
    """Return the release that the catalogue was read from; in the others packages have versions of their own."""
    return releases()[-1].branch


def _items(plan: Plan, shell: Shell, root: Path) -> Iterator[ListedItem]:
    environment = shell.environment
    venv = root / environment.venv
    release = plan.nixpkgs.release
    has_venv = environment.manager in VENV_MANAGERS
    yield ListedItem("python", f"python{shell.interpreter.version}", venv_python(venv) or "", release)
    yield ListedItem("manager", environment.manager, "", environment.venv if has_venv else "Nix")
    if shell.cuda:
        yield ListedItem("cuda", "toolkit", shell.cuda.version, shell.cuda.attribute)
    for package in shell.native:
        # What Nix would answer takes a download of nixpkgs; the catalogue knows the versions of its own day.
        name = ".".join(package.path)
        attribute = find_attribute(name) if release == _rolling() else None
        version = attribute.version if attribute else ""
        yield ListedItem("native", name, version, release)
    # What is there, not what a lock says: the two differ until the shell is entered again.
    if has_venv:
        for name, version in installed_packages(venv).items():
            yield ListedItem("package", name, version, environment.venv)
    for package in environment.packages:
        yield ListedItem("package", package.path[-1], "", release)
    yield from _named(plan, shell)


def _named(plan: Plan, shell: Shell) -> Iterator[ListedItem]:
    for name, _ in shell.scripts:
        yield ListedItem("script", name, "", "env.yaml")
    for process in shell.processes:
        yield ListedItem("process", process.name, "", "env.yaml")
    for name, _ in shell.services:
        yield ListedItem("service", name, "", "devenv")
    for other in plan.shells[1:]:
        yield ListedItem("variant", other.name, "", f"pyenvspec shell {other.name}")
    for container in plan.containers:
        yield ListedItem(
            "container", container.name, container.tag, f"pyenvspec container build {container.name}"
        )
    for flake_input in plan.inputs:
        yield ListedItem("input", flake_input.name, "", flake_input.url)

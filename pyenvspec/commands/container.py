"""`pyenvspec container build|load|push NAME`: show the one nix command that does it, then become it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenvspec.commands.compile import command as compiling
from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.driver import MANIFEST, load_plan
from pyenvspec.names import closest
from pyenvspec.options import Options
from pyenvspec.reporter import put, say
from pyenvspec.tools import NOT_FOUND, exec_or_run, nix_argv

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pyenvspec.plan import Container


@dataclass(frozen=True, slots=True)
class ContainerOptions(Options):
    """What this command can be told besides."""

    action: str = "build"
    name: str = "default"
    podman: bool = False
    dry_run: bool = False
    command: tuple[str, ...] = ()


def declare(parser: argparse.ArgumentParser) -> type[ContainerOptions]:
    """Declare the arguments; return what holds them."""
    parser.add_argument("action", choices=("build", "load", "push"), help="load: into the local Docker")
    parser.add_argument("name", nargs="?", default="default", metavar="NAME", help="default: default")
    parser.add_argument("--podman", action="store_true", help="load into Podman instead of Docker")
    parser.add_argument("--dry-run", action="store_true", help="show the command, and do not run it")
    return ContainerOptions


def run(options: ContainerOptions) -> int:
    """Compile what is stale, then build, load or push the image."""
    plan = load_plan(options.directory)
    container = _find(options.name, plan.containers)
    argv = command_of(options, container)
    if options.dry_run:
        put(shlex.join(argv) + "\n")
        return 0
    # Nix must see env.yaml as it is now; with nothing to do this writes nothing.
    compiling.run(compiling.CompileOptions("compile", options.directory, quiet=True))
    if not options.quiet:
        say(f"$ {shlex.join(argv)}")
    code = exec_or_run(argv, cwd=options.directory)
    if code == NOT_FOUND:
        raise PyenvspecError(_nix_missing())
    return code


def command_of(options: ContainerOptions, container: Container) -> tuple[str, ...]:
    """Return the command; what followed `--` goes to nix build, or to skopeo, which copies the image."""
    output = f".#container-{container.name}"
    extra = options.command
    match options.action:
        case "build":
            return nix_argv("build", output, "--print-out-paths", *extra)
        case "load":
            copy = "copyToPodman" if options.podman else "copyToDockerDaemon"
            return nix_argv("run", f"{output}.{copy}", *(("--", *extra) if extra else ()))
        case _:
            return nix_argv("run", f"{output}.copyTo", "--", _target(container), *extra)


def _target(container: Container) -> str:
    registry = container.registry
    if registry is None:
        raise PyenvspecError(
            Diagnostic(
                "container-no-registry",
                f"`containers.{container.name}` does not say where to push to",
                MANIFEST,
                hint='write `registry: "docker://registry.example/lab/"` under it',
            )
        )
    between = "" if registry.endswith(("/", ":")) else "/"
    return f"{registry}{between}{container.image}:{container.tag}"


def _find(name: str, containers: Sequence[Container]) -> Container:
    names = [container.name for container in containers]
    if name in names:
        return containers[names.index(name)]
    near = closest(name, names)
    if not names:
        hint = f"write `containers: {{{name}: {{}}}}`"
    else:
        hint = f"did you mean `{near}`?" if near else f"it has {', '.join(names)}"
    raise PyenvspecError(
        Diagnostic("container-unknown", f"env.yaml has no container `{name}`", MANIFEST, hint=hint)
    )


def _nix_missing() -> Diagnostic:
    return Diagnostic(
        "nix-missing",
        "the program `nix` is not installed, or not on PATH",
        "nix",
        hint="run `pyenvspec get-nix`",
    )

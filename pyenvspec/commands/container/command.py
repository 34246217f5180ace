"""`pyenvspec container ACTION NAME`: show the one command that does it, then become it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from pyenvspec.commands.compile import command as compiling
from pyenvspec.commands.container.archive import write_archive
from pyenvspec.commands.container.sbom import write_sbom
from pyenvspec.commands.steps import run_steps, show_steps
from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.driver import MANIFEST, load_plan
from pyenvspec.names import closest
from pyenvspec.options import Options
from pyenvspec.records import dataclass
from pyenvspec.tools import nix_argv

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pyenvspec.plan import Container

ACTIONS = ("build", "load", "push", "run", "file", "sif", "archive", "sbom")
ENGINES = ("docker", "podman")
_HELP = (
    "build: in the Nix store; load: into Docker or Podman; push: to `registry`; run: load, then start it; "
    "file: NAME.tar, or what --output says; sif: NAME.sif for Apptainer; "
    "archive: NAME.run, which opens by itself; sbom: what is in it, as CycloneDX"
)


_WITHOUT_ENGINE = "the image itself is made: `pyenvspec container file` writes it for a machine that has one"


@dataclass(frozen=True, slots=True)
class ContainerOptions(Options):
    """What this command can be told besides."""

    action: str = "build"
    name: str = "default"
    podman: bool = False
    output: str | None = None
    dry_run: bool = False
    command: tuple[str, ...] = ()


def declare(parser: argparse.ArgumentParser) -> type[ContainerOptions]:
    """Declare the arguments; return what holds them."""
    parser.add_argument("action", choices=ACTIONS, help=_HELP)
    parser.add_argument("name", nargs="?", default="default", metavar="NAME", help="default: default")
    parser.add_argument("--podman", action="store_true", help="Podman also where there is Docker")
    parser.add_argument(
        "--output",
        metavar="PATH",
        help="file, sif, archive, sbom: where to; `file` without .tar is a folder, an OCI layout",
    )
    parser.add_argument("--dry-run", action="store_true", help="show the commands, and do not run them")
    return ContainerOptions


def run(options: ContainerOptions) -> int:
    """Compile what is stale, then do what is asked, one command after the other."""
    plan = load_plan(options.directory)
    container = _find(options.name, plan.containers)
    steps = commands_of(options, container)
    if options.dry_run:
        return show_steps(steps)
    # Nix must see env.yaml as it is now; with nothing to do this writes nothing.
    compiling.run(compiling.CompileOptions("compile", options.directory, quiet=True))
    if options.action == "archive":
        return write_archive(options, container, options.output)
    if options.action == "sbom":
        return write_sbom(options, plan, container, options.output)
    return run_steps(steps, options, missing=_WITHOUT_ENGINE)


def commands_of(options: ContainerOptions, container: Container) -> list[tuple[str, ...]]:
    """Return the commands; what followed `--` goes to nix build, to skopeo, or is what the container runs.

    Raises PyenvspecError where env.yaml does not say where to push to.
    """
    output = f".#container-{container.name}"
    reference = f"{container.image}:{container.tag}"
    engine = _engine(options)
    store = "containers-storage:" if engine == "podman" else "docker-daemon:"

    def copy(target: str, *extra: str) -> tuple[str, ...]:
        return nix_argv("run", f"{output}.copyTo", "--", target, *extra)

    match options.action:
        case "build" | "archive" | "sbom":
            return [nix_argv("build", output, "--print-out-paths", *options.command)]
        case "load":
            return [copy(f"{store}{reference}", *options.command)]
        case "run":
            # Of Podman's own names; `localhost/` is what it puts before a short one.
            name = f"localhost/{reference}" if engine == "podman" else reference
            return [copy(f"{store}{name}"), (engine, "run", "--rm", "--interactive", name, *options.command)]
        case "file":
            return [
                copy(_file_target(options.output or f"{container.name}.tar", reference), *options.command)
            ]
        case "sif":
            archive = f"{container.name}.oci.tar"
            sif = options.output or f"{container.name}.sif"
            build = ("apptainer", "build", "--force", *options.command, sif, f"oci-archive:{archive}")
            return [copy(f"oci-archive:{archive}:{container.tag}"), build]
        case _:
            return [copy(_target(container), *options.command)]


def _engine(options: ContainerOptions) -> str:
    if options.podman:
        return "podman"
    return next((engine for engine in ENGINES if shutil.which(engine)), "docker")


def _file_target(path: str, reference: str) -> str:
    if path.endswith(".tar"):
        return f"docker-archive:{path}:{reference}"
    return f"oci:{path}:{reference.rpartition(':')[2]}"


def _target(container: Container) -> str:
    if container.address is not None:
        return container.address
    raise PyenvspecError(
        Diagnostic(
            "container-no-registry",
            f"`containers.{container.name}` does not say where to push to",
            MANIFEST,
            hint='write `registry: "docker://registry.example/lab/"` under it',
        )
    )


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

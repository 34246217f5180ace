"""`pyenvspec container ACTION NAME`: show the one command that does it, then become it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from pyenvspec.commands.compile import command as compiling
from pyenvspec.commands.container import install as installing
from pyenvspec.commands.container.archive import write_archive
from pyenvspec.commands.container.sbom import write_sbom
from pyenvspec.commands.steps import make_folder, run_steps, show_steps
from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.driver import MANIFEST, load_plan
from pyenvspec.names import closest
from pyenvspec.options import Options
from pyenvspec.records import dataclass
from pyenvspec.reporter import is_terminal, put, say
from pyenvspec.tools import has_program, home_folder, nix_argv

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from pyenvspec.commands.container.containerfile import Installation
    from pyenvspec.commands.steps import Step
    from pyenvspec.plan import Container, Shell

ACTIONS = ("build", "load", "push", "run", "file", "sif", "archive", "sbom")
# One program under two names: Singularity's successor first.
_SIF_MAKERS = ("apptainer", "singularity")
SOCKET = Path("/var/run/docker.sock")
DRIVER = Path("/proc/driver/nvidia/version")
# Where `nvidia-ctk cdi generate` and the system's own services write nvidia.yaml, or nvidia.json.
CDI = (Path("/etc/cdi"), Path("/var/run/cdi"))
# In the order in which they are taken; the first two start images, Buildah makes them only.
ENGINES = ("docker", "podman", "buildah")
_HELP = (
    "build: in the Nix store; load: into Docker or Podman; push: to `registry`; run: load, then start it; "
    "file: NAME.tar, or what --output says; sif: NAME.sif for Apptainer; "
    "archive: NAME.run, which opens by itself; sbom: what is in it, as CycloneDX"
)
_WITHOUT_ENGINE = "the image itself is made: `pyenvspec container file` writes it for a machine that has one"
_WITHOUT_BUILDER = "install Docker, Podman or Buildah, or have Nix make all of the image"


@dataclass(frozen=True)
class ContainerOptions(Options):
    """What this command can be told besides."""

    action: str = "build"
    name: str = "default"
    engine: str | None = None
    output: str | None = None
    dry_run: bool = False
    command: tuple[str, ...] = ()


def declare(parser: argparse.ArgumentParser) -> type[ContainerOptions]:
    """Declare the arguments; return what holds them."""
    parser.add_argument("action", choices=ACTIONS, help=_HELP)
    parser.add_argument("name", nargs="?", default="default", metavar="NAME", help="default: default")
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        help="whose images, where there are several; default: the first that is there",
    )
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
    shell = next(shell for shell in plan.shells if shell.name == container.variant)
    # What cannot be pushed is told before hours of building.
    if options.action == "push":
        _target(container)
    # Nothing is written and Nix is not asked, so that it works in a checkout that one only reads.
    if options.dry_run:
        installation = installing.guess(options.directory, shell.environment)
        return show_steps(commands_of(options, container, installation))
    if options.action == "sif" and not any(map(has_program, _SIF_MAKERS)):
        raise PyenvspecError(_no_sif_maker(container))
    # Nix must see env.yaml as it is now; with nothing to do this writes nothing.
    compiling.run(compiling.CompileOptions("compile", options.directory, quiet=True))
    # Without a lock of Python packages all of an image is from nixpkgs.
    if shell.environment.lock_kind is not None:
        plan_of_nix = installing.ask_nix(options.directory, container)
        if isinstance(plan_of_nix, int):
            return plan_of_nix
        if plan_of_nix.reasons:
            return _run_installing(options, shell, container, plan_of_nix)
    if options.action == "archive":
        return write_archive(options, container)
    if options.action == "sbom":
        return write_sbom(options, shell, container)
    return _finish(options, container, commands_of(options, container))


def _finish(options: ContainerOptions, container: Container, steps: Sequence[Step]) -> int:
    if options.action != "sif":
        # What `run` starts is the user's, and has our place.
        return run_steps(steps, options, missing=_WITHOUT_ENGINE, stay=options.action != "run")
    archive = options.directory / _archive_of(container)
    make_folder(options.directory, _archive_of(container))
    # One that a killed run left.
    archive.unlink(missing_ok=True)
    try:
        return run_steps(steps, options, stay=True)
    finally:
        archive.unlink(missing_ok=True)


def _archive_of(container: Container) -> str:
    """Where an image lies while Apptainer reads it: it is as large as the result."""
    return f"{installing.IMAGE_FOLDER}/{container.name}.oci.tar"


def _no_sif_maker(container: Container) -> Diagnostic:
    name = container.name
    hint = (
        f"copy what `pyenvspec container file {quote(name)}` writes to where it is: "
        f"`apptainer build {quote(name)}.sif docker-archive:{quote(name)}.tar`"
    )
    return Diagnostic("engine-missing", "Apptainer is not installed, or not on PATH", "apptainer", hint=hint)


def _run_installing(
    options: ContainerOptions, shell: Shell, container: Container, installation: Installation
) -> int:
    engine = _engine(options, builds=True)
    if not options.quiet:
        installing.tell(shell, installation, engine)
    installing.write_containerfile(options.directory, container, installation)
    steps = commands_of(options, container, installation)
    # In two parts: the first are the engine's own, for which another hint holds where it is missing.
    making, rest = steps[: installing.STEPS], steps[installing.STEPS :]
    code = run_steps(making, options, missing=_WITHOUT_BUILDER, talks=True)
    if code != 0:
        return code

    def copy(layout: Path) -> Step:
        return installing.copy_step(container, engine, f"oci:{layout}:{container.tag}")

    match options.action:
        case "build" | "load":
            put(f"{installing.reference_of(container, engine)}\n")
            return 0
        case "archive":
            return write_archive(options, container, copy)
        case "sbom":
            return write_sbom(options, shell, container, copy)
    return _finish(options, container, rest)


def commands_of(
    options: ContainerOptions, container: Container, installation: Installation | None = None
) -> list[Step]:
    """Return the commands; what followed `--` goes to nix build, to skopeo, or is what the container runs.

    Raises PyenvspecError where env.yaml does not say where to push to.
    """
    if installation is not None and installation.reasons:
        return _commands_installing(options, container, installation)
    output = f".#container-{container.name}"
    engine = _engine(options)

    def copy(target: str, *extra: str) -> Step:
        return nix_argv("run", f"{output}.copyTo", "--", target, *extra)

    match options.action:
        case "build" | "archive" | "sbom":
            return [nix_argv("build", output, "--print-out-paths", *options.command)]
        case "load":
            return [
                copy(
                    installing.store_of(engine) + installing.reference_of(container, engine), *options.command
                )
            ]
        case "run":
            name = installing.reference_of(container, engine)
            return [
                copy(installing.store_of(engine) + name),
                _run_step(engine, name, container, options.command),
            ]
    return _to_files(options, container, copy)


def _commands_installing(
    options: ContainerOptions, container: Container, installation: Installation
) -> list[Step]:
    engine = _engine(options, builds=True)
    builds = options.action in ("build", "load", "archive", "sbom")
    steps = installing.build_steps(container, installation, engine, options.command if builds else ())

    def copy(target: str, *extra: str) -> Step:
        return installing.copy_step(container, engine, target, extra)

    if builds:
        return steps
    if options.action == "run":
        name = installing.reference_of(container, engine)
        return [*steps, _run_step(engine, name, container, options.command)]
    return [*steps, *_to_files(options, container, copy)]


def _to_files(options: ContainerOptions, container: Container, copy: Callable[..., Step]) -> list[Step]:
    """Return what copies an image to where no engine is, and what makes something else of it."""
    reference = f"{container.image}:{container.tag}"
    match options.action:
        case "file":
            return [
                copy(_file_target(options.output or f"{container.name}.tar", reference), *options.command)
            ]
        case "sif":
            archive = _archive_of(container)
            sif = options.output or f"{container.name}.sif"
            program = next(filter(has_program, _SIF_MAKERS), _SIF_MAKERS[0])
            # --force: it asks otherwise whether to replace an older one, also where nobody sits.
            build = (program, "build", "--force", *options.command, sif, f"oci-archive:{archive}")
            return [copy(f"oci-archive:{archive}:{container.tag}"), build]
        case _:
            return [copy(_target(container), *options.command)]


def _run_step(engine: str, name: str, container: Container, words: Sequence[str]) -> Step:
    """Return the command that starts an image: with a terminal where there is one, its ports on this machine alone."""
    options = ["--rm", "--interactive"]
    # With --tty and no terminal Docker refuses to start: "the input device is not a TTY".
    if is_terminal(sys.stdin) and is_terminal(sys.stdout):
        options.append("--tty")
    options += _gpus(engine)
    for port in container.ports:
        # `8000/tcp`; what is published is on 0.0.0.0 otherwise, past most firewalls.
        number, _, protocol = port.partition("/")
        options += [
            "--publish",
            f"127.0.0.1:{number}:{number}" + ("" if protocol == "tcp" else f"/{protocol}"),
        ]
    return (engine, "run", *options, name, *words)


def _gpus(engine: str) -> list[str]:
    """Return what hands the GPUs of this machine on, where it has some and what an engine needs for it is installed.

    Source: https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest (Docker; CDI for Podman).
    """
    if not DRIVER.exists():
        return []
    if engine == "docker" and (has_program("nvidia-ctk") or has_program("nvidia-container-runtime")):
        return ["--gpus", "all"]
    if engine == "podman" and any(any(folder.glob("nvidia*.[yj]*")) for folder in CDI):
        return ["--device", "nvidia.com/gpu=all"]
    say(f"{engine} cannot hand the GPU of this machine on: NVIDIA's container toolkit is not set up for it")
    return []


def _engine(options: ContainerOptions, *, builds: bool = False) -> str:
    """Return the engine asked for, else the first that is there; Docker's program is of no use without its daemon.

    Raises PyenvspecError where it is one that starts no images.
    """
    if options.action == "run" and options.engine is not None and options.engine not in ENGINES[:2]:
        name, engine = options.name, options.engine
        hint = (
            f"leave `--engine` out, or run `pyenvspec container load {quote(name)} --engine {quote(engine)}`"
        )
        message = f"{engine} makes images and does not start them"
        raise PyenvspecError(Diagnostic("engine-missing", message, engine, hint=hint))
    if options.engine is not None:
        return options.engine
    # Buildah, the last, makes images and starts none.
    engines = ENGINES if builds and options.action != "run" else ENGINES[:2]
    there = [engine for engine in engines if has_program(engine)]
    if "docker" in there and len(there) > 1 and not _docker_answers():
        there.remove("docker")
    return there[0] if there else "docker"


def _docker_answers() -> bool:
    """Whether Docker's daemon can be there: told by a variable, a context or its socket."""
    # Not by `docker info`, which takes seconds where the daemon is another machine.
    if os.environ.get("DOCKER_HOST") or os.environ.get("DOCKER_CONTEXT"):
        return True
    run = os.environ.get("XDG_RUNTIME_DIR", "")
    home = home_folder() / ".docker"
    places = [
        SOCKET,
        home / "run" / "docker.sock",
        home / "desktop" / "docker.sock",
        home / "contexts",
    ]
    return any(place.exists() for place in [*places, *([Path(run, "docker.sock")] if run else [])])


def _file_target(path: str, reference: str) -> str:
    # What `docker load` takes is one file; a folder keeps layers apart, which `skopeo` and rsync copy singly.
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

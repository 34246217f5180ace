"""`pyenvspec run TARGET [-- CMD]`: write the one file that an engine wants, show and run the command that submits it.

Logs, status and ending a run are the engine's own words.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, assert_never

from pyenvspec.commands.run.dstack import dstack
from pyenvspec.commands.run.job import Job
from pyenvspec.commands.run.kubernetes import kubernetes
from pyenvspec.commands.run.skypilot import skypilot
from pyenvspec.commands.run.slurm import slurm
from pyenvspec.commands.steps import run_steps, write_generated
from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.driver import MANIFEST, check_project
from pyenvspec.names import closest
from pyenvspec.options import Options
from pyenvspec.records import dataclass
from pyenvspec.reporter import put, report, show
from pyenvspec.spec.targets import DStack, Kubernetes, SkyPilot, Slurm

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from pyenvspec.commands.run.job import Submission
    from pyenvspec.plan import Container, Plan
    from pyenvspec.spec.targets import Target

JOB_FOLDER = ".pyenvspec/run"
_NOTHING = ("bash",)  # the default of `containers.NAME.command`, for typing in


@dataclass(frozen=True)
class RunOptions(Options):
    """What this command can be told besides."""

    target: str = ""
    image: str | None = None
    dry_run: bool = False
    command: tuple[str, ...] = ()


def declare(parser: argparse.ArgumentParser) -> type[RunOptions]:
    """Declare the arguments; return what holds them."""
    parser.usage = "pyenvspec run [-h] [-C DIR] [-q] [--image IMAGE] [--dry-run] TARGET [-- CMD …]"
    parser.add_argument("target", metavar="TARGET", help="a name under `run` in env.yaml")
    parser.add_argument("--image", metavar="IMAGE", help="its address or file, such as one with a digest")
    parser.add_argument("--dry-run", action="store_true", help="print the file, and submit nothing")
    return RunOptions


def run(options: RunOptions) -> int:
    """Submit a command, or print what would be submitted."""
    file, plan, findings = check_project(options.directory)
    target = _find(options.target, file.spec.run)
    submission = _submit(_plan_job(options, target, plan), target)
    report(findings, options)
    # One file a target, written over each time: engines read it when it is handed in, and keep a copy.
    path = f"{JOB_FOLDER}/{options.target}.{submission.suffix}"
    argv = submission.argv(path)
    if options.dry_run:
        put(submission.text)
        if not options.quiet:
            show(f"$ {shlex.join(argv)}")
        return 0
    write_generated(options.directory, path, submission.text)
    return run_steps([argv], options, missing=submission.needs)


def _find(name: str, targets: Mapping[str, Target]) -> Target:
    if name in targets:
        return targets[name]
    near = closest(name, targets)
    if not targets:
        hint = f"write `run: {{{name}: {{slurm: {{partition: gpu}}}}}}`"
    else:
        hint = f"did you mean `{near}`?" if near else f"it has {', '.join(targets)}"
    raise PyenvspecError(
        Diagnostic("run-unknown", f"env.yaml has no target `{name}` under `run`", MANIFEST, hint=hint)
    )


def _plan_job(options: RunOptions, target: Target, plan: Plan) -> Job:
    container = next((c for c in plan.containers if c.name == target.container), None)
    words = options.command or target.command or (container.command if container else ())
    # A job without anything to do would take the machines and wait for input.
    if words in ((), _NOTHING) and not (options.command or target.command):
        message = f"nothing is given to run on `{options.target}`"
        hint = (
            f"run `pyenvspec run {shlex.quote(options.target)} -- python train.py`, or write `command` under "
            f"run.{options.target}"
        )
        raise PyenvspecError(Diagnostic("run-no-command", message, MANIFEST, hint=hint))
    # The word of the command line before that of the target, and that before what the container is pushed as.
    image = options.image or target.image or _image_of(options, target, container)
    return Job(
        plan.name, options.target, image.removeprefix("docker://"), words, tuple(sorted(target.env.items()))
    )


def _image_of(options: RunOptions, target: Target, container: Container | None) -> str:
    """Return where the image is: for Slurm a file beside env.yaml, else where it is pushed to."""
    if container is not None:
        archive = f"{container.name}.sif"
        apptainer = target.slurm is not None and target.slurm.with_ == "apptainer"
        # A file is there at once, where an address is pulled and unpacked on the node.
        if apptainer and (options.directory / archive).is_file():
            return archive
        # Other addresses of skopeo are archives and stores of this machine, which no cluster sees.
        if (container.address or "").startswith("docker://"):
            return str(container.address)
    name = target.container
    raise PyenvspecError(
        Diagnostic(
            "run-no-image",
            f"there is no {name}.sif here, and `containers.{name}` says no registry",
            MANIFEST,
            hint=f"run `pyenvspec container sif {shlex.quote(name)}`, or write "
            '`registry: "docker://registry.example/lab/"` under it and run '
            f"`pyenvspec container push {shlex.quote(name)}`",
        )
    )


def _submit(job: Job, target: Target) -> Submission:
    scheduler = target.slurm or target.kubernetes or target.skypilot or target.dstack
    match scheduler:
        case Slurm():
            return slurm(job, scheduler)
        case Kubernetes():
            return kubernetes(job, scheduler)
        case SkyPilot():
            return skypilot(job, scheduler)
        case DStack():
            return dstack(job, scheduler)
        case None:
            raise AssertionError("a target without an engine passed the checks")
        case _:
            assert_never(scheduler)

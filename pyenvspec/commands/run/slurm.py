"""Slurm: a batch script that runs the image by Apptainer or pyxis, and `sbatch`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pyenvspec.commands.run.job import Submission, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.commands.run.job import Job
    from pyenvspec.spec.targets import Slurm


def slurm(job: Job, settings: Slurm) -> Submission:
    """Return the script; it is handed to the nodes by Slurm, so they need not see this machine's files."""
    options = "".join(f"#SBATCH --{option}\n" for option in _options(job, settings))
    # What `module load` set is for the cluster's own Python; ~/.local of the user is seen in the image too, by home.
    variables = "unset PYTHONPATH PYTHONHOME\nexport PYTHONNOUSERSITE=1\n"
    variables += "".join(f"export {name}={shlex.quote(value)}\n" for name, value in job.env)
    text = f"#!/bin/bash\n# {job.head}\n{options}set -eu\n{variables}\nexec {_start(job, settings)}\n"
    return Submission("sbatch", text, ("sbatch", "{file}"), "run it where Slurm is: on a login node")


def _options(job: Job, settings: Slurm) -> Iterator[str]:
    yield f"job-name={job.name}"
    if settings.partition:
        yield f"partition={settings.partition}"
    if settings.account:
        yield f"account={settings.account}"
    yield f"nodes={settings.nodes}"
    yield f"ntasks-per-node={settings.tasks}"
    if settings.gpus:
        yield f"gres=gpu:{settings.gpus}"
    if settings.cpus:
        yield f"cpus-per-task={settings.cpus}"
    # `64Gi` is `64G` to Slurm, whose units are powers of two.
    if settings.memory:
        yield f"mem={settings.memory.removesuffix('i')}"
    if settings.time:
        yield f"time={format_time(settings.time)}"
    # Last: of an option that is named twice sbatch takes the later one, and this one is the user's word.
    yield from (f"{name}={value}" for name, value in sorted(settings.options.items()))


def format_time(duration: str) -> str:
    """Return days-hours:minutes:seconds."""
    minutes, rest = divmod(seconds(duration), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days}-{hours:02}:{minutes:02}:{rest:02}"


def _start(job: Job, settings: Slurm) -> str:
    # srun does not take this from sbatch since Slurm 22.05, and would bind each task to one processor.
    words = ["srun", *([f"--cpus-per-task={settings.cpus}"] if settings.cpus else [])]
    folder = ""
    if settings.with_ == "pyxis":
        words.append(f"--container-image={_enroot(job.image)}")
        # As Apptainer does: the folder that it is submitted from is there, and current.
        folder = ' --container-mounts="$PWD:$PWD" --container-workdir="$PWD"'
        return f"{shlex.join(words)}{folder} {shlex.join(job.words)}"
    # --nv hands the driver's libraries on; where there is no GPU it only warns.
    gpus = ("--nv",) if settings.gpus else ()
    image = job.image if _is_file(job.image) else f"docker://{job.image}"
    return shlex.join([*words, "apptainer", "exec", *gpus, image, *job.words])


def _is_file(image: str) -> bool:
    return image.endswith((".sif", ".sqsh")) or image.startswith(("/", "./"))


def _enroot(image: str) -> str:
    """Return an image in enroot's words: a file, or REGISTRY#PATH."""
    if _is_file(image):
        return image
    host, slash, path = image.partition("/")
    # As Docker tells a registry from a user of its own: by a dot, a port, or the name localhost.
    has_host = "." in host or ":" in host or host == "localhost"
    return f"docker://{host}#{path}" if slash and has_host else f"docker://{image}"

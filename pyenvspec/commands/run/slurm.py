"""Slurm: a batch script that runs the image by Apptainer or pyxis, and `sbatch`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pyenvspec.commands.run.job import Submission, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.commands.run.job import Job
    from pyenvspec.spec.targets import Slurm


def slurm(job: Job, asked: Slurm) -> Submission:
    """Return the script; it is handed to the nodes by Slurm, so they need not see this machine's files."""
    options = "".join(f"#SBATCH --{option}\n" for option in _options(job, asked))
    # What `module load` set is for the cluster's own Python.
    variables = "unset PYTHONPATH PYTHONHOME\nexport PYTHONNOUSERSITE=1\n"
    variables += "".join(f"export {name}={shlex.quote(value)}\n" for name, value in job.env)
    text = f"#!/bin/bash\n# {job.head}\n{options}set -eu\n{variables}\nexec {_start(job, asked)}\n"
    return Submission("sbatch", text, ("sbatch", "{file}"), "run it where Slurm is: on a login node")


def _options(job: Job, asked: Slurm) -> Iterator[str]:
    yield f"job-name={job.name}"
    if asked.partition:
        yield f"partition={asked.partition}"
    if asked.account:
        yield f"account={asked.account}"
    yield f"nodes={asked.nodes}"
    yield f"ntasks-per-node={asked.tasks}"
    if asked.gpus:
        yield f"gres=gpu:{asked.gpus}"
    if asked.cpus:
        yield f"cpus-per-task={asked.cpus}"
    if asked.memory:
        yield f"mem={asked.memory.removesuffix('i')}"
    if asked.time:
        yield f"time={format_time(asked.time)}"
    yield from (f"{name}={value}" for name, value in sorted(asked.options.items()))


def format_time(duration: str) -> str:
    """Return days-hours:minutes:seconds."""
    minutes, rest = divmod(seconds(duration), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days}-{hours:02}:{minutes:02}:{rest:02}"


def _start(job: Job, asked: Slurm) -> str:
    # srun does not take this from sbatch.
    words = ["srun", *([f"--cpus-per-task={asked.cpus}"] if asked.cpus else [])]
    folder = ""
    if asked.with_ == "pyxis":
        words.append(f"--container-image={_enroot(job.image)}")
        # As Apptainer does: the folder that it is submitted from is there, and current.
        folder = ' --container-mounts="$PWD:$PWD" --container-workdir="$PWD"'
        return f"{shlex.join(words)}{folder} {shlex.join(job.words)}"
    gpus = ("--nv",) if asked.gpus else ()
    image = job.image if _is_file(job.image) else f"docker://{job.image}"
    return shlex.join([*words, "apptainer", "exec", *gpus, image, *job.words])


def _is_file(image: str) -> bool:
    return image.endswith((".sif", ".sqsh")) or image.startswith(("/", "./"))


def _enroot(image: str) -> str:
    """Return an image in enroot's words: a file, or REGISTRY#PATH."""
    if _is_file(image):
        return image
    host, slash, path = image.partition("/")
    has_host = "." in host or ":" in host or host == "localhost"
    return f"docker://{host}#{path}" if slash and has_host else f"docker://{image}"

"""SkyPilot: a task, and `sky launch`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from pyenvspec.commands.run.job import Submission
from pyenvspec.commands.run.kubernetes import dump, merged

if TYPE_CHECKING:
    from pyenvspec.commands.run.job import Job
    from pyenvspec.spec.targets import SkyPilot


def skypilot(job: Job, settings: SkyPilot) -> Submission:
    """Return the task; the machine is given back when the command has ended."""
    resources: dict[str, Any] = {}
    for name in ("infra", "accelerators", "cpus", "memory"):
        value = getattr(settings, name)
        if value:
            resources[name] = value
    if settings.spot:
        resources["use_spot"] = True
    resources["image_id"] = f"docker:{job.image}"  # without `docker:` it is an image of the cloud's machines
    task: dict[str, Any] = {"name": job.name}
    if settings.nodes != 1:
        task["num_nodes"] = settings.nodes
    task["resources"] = resources
    if job.env:
        task["envs"] = dict(job.env)
    task["run"] = shlex.join(job.words) + "\n"
    text = f"# {job.head}\n{dump(merged(task, settings.task))}"
    # --down: a cluster stays up, and costs, until somebody ends it. Named, as `sky` would take a random name.
    command = ("sky", "launch", "--down", "--cluster", job.name, "{file}")
    return Submission("yaml", text, command, "run `uv tool install skypilot`, then `sky check`")

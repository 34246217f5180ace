"""dstack: a task, and `dstack apply`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from pyenvspec.commands.run.job import Submission, seconds
from pyenvspec.commands.run.kubernetes import dump, merged

if TYPE_CHECKING:
    from pyenvspec.commands.run.job import Job
    from pyenvspec.spec.targets import DStack


def dstack(job: Job, settings: DStack) -> Submission:
    """Return the task."""
    # dstack allows names of 41 signs.
    task: dict[str, Any] = {"type": "task", "name": job.name[:41].strip("-"), "image": job.image}
    if job.env:
        task["env"] = dict(job.env)
    # A list of lines for a shell: an array of words, as Kubernetes has it, there is none.
    task["commands"] = [_command(job.words)]
    if settings.nodes != 1:
        task["nodes"] = settings.nodes
    resources = {name: value for name in ("gpu", "cpu", "memory") if (value := getattr(settings, name))}
    # `64Gi` is written `64GB` there.
    if "memory" in resources:
        resources["memory"] = resources["memory"].removesuffix("i") + "B"
    if resources:
        task["resources"] = resources
    if settings.time:
        task["max_duration"] = f"{seconds(settings.time)}s"
    text = f"# {job.head}\n{dump(merged(task, settings.task))}"
    return Submission(
        "dstack.yml", text, ("dstack", "apply", "--file", "{file}"), "run `uv tool install dstack`"
    )


def _command(words: tuple[str, ...]) -> str:
    """Return words for a shell, in which dstack finds no `${{ … }}` and no `$$` of its own: a quote parts them."""
    return shlex.join(words).replace("$", "$''")

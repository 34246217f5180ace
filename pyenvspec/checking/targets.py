"""Cross-checks of `run`: each target has one engine, and the engine can get the image."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from pyenvspec.checking.shell_keys import BASH_ENV
from pyenvspec.diagnostics import Severity
from pyenvspec.names import closest

if TYPE_CHECKING:
    from pyenvspec.checking.context import CheckContext
    from pyenvspec.spec.images import Container
    from pyenvspec.spec.targets import Target

SCHEDULERS = ("slurm", "kubernetes", "skypilot", "dstack")
# They log in to the container by an sshd that they install with the distribution's package manager.
_WITH_BASE = ("skypilot", "dstack")


def check_targets(context: CheckContext) -> None:
    """Tell of each target that cannot be run."""
    containers = context.shell.spec.containers
    for name, target in context.shell.spec.run.items():
        schedulers = [scheduler for scheduler in SCHEDULERS if getattr(target, scheduler) is not None]
        if len(schedulers) != 1:
            named = " and ".join(f"`{scheduler}`" for scheduler in schedulers) or "no engine"
            context.add(
                "run-engine",
                ("run", name),
                f"`run.{name}` has {named}",
                expected="one of " + ", ".join(SCHEDULERS),
                hint=f"write `{name}: {{slurm: {{partition: gpu}}}}`"
                if not schedulers
                else "give each a name of its own",
            )
            continue
        _check_env(context, name, target)
        if target.image is None:
            _check_container(context, name, target, containers.get(target.container), schedulers[0])


def _check_env(context: CheckContext, name: str, target: Target) -> None:
    # Their jobs are bash: `export UID=5` ends it. The others start the command themselves.
    if target.slurm is None and target.skypilot is None:
        return
    for variable in target.env:
        if variable in BASH_ENV:
            context.add(
                "env-reserved",
                ("run", name, "env", variable),
                f"`{variable}` belongs to bash",
                expected="another name",
            )


def _container_hint(name: str, target: Target, names: list[str], near: str | None) -> str | None:
    if not names:
        return f"write `containers: {{{target.container}: {{}}}}`"
    return None if near or len(names) > 1 else f"write `container: {names[0]}` in `run.{name}`"


def _check_container(
    context: CheckContext, name: str, target: Target, container: Container | None, scheduler: str
) -> None:
    # `container` has a default: where it is not typed the target itself is what can be shown.
    at = ("run", name, "container") if "container" in target.model_fields_set else ("run", name)
    if container is None:
        names = list(context.shell.spec.containers)
        near = closest(target.container, names)
        context.add(
            "run-container",
            at,
            f"there is no container `{target.container}`",
            expected=f"did you mean `{near}`?" if near else "one of " + ", ".join(names) if names else None,
            hint=_container_hint(name, target, names, near),
        )
        return
    # A cluster with Slurm shares a file system, on which the image lies; the others pull it by a name.
    if scheduler != "slurm" and not (container.registry or "").startswith("docker://"):
        context.add(
            "run-no-image",
            at,
            f"{scheduler} cannot get the image: `containers.{target.container}` says no registry",
            expected="`registry` there, or `image` here",
            hint='write `registry: "docker://registry.example/lab/"` under it, then run '
            f"`pyenvspec container push {quote(target.container)}`",
        )
    if scheduler in _WITH_BASE and container.base == "none":
        context.add(
            "run-wants-base",
            at,
            f"{scheduler} installs its own programs into the image, which has no distribution underneath",
            expected=f"`base` under `containers.{target.container}`",
            hint="write `base: docker.io/library/debian:12-slim` under it",
            severity=Severity.WARNING,
        )

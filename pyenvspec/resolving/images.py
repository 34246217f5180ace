"""Images: what each holds and is called."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from pyenvspec.plan import Container
from pyenvspec.resolving.overrides import plan_text

if TYPE_CHECKING:
    from pyenvspec.plan import Shell
    from pyenvspec.spec.model import Spec


def plan_containers(spec: Spec, name: str, shells: tuple[Shell, ...]) -> tuple[Container, ...]:
    """Return the images in the order of their names."""
    # Texts of an image are those of its variant: `${cuda.X}` is in that one's CUDA.
    cuda = {shell.name: shell.cuda for shell in shells}
    return tuple(
        Container(
            name=key,
            image=container.image or _image_name(name),
            tag=container.tag,
            command=container.command,
            copy=tuple(posixpath.normpath(path) for path in container.copy_),
            registry=container.registry,
            variant=container.variant,
            project=container.project,
            cuda=container.cuda,
            base=None if container.base == "none" else container.base,
            env=tuple(
                (variable, plan_text(text, cuda[container.variant]))
                for variable, text in sorted(container.env.items())
            ),
            ports=container.ports,
            labels=tuple(sorted(container.labels.items())),
        )
        for key, container in sorted(spec.containers.items())
    )


def _image_name(name: str) -> str:
    """Make a project's name one of an image: registries know no capital letters, and no two dots."""
    # `My..Lab_` becomes `my-lab`, and `_` nothing at all.
    return re.sub(r"[._-]{2,}", "-", name.lower()).strip("._-") or "project"

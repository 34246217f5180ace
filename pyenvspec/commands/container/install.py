"""Images whose Python packages Nix cannot fetch by hash: an engine installs these in a container, Nix makes the rest.

The Containerfile that says so is the user's to read; all that it stands on is made by Nix.
"""

from __future__ import annotations

import json
import posixpath
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.checking.containers import pylock_command
from pyenvspec.commands.container.containerfile import (
    CERTIFICATES,
    Installation,
    certificates,
    format_containerfile,
    indices,
    place_of_parts,
)
from pyenvspec.commands.steps import missing_program, write_generated
from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.reporter import say
from pyenvspec.tools import NOT_FOUND, exec_or_run, nix_argv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyenvspec.commands.steps import Step
    from pyenvspec.plan import Container, Environment, Shell

IMAGE_FOLDER = ".pyenvspec/container"
STEPS = 2
"""How many commands make the image in the engine's store."""
# The image specification's own key; registries and scanners show it.
_REVISION = "org.opencontainers.image.revision"


def ask_nix(directory: Path, container: Container) -> Installation | int:
    """Return what Nix says of an image, or its exit code: it reads the lock whenever it makes one.

    Raises PyenvspecError where there is no Nix.
    """
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, "plan")
        output = f".#container-{container.name}.inContainer.plan"
        # To a file, and on our terminal: Nix shows how far it is, and may have inputs to fetch.
        code = exec_or_run(nix_argv("eval", "--write-to", str(written), output), cwd=directory, stay=True)
        if code == NOT_FOUND:
            raise PyenvspecError(missing_program("nix"))
        if code != 0:
            return code
        plan = json.loads(written.read_text(encoding="utf-8"))
    return Installation(tuple(plan["reasons"]), plan["revision"], tuple(plan["folders"]))


def guess(directory: Path, environment: Environment) -> Installation:
    """Return the same without Nix, as far as the names of files tell it: for showing what would be run."""
    named = environment.requirements or ""
    # Locks of uv and poetry have hashes, as a pylock.toml has: Nix fetches what they name.
    if environment.manager != "pip" or not named or named.endswith(".toml"):
        return Installation(())
    # Nix reads this in place of the requirements, where it is there.
    lock = directory / environment.project / "pylock.toml"
    if lock.exists() or not (directory / named).is_file():
        return Installation(())
    return Installation((f"{named} does not name the files of its packages, each with its hash",))


def store_of(engine: str) -> str:
    """Return where an engine keeps its images, in skopeo's words."""
    return "docker-daemon:" if engine == "docker" else "containers-storage:"


def reference_of(container: Container, engine: str) -> str:
    """Return the name of the image; `localhost/` is what all but Docker put before a short one."""
    name = f"{container.image}:{container.tag}"
    return name if engine == "docker" else f"localhost/{name}"


def build_steps(
    container: Container, installation: Installation, engine: str, extra: Sequence[str]
) -> list[Step]:
    """Return the commands that make the image in the engine's store."""
    folder = posixpath.join(IMAGE_FOLDER, container.name)
    parts = nix_argv(
        "run",
        f".#container-{container.name}.inContainer.copyTo",
        "--",
        store_of(engine) + place_of_parts(container),
    )
    build = [engine, "build", "--file", f"{folder}/Containerfile", "--tag", reference_of(container, engine)]
    # Docker and Podman keep the result of a RUN line for the next build by themselves.
    if engine == "buildah":
        build.append("--layers")
    # By name alone: the engine takes the value from its environment, and no command line shows a password.
    for name in indices():
        build += ["--build-arg", name]
    if installation.revision is not None:
        build += ["--label", f"{_REVISION}={installation.revision}"]
    # The folder with the Containerfile is the whole context: what the project has is in the images of Nix.
    return [parts, (*build, *extra, folder)]


def copy_step(container: Container, engine: str, target: str, extra: Sequence[str] = ()) -> Step:
    """Return the command that copies the finished image to somewhere else and prints its digest."""
    source = store_of(engine) + reference_of(container, engine)
    return nix_argv("run", f".#container-{container.name}.inContainer.copyFrom", "--", source, target, *extra)


def write_containerfile(directory: Path, container: Container, installation: Installation) -> None:
    """Write the Containerfile, in a folder of its own, which is all that the engine gets to see."""
    path = f"{IMAGE_FOLDER}/{container.name}/Containerfile"
    write_generated(directory, path, format_containerfile(container, installation))
    if trusted := certificates():
        path = f"{IMAGE_FOLDER}/{container.name}/{CERTIFICATES}"
        write_generated(directory, path, trusted.read_text(encoding="utf-8", errors="replace"))


def tell(shell: Shell, installation: Installation, engine: str) -> None:
    """Say what is not as it could be, why, and what helps."""
    say(f"Nix makes this image but for its Python packages, which {engine} installs in a container:")
    for reason in installation.reasons:
        say(" ".join(reason.split()))
    say(
        "Another build may give another image: open versions, and what packages are built with, are those of the day."
    )
    named = shell.environment.requirements or ""
    if shell.environment.manager == "pip" and not named.endswith(".toml"):
        say(f"To have Nix fetch them by hash: {pylock_command(shell.interpreter.version, named)}")

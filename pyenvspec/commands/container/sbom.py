"""Build an image, ask Nix and the locks what is in it, and write its document."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.commands.steps import run_steps
from pyenvspec.reporter import put, say, show
from pyenvspec.tools import SystemRunner, nix_argv
from pyenvspec.writing.atomic import replace_file
from pyenvspec.writing.projectfs import explained

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenvspec.commands.container.command import ContainerOptions
    from pyenvspec.commands.steps import Step
    from pyenvspec.plan import Container, Shell


def write_sbom(
    options: ContainerOptions,
    shell: Shell,
    container: Container,
    copy: Callable[[Path], Step] | None = None,
) -> int:
    """Write the document of an image to the file of `--output`, or print it; return the exit code.

    `copy` gives the command that copies an image that an engine made to a folder.
    """
    # Of all that `container` does only this needs CycloneDX' library.
    from pyenvspec.commands.sbom import contents
    from pyenvspec.commands.sbom.document import format_sbom

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        layout = folder / "image"
        build = nix_argv("build", "--out-link", str(layout), f".#container-{container.name}")
        # Its stdout is the document, so that what programs print goes to stderr.
        code = run_steps([copy(layout) if copy else build], options, stay=True, talks=True)
        if code != 0:
            return code
        paths = contents.read_layers(layout, folder) if copy else contents.paths_of_image(layout)
        # The store knows hashes and references; an image has paths only.
        done = contents.ask_store(paths, SystemRunner())
        if not done.ok:
            show(done.stderr)
            return 1
        locked = contents.read_locked_files(options.directory / shell.environment.project)
        text = format_sbom(
            container.image,
            container.tag,
            contents.digest_of_layout(layout),
            contents.read_paths(json.loads(done.stdout), locked),
            list(contents.distributions(folder / "opt" / "env", locked)),
        )
    if options.output is None:
        put(text)
    else:
        with explained(options.output):
            replace_file(options.directory / options.output, text.encode())
        say(f"wrote {options.output}: {len(paths)} paths")
    return 0

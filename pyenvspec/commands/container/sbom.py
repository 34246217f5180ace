"""Build an image, ask Nix and the locks what is in it, and write its document."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.commands.steps import run_steps
from pyenvspec.reporter import put, say, show
from pyenvspec.tools import SystemRunner, nix_argv

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenvspec.commands.steps import Step
    from pyenvspec.options import Options
    from pyenvspec.plan import Container, Plan


def write_sbom(
    options: Options,
    plan: Plan,
    container: Container,
    output: str | None,
    copy: Callable[[Path], Step] | None = None,
) -> int:
    """Write the document of an image to `output`, or print it; return the exit code.

    `copy` gives the command that copies an image that an engine made to a folder.
    """
    from pyenvspec.commands.sbom import contents
    from pyenvspec.commands.sbom.document import format_sbom

    shell = next(shell for shell in plan.shells if shell.name == container.variant)
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        link = folder / "image"
        build = nix_argv("build", "--out-link", str(link), f".#container-{container.name}")
        code = run_steps([copy(link) if copy else build], options, stay=True, talks=True)
        if code != 0:
            return code
        paths = contents.read_layers(link, folder) if copy else contents.paths_of_image(link)
        ask = nix_argv("path-info", "--json", "--json-format", "1", "--stdin")
        done = SystemRunner().run(ask, input="".join(f"{path}\n" for path in paths))
        if not done.ok:
            show(done.stderr)
            return 1
        known = json.loads(done.stdout)
        digest = json.loads((link / "index.json").read_text(encoding="utf-8"))["manifests"][0]["digest"]
        locked = contents.read_locked_files(options.directory / shell.environment.project)
        text = format_sbom(
            container.image,
            container.tag,
            digest,
            contents.read_paths(known, locked),
            contents.read_installed(folder / "opt" / "env", locked),
        )
    if output is None:
        put(text)
    else:
        (options.directory / output).write_text(text, encoding="utf-8")
        say(f"wrote {output}: {len(paths)} paths")
    return 0

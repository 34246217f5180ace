"""One file that opens an image by itself: for machines without root, Nix and engines."""

from __future__ import annotations

import io
import shlex
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pyenvspec.commands.sbom.contents import blob_path, digest_of_layout, read_blob
from pyenvspec.commands.steps import run_steps
from pyenvspec.diagnostics import Diagnostic, PyenvspecError
from pyenvspec.reporter import say
from pyenvspec.tools import nix_argv
from pyenvspec.writing.projectfs import explained

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyenvspec.commands.container.command import ContainerOptions
    from pyenvspec.commands.steps import Step
    from pyenvspec.plan import Container

_SCRIPT = Path(__file__).with_name("open_archive.sh")
_NO_HOME = ("HOME", "USER", "LOGNAME")  # inside it is still this user


def write_archive(
    options: ContainerOptions,
    container: Container,
    copy: Callable[[Path], Step] | None = None,
) -> int:
    """Build an image, or `copy` it as a layout, and write it as a program; return the exit code."""
    # The layers of a base come from a registry at copy time: the image in the store has only what Nix made.
    if container.base is not None and copy is None:
        message = (
            f"`containers.{container.name}` has a `base`, whose files are pulled when the image is copied"
        )
        hint = "take `base` away, or run `pyenvspec container sif`"
        raise PyenvspecError(Diagnostic("container-base", message, hint=hint))
    target = options.directory / (options.output or f"{container.name}.run")
    with tempfile.TemporaryDirectory() as folder:
        layout = Path(folder, "image")
        build = nix_argv("build", "--out-link", str(layout), f".#container-{container.name}")
        code = run_steps([copy(layout) if copy else build], options, stay=True)
        if code == 0:
            with explained(target.name):
                pack(layout, f"{container.image}:{container.tag}", target)
            say(
                f"wrote {target.name}: {target.stat().st_size:,} bytes; run it as ./{target.name} [COMMAND …]"
            )
    return code


def pack(layout: Path, name: str, target: Path) -> None:
    """Write the image of a layout as a program at `target`; the same image gives the same bytes."""
    digest = digest_of_layout(layout)
    manifest = read_blob(layout, digest)
    script = _SCRIPT.read_text(encoding="utf-8")
    # The archive begins on the line below the script, which hands all from there on to tar.
    line = script.count("\n") + 1
    for mark, value in (
        ("@IMAGE@", name),
        ("@DIGEST@", digest.removeprefix("sha256:")),
        ("@LINE@", str(line)),
    ):
        script = script.replace(mark, value)
    # Renamed once it is whole: half of it would run, and fail in the middle of its layers.
    draft = target.with_name(f".{target.name}.draft")
    draft.unlink(missing_ok=True)
    try:
        # Exclusive: a link of that name is not written through.
        with draft.open("xb") as file:
            file.write(script.encode())
            _write_tar(file, layout, manifest)
        draft.chmod(0o755)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)  # gigabytes, where the disk was full or the user pressed ^C


def _write_tar(file: BinaryIO, layout: Path, manifest: dict[str, Any]) -> None:
    # Read from a pipe there, so written as one; the pax form has room for layers of more than 8 GB.
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        _add(archive, "enter", _format_enter(read_blob(layout, manifest["config"]["digest"])["config"]))
        for number, layer in enumerate(manifest["layers"]):
            path = blob_path(layout, layer["digest"])
            # Numbered, since the order of layers counts; a TarInfo has no time and no owner of its own.
            entry = tarfile.TarInfo(f"{number:03}.gz")
            entry.size = path.stat().st_size
            with path.open("rb") as content:
                archive.addfile(entry, content)


def _add(archive: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(text.encode())
    archive.addfile(entry, io.BytesIO(text.encode()))


def _format_enter(config: dict[str, Any]) -> str:
    """Return what runs inside: the image's variables and command, the folder that one stands in."""
    variables = [line.partition("=")[::2] for line in config["Env"]]
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables if name not in _NO_HOME]
    folder = shlex.quote(config.get("WorkingDir") or "/")
    return "\n".join(
        [
            # $1 and $2 are the user's home and folder, the rest what is to run (open_archive.sh).
            "export HOME=$1",
            f'cd "$2" 2>/dev/null || cd {folder}',
            "shift 2",
            *lines,
            f"[ $# -gt 0 ] || set -- {shlex.join(config['Cmd'])}",
            'exec "$@"',
            "",
        ]
    )

"""`pyenvspec kernel install|remove [VARIANT]`: the shell as a kernel of a Jupyter that runs anywhere."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pyenvspec.commands.steps import find_shell
from pyenvspec.driver import load_plan
from pyenvspec.locale.language import translated
from pyenvspec.options import USAGE, Options
from pyenvspec.records import dataclass
from pyenvspec.reporter import put, say
from pyenvspec.tools import home_folder, user_folder
from pyenvspec.writing.atomic import replace_file
from pyenvspec.writing.projectfs import explained

if TYPE_CHECKING:
    import argparse


@dataclass(frozen=True)
class KernelOptions(Options):
    """What this command can be told besides."""

    action: str = "install"
    variant: str = "default"


def declare(parser: argparse.ArgumentParser) -> type[KernelOptions]:
    """Declare the arguments; return what holds them."""
    parser.add_argument(
        "action", choices=("install", "remove"), help="for this user, under the project's name"
    )
    parser.add_argument("variant", nargs="?", default="default", metavar="VARIANT", help="default: default")
    return KernelOptions


def run(options: KernelOptions) -> int:
    """Write or take away the kernel's folder."""
    plan = load_plan(options.directory)
    if find_shell(plan, options.variant) is None:
        return USAGE
    title = plan.name if options.variant == "default" else f"{plan.name} ({options.variant})"
    # Lower case, as Jupyter reads the names of kernels.
    folder = kernels_folder() / f"{plan.name}-{options.variant}".removesuffix("-default").lower()
    if options.action == "remove":
        with explained(str(folder)):
            if folder.is_dir():  # taken away already is as good
                shutil.rmtree(folder)
        put(translated(f"removed {folder}\n"))
        return 0
    text = json.dumps(kernel_spec(options.directory, options.variant, title), indent=1, ensure_ascii=False)
    with explained(str(folder / "kernel.json")):
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / "kernel.json", f"{text}\n".encode())
    put(translated(f"wrote {folder / 'kernel.json'}\n"))
    if not options.quiet:
        say("Choose it in Jupyter as `" + title + "`; the project needs the package ipykernel.")
    return 0


def kernel_spec(directory: Path, variant: str, title: str) -> dict[str, object]:
    """Return the kernel: it opens the shell, so that `env`, libraries and the driver are there as in a terminal."""
    root = str(directory.resolve())
    # By this interpreter, since Jupyter's PATH need not have pyenvspec; -P, so that no `pyenvspec` of the folder in
    # which Jupyter starts it is imported instead.
    # -q: what a kernel prints before it runs only fills Jupyter's log.
    shell = [sys.executable, "-P", "-m", "pyenvspec", "shell", "-q", "-C", root, variant, "--"]
    return {
        # Jupyter fills in {connection_file}.
        "argv": [*shell, "python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": title,
        "language": "python",
        "metadata": {"debugger": True},
    }


def kernels_folder() -> Path:
    """Return where Jupyter looks for this user's kernels (jupyter_core.paths.jupyter_data_dir)."""
    if data_folder := os.environ.get("JUPYTER_DATA_DIR"):
        return Path(data_folder) / "kernels"
    if sys.platform == "darwin":
        return home_folder() / "Library" / "Jupyter" / "kernels"
    return user_folder("XDG_DATA_HOME", ".local/share") / "jupyter" / "kernels"

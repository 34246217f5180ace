"""What nix-prefetch-github needs, where a plain install has left it: beside pyenvspec, or in the Nix of `get-nix`."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pyenvspec.pinning.fetch import PROGRAM
from pyenvspec.tools import has_program, own_nix, search_path

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOKED_FOR = "nix-prefetch-git"
"""It must be there, or nix-prefetch-github builds an expression of <nixpkgs>; for what is asked here it never runs."""
# Were it run all the same, that fails, and no wrong pin comes of it.
_NOT_RUN = "#!/bin/sh\nfalse\n"


@contextmanager
def helpers_on_path() -> Iterator[None]:
    """Put what is missing on PATH while pins are fetched, behind what the user has there."""
    with TemporaryDirectory() as folder:
        more = [folder]
        beside = Path(sys.executable).parent / PROGRAM
        # `uv tool install` and pipx put only our own program on PATH, not those of what it depends on.
        if not has_program(PROGRAM) and beside.exists():
            Path(folder, PROGRAM).symlink_to(beside)
        if not has_program(_LOOKED_FOR):
            Path(folder, _LOOKED_FOR).write_text(_NOT_RUN)
            Path(folder, _LOOKED_FOR).chmod(0o755)
        if not has_program("nix") and (own := own_nix()):
            more.append(str(own.parent))
        # In the environment of this process, since fetching starts programs that start others.
        before = os.environ.get("PATH")
        os.environ["PATH"] = os.pathsep.join([*search_path(), *more])
        try:
            yield
        finally:
            if before is None:
                del os.environ["PATH"]
            else:
                os.environ["PATH"] = before

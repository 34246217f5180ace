"""`buildah` for tests over tests/hostpkgs: the real one, once links to this machine's programs are filled in.

Started as `python buildah_stand_in.py BUILDAH WORDS…` in the place of `BUILDAH WORDS…`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import engines

POETRY = """set -e
/opt/python/bin/python -I -m venv /opt/poetry
/opt/poetry/bin/pip install --quiet --disable-pip-version-check poetry >&2
ln -sf /opt/poetry/bin/poetry /usr/bin/poetry
"""


def ask(*command: str) -> str:
    """What a command printed."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def fill_in(buildah: str, image: str) -> None:
    """Make an image of a store again, with files for links, once; the same image gives the same one."""
    notes = Path(os.environ["CONTAINERS_STORAGE_CONF"]).with_name("filled-in.json")
    known: dict[str, str] = json.loads(notes.read_text()) if notes.exists() else {}
    given = ask(buildah, "images", "--quiet", "--no-trunc", image)
    if given in known:
        ask(buildah, "tag", known[given], image)
        return
    container = ask(buildah, "from", "--pull-never", image)
    root = Path(ask(buildah, "mount", container))
    try:
        engines.complete(root)
        needs_poetry = os.path.lexists(root / "usr" / "bin" / "poetry")
    finally:
        ask(buildah, "umount", container)
    if needs_poetry:
        # A script in an environment of this machine, which the image has not: one of the index for it.
        bundle = os.environ.get("PIP_CERT", "/etc/ssl/certs/ca-certificates.crt")
        trust = ("--volume", f"{bundle}:/certificates:ro", "--env", "PIP_CERT=/certificates")
        ask(buildah, "run", *trust, container, "--", "/bin/sh", "-c", POETRY)
    ask(buildah, "commit", "--rm", "--quiet", "--timestamp", "1", container, image)
    known[given] = ask(buildah, "images", "--quiet", "--no-trunc", image)
    notes.write_text(json.dumps(known))


def main() -> None:
    """Fill in what the Containerfile names, then become buildah."""
    buildah, *words = sys.argv[1:]
    if words[0] == "build":
        text = Path(words[words.index("--file") + 1]).read_text()
        for image in re.findall(r"^FROM (localhost/\S+)", text, re.MULTILINE):
            fill_in(buildah, image)
    os.execv(buildah, [buildah, *words])


if __name__ == "__main__":
    main()

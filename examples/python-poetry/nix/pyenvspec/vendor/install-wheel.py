# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
"""Unpack one wheel into $out as pip does, with the pip that this Python brings, unpacked in $pip.

Without what would differ from machine to machine or keep the wheel itself alive: where it came from, and compiled files
that are checked by time, which the Nix store sets to zero.
"""

import compileall
import glob
import os
import py_compile
import subprocess
import sys
import urllib.parse


def main():
    wheel, out = sys.argv[1], os.environ["out"]
    name = urllib.parse.unquote(os.environ["file"])
    # pip reads name, version and tags in the name of the file.
    os.symlink(wheel, name)
    # The file is the one of the lock, and what it needs is another one: pip is to unpack, and to look for nothing.
    command = [
        sys.executable,
        "-B",
        os.path.join(os.environ["pip"], "pip"),
        "install",
        "--no-index",
        "--no-deps",
        "--no-compile",
    ]
    command += [
        "--ignore-requires-python",
        "--ignore-installed",
        "--no-warn-script-location",
        "--disable-pip-version-check",
    ]
    command += ["--no-cache-dir", "--root-user-action=ignore", "--quiet", "--prefix", out, "./" + name]
    subprocess.run(command, check=True)
    for folder in glob.glob(out + "/**/*.dist-info", recursive=True):
        _forget_origin(folder)
    compileall.compile_dir(
        os.path.join(out, "lib"),
        quiet=2,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def _forget_origin(folder):
    """direct_url.json names the wheel's place in the store, which would then be part of every image."""
    origin, record = os.path.join(folder, "direct_url.json"), os.path.join(folder, "RECORD")
    if not os.path.exists(origin):
        return
    os.remove(origin)
    with open(record, encoding="utf-8") as file:
        lines = [line for line in file if "/direct_url.json," not in line]
    with open(record, "w", encoding="utf-8") as file:
        file.writelines(lines)


if __name__ == "__main__":
    main()

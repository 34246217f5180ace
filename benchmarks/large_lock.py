"""What a large uv.lock costs: `check` of a project with N packages (5,000) against one with none.

A third of the packages is compiled, with 30 wheels each; the rest has one wheel. Prints seconds, best of three.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from pyenvspec.driver import check_project

PLATFORMS = (
    "macosx_11_0_arm64",
    "manylinux_2_17_aarch64",
    "manylinux_2_17_x86_64",
    "musllinux_1_2_x86_64",
    "win_amd64",
)
HASH = "0" * 64


def write_project(folder: Path, packages: int) -> None:
    """Write a project whose lock has so many packages, each needing three others."""
    (folder / "env.yaml").write_text("python: {version: 3.11, manager: uv2nix}\n")
    (folder / "pyproject.toml").write_text('[project]\nname = "demo"\nrequires-python = ">=3.10"\n')
    lines = [
        'version = 1\nrequires-python = ">=3.10"\n\n[[package]]\nname = "demo"\nsource = { virtual = "." }'
    ]
    lines.append("dependencies = [" + ('{ name = "package-0" }' if packages else "") + "]\n")
    for number in range(packages):
        lines.append(_package(number, packages))
    (folder / "uv.lock").write_text("\n".join(lines))


def _package(number: int, packages: int) -> str:
    name = f"package-{number}"
    tags = ["py3-none-any"]
    if number % 3 == 0:
        tags = [f"cp3{minor}-cp3{minor}-{platform}" for minor in range(8, 14) for platform in PLATFORMS]
    edges = "".join(f'    {{ name = "package-{(number * 7 + n) % packages}" }},\n' for n in (1, 2, 3))
    files = "".join(f"    {_file(f'{name}-1.0-{tag}.whl')},\n" for tag in tags)
    return (
        f'[[package]]\nname = "{name}"\nversion = "1.0"\nsource = {{ registry = "https://index.example/simple" }}\n'
        f"dependencies = [\n{edges}]\nsdist = {_file(f'{name}-1.0.tar.gz')}\nwheels = [\n{files}]\n"
    )


def _file(name: str) -> str:
    place = f"https://index.example/packages/ab/cd/{HASH[:60]}/{name}"
    return f'{{ url = "{place}", hash = "sha256:{HASH}", size = 12345678, upload-time = "2025-05-18T23:33:13.503Z" }}'


def measure(packages: int) -> float:
    """Return the seconds of one `check`."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_project(folder, packages)
        times = []
        for _ in range(3):
            start = time.perf_counter()
            check_project(folder)
            times.append(time.perf_counter() - start)
        return min(times)


def main() -> int:
    """Print both and their difference."""
    packages = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    empty, full = measure(0), measure(packages)
    print(f"0 packages: {empty:.3f} s; {packages} packages: {full:.3f} s; difference: {full - empty:.3f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())

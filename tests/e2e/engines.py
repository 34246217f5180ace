"""Real engines over images: an OCI image layout in, what a command in a container of it printed out.

Images made over tests/hostpkgs hold links to programs of this machine. `complete` copies those into the unpacked image,
with the libraries that they are linked with, so that what runs is the image and nothing of the machine around it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PACKAGES = {
    "umoci": "umoci",
    "runc": "runc",
    "skopeo": "skopeo",
    "docker-registry": "docker-registry",
    "pigz": "pigz",
    "setpriv": "util-linux",
    "buildah": "buildah",
}
_SBIN = "/usr/sbin:/sbin"


def need(*programs: str) -> None:
    """Skips the test where one of these is missing, by the name of its Debian package."""
    missing = [PACKAGES.get(name, name) for name in programs if find(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)} (Debian: apt-get install {' '.join(missing)})")


def find(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", "") + ":" + _SBIN)


def run(*command: str, timeout: float = 300) -> str:
    """What a command printed; it must succeed."""
    program = find(command[0]) or command[0]
    done = subprocess.run(
        [program, *command[1:]], capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def wait_for(port: int) -> None:
    """Until something answers on a port of this machine."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"nothing answers on port {port}")


# ---- an unpacked image --------------------------------------------------------------------------


@dataclass(frozen=True)
class Bundle:
    """An image that umoci unpacked for runc; `config` is runc's, made of the image's own."""

    folder: Path

    @property
    def root(self) -> Path:
        """The files of the image."""
        return self.folder / "rootfs"

    def config(self) -> dict[str, object]:
        """What the image says of its process."""
        return dict(json.loads((self.folder / "config.json").read_text()))

    def tell_to_end(self, code: str) -> tuple[str, int]:
        """Python code in a container, told to end after its first line: all that it wrote, and its exit code."""
        process = self.start("python", "-c", code)
        assert process.stdout is not None
        first = process.stdout.readline()
        for _ in range(10):
            # runc hands a signal on, but loses one at times that comes while it still starts to listen.
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                out, _ = process.communicate(timeout=5)
                return first + out, process.returncode
        process.kill()
        return first, process.wait()

    def start(
        self,
        *words: str,
        user: tuple[int, int] | None = None,
        mounts: dict[str, str] | None = None,
        env: tuple[str, ...] = (),
    ) -> subprocess.Popen[str]:
        """The image's command, or `words` in its place, in a container."""
        config = json.loads((self.folder / "config.json").read_text())
        config["process"]["terminal"] = False
        if words:
            config["process"]["args"] = list(words)
        if user is not None:
            config["process"]["user"] = {"uid": user[0], "gid": user[1]}
        config["process"]["env"] += list(env)
        for target, source in (mounts or {}).items():
            bind = {"destination": target, "type": "bind", "source": source, "options": ["bind", "ro"]}
            config["mounts"].append(bind)
        name = f"pyenvspec-{uuid.uuid4().hex[:12]}"
        folder = self.folder.with_name(name)
        folder.mkdir()
        (folder / "rootfs").symlink_to(self.root)
        config["root"] = {"path": str(self.root), "readonly": False}
        (folder / "config.json").write_text(json.dumps(config))
        command = [str(find("runc")), "run", "--bundle", str(folder), name]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *words: str, **how: object) -> Outcome:
        """The same until it ends."""
        process = self.start(*words, **how)  # type: ignore[arg-type]
        out, err = process.communicate(timeout=120)
        for target in how.get("mounts") or {}:  # type: ignore[attr-defined]
            # runc leaves an empty file where it mounted one.
            place = self.root / str(target).lstrip("/")
            if place.is_file() and not place.stat().st_size:
                place.unlink()
        return Outcome(process.returncode, out, err)


@dataclass(frozen=True)
class Outcome:
    """How a container ended."""

    code: int
    out: str
    err: str

    def check(self) -> str:
        """What it printed; it must have succeeded."""
        assert self.code == 0, f"exit code {self.code}\n{self.out}\n{self.err}"
        return self.out


def unpack(layout: Path, tag: str, folder: Path) -> Bundle:
    """An image layout as umoci unpacks it, its missing programs filled in."""
    run("umoci", "unpack", "--image", f"{layout}:{tag}", str(folder))
    bundle = Bundle(folder)
    complete(bundle.root)
    return bundle


def complete(root: Path) -> None:
    """Fill in the missing programs of an unpacked image."""
    _Completion(root).complete()


@dataclass
class _Completion:
    """Puts files of this machine in the place of the links to them, of which hostpkgs' packages are made."""

    root: Path
    done: set[Path] = field(default_factory=set)

    def complete(self) -> None:
        """Every link of the image's store that leads out of it."""
        for path in sorted((self.root / "nix" / "store").rglob("*")):
            if path.is_symlink():
                self._replace(path)
            elif path.is_file():
                self._add_libraries(path, path)

    def _replace(self, link: Path) -> None:
        target = link.readlink()
        if not target.is_absolute() or target.is_relative_to("/nix/store") or not target.exists():
            return
        real = target.resolve()
        link.unlink()
        if real.is_dir():
            shutil.copytree(
                real,
                link,
                ignore_dangling_symlinks=True,
                ignore=shutil.ignore_patterns("test", "__pycache__"),
            )
            for path in link.rglob("*.so*"):
                self._add_libraries(path, real / path.relative_to(link))
        else:
            shutil.copy2(real, link)
            self._add_libraries(link, real)

    def _add_libraries(self, path: Path, original: Path) -> None:
        """What a program of this machine is linked with, where its loader looks for it."""
        with path.open("rb") as file:
            if file.read(4) != b"\x7fELF":
                return
        listing = subprocess.run(["ldd", str(original)], capture_output=True, text=True, check=False).stdout
        for word in listing.replace("=>", " ").split():
            place = self.root / word.lstrip("/")
            if word.startswith("/") and not word.startswith("/nix/") and place not in self.done:
                self.done.add(place)
                place.parent.mkdir(parents=True, exist_ok=True)
                if not os.path.lexists(place):
                    shutil.copy2(Path(word).resolve(), place)

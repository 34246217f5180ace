"""The real flake inputs of this machine: where they are, which are missing, and their copies in the Nix store.

In: folders named after flake inputs. Several nixpkgs may lie side by side: `nixpkgs`, `nixpkgs-25.05`, …; each says
its release itself. Out: the words that put local sources in the place of those that a flake names. A test that needs
what is not there is skipped, and says its name.
"""

from __future__ import annotations

import fcntl
import functools
import json
import os
import re
import shutil
import subprocess
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

# Inputs that are another one's source at a different place or revision.
SAME_AS = {"nixpkgs-cuda": "nixpkgs", "nixpkgs-python/nixpkgs": "nixpkgs"}


def cache_folder() -> Path:
    """Where scripts/get-nix and scripts/fetch-inputs put what they fetch."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pyenvspec"


@dataclass(frozen=True)
class Aged:
    """A nixpkgs, and the attributes that it does not really have."""

    path: Path
    lacking: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Inputs:
    """Sources by the name of the input, and each nixpkgs by its release (`26.11`); folders, or paths of the store."""

    folder: Path
    sources: dict[str, Path] = field(default_factory=dict)
    nixpkgs: dict[str, Path] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is there."""
        return bool(self.sources or self.nixpkgs)

    @property
    def newest(self) -> str:
        """The newest nixpkgs at hand; a test that asks is skipped where there is none."""
        if not self.nixpkgs:
            self._skip("nixpkgs")
        return max(self.nixpkgs, key=_number)

    def has(self, name: str) -> bool:
        """Whether the sources of an input are there."""
        name = SAME_AS.get(name, name)
        return bool(self.nixpkgs) if name == "nixpkgs" else name in self.sources

    def path(self, name: str, release: str = "") -> Path:
        """The sources of an input, nixpkgs of `release` (`nixos-25.05`) where that is there, else the newest."""
        name = SAME_AS.get(name, name)
        if name == "nixpkgs":
            wanted = release.removeprefix("nixos-")
            return self.nixpkgs[wanted if wanted in self.nixpkgs else self.newest]
        if name not in self.sources:
            self._skip(name)
        return self.sources[name]

    def overrides(
        self, names: set[str], release: str = "", places: dict[str, Path] | None = None
    ) -> list[str]:
        """The words for Nix that replace these inputs of a flake; `places` are other sources for some of them."""
        words = []
        for name in sorted(names):
            place = (places or {}).get(name) or self.path(name, release)
            words += ["--override-input", name, to_flake(place)]
        return words

    def nixpkgs_for(self, nix: Path, release: str, module: str, folder: Path) -> Aged:
        """The nixpkgs for what asks for `release`: that one, else the newest, which may lack old Pythons and CUDAs.

        Those are then made of newer ones (tests/agedpkgs, laid into `folder`); whatever else is lacking skips the test.
        `module` is the text of a generated nix/pyenvspec/default.nix: `pkgs.NAME` is what is asked.
        """
        if release.removeprefix("nixos-") in self.nixpkgs:
            return Aged(self.path("nixpkgs", release), ())
        names = set(_PACKAGE.findall(module))
        if "inputs.cuda-legacy" in module:
            names = {name for name in names if not name.startswith("cudaPackages_")}
        lacking = _find_lacking(nix, self.path("nixpkgs"), sorted(names))
        if missing := [name for name in lacking if not _OLD.fullmatch(name)]:
            pytest.skip(
                f"needs {release}: nixpkgs {self.newest}, the newest at hand, has no {', '.join(missing)}"
            )
        if not lacking:
            return Aged(self.path("nixpkgs"), ())
        return Aged(_lay_aged(nix, self.path("nixpkgs"), lacking, folder), tuple(lacking))

    def _skip(self, name: str) -> NoReturn:
        pytest.skip(f"needs the flake input `{name}` in {self.folder} (see CONTRIBUTING.md)")


def to_flake(folder: Path) -> str:
    """A folder as a flake reference."""
    return f"path:{urllib.parse.quote(str(folder))}"


def _number(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split(".") if part.isdigit())


_PACKAGE = re.compile(r"\b(?:pkgs|cudaPkgs|pkgs-[\w-]+)\.([A-Za-z_]\w*(?:\.[A-Za-z_][\w-]*)*)")
_OLD = re.compile(r"python3\d+|cudaPackages_\d+_\d+(\.(?!nccl)\w+(\.\w+)*)?")
AGEDPKGS = Path(__file__).parent.parent / "agedpkgs"
# Stand-ins for what some copies of nixpkgs lack.
WITHOUT_HASKELL = AGEDPKGS.parent.parent / "scripts" / "without-haskell.nix"
# A name that was removed is an alias that throws.
_HAS = """
names:
let
  pkgs = import %s { system = "x86_64-linux"; config.allowUnfree = true; };
  inherit (pkgs) lib;
  has = path: lib.hasAttrByPath path pkgs && builtins.seq (lib.getAttrFromPath path pkgs) true;
in
builtins.filter (name: !(builtins.tryEval (has (lib.splitString "." name))).value) names
"""


def _find_lacking(nix: Path, nixpkgs: Path, names: list[str]) -> list[str]:
    expression = f"({_HAS % nixpkgs}) (builtins.fromJSON {json.dumps(json.dumps(names))})"
    told = subprocess.run(
        [
            str(nix),
            "--extra-experimental-features",
            "nix-command",
            "eval",
            "--impure",
            "--json",
            "--expr",
            expression,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    lacking: list[str] = json.loads(told.stdout)
    return lacking


def _lay_aged(nix: Path, nixpkgs: Path, lacking: list[str], folder: Path) -> Path:
    if not folder.exists():
        shutil.copytree(AGEDPKGS, folder)
        shutil.copy(WITHOUT_HASKELL, folder)
        sets: dict[str, list[str]] = {}
        for name in lacking:
            first, _, rest = name.partition(".")
            sets.setdefault(first, []).extend([rest.split(".")[0]] if rest else [])
        source = {"path": str(nixpkgs), "narHash": hash_of(nix, nixpkgs)}
        (folder / "aged.json").write_text(json.dumps({"nixpkgs": source, "lacking": sets}))
    return folder


def find_folders() -> Inputs:
    """What is unpacked in PYENVSPEC_INPUTS or in the cache."""
    folder = Path(os.environ.get("PYENVSPEC_INPUTS") or cache_folder() / "inputs")
    found = Inputs(folder)
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        version = place / "lib" / ".version"
        if place.name.split("-")[0] == "nixpkgs" and (place / "pkgs" / "top-level").is_dir():
            found.nixpkgs[version.read_text().strip()] = place
        elif place.is_dir():
            found.sources[place.name] = place
    return found


@functools.cache
def find_inputs(nix: Path) -> Inputs:
    """The same as paths of the store: each is copied and hashed once, however many tests and sessions use it."""
    found = find_folders()
    kept = cache_folder() / "inputs-in-store.json"
    if not found:
        return found
    kept.parent.mkdir(parents=True, exist_ok=True)
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
        sources = {name: _put_in_store(nix, place, known) for name, place in found.sources.items()}
        nixpkgs = {release: _put_in_store(nix, place, known) for release, place in found.nixpkgs.items()}
        kept.write_text(json.dumps(known, indent=1, sort_keys=True))
    return Inputs(found.folder, sources, nixpkgs)


def _put_in_store(nix: Path, folder: Path, known: dict[str, str]) -> Path:
    """Unpacked sources are replaced as a whole, never edited: the folder's own time tells."""
    status = folder.resolve().stat()
    key = f"{os.environ.get('NIX_STORE_DIR', '')}:{folder.resolve()}:{status.st_mtime_ns}:{status.st_ino}"
    if key not in known or not Path(known[key]).exists():
        features = ["--extra-experimental-features", "nix-command"]
        added = subprocess.run(
            [str(nix), *features, "store", "add", "--name", "source", str(folder.resolve())],
            capture_output=True,
            text=True,
            check=True,
        )
        known[key] = added.stdout.strip()
    return Path(known[key])


def hash_of(nix: Path, path: Path) -> str:
    """The NAR hash of a path of the store, which knows it."""
    features = ["--extra-experimental-features", "nix-command"]
    told = subprocess.run(
        [str(nix), *features, "path-info", "--json", "--json-format", "1", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode:  # before there were formats
        told = subprocess.run(
            [str(nix), *features, "path-info", "--json", str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
    answer = json.loads(told.stdout)
    one = answer[0] if isinstance(answer, list) else next(iter(answer.values()))
    return str(one["narHash"])

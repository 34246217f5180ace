"""`doctor` on machines that are described, not there: DescribedHost and DescribedRunner only pretend."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyenvspec.cli import run
from pyenvspec.commands.doctor.command import DoctorOptions, examine
from pyenvspec.commands.doctor.gpu_wheels import _ASK
from pyenvspec.commands.doctor.host import SystemHost
from pyenvspec.tools import NOT_FOUND, Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEY = "cache.nixos-cuda.org:74DUi4Ye579gUqzH4ziL9IyiJBlDpMRn9MBN8oNan9M="
URL = "https://cache.nixos-cuda.org"
DRIVER = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  {}  Tue Nov  5 00:21:09 UTC 2024\n"
LDCONFIG = "\tlibcuda.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libcuda.so.1\n"
NO_DAEMON = "cannot connect to socket at '/nix/var/nix/daemon-socket/socket'"
SETTINGS: dict[str, object] = {
    "accept-flake-config": False,
    "experimental-features": ["flakes", "nix-command"],
    "substituters": ["https://cache.nixos.org/"],
    "trusted-public-keys": [],
    "trusted-substituters": [],
    "netrc-file": "/etc/nix/netrc",
}


@dataclass
class DescribedHost:
    """Pretends to be a machine with these files; files of the project are the real ones."""

    contents: dict[str, str] = field(default_factory=dict)
    broken_links: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=lambda: {"HOME": "/home/ada"})
    free: int = 80 * 1024**3
    sizes: list[tuple[str, int]] = field(default_factory=list)
    glibc: str | None = "2.36"
    down: tuple[str, ...] = ()

    def exists(self, path: str) -> bool:
        return path in self.contents or Path(path).exists()

    def lexists(self, path: str) -> bool:
        return self.exists(path) or path in self.broken_links

    def is_readable(self, path: str) -> bool:
        return self.exists(path) and path not in self.secret

    def read(self, path: str) -> str | None:
        if path in self.secret:
            return None
        return self.contents.get(path) or (Path(path).read_text() if Path(path).is_file() else None)

    def env(self, name: str) -> str | None:
        return self.variables.get(name)

    def free_bytes(self, path: str) -> int | None:
        return self.free

    def files(self, root: str, most: int) -> list[tuple[str, int]]:
        return self.sizes

    def libc(self) -> str | None:
        return self.glibc

    def fetch(self, url: str) -> str | None:
        return "HTTP error 503" if url in self.down else None


@dataclass
class DescribedRunner:
    """Pretends to run programs: answers by the words of the command, missing programs are not installed."""

    answers: dict[str, Result | str] = field(default_factory=dict)

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        input: str | None = None,
        timeout: float | None = None,
        env: Mapping[str, str | None] | None = None,
        capture: bool = True,
    ) -> Result:
        assert timeout is not None, "doctor must never hang"
        words = [w for w in argv if w not in ("--extra-experimental-features", "nix-command")]
        while words[:2] == ["git", "-c"]:
            del words[1:3]
        answer = self.answers.get(" ".join(words))
        if answer is None:
            return Result(tuple(argv), NOT_FOUND, missing=True)
        return (
            replace(answer, argv=tuple(argv))
            if isinstance(answer, Result)
            else Result(tuple(argv), 0, answer)
        )


def failed(stderr: str, code: int = 1) -> Result:
    return Result((), code, stderr=stderr)


def nix(
    version: str = "nix (Nix) 2.34.8", *, trusted: bool = False, **settings: object
) -> dict[str, Result | str]:
    """Answers of a Nix that is in order, with these settings."""
    given = {name.replace("_", "-"): value for name, value in settings.items()}
    shown = {name: {"value": value} for name, value in {**SETTINGS, **given}.items()}
    return {
        "nix --version": f"{version}\n",
        "nix config show --json": json.dumps(shown),
        "nix config show experimental-features": "flakes nix-command\n",
        "nix store info": "Store URL: daemon\n",
        "nix store info --json": json.dumps({"url": "daemon", "trusted": trusted}),
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "env.yaml").write_text("name: lab\npython: {version: 3.11, manager: pip}\ncuda: 12.4\n")
    (tmp_path / "requirements.txt").write_text("")
    return tmp_path


def doctor(
    root: Path,
    host: DescribedHost | None = None,
    answers: dict[str, Result | str] | None = None,
    *,
    online: bool = False,
) -> int:
    options = DoctorOptions("doctor", root, online=online)
    return examine(options, host or DescribedHost(), DescribedRunner(nix() if answers is None else answers))


GPU = {
    "/dev/nvidiactl": "",
    "/run/opengl-driver/lib/libcuda.so.1": "",
    "/proc/driver/nvidia/version": DRIVER.format("550.127.05"),
}


def section(text: str, group: str) -> str:
    """Return the lines of one group."""
    parts = dict(part.split("\n", 1) for part in text.rstrip("\n").split("\n\n"))
    return parts[group]


def test_a_machine_in_order_has_only_good_lines(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = nix(substituters=[f"{URL}/?priority=41"], trusted_public_keys=[KEY])
    assert doctor(project, DescribedHost(GPU, glibc="2.38"), answers) == 0
    assert capsys.readouterr().out == (
        "project\n"
        "  ✔ env.yaml is valid: lab, nixos-25.05\n"
        "\n"
        "nix\n"
        "  ✔ nix (Nix) 2.34.8\n"
        "  ✔ flakes are switched on\n"
        "  ✔ the store answers\n"
        "  ✔ 80 GB are free for /nix/store\n"
        "\n"
        "git\n"
        "  ✔ not a git checkout; Nix copies the folder, which is small\n"
        "\n"
        "caches\n"
        "  ✔ nixos-cuda is in use\n"
        "\n"
        "python\n"
        "  ✔ .venv is not there yet; `pyenvspec shell` makes it\n"
        "\n"
        "gpu\n"
        "  ✔ the driver's libcuda.so.1 is in /run/opengl-driver/lib (NixOS)\n"
        "  ✔ driver 550.127.05 runs CUDA 12.4, which needs 525.60.13\n"
        "  ✔ glibc: 2.38 here, 2.40 in the shell\n"
    )


# --- nix


@pytest.mark.parametrize(
    ("answers", "lines"),
    [
        (
            {},
            "  ✘ nix is not installed, or not on PATH\n      pyenvspec get-nix\n"
            "      or go without Nix: pyenvspec shell --host",
        ),
        (
            nix("nix (Nix) 2.8.1"),
            "  ✘ nix (Nix) 2.8.1: older than 2.18, too old for the generated flake\n"
            "      sudo nix upgrade-nix, or install it anew from https://nixos.org/download",
        ),
        (
            nix("nix (Nix) 2.18.9"),
            "  ! nix (Nix) 2.18.9: older than 2.26, the oldest that is tested\n"
            "      sudo nix upgrade-nix, or install it anew from https://nixos.org/download",
        ),
        (nix("nix (Lix, like Nix) 2.91.0"), "  ✔ nix (Lix, like Nix) 2.91.0"),
        # the number in brackets is that of the distribution
        (
            nix("nix (Determinate Nix 3.0.0) 2.25.3"),
            "  ! nix (Determinate Nix 3.0.0) 2.25.3: older than 2.26, the oldest that is tested",
        ),
        (
            nix(experimental_features=[])
            | {
                "nix config show experimental-features": failed(
                    "error: experimental Nix feature 'nix-command' is disabled; add '--extra-...'"
                )
            },
            "  ✘ switched off: nix-command, flakes\n"
            "      mkdir -p ~/.config/nix && echo 'experimental-features = nix-command flakes' "
            ">> ~/.config/nix/nix.conf",
        ),
        (
            nix()
            | {
                "nix store info": failed(
                    "error: cannot connect to socket at '/nix/var/nix/daemon-socket/socket'"
                )
            },
            f"  ✘ the store does not answer: {NO_DAEMON}\n      sudo systemctl start nix-daemon",
        ),
        (
            nix() | {"nix store info": Result((), -15, timed_out=True)},
            "  ✘ the store does not answer: it took too long\n      sudo systemctl start nix-daemon",
        ),
    ],
)
def test_what_is_wrong_with_nix_is_said(
    answers: dict[str, Result | str], lines: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = doctor(tmp_path, answers=answers)
    shown = section(capsys.readouterr().out, "nix")
    assert lines in shown
    assert code == (4 if "✘" in shown else 0)


def test_an_older_nix_is_asked_in_its_own_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = nix("nix (Nix) 2.18.9")
    answers["nix show-config --json"] = answers.pop("nix config show --json")
    answers["nix store ping"] = answers.pop("nix store info")
    answers["nix store info"] = failed("error: 'info' is not a recognised command")
    assert doctor(tmp_path, answers=answers) == 0
    assert "✔ the store answers" in capsys.readouterr().out


def test_little_space_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(tmp_path, DescribedHost(free=5 * 1024**3)) == 0
    assert (
        "  ! only 5 GB are free for /nix/store\n      nix-collect-garbage --delete-old"
        in capsys.readouterr().out
    )
    assert doctor(tmp_path, DescribedHost(free=0)) == 4


# --- git


def test_a_folder_with_data_is_copied_whole(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doctor(project, DescribedHost(sizes=[("data/train.tar", 3 * 1024**3)]))
    assert section(capsys.readouterr().out, "git") == (
        "  ! not a git checkout: Nix copies all of it (3072 MB) whenever something changes\n"
        "      git init, and list data folders in .gitignore"
    )


def test_files_that_git_does_not_know(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".git").mkdir()
    (project / "flake.nix").write_text("")
    answers = nix() | {"git ls-files -z -- .": "env.yaml\0"}
    assert doctor(project, answers=answers) == 4
    assert section(capsys.readouterr().out, "git") == (
        "  ✘ git does not know flake.nix, so Nix does not see it\n"
        "      git add --force --intent-to-add -- flake.nix\n"
        "  ✔ what Nix copies is small (0 MB)"
    )


def test_large_files_that_git_knows(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".git").mkdir()
    host = DescribedHost(sizes=[("model $(x).ckpt", 200 * 1024**2), ("ignored.tar", 10**12)])
    assert (
        doctor(project, host, nix(trusted=True) | {"git ls-files -z -- .": "env.yaml\0model $(x).ckpt\0"})
        == 0
    )
    assert section(capsys.readouterr().out, "git") == (
        "  ! nothing is compiled yet\n"
        "      pyenvspec compile\n"
        "  ! Nix copies 200 MB at each change, model $(x).ckpt above all\n"
        "      git rm --cached -- 'model $(x).ckpt'\n"
        "      list it in .gitignore"
    )


def test_git_is_needed_in_a_checkout(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".git").mkdir()
    assert doctor(project) == 4
    assert section(capsys.readouterr().out, "git") == (
        "  ✘ git is not installed\n      install git: Nix needs it to read a checkout"
    )


# --- caches


def test_a_cache_that_this_user_may_not_take(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(project) == 4
    assert section(capsys.readouterr().out, "caches") == (
        f"  ✘ Nix does not let you use nixos-cuda ({URL}): what it has would be built here, for hours\n"
        "      add to /etc/nix/nix.conf:\n"
        f"        extra-trusted-substituters = {URL}\n"
        f"        extra-trusted-public-keys = {KEY}\n"
        "      then: sudo systemctl restart nix-daemon\n"
        "  ! Nix asks before it uses them; without a terminal it does not use them\n"
        "      pyenvspec shell"
    )


def test_an_unknown_cache_is_warned_of_without_a_recipe(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (project / "env.yaml").open("a") as stream:
        stream.write("caches: [{url: 'https://x.example', key: 'x-1:AAAA'}]\n")
    doctor(project, answers=nix(trusted=True))
    assert section(capsys.readouterr().out, "caches") == (
        "  ✔ nixos-cuda may be used: you are a trusted user\n"
        "  ! pyenvspec does not know the cache https://x.example, which env.yaml names:"
        " who fills it can put any program on this machine\n"
        "      ask whoever runs it for its key, and accept it only if you trust them; without it, all is built here\n"
        "  ! Nix asks before it uses them; without a terminal it does not use them"
    )


@pytest.mark.parametrize(
    ("answers", "line"),
    [
        (nix(trusted=True), "✔ nixos-cuda may be used: you are a trusted user"),
        (
            nix(trusted_substituters=[f"{URL}/"], trusted_public_keys=[KEY]),
            "✔ nixos-cuda may be used",
        ),
        (nix(trusted_substituters=[URL]), "✘ Nix does not let you use nixos-cuda"),
    ],
)
def test_a_cache_needs_its_address_and_its_key_allowed(
    answers: dict[str, Result | str], line: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doctor(project, answers=answers)
    assert line in section(capsys.readouterr().out, "caches")


def test_caches_are_asked_only_online(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    host = DescribedHost(down=(f"{URL}/nix-cache-info",))
    doctor(project, host, nix(trusted=True, accept_flake_config=True))
    assert "answer" not in section(capsys.readouterr().out, "caches")
    assert doctor(project, host, nix(trusted=True, accept_flake_config=True), online=True) == 4
    assert section(capsys.readouterr().out, "caches") == (
        "  ✔ nixos-cuda may be used: you are a trusted user\n"
        "  ✔ cache.nixos.org answers\n"
        "  ✘ nixos-cuda does not answer: HTTP error 503\n"
        "      check the network and the proxy (https_proxy)"
    )


# --- python


def test_an_environment_whose_python_is_gone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".venv").mkdir()
    doctor(project)
    assert section(capsys.readouterr().out, "python") == (
        "  ✘ .venv: its Python is gone, and pyenvspec does not delete what it did not make\n"
        "      rm -r .venv, then: pyenvspec shell"
    )
    (project / ".venv/.pyenvspec-made").write_text("")
    doctor(project)
    assert section(capsys.readouterr().out, "python") == (
        "  ! .venv: its Python was garbage-collected; `pyenvspec shell` makes it again\n      pyenvspec shell"
    )


def test_an_environment_that_is_there(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/bin/python").write_text("")
    doctor(project)
    assert ".venv was not made by pyenvspec; it is left alone" in capsys.readouterr().out
    (project / ".venv/.pyenvspec-made").write_text("")
    doctor(project)
    assert "! .venv is there, and its packages are not installed yet" in capsys.readouterr().out
    (project / ".venv/.pyenvspec-installed").write_text("")
    doctor(project)
    assert "✔ .venv is there" in capsys.readouterr().out


def test_variables_that_lead_past_the_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doctor(tmp_path, DescribedHost(variables={"LD_LIBRARY_PATH": "/opt/lib", "PYTHONPATH": "/opt/py"}))
    assert section(capsys.readouterr().out, "python") == (
        "  ! LD_LIBRARY_PATH is set: every program, git and nix too, loads libraries from there\n"
        "      unset LD_LIBRARY_PATH, also in ~/.bashrc and the like\n"
        "  ! PYTHONPATH is set: its packages come before those of the environment\n"
        "      unset PYTHONPATH, also in ~/.bashrc and the like"
    )


@pytest.mark.parametrize(
    ("netrc", "line"),
    [
        (
            None,
            "  ! pypi.lab.example is no public index, and there is no /home/ada/.netrc with a password for it\n",
        ),
        (
            "machine pypi.lab.example login a password b\n",
            "  ✔ /home/ada/.netrc has a password for pypi.lab.example",
        ),
        (
            "machine https://pypi.lab.example login a password b\n",
            "  ✘ /home/ada/.netrc names https://pypi.lab.example, where only the host is looked for\n"
            "      write `machine pypi.lab.example` instead of `machine https://pypi.lab.example`",
        ),
        (
            "machine other.example login a password b\n",
            "  ! /home/ada/.netrc has no password for pypi.lab.example\n",
        ),
    ],
)
def test_a_private_index_needs_a_password(
    netrc: str | None, line: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "requirements.txt").write_text(
        "--index-url https://download.pytorch.org/whl/cpu\n--extra-index-url https://pypi.lab.example/simple\nnumpy\n"
    )
    doctor(project, DescribedHost({"/home/ada/.netrc": netrc} if netrc else {}))
    out = section(capsys.readouterr().out, "python")
    assert line in out + "\n"
    assert "pytorch.org" not in out


def test_index_tables_of_uv_and_poetry_are_read(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "pyproject.toml").write_text(
        '[project.urls]\nurl = "https://home.example"\n'
        '[[tool.uv.index]]\nname = "lab"\nurl = "https://ada:x@uv.example/simple"\n'
        '[[tool.poetry.source]]\nurl = "https://poetry.example/simple"\n'
    )
    doctor(project)
    out = section(capsys.readouterr().out, "python")
    assert "uv.example" in out
    assert "poetry.example" in out
    assert "home.example" not in out
    assert "ada:x" not in out


# --- gpu


def test_a_machine_without_a_gpu_is_no_fault(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(project, answers=nix(trusted=True)) == 0
    assert section(capsys.readouterr().out, "gpu") == (
        "  ! no NVIDIA driver on this machine: the shell opens, and programs that need the GPU do not run"
    )


def test_a_driver_that_is_too_old(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contents = {"/proc/driver/nvidia/version": DRIVER.format("470.256.02")}
    answers = nix(trusted=True) | {"/sbin/ldconfig -p": LDCONFIG}
    assert doctor(project, DescribedHost(contents), answers) == 4
    assert section(capsys.readouterr().out, "gpu") == (
        "  ✔ the driver's libcuda.so.1 is /lib/x86_64-linux-gnu/libcuda.so.1 (ldconfig)\n"
        "  ✘ driver 470.256.02 is too old for CUDA 12.4, which needs 525.60.13\n"
        "      install driver 525.60.13 or newer\n"
        "      or write `cuda: 11.8` into env.yaml\n"
        "  ✔ glibc: 2.36 here, 2.40 in the shell"
    )


def test_nixos_comes_before_wsl_and_that_before_the_loader(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contents = {"/usr/lib/wsl/lib/libcuda.so.1": "", **GPU}
    answers = nix() | {"/sbin/ldconfig -p": LDCONFIG}
    doctor(project, DescribedHost(contents), answers)
    assert "in /run/opengl-driver/lib (NixOS)" in capsys.readouterr().out
    del contents["/run/opengl-driver/lib/libcuda.so.1"]
    doctor(project, DescribedHost(contents), answers)
    assert "in /usr/lib/wsl/lib (WSL)" in capsys.readouterr().out


def test_on_wsl_the_version_comes_from_nvidia_smi(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = nix() | {"nvidia-smi --query-gpu=driver_version --format=csv,noheader": "566.14\n566.14\n"}
    doctor(project, DescribedHost({"/usr/lib/wsl/lib/libcuda.so.1": ""}), answers)
    assert "✔ driver 566.14 runs CUDA 12.4, which needs 525.60.13" in capsys.readouterr().out


def test_a_driver_of_an_open_kernel_module_is_read(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.10  Release Build  (dvs@x)\n"
    doctor(project, DescribedHost({**GPU, "/proc/driver/nvidia/version": text}))
    assert "✔ driver 570.86.10 runs CUDA 12.4" in capsys.readouterr().out


def ask_for_torch(project: Path) -> str:
    """Write a lock with GPU wheels and without `cuda`, and the link to the shell's Python, which is returned."""
    (project / "env.yaml").write_text("name: lab\npython: {version: 3.11, manager: uv}\n")
    (project / "pyproject.toml").write_text(
        "[project]\nname = 'lab'\nversion = '1'\nrequires-python = '==3.11.*'\n"
    )
    head = 'version = 1\nrequires-python = "==3.11.*"\n\n[[package]]\n'
    package = 'name = "nvidia-cuda-runtime-cu12"\nversion = "12.6.77"\n'
    (project / "uv.lock").write_text(
        head + package + 'source = { registry = "https://pypi.example/simple" }\n'
    )
    python = f"/nix/store/{'0' * 32}-python3.11-libs/bin/python3.11"
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "python").symlink_to(python)
    return python


def test_wheels_with_cuda_ask_for_a_driver_too(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask_for_torch(project)
    contents = {"/proc/driver/nvidia/version": DRIVER.format("470.256.02")}
    doctor(project, DescribedHost(contents), nix(trusted=True) | {"/sbin/ldconfig -p": LDCONFIG})
    shown = section(capsys.readouterr().out, "gpu")
    assert "✔ packages of the project bring CUDA 12.6 themselves" in shown
    assert "✘ driver 470.256.02 is too old for CUDA 12.6" in shown


SMI = "nvidia-smi --query-gpu=name,compute_cap --format=csv,noheader"
A100 = "NVIDIA A100-SXM4-40GB, 8.0\nNVIDIA A100-SXM4-40GB, 8.0\n"


def test_a_gpu_that_is_newer_than_the_cuda_asked_for(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "env.yaml").write_text("name: lab\npython: {version: 3.7, manager: pip}\ncuda: 10.1\n")
    (project / "requirements.txt").write_text("torch==1.4.0\n")
    doctor(project, DescribedHost(GPU), nix() | {SMI: A100})
    shown = section(capsys.readouterr().out, "gpu")
    assert shown.count("A100") == 1
    assert (
        "! NVIDIA A100-SXM4-40GB (generation 8.0) is known from CUDA 11.0 on, and not to CUDA 10.1" in shown
    )
    assert "lock torch 1.13 or newer, whose wheels bring CUDA 11.7" in shown
    assert "or torch 1.7 as it is for CUDA 11.0: its version ends in +cu110" in shown
    assert "write a `cuda` of 11.0 or newer into env.yaml" in shown


def test_an_old_torch_alone_brings_a_cuda_too(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "env.yaml").write_text("name: lab\npython: {version: 3.7, manager: pip}\n")
    (project / "requirements.txt").write_text("torch==1.4.0\n")
    doctor(project, DescribedHost(GPU), nix() | {SMI: A100})
    shown = section(capsys.readouterr().out, "gpu")
    assert "is known from CUDA 11.0 on, and not to CUDA 10.1" in shown
    assert "`cuda`" not in shown


def test_a_gpu_that_the_cuda_knows_is_no_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # 8.9 runs what was compiled for 8.0; a driver that does not know the question is none to ask.
    for answer in ("NVIDIA L4, 8.9\n", failed('Field "compute_cap" is not a valid field to query.\n', 2)):
        doctor(project, DescribedHost(GPU), nix() | {SMI: answer})
        assert "generation" not in section(capsys.readouterr().out, "gpu")
    (project / "env.yaml").write_text("name: lab\npython: {version: 3.12, manager: pip}\ncuda: 13.0\n")
    doctor(project, DescribedHost(GPU), nix() | {SMI: "Tesla V100-SXM2-16GB, 7.0\n"})
    assert "(generation 7.0) is no longer known to CUDA 13.0" in section(capsys.readouterr().out, "gpu")


def test_without_a_lock_nothing_is_said_of_one(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "env.yaml").write_text("name: lab\npython: {version: 3.11, manager: pip}\n")
    (project / "requirements.txt").unlink()
    doctor(project, DescribedHost(), nix())
    assert section(capsys.readouterr().out, "gpu") == "  ✔ env.yaml asks for no CUDA"
    (project / "requirements.txt").write_text("six\n")
    doctor(project, DescribedHost(), nix())
    assert "no package that the project lists is known to bring it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (
            '{"code": 0, "count": 2, "version": 12040}',
            "✔ the shell's Python reaches 2 GPU(s) by",
        ),
        (
            '{"code": 100, "count": 0, "version": 12040}',
            "! the shell's Python reaches the driver, and",
        ),
        (
            '{"code": 34, "count": 0, "version": 0}',
            "✘ the driver answers the shell's Python with error 34 (a stub",
        ),
        (
            '{"missing": "libcuda.so.1: no such file"}',
            "✘ the shell's Python does not find the driver: libcuda.so.1",
        ),
    ],
)
def test_the_shells_own_python_is_asked(
    project: Path, capsys: pytest.CaptureFixture[str], answer: str, line: str
) -> None:
    python = ask_for_torch(project)
    doctor(project, DescribedHost(GPU), nix(trusted=True) | {f"{python} -I -S -c {_ASK}": answer})
    assert line in section(capsys.readouterr().out, "gpu")


def test_a_python_that_a_project_brings_is_not_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask_for_torch(project)
    own = project / "python"
    own.write_text("#!/bin/sh\n")
    (project / ".venv" / "bin" / "python").unlink()
    (project / ".venv" / "bin" / "python").symlink_to(own)
    answers = nix(trusted=True) | {f"{own} -I -S -c {_ASK}": '{"code": 0, "count": 2, "version": 12040}'}
    doctor(project, DescribedHost(GPU), answers)
    assert "reaches" not in section(capsys.readouterr().out, "gpu")


def test_a_kernel_module_without_libraries(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    host = DescribedHost({"/proc/driver/nvidia/version": DRIVER.format("550.54")})
    assert doctor(project, host, nix(trusted=True)) == 4
    assert section(capsys.readouterr().out, "gpu").startswith(
        "  ✘ the kernel has NVIDIA driver 550.54, and its libcuda.so.1 is not found\n"
    )


def test_a_device_that_may_not_be_opened(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(project, DescribedHost(GPU, secret=("/dev/nvidiactl",)), nix(trusted=True)) == 4
    assert (
        "  ✘ you may not open /dev/nvidiactl\n      sudo usermod -aG video $USER\n" in capsys.readouterr().out
    )


def test_a_nixos_newer_than_the_shell(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doctor(project, DescribedHost(GPU, glibc="2.42"))
    assert (
        "  ! the driver may need glibc 2.42, and the shell has 2.40 (nixos-25.05)\n"
        "      write a newer `nixpkgs.release` into env.yaml\n"
    ) in capsys.readouterr().out


# --- all of it


def test_outside_of_a_project_only_the_machine_is_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor(tmp_path, DescribedHost(GPU)) == 0
    out = capsys.readouterr().out
    assert out.startswith("project\n  ✔ no env.yaml here: only the machine is looked at\n")
    assert "driver 550.127.05 runs CUDA up to 12." in out
    assert "git\n" not in out


def test_a_faulty_env_yaml_is_one_line_of_several(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "env.yaml").write_text("pyton: 3.12\n")
    assert doctor(tmp_path) == 4
    out = capsys.readouterr().out
    assert section(out, "project") == "  ✘ env.yaml has 1 error\n      pyenvspec check"
    assert section(out, "nix").startswith("  ✔")


def test_json_has_every_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = DoctorOptions("doctor", project, json=True)
    assert examine(options, DescribedHost(), DescribedRunner()) == 4
    data = json.loads(capsys.readouterr().out)
    assert data["problems"] == 1
    assert data["checks"][1] == {
        "group": "nix",
        "mark": "problem",
        "text": "nix is not installed, or not on PATH",
        "fix": ["pyenvspec get-nix", "or go without Nix: pyenvspec shell --host"],
    }


def test_quiet_leaves_the_problems(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(DoctorOptions("doctor", project, quiet=True), DescribedHost(), DescribedRunner()) == 4
    assert capsys.readouterr().out == (
        "nix\n  ✘ nix is not installed, or not on PATH\n      pyenvspec get-nix\n"
        "      or go without Nix: pyenvspec shell --host\n"
    )


def test_the_real_machine_can_be_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "-C", str(tmp_path)]) in (0, 4)
    assert "\ngpu\n" in capsys.readouterr().out


def test_the_system_host_never_raises(tmp_path: Path) -> None:
    host = SystemHost()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "file").write_text("abc")
    (tmp_path / "link").symlink_to("nowhere")
    assert host.files(str(tmp_path), 10) == [("link", 7), ("sub/file", 3)]
    assert len(host.files(str(tmp_path), 1)) == 1
    assert (host.exists(str(tmp_path / "link")), host.lexists(str(tmp_path / "link"))) == (False, True)
    assert host.read(str(tmp_path)) is None
    assert host.free_bytes("/no/such/folder") is None
    assert host.fetch("http://127.0.0.1:9/nix-cache-info") is not None

"""A cluster of one node: Debian's munged, slurmctld and slurmd, as this user, in a folder of their own."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PROGRAMS = {
    "munged": "munge",
    "slurmctld": "slurmctld",
    "slurmd": "slurmd",
    "sbatch": "slurm-client",
    "sinfo": "slurm-client",
}
_SEARCH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


@dataclass(frozen=True)
class Cluster:
    """A running cluster."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What its programs are found by."""
        return {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": _SEARCH}

    def run(self, *command: str) -> str:
        """What one of its programs prints."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def wait(self, job: str) -> dict[str, str]:
        """The end of a job, in Slurm's own words."""
        for _ in range(300):
            fields = dict(
                word.partition("=")[::2] for word in self.run("scontrol", "show", "job", job).split()
            )
            if fields["JobState"] not in ("PENDING", "RUNNING", "COMPLETING", "CONFIGURING"):
                return fields
            time.sleep(0.2)
        log = (self.folder / "slurmctld.log").read_text()
        pytest.fail(f"job {job} does not end: {fields}\n{log[-3000:]}")


@contextmanager
def start_cluster(folder: Path) -> Iterator[Cluster]:
    """Start it; skips, with the names of Debian's packages, where it cannot be."""
    missing = {
        package for program, package in _PROGRAMS.items() if shutil.which(program, path=_SEARCH) is None
    }
    if missing:
        pytest.skip(
            f"needs {', '.join(sorted(missing))} (Debian: apt-get install {' '.join(sorted(missing))})"
        )
    if os.geteuid() != 0:
        pytest.skip("needs root: slurmd starts jobs for others")
    # munged and slurmctld want a folder that nobody else may write to, all the way up.
    cluster = Cluster(folder)
    (folder / "state").mkdir()
    (folder / "spool").mkdir()
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    host = socket.gethostname().split(".")[0]
    control, node = free_ports(2)
    (folder / "slurm.conf").write_text(
        f"""ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control}
SlurmdPort={node}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=4000 Gres=gpu:a100:2 Feature=fast State=UNKNOWN
PartitionName=gpu Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
    )
    (folder / "gres.conf").write_text(
        # Two devices that every machine has.
        "Name=gpu Type=a100 File=/dev/null\nName=gpu Type=a100 File=/dev/zero\n"
    )
    with ExitStack() as stack:
        munge = ("--foreground", "--force", f"--key-file={key}", f"--socket={folder}/munge.socket")
        files = [f"--{name}-file={folder}/munged.{name}" for name in ("pid", "log", "seed")]
        stack.enter_context(_daemon(cluster, "munged", *munge, *files))
        stack.enter_context(_daemon(cluster, "slurmctld", "-D"))
        stack.enter_context(_daemon(cluster, "slurmd", "-D", "-N", host))
        _wait_for_node(cluster)
        yield cluster


@contextmanager
def _daemon(cluster: Cluster, program: str, *options: str) -> Iterator[None]:
    with (cluster.folder / f"{program}.out").open("w") as log:
        found = shutil.which(program, path=_SEARCH)
        process = subprocess.Popen(
            [str(found), *options], env=cluster.environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            time.sleep(0.3)
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_for_node(cluster: Cluster) -> None:
    state = ""
    for _ in range(150):
        done = subprocess.run(
            ["sinfo", "--noheader", "--format=%T"],
            env=cluster.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        state = done.stdout.strip() + done.stderr.strip()
        if state == "idle":
            return
        time.sleep(0.2)
    logs = "".join(path.read_text()[-2000:] for path in sorted(cluster.folder.glob("*.out")))
    pytest.fail(f"the node is not up: {state}\n{logs}")

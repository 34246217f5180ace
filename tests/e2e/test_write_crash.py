"""Kills a write at every system call that touches a file, or makes the call fail, and looks what is left."""

from __future__ import annotations

import os
import queue
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from write_crash_child import AFTER, NEW, OLD, REFUSED

from pyenvspec.writing.journal import STAGING, is_interrupted
from pyenvspec.writing.projectfs import project_lock
from pyenvspec.writing.write import WriteOptions, apply, plan_writes, recover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("write-crash")]

ALL_CALLS = "%file,%desc"
# Those that change the disk or open it. Between two of them nothing new is there to be seen.
CHANGING = {"openat", "mkdir", "write", "fsync", "fchmod", "link", "linkat", "rename", "unlink", "rmdir"}

Files = dict[str, bytes]


class Point(NamedTuple):
    """The `number`th call of one system call: strace counts each by itself."""

    call: str
    number: int


class Ending(NamedTuple):
    killed: bool
    code: int
    calls: list[str]


@dataclass
class Server:
    """One process that forks a child per write (see write_crash_child)."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls) -> Server:
        script = Path(__file__).with_name("write_crash_child.py")
        argv = [sys.executable, "-I", "-S", str(script)]
        return cls(subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

    def say(self, line: str) -> int:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def run(self, root: Path, calls: str, inject: str = "", *, mode: str = "apply") -> Ending:
        """One write under strace, with `inject` done to its `calls`; `mode` names what runs, and how.

        With "follow" the copies that the process makes of itself meet the same fate, each at its own count.
        """
        pid = self.say(f"{root}\t{mode}")
        log = root.with_suffix(".strace")
        argv = ["strace", "-p", str(pid), "-o", str(log), "-e", f"trace={calls}"]
        argv += ["-f"] if "follow" in mode else []
        argv += ["-e", f"inject={calls}:{inject}"] if inject else []
        with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr is not None
            attached = strace.stderr.readline()
            status = self.say("go")
            if "attached" not in attached:
                pytest.skip(f"ptrace is not permitted here: {attached.strip()}")
            strace.communicate(timeout=20)
        made = re.findall(r"^(\w+)\(", log.read_text(), re.MULTILINE)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        return Ending(killed, -1 if killed else os.waitstatus_to_exitcode(status), made)

    def stop(self) -> None:
        self.process.communicate()


Servers = queue.Queue[Server]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    pool: Servers = queue.Queue()
    started = [Server.start() for _ in range(min(4, os.cpu_count() or 1))]
    for server in started:
        pool.put(server)
    yield pool
    for server in started:
        server.stop()


def lay_out(root: Path, files: Files) -> Path:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def look(root: Path) -> Files:
    """What the user and Nix see; the staging folder is nobody's."""
    files = (path for path in root.rglob("*") if path.is_file() and STAGING not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def points_of(servers: Servers, before: Path, *, mode: str = "apply") -> list[Point]:
    """Every call of an undisturbed run that touches a file."""
    server = servers.get()
    ending = server.run(
        shutil.copytree(before, before.with_name(f"{before.name}-count")), ALL_CALLS, mode=mode
    )
    servers.put(server)
    assert ending.code == 0
    counted = Counter(ending.calls)
    return [Point(call, number) for call in sorted(counted) for number in range(1, counted[call] + 1)]


def changing(points: list[Point]) -> list[Point]:
    return [point for point in points if point.call in CHANGING]


def each_point(
    servers: Servers, before: Path, points: list[Point], check: Callable[[Server, Point, Path], None]
) -> None:
    """`check` every point in a copy of `before`, on as many servers as there are."""

    def one(point: Point) -> None:
        root = before.with_name(f"{before.name}-{point.call}-{point.number}")
        shutil.copytree(before, root)
        server = servers.get()
        try:
            check(server, point, root)
        finally:
            servers.put(server)
        shutil.rmtree(root)
        root.with_suffix(".strace").unlink()

    with ThreadPoolExecutor(servers.qsize()) as pool:
        list(pool.map(one, points))


def assert_recovers(root: Path, point: Point) -> None:
    """After recovery the old or the new set, nothing left over, and a compile gets to the new one."""
    recover(root)
    assert look(root) in (OLD, AFTER), point
    assert not (root / STAGING).exists(), point
    assert recover(root) is None
    apply(plan_writes(root, NEW, WriteOptions(force=True)))
    assert look(root) == AFTER, point


def kill_at(point: Point) -> str:
    return f"signal=SIGKILL:when={point.number}"


def test_a_killed_process_leaves_the_old_or_the_new_set(servers: Servers, tmp_path: Path) -> None:
    before = lay_out(tmp_path / "p", OLD)
    points = points_of(servers, before)
    sets_seen = []

    def check(server: Server, point: Point, root: Path) -> None:
        assert server.run(root, point.call, kill_at(point)).killed, point
        with project_lock(root):  # which the copy holds until it is done
            files = look(root)
        assert files in (OLD, AFTER), point
        sets_seen.append(files == AFTER)
        assert_recovers(root, point)

    each_point(servers, before, points, check)
    assert len(points) > 100
    assert set(sets_seen) == {True, False}


def test_killing_each_copy_in_turn_still_leaves_the_old_or_the_new_set(
    servers: Servers, tmp_path: Path
) -> None:
    before = lay_out(tmp_path / "p", OLD)
    points = points_of(servers, before)

    def check(server: Server, point: Point, root: Path) -> None:
        assert server.run(root, point.call, kill_at(point), mode="apply follow").killed, point
        assert look(root) in (OLD, AFTER), point
        assert_recovers(root, point)

    each_point(servers, before, [p for p in changing(points) if p.call != "write"], check)


def test_a_dead_machine_leaves_whole_files_and_a_journal_for_the_rest(
    servers: Servers, tmp_path: Path
) -> None:
    before = lay_out(tmp_path / "p", OLD)
    points = points_of(servers, before, mode="apply solo")
    mixed: list[Path] = []

    def check(server: Server, point: Point, root: Path) -> None:
        assert server.run(root, point.call, kill_at(point), mode="apply solo").killed, point
        files = look(root)
        if files not in (OLD, AFTER):
            assert is_interrupted(root), point
            assert all(content in (OLD.get(path), AFTER.get(path)) for path, content in files.items()), point
            assert OLD.keys() & AFTER.keys() <= files.keys(), point
            mixed.append(shutil.copytree(root, root.with_name(f"mixed-{root.name}")))
        assert_recovers(root, point)

    each_point(servers, before, changing(points), check)
    assert mixed
    check_recovery_killed(servers, min(mixed))


def check_recovery_killed(servers: Servers, before: Path) -> None:
    """The recovery may itself be killed anywhere, with all its copies, and be run again."""
    points = points_of(servers, before, mode="recover solo")

    def check(server: Server, point: Point, root: Path) -> None:
        assert server.run(root, point.call, kill_at(point), mode="recover solo").killed, point
        assert look(root) == AFTER or is_interrupted(root), point
        recover(root)
        assert look(root) == AFTER, point

    each_point(servers, before, changing(points), check)


@pytest.mark.parametrize(
    ("error", "calls"), [("ENOSPC", CHANGING), ("EIO", CHANGING), ("EACCES", {"mkdir", "rename", "unlink"})]
)
def test_a_call_that_fails_leaves_the_old_set_and_a_diagnostic(
    servers: Servers, tmp_path: Path, error: str, calls: set[str]
) -> None:
    before = lay_out(tmp_path / "p", OLD)
    points = points_of(servers, before, mode="apply solo")
    codes = []

    def check(server: Server, point: Point, root: Path) -> None:
        ending = server.run(root, point.call, f"error={error}:when={point.number}", mode="apply solo")
        # Success is right as well where only the cleaning up after the last rename failed.
        assert ending.code in (0, REFUSED), point
        assert look(root) == (AFTER if ending.code == 0 else OLD), point
        codes.append(ending.code)
        assert_recovers(root, point)

    each_point(servers, before, [point for point in points if point.call in calls], check)
    assert REFUSED in codes


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_a_disk_that_fails_from_some_call_on_loses_nothing(
    servers: Servers, tmp_path: Path, error: str
) -> None:
    before = lay_out(tmp_path / "p", OLD)
    points = points_of(servers, before, mode="apply solo")

    def check(server: Server, point: Point, root: Path) -> None:
        ending = server.run(root, point.call, f"error={error}:when={point.number}+", mode="apply solo")
        assert ending.code in (0, REFUSED), point
        assert look(root) in (OLD, AFTER) or is_interrupted(root), point
        assert_recovers(root, point)

    each_point(servers, before, changing(points), check)

"""Packages of the index that people really import, installed by the shell's own hook and run in it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from labs import MINOR, Lab

if TYPE_CHECKING:
    from harness import Result, Shells

pytestmark = [pytest.mark.nix, pytest.mark.inputs, pytest.mark.slow]

PACKAGES = (
    "numba",
    "soundfile",
    "opencv-python-headless",
    "PySide6-Essentials",
    "ipykernel",
    "jupyter-client",
)
TORCH = os.environ.get("PYENVSPEC_TORCH", "")
needs_torch = pytest.mark.skipif(
    not TORCH, reason="needs PYENVSPEC_TORCH: a requirement of a torch without CUDA, which pip finds"
)


@pytest.fixture(scope="module")
def lab(shells: Shells, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A shell with all of them: one installation for every test."""
    wanted = [*PACKAGES, *([TORCH] if TORCH else [])]
    probe = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "-d",
            tmp_path_factory.mktemp("probe"),
            "soundfile",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if probe.returncode != 0:
        pytest.skip(f"needs a package index: {probe.stderr.strip().splitlines()[-1]}")
    made = Lab(
        shells,
        tmp_path_factory.mktemp("real") / "lab",
        "native",
        "name: real-lab",
        "native: [libsndfile, ffmpeg]",
        "env: {QT_QPA_PLATFORM: xcb, TORCHINDUCTOR_CACHE_DIR: '${project}/.inductor', LAB: 'from env.yaml'}",
    )
    (made.root / "requirements.txt").write_text("".join(f"{name}\n" for name in wanted))
    made.timeout = 1500
    entered = made.enter("python", "-c", "import numba").check()
    assert "Installing from requirements.txt" in entered.stderr
    return made


def run(lab: Lab, code: str, *arguments: str, env: dict[str, str] | None = None) -> Result:
    (lab.root / "program.py").write_text(textwrap.dedent(code))
    return lab.enter("python", "program.py", *arguments, env=env).check()


@needs_torch
def test_torch_compiles_with_the_shell_s_compiler(lab: Lab) -> None:
    code = """
        import torch
        f = torch.compile(lambda x: torch.sin(x) + x * 2)
        x = torch.arange(100.0)
        assert torch.allclose(f(x), torch.sin(x) + x * 2)
        import glob, os
        print(len(glob.glob(os.environ["TORCHINDUCTOR_CACHE_DIR"] + "/**/*.so", recursive=True)) > 0)
    """
    assert run(lab, code).stdout == "True\n"


@needs_torch
def test_torchrun_and_workers_of_a_data_loader(lab: Lab) -> None:
    code = """
        import torch, torch.distributed as dist
        from torch.utils.data import DataLoader
        if __name__ == "__main__":
            dist.init_process_group("gloo")
            data = list(DataLoader(range(8), 4, num_workers=2, multiprocessing_context="spawn"))
            x = torch.ones(1)
            dist.all_reduce(x)
            if dist.get_rank() == 0:
                print(int(x.item()), torch.cat(data).tolist())
            dist.destroy_process_group()
    """
    (lab.root / "ranks.py").write_text(textwrap.dedent(code))
    shown = lab.enter("torchrun", "--standalone", "--nproc-per-node=2", "ranks.py").check()
    assert shown.stdout.splitlines()[-1] == "2 [0, 1, 2, 3, 4, 5, 6, 7]"


def test_numba_compiles(lab: Lab) -> None:
    code = """
        import numba, numpy
        @numba.njit(parallel=True)
        def total(x):
            s = 0.0
            for i in numba.prange(x.size):
                s += x[i]
            return s
        print(total(numpy.arange(1000.0)))
    """
    assert run(lab, code).stdout == "499500.0\n"


def test_sound_is_written_and_read_by_the_library_of_native(lab: Lab) -> None:
    code = """
        import ctypes, ctypes.util, numpy, soundfile
        soundfile.write("tone.flac", numpy.sin(numpy.arange(8000) / 10), 8000)
        print(soundfile.read("tone.flac")[0].shape, ctypes.util.find_library("sndfile"))
        ctypes.CDLL("libsndfile.so.1")
    """
    assert run(lab, code).stdout == "(8000,) libsndfile.so.1\n"


def test_opencv_writes_and_reads_a_video(lab: Lab) -> None:
    code = """
        import cv2, numpy
        video = cv2.VideoWriter("clip.avi", cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
        for number in range(10):
            video.write(numpy.full((48, 64, 3), number, numpy.uint8))
        video.release()
        video, frames = cv2.VideoCapture("clip.avi"), 0
        while True:
            there, frame = video.read()
            if not there:
                break
            frames += 1
            shape = frame.shape
        print(frames, shape)
    """
    assert run(lab, code).stdout == "10 (48, 64, 3)\n"


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb, an X server without a screen")
def test_a_window_of_qt_opens(lab: Lab, tmp_path: Path) -> None:
    code = """
        import sys
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QApplication, QLabel
        application = QApplication([])
        label = QLabel("a window from the shell")
        label.resize(300, 100)
        label.show()
        def look():
            picture = label.screen().grabWindow(0)
            picture.save(sys.argv[1])
            colours = {picture.toImage().pixel(x, y) for x in range(0, 300, 3) for y in range(0, 100, 3)}
            print(application.platformName(), picture.width() > 300, len(colours) > 2)
            application.quit()
        QTimer.singleShot(1500, look)
        application.exec()
    """
    reader, writer = os.pipe()
    with subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "640x480x24"], pass_fds=[writer]
    ) as server:
        os.close(writer)
        with os.fdopen(reader) as numbers:
            display = f":{numbers.readline().strip()}"
        try:
            picture = Path(os.environ.get("PYENVSPEC_PICTURES", tmp_path)) / "window.png"
            shown = run(lab, code, str(picture), env={"DISPLAY": display})
        finally:
            server.terminate()
    assert shown.stdout == "xcb True True\n", shown.stderr


def test_a_notebook_started_outside_runs_in_the_shell(lab: Lab, tmp_path: Path) -> None:
    if importlib.util.find_spec("pyenvspec") is None:
        pytest.skip("needs pyenvspec installed")
    environment = {"JUPYTER_DATA_DIR": str(tmp_path / "jupyter")}
    installed = lab.run(sys.executable, "-m", "pyenvspec", "kernel", "install", env=environment)
    assert installed.code == 0, installed.stderr
    code = """
        from jupyter_client.manager import start_new_kernel
        from jupyter_client.kernelspec import KernelSpecManager
        name = next(iter(n for n in KernelSpecManager().find_kernel_specs() if "real-lab" in n))
        manager, client = start_new_kernel(kernel_name=name, startup_timeout=200)
        client.execute_interactive("import os, numba, shutil; print(os.environ['LAB'], bool(shutil.which('ffmpeg')))")
        manager.shutdown_kernel(now=True)
    """
    (lab.root / "outside.py").write_text(textwrap.dedent(code))
    # Outside of the shell: the .venv's Python by its path, as an editor starts it.
    outside = lab.run(str(lab.root / ".venv" / "bin" / "python"), "outside.py", env=environment)
    assert outside.stdout.splitlines()[-1:] == ["from env.yaml True"], outside.stderr


def test_two_shells_at_once(lab: Lab) -> None:
    shown: list[Result] = []
    threads = [
        threading.Thread(
            target=lambda: shown.append(lab.enter("python", "-c", "import numba; print(numba.__name__)"))
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.check().stdout for one in shown] == ["numba\n", "numba\n"]


def test_python_is_the_one_that_was_asked_for(lab: Lab) -> None:
    assert lab.python("import sys; print('%d.%d' % sys.version_info[:2])") == MINOR

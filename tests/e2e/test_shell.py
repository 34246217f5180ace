"""Shells as users open them, both kinds: env.yaml, compile, `nix develop`, and what is there then."""

from __future__ import annotations

import functools
import json
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from harness import install_tools
from labs import KINDS, MINOR, VERSION, Lab, namespaces

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Shells

pytestmark = [pytest.mark.nix, pytest.mark.inputs, pytest.mark.slow]

MANAGERS = ("pip", "uv", "poetry")
# The second is more than the scripts that pip writes can stand: their first lines hold it within "…".
NAMES = ("a 'project' of Zoë, 日本; * & (more)", 'a "project" of $HOME and `others`')
# What a shell may export besides the caller's variables, Nix's own (NIX_…), devenv's (DEVENV_…) and those of env.yaml.
EXPORTED = {
    *(
        "CC",
        "CXX",
        "CONFIG_SHELL",
        "IN_NIX_SHELL",
        "PATH",
        "SHELL",
        "SHLVL",
        "PWD",
        "OLDPWD",
        "_",
        "XDG_DATA_DIRS",
    ),
    *("TEMP", "TEMPDIR", "TMP", "TMPDIR", "PYENVSPEC_ROOT", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"),
    *("TRITON_LIBCUDA_PATH", "UV_PYTHON_DOWNLOADS", "UV_PYTHON_PREFERENCE", "POETRY_VIRTUALENVS_IN_PROJECT"),
}
EXPORTED_BY_DEVENV = {"PS1", "LOCALE_ARCHIVE", "MANPATH", "PC_SOCKET_PATH", "hardeningDisable"}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(shells: Shells, tmp_path: Path, kind: str) -> Callable[..., Lab]:
    return lambda *lines, name="lab", **more: Lab(shells, tmp_path / name, kind, *lines, **more)


@pytest.fixture
def lab(make: Callable[..., Lab]) -> Lab:
    made = make()
    made.require("1.0")
    return made


@functools.cache
def index_is_missing() -> str:
    """Why nothing can be installed from a package index; empty where it can."""
    asked = [sys.executable, "-m", "pip", "index", "versions", "six"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60)
    return "" if done.returncode == 0 else "no package index answers"


# ---- real packages ------------------------------------------------------------------------------


def default_index() -> str:
    """The address that pip takes where it is told none."""
    code = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def ask_for(lab: Lab, manager: str, *packages: str) -> None:
    """Writes what the manager reads, and its lock, with the manager's own command."""
    if manager == "pip":
        (lab.root / "requirements.txt").write_text("\n".join(packages) + "\n")
        return
    dependencies = json.dumps(list(packages))
    project = f"""
        [project]
        name = "lab"
        version = "0"
        requires-python = "=={MINOR}.*"
        dependencies = {dependencies}
        [tool.poetry]
        package-mode = false
        # As pip and uv ask: mirrors of the index often lack the other interface.
        [[tool.poetry.source]]
        name = "index"
        url = "{default_index()}/"
    """
    (lab.root / "pyproject.toml").write_text(textwrap.dedent(project))
    lab.run(str(install_tools() / manager), "lock").check()


@pytest.mark.parametrize("manager", MANAGERS)
def test_real_packages_are_installed_and_find_their_libraries(make: Callable[..., Lab], manager: str) -> None:
    if index_is_missing():
        pytest.skip(index_is_missing())
    lab = make("native: [ffmpeg, file]", python=f"{{version: {MINOR}, manager: {manager}}}")
    ask_for(lab, manager, "numpy==2.2.6", "soundfile==0.13.1", "python-magic==0.4.27")
    code = """
        import ctypes, magic, numpy, soundfile, sys
        assert numpy.arange(4).sum() == 6
        soundfile.write("tone.wav", numpy.zeros(100), 8000)
        # A library that only `native` has, and a package that loads one at run time.
        print(sys.prefix, ctypes.CDLL("libavutil.so.58").libavutil_stand_in(), magic.from_file("tone.wav"))
    """
    first = lab.enter("python", "-c", textwrap.dedent(code)).check()
    assert first.stdout.startswith(f"{lab.root}/.venv 42 RIFF"), first.stderr
    assert "Installing" in first.stderr
    stamps = lab.stamps()
    again = lab.enter("python", "-c", textwrap.dedent(code)).check()
    assert again.stdout == first.stdout
    assert "Installing" not in again.stderr
    assert lab.stamps() == stamps


# ---- the life of .venv --------------------------------------------------------------------------


def test_a_second_entry_installs_nothing_and_a_changed_lock_does(lab: Lab) -> None:
    assert lab.python(VERSION) == "1.0"
    stamps = lab.stamps()
    again = lab.enter("python", "-c", VERSION).check()
    assert (again.stdout, again.stderr) == ("1.0\n", "")
    assert lab.stamps() == stamps
    lab.require("2.0")
    changed = lab.enter("python", "-c", VERSION).check()
    assert changed.stdout == "2.0\n"
    assert "Installing" in changed.stderr
    assert "Making" not in changed.stderr


def test_another_interpreter_makes_it_anew(lab: Lab) -> None:
    other = next((minor for minor in lab.pythons() if minor != MINOR), None)
    if other is None:
        pytest.skip(f"this machine has no Python but {MINOR}")
    show = "import sys, tiny; print('%d.%d' % sys.version_info[:2])"
    assert lab.python(show) == MINOR
    lab.describe(python=f"{{version: {other}, manager: pip}}")
    entered = lab.enter("python", "-c", show).check()
    assert entered.stdout.strip() == other
    assert f"Making .venv with Python {other}" in entered.stderr


def test_an_interpreter_that_was_garbage_collected_makes_it_anew(make: Callable[..., Lab]) -> None:
    # Of its own, so that no other test loses it.
    lab = make("native: [zlib, mecab, libsndfile]", "env: {ONLY: here}")
    lab.require("1.0")
    assert lab.python(VERSION) == "1.0"
    interpreter = (lab.root / ".venv/bin/python").resolve().parents[1]
    nix_store = str(lab.shells.nix.program.with_name("nix-store"))
    users = lab.run(nix_store, "--query", "--referrers-closure", str(interpreter)).check().stdout.split()
    lab.shells.nix.run("store", "delete", "--ignore-liveness", *users, cwd=lab.root).check()
    assert not interpreter.exists()
    entered = lab.enter("python", "-c", VERSION).check()
    assert entered.stdout == "1.0\n"
    # Built again at the same path, it is the same one.
    assert interpreter.exists()


def test_a_link_to_an_interpreter_that_is_gone_makes_it_anew(lab: Lab) -> None:
    assert lab.python(VERSION) == "1.0"
    link = lab.root / ".venv/bin" / f"python{MINOR}"
    for path in (lab.root / ".venv/bin").glob("python*"):
        path.unlink()
    link.symlink_to("/nix/store/00000000000000000000000000000000-python3/bin/python3")
    (lab.root / ".venv/bin/python").symlink_to(link.name)
    entered = lab.enter("python", "-c", VERSION).check()
    assert entered.stdout == "1.0\n"
    assert "Making .venv" in entered.stderr


def test_variants_do_not_disturb_each_other(make: Callable[..., Lab]) -> None:
    lab = make("env: {WHICH: base}", "variants: {other: {env: {WHICH: other}, native: [ffmpeg]}}")
    lab.require("1.0")
    show = 'echo "$WHICH ${VIRTUAL_ENV##*/}"; python -c "import sys, tiny; print(sys.prefix, tiny.version)"'
    first = lab.enter("bash", "-c", show).check().stdout
    assert first == f"base .venv\n{lab.root}/.venv 1.0\n"
    stamps = lab.stamps()
    other = lab.enter("bash", "-c", show, shell="other").check().stdout
    assert other == f"other .venv-other\n{lab.root}/.venv-other 1.0\n"
    assert lab.stamps() == stamps
    again = lab.enter("bash", "-c", show).check()
    assert (again.stdout, again.stderr) == (first, "")


def test_the_shell_opens_from_a_folder_below(lab: Lab) -> None:
    below = lab.root / "notes" / "deep"
    below.mkdir(parents=True)
    shown = lab.enter("bash", "-c", f'pwd; echo "$VIRTUAL_ENV"; python -c "{VERSION}"', cwd=below).check()
    assert shown.stdout.splitlines() == [str(below), f"{lab.root}/.venv", "1.0"]


@pytest.mark.parametrize("name", NAMES)
def test_any_folder_name_will_do(make: Callable[..., Lab], name: str) -> None:
    lab = make("processes: {once: echo ran}", name=name)
    lab.require("1.0")
    show = 'python -c "import sys, tiny; print(sys.prefix)"; processes-up'
    first = lab.enter("bash", "-c", show).check()
    assert first.stdout.splitlines() == [f"{lab.root}/.venv", "ran"], first.stderr
    if name == NAMES[0]:
        assert lab.enter("tiny").check().stdout == f"{lab.root}/.venv\n"
    again = lab.enter("python", "-c", VERSION).check()
    assert (again.stdout, again.stderr) == ("1.0\n", "")


def test_a_failed_installation_is_told_and_tried_again(lab: Lab) -> None:
    wheel = next((lab.root / "wheels").iterdir())
    hidden = wheel.with_suffix(".away")
    wheel.rename(hidden)
    for _ in range(2):
        failed = lab.enter("bash", "-c", 'echo "open $VIRTUAL_ENV"').check()
        assert failed.stdout == f"open {lab.root}/.venv\n"
        assert "failed, see above; the next entry tries again" in failed.stderr
    hidden.rename(wheel)
    assert lab.python(VERSION) == "1.0"


def test_a_read_only_checkout_opens(lab: Lab) -> None:
    prefix = namespaces("--mount")
    if not prefix:
        pytest.skip("this user may not mount")
    read_only = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$0" && exec "$@"'
    start = (*prefix, "sh", "-c", read_only, str(lab.root))
    without = lab.enter("sh", "-c", 'echo "open ${VIRTUAL_ENV-none}"', prefix=start).check()
    assert without.stdout == "open none\n"
    assert "cannot write" in without.stderr
    assert lab.python(VERSION) == "1.0"
    entered = lab.enter("python", "-c", VERSION, prefix=start).check()
    assert (entered.stdout, entered.stderr) == ("1.0\n", "")


def test_entering_again_needs_no_network(lab: Lab) -> None:
    prefix = namespaces("--net")
    if not prefix:
        pytest.skip("this user may not leave the network")
    assert lab.python(VERSION) == "1.0"
    offline = lab.enter("python", "-c", VERSION, prefix=prefix).check()
    assert offline.stdout == "1.0\n"
    assert "pyenvspec:" not in offline.stderr


# ---- what else is in the shell ------------------------------------------------------------------


def test_env_scripts_processes_and_on_enter(make: Callable[..., Lab]) -> None:
    lab = make(
        "env: {SEED: 42, QUOTE: \"it's $HOME\", PYTHONPATH: lib, PYTHONHASHSEED: 7, MAGIC: '${pkgs.file}/bin/file'}",
        'scripts: {train: "python -c \\"import sys; print(sys.argv[1:])\\" \\"$@\\"", file: echo mine}',
        "processes: {web: 'echo $((SEED + 1)) $PWD', other: sleep 0.1}",
        "on_enter: 'echo entered $SEED; ENTERED=yes; export ENTERED'",
        "native: [file]",
    )
    below = lab.root / "below"
    below.mkdir()
    script = (
        'echo "$SEED|$QUOTE|$PYTHONPATH|$PYTHONHASHSEED|$ENTERED"; "$MAGIC" --version | head -1; file; '
        "train --epochs 3; processes-up"
    )
    shown = lab.enter("bash", "-c", script, cwd=below).check().stdout.splitlines()
    assert shown[:2] == ["entered 42", "42|it's $HOME|lib|7|yes"]
    assert shown[2].startswith("file-")
    assert shown[3:] == ["mine", "['--epochs', '3']", f"43 {lab.root}"]


def test_few_names_are_exported(make: Callable[..., Lab]) -> None:
    lab = make("env: {SEED: 42}")
    code = "import json, os; print(json.dumps(sorted(os.environ)))"
    names = set(json.loads(lab.python(code))) - set(lab.environment()) - {"SEED", "NIX_CONFIG"}
    own = {name for name in names if not name.startswith("NIX_")} - EXPORTED
    if lab.kind == "devenv":
        own = {name for name in own if not name.startswith("DEVENV_")} - EXPORTED_BY_DEVENV
    assert own == set()


def test_an_interactive_shell_is_bash_with_its_editing(lab: Lab) -> None:
    script = shutil.which("script")
    if script is None:
        pytest.skip("this machine has no `script` to make a terminal")
    typed = "echo $((6 * 7)) $- ${VIRTUAL_ENV##*/}; shopt -q progcomp && echo completes; exit 5\n"
    nix = str(lab.shells.nix.program)
    done = subprocess.run(
        [script, "--quiet", "--return", "--command", f"{nix} develop", "/dev/null"],
        cwd=lab.root,
        env=lab.environment() | {"TERM": "xterm"},
        input=typed,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert re.search(r"^42 \w*i\w* \.venv\r?$", done.stdout, re.MULTILINE), done.stdout
    assert "completes" in done.stdout
    assert done.returncode == 5


def test_an_image_of_a_light_shell_evaluates_without_devenv(shells: Shells, tmp_path: Path) -> None:
    lab = Lab(shells, tmp_path / "lab", "native")
    (lab.root / "src").mkdir()
    (lab.root / "src" / "module.py").touch()
    lab.describe(
        "containers:",
        "  default: {image: lab, command: [python, -c, 'print(\"one word\")'], copy: [src], project: false}",
        "env: {SEED: 42}",
        "systems: [x86_64-linux]",
        python=f"{{version: {MINOR}, manager: pip}}",
    )
    assert set(json.loads((lab.root / "flake.lock").read_text())["nodes"]) == {
        "root",
        "nixpkgs",
        "flake-parts",
    }
    nix = str(shells.nix.program)
    evaluated = lab.run(nix, "eval", "--raw", ".#packages.x86_64-linux.container-default.drvPath").check()
    assert evaluated.stdout.endswith("-image-lab.drv")
    closure = lab.run(str(shells.nix.program.with_name("nix-store")), "-qR", evaluated.stdout).check()
    texts = [
        Path(path).read_text(errors="replace") for path in closure.stdout.split() if path.endswith(".drv")
    ]
    whole = "\n".join(texts)
    assert str(lab.root) not in whole
    config = Path(evaluated.stdout).read_text()
    for part in ("SEED", "/opt/python/bin", "one word"):
        assert part in config


# ---- libraries for this Python only ------------------------------------------------------------


def test_only_this_python_sees_the_libraries(make: Callable[..., Lab]) -> None:
    lab = make("native: [ffmpeg, git, curl]", "on_enter: 'export STAYS=1'")
    load = 'import ctypes; print(ctypes.CDLL("libavutil.so.58").libavutil_stand_in())'
    (lab.root / "load.py").write_text(load)
    other = next(iter(json.loads((lab.shells.hostpkgs / "host.json").read_text())["pythons"].values()))
    code = f"""
        import os, re, subprocess, sys
        def trace(*argv):
            env = {{**os.environ, "LD_DEBUG": "libs"}}
            done = subprocess.run(argv, capture_output=True, text=True, env=env)
            return bool(re.search("-libs/+ld.cache", done.stderr))
        print("LD_LIBRARY_PATH" in os.environ, trace(sys.executable, "load.py"))
        for name in ("python", "python3", "python{MINOR}"):
            print(subprocess.check_output([os.path.join(os.environ["VIRTUAL_ENV"], "bin", name), "load.py"]))
        for argv in (["git", "--version"], ["bash", "-c", ":"], ["curl", "--version"], ["gcc", "--version"]):
            print(trace(*argv))
        print(subprocess.run([{other["executable"]!r}, "load.py"], stderr=subprocess.DEVNULL).returncode)
    """
    shown = lab.python(textwrap.dedent(code)).splitlines()
    assert shown == ["False True", *["b'42\\n'"] * 3, *["False"] * 4, "1"]


# ---- pyenvspec shell ----------------------------------------------------------------------------


def pyenvspec(lab: Lab, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "pyenvspec", "shell", "-C", str(lab.root), *words]
    env = lab.environment() | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300
    )


def test_pyenvspec_shell_compiles_what_is_stale_and_passes_exit_codes(lab: Lab) -> None:
    before = (lab.root / "nix/pyenvspec/default.nix").read_text()
    manifest = lab.root / "env.yaml"
    manifest.write_text(manifest.read_text() + "env: {ADDED: now}\n")
    done = pyenvspec(lab, "--", "bash", "-c", 'echo "$ADDED $*"; exit 7', "x", "a b", "--", "-C")
    assert (done.returncode, done.stdout) == (7, "now a b -- -C\n"), done.stderr
    assert "develop '.#default' --accept-flake-config --command bash -c" in done.stderr
    assert "compiled env.yaml" in done.stderr
    assert (lab.root / "nix/pyenvspec/default.nix").read_text() != before
    again = pyenvspec(lab, "-q", "--", "true")
    assert (again.returncode, again.stderr) == (0, "")


def test_pyenvspec_shell_names_the_variants_that_there_are(lab: Lab) -> None:
    done = pyenvspec(lab, "gpu")
    assert done.returncode == 2
    assert "env.yaml has no variant `gpu`; there is default" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_pyenvspec_shell_passes_signals(lab: Lab, number: signal.Signals) -> None:
    assert lab.enter("true").code == 0
    code = """if True:
        import os, signal
        # Whoever runs the tests may have them ignored: nohup does.
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        print(os.getpid(), flush=True)
        signal.pause()
    """
    argv = [sys.executable, "-m", "pyenvspec", "shell", "-C", str(lab.root), "--", "python", "-c", code]
    env = lab.environment() | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{process.pid}\n"
        process.send_signal(number)
        try:
            assert process.wait(30) == -number
        finally:
            process.kill()


# ---- direnv -------------------------------------------------------------------------------------


def direnv(lab: Lab, *command: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    program = shutil.which("direnv")
    if program is None:
        pytest.skip("this machine has no direnv")
    env = lab.environment()
    env["PATH"] = f"{Path(program).parent}:{env['PATH']}"
    lab.run(program, "allow", str(lab.root), env=env).check()
    argv = [*prefix, program, "exec", str(lab.root), *command]
    return subprocess.run(
        argv,
        cwd=lab.root.parent,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture
def nix_direnv(shells: Shells) -> None:
    direnvrc = shells.inputs.path("nix-direnv") / "direnvrc"
    settings = shells.nix.home / ".config" / "direnv"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "direnvrc").write_text(f"source '{direnvrc}'\n")


@pytest.mark.usefixtures("nix_direnv")
def test_direnv_loads_the_shell_and_reloads_it(lab: Lab) -> None:
    show = 'echo "${ADDED-none}"; python -c "import sys, tiny; print(sys.prefix, tiny.version)"'
    first = direnv(lab, "bash", "-c", show)
    assert first.stdout == f"none\n{lab.root}/.venv 1.0\n", first.stderr
    assert "Renewed cache" in first.stderr
    again = direnv(lab, "bash", "-c", show)
    assert again.stdout == first.stdout
    assert "Using cached dev shell" in again.stderr
    assert "Installing" not in again.stderr
    lab.require("2.0")
    assert direnv(lab, "bash", "-c", show).stdout.endswith(" 2.0\n")
    lab.describe("env: {ADDED: now}", python=f"{{version: {MINOR}, manager: pip}}")
    changed = direnv(lab, "bash", "-c", show)
    assert changed.stdout.startswith("now\n")
    assert "Renewed cache" in changed.stderr


def test_direnv_loads_without_nix_direnv_and_a_network(lab: Lab) -> None:
    prefix = namespaces("--net")
    if not prefix:
        pytest.skip("this user may not leave the network")
    (lab.shells.nix.home / ".config" / "direnv" / "direnvrc").unlink(missing_ok=True)
    assert lab.enter("true").code == 0
    done = direnv(lab, "python", "-c", VERSION, prefix=prefix)
    assert done.stdout == "1.0\n", done.stderr

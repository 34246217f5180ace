"""The package set made of this machine's tools: real shells open with it, and it behaves like nixpkgs."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness import Shells

pytestmark = [pytest.mark.nix, pytest.mark.inputs]

MODULES = Path(__file__).parents[2] / "nix" / "modules"

INPUTS = """
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    flake-parts.url = "github:hercules-ci/flake-parts";
    flake-parts.inputs.nixpkgs-lib.follows = "nixpkgs";
"""

MKSHELL = (
    """
{
  inputs = {"""
    + INPUTS
    + """  };
  outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } {
    systems = [ "x86_64-linux" "aarch64-linux" ];
    perSystem = { pkgs, ... }: {
      devShells.default = pkgs.mkShell {
        packages = [ pkgs.python3 pkgs.uv pkgs.poetry pkgs.git ];
        buildInputs = [ pkgs.zlib ];
        inputsFrom = [ (pkgs.mkShellNoCC { packages = [ pkgs.jq ]; }) ];
        env.SEED = "42";
        shellHook = "export HOOKED=yes";
      };
      devShells.bare = pkgs.mkShellNoCC { packages = [ pkgs.coreutils ]; };
    };
  };
}
"""
)

# What devenv reads none of is cut away; its Rust task runner is replaced, for it would be built from source.
DEVENV = (
    """
{
  inputs = {"""
    + INPUTS
    + """
    devenv.url = "github:cachix/devenv";
    devenv.inputs = {
      nixpkgs.follows = "nixpkgs";
      flake-parts.follows = "flake-parts";
      cachix.follows = "";
      crate2nix.follows = "";
      flake-compat.follows = "";
      ghostty.follows = "";
      git-hooks.follows = "";
      nix.follows = "";
      nixd.follows = "";
      rust-overlay.follows = "";
    };
  };
  outputs = inputs: inputs.flake-parts.lib.mkFlake { inputs = inputs // { git-hooks = null; }; } {
    imports = [ inputs.devenv.flakeModule ];
    systems = [ "x86_64-linux" "aarch64-linux" ];
    perSystem = { lib, pkgs, ... }: {
      devenv.shells.default = {
        devenv.root = "PROJECT";
        devenv.tmpdir = "/tmp";
        devenv.flakesIntegration = lib.mkForce false;
        task.package = pkgs.writeShellScriptBin "devenv-tasks" ":";
        cachix.enable = false;
        packages = [ pkgs.python3 pkgs.uv ];
        env.SEED = "42";
        scripts.greet.exec = "echo hello";
        processes.once.exec = "echo ran";
        enterShell = "export HOOKED=yes";
      };
    };
  };
}
"""
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a project"
    folder.mkdir()
    return folder


def test_mkshell_opens_and_runs_python_and_uv(shells: Shells, project: Path) -> None:
    (project / "flake.nix").write_text(MKSHELL)
    first = shells.develop(project, "python", "-c", "import sys; print(sys.prefix, 6 * 7)").check()
    assert re.fullmatch(r"/\S+-python3-3\.\S+ 42\n", first.stdout)
    again = shells.develop(project, "python", "-c", "print(1)").check()
    assert again.stdout == "1\n"
    assert "building" not in again.stderr
    assert shells.develop(project, "uv", "--version").check().stdout.startswith("uv ")
    assert "Poetry" in shells.develop(project, "poetry", "--version").check().stdout


def test_mkshell_passes_env_hook_and_inputs(shells: Shells, project: Path) -> None:
    (project / "flake.nix").write_text(MKSHELL)
    shown = (
        shells.develop(project, "bash", "-c", 'echo "$SEED $HOOKED $CC"; command -v jq git gcc')
        .check()
        .stdout
    )
    answers = shown.splitlines()
    assert answers[0] == "42 yes gcc"
    assert [line.rpartition("/")[2] for line in answers[1:]] == ["jq", "git", "gcc"]
    assert all("-" in line and not line.startswith("/usr") for line in answers[1:])
    bare = shells.develop(project, "bash", "-c", "echo ${CC-none} ${HOOKED-none}", shell="bare").check()
    assert bare.stdout == "none none\n"


def test_a_shell_holds_nothing_of_the_caller(
    shells: Shells, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "flake.nix").write_text(MKSHELL)
    monkeypatch.setenv("VIRTUAL_ENV", "/leak")
    monkeypatch.setenv("PYTHONPATH", "/leak")
    shown = shells.develop(project, "python", "-c", "import os, sys; print(os.environ, sys.path)").check()
    assert "/leak" not in shown.stdout
    assert str(shells.nix.home) in shown.stdout


def test_a_shell_opens_from_a_folder_of_a_checkout(shells: Shells, project: Path) -> None:
    (project / "flake.nix").write_text(MKSHELL)
    (project / "below").mkdir()
    run("git", "-C", str(project), "init", "--quiet")
    run("git", "-C", str(project), "add", ".")
    here = shells.develop(project, "pwd", cwd=project / "below").check().stdout.strip()
    assert here == str(project / "below")


def test_an_exit_code_and_a_failing_evaluation_reach_the_caller(shells: Shells, project: Path) -> None:
    (project / "flake.nix").write_text(MKSHELL)
    assert shells.develop(project, "bash", "-c", "exit 7").code == 7
    (project / "flake.nix").write_text('{ inputs = { }; outputs = _: { devShells = throw "no shell"; }; }')
    assert "no shell" in shells.develop(project, "true").stderr


def test_devenv_opens(shells: Shells, project: Path) -> None:
    (project / "flake.nix").write_text(DEVENV.replace("PROJECT", str(project)))
    first = shells.develop(project, "python", "-c", "print(1)").check()
    assert first.stdout.endswith("1\n")
    again = shells.develop(project, "bash", "-c", "greet; uv --version; echo $SEED $HOOKED").check()
    assert re.search(r"hello\nuv .*\n42 yes\n$", again.stdout)


def test_every_python_has_a_prefix_of_its_own_and_makes_environments(shells: Shells, tmp_path: Path) -> None:
    host = json.loads((shells.hostpkgs / "host.json").read_text())
    for minor, facts in host["pythons"].items():
        attribute = f"pkgs.python{minor.replace('.', '')}"
        prefix = shells.build(attribute).check().stdout.strip()
        python = f"{prefix}/bin/python"
        assert run(python, "-c", "import sys; print(sys.prefix)") == prefix
        assert run(python, "--version") == f"Python {facts['version']}"
        assert run(python, "-I", "-m", "pip", "--version", check=False) == ""
        run(python, "-m", "venv", "--without-pip", str(tmp_path / minor))
        inside = str(tmp_path / minor / "bin/python")
        assert run(inside, "-c", "import ctypes, ssl, sys; print(sys.base_prefix)") == prefix
        passthru = shells.build(
            f'pkgs.writeText "x" (with {attribute}; pythonVersion + sitePackages + interpreter)'
        )
        expected = f"{minor}lib/python{minor}/site-packages{prefix}/bin/python{minor}"
        assert run("cat", passthru.check().stdout.strip()) == expected


def test_an_environment_of_a_python_has_pip(shells: Shells, tmp_path: Path) -> None:
    python = shells.build("pkgs.python3").check().stdout.strip() + "/bin/python"
    run(python, "-m", "venv", str(tmp_path / "venv"))
    assert run(str(tmp_path / "venv/bin/pip"), "--version").startswith("pip ")


def test_a_python_that_the_machine_lacks_is_named(shells: Shells) -> None:
    host = json.loads((shells.hostpkgs / "host.json").read_text())
    minors = {f"3.{minor}" for minor in range(10, 16)}
    for minor in minors - set(host["pythons"]):
        failed = shells.build(f"pkgs.python{minor.replace('.', '')}")
        assert f"this machine has no Python {minor}, only " in failed.stderr


def test_python_reads_the_cache_of_its_own_glibc(shells: Shells) -> None:
    glibc = shells.build("pkgs.glibc").check().stdout.strip()
    python = shells.build("pkgs.python3").check().stdout.strip() + "/bin/python"
    assert glibc in run("readelf", "--program-headers", python)
    trace = subprocess.run(
        [python, "-c", ""], env={"LD_DEBUG": "libs"}, capture_output=True, text=True, check=True
    )
    assert f"search cache={glibc}/etc/ld.so.cache" in trace.stderr
    assert "search cache=/etc" not in trace.stderr


def test_a_library_is_found_by_the_python_that_it_is_given_to_only(shells: Shells) -> None:
    module = f"{MODULES}/python-with-libraries.nix"
    given = f"pkgs.callPackage {module} {{ }} {{ python = pkgs.python3; libraries = [ pkgs.ffmpeg ]; }}"
    load = "import ctypes; print(ctypes.CDLL('libavutil.so.58').libavutil_stand_in())"
    python = shells.build(given).check().stdout.strip() + "/bin/python"
    assert run(python, "-c", load) == "42"
    plain = shells.build("pkgs.python3").check().stdout.strip() + "/bin/python"
    assert run(plain, "-c", load, check=False) == ""


def test_with_packages(shells: Shells) -> None:
    package = """(pkgs.python3.pkgs.toPythonModule (pkgs.runCommand "tiny" { } ''
      mkdir -p $out/${pkgs.python3.sitePackages}
      echo 'answer = 42' > $out/${pkgs.python3.sitePackages}/tiny.py
    ''))"""
    python = shells.build(f"pkgs.python3.withPackages (_: [ {package} ])").check().stdout.strip()
    assert run(f"{python}/bin/python", "-c", "import tiny; print(tiny.answer)") == "42"


BUILDERS = {
    "writeShellScriptBin": ('pkgs.writeShellScriptBin "x" "echo 1"', "/bin/x", "1"),
    "writeShellApplication": (
        'pkgs.writeShellApplication { name = "x"; runtimeInputs = [ pkgs.jq ]; text = "command -v jq"; }',
        "/bin/x",
        "-jq-0/bin/jq",
    ),
    "writeScriptBin": ('pkgs.writeScriptBin "x" "#!/bin/sh\\necho 3"', "/bin/x", "3"),
    "symlinkJoin": (
        'pkgs.symlinkJoin { name = "x"; paths = [ pkgs.git (pkgs.writeShellScriptBin "x" "echo 4") ]; }',
        "/bin/x",
        "4",
    ),
    "buildEnv": (
        'pkgs.buildEnv { name = "x"; paths = [ pkgs.git (pkgs.writeShellScriptBin "x" "echo 5") ]; }',
        "/bin/x",
        "5",
    ),
    "linkFarm": ('pkgs.linkFarm "x" { "y/x" = pkgs.writeShellScript "x" "echo 6"; }', "/y/x", "6"),
    "makeWrapper": (
        'pkgs.runCommandLocal "x" { nativeBuildInputs = [ pkgs.makeWrapper ]; } '
        "''makeWrapper ${pkgs.bash}/bin/bash $out --add-flags \"-c 'echo 7'\"''",
        "",
        "7",
    ),
    "the compiler": (
        'pkgs.runCommandCC "x" { } "echo \'int main(void) { return puts(\\"8\\") < 0; }\' '
        '| $CC -w -include stdio.h -x c -o $out -"',
        "",
        "8",
    ),
    "overlays": (
        "(import nixpkgs { system = builtins.currentSystem; config.allowUnfree = true; "
        'overlays = [ (final: prev: { x = final.writeShellScript "x" "echo ${prev.jq.pname}"; }) ]; }).x',
        "",
        "jq",
    ),
}


@pytest.mark.parametrize("name", BUILDERS)
def test_the_builders_of_nixpkgs(shells: Shells, name: str) -> None:
    expression, path, expected = BUILDERS[name]
    assert run(shells.build(expression).check().stdout.strip() + path).endswith(expected)


def test_a_library_is_the_machines_own_or_a_stand_in(shells: Shells) -> None:
    for expression, name in (
        ("pkgs.stdenv.cc.cc.lib", "libstdc++.so.6"),
        ("pkgs.zlib", "libz.so.1"),
        ("pkgs.gperftools", "libtcmalloc.so"),
        ("pkgs.lib.getLib pkgs.ffmpeg", "libavutil.so"),
    ):
        folder = shells.build(expression).check().stdout.strip() + "/lib"
        run("python3", "-c", f"import ctypes; ctypes.CDLL('{folder}/{name}')")


def test_cuda_is_unfree_and_holds_a_stub_of_the_driver(shells: Shells) -> None:
    pkgs = "(import nixpkgs { system = builtins.currentSystem; config = CONFIG; }).cudaPackages.cuda_cudart"
    assert "unfree" in shells.build(pkgs.replace("CONFIG", "{ allowUnfree = false; }")).stderr
    allowed = Path(shells.build(pkgs.replace("CONFIG", "{ allowUnfree = true; }")).check().stdout.strip())
    (runtime,) = (allowed / "lib").glob("libcudart.so.*")
    load = "import ctypes, sys; print({})"
    assert run("python3", "-c", load.format(f"ctypes.CDLL('{runtime}').libcudart_stand_in()")) == "42"
    stub = f"ctypes.CDLL('{allowed}/lib/stubs/libcuda.so').cuInit(0)"
    assert run("python3", "-c", load.format(stub)) == "34"


def test_a_source_says_that_it_cannot_be_built(shells: Shells) -> None:
    source = shells.build('pkgs.fetchurl { url = "https://x.example/a"; hash = pkgs.lib.fakeHash; }')
    assert "only packages of this machine can be built, not https://x.example/a" in source.stderr


def test_processes_run(shells: Shells, tmp_path: Path) -> None:
    program = shells.build("pkgs.process-compose").check().stdout.strip() + "/bin/process-compose"
    config = tmp_path / "processes.json"
    processes = {
        "web": {"command": "echo $PORT; exit 3", "environment": ["PORT=80"]},
        "other": {"command": "echo on"},
    }
    config.write_text(json.dumps({"processes": processes}))
    done = subprocess.run([program, "-f", str(config), "up"], capture_output=True, text=True, check=False)
    assert (done.returncode, sorted(done.stdout.split())) == (3, ["80", "on"])


def run(*command: str, check: bool = True) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout.strip()

#!/usr/bin/env python3
"""What one command costs: the whole process, from cold, against what nobody can go below.

`--others VENV` is a virtual environment with jupyter-repo2docker, cookiecutter and copier, for comparison.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from measure import (
    ROOT,
    Command,
    count_instructions,
    keep,
    parse_arguments,
    print_table,
    pyenvspec,
    run,
    summarize,
    take_turns,
    workspace,
)

EXAMPLE = ROOT / "examples" / "python-poetry"
FLOOR = "import pydantic's BaseModel, yaml"
WRONG = "python: {version: 3.11}\ncudaa: 11.8\nnative: [ffmpeg]\n"
ENVIRONMENT = """\
name: speech-lab
channels: [conda-forge]
dependencies: [python=3.10, numpy, ffmpeg, {pip: [torch]}]
"""

REPO2DOCKER = """
from repo2docker.buildpacks import CondaBuildPack
pack = CondaBuildPack('docker.io/library/buildpack-deps:jammy')
pack.platform = 'linux/amd64'
assert pack.detect()
text = pack.render({})
assert 'FROM' in text
"""


def python_commands(folder: Path) -> dict[str, Command]:
    """Return the floors: what a Python program with these libraries costs before it does anything."""
    code = {
        "python -c pass": "pass",
        "import pydantic, yaml": "import pydantic, yaml",
        FLOOR: "from pydantic import BaseModel; import yaml",
        "a model of one field": "import yaml\nfrom pydantic import BaseModel\nclass A(BaseModel):\n  a: int\nA(a=1)",
    }
    return {name: Command([sys.executable, "-c", text], folder) for name, text in code.items()}


def our_commands(folder: Path) -> dict[str, Command]:
    """Return ours; cold is a compile without a record of the last one, of a project that is up to date."""
    project, wrong, records = folder / "project", folder / "wrong", folder / "cache"
    shutil.copytree(EXAMPLE, project)
    wrong.mkdir()
    (wrong / "env.yaml").write_text(WRONG)
    env = {"XDG_CACHE_HOME": str(records), "HOME": str(folder)}

    def forget() -> None:
        shutil.rmtree(records, ignore_errors=True)

    compiling = [*pyenvspec(), "compile"]
    run(Command(compiling, project, env))
    return {
        "compile, cold": Command(compiling, project, env, before=forget),
        "compile, nothing changed": Command(
            compiling, project, env, before=lambda: _prepare(compiling, project, env)
        ),
        "compile, env.yaml with a mistake": Command(compiling, wrong, env, codes=(1,)),
        "--help": Command([*pyenvspec(), "--help"], project, env),
    }


def _prepare(compiling: list[str], project: Path, env: dict[str, str]) -> None:
    if not list(Path(env["XDG_CACHE_HOME"]).glob("pyenvspec/compiled/*")):
        run(Command(compiling, project, env))


def other_commands(venv: Path, folder: Path) -> dict[str, Command]:
    """Return tools that make a build recipe from a file or a template."""
    python = str(venv / "bin" / "python")
    conda = folder / "conda"
    conda.mkdir()
    (conda / "environment.yml").write_text(ENVIRONMENT)
    cookie, copier = write_templates(folder)
    out = folder / "out"

    def clean() -> None:
        shutil.rmtree(out, ignore_errors=True)

    env = {"HOME": str(folder)}
    baking = [
        str(venv / "bin" / "cookiecutter"),
        "--no-input",
        "--overwrite-if-exists",
        "-o",
        str(out),
        str(cookie),
    ]
    copying = [str(venv / "bin" / "copier"), "copy", "--quiet", "--defaults", str(copier), str(out / "made")]
    return {
        "repo2docker: Dockerfile of environment.yml": Command([python, "-c", REPO2DOCKER], conda, env),
        "cookiecutter: the same flake as a template": Command(baking, folder, env, before=clean),
        "copier: the same flake as a template": Command(copying, folder, env, before=clean),
    }


def write_templates(folder: Path) -> tuple[Path, Path]:
    """Make templates of the example's generated files, the name of the project being what they ask for."""
    cookie, copier = folder / "cookie", folder / "copier"
    (cookie / "{{cookiecutter.name}}").mkdir(parents=True)
    copier.mkdir()
    (cookie / "cookiecutter.json").write_text(json.dumps({"name": "python-poetry"}))
    (copier / "copier.yml").write_text("name: {type: str, default: python-poetry}\n")
    for path in [*EXAMPLE.glob("flake.*"), EXAMPLE / ".envrc", *(EXAMPLE / "nix").rglob("*")]:
        if not path.is_file():
            continue
        place = path.relative_to(EXAMPLE)
        for base, suffix, word in (
            (cookie / "{{cookiecutter.name}}", "", "{{ cookiecutter.name }}"),
            (copier, ".jinja", "{{ name }}"),
        ):
            target = base / f"{place}{suffix}"
            target.parent.mkdir(parents=True, exist_ok=True)
            raw = path.read_text().replace("python-poetry", f"{{% endraw %}}{word}{{% raw %}}")
            target.write_text(f"{{% raw %}}{raw}{{% endraw %}}")
    return cookie, copier


def main() -> int:
    """Measure, print and keep."""
    options = parse_arguments(__doc__, others="virtual environment with the other tools")
    with workspace() as folder:
        commands = {**python_commands(folder), **our_commands(folder)}
        if options.others is None:
            print("without --others VENV: repo2docker, cookiecutter and copier are left out\n")
        else:
            commands |= other_commands(options.others.absolute(), folder)
        runs = take_turns(commands, 2 if options.quick else options.rounds)
        instructions = {} if options.quick else {n: count_instructions(c) for n, c in commands.items()}
    results = {name: summarize(one) | {"instructions": instructions.get(name)} for name, one in runs.items()}
    idle, floor = (results[name]["cpu"] for name in ("python -c pass", FLOOR))
    rows = [
        (
            name,
            f"{found['cpu'] * 1000:.0f} ms",
            f"{found['cpu'] / idle:.2f}",
            f"{found['cpu'] / floor:.2f}",
            f"{(found['instructions'] or 0) / 1e6:.0f} M",
            f"{found['memory'] / 2**20:.0f} MiB",
        )
        for name, found in results.items()
    ]
    print_table(("CPU time, least", "", "of pass", "of floor", "instructions", "memory"), rows)
    print(f"\nfloor: {FLOOR}; rounds: {len(next(iter(runs.values())))}")
    keep("compile", {"floor": FLOOR, "results": results}, quick=options.quick)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Mistakes that people make in env.yaml: each is told by its code, at its place, with words that lead on.

One row a kind: the file, what is told of it (code, line and column), and what the help or the caret says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import check_project

if TYPE_CHECKING:
    from pathlib import Path

    from pyenvspec.diagnostics import Diagnostic

P = "python: 3.12\n"
PROJECT = "[project]\nname = 'lab'\nversion = '1'\nrequires-python = '>=3.12'\ndependencies = []\n"

MISTAKES: dict[str, tuple[str, str, str, str]] = {
    # keys
    "a misspelt key": ("pythn: 3.12\n", "unknown-key", "1:1", "did you mean `python`?"),
    "a misspelt key below another": (P + "cuda: {version: 12.4, cuddn: 9}\n", "unknown-key", "2:23", "`cudnn`"),
    "camelCase": (P + "onEnter: ls\n", "key-spelling", "2:1", "`on_enter`"),
    "kebab-case": (P + "on-enter: ls\n", "key-spelling", "2:1", "`on_enter`"),
    "the list of another tool": (P + "dependencies: [torch]\n", "unknown-key", "2:1", "requirements.txt"),
    "no python": ("cuda: 12.4\n", "missing-key", "1:1", "python: {version: 3.10}"),
    "a key twice": (P + "native: [git]\nnative: [jq]\n", "duplicate-key", "3:1", "`native` once"),
    # versions
    "a CUDA without its minor": (P + 'cuda: "12"\n', "no-release", "2:7", "12."),
    "a CUDA to be found out": (P + "cuda: auto\n", "invalid-value", "2:7", "major and minor"),
    "a CUDA too old": (P + "cuda: 9.0\n", "no-release", "2:7", "10.0"),
    "a Python that lost its zero": ("python: 3.1\n", "python-version", "1:9", "`3.10`"),
    "a range of Pythons": ("python: '>=3.11'\n", "invalid-value", "1:9", "`3.11`"),
    "a Python of the future": ("python: 3.99\n", "no-release", "1:9", "`python.version: 3."),
    "a Python as nixpkgs calls it": ("python: python311\n", "invalid-value", "1:9", "`3.11`"),
    "a cuDNN of another CUDA": (P + "cuda: {version: 12.4, cudnn: 7.6}\n", "no-release", "2:30", "cudnn"),
    "a release without its name": (P + "nixpkgs: unstable\n", "invalid-value", "2:10", "`nixos-unstable`"),
    "a capability as one number": (
        P + "cuda: {version: 12.4, capabilities: [86]}\n", "invalid-value", "2:38", "`8.6`",
    ),
    "a capability as nvcc has it": (
        P + "cuda: {version: 12.4, capabilities: [sm_90]}\n", "invalid-value", "2:38", "`9.0`",
    ),
    # names
    "names in one text": (P + "native: ffmpeg git\n", "wrong-type", "2:9", "`native: [ffmpeg, git]`"),
    "a dotted key": (P + "cuda.version: 12.8\n", "unknown-key", "2:1", "`cuda: {version: …}`"),
    "a Python of one number": ("python: 3\n", "python-version", "1:9", "write `3.12`"),
    "one name, then items": (P + "native:\n  git\n  - jq\n", "wrong-type", "3:3", "`native: [git, jq]`"),
    "a version with =": (P + "native: [ffmpeg=6]\n", "invalid-value", "2:10", "`ffmpeg_6`"),
    "a version with @": (P + "native: [ffmpeg@6]\n", "invalid-value", "2:10", "`ffmpeg_6`"),
    "conda's toolkit": (P + "native: [cudatoolkit]\n", "native-refused", "2:10", "`cuda:`"),
    "a Python package": (P + "native: [pytorch]\n", "native-refused", "2:10", "lock file or requirements"),
    "conda's compiler": (P + "native: [gxx_linux-64]\n", "native-refused", "2:10", "already"),
    "a misspelt package": (P + "native: [ffmpge]\n", "native-unknown", "2:10", "did you mean `ffmpeg`?"),
    "a package of nowhere": (P + "native: [qwertzuiop]\n", "native-unknown", "2:10", "pyenvspec search qwertzuiop"),
    "other letters": (P + "native: [FFMPEG]\n", "native-unknown", "2:10", "did you mean `ffmpeg`?"),
    "a part of CUDA": (P + "native: [nccl]\n", "native-refused", "2:10", "packages: [nccl]"),
    "dashes in two columns": (P + "native:\n- git\n - jq\n", "invalid-value", "3:3", "same column"),
    "the headers of Python": (P + "native: [python3-dev]\n", "native-refused", "2:10", "leave it out: Python 3.12"),
    "another Python": (P + "native: [python311]\n", "native-refused", "2:10", "`python: {version: 3.11}`"),
    "a password in an address": (
        P + "env: {DB: 'postgres://lab:pw@host/db'}\n", "env-secret", "2:7", "dotenv: [.env]",
    ),
    "a reference for a name": (P + "native: ['${pkgs.jq}']\n", "invalid-value", "2:10", "write `jq`"),
    "a misspelt service": (P + "services: {postgress: {enable: true}}\n", "service-unknown", "2:12", "`postgres`"),
    # YAML
    "a tab": ("python:\n\tversion: 3.12\n", "yaml-tab", "2:1", "two spaces"),
    "no space behind the colon": ("python:3.12\n", "yaml-syntax", "1:1", "`python: 3.12`"),
    "a colon in a text": (P + "description: Lab: ours\n", "yaml-syntax", "2:17", '"Lab: ours"'),
    "a quote that is not closed": (P + 'description: "ours\n', "yaml-syntax", "2:14", "closing"),
    "yes for true": (P + "generate: {vscode: yes}\n", "ambiguous-boolean", "2:20", "`true`"),
    "Windows' ends of lines": ("python: 3.12\r\nnativ: [git]\r\n", "unknown-key", "2:1", "`native`"),
    "marks of git": (
        "<<<<<<< HEAD\npython: 3.12\n=======\npython: 3.13\n>>>>>>> x\n", "yaml-conflict", "1:1", "delete",
    ),
    "marks of git with the common ancestor": (
        "<<<<<<< HEAD\npython: 3.12\n||||||| 1a2b3c4\npython: 3.11\n=======\npython: 3.13\n>>>>>>> x\n",
        "yaml-conflict", "1:1", "above line 3 or below line 5",
    ),
    "a full-width space": ("python:\u30003.12\n", "yaml-lookalike", "1:8", "`python: 3.12`"),
    "a full-width colon": ("python\uff1a3.12\n", "yaml-lookalike", "1:7", "`python: 3.12`"),
    # values
    "lines in the words of a script": (
        P + 'scripts: {a: [python, -c, "import x\\nprint(x)"]}\n', "wrong-type", "2:11",
        'write `a: "python -c \'import x\\nprint(x)\'"`',
    ),
    "a path of Windows": (
        "python: {version: 3.12, manager: pip, requirements: req\\base.txt}\n",
        "path-missing", "1:53", "`req/base.txt`",
    ),
    "a file that is not there": (
        "python: {version: 3.12, manager: pip, requirements: base.txt}\n", "path-missing", "1:53", "create it",
    ),
    "a manager that is none here": ("python: {version: 3.12, manager: pdm}\n", "invalid-choice", "1:34", "pdm export"),
    "an option of ssh for a builder": (P + "builders: [ssh://-Fx@big]\n", "invalid-value", "2:12", "ssh-ng://"),
    "an option of ssh for a cache": (
        P + "caches: [{url: 'ssh://-oProxyCommand=x', key: 'a-1:AAAA'}]\n", "invalid-value", "2:16", "https://",
    ),
    "a version of Python under native": (
        P + "native: [python=3.11]\n",
        "invalid-value", "2:10", "`python: {version: 3.11}`",
    ),
    "a version of CUDA under native": (P + "native: [cudatoolkit=11.8]\n", "invalid-value", "2:10", "`cuda: 11.8`"),
    "a major of CUDA under native": (
        P + "native: ['cuda@12']\n",
        "invalid-value", "2:10", "(for example `cuda: 12.8`)",
    ),
    "a version of cuDNN under native": (
        P + "native: [cudnn=8.9.2.26]\n", "invalid-value", "2:10", "`cudnn: 8.9` under `cuda`",
    ),
    "a version of NCCL under native": (
        P + "native: [nccl=2.18]\n", "invalid-value", "2:10", "`cuda: {version: 12.8, packages: [nccl]}`",
    ),
    "a version of conda under native": (
        P + "native: [conda=23.1]\n", "invalid-value", "2:10", "`python: {version: 3.12}`",
    ),
    "a version of a package of CUDA": (
        P + "cuda: {version: 12.8, packages: [nccl=2.18]}\n", "invalid-value", "2:34", "write `nccl`:",
    ),
    "a version of a package of nixpkgs": (
        "python: {version: 3.12, manager: nixpkgs, packages: [numpy==1.26]}\n",
        "invalid-value", "1:54", "write `numpy`:",
    ),
    "an input by its address": (
        P + "inputs: {x: https://github.com/a/b.git}\n", "wrong-type", "2:13", "`x: {github: a/b}`",
    ),
    "variables of a process as a list": (
        P + "processes: {w: {run: a, env: [A=b, C=d e]}}\n", "wrong-type", "2:25", "`env: {A: b, C: d e}`",
    ),
    "one package without fixes": (P + "fixes: torch\n", "invalid-choice", "2:8", "`fixes: [torch]`"),
    "a package of PyPI under native": (
        P + "native: [numpy==1.26]\n",
        "invalid-value", "2:10", "it is a Python package",
    ),
    "a compiler with a version under native": (P + "native: ['gcc@12']\n", "invalid-value", "2:10", "leave it out"),
    "a program with a version under native": (P + "native: [nodejs=20]\n", "invalid-value", "2:10", "`nodejs_20`"),
    "the shell that one types in": (P + "shell: zsh\n", "invalid-choice", "2:8", "pyenvspec shell -- zsh"),
    "a variable without a value": (P + "env: {A: }\n", "wrong-type", "2:10", '`A: ""`'),
    "a variable of the machine": (P + 'env: {D: "${HOME}/d"}\n', "env-interpolation", "2:10", 'export D="${HOME}/d"'),
    "a variable of bash": (P + "env: {D: $HOME/d}\n", "env-literal", "2:10", 'export D="$HOME/d"'),
    "the home folder": (P + "env: {D: ~/d}\n", "env-literal", "2:10", 'export D="$HOME/d"'),
    "the home folder behind a colon": (P + "env: {D: 'a:~/d'}\n", "env-literal", "2:10", 'export D="a:$HOME/d"'),
    "the home of a process": (P + "processes: {a: {run: b, env: {D: ~/d}}}\n", "env-literal", "2:34", "`run`"),
    "a token": (P + "env: {HF_TOKEN: hf_x}\n", "env-secret", "2:7", "dotenv: [.env]"),
    "a key of a cloud": (P + "env: {AWS_SECRET_ACCESS_KEY: wJalr/x+y}\n", "env-secret", "2:7", "out of git"),
    "a token under any name": (P + f"env: {{HUB: hf_{'x' * 30}}}\n", "env-secret", "2:7", "out of git"),
    "a reference that stays": (P + "description: with ${pkgs.jq}\n", "env-literal", "2:14", "`on_enter`"),
    "a reference in devenv's data": (
        P + "services: {postgres: {enable: true, initialScript: '${project}/a'}}\n",
        "env-literal", "2:52", "${project}/",
    ),
    "a list of images": (P + "containers: [default]\n", "wrong-type", "2:1", "containers: {default:"),
    "CUDA on a Mac": (P + "systems: [aarch64-darwin]\ncuda: 12.4\n", "cuda-on-darwin", "2:11", "Linux only"),
    # whole files
    "conda's file": (
        "name: a\nchannels: [x]\ndependencies: [python]\n", "conda-file", "1:1", "mv env.yaml environment.yml",
    ),
    "uv without a project": (
        "python: {version: 3.12, manager: uv}\n", "package-lock-project", "1:34", "uv init --bare",
    ),
}  # fmt: skip


def told(root: Path, text: str, **files: str) -> tuple[Diagnostic, ...]:
    (root / "env.yaml").write_bytes(text.encode())
    for name, content in files.items():
        (root / name).write_text(content)
    try:
        return check_project(root)[2]
    except PyenvspecError as error:
        return error.diagnostics


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_where_it_is_and_leads_on(name: str, tmp_path: Path) -> None:
    text, code, place, words = MISTAKES[name]
    found = [one for one in told(tmp_path, text) if one.code == code]
    assert found, told(tmp_path, text)
    span = found[0].span
    assert span is not None
    assert f"{span.line}:{span.column}" == place
    assert words in f"{found[0].expected} {found[0].hint}"
    assert len(told(tmp_path, text)) == 1, "nothing else is told of it"


@pytest.mark.parametrize(
    ("manager", "project", "code", "words"),
    [
        ("uv2nix", PROJECT, "package-lock-missing", "`uv lock`"),
        ("uv", PROJECT.replace("3.12", "3.13"), "package-lock-python", "pyproject.toml:4"),
        ("poetry", PROJECT.replace("3.12", "3.13"), "package-lock-python", "pyproject.toml:4"),
    ],
)
def test_a_project_that_does_not_fit_is_told(
    manager: str, project: str, code: str, words: str, tmp_path: Path
) -> None:
    text = f"python: {{version: 3.12, manager: {manager}}}\n"
    (found,) = told(tmp_path, text, **{"pyproject.toml": project})
    assert found.code == code
    assert words in (found.hint or "")


@pytest.mark.parametrize(
    "text",
    [
        "cuda: 12.1.1\n",
        "env: {TOKENIZERS_PARALLELISM: 'false', MAX_TOKENS: 10, TOKEN: '', PASSWORD_LENGTH: 8, HF_HOME: '${project}/h'}\n",  # noqa: E501
        "scripts: {a: 'ls ${pkgs.jq}/bin ~ $HOME'}\n",
        "env: {A: '${pkgs.openssl}/lib'}\n",
        "description: 5 ~ 6\n",
    ],
)
def test_what_is_right_is_not_told(text: str, tmp_path: Path) -> None:
    assert told(tmp_path, P + text) == ()


def test_a_secret_is_not_shown(tmp_path: Path) -> None:
    (found,) = told(tmp_path, P + "env: {HF_TOKEN: hf_verysecret}\n")
    assert "verysecret" not in f"{found.message} {found.source_line} {found.hint}"


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("python -c 'f(1)'", "`command: [python, -c, f(1)]`"),
        ("python -c 'f([1, 2])'", '`command: [python, -c, "f([1, 2])"]`'),
        ("""bash -c 'echo "a: b"'""", r"""`command: [bash, -c, "echo \"a: b\""]`"""),
    ],
)
def test_a_command_in_one_text_is_taken_apart_as_a_shell_does(typed: str, hint: str, tmp_path: Path) -> None:
    text = f"{P}containers:\n  a:\n    command: >-\n      {typed}\n"
    found = next(one for one in told(tmp_path, text) if one.code == "wrong-type")
    assert hint in (found.hint or "")
    written = hint.strip("`")
    assert not [
        one for one in told(tmp_path, f"{P}containers:\n  a:\n    {written}\n") if one.code == "wrong-type"
    ]


def test_secrets_on_one_line_do_not_show_each_other(tmp_path: Path) -> None:
    text = "env: {HF_TOKEN: hf_first, GH_TOKEN: 'it''s a $econd', LAST: end}\n"
    findings = told(tmp_path, P + text)
    assert [finding.code for finding in findings] == ["env-secret", "env-secret"]
    for finding in findings:
        shown = f"{finding.message} {finding.source_line} {finding.hint}"
        assert "first" not in shown
        assert "econd" not in shown


def test_a_process_is_ready_by_packages_that_are_there(tmp_path: Path) -> None:
    text = "processes: {web: {run: serve, ready: {run: '${pkgs.curll}/bin/curl :80'}}}\n"
    (finding,) = told(tmp_path, P + text)
    assert finding.code == "native-unknown"
    assert finding.path == ("processes", "web", "ready", "run")


def test_the_variables_of_an_image_name_packages_that_are_there(tmp_path: Path) -> None:
    text = "containers: {app: {env: {CERTS: '${pkgs.cacertt}/etc'}}}\n"
    (finding,) = told(tmp_path, P + text)
    assert finding.code == "native-unknown"
    assert finding.path == ("containers", "app", "env", "CERTS")

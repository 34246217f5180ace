"""What a stranger's project may try, and what grows without an end: one part for each kind, held on today's code."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import pyenvspec
from pyenvspec.cli import run
from pyenvspec.commands.container import archive
from pyenvspec.commands.diagnose.patterns import diagnose_log
from pyenvspec.commands.export.dockerfile import is_package
from pyenvspec.commands.look.installed import installed_packages, venv_python
from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import check_project, compile_project
from pyenvspec.facts import meanings
from pyenvspec.facts.caches import caches
from pyenvspec.reading.source import read_text
from pyenvspec.writing import atomic

if TYPE_CHECKING:
    from pyenvspec.raw import RawSpec

HEAD = "python: 3.12\n"
KNOWN = {cache.name: cache for cache in caches()}
CUDA = KNOWN["nixos-cuda"]


def write(root: Path, text: str, **files: str | bytes) -> Path:
    (root / "env.yaml").write_text(HEAD + text)
    for name, content in files.items():
        (root / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def errors(root: Path) -> list[str]:
    try:
        check_project(root)
    except PyenvspecError as error:
        return [diagnostic.code for diagnostic in error.diagnostics]
    return []


# --- trust in caches


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://cache.nixos.org.evil.example", KNOWN["cache.nixos.org"].key),
        ("https://cache.nixos.org.evil.example", "cache.nixos.org-1:AAAA"),
        ("https://cache.nixos.org@evil.example", "cache.nixos.org-1:AAAA"),
        ("http://10.0.0.1/", CUDA.key),
        (CUDA.url, "mine-1:AAAA"),
        (CUDA.url + "/?priority=1", CUDA.key.replace(":", ":A") if CUDA.key else ""),
    ],
)
def test_a_cache_that_passes_for_another_is_an_error(url: str, key: str, tmp_path: Path) -> None:
    assert errors(write(tmp_path, f"caches: [{{url: '{url}', key: '{key}'}}]")) == ["cache-key-foreign"]


def test_a_cache_of_ones_own_and_a_known_one_with_its_address_are_right(tmp_path: Path) -> None:
    lines = (
        f"caches: [{{url: 's3://team-cache', key: 'x-1:AAAA'}}, {{url: '{CUDA.url}/', key: '{CUDA.key}'}}]"
    )
    assert errors(write(tmp_path, lines)) == []


def test_generated_files_trust_known_caches_and_no_flake(tmp_path: Path) -> None:
    lines = "cuda: 12.4\ncaches: [{url: 'https://x.example', key: 'x-1:AAAA'}]\n"
    lines += "generate: {devcontainer: true, github_actions: true}\n"
    files = compile_project(write(tmp_path, lines)).files
    workflow = files[".github/workflows/pyenvspec.yml"].decode()
    container = files[".devcontainer/devcontainer.json"].decode()
    for text in (workflow, container):
        assert "accept-flake-config" not in text
        assert "x.example" not in text
        assert f"extra-substituters = {CUDA.url}" in text
        assert f"extra-trusted-public-keys = {CUDA.key}" in text
    steps = yaml.safe_load(workflow)["jobs"]["shell"]["steps"]
    named = [step["uses"].partition("@")[2] for step in steps if "uses" in step]
    assert named
    assert all(len(commit) == 40 and set(commit) <= set("0123456789abcdef") for commit in named)
    assert _installing(steps)["with"]["extra_nix_config"].count("\n") == 2


def _installing(steps: list[dict[str, Any]]) -> dict[str, Any]:
    return next(step for step in steps if "install-nix" in step.get("uses", ""))


def test_a_workflow_without_caches_sets_nothing(tmp_path: Path) -> None:
    files = compile_project(write(tmp_path, "generate: {github_actions: true}\n")).files
    steps = yaml.safe_load(files[".github/workflows/pyenvspec.yml"])["jobs"]["shell"]["steps"]
    assert "with" not in _installing(steps)


@pytest.mark.parametrize(
    "url", ["https://evil.example", "https://cache.nixos-cuda.org.evil.example", "x; rm -rf ~"]
)
def test_an_unknown_cache_of_a_log_gets_no_recipe(url: str) -> None:
    (advice,) = diagnose_log(
        f"warning: ignoring untrusted substituter '{url}', you are not a trusted user.\n"
    )
    assert advice.commands == ("pyenvspec doctor",)


def test_a_known_cache_of_a_log_gets_the_key_that_is_known() -> None:
    (advice,) = diagnose_log(
        f"warning: ignoring untrusted substituter '{CUDA.url}', you are not a trusted user.\n"
    )
    assert any(CUDA.key in command for command in advice.commands if CUDA.key)


# --- work that grows too fast; how fast is not asked, an end is


MANY = {
    "variants": "variants:\n" + "".join(f"  v{i}: {{env: {{A: {i}}}}}\n" for i in range(1000)),
    "native": f"native: [{', '.join(f'zz{i}qq{i * 7}' for i in range(3000))}]\n",
    "services": "services:\n" + "".join(f"  zz{i}: {{enable: true}}\n" for i in range(3000)),
    "keys": "".join(f"key{i}: 1\n" for i in range(5000)),
    "yes": "native:\n" + "- yes\n" * 5000,
    "value": f"env: {{A: '{'${' * 500_000}'}}\n",
}


@pytest.mark.parametrize("kind", MANY)
def test_what_is_said_of_much_is_bounded(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["check", "-C", str(write(tmp_path, MANY[kind]))])
    streams = capsys.readouterr()
    assert len(streams.out + streams.err) < 60_000


def test_so_many_misspelt_words_are_guessed_in_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("rapidfuzz.process.extractOne", lambda word, *_, **__: asked.append(word))
    meanings.renew_guesses()
    for number in range(meanings.MOST_GUESSES + 50):
        assert meanings.closest(f"word{number}", ["a"]) is None
    assert len(asked) == meanings.MOST_GUESSES
    meanings.renew_guesses()
    assert meanings.closest("x" * 5000, ["a"]) is None
    assert meanings.closest("x", ["a"]) is None
    assert len(asked) == meanings.MOST_GUESSES + 1


@pytest.mark.parametrize(
    "listed", [f"native: [{', '.join(['ffmpeg', 'git'] * 1000)}]\n", "native:\n" + "- ffmpeg\n- git\n" * 1000]
)
def test_a_thousand_items_are_removed_with_one_look(
    listed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[bytes] = []

    def count(data: bytes, file: str) -> RawSpec:
        reads.append(data)
        return read_text(data, file)

    monkeypatch.setattr("pyenvspec.commands.edit.list.read_text", count)
    assert run(["remove", "ffmpeg", "-C", str(write(tmp_path, listed))]) == 0
    assert "ffmpeg" not in (tmp_path / "env.yaml").read_text()
    assert len(reads) <= 3


def test_a_long_log_ends() -> None:
    line = (
        "error: builder for '/nix/store/"
        + "0" * 32
        + "-x.drv' failed\nModuleNotFoundError: No module named 'setuptools'\n"
    )
    assert diagnose_log(line * 5_000)
    diagnose_log("error: " + "a/b-" * 100_000)


# --- commands to copy


COMMAND = re.compile(
    r"(?:`|^(?=\S+ (?:search|add|install|init|update|python|-r|checkout|rm|lock|config) ))"
    r"(?:git|uv|poetry|pip|pipx|nix|pyenvspec|ls|cd|rm|mv|cp|sudo) [^`]*$"
)
QUOTING = ("quote", "join", "_quote")


def _is_quoted(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        name = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
        return name in QUOTING
    own = ast.unparse(value)
    return own.isupper() or own in ("options.verb", "form")


def test_what_is_put_into_a_command_is_quoted() -> None:
    """Each `…` that starts with a program, and each command of `diagnose` and `doctor`, in every f-string of ours."""
    bare, seen = [], 0
    for path in sorted(Path(pyenvspec.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.JoinedStr):
                continue
            before = ""
            for part in node.values:
                if isinstance(part, ast.Constant):
                    before += str(part.value)
                elif isinstance(part, ast.FormattedValue):
                    if COMMAND.search(before):
                        seen += 1
                        bare += [] if _is_quoted(part.value) else [f"{path.name}:{node.lineno}"]
                    before += "x"
    assert bare == []
    assert seen > 15


@pytest.mark.parametrize("manager", ["uv2nix", "poetry2nix"])
@pytest.mark.parametrize("folder", ["d$(touch x)", "d `x`", "d'; x", "a b"])
def test_a_command_for_a_folder_with_an_odd_name_is_one_command(
    manager: str, folder: str, tmp_path: Path
) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "pyproject.toml").write_text("[project]\nname = 'a'\nversion = '1'\n")
    python = json.dumps({"version": "3.12", "manager": manager, "project": folder})
    (tmp_path / "env.yaml").write_text(f"python: {python}\n")
    (told,) = [d for d in check_project(tmp_path)[2] if d.code == "package-lock-missing"]
    command = (told.hint or "").removeprefix("run `").split("` (without")[0]
    assert shlex.split(command)[-1] == folder


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "error: NAR hash mismatch in input 'github:o/$(touch x)'",
            ["pyenvspec", "update", "$(touch x)"],
        ),
        (
            "error: Path 'a `x`' in the repository \"/w\" is not tracked by Git",
            ["git", "add", "--intent-to-add", "a `x`"],
        ),
    ],
)
def test_names_of_a_log_are_quoted_in_commands(line: str, words: list[str]) -> None:
    (advice,) = diagnose_log(line + "\n")
    assert shlex.split(advice.commands[0]) == words


# --- editing a file that is somebody's


def test_a_save_made_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = write(tmp_path, "native: [git]\n") / "env.yaml"
    write_draft = atomic.write_draft

    def save_first(path: Path, content: bytes, *, mode: int | None = None) -> Path:
        if b"# saved" not in manifest.read_bytes():
            manifest.write_text(HEAD + "native: [git]\n# saved\n")
        return write_draft(path, content, mode=mode)

    monkeypatch.setattr(atomic, "write_draft", save_first)
    assert run(["add", "-q", "jq", "-C", str(tmp_path)]) == 0
    assert manifest.read_text() == HEAD + "native: [git, jq]\n# saved\n"


def test_a_file_that_never_rests_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = write(tmp_path, "native: [git]\n") / "env.yaml"
    write_draft = atomic.write_draft

    def save_first(path: Path, content: bytes, *, mode: int | None = None) -> Path:
        with manifest.open("a") as stream:
            stream.write("# saved\n")
        return write_draft(path, content, mode=mode)

    monkeypatch.setattr(atomic, "write_draft", save_first)
    assert run(["add", "jq", "-C", str(tmp_path)]) == 1
    assert "jq" not in manifest.read_text()
    assert "edit-refused" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["env.yaml"]


def test_other_names_of_a_file_stay_names_of_it(tmp_path: Path) -> None:
    manifest = write(tmp_path, "native: [git]\n") / "env.yaml"
    os.link(manifest, tmp_path / "other.yaml")
    assert run(["remove", "-q", "git", "-C", str(tmp_path)]) == 0
    assert (tmp_path / "other.yaml").samefile(manifest)
    assert manifest.read_text() == HEAD + "native: []\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root, who may give files away")
def test_the_owner_stays(tmp_path: Path) -> None:
    manifest = write(tmp_path, "native: [git]\n") / "env.yaml"
    os.chown(manifest, 1234, 2345)
    assert run(["add", "-q", "jq", "-C", str(tmp_path)]) == 0
    assert (manifest.stat().st_uid, manifest.stat().st_gid) == (1234, 2345)


def test_an_env_yaml_that_leads_out_of_the_project_is_not_edited(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    other = write(tmp_path, "native: [git]\n") / "env.yaml"
    (tmp_path / "project" / "env.yaml").symlink_to(other)
    assert run(["add", "jq", "-C", str(tmp_path / "project")]) == 1
    assert other.read_text() == HEAD + "native: [git]\n"


# --- folders of the project that lead out of it


@pytest.mark.parametrize("link", ["nix", "nix/pyenvspec", "nix/pyenvspec/vendor", "src", "src/my_app"])
def test_init_writes_through_no_link(link: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    (project / link).parent.mkdir(parents=True)
    elsewhere.mkdir()
    (project / link).symlink_to(elsewhere)
    (project / "requirements.txt").write_text("numpy\n")
    words = ["--template", "python-poetry2nix"] if link.startswith("src") else []
    before = sorted(project.rglob("*"))
    assert run(["init", "--offline", *words, "-C", str(project)]) == 1
    assert f"`{link}` is a symlink" in capsys.readouterr().err
    assert list(elsewhere.iterdir()) == []
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize("name", ["x.py", "README.md", "Dockerfile", "conf.yaml"])
def test_init_goes_on_where_nobody_named_what_cannot_be_read(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements.txt").write_text("numpy\n")
    os.mkfifo(tmp_path / name)
    assert run(["init", "--offline", "-C", str(tmp_path)]) == 0
    assert f"note: `{name}` cannot be read: it is a named pipe" in capsys.readouterr().err


def test_a_dockerfile_looks_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    exists = os.path.exists

    def look(path: Path) -> bool:
        looked.append(str(path))
        return exists(path)

    monkeypatch.setattr("os.path.exists", look)
    names = ("/etc/hostname", "../../etc/hostname", "..", "a/../..", "x" * 300, "a\\u0000b")
    for name in names:
        text = f'[project]\nname = "{name}"\n'
        write(tmp_path, "", **{"pyproject.toml": text})
        assert not is_package(tmp_path, ".")
    assert not [path for path in looked if "etc" in path or "/.." in path]
    for broken in ("tool = 3\n", "[tool]\npoetry = 3\n", "project = 3\n"):
        write(tmp_path, "", **{"pyproject.toml": broken})
        assert not is_package(tmp_path, ".")
    (tmp_path / "a.b.py").touch()
    write(tmp_path, "", **{"pyproject.toml": '[project]\nname = "a.b"\n'})
    assert is_package(tmp_path, ".")


def test_names_of_folders_in_a_venv_are_no_options(tmp_path: Path) -> None:
    names = (
        "_i http:2130706433:9-1.0",
        "-r x-1.0",
        "a b-1.0",
        "a\n-i x-1.0",
        "flash_attn-2.5.8",
        "n.s-1.0+cu1!2",
    )
    for name in names:
        (tmp_path / "lib" / "python3.12" / "site-packages" / f"{name}.dist-info").mkdir(parents=True)
    assert installed_packages(tmp_path) == {"flash-attn": "2.5.8", "n-s": "1.0+cu1!2"}


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_venv_that_leads_to_a_device_is_not_read(kind: str, tmp_path: Path) -> None:
    if kind == "pipe":
        os.mkfifo(tmp_path / "pyvenv.cfg")
    else:
        (tmp_path / "pyvenv.cfg").symlink_to("/dev/zero")
    assert venv_python(tmp_path) is None


def test_a_draft_of_an_archive_is_not_written_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / ".x.run.draft").symlink_to(tmp_path / "mine")
    monkeypatch.setattr(archive, "digest_of_layout", lambda _: "sha256:0")
    monkeypatch.setattr(archive, "read_blob", lambda *_: {})
    monkeypatch.setattr(archive, "_write_tar", lambda *_: None)
    archive.pack(tmp_path, "x:1", tmp_path / "x.run")
    assert (tmp_path / "mine").read_text() == "mine"
    assert (tmp_path / "x.run").is_file()

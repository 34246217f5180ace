"""`add`: what is written, byte for byte, and what is refused with nothing written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyenvspec.cli import run
from pyenvspec.commands.edit.list import EditError, add_items, remove_items
from pyenvspec.facts.native import attributes, find_attribute, find_native_name, native_names
from pyenvspec.next_step import next_step, open_command
from pyenvspec.raw import to_plain
from pyenvspec.reading.source import read_text

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = "python: 3.12 # ours\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "env.yaml").write_text(PYTHON)
    return tmp_path


def text_of(project: Path) -> str:
    return (project / "env.yaml").read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # no list yet
        ("python: 3.12 # x\n", "python: 3.12 # x\nnative: [sox]\n"),
        ("python: 3.12", "python: 3.12\nnative: [sox]\n"),
        ("python:\n  version: 3.12\n\n# end\n", "python:\n  version: 3.12\nnative: [sox]\n\n# end\n"),
        ("python: 3.12\non_enter: |\n  a\n\n", "python: 3.12\non_enter: |\n  a\nnative: [sox]\n\n"),
        ("native:\npython: 3.12\n", "native: [sox]\npython: 3.12\n"),
        ("native: ~ # none\n", "native: [sox] # none\n"),
        ("native: # none\npython: 3.12\n", "native: [sox] # none\npython: 3.12\n"),
        ("native:   # none\n", "native: [sox]   # none\n"),
        ("native: Null # none\n", "native: [sox] # none\n"),
        ("native: [ ]\n", "native: [sox]\n"),
        # a list on one line
        ("native: [git, vim] # x\n", "native: [git, vim, sox] # x\n"),
        ("native:   [ git ]\n", "native:   [ git, sox ]\n"),
        ("{python: 3.12, native: [git]}\n", "{python: 3.12, native: [git, sox]}\n"),
        # a list over several lines
        ("native: [\n  git, # a\n  vim # b\n]\n", "native: [\n  git, # a\n  vim, # b\n  sox,\n]\n"),
        ("native: [\n  git,\n  vim,\n]\n", "native: [\n  git,\n  vim,\n  sox,\n]\n"),
        ("native: [git,\n  vim]\n", "native: [git,\n  vim, sox]\n"),
        # a list with dashes
        ("native:\n- git # a\nenv: {}\n", "native:\n- git # a\n- sox\nenv: {}\n"),
        (
            "native:\n    -  git\n\n    # b\n    -  vim # c\n\n# end\n",
            "native:\n    -  git\n\n    # b\n    -  vim # c\n    -  sox\n\n# end\n",
        ),
        ("native:\n  - git", "native:\n  - git\n  - sox\n"),
        # line ends and a byte order mark stay
        ("native: [git]\r\nenv: {}\r\n", "native: [git, sox]\r\nenv: {}\r\n"),
        ("\ufeffnative: [git]\n", "\ufeffnative: [git, sox]\n"),
    ],
)
def test_only_the_list_changes(before: str, after: str) -> None:
    assert add_items(before.encode(), "env.yaml", ("native",), ["sox"]) == after.encode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("cuda: 11.8 # c\n", "cuda: {version: 11.8, packages: [cudatoolkit, nccl]} # c\n"),
        ("cuda: {version: 11.8}\n", "cuda: {version: 11.8, packages: [cudatoolkit, nccl]}\n"),
        (
            "cuda:\n  version: 11.8 # v\n  cudnn: 8.9\n# end\n",
            "cuda:\n  version: 11.8 # v\n  cudnn: 8.9\n  packages: [cudatoolkit, nccl]\n# end\n",
        ),
    ],
)
def test_a_list_that_has_a_default_keeps_it(before: str, after: str) -> None:
    path = ("cuda", "packages")
    assert add_items(before.encode(), "env.yaml", path, ["nccl"], default=["cudatoolkit"]) == after.encode()


@pytest.mark.parametrize(
    "text",
    [
        "native: &tools\n- git\nenv: {X: a}\nvariants: {a: {native: *tools}}\n",
        "{python: 3.12}\n",
        "base: &b {native: [git]}\n<<: *b\n",
    ],
)
def test_what_would_change_more_than_the_list_is_refused(text: str) -> None:
    with pytest.raises(EditError) as raised:
        add_items(text.encode(), "env.yaml", ("native",), ["sox"])
    assert raised.value.diagnostics[0].message == (
        "this list is written in a way that cannot be changed without changing more than it"
    )


NAMES = st.lists(st.sampled_from(["git", "vim", "sox", "zlib", "xorg.libX11"]), unique=True, min_size=1)


@given(NAMES, NAMES, st.sampled_from(["flow", "block", "lines"]))
def test_adding_and_removing_is_as_if_never_added(there: list[str], more: list[str], style: str) -> None:
    new = [name for name in more if name not in there]
    shape = {
        "flow": f"native: [{', '.join(there)}] # c\n",
        "block": "native:\n" + "".join(f"  - {name} # {name}\n" for name in there),
        "lines": "native: [\n" + "".join(f"  {name},\n" for name in there) + "]\n",
    }[style]
    before = f"# head\n{PYTHON}{shape}# end\n".encode()
    added = add_items(before, "env.yaml", ("native",), new) if new else before
    plain = to_plain(read_text(added, "env.yaml").root)
    assert isinstance(plain, dict)
    assert plain["native"] == [*there, *new]
    assert (remove_items(added, "env.yaml", ("native",), new) if new else added) == before


# --- the command


def test_packages_are_added(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["add", "-C", str(project), "ffmpeg", "sox", "ffmpeg"]) == 0
    assert text_of(project) == PYTHON + "native: [ffmpeg, sox]\n"
    assert capsys.readouterr() == (
        "",
        f"Added ffmpeg, sox to env.yaml. {next_step(open_command(project))}\n",
    )


def test_what_is_there_stays_as_it_is(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["add", "-q", "-C", str(project), "sox"])
    before = (project / "env.yaml").stat()
    assert run(["add", "-C", str(project), "sox"]) == 0
    assert capsys.readouterr().err == "sox is in env.yaml already.\n"
    after = (project / "env.yaml").stat()  # reading it may change the time of access
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_packages_of_the_cuda_set(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["add", "-C", str(project), "cuda.nccl"]) == 1
    assert capsys.readouterr().err == (
        "env.yaml: error[cuda-not-asked]: `cuda.nccl` needs CUDA, which is not asked for\n"
        "      = help: write `cuda: 11.8` (or another version) into env.yaml first\n"
    )
    (project / "env.yaml").write_text(PYTHON + "cuda: 12.4\n")
    assert run(["add", "-C", str(project), "cuda.nccl", "cuda.cudatoolkit", "sox"]) == 0
    assert text_of(project) == (
        PYTHON + "cuda: {version: 12.4, packages: [cudatoolkit, nccl]}\nnative: [sox]\n"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "ffmpg",
            "env.yaml: error[native-unknown]: nixpkgs has no `ffmpg`\n"
            "      = help: did you mean `ffmpeg`? Run `pyenvspec add ffmpeg`\n",
        ),
        (
            "qwertyuiop",
            "env.yaml: error[native-unknown]: nixpkgs has no `qwertyuiop`\n"
            "      = help: look for it with `pyenvspec search qwertyuiop`\n",
        ),
        (
            "ffmpeg@3.4",
            "env.yaml: error[native-unknown]: nixpkgs has no `ffmpeg@3.4`\n"
            "      = help: nixpkgs has no ffmpeg 3.4: it has 8.1.1 (`ffmpeg`), 4.4.8 (`ffmpeg_4`), "
            "6.1.6 (`ffmpeg_6`), 7.1.5 (`ffmpeg_7`), 8.1.1 (`ffmpeg_8`)\n",
        ),
        (
            "numpy",
            "env.yaml: error[native-refused]: `numpy` does not belong under `native`\n"
            "      = help: it is a Python package: put it in your lock file or requirements, "
            "or with `manager: nixpkgs` in `python: {packages: [...]}`\n",
        ),
        (
            "glibc",
            "env.yaml: error[native-refused]: `glibc` does not belong under `native`\n"
            "      = help: a second C library in the shell breaks every program of the host; "
            "the wheels find the right one by themselves\n",
        ),
    ],
)
def test_a_wrong_name_stops_all(
    name: str, message: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["add", "-C", str(project), "sox", name]) == 1
    assert capsys.readouterr().err == message
    assert text_of(project) == PYTHON


def test_names_of_others_are_added_by_the_name_that_nixpkgs_has(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["libsndfile1", "libgl1-mesa-glx", "libxcb.so.1", "ffmpeg@4"]
    assert run(["add", "-C", str(project), *names]) == 0
    assert text_of(project) == PYTHON + "native: [libsndfile, libGL, xorg.libxcb, ffmpeg_4]\n"
    assert capsys.readouterr().err == (
        "`libsndfile1`: nixpkgs calls it `libsndfile`.\n"
        "`libgl1-mesa-glx`: nixpkgs calls it `libGL`.\n"
        "`libxcb.so.1`: the library libxcb.so.1 is in `xorg.libxcb`.\n"
        "`ffmpeg@4`: nixpkgs has 4.4.8 as `ffmpeg_4`.\n"
        f"Added libsndfile, libGL, xorg.libxcb, ffmpeg_4 to env.yaml. {next_step(open_command(project))}\n"
    )


def test_a_library_of_cuda_goes_into_its_set(project: Path) -> None:
    (project / "env.yaml").write_text(PYTHON + "cuda: {version: 12.6}\n")
    assert run(["add", "-q", "-C", str(project), "libcublas.so.12"]) == 0
    assert text_of(project) == PYTHON + "cuda: {version: 12.6, packages: [cudatoolkit, libcublas]}\n"


def test_an_overlay_may_bring_a_name_that_no_list_has(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "mine.nix").write_text("final: prev: { }\n")
    (project / "env.yaml").write_text(PYTHON + "nixpkgs: {overlays: [mine.nix]}\n")
    assert run(["add", "-C", str(project), "qwertyuiop"]) == 0
    assert text_of(project).endswith("native: [qwertyuiop]\n")
    assert "warning[native-unknown]: no nixpkgs known here has `qwertyuiop`" in capsys.readouterr().err


def test_a_file_that_was_valid_stays_valid(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["add", "-C", str(project), "neofetch"]) == 1
    assert "error[native-gone]" in capsys.readouterr().err
    assert text_of(project) == PYTHON


def test_a_file_with_errors_of_its_own_may_be_edited(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "env.yaml").write_text(PYTHON + "natve: [git]\n")
    assert run(["add", "-C", str(project), "sox"]) == 0
    assert text_of(project) == PYTHON + "natve: [git]\nnative: [sox]\n"
    assert "error[unknown-key]: `natve`" in capsys.readouterr().err


def test_rights_and_links_stay(project: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere.yaml"
    (project / "env.yaml").rename(real)
    real.chmod(0o600)
    (project / "env.yaml").symlink_to(real)
    assert run(["add", "-q", "-C", str(project), "sox"]) == 0
    assert (project / "env.yaml").is_symlink()
    assert real.read_text() == PYTHON + "native: [sox]\n"
    assert real.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in project.iterdir()) == ["elsewhere.yaml", "env.yaml"]


def test_a_write_that_fails_leaves_the_file(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    assert run(["add", "-C", str(project), "sox"]) == 1
    assert "error[write-failed]: `env.yaml`: no space left on device" in capsys.readouterr().err
    assert text_of(project) == PYTHON
    assert [path.name for path in project.iterdir()] == ["env.yaml"]


def test_json_says_what_was_added(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["add", "-q", "-C", str(project), "git"])
    assert run(["add", "--json", "-C", str(project), "git", "sox"]) == 0
    assert json.loads(capsys.readouterr().out) == {"added": ["sox"], "present": ["git"], "renamed": {}}


def test_a_folder_without_env_yaml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["add", "-C", str(tmp_path), "sox"]) == 1
    assert "error[file-not-found]: there is no `env.yaml` here" in capsys.readouterr().err


@pytest.mark.slow
def test_every_name_of_nixpkgs_and_every_curated_one_can_be_added(project: Path) -> None:
    """All in one call: what is written are their attributes, each once, and it is valid."""
    plain = [one for one in attributes() if one.is_package and not (one.gone or one.alias or one.insecure)]
    taken = [
        one.name for one in plain if not (one.is_broken or one.not_for_linux or find_native_name(one.name))
    ]
    # What leads to a package that is refused itself is told by `check`, with the way out.
    refused = {row.name for row in native_names() if row.kind == "refused"} | {
        one.name for one in attributes() if one.insecure
    }
    curated = {
        row.name: row.attr
        for row in native_names()
        if row.kind == "attr"
        and not row.is_attribute
        and row.attr
        and row.attr not in refused
        # What only older releases have (OSMesa) is refused with the last of them.
        and not ((older := find_attribute(row.attr)) and older.gone)
    }
    assert len(taken) > 20_000
    assert len(curated) > 300
    assert run(["add", "-q", "-C", str(project), *taken, *curated]) == 0
    document = to_plain(read_text(text_of(project).encode(), "env.yaml").root)
    assert isinstance(document, dict)
    written = set(document["native"])
    assert set(taken) - written == set()
    assert {name for name, attr in curated.items() if attr not in written} == set()


@pytest.mark.parametrize("cuda", ["cuda:", "cuda: null", "cuda: ~"])
def test_a_cuda_that_says_nothing_asks_for_none(
    cuda: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "env.yaml").write_text(f"python: 3.12\n{cuda}\n")
    assert run(["add", "-C", str(project), "cuda.nccl"]) == 1
    told = capsys.readouterr().err
    assert "`cuda.nccl` needs CUDA, which is not asked for" in told
    assert "version: null" not in told

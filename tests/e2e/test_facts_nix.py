"""The rows of facts that decisions rest on, held to the real nixpkgs, devenv and other inputs at hand.

`claims.py` says which file each test is for. Rows of a release are checked where that release is at hand (several
nixpkgs may lie side by side), and skipped with its name where it is not. The rolling branch is checked against the
newest nixpkgs at hand, which is older than its rows: what came since is newer than all that is there.
"""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pyenvspec.facts import native, nixpkgs
from pyenvspec.facts._load import DATA, read_table
from pyenvspec.facts.cuda_packages import gone_from_sets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ask = Callable[..., dict[str, Any]]

    from inputs import Inputs

pytestmark = [pytest.mark.nix, pytest.mark.inputs, pytest.mark.slow]

HERE = Path(__file__).parent
SCRIPTS = HERE.parent.parent / "scripts"
ROLLING = "nixos-unstable"
BRANCHES = [release.branch for release in nixpkgs.releases()]


def rows(table: str, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_table(table)[key]
    return found


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def lines(table: str) -> Iterator[list[str]]:
    for line in (DATA / f"{table}.tsv").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            yield line.split("\t")


def evaluate(nix_bin: Path, file: Path, **arguments: object) -> Any:
    """What a file gives, called with these arguments: paths, or anything that JSON can say."""
    words: list[str] = []
    for name, value in arguments.items():
        text = str(value) if isinstance(value, Path) else f"builtins.fromJSON {_quote(json.dumps(value))}"
        words += ["--arg", name, text]
    command = [str(nix_bin / "nix-instantiate"), "--eval", "--strict", "--json", str(file), *words]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
    assert answer.returncode == 0, answer.stderr[-3000:]
    return json.loads(answer.stdout)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return f'"{escaped}"'


@pytest.fixture(scope="module")
def ask(nix_bin: Path, inputs: Inputs) -> Ask:
    """Asks a nixpkgs, the newest where no release is named."""

    def asked(release: str = "", **words: object) -> dict[str, Any]:
        cut = SCRIPTS / "without-haskell.nix"
        given = evaluate(nix_bin, HERE / "facts.nix", path=inputs.path("nixpkgs", release), cut=cut, **words)
        assert isinstance(given, dict)
        return given

    return asked


# ---- rows that are of one release ---------------------------------------------------------------


@pytest.mark.parametrize("branch", BRANCHES)
def test_rows_of_a_release(inputs: Inputs, ask: Ask, branch: str) -> None:
    at_hand = branch.removeprefix("nixos-")
    if branch != ROLLING and at_hand not in inputs.nixpkgs:
        pytest.skip(f"needs nixpkgs {at_hand} in {inputs.folder}: its rows rest on the texts that they cite")
    pythons = [row for row in rows("python", "python") if row["branch"] == branch]
    sets = [row for row in rows("cuda", "cuda") if row["branch"] == branch]
    told = ask(
        "" if branch == ROLLING else branch,
        pythons=[row["attr"] for row in pythons],
        sets=[row["attr"] for row in sets],
    )
    is_older = branch == ROLLING
    there = {one["minor"]: told["pythons"][one["attr"]] for one in pythons}
    wrong = check_presence({row["minor"]: row["present"] for row in pythons}, there, is_older=is_older)
    there = {one["cuda"]: (told["sets"][one["attr"]] or {}).get("evaluates") for one in sets}
    wrong |= check_presence({row["cuda"]: row["present"] for row in sets}, there, is_older=is_older)
    assert wrong == set()
    check_versions(branch, told, is_older=is_older)


def check_presence(
    said: dict[str, bool | None], there: dict[str, object], *, is_older: bool
) -> set[tuple[str, str]]:
    """Return the versions that are there and should not, or the other way."""
    newest = max((version for version, one in there.items() if one), key=number)
    wrong = set()
    for version, present in said.items():
        came_since = is_older and number(version) > number(newest)
        if present is not None and present != bool(there[version]) and not came_since:
            wrong.add((version, f"said: {present}, there: {there[version]}"))
    return wrong


def check_versions(branch: str, told: dict[str, Any], *, is_older: bool) -> None:
    """Hold single versions: equal, or, for a nixpkgs that is older than the rows, not above them."""

    def holds(said: str | None, there: str) -> bool:
        if said is None:
            return True
        depth = number(there)[: len(number(said))]
        return depth <= number(said) if is_older else depth == number(said)

    for subject, attr in (("python3", "python3"), ("cudaPackages", "cuda")):
        row = next(
            r for r in rows("releases", "defaults") if (r["branch"], r["subject"]) == (branch, subject)
        )
        assert holds(row["value"], told[attr]), (row, told[attr])
    for table in ("glibc", "gcc"):
        row = next(r for r in rows("releases", table) if r["branch"] == branch)
        assert holds(row[table], told[table]), (row, told[table])
    tool = next(
        r for r in rows("tools", "tools") if (r["branch"], r["tool"]) == (branch, "pythonManylinuxPackages")
    )
    assert tool["present"] in (None, told["manylinux"])
    for name, one in told["sets"].items():
        cuda = name.removeprefix("cudaPackages_").replace("_", ".")
        if not one:
            continue
        assert number(one["version"])[:2] == number(cuda), (name, one["version"])
        for row in rows("cudnn", "cudnn"):
            if (row["branch"], row["cuda"], row["system"]) == (branch, cuda, "x86_64-linux") and one["cudnn"]:
                assert holds(row["default"], one["cudnn"]), (row, one["cudnn"])


# ---- names --------------------------------------------------------------------------------------


# Where a table keeps attributes: its key, and the fields of a row; a list of them counts as many.
PLACES = {
    ("native-names", "names"): ("attr",),
    ("build-failures", "programs"): ("attr",),
    ("run-failures", "headers"): ("attr",),
    ("run-failures", "pkg_config"): ("attr",),
    ("run-failures", "cmake_packages"): ("attr",),
    ("run-failures", "programs"): ("attr",),
    ("host-names", "names"): ("attr",),
    ("wheel-libraries", "libraries"): ("attr",),
    ("wheel-libraries", "packages"): ("libraries", "sdist_tools"),
    ("known-fixes", "fixes"): ("libraries", "build_tools"),
}
COLUMNS = {"debian-same": 0, "debian-names": 1, "sonames": 1}


def named() -> Iterator[tuple[str, str]]:
    """Every attribute that a table leads somebody to, and the table."""
    for (table, key), fields in PLACES.items():
        for row in rows(table, key):
            is_attribute = row.get("kind", "attr") == "attr" and row.get("set", "pkgs") == "pkgs"
            places = [row.get("override", row).get(name) or [] for name in fields if is_attribute]
            for place in places:
                for name in [place] if isinstance(place, str) else place:
                    output = row.get("output")
                    yield f"{name}.{output}" if output else name, table
    for table, column in COLUMNS.items():
        for cells in lines(table):
            yield cells[column], table


@cache
def all_named() -> dict[str, str]:
    """Every attribute that is there in the newest release, as that spells it; CUDA has a test of its own."""
    spelled: dict[str, str] = {}
    for name, table in named():
        if name.split(".")[0].startswith("cuda"):  # of `cuda`, or that key itself
            continue
        one = native.find_attribute(native.spelled_for(name, ROLLING))
        if one is None or (one.gone is None and not one.only_older):
            spelled[one.name if one else name] = table
    return spelled


def test_every_attribute_that_is_named_is_there(ask: Ask) -> None:
    names = all_named()
    assert len(names) > 4000
    there = ask(names=sorted(names))["names"]
    assert {(name, names[name]) for name, has in there.items() if not has} == set()


def test_the_catalogue_has_what_nixpkgs_has(ask: Ask) -> None:
    """Every tenth name, there and gone; test_names_nix builds the derivations of some."""
    sample = [one for one in native.attributes() if not one.only_older][::10]
    assert len(sample) > 2000
    there = ask(names=[one.name for one in sample])["names"]
    # Of the last kind only building tells: the name itself is there.
    told = [one for one in sample if one.text != "something that it is made of is gone"]
    assert {one.name for one in told if there[one.name] != (one.gone is None)} == set()


# ---- CUDA ---------------------------------------------------------------------------------------


def test_packages_of_cuda(ask: Ask) -> None:
    sets = sorted({cuda for row in rows("cuda-packages", "packages") for cuda in row["cuda"]}, key=number)
    told = ask(sets=[f"cudaPackages_{cuda.replace('.', '_')}" for cuda in sets])["sets"]
    checked = 0
    for cuda in sets:
        there = told[f"cudaPackages_{cuda.replace('.', '_')}"]
        if there:  # the others are of cuda-legacy, or of older releases
            said = {
                row["name"]
                for row in rows("cuda-packages", "packages")
                if cuda in row["cuda"] and row["name"] not in gone_from_sets(ROLLING)
            }
            assert said == set(there["packages"]), cuda
            checked += 1
    assert checked > 2


def cuda_named() -> set[str]:
    """Every package of CUDA that a table of wheels or fixes leads to."""
    names = {row["attr"] for row in rows("wheel-libraries", "libraries") if row["set"] == "cuda"}
    names |= {name for row in rows("wheel-libraries", "packages") for name in row["cuda"]}
    fixes = [
        row["override"].get(key, ())
        for row in rows("known-fixes", "fixes")
        for key in ("libraries", "build_tools")
    ]
    return names | {name.removeprefix("cuda.") for one in fixes for name in one if name.startswith("cuda.")}


def test_packages_of_cuda_that_other_tables_name(ask: Ask) -> None:
    """In one set or another, by the name of today: NVIDIA takes parts away and adds others."""
    sets = [row["attr"] for row in rows("cuda", "cuda") if row["branch"] == ROLLING and row["present"]]
    there = {name for one in ask(sets=sets)["sets"].values() if one for name in one["packages"]}
    gone = gone_from_sets(ROLLING)
    today = {gone[name].now or name if name in gone else name for name in cuda_named()}
    assert len(today) > 10
    assert {name.split(".")[0] for name in today} - there == set()


def test_generations_of_gpus(ask: Ask) -> None:
    told = ask()["capabilities"]
    if told is None:
        pytest.skip("needs a nixpkgs that has a table of capabilities: 25.11 or newer")
    said = {row["capability"]: row for row in rows("cuda-capabilities", "capabilities")}
    assert said.keys() == told.keys()
    for name, row in said.items():
        real = told[name]
        assert (row["from"], row["until"] or None, row["jetson"]) == (
            real["minCudaMajorMinorVersion"],
            real["maxCudaMajorMinorVersion"],
            real["isJetson"],
        ), name


def test_sets_of_cuda_legacy(nix_bin: Path, inputs: Inputs, tmp_path: Path) -> None:
    """What its own table of versions has; whether a set evaluates over a release is test_releases_nix."""
    file = inputs.path("cuda-legacy") / "overlays" / "cudaPackagesVersions.nix"
    text = file.read_text()
    for row in rows("cuda-legacy", "cuda"):
        if row["present"]:
            assert f'"{row["full_version"]}"' in text, row["cuda"]
        else:
            assert row["attr"] not in text, row["cuda"]


def test_sets_of_cuda_legacy_evaluate_up_to_their_newest_nixpkgs(ask: Ask, inputs: Inputs) -> None:
    """The last set that a newer nixpkgs breaks, and the first one after it: there Nix stops, no `tryEval` helps."""
    at_hand = nixpkgs.branch_day(f"nixos-{inputs.newest}") or nixpkgs.branch_day(ROLLING) or ""
    there = sorted((r for r in rows("cuda-legacy", "cuda") if r["present"]), key=lambda r: number(r["cuda"]))
    bound = [row for row in there if row.get("newest_nixpkgs")]
    free = [row for row in there if not row.get("newest_nixpkgs")]
    for row in (bound[-1], free[0]):
        newest = row.get("newest_nixpkgs")
        holds = newest is None or at_hand <= (nixpkgs.branch_day(newest) or "")
        words: dict[str, object] = {"legacy": inputs.path("cuda-legacy"), "sets": [row["attr"]]}
        if holds:
            assert ask(**words)["sets"][row["attr"]]["evaluates"], row["cuda"]
        else:
            with pytest.raises(AssertionError, match="hardening flag"):
                ask(**words)


def test_every_cuda_that_is_named_is_in_a_table() -> None:
    known = {row["cuda"] for row in rows("cuda", "cuda")} | {
        row["cuda"] for row in rows("cuda-legacy", "cuda")
    }
    named = {row["cuda"] for row in rows("gpu-packages", "packages") if row["cuda"]}
    assert named
    assert named <= known


# ---- other inputs -------------------------------------------------------------------------------


def test_services_of_devenv(nix_bin: Path, inputs: Inputs) -> None:
    file = SCRIPTS / "service-facts.nix"
    told = evaluate(nix_bin, file, devenv=inputs.path("devenv"), nixpkgs=inputs.path("nixpkgs"))
    said = {row["name"]: row["options"] for row in rows("devenv-services", "services")}
    assert said == {name: one["options"] for name, one in told.items()}


def test_options_of_devenv(inputs: Inputs) -> None:
    """Each option's last name stands in the sources that it is said to come from."""
    texts = [
        path.read_text()
        for name, folder in (("devenv", "src/modules"), ("git-hooks", "modules"))
        for path in (inputs.path(name) / folder).rglob("*.nix")
    ]
    words = set(
        " ".join(texts).replace(".", " ").replace("=", " ").replace(";", " ").replace('"', " ").split()
    )
    missing = set()
    for path, _ in lines("devenv-options"):
        last = [part for part in path.split(".") if part not in ("<name>", "*")][-1]
        if last not in words:
            missing.add(path)
    assert missing == set()


def test_inputs_of_inputs(nix_bin: Path, inputs: Inputs) -> None:
    checked = 0
    for row in read_table("flake-inputs")["inputs"]:
        if row["name"] not in inputs.sources or row["rev"] is None:
            continue
        flake = inputs.path(row["name"]) / "flake.nix"
        code = f"builtins.attrNames ((import {flake}).inputs or {{ }})"
        command = [str(nix_bin / "nix-instantiate"), "--eval", "--strict", "--json", "--expr", code]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        assert set(json.loads(answer.stdout)) == set(row["inputs"]), row["name"]
        checked += 1
    if not checked:
        pytest.skip(f"needs a flake input in {inputs.folder}")


def test_versions_of_nixpkgs_python(inputs: Inputs) -> None:
    table = json.loads((inputs.path("nixpkgs-python") / "versions.json").read_text())
    for row in rows("nixpkgs-python", "versions"):
        assert set(row["versions"]) <= set(table["releases"]), row["minor"]
        assert table["latest"][row["minor"]] == row["latest"]


def test_what_nixpkgs_splits_off_python(ask: Ask) -> None:
    (row,) = rows("managers", "split_off")
    assert row["package"] == "tkinter"
    assert ask()["tkinter"] == "tkinter"

"""Which release is chosen: named cases, refusals, and every pair of the facts in a golden table."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from pyenvspec.checking.releases import check_support
from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import check_project
from pyenvspec.facts import inputs, nixpkgs
from pyenvspec.resolving.releases.choose import choose, find_candidate
from pyenvspec.resolving.releases.model import Candidate, CudaRequest, Refusal, ReleaseChoice, Request

GOLDEN = Path(__file__).parent.parent / "golden" / "releases.tsv"
HEADER = "python\tcuda\trelease\tinputs\tpython from\tcuda from\tcudnn\tsystems"
REVISION = "0123456789abcdef0123456789abcdef01234567"


def request(python: str, cuda: str = "", cudnn: str | None = None, **rest: object) -> Request:
    """A request as the default systems make it; several versions are separated by spaces."""
    wanted = tuple(CudaRequest(version, cudnn) for version in cuda.split())
    asked = Request(python=tuple(python.split()), cuda=wanted, default_systems=True)
    return replace(asked, **rest)  # type: ignore[arg-type]


def chosen(asked: Request) -> ReleaseChoice:
    choice = choose(asked)
    assert isinstance(choice, ReleaseChoice), choice
    return choice


def refused(asked: Request) -> Refusal:
    refusal = choose(asked)
    assert isinstance(refusal, Refusal), refusal
    return refusal


@pytest.mark.parametrize(
    ("asked", "release", "names", "python", "cuda", "cudnn"),
    [
        # the article's pair
        (
            request("3.10", "11.8", "8.9"),
            "nixos-25.05",
            "nixpkgs",
            "python310",
            "cudaPackages_11_8",
            "cudnn_8_9",
        ),
        # old pairs that one old release has
        (request("3.7", "10.2"), "nixos-22.11", "nixpkgs", "python37", "cudaPackages_10_2", "cudnn"),
        (request("3.8", "11.3"), "nixos-23.11", "nixpkgs", "python38", "cudaPackages_11_3", "cudnn"),
        (request("3.9", "11.8"), "nixos-24.11", "nixpkgs", "python39", "cudaPackages_11_8", "cudnn"),
        # current pairs
        (request("3.12", "12.4"), "nixos-25.05", "nixpkgs", "python312", "cudaPackages_12_4", "cudnn"),
        (request("3.13", "13.0"), "nixos-26.05", "nixpkgs", "python313", "cudaPackages_13_0", "cudnn"),
        # a CUDA that aged out under a Python that is newer than it
        (
            request("3.14", "11.8"),
            "nixos-25.11",
            "nixpkgs cuda-legacy",
            "python314",
            "cudaPackages_11_8",
            "cudnn",
        ),
        # an old CUDA that cuda-legacy has not either
        (
            request("3.14", "11.3"),
            "nixos-25.11",
            "nixpkgs nixpkgs-cuda",
            "python314",
            "cudaPackages_11_3",
            "cudnn",
        ),
        # a Python that is gone under a cuDNN that only newer releases are known to have
        (
            request("3.8", "11.8", "8.9"),
            "nixos-25.05",
            "nixpkgs nixpkgs-python",
            "3.8",
            "cudaPackages_11_8",
            "cudnn_8_9",
        ),
        # only the rolling branch
        (request("3.13", "13.3"), "nixos-unstable", "nixpkgs", "python313", "cudaPackages_13_3", "cudnn"),
    ],
)
def test_python_with_cuda(
    asked: Request, release: str, names: str, python: str, cuda: str, cudnn: str
) -> None:
    choice = chosen(asked)
    assert (choice.release, choice.inputs) == (release, tuple(names.split()))
    assert choice.python[0].attr == python
    assert (choice.cuda[0].attr, choice.cuda[0].cudnn) == (cuda, cudnn)


@pytest.mark.parametrize(
    ("python", "release", "origin", "attr"),
    [
        ("3.12", "nixos-26.05", "nixpkgs", "python312"),
        ("3.10", "nixos-25.11", "nixpkgs", "python310"),
        ("2.7", "nixos-25.11", "nixpkgs", "python27"),
        ("3.11.4", "nixos-25.11", "nixpkgs-python", "3.11.4"),
        ("3.6", "nixos-25.11", "nixpkgs-python", "3.6"),
        ("2.7.18.14", "nixos-25.11", "nixpkgs-python", "2.7.18.14"),
        ("3.15", "nixos-unstable", "nixpkgs", "python315"),
    ],
)
def test_python_alone(python: str, release: str, origin: str, attr: str) -> None:
    choice = chosen(request(python))
    assert choice.release == release
    assert (choice.python[0].origin, choice.python[0].attr) == (origin, attr)
    assert choice.systems == ("x86_64-linux", "aarch64-linux")


def test_an_insecure_python_is_marked() -> None:
    assert chosen(request("2.7")).python[0].insecure
    assert not chosen(request("3.10")).python[0].insecure


def test_uv_needs_a_release_that_has_it() -> None:
    assert chosen(request("3.8")).inputs == ("nixpkgs",)
    with_uv = chosen(request("3.8", needs_uv=True))
    assert (with_uv.release, with_uv.inputs) == ("nixos-25.11", ("nixpkgs", "nixpkgs-python"))


def test_poetry2nix_takes_a_release_of_its_time() -> None:
    assert chosen(request("3.12", needs_poetry2nix=True)).release == "nixos-25.05"
    refusal = refused(request("3.8", needs_poetry2nix=True))
    assert refusal.subject == "mix"
    assert refusal.nearest[0].after == "3.9"


def test_python_packages_of_nixpkgs_need_a_python_of_nixpkgs() -> None:
    assert refused(request("3.6", needs_python_packages=True)).nearest[0].after == "3.7"


def test_several_shells_share_one_release() -> None:
    choice = chosen(request("3.10 3.11", "11.8 12.4"))
    assert choice.release == "nixos-25.05"
    assert [p.attr for p in choice.python] == ["python310", "python311"]
    assert [c.attr for c in choice.cuda] == ["cudaPackages_11_8", "cudaPackages_12_4"]


def test_one_of_several_pythons_may_come_from_elsewhere() -> None:
    choice = chosen(request("3.6 3.11"))
    assert [p.origin for p in choice.python] == ["nixpkgs-python", "nixpkgs"]


def test_a_library_never_needs_a_newer_glibc_than_the_interpreter() -> None:
    choice = chosen(request("3.11.4"))
    lost = next(a for a in choice.alternatives if a.release == "nixos-26.05")
    assert lost.lacks[0].subject == "mix"
    assert "glibc 2.40" in lost.reason
    assert "glibc 2.42" in lost.reason


def test_a_second_nixpkgs_never_brings_an_older_libstdcxx() -> None:
    choice = chosen(request("3.14", "11.3"))
    assert choice.cuda_release == "nixos-25.05"
    gcc = {r.branch: r.gcc for r in nixpkgs.releases()}
    assert gcc[choice.release] == gcc[choice.cuda_release]


def test_default_systems_without_the_cuda_are_left_out_with_the_reason() -> None:
    choice = chosen(request("3.8", "11.3"))
    assert choice.systems == ("x86_64-linux",)
    assert any("aarch64-linux" in d.reason for d in choice.decisions if d.subject == "systems")


def test_a_system_asked_for_by_name_must_be_served() -> None:
    both = ("x86_64-linux", "aarch64-linux")
    refusal = refused(request("3.8", "11.3", systems=both, default_systems=False))
    assert refusal.subject == "system"
    assert refusal.nearest[0].changed == "cuda"
    assert chosen(request("3.12", "12.8", systems=both, default_systems=False)).systems == both


@pytest.mark.parametrize(
    ("asked", "subject", "message", "nearest"),
    [
        (
            request("3.16"),
            "python",
            "Python 3.16 is in no nixpkgs release known (the newest is 3.15)",
            "3.15",
        ),
        (
            request("3.3"),
            "python",
            "no nixpkgs release has Python 3.3, and nixpkgs-python is not known to build it any more",
            "3.4",
        ),
        (
            request("3.2"),
            "python",
            "no nixpkgs release and no other source has Python 3.2",
            "3.4",
        ),
        (
            request("3.11.99"),
            "python",
            "nixpkgs-python has no Python 3.11.99 (the newest 3.11 there is 3.11.15), "
            "and nixpkgs has one patch version per release",
            "3.11.15",
        ),
        (
            request("3.6", needs_python_packages=True),
            "python",
            "Python 3.6 comes from nixpkgs-python only, without the Python packages of nixpkgs that are asked for",
            "3.7",
        ),
        # of several only the one at fault
        (
            request("3.10 3.16"),
            "python",
            "Python 3.16 is in no nixpkgs release known (the newest is 3.15)",
            "3.14",
        ),
        (
            request("3.12", "11.8 12.7"),
            "cuda",
            "CUDA 12.7 was never released: NVIDIA went from 12.6 to 12.8",
            "12.8",
        ),
        (
            request("3.12", "12.4.9"),
            "cuda",
            "no release has CUDA 12.4.9; of 12.4 there is 12.4.0 and 12.4.1",
            "12.4",
        ),
        (
            request("3.12", "12.7"),
            "cuda",
            "CUDA 12.7 was never released: NVIDIA went from 12.6 to 12.8",
            "12.8",
        ),
        (
            request("3.12", "9.0"),
            "cuda",
            "CUDA 9.0 is older than any that can be had (the oldest is 10.0)",
            "10.0",
        ),
        (
            request("3.12", "14.1"),
            "cuda",
            "CUDA 14.1 is in no release known (the newest is 13.4)",
            "13.4",
        ),
        (request("3.12", "12"), "cuda", "`12` names no CUDA release: write major and minor", "12.9"),
        (request("3.10", "11.8", "8.5"), "cudnn", "no release has CUDA 11.8 with cuDNN 8.5", "8.6"),
        (
            request("3.10", "10.2 13.0"),
            "mix",
            "no nixpkgs release, alone or with another source, has Python 3.10, CUDA 10.2 and CUDA 13.0",
            "11.0",
        ),
    ],
)
def test_refusals_say_why_and_what_works(asked: Request, subject: str, message: str, nearest: str) -> None:
    refusal = refused(asked)
    assert (refusal.subject, refusal.message) == (subject, message)
    assert refusal.nearest[0].after == nearest
    assert f": {nearest}`" in refusal.hint
    for near in refusal.nearest:
        again = chosen(replace(asked, python=near.python, cuda=near.cuda))
        assert (again.release, again.inputs) == (near.release, near.inputs)


def test_a_pinned_release_is_kept_or_refused() -> None:
    pinned = chosen(request("3.10", "11.8", release="nixos-24.11"))
    assert pinned.release == "nixos-24.11"
    refusal = refused(request("3.10", release="nixos-26.05"))
    assert refusal.subject == "release"
    assert refusal.nearest[0].after == "auto"
    assert "`nixpkgs.release: auto`" in refusal.hint


@pytest.mark.parametrize(
    ("release", "message"),
    [
        ("nixos-99.05", "`nixos-99.05` is not a nixpkgs release that is known here"),
        ("nixos-22.11", "nixos-22.11 is too old for the modules of this shell, which need nixos-24.05"),
    ],
)
def test_a_release_that_cannot_be_taken_lists_those_that_can(release: str, message: str) -> None:
    refusal = refused(request("3.12", release=release, oldest_release="nixos-24.05"))
    assert (refusal.subject, refusal.message) == ("release", message)
    assert refusal.hint == (
        "use `auto`, a revision of 40 hex digits, or one of nixos-24.05, nixos-24.11, nixos-25.05, "
        "nixos-25.11, nixos-26.05, nixos-unstable"
    )


def test_the_rolling_branch_can_be_asked_for() -> None:
    choice = chosen(request("3.12", release="nixos-unstable"))
    assert (choice.release, choice.inputs) == ("nixos-unstable", ("nixpkgs",))


def test_what_each_release_lacks_is_told_with_what_works() -> None:
    refusal = refused(request("2.7", "13.2", oldest_release="nixos-25.05"))
    assert refusal.message == "no nixpkgs release, alone or with another source, has Python 2.7 and CUDA 13.2"
    glibc = "the Python of nixpkgs-python, built with the C library glibc 2.40, cannot load libraries of this release"
    assert refusal.hint.splitlines() == [
        "what works: `cuda.version: 13.0` (or 12.9, 12.8); or `python.version: 3.11` (or 3.12, 3.13)",
        f"nixos-unstable: {glibc}, built with a newer one",
        f"nixos-26.05: {glibc}, built with glibc 2.42",
        "nixos-25.11, nixos-25.05: no CUDA 13.2 (newer than this release)",
    ]


def test_a_cudnn_that_cannot_be_had_is_told_without_what_was_never_asked_for() -> None:
    wanted = request("3.13", "12.4", cudnn="7.6", needs_python_packages=True)
    refusal = refused(wanted)
    assert refusal.message == "no release has CUDA 12.4 with cuDNN 7.6"
    assert "Python" not in refusal.hint
    # Whole sentences: the name of the release is left out at their beginning only.
    assert "CUDA 12.4 of this release has cuDNN" in refusal.hint


def test_one_cuda_may_be_asked_for_with_several_cudnn() -> None:
    wanted = (CudaRequest("11.8"), CudaRequest("11.8", "8.9"), CudaRequest("12.4"))
    for asked in (wanted, wanted[::-1]):
        choice = chosen(Request(python=("3.10",), cuda=asked, default_systems=True))
        assert [choice.cuda_for(one).cudnn for one in wanted] == ["cudnn", "cudnn_8_9", "cudnn"]
        assert [choice.cuda_for(one).attr[-4:] for one in wanted] == ["11_8", "11_8", "12_4"]


def test_a_revision_is_taken_at_its_word() -> None:
    choice = chosen(request("3.10", "11.8", "8.9", release=REVISION))
    assert (choice.release, choice.python[0].attr) == (REVISION, "python310")
    assert (choice.cuda[0].attr, choice.cuda[0].cudnn) == ("cudaPackages_11_8", "cudnn_8_9")
    assert [(d.subject, d.choice) for d in choice.decisions] == [
        ("nixpkgs", REVISION),
        ("python 3.10", "python310"),
        ("cuda 11.8", "cudaPackages_11_8"),
        ("cuda 11.8 cudnn", "cudnn_8_9"),
    ]
    assert {d.reason for d in choice.decisions[1:]} == {
        "the name it has in every release; whether this revision has it, Nix finds out"
    }
    exact = chosen(request("3.11.4", release=REVISION))
    assert exact.inputs == ("nixpkgs", "nixpkgs-python")
    assert exact.decisions[1].choice == 'nixpkgs-python "3.11.4"'


@pytest.mark.parametrize(
    ("asked", "message", "hint"),
    [
        (
            request("3.11.99", release=REVISION),
            "nixpkgs-python has no Python 3.11.99 (the newest 3.11 there is 3.11.15), "
            "and nixpkgs has one patch version per release",
            "what works: `python.version: 3.11.15`",
        ),
        (
            request("3.12", "12.7", release=REVISION),
            "CUDA 12.7 was never released: NVIDIA went from 12.6 to 12.8",
            "what works: `cuda.version: 12.8`",
        ),
        (
            request("3.12", "12", release=REVISION),
            "`12` names no CUDA release: write major and minor",
            "what works: `cuda.version: 12.0`",
        ),
    ],
)
def test_what_no_revision_can_have_is_refused(asked: Request, message: str, hint: str) -> None:
    refusal = refused(asked)
    assert (refusal.message, refusal.hint) == (message, hint)


def test_the_oldest_release_of_a_request_is_a_floor() -> None:
    choice = chosen(request("3.7", "10.2", oldest_release="nixos-24.05"))
    assert (choice.release, choice.inputs) == ("nixos-24.11", ("nixpkgs", "nixpkgs-python"))


def test_each_decision_has_a_reason_and_each_alternative_too() -> None:
    for asked in (request("3.10", "11.8", "8.9"), request("3.6"), request("3.14", "11.3")):
        choice = chosen(asked)
        assert [d.subject for d in choice.decisions][:2] == ["nixpkgs", f"python {asked.python[0]}"]
        assert all(d.choice and d.reason for d in choice.decisions)
        assert all(d.source for d in choice.decisions)
        assert len(choice.alternatives) == len(nixpkgs.releases()) - 1
        assert all(a.reason for a in choice.alternatives)


def test_what_is_not_known_is_never_chosen() -> None:
    """Neither a row that nobody read nor a pre-release is ever what a user gets."""
    for python in nixpkgs.python_minors():
        for cuda in ("", *nixpkgs.cuda_versions()):
            choice = choose(request(python, cuda))
            if isinstance(choice, Refusal) or choice.python[0].origin != "nixpkgs":
                continue
            row = nixpkgs.python_attribute(choice.release, python)
            assert row is not None
            assert row.present is True
            assert not row.prerelease
            for found in choice.cuda:
                branch = choice.cuda_release if found.origin == "nixpkgs-cuda" else choice.release
                held = nixpkgs.cuda_set(branch or "", cuda)
                assert held is not None
                assert held.present is (found.origin != "cuda-legacy")


def _golden_row(python: str, cuda: str) -> str:
    choice = choose(request(python, cuda))
    if isinstance(choice, Refusal):
        return "\t".join(
            [python, cuda or "-", "refused", choice.message, "", "", "", choice.hint.splitlines()[0]]
        )
    cudas = [(f"{c.origin}: {c.attr}", f"{c.cudnn} {c.cudnn_version or '?'}") for c in choice.cuda]
    release = choice.release + (f" + {choice.cuda_release}" if choice.cuda_release else "")
    return "\t".join(
        [
            python,
            cuda or "-",
            release,
            " ".join(choice.inputs),
            f"{choice.python[0].origin}: {choice.python[0].attr}",
            cudas[0][0] if cudas else "-",
            cudas[0][1] if cudas else "-",
            " ".join(choice.systems),
        ]
    )


def test_every_combination_of_the_facts(update_golden: bool) -> None:
    minors = sorted({*nixpkgs.python_minors(), *inputs.built_minors()}, key=nixpkgs.version_key)
    rows = [_golden_row(python, cuda) for python in minors for cuda in ("", *nixpkgs.cuda_versions())]
    text = "\n".join([HEADER, *rows]) + "\n"
    if update_golden:
        GOLDEN.write_text(text, encoding="utf-8")
    assert text.splitlines() == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_of_many_versions_that_cannot_be_had_each_is_looked_for_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[Request] = []

    def count(request: Request) -> Candidate | None:
        asked.append(request)
        return find_candidate(request)

    monkeypatch.setattr("pyenvspec.resolving.releases.choose.find_candidate", count)
    variants = "".join(f"  v{i}: {{cuda: {{version: 12.{50 + i}}}}}\n" for i in range(12))
    (tmp_path / "env.yaml").write_text(f"python: {{version: 3.12}}\nvariants:\n{variants}")
    with pytest.raises(PyenvspecError) as error:
        check_project(tmp_path)
    assert len(error.value.diagnostics) == 12
    assert all("what works: `cuda.version: 12.9`" in str(one.hint) for one in error.value.diagnostics)
    assert len(asked) < 12 * 20  # and not 12 times all versions for each


def test_a_release_newer_than_those_known_is_taken_for_the_newest() -> None:
    choice = chosen(replace(request("3.13"), release="nixos-26.11"))
    assert (choice.release, choice.python[0].attr) == ("nixos-26.11", "python313")
    reason = next(one.reason for one in choice.decisions if one.subject == "nixpkgs")
    assert "newer than what is known here" in reason


def test_a_release_says_when_it_gets_fixes_no_more() -> None:
    stable = [release.branch for release in nixpkgs.releases() if release.stable]
    days = [nixpkgs.end_of_support(branch) for branch in stable]
    assert None not in days
    assert days == sorted(day for day in days if day)
    assert nixpkgs.end_of_support("nixos-unstable") is None


def test_check_notes_a_release_that_ended_and_why_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text("python: {version: 3.10, manager: pip}\ncuda: 11.8\n")
    (tmp_path / "requirements.txt").touch()
    file, plan, findings = check_project(tmp_path)
    assert [one.code for one in findings] == []
    assert check_support(file, plan, datetime.date(2025, 12, 31)) == ()
    (note,) = check_support(file, plan, datetime.date(2026, 1, 1))
    assert note.message == (
        "nixos-25.05 gets no security fixes since 2025-12-31; it is used as the newest stable release that has "
        "Python 3.10 and CUDA 11.8"
    )


def test_check_warns_of_a_release_that_is_newer_than_those_known(tmp_path: Path) -> None:
    text = "python: {version: 3.13, manager: pip}\nnixpkgs: {release: nixos-26.11}\n"
    (tmp_path / "env.yaml").write_text(text)
    (tmp_path / "requirements.txt").touch()
    _, plan, findings = check_project(tmp_path)
    assert plan.nixpkgs.release == "nixos-26.11"
    assert [(one.code, one.severity.value, one.span.line if one.span else 0) for one in findings] == [
        ("release-newer", "warning", 2)
    ]

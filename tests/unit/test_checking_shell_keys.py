"""What a shell does besides its packages: here the order of processes, which may be thousands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyenvspec.checking import interpolated, shell_keys
from pyenvspec.checking.shell_keys import _on_circles
from pyenvspec.diagnostics import PyenvspecError
from pyenvspec.driver import check_tree
from pyenvspec.reading.source import read_text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("waits", "circles"),
    [
        ({"a": set(), "b": {"a"}, "c": {"a", "b"}}, []),
        ({"a": {"a"}, "b": {"a"}}, ["a"]),
        # `start` waits for a circle and `end` is waited for by one; `between` has one on either side
        (
            {
                "start": {"a"},
                "a": {"b"},
                "b": {"a", "between"},
                "between": {"c"},
                "c": {"c", "end"},
                "end": set(),
            },
            ["a", "b", "c"],
        ),
    ],
)
def test_those_on_a_circle_are_told_and_no_others(waits: dict[str, set[str]], circles: list[str]) -> None:
    assert list(_on_circles(waits)) == circles


def test_a_long_chain_is_not_followed_from_each_of_its_links(monkeypatch: pytest.MonkeyPatch) -> None:
    followed: list[str] = []

    def follow(_: object, name: str) -> set[str]:
        followed.append(name)
        return {name}

    monkeypatch.setattr(shell_keys, "_reachable", follow)
    chain = {f"p{n}": {f"p{n - 1}"} if n else set[str]() for n in range(20_000)}
    assert list(_on_circles(chain)) == []
    assert followed == []
    chain["p0"] = {"p2"}
    assert list(_on_circles(chain)) == ["p0", "p1", "p2"]
    assert len(followed) == 3


def test_what_bash_would_fill_in_is_worded_once_for_all_of_a_text(tmp_path: Path) -> None:
    text = "".join(f"${{x{number}}}" for number in range(300))
    interpolated._for_bash.cache_clear()
    with pytest.raises(PyenvspecError) as caught:
        check_tree(tmp_path, read_text(f"python: 3.12\nenv: {{A: '{text}'}}\n".encode(), "env.yaml"))
    assert {one.code for one in caught.value.diagnostics} == {"env-interpolation"}
    assert interpolated._for_bash.cache_info().misses == 1

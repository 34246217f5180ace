"""What is known of the values that are offered for a key, each with what it means."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pyenvspec.facts.drivers import minimum_driver, plain_torch_cuda, torch_wheels
from pyenvspec.facts.native import find_attribute, find_native_name, native_names
from pyenvspec.facts.nixpkgs import (
    cuda_set,
    cuda_versions,
    end_of_support,
    python_attribute,
    python_minors,
    releases,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Offer = tuple[str, str]
"""A value as it is typed, and what it means."""


@cache
def python_versions() -> tuple[Offer, ...]:
    """Return the minors of Python, newest first, with the releases of nixpkgs that have them."""
    return tuple((minor, _of_python(minor)) for minor in reversed(python_minors()))


def _of_python(minor: str) -> str:
    rows = {r.branch: python_attribute(r.branch, minor) for r in releases()}
    there = _span(lambda branch: bool((row := rows[branch]) and row.present))
    return (
        f"Python {minor}: {there}"
        if there
        else f"Python {minor}: built by nixpkgs-python, whose cache has it"
    )


@cache
def cuda_offers() -> tuple[Offer, ...]:
    """Return the minors of CUDA, newest first: where they come from, the driver, and the torch built with them."""
    return tuple((cuda, _of_cuda(cuda)) for cuda in reversed(cuda_versions()))


def _of_cuda(cuda: str) -> str:
    rows = {r.branch: cuda_set(r.branch, cuda) for r in releases()}
    there = _span(lambda branch: bool((row := rows[branch]) and row.present))
    clauses = [f"CUDA {cuda}: {there or 'from cuda-legacy'}"]
    driver = minimum_driver(cuda)
    if driver is not None and driver.driver:
        clauses.append(f"driver {driver.driver} or newer")
    built = [row.torch for row in torch_wheels() if plain_torch_cuda(row.torch) == cuda]
    if built:
        clauses.append(
            f"torch {built[0]}{f' to {built[-1]}' if len(built) > 1 else ''} of PyPI is built with it"
        )
    return "; ".join(clauses)


def _span(is_there: Callable[[str], bool]) -> str:
    # The releases that have one thing follow each other, so the first and the last say it all.
    branches = [release.branch for release in releases() if release.stable and is_there(release.branch)]
    return f"{branches[0]} to {branches[-1]}" if len(branches) > 1 else (branches[0] if branches else "")


@cache
def release_offers() -> tuple[Offer, ...]:
    """Return what `nixpkgs.release` takes by name, newest first."""
    stable = [release.branch for release in releases() if release.stable]
    offers = [("auto", "the newest stable release that has all that is asked for")]
    for branch in reversed(stable):
        end = end_of_support(branch)
        offers.append(
            (
                branch,
                f"nixpkgs of {branch.removeprefix('nixos-')}"
                + (f", security fixes until {end}" if end else ""),
            )
        )
    return (*offers, ("nixos-unstable", "what the next release will be: newest packages, least tested"))


def native_offers() -> Iterator[Offer]:
    """Yield packages that much used tools and wheels need, in nixpkgs' names, with what they are."""
    names = {row.attr for row in native_names() if row.attr}
    for name in sorted(names):
        row = find_native_name(name)
        # A name that is refused under `native` (`gcc`) is not offered for it.
        if row is None or row.kind in ("attr", "service"):
            attribute = find_attribute(name)
            if attribute is None or attribute.gone is None:
                yield name, attribute.text if attribute else ""

"""Which binary caches and builders a flake names: those that what is asked for needs, then the user's own."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pyenvspec.facts.caches import caches_for, find_cache
from pyenvspec.plan import Builder, Cache

if TYPE_CHECKING:
    from pyenvspec.resolving.releases.model import ReleaseChoice
    from pyenvspec.spec.images import CustomCache
    from pyenvspec.spec.model import Spec

# `https://team.cachix.org`, with or without a slash at its end
_CACHIX = r"https://([A-Za-z0-9._-]+)\.cachix\.org/?"


def plan_caches(spec: Spec, choice: ReleaseChoice) -> tuple[Cache, ...]:
    """Return the caches in their order, each once."""
    # Those of the needs first: of equal priority Nix asks caches in their order.
    needs = [*choice.inputs, *(["cuda"] if choice.cuda else [])]
    # The keys are there: of the needs only usable caches are taken, and `check` has refused a custom one without.
    planned = [Cache(c.name, c.url, c.key or "") for need in needs for c in caches_for(need)]
    for cache in spec.caches:
        if not isinstance(cache, str):
            planned.append(Cache(cache.url, cache.url, cache.key or "", _written_at(cache)))
        elif (known := find_cache(cache)) is not None:
            planned.append(Cache(known.name, known.url, known.key or ""))
    # One that the user names may be one that is needed anyway, by name or by its address.
    merged: dict[tuple[str, str], Cache] = {}
    for one in planned:
        before = merged.setdefault((one.url.rstrip("/"), one.key), one)
        if before.push is None and one.push is not None:
            merged[before.url.rstrip("/"), before.key] = replace(before, push=one.push)
    return tuple(merged.values())


def _written_at(cache: CustomCache) -> str | None:
    """Return where a cache is written to; cachix.org has a program of its own for that."""
    # Empty is `push: true`: it is written to where it is read from.
    if cache.push != "":
        return cache.push
    match = re.fullmatch(_CACHIX, cache.url)
    return f"cachix:{match[1]}" if match else cache.url


def plan_builders(spec: Spec) -> tuple[Builder, ...]:
    """Return the machines that build for this one."""
    return tuple(Builder(b.host, b.systems, b.jobs, b.speed, b.features) for b in spec.builders)

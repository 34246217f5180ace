"""Binary caches: where they are, their keys, whether they still answer, what they serve."""

from __future__ import annotations

from functools import cache

from pyenvspec.facts._load import Status, read_table
from pyenvspec.records import dataclass


@dataclass(frozen=True)
class Cache:
    """One binary cache; `alive` and `key` are None where they were not seen.

    `serves` names what it is wanted for: `cuda`, or the flake input whose outputs it holds;
    `may_serve` names what it has a part of, by what its users report: it is asked before it is advised, never
    taken by itself. `instead` says what to write in its place where it cannot be used.
    """

    name: str
    url: str
    key: str | None
    alive: bool | None
    serves: tuple[str, ...]
    status: Status
    note: str
    source: str
    instead: str = ""
    may_serve: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether it can be offered: it answers and its key is known."""
        # Nix waits for a cache that does not answer in every build, and refuses what an unknown key signed.
        return self.alive is True and self.key is not None


@cache
def caches() -> tuple[Cache, ...]:
    """Return all caches known, dead ones too, so that a user's own list can be judged."""
    rows = read_table("caches")["caches"]
    lists = ("serves", "may_serve")
    return tuple(Cache(**{**row, **{name: tuple(row.get(name, ())) for name in lists}}) for row in rows)


def find_cache(name_or_url: str) -> Cache | None:
    """Return the cache of that name or address."""
    wanted = name_or_url.rstrip("/")
    return next((c for c in caches() if wanted in (c.name, c.url)), None)


def is_known_pair(url: str, key: str) -> bool:
    """Whether this key is, as far as is known, that of the cache at this address: only then may it be recommended."""
    return any(_place(c.url) == _place(url) and c.key == key for c in caches() if c.key is not None)


def contradicted_cache(url: str, key: str) -> Cache | None:
    """Return the known cache that an address or the name of a key stands for while the other half is not its own."""
    # A key is `cache.nixos.org-1:6NCHdD59X431o0gW…`: whoever signs names himself before the colon.
    signer = key.partition(":")[0]
    if is_known_pair(url, key):
        return None
    for known_cache in caches():
        is_signer = known_cache.key is not None and known_cache.key.partition(":")[0] == signer
        if is_signer or _place(known_cache.url) == _place(url):
            return known_cache
    return None


def _place(url: str) -> str:
    """Return an address without its options, and its slash at the end."""
    # Nix takes `https://cache.nixos.org/?priority=10` for the cache at https://cache.nixos.org.
    return url.split("?")[0].split("#")[0].rstrip("/").lower()


def caches_for(need: str) -> tuple[Cache, ...]:
    """Return the usable caches that serve `cuda` or a flake input."""
    return tuple(c for c in caches() if need in c.serves and c.is_usable)


def caches_to_try(need: str) -> tuple[Cache, ...]:
    """Return the usable caches that may have a part of what `need` is wanted for."""
    return tuple(c for c in caches() if need in c.may_serve and c.is_usable)

"""Cross-checks of `caches`: names that are known, addresses with their keys, and none that passes for another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.facts.caches import caches, contradicted_cache, find_cache
from pyenvspec.facts.meanings import closest

if TYPE_CHECKING:
    from pyenvspec.checking.context import CheckContext
    from pyenvspec.spec.images import CustomCache


def check_cache_names(context: CheckContext) -> None:
    """Tell of caches that nobody fills, and of those that Nix would not trust or should not."""
    for index, cache in enumerate(context.shell.spec.caches):
        if not isinstance(cache, str):
            _check_custom(context, index, cache)
        else:
            _check_named(context, index, cache)


def _check_custom(context: CheckContext, index: int, cache: CustomCache) -> None:
    path = ("caches", index)
    if cache.key is None:
        context.add(
            "cache-key-missing",
            path,
            f"the cache {cache.url} has no key",
            expected="`key: name-1:…`",
            hint="its owner publishes it; without it Nix trusts nothing there",
        )
        return
    # Nix trusts a key for all that it signs, wherever it comes from: under the address of a known cache and another key
    # somebody else's builds would pass for that cache's.
    known = contradicted_cache(cache.url, cache.key)
    if known is None:
        return
    signer = cache.key.partition(":")[0]  # `cache.nixos.org-1:6NCH…=`
    message = f"the key of {cache.url} is another than that of {known.name}, whose address it is"
    if known.key is not None and known.key.partition(":")[0] == signer:
        message = (
            f"the key `{signer}` is that of {known.name} ({known.url}), and {cache.url} is another place"
        )
    context.add(
        "cache-key-foreign",
        path,
        message,
        expected="address and key of one cache",
        hint=f"write `- {known.name}`; a mirror of it belongs under `substituters` of your own nix.conf"
        if known.is_usable
        else "remove it",
    )


def _check_named(context: CheckContext, index: int, name: str) -> None:
    usable = [known.name for known in caches() if known.is_usable]
    row = find_cache(name)
    if row is None:
        near = closest(name, usable)
        context.add(
            "cache-unknown",
            ("caches", index),
            f"`{name}` is not a cache that pyenvspec knows",
            expected=f"did you mean `{near}`?" if near else "one of " + ", ".join(sorted(usable)),
            hint="for another one write {url: https://…, key: …}",
        )
    elif not row.is_usable:
        context.add(
            "cache-unknown",
            ("caches", index),
            f"the cache `{name}` is no longer filled, or its key is not known",
            expected="one of " + ", ".join(sorted(usable)),
            hint=row.instead or "remove it",
        )

"""Binary caches: those that the plan wants must be ones that Nix lets this user take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.commands.doctor.model import Check, Mark
from pyenvspec.facts.caches import is_known_pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.commands.doctor.model import Context
    from pyenvspec.plan import Cache

GROUP = "caches"
_CONF = "/etc/nix/nix.conf"


def check_caches(context: Context) -> Iterator[Check]:
    """Yield one finding for each cache of the plan, and with `online` whether each answers."""
    if not context.settings:  # no Nix, which the group before this one tells
        return
    wanted = context.plan.caches if context.plan else ()
    if not wanted and context.plan:
        yield Check(GROUP, Mark.GOOD, "env.yaml needs no cache besides cache.nixos.org")
    is_trusted = _is_trusted(context)
    for cache in wanted:
        yield _check_cache(context, cache, is_trusted=is_trusted)
    # A boolean as `setting` makes a text of it, or the word where a release has a text there.
    asks = context.setting("accept-flake-config") not in (("True",), ("true",))
    if wanted and asks and not all(_is_set(context, cache) for cache in wanted):
        text = "Nix asks before it uses them; without a terminal it does not use them"
        known = all(is_known_pair(cache.url, cache.key) for cache in wanted)
        # An answer is kept for good, so it is advised for caches that are known, and only where all are.
        yield Check(GROUP, Mark.WARN, text, ("pyenvspec shell",) if known else ())
    if context.online:
        yield from _check_answers(context, wanted)


def _is_trusted(context: Context) -> bool:
    """Whether the daemon takes this user's caches as they come; without a daemon the store is the user's own."""
    answer = context.ask_store("--json").stdout.replace(" ", "")
    return '"trusted":true' in answer or '"trusted":1' in answer


def _is_set(context: Context, cache: Cache) -> bool:
    has_key = cache.key in context.setting("trusted-public-keys")
    return has_key and _url(cache.url) in map(_url, context.setting("substituters"))


def _check_cache(context: Context, cache: Cache, *, is_trusted: bool) -> Check:
    if _is_set(context, cache):
        return Check(GROUP, Mark.GOOD, f"{cache.name} is in use")
    if not is_known_pair(cache.url, cache.key):
        text = (
            f"pyenvspec does not know the cache {cache.url}, which env.yaml names: who fills it"
            " can put any program on this machine"
        )
        advice = (
            "ask whoever runs it for its key, and accept it only if you trust them; without it, all is built here",
        )
        return Check(GROUP, Mark.WARN, text, advice)
    if is_trusted:
        return Check(GROUP, Mark.GOOD, f"{cache.name} may be used: you are a trusted user")
    # One who is not trusted may use what root allowed; the key has to be allowed as well.
    has_key = cache.key in context.setting("trusted-public-keys")
    allowed = (*context.setting("trusted-substituters"), *context.setting("substituters"))
    if has_key and _url(cache.url) in map(_url, allowed):
        return Check(GROUP, Mark.GOOD, f"{cache.name} may be used")
    fix = (
        f"add to {_CONF}:",
        f"  extra-trusted-substituters = {cache.url}",
        f"  extra-trusted-public-keys = {cache.key}",
        "then: sudo systemctl restart nix-daemon",
    )
    text = f"Nix does not let you use {cache.name} ({cache.url}): what it has would be built here, for hours"
    return Check(GROUP, Mark.BAD, text, fix)


def _url(url: str) -> str:
    """Return an address without the slash and the options that nix.conf may give it."""
    return url.split("?")[0].rstrip("/")


def _check_answers(context: Context, wanted: tuple[Cache, ...]) -> Iterator[Check]:
    addresses = {"cache.nixos.org": "https://cache.nixos.org"} | {c.name: _url(c.url) for c in wanted}
    for name, url in addresses.items():
        if not url.startswith(("http://", "https://")):  # s3://, file://, ssh://: only Nix can ask these
            continue
        trouble = context.host.fetch(f"{url}/nix-cache-info")
        if trouble is None:
            yield Check(GROUP, Mark.GOOD, f"{name} answers")
        else:
            fix = ("check the network and the proxy (https_proxy)",)
            yield Check(GROUP, Mark.BAD, f"{name} does not answer: {trouble}", fix)

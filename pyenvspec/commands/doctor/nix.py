"""Nix: there, new enough, with flakes, with a daemon that answers and room on the disk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyenvspec.commands.doctor.model import Check, Mark, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyenvspec.commands.doctor.model import Context

GROUP = "nix"
OLDEST = (2, 18)
"""What the generated flake needs."""
TESTED = (2, 26)
_GIGABYTE = 1024**3
_LITTLE_SPACE = 10 * _GIGABYTE
_NO_SPACE = 1 * _GIGABYTE
_USER_CONF = "~/.config/nix/nix.conf"


def check_nix(context: Context) -> Iterator[Check]:
    """Yield the findings; without Nix only that."""
    result = context.run("nix", "--version")
    if not result.ok:
        message = "nix is not installed, or not on PATH" if result.missing else "nix does not start"
        fix = ("pyenvspec get-nix", "or go without Nix: pyenvspec shell --host")
        yield Check(GROUP, Mark.BAD, message, fix)
        return
    yield _check_version(result.stdout.strip())
    yield _check_features(context)
    yield _check_store(context)
    free = context.host.free_bytes("/nix/store")
    if free is not None:
        yield _check_space(free)


def _check_version(text: str) -> Check:
    # The last: `nix (Nix) 2.34.8`, `nix (Lix, like Nix) 2.91.1`, `nix (Determinate Nix 3.8.2) 2.30.1`
    match = re.search(r"(\d+)\.(\d+)\S*$", text)
    version = (int(match[1]), int(match[2])) if match else (0, 0)
    # Lix counts on from 2.90, and starts where Nix 2.18 was.
    if version >= TESTED:
        return Check(GROUP, Mark.GOOD, text)
    oldest = ".".join(map(str, OLDEST))
    tested = ".".join(map(str, TESTED))
    if version >= OLDEST:
        return Check(GROUP, Mark.WARN, f"{text}: older than {tested}, the oldest that is tested", _upgrade())
    return Check(GROUP, Mark.BAD, f"{text}: older than {oldest}, too old for the generated flake", _upgrade())


def _upgrade() -> tuple[str, ...]:
    return ("sudo nix upgrade-nix, or install it anew from https://nixos.org/download",)


def _check_features(context: Context) -> Check:
    known = context.setting("experimental-features")
    # The question itself switched nix-command on, so it has to be asked once more without.
    plain = context.run("nix", "config", "show", "experimental-features")
    has_command = plain.ok or "'nix-command' is disabled" not in plain.stderr
    missing = [name for name, has in (("nix-command", has_command), ("flakes", "flakes" in known)) if not has]
    if not missing:
        return Check(GROUP, Mark.GOOD, "flakes are switched on")
    fix = f"mkdir -p ~/.config/nix && echo 'experimental-features = nix-command flakes' >> {_USER_CONF}"
    return Check(GROUP, Mark.BAD, f"switched off: {', '.join(missing)}", (fix,))


def _check_store(context: Context) -> Check:
    result = context.ask_store()
    if result.ok:
        return Check(GROUP, Mark.GOOD, "the store answers")
    reason = "it took too long" if result.timed_out else reason_of(result)
    # Nix without a daemon fails in other ways, of which systemctl mends none.
    fix = ("sudo systemctl start nix-daemon",) if "daemon" in reason or result.timed_out else ()
    return Check(GROUP, Mark.BAD, f"the store does not answer: {reason}", fix)


def _check_space(free: int) -> Check:
    text = f"{free / _GIGABYTE:.0f} GB are free for /nix/store"
    if free >= _LITTLE_SPACE:
        return Check(GROUP, Mark.GOOD, text)
    fix = ("nix-collect-garbage --delete-old",)
    return Check(GROUP, Mark.BAD if free < _NO_SPACE else Mark.WARN, f"only {text}", fix)

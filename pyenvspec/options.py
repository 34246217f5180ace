"""What the command line asked for; argparse stops here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """One command with everything it was given; fields that a verb has no use for keep their default."""

    verb: str
    directory: Path
    json: bool = False
    color: Literal["auto", "always", "never"] = "auto"
    quiet: bool = False
    check: bool = False
    diff: bool = False
    stdout: bool = False
    force: bool = False
    locked: bool = False
    emit: Literal["spec", "plan", "tree", "nix"] | None = None
    key: str | None = None
    plan: bool = False
    names: tuple[str, ...] = field(default=())
    dry_run: bool = False
    source: Path | None = None
    manager: str | None = None
    template: str | None = None
    action: str | None = None
    limit: int = 20
    online: bool = False
    podman: bool = False
    refresh: bool = False
    command: tuple[str, ...] = field(default=())

    def as_text(self) -> Options:
        """Return the same with messages as text: for commands whose stdout is taken by something else."""
        return replace(self, json=False)

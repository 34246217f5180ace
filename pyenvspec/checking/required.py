"""`required`: whether this pyenvspec is one that the project asks for."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from pyenvspec.versions import parse_specifier

if TYPE_CHECKING:
    from pyenvspec.checking.context import CheckContext


def check_required(context: CheckContext, version: str) -> None:
    """Say which version runs, which is asked for, and how to get it."""
    wanted = context.file.spec.required
    if wanted is None:
        return
    allowed = parse_specifier(wanted)
    if allowed is None:
        context.add(
            "invalid-value",
            ("required",),
            f"`required` cannot be `{wanted}`",
            expected="a comparison with a version of pyenvspec, like >=0.1 or >=0.1,<1",
        )
        return
    # By itself packaging holds no pre-release to meet `>=0.1`, and whoever runs one would be sent away.
    if not allowed.contains(version, prereleases=True):
        # Quoted for a shell, in which `>` and `<` would open files.
        package = quote(f"pyenvspec{wanted.replace(' ', '')}")
        context.add(
            "required-version",
            ("required",),
            f"this project asks for pyenvspec {wanted}, and this is {version}",
            expected="another version of pyenvspec",
            hint=f"uv tool install {package}\nor: pipx install --force {package}",
        )

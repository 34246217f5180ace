"""`required`: whether this pyenvspec is one that the project asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyenvspec.checking.context import CheckContext


def check_required(context: CheckContext, version: str) -> None:
    """Say which version runs, which is asked for, and how to get it."""
    wanted = context.file.spec.required
    if wanted is None:
        return
    # Slow to import, and few files ask for a version.
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        # By itself packaging holds no pre-release to meet `>=0.1`, and whoever runs one would be sent away.
        is_met = SpecifierSet(wanted, prereleases=True).contains(version)
    except InvalidSpecifier:
        context.add(
            "invalid-value",
            ("required",),
            f"`required` cannot be `{wanted}`",
            expected="a comparison with a version of pyenvspec, like >=0.1 or >=0.1,<1",
        )
        return
    if not is_met:
        package = f"'pyenvspec{wanted.replace(' ', '')}'"
        context.add(
            "required-version",
            ("required",),
            f"this project asks for pyenvspec {wanted}, and this is {version}",
            expected="another version of pyenvspec",
            hint=f"uv tool install {package}\nor: pipx install --force {package}",
        )

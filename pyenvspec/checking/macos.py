"""What a shell that is made for macOS does not do there, told where env.yaml asks for macOS by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Severity

if TYPE_CHECKING:
    from pyenvspec.checking.context import CheckContext


def check_macos(context: CheckContext) -> None:
    """Tell the packages of `native` whose libraries no Python on macOS finds: only ld.so can be given a list."""
    spec = context.shell.spec
    # Of the default systems nobody has said that macOS is wanted: most projects would get this note in vain.
    systems = [system for system in spec.systems or () if system.endswith("-darwin")]
    if not systems or not spec.native:
        return
    from pyenvspec.facts.host_packages import library_names

    for index, name in enumerate(spec.native):
        if library_names(name):
            context.add(
                "native-on-macos",
                ("native", index),
                f"on {', '.join(systems)} only the programs of `{name}` are there: Python does not see its libraries",
                expected="a wheel that brings the library, or its path",
                hint=f"write `env: {{LIBRARY: '${{pkgs.{name}}}/lib'}}` and load it from there",
                severity=Severity.NOTE,
            )
